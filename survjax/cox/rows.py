"""Rows at risk, from lifetimes: who is under observation from when to when, and who fails."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from survjax.cox.risk_sets import RiskSets
from survjax.data.lifetimes import Lifetimes


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

    order : (n,) which of the given rows each is. weight, stratum : (n,). dead : (d,) those of them that fail, in order of ``time``,
    (d,) the number of the failure time of each. firsts : (m,) the first of ``dead`` at each failure time.
    """

    order: np.ndarray
    weight: np.ndarray
    stratum: np.ndarray
    dead: np.ndarray
    time: np.ndarray
    firsts: np.ndarray
    times: FailureTimes
    risk_sets: RiskSets


def rows_at_risk(life: Lifetimes, stratum: np.ndarray, n_strata: int) -> Rows:
    """The rows of lifetimes (n) that are failures at known ages or running units, in strata numbered from 0, (n,)."""
    weight = np.asarray(life.counts())
    failed = life.event_observed & (weight > 0)
    age = life.durations
    by_age = np.argsort(age) if n_strata == 1 else np.lexsort((age, stratum))
    age, of = age[by_age], stratum[by_age]
    new = np.concatenate([[True], (age[1:] != age[:-1]) | (of[1:] != of[:-1])])
    starts = np.flatnonzero(new)
    fails = np.add.reduceat(failed[by_age].astype(np.int64), starts) > 0
    lived_to_see = np.cumsum(fails)[np.cumsum(new) - 1]
    # at its own failure a row is not among those that outlive it
    end = np.empty(len(life), dtype=np.int64)
    end[by_age] = lived_to_see - failed[by_age]
    age, of = age[starts[fails]], of[starts[fails]]
    offsets = np.searchsorted(of, np.arange(n_strata + 1))
    first = offsets[stratum] if life.entry is None else _entered(life.entry, stratum, age, of)
    used = np.flatnonzero(failed | (end > first))
    used = used[np.argsort(stratum[used] * (len(age) + 1) - end[used], kind="stable")]
    dead = np.flatnonzero(failed[used])
    dead = dead[np.argsort(end[used[dead]], kind="stable")]
    time = end[used[dead]]
    failures = np.bincount(time, weight[used[dead]], minlength=len(age))
    times = FailureTimes(age, of, failures, offsets)
    sets = RiskSets(first[used], end[used], stratum[used], offsets)
    return Rows(used, weight[used], stratum[used], dead, time, np.searchsorted(time, np.arange(len(age))), times, sets)


def _entered(entry: np.ndarray, stratum: np.ndarray, age: np.ndarray, of: np.ndarray) -> np.ndarray:
    """The number of the first failure time of its stratum that each row is at risk at, (n,); times (m,) have an age and a stratum."""
    ages = np.unique(age)
    keys = of * (len(ages) + 1) + np.searchsorted(ages, age)
    return np.searchsorted(keys, stratum * (len(ages) + 1) + np.searchsorted(ages, entry, side="right"))
