"""The rows that an estimate without a distribution is made from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes


class NoEstimate(ValueError):
    """What was seen leaves nothing to estimate from: nobody at risk where others enter later, or nobody after a start."""


def read_lifetimes(durations: Any, event_observed: Any, entry: Any, weights: Any) -> Lifetimes:
    """Lifetimes as given, or from columns.

    Raises
    ------
    TypeError : a Lifetimes beside columns of its own.
    ValueError : no unit; and what ``Lifetimes`` itself raises.
    """
    if not isinstance(durations, Lifetimes):
        return Lifetimes(durations, event_observed, entry=entry, weights=weights)
    for name, column in (("event_observed", event_observed), ("entry", entry), ("weights", weights)):
        if column is not None:
            raise TypeError(f"a Lifetimes carries its own {name}; put it there: Lifetimes(durations, {name}=...).")
    if not durations.n_units:
        raise ValueError("this Lifetimes has no rows of any weight: there is no unit to look at. Was every row left out?")
    return durations


def units_told(life: Lifetimes) -> str:
    """How many units there are and what became of them, as a Lifetimes says it."""
    return repr(life).removeprefix("Lifetimes(").removesuffix(")")


def refuse_all_but_plain(life: Lifetimes, who: str) -> None:
    """Raise if some failure is known only within an interval, or truncated on the right."""
    between = ~life.event_observed & np.isfinite(life.upper)
    if between.any():
        row = int(np.flatnonzero(between)[0])
        raise ValueError(
            f"{who} needs failures at known ages; row {row} failed between {life.lower[row]:g} and {life.upper[row]:g} "
            f"({int(between.sum()):,} such rows; rows count from 0). Use survjax.Turnbull, which takes them as they are."
        )
    if life.right_truncation is not None:
        row = int(np.flatnonzero(np.isfinite(life.right_truncation))[0])
        raise ValueError(
            f"{who} cannot take right truncation, which row {row} has (rows count from 0): units that did not fail in time are "
            "missing from its risk sets. Use survjax.Turnbull, which takes them as they are."
        )


def from_start(life: Lifetimes, start: float | None) -> Lifetimes:
    """The units seen after an age, each under observation from that age at the earliest.

    Raises
    ------
    ValueError : start is no finite number; nobody is seen after it; a failure is known only to lie on one of its two sides.
    """
    if start is None:
        return life
    if isinstance(start, bool) or not isinstance(start, (int, float, np.number)) or not math.isfinite(start):
        raise ValueError(f"start is an age, a finite number; got {start!r}.")
    astride = (life.lower < start) & (life.upper > start) & np.isfinite(life.upper)
    if astride.any():
        row = int(np.flatnonzero(astride)[0])
        raise NoEstimate(
            f"start={start:g} divides what is known of row {row}, which failed between {life.lower[row]:g} and {life.upper[row]:g} "
            f"({int(astride.sum()):,} such rows; rows count from 0): did it survive to start? Choose a start that is an inspection age "
            "of all of them, or leave these rows out with life.without."
        )
    seen = np.where(life.event_observed, life.lower > start, np.where(np.isinf(life.upper), life.lower > start, life.upper > start))
    if life.right_truncation is not None:
        seen &= life.right_truncation > start
    if not (seen & (life.counts() > 0)).any():
        raise NoEstimate(f"start={start:g} is beyond every unit: the last was seen at {np.max(life.lower):g}.")
    life = life[seen]
    entry = np.full(len(life), float(start)) if life.entry is None else np.maximum(life.entry, start)
    return Lifetimes.from_intervals(
        np.where(life.event_observed, life.lower, np.maximum(life.lower, entry)),
        life.upper,
        entry=entry,
        right_truncation=life.right_truncation,
        weights=life.weights,
        cause=life.cause,
    )


def first_age(life: Lifetimes) -> float:
    """The age to whose survival an estimate is conditional: the first entry; without entries 0, or -inf where ages are negative."""
    first = -np.inf if life.entry is None else float(np.min(life.entry[life.counts() > 0]))
    return 0.0 if np.isneginf(first) and not np.any(life.lower < 0.0) else first


def refuse_early_end(ends: np.ndarray, life: Lifetimes, who: str) -> None:
    """Raise if the whole risk set fails at an age after which others enter.

    ends : the ages at which all at risk failed, in order.
    """
    if life.entry is None or not len(ends):
        return
    entry = life.entry[life.counts() > 0]
    early = ends[ends <= entry.max()]
    if len(early):
        age = float(early[-1])
        raise NoEstimate(
            f"all units at risk at age {early[0]:g} failed there, so survival falls to 0, yet {int(np.sum(entry >= early[0])):,} rows "
            f"enter later: delayed entry left too few at risk. Estimate survival conditional on having survived to a later age: "
            f"{who}().fit(life, start={age:.17g})."
        )
