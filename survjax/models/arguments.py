"""What users pass to a learner, read and checked: lifetimes in any form, ages, horizons, times, probabilities."""

from __future__ import annotations

import numbers
import operator
from typing import Any

import numpy as np

from survjax.data.columns import index_of, read_arguments, refuse_different_indexes
from survjax.data.lifetimes import Lifetimes
from survjax.data.resolution import Rounded, refuse_rounded_alone


def as_lifetimes(
    durations: Any,
    event_observed: Any = None,
    entry: Any = None,
    weights: Any = None,
    resolution: Any = None,
    rounded: Rounded = "nearest",
) -> Lifetimes:
    """Lifetimes from ``fit(life)``, ``fit(durations, event_observed, entry=, weights=)`` or scikit-learn's ``fit(X, y)``.

    In the last form y is a Lifetimes or a structured array (event, time) as scikit-survival's, and X is not looked at. With a
    ``resolution`` exact ages at failure become intervals, as they were ``rounded`` (``Lifetimes.at_resolution``).

    Raises
    ------
    TypeError : a Lifetimes beside columns of its own.
    ValueError : a Lifetimes without units, as a selection of rows may be; a structured y without two fields; ``rounded`` alone; and
        what ``Lifetimes`` itself raises.
    """
    life = _as_given(durations, event_observed, entry, weights)
    refuse_rounded_alone(resolution, rounded)
    if resolution is None:
        return life
    refuse_different_indexes(durations=durations, resolution=resolution)
    return life.at_resolution(resolution, rounded)


def _as_given(durations: Any, event_observed: Any, entry: Any, weights: Any) -> Lifetimes:
    if isinstance(durations, Lifetimes):
        given = [n for n, v in (("event_observed", event_observed), ("entry", entry), ("weights", weights)) if v is not None]
        if given:
            raise TypeError(f"a Lifetimes carries its own {given[0]}; put it there: Lifetimes(durations, {given[0]}=...).")
        return _not_empty(durations)
    if isinstance(event_observed, Lifetimes):
        if entry is not None or weights is not None:
            raise TypeError("a Lifetimes carries its own entry and weights; put them there.")
        return _not_empty(event_observed)
    fields = getattr(getattr(event_observed, "dtype", None), "names", None)
    if fields:
        if len(fields) != 2:
            raise ValueError(f"a structured y has two fields, (event, time); this one has {', '.join(fields)}.")
        return Lifetimes(event_observed[fields[1]], event_observed[fields[0]], entry=entry, weights=weights)
    return Lifetimes(durations, event_observed, entry=entry, weights=weights)


def as_target(X: Any, y: Any) -> Lifetimes:
    """The lifetimes of ``fit(X, y)``; numbers alone are ages at failure, as scikit-learn's checks have them (``taken_as_failed``).

    Raises
    ------
    TypeError : X and y are in the wrong order. And what ``as_lifetimes`` raises.
    ValueError : X is a pandas frame with the index that y was read with, its rows in another order.
    """
    if (isinstance(y, tuple) and len(y) == 2) or (isinstance(y, np.ndarray) and y.ndim == 2 and not y.dtype.names):
        raise TypeError(
            f"y must be a Lifetimes; got a {type(y).__name__} of two columns. Write fit(X, sj.Lifetimes(durations, event_observed))."
        )
    if isinstance(X, Lifetimes):
        raise TypeError("X is a Lifetimes: it comes second, fit(X, y), after what is known of each unit.")
    life = as_lifetimes(y) if taken_as_failed(y) else as_lifetimes(X, y)
    index = index_of(X)
    if index is not None and life.in_another_order(index):
        raise ValueError(
            "X and y have the same index in another order, and rows are taken by position. Read both from one frame, or put X in the order "
            "of the frame that y was read from, X.loc[frame.index]. Where rows belong together by position, pass X.to_numpy(), or read y "
            "from columns without an index, frame[...].to_numpy()."
        )
    return life


def taken_as_failed(y: Any) -> list[str]:
    """What the reader of a fit should know where y is numbers alone, which do not tell failures from running units."""
    if isinstance(y, Lifetimes) or getattr(getattr(y, "dtype", None), "names", None):
        return []
    return [
        "y was numbers alone, so that every unit was taken as failed. Where some still ran, pass Lifetimes(durations, failed), or "
        "Lifetimes.from_frame(frame, duration=..., event=...)."
    ]


def _not_empty(life: Lifetimes) -> Lifetimes:
    if not life.n_units:
        what = "rows" if not len(life) else "rows of any weight"
        raise ValueError(f"this Lifetimes has no {what}: there is no unit to look at. Was every row of a larger one left out?")
    return life


def says_nothing(life: Lifetimes) -> bool:
    """Whether all units are still running at age 0, which is certain under every distribution of positive lifetimes."""
    seen = life.counts() > 0
    return not (np.isfinite(life.upper[seen]).any() or life.lower[seen].any())


def prediction_arguments(start_of_support: float, **arguments: Any) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Ages, horizons, times and probabilities as flat float64 columns and their common shape.

    Raises
    ------
    ValueError : nan anywhere; a negative age, time or horizon for positive lifetimes; an infinite age; a probability outside
        [0, 1]. The message names the first such position.
    """
    columns, shape = read_arguments(**arguments)
    check_prediction_columns(columns, shape, tuple(arguments), start_of_support)
    return columns, shape


def check_prediction_columns(
    columns: list[np.ndarray], shape: tuple[int, ...], names: tuple[str, ...], start_of_support: float = 0.0
) -> None:
    """Refuse what no prediction can be asked at; columns are flat, ``shape`` is what the user gave."""
    for name, column in zip(names, columns, strict=True):
        if name in ("p", "kind"):
            _refuse((column < 0) | (column > 1), column, shape, name, "a probability between 0 and 1")
        elif name in ("age", "t") and start_of_support == 0.0:
            _refuse(column < 0, column, shape, name, "0 or more")
        elif name == "horizon":
            _refuse(column < 0, column, shape, name, "0 or more: it is how far ahead of the age to look")
        if name == "age":
            _refuse(np.isinf(column), column, shape, name, "finite")


def _refuse(bad: np.ndarray, column: np.ndarray, shape: tuple[int, ...], name: str, expected: str) -> None:
    rows = np.flatnonzero(bad)
    if rows.size:
        where = (
            "" if shape == () else f" at position {rows[0] if len(shape) == 1 else tuple(int(i) for i in np.unravel_index(rows[0], shape))}"
        )
        raise ValueError(f"{name} must be {expected}; it is {column[rows[0]]:g}{where}.")


def check_level(level: float) -> None:
    if not (isinstance(level, numbers.Real) and 0 < level < 1):
        raise ValueError(f"level is the confidence of the interval, between 0 and 1, for instance 0.95; got {level!r}.")


def check_side(side: str) -> None:
    if side not in ("two", "lower", "upper"):
        raise ValueError(f'side must be "two", "lower" or "upper"; got {side!r}.')


def check_whole_number(value: Any, name: str, least: int) -> int:
    """The value as a Python int; a boolean is none, nor is 2.0.

    Raises
    ------
    ValueError : not a whole number, or less than ``least``.
    """
    try:
        number = least - 1 if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}; got {value!r}.")
    return number
