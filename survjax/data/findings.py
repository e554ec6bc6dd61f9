"""What looks odd in lifetimes before they are fitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from survjax.data.lifetime_columns import causes_of_running

if TYPE_CHECKING:
    from survjax.data.lifetime_rows import LifetimeRows

ENOUGH = 20  # rows of which one may be said to stand apart
APART = 1.25  # times the next age: far beyond the rest
FEW = 0.2  # of the rows may share a number that stands for "not known"
HEAP = 5  # failures at one age, at least
CHANCE = 1e-6  # that some age of a data set is called a heap where failures fall evenly about it
SHOWN = 6


@dataclass(frozen=True)
class Finding:
    """Something in the data that deserves a look: what, and in which rows (counted from 0)."""

    message: str
    rows: tuple[int, ...]

    def __str__(self) -> str:
        return self.message


def findings(life: LifetimeRows) -> list[Finding]:
    """What looks odd, in the order in which one would look."""
    ages = life.in_the_middle().durations
    found = [*negative_ages(life), *_at_birth(life), *_far_beyond(ages, life.event_observed)]
    distinct = np.unique(ages[life.event_observed])
    if life.n_exact >= 50 and len(distinct) * 10 < life.n_exact:
        found.append(
            Finding(
                f"{life.n_exact:,.6g} failures fall on {len(distinct):,} distinct ages: the ages are coarsely rounded, and a mixture "
                "may sit on one of them. Say how finely they were recorded: fit(life, resolution=1.0) for whole days, "
                'and rounded="down", too, if these are completed days.',
                (),
            )
        )
    else:
        found += _heaps(life)
    return found + _causes(life)


def _of_rows(message: str, rows: np.ndarray) -> Finding:
    return Finding(message, tuple(int(row) for row in rows))


def negative_ages(life: LifetimeRows) -> Iterator[Finding]:
    """Ages below 0, or entries where no age is."""
    ages = life.in_the_middle().durations
    rows = np.flatnonzero(ages < 0)
    if rows.size:
        yield _of_rows(
            f"{len(rows)} of {len(ages):,} ages are negative, the first in row {rows[0]} ({ages[rows[0]]:g}): check the sign, or "
            "the order of the two dates it came from. Only distributions on the whole real line can be fitted to them.",
            rows,
        )
    elif life.entry is not None:
        rows = np.flatnonzero((life.entry < 0) & np.isfinite(life.entry))
        if rows.size:
            yield _of_rows(
                f"{len(rows)} of {len(ages):,} entries are negative, the first in row {rows[0]} ({life.entry[rows[0]]:g}), and no age is: "
                "an entry is the age at which observation of the unit began, 0 for one seen from the start. Is it a date, or of another "
                "sign?",
                rows,
            )


def _at_birth(life: LifetimeRows) -> Iterator[Finding]:
    rows = np.flatnonzero(life.event_observed & (life.lower == 0))
    if rows.size and not life.can_be_negative():
        yield _of_rows(
            f"{len(rows)} of {len(life):,} rows failed at age 0, the first in row {rows[0]}, which most distributions cannot: dead on "
            'arrival (sj.ZeroInflated), rounded down (fit(life, resolution=1.0, rounded="down") for whole days), or not recorded?',
            rows,
        )


def _far_beyond(ages: np.ndarray, exact: np.ndarray) -> Iterator[Finding]:
    n = len(ages)
    if n <= ENOUGH:
        return
    few = max(1, n // 1000)
    order = np.argsort(ages)
    tail = ages[order[-(few + 1) :]]
    gaps = np.flatnonzero(tail[1:] > APART * np.maximum(tail[:-1], 0))
    if gaps.size:
        rows = order[-(len(tail) - 1 - gaps[0]) :]
        listed = ", ".join(f"{age:g}" for age in ages[rows][:SHOWN]) + (", …" if len(rows) > SHOWN else "")
        yield _of_rows(
            f"{len(rows)} of {n:,} rows stand far beyond the rest ({listed}; the next is {tail[gaps[0]]:g}): are these ages right?",
            np.sort(rows),
        )
        return
    last = ages[order[-1]]
    shared = ages == last
    rest = ages[~shared]
    if not len(rest) or shared.sum() > FEW * n or last <= APART * max(float(rest.max()), 0.0):
        return
    failed = ages[exact & ~shared]  # units that run may well have one age, the end of the test; failures of a rounded table as well
    if (exact & shared).any() and 2 * len(np.unique(failed)) > len(failed):
        yield _of_rows(
            f"{shared.sum():,} of {n:,} rows have the age {last:g}, failures among them, far beyond the rest (the next is {rest.max():g}): "
            "does that number stand for an age that is not known?",
            np.flatnonzero(shared),
        )


def _heaps(life: LifetimeRows) -> Iterator[Finding]:
    """Ages at which far more have failed than about them.

    The count at an age is held against a Poisson count at the larger of the two rates, per age that the table could have, of as many
    failures before and after it.
    """
    from scipy.stats import poisson

    rows = np.flatnonzero(life.event_observed)
    at, of = np.unique(life.lower[rows], return_inverse=True)
    units = np.bincount(of, weights=life.counts()[rows], minlength=len(at))
    total = np.concatenate([[0.0], np.cumsum(units)])
    heaps = []
    for place in 1 + np.flatnonzero(units[1:-1] >= HEAP):
        first = max(0, int(np.searchsorted(total, total[place] - units[place], side="right")) - 1)
        last = min(len(at), int(np.searchsorted(total, total[place + 1] + units[place]))) - 1
        cell = np.diff(at[first : last + 1]).min()
        before = (total[place] - total[first]) / (at[place] - at[first])
        after = (total[last + 1] - total[place + 1]) / (at[last] - at[place])
        if poisson.sf(np.ceil(units[place]) - 1, cell * max(before, after)) * len(at) < CHANCE:
            heaps.append(place)
    if heaps:
        told = ", ".join(f"{units[place]:,.6g} at {at[place]:g}" for place in heaps[:SHOWN]) + (", …" if len(heaps) > SHOWN else "")
        yield _of_rows(
            f"far more failures have one and the same age than those about it ({told}): an inspection, the end of a warranty, or a number "
            "filled in? Failures that were only found then are intervals (Lifetimes.from_intervals).",
            rows[np.isin(of, heaps)],
        )


def _causes(life: LifetimeRows) -> list[Finding]:
    if life.cause is None:
        return []
    rows, _ = causes_of_running(life.cause, life.upper)
    if not rows.size:
        return []
    return [
        _of_rows(
            f"{len(rows):,} of {len(life):,} rows have a cause and have not failed, the first {life.cause[rows[0]]!r} in row {rows[0]}: "
            "it is not looked at. If it ended those units, they are events.",
            rows,
        )
    ]
