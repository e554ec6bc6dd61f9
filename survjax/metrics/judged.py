"""What is judged: lifetimes that were held out, and what was predicted of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM, read_arguments
from survjax.data.lifetimes import Lifetimes
from survjax.models.arguments import as_lifetimes


def read_life(life: Any) -> Lifetimes:
    """Lifetimes from a ``Lifetimes``, a structured array (event, time), or (n,) ages at failure."""
    if getattr(getattr(life, "dtype", None), "names", None):
        return Lifetimes.from_structured(life)
    return as_lifetimes(life)


def read_plain(life: Any, who: str) -> Lifetimes:
    """As ``read_life``, of failures at known ages and running units only.

    Raises
    ------
    ValueError : some failure is known only within an interval, or truncated on the right.
    """
    life = read_life(life)
    between = np.flatnonzero(~life.event_observed & np.isfinite(life.upper))
    if between.size:
        row = between[0]
        raise ValueError(
            f"{who} needs ages at failure: row {row} failed between {life.lower[row]:g} and {life.upper[row]:g} ({between.size:,} such "
            f"rows; {ROWS_COUNT_FROM}), and who failed first is not known. Judge by the log score, the CRPS or D-calibration, which "
            "take intervals as they are."
        )
    refuse_right_truncation(life, who)
    return life


def refuse_right_truncation(life: Lifetimes, who: str) -> None:
    if life.right_truncation is not None and np.isfinite(life.right_truncation).any():
        row = np.flatnonzero(np.isfinite(life.right_truncation))[0]
        raise ValueError(
            f"{who} cannot take right truncation, which row {row} has ({ROWS_COUNT_FROM}): units that did not fail in time are missing "
            "from the data. Judge by the log score, which is conditional on having been seen."
        )


def entered_late(life: Lifetimes) -> bool:
    """Whether some unit was not seen from the start."""
    return bool(late_rows(life).size)


def late_rows(life: Lifetimes) -> np.ndarray:
    """Which rows entered after age 0, or where ages are negative, so that lives have no first age, at all."""
    if life.entry is None:
        return np.empty(0, dtype=int)
    return np.flatnonzero(life.entry > (0.0 if np.all(life.lower >= 0.0) else -np.inf))


def refuse_late_entry(life: Lifetimes, who: str) -> None:
    """Raise if some unit was not seen from the start.

    Weighting by the inverse probability of censoring makes up for units lost to view, not for those that were never seen because
    they failed before entry.
    """
    late = late_rows(life)
    if life.entry is not None and late.size:
        row = late[0]
        raise ValueError(
            f"{who} weights by the probability of censoring, which does not make up for late entry: row {row} entered at "
            f"{life.entry[row]:g} ({late.size:,} such rows; {ROWS_COUNT_FROM}). Judge from an age s on that all "
            "have entered by: rows = (life.entry <= s) & (life.durations > s), life[rows].since(s), with predicted survival "
            "S(s + t) / S(s); or by the log score, CRPS, D-calibration or Harrell's concordance, which take late entry."
        )


def read_predicted(values: Any, life: Lifetimes, name: str) -> np.ndarray:
    """One number a row, (n,); infinite ones pass.

    Raises
    ------
    ValueError : nan; another shape.
    """
    (column,), shape = read_arguments(**{name: values})
    if shape != (len(life),):
        raise ValueError(f"{name} must be one number for each of the {len(life):,} rows; it has shape {shape}.")
    return column


def read_probabilities(values: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Probabilities of a shape that is known.

    Raises
    ------
    ValueError : nan; another shape; a value outside [0, 1].
    """
    (flat,), given = read_arguments(**{name: values})
    if given != shape:
        raise ValueError(f"{name} must have shape {shape}: one row a unit, one column a time; it has shape {given}.")
    array = flat.reshape(shape)
    outside = np.argwhere((array < 0) | (array > 1))
    if len(outside):
        place = tuple(outside[0].tolist())
        at = place[0] if len(place) == 1 else place
        raise ValueError(f"{name} must be probabilities between 0 and 1; it is {array[place]:g} at position {at} ({ROWS_COUNT_FROM}).")
    return array


def read_times(times: Any) -> tuple[np.ndarray, bool]:
    """Ages to judge at, (m,), and whether it was a single number.

    Raises
    ------
    ValueError : nan or infinite; not increasing; more than one dimension; none.
    """
    (column,), shape = read_arguments(times=times)
    if len(shape) > 1 or not column.size:
        raise ValueError(f"times must be one age or (m,) ages; it has shape {shape}.")
    if not np.isfinite(column).all():
        raise ValueError(f"times must be finite; position {np.flatnonzero(~np.isfinite(column))[0]} is infinite.")
    falling = np.flatnonzero(np.diff(column) <= 0)
    if falling.size:
        raise ValueError(f"times must increase; position {falling[0] + 1} has {column[falling[0] + 1]:g} after {column[falling[0]]:g}.")
    return column, shape == ()
