"""Rows at risk, from lifetimes: who is under observation from when to when, and who fails."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from survjax.cox.risk_sets import RiskSets
from survjax.data.lifetimes import Lifetimes

FEW = 3  # rows a cell: from so many on they are worth putting together


class FailureTimes(NamedTuple):
    """The distinct ages at failure of every stratum, stratum by stratum.

    age, stratum, failures : (m,) each; the last is how many units fail there. offsets : (S + 1,) where the ages of a stratum begin.
    """

    age: np.ndarray
    stratum: np.ndarray
    failures: np.ndarray
    offsets: np.ndarray


class Rows(NamedTuple):
    """The rows that are at risk at some failure, by stratum and from the last to leave to the first.

    order : (n,) which of the given rows each is. weight, stratum : (n,). first, end : (n,) the failure times, numbered through all strata,
    at which a row is among those who outlive them: first, ..., end - 1; one that fails does so at ``end``. dead : (d,) those that fail, in
    order of ``time``, (d,) the number of the failure time of each. firsts : (m,) the first of ``dead`` at each failure time.
    cells : sets of rows alike in all this, where they are few.
    """

    order: np.ndarray
    weight: np.ndarray
    stratum: np.ndarray
    first: np.ndarray
    end: np.ndarray
    dead: np.ndarray
    time: np.ndarray
    firsts: np.ndarray
    times: FailureTimes
    cells: Cells

    def summed(self, values: np.ndarray, combine: np.ufunc = np.add, nothing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Of each failure time the sum (or greatest) of values (q, n) over those who outlive it, and over those who fail at it, (q, m)."""
        if self.cells.starts is not None:
            values = combine.reduceat(values, self.cells.starts, axis=1)
        failing = np.take(values, self.cells.dead, axis=1)
        if len(self.cells.firsts) < len(self.cells.dead):
            failing = combine.reduceat(failing, self.cells.firsts, axis=1)
        return self.cells.risk_sets.totals(values, combine, nothing), failing

    def collected(self, outliving: np.ndarray, failing: np.ndarray) -> np.ndarray:
        """Of each row the sum of amounts (q, m) over the failure times it outlives, and that at the one it fails at: (q, n)."""
        total = self.cells.risk_sets.collected(outliving)
        if self.cells.number is not None:
            total = np.take(total, self.cells.number, axis=1)
        total[:, self.dead] += np.take(failing, self.time, axis=1)
        return total


class Cells(NamedTuple):
    """Rows that are at risk at the same failures, put together.

    starts : (c,) the first row of each cell. number : (n,) the cell of each row. Both None where a row is a cell.
    dead : the cells that fail, in order of failure times. firsts : (m,) the first of those at each. risk_sets : of cells.
    """

    starts: np.ndarray | None
    number: np.ndarray | None
    dead: np.ndarray
    firsts: np.ndarray
    risk_sets: RiskSets


def rows_at_risk(life: Lifetimes, stratum: np.ndarray, n_strata: int) -> Rows:
    """The rows of lifetimes (n) that are failures at known ages or running units, in strata numbered from 0, (n,)."""
    weight = np.asarray(life.counts())
    failed = life.event_observed & (weight > 0)
    by_age = np.argsort(life.durations) if n_strata == 1 else np.lexsort((life.durations, stratum))
    age, of = life.durations[by_age], stratum[by_age]
    new = np.concatenate([[True], (age[1:] != age[:-1]) | (of[1:] != of[:-1])])
    starts = np.flatnonzero(new)
    fails = np.add.reduceat(failed[by_age].astype(np.int64), starts) > 0
    # at its own failure a row is not among those that outlive it
    end = np.empty(len(life), dtype=np.int64)
    end[by_age] = np.cumsum(fails)[np.cumsum(new) - 1] - failed[by_age]
    age, of = age[starts[fails]], of[starts[fails]]
    offsets = np.searchsorted(of, np.arange(n_strata + 1))
    first = offsets[stratum] if life.entry is None else _entered(life.entry, stratum, age, of)
    used = by_age[::-1][(failed | (end > first))[by_age[::-1]]]
    # by stratum, the last to leave first, those who fail before those who do not; nearly sorted already, which a stable sort is quick at
    key = 2 * (stratum * (len(age) + 1) - end) + ~failed
    used = used[np.argsort(key[used], kind="stable") if life.entry is None else np.lexsort((first[used], key[used]))]
    dead = np.flatnonzero(failed[used])[::-1]
    dead = dead[np.argsort(end[used[dead]], kind="stable")]
    time = end[used[dead]]
    times = FailureTimes(age, of, np.bincount(time, weight[used[dead]], minlength=len(age)), offsets)
    sides = (key[used], first[used], end[used], stratum[used], failed[used])
    cells = _cells(*sides, dead, time, offsets)
    firsts = np.searchsorted(time, np.arange(len(age)))
    return Rows(used, weight[used], sides[3], sides[1], sides[2], dead, time, firsts, times, cells)


def _cells(
    key: np.ndarray,
    first: np.ndarray,
    end: np.ndarray,
    stratum: np.ndarray,
    failed: np.ndarray,
    dead: np.ndarray,
    time: np.ndarray,
    offsets: np.ndarray,
) -> Cells:
    new = np.concatenate([[True], (key[1:] != key[:-1]) | (first[1:] != first[:-1])])
    starts = np.flatnonzero(new)
    every = np.arange(offsets[-1])
    if len(starts) * FEW > len(key):
        return Cells(None, None, dead, np.searchsorted(time, every), RiskSets(first, end, stratum, offsets))
    dead = np.flatnonzero(failed[starts])[::-1]
    dead = dead[np.argsort(end[starts[dead]], kind="stable")]
    firsts = np.searchsorted(end[starts[dead]], every)
    return Cells(starts, np.cumsum(new) - 1, dead, firsts, RiskSets(first[starts], end[starts], stratum[starts], offsets))


def _entered(entry: np.ndarray, stratum: np.ndarray, age: np.ndarray, of: np.ndarray) -> np.ndarray:
    """The number of the first failure time of its stratum that each row is at risk at, (n,); times (m,) have an age and a stratum."""
    ages = np.unique(age)
    keys = of * (len(ages) + 1) + np.searchsorted(ages, age)
    return np.searchsorted(keys, stratum * (len(ages) + 1) + np.searchsorted(ages, entry, side="right"))
