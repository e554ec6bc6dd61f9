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
    ages = np.unique(life.durations[failed])
    by = len(ages) + 1
    ended = np.searchsorted(ages, life.durations, side="right")  # how many failure ages, of any stratum, the row lived to see
    keys, of_failed = np.unique(stratum[failed] * by + ended[failed] - 1, return_inverse=True)
    # to the numbers within the row's own stratum
    end = np.searchsorted(keys, stratum * by + ended)
    entered = 0 if life.entry is None else np.searchsorted(ages, life.entry, side="right")
    first = np.searchsorted(keys, stratum * by + entered)
    offsets = np.searchsorted(keys, np.arange(n_strata + 1) * by)
    end[failed] = of_failed  # at its own failure a row is not among those that outlive it
    used = np.flatnonzero(failed | (end > first))
    order = used[np.lexsort((-end[used], stratum[used]))]
    dead = np.flatnonzero(failed[order])
    dead = dead[np.argsort(end[order[dead]], kind="stable")]
    time = end[order[dead]]
    failures = np.bincount(time, weight[order[dead]], minlength=len(keys))
    times = FailureTimes(ages[keys % by], keys // by, failures, offsets)
    sets = RiskSets(first[order], end[order], stratum[order], offsets)
    return Rows(order, weight[order], stratum[order], dead, time, np.searchsorted(time, np.arange(len(keys))), times, sets)
