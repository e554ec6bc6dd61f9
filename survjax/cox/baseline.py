"""The baseline cumulative hazard of each stratum, and what it says of units whose hazard is a multiple of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

AT_ONCE = 1 << 21  # steps times units worked on together: 16 MB a column


def blocks(n: int, width: int) -> Iterator[slice]:
    """Of n rows that many at once, each of which takes ``width`` numbers."""
    at_once = max(1, AT_ONCE // max(width, 1))
    return (slice(first, first + at_once) for first in range(0, n, at_once))


class Baseline(NamedTuple):
    """A cumulative hazard that rises at ages at failure.

    age : (m,). log_hazard : (m,) the logarithm of the cumulative hazard from each age on. begin : the age to whose survival it is
    conditional, the first entry. end : the last age under observation, beyond which nothing is known.

    Hazards are kept as logarithms since a baseline may be beyond the range of numbers where no unit's own hazard is.
    """

    age: np.ndarray
    log_hazard: np.ndarray
    begin: float
    end: float

    def at(self, ages: np.ndarray) -> np.ndarray:
        """The logarithm of the cumulative hazard at ages of any shape, -inf before the first failure."""
        return np.concatenate([[-np.inf], self.log_hazard])[self.failures_up_to(ages)]

    def between(self, start: np.ndarray, stop: np.ndarray, log_factor: np.ndarray) -> np.ndarray:
        """The cumulative hazard from one age to another, of units whose hazard is exp(log_factor) times the baseline."""
        return _rise(self.at(start), self.at(stop), log_factor)

    def log_between(self, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """The logarithm of the cumulative hazard from one age to another; -inf where nobody failed between."""
        return _log_rise(self.at(start), self.at(stop))

    def failures_up_to(self, ages: np.ndarray) -> np.ndarray:
        """How many ages at failure are not beyond ages of any shape."""
        return np.searchsorted(self.age, ages, side="right")

    def age_at(self, age: np.ndarray, collected: np.ndarray, log_factor: np.ndarray) -> np.ndarray:
        """The age by which that much more hazard than at ``age`` has been collected; inf if it is not by the end. (n,) each."""
        with np.errstate(divide="ignore"):
            target = np.logaddexp(self.at(age), np.log(collected) - log_factor)
        # a sum of m hazards is known to m roundings: what is reached but for those is reached
        slack = 4.0 * len(self.age) * np.finfo(float).eps
        found = np.searchsorted(self.log_hazard, target - slack)
        reached = np.concatenate([self.age, [np.inf]])[found]
        return np.where(collected > 0, np.maximum(reached, age), age)

    def restricted_mean(self, age: np.ndarray, horizon: np.ndarray, log_factor: np.ndarray) -> np.ndarray:
        """E min(T - age, horizon) of units alive at ``age``, (n,): the area under their survival, which is a step function."""
        mean = np.empty(len(age))
        order = np.argsort(age)
        for block in blocks(len(age), len(self.age) + 1):
            rows = order[block]
            _, length, hazard = self.steps(age[rows], age[rows] + horizon[rows], log_factor[rows])
            mean[rows] = np.sum(length * np.exp(-hazard), axis=1)
        return mean

    def steps(self, start: np.ndarray, stop: np.ndarray, log_factor: np.ndarray) -> tuple[slice, np.ndarray, np.ndarray]:
        """From an age on (q,) up to another: the failures that may come, how long each step between them lasts, and the hazard behind it.

        The two are (q, k + 1) for k failures, those after the least start and up to the last stop; the hazard is collected from the start.
        """
        within = slice(int(self.failures_up_to(start.min())), int(self.failures_up_to(stop.max())))
        ages, start, stop = self.age[within], start[:, None], stop[:, None]
        edges = np.clip(np.concatenate([start, np.broadcast_to(ages, (len(start), len(ages))), stop], axis=1), start, stop)
        reached = np.append(self.at(start.min()), self.log_hazard[within])
        return within, np.diff(edges, axis=1), _rise(self.at(start), reached, log_factor[:, None])


def baselines(log_steps: np.ndarray, ages: np.ndarray, offsets: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> list[Baseline]:
    """One for each stratum, of the logarithms of the rises at all failure times (m,)."""
    curves = []
    for one, (first, last) in enumerate(pairwise(offsets)):
        curves.append(Baseline(ages[first:last], np.logaddexp.accumulate(log_steps[first:last]), float(begins[one]), float(ends[one])))
    return curves


def _rise(log_from: np.ndarray, log_to: np.ndarray, log_factor: np.ndarray) -> np.ndarray:
    """exp(log_to + log_factor) - exp(log_from + log_factor), 0 where that is negative; broadcast."""
    with np.errstate(over="ignore"):  # a hazard beyond all numbers is certain failure
        return np.exp(_log_rise(log_from, log_to) + log_factor)


def _log_rise(log_from: np.ndarray, log_to: np.ndarray) -> np.ndarray:
    """log(exp(log_to) - exp(log_from)), -inf where that is not positive; broadcast."""
    nothing = np.isneginf(log_to)
    with np.errstate(divide="ignore"):  # the logarithm of no rise
        share = np.log1p(-np.exp(np.minimum(log_from - np.where(nothing, 0.0, log_to), 0.0)))
    return np.where(nothing, -np.inf, log_to + share)
