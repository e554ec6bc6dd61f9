"""From what a user gives a constructor to a distribution with every value checked."""

from __future__ import annotations

import dataclasses
import math
import numbers
from typing import Any

import numpy as np

from survjax.distributions import CompetingRisks, Distribution
from survjax.distributions.fields import PART
from survjax.distributions.nesting import check_nesting
from survjax.models.own_law import check_own_law
from survjax.parameters import Domain, Several, SimplexDomain


def as_template(given: Any) -> Distribution:
    """The distribution that a distribution or a model stands for, its values as floats.

    A model is a template: its constructor's values are known, a fit it may have is not looked at.

    Raises
    ------
    TypeError : neither a distribution nor a model.
    ValueError : a value outside what its parameter may be; weights that do not add up to 1.
    """
    if isinstance(given, Distribution):
        return _checked(given)
    if hasattr(given, "_template") and not isinstance(given, type):
        return given._template()
    if isinstance(given, type):
        hint = " An instance is needed: add ()."
    elif hasattr(given, "predict_survival"):
        hint = " A regression is none: covariates act on its base, which is what to pass."
    else:
        hint = " Pass one such as sj.Weibull()."
    raise TypeError(f"expected a distribution or a model, got {given!r:.60}.{hint}")


def _checked(distribution: Distribution) -> Distribution:
    changed: dict[str, Any] = {}
    for name, kind in distribution.field_kinds().items():
        value = getattr(distribution, name)
        if isinstance(kind, SimplexDomain):
            changed[name] = checked_weights(value, name)
            parts = next(getattr(distribution, other) for other, part in distribution.field_kinds().items() if part is PART)
            if len(parts) != len(value):
                raise ValueError(f"{name} must have one entry a component: {len(parts)} are needed, {len(value)} were given.")
        elif isinstance(kind, Domain) and value is not None:
            changed[name] = checked_value(kind, value, f"{name} of {type(distribution).__name__}")
        elif isinstance(kind, Several):
            changed[name] = tuple(
                None if entry is None else checked_value(kind.domain, entry, f"{name}[{index}] of {type(distribution).__name__}")
                for index, entry in enumerate(value)
            )
        elif kind is PART:
            changed[name] = tuple(_as_part(part) for part in value) if isinstance(value, (tuple, list)) else _as_part(value)
    checked: Distribution = dataclasses.replace(distribution, **changed)  # type: ignore[type-var]
    checked.check()
    check_own_law(checked)
    check_nesting(checked)
    return checked


def _as_part(given: Any) -> Distribution:
    part = as_template(given)
    if isinstance(part, CompetingRisks) and part.causes is not None:
        raise ValueError(
            "causes are told apart only where the competing risks are the whole model, not a part of another: pass a list of distributions "
            "instead of a mapping."
        )
    return part


def checked_value(domain: Domain, value: Any, name: str) -> float:
    expected = f"{name} must be {domain.description}, or None to learn it; got {value!r}."
    if not _is_number(value):
        raise TypeError(expected)
    try:
        number = float(value)
    except OverflowError:  # an integer beyond the largest float
        number = math.inf
    if isinstance(value, (bool, np.bool_)) or not domain.admits(number):
        raise ValueError(expected)
    return number


def _is_number(value: Any) -> bool:
    """A real number of Python, or one of an array library without dimensions; text is none, nor is what is masked."""
    if isinstance(value, (numbers.Real, np.bool_)):
        return True
    return getattr(value, "ndim", None) == 0 and getattr(value.dtype, "kind", "") in ("i", "u", "f") and not np.ma.isMaskedArray(value)


def checked_weights(weights: Any, name: str) -> tuple[float | None, ...]:
    """Weights with those known summing to no more than 1, and to 1 if all are known."""
    if not isinstance(weights, tuple):
        raise TypeError(f"{name} must be a list with one number or None a component; got {weights!r}.")
    checked = tuple(
        None if w is None else checked_value(SimplexDomain("a number between 0 and 1"), w, f"{name}[{i}]") for i, w in enumerate(weights)
    )
    known = sum(w for w in checked if w is not None)
    n_free = checked.count(None)
    if n_free == 0 and abs(known - 1.0) > 1e-9:
        raise ValueError(f"the weights of a mixture add up to 1; these add up to {known:g}.")
    if n_free and known >= 1.0:
        raise ValueError(f"the known weights add up to {known:g}, which leaves nothing for the {n_free} to be learned.")
    if n_free == 1:  # what the others leave is no longer unknown
        return tuple(1.0 - known if w is None else w for w in checked)
    return checked
