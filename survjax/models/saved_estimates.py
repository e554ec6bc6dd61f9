"""What every model file holds alike of a fit: its estimates, and how the search for them ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from survjax.models.encoding import as_array, as_float, number, numbers
from survjax.models.fit_checks import SAME_VALUE


def estimates_content(names: Sequence[str], values: Iterable[float], errors: Iterable[float]) -> dict[str, Any]:
    """Estimates with their standard errors, by name: for people, since the coordinates beside them have it all."""
    return {
        "parameters": dict(zip(names, numbers(values), strict=True)),
        "standard_errors": dict(zip(names, numbers(errors), strict=True)),
    }


def check_estimates(content: Mapping[str, Any], names: Sequence[str], values: np.ndarray, errors: np.ndarray) -> None:
    """Refuse estimates that are not those of the fit beside them.

    Raises
    ------
    KeyError, TypeError, ValueError : they are missing or do not fit.
    """
    for key, what, expected in (("parameters", "parameters", values), ("standard_errors", "standard errors", errors)):
        if tuple(content[key]) != tuple(names):
            raise ValueError(f"the {what} are not those of the predictors.")
        found = as_array(list(content[key].values()), expected.shape, key)
        if not np.allclose(found, expected, rtol=SAME_VALUE, atol=0.0, equal_nan=True):
            raise ValueError(f"the {what} are not those of the coefficients.")


def ending_content(fit: Any) -> dict[str, Any]:
    """What the fit rests on and how its search ended."""
    return {
        "log_likelihood": number(fit.log_likelihood),
        "units": fit.n_units,
        "failures": fit.n_failed,
        "stop_reason": fit.reason,
        "steps": fit.n_steps,
        "notes": fit.notes,
    }


def ending_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """The same, as arguments of a fit.

    Raises
    ------
    KeyError, TypeError, ValueError : something is missing, or is nothing of the kind.
    """
    reason, notes = about["stop_reason"], about["notes"]
    if not isinstance(reason, str):
        raise ValueError(f"the reason to stop must be a word; it is {reason!r:.60}.")
    if not (isinstance(notes, list) and all(isinstance(note, str) for note in notes)):
        raise ValueError("the notes must be a list of sentences.")
    return {
        "log_likelihood": as_float(about["log_likelihood"]),
        "n_units": as_float(about["units"]),
        "n_failed": as_float(about["failures"]),
        "reason": reason,
        "n_steps": about["steps"],
        "notes": notes,
    }
