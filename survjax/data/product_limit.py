"""The product-limit (Kaplan–Meier) estimate of survival."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes


class ProductLimit(NamedTuple):
    """Survival just after each distinct failure time.

    time, survival, at_risk, failures : (m,) each; ``log_variance`` (m,) is Greenwood's variance of log survival.
    """

    time: np.ndarray
    survival: np.ndarray
    at_risk: np.ndarray
    failures: np.ndarray
    log_variance: np.ndarray

    def survival_before(self) -> np.ndarray:
        """Survival just before each failure time, (m,)."""
        return np.concatenate([[1.0], self.survival[:-1]])

    def at(self, times: np.ndarray) -> np.ndarray:
        """Survival at any times."""
        return np.concatenate([[1.0], self.survival])[np.searchsorted(self.time, times, side="right")]


def product_limit(life: Lifetimes) -> ProductLimit:
    """The product-limit estimate (Kaplan & Meier 1958), with counts and delayed entry.

    A unit is at risk from just after its entry up to and including its duration. Under delayed entry the estimate is
    conditional on survival to the first entry.
    """
    life = life.in_the_middle()
    observed = life.event_observed
    if life.weights is None:
        times, number = np.unique(life.durations[observed], return_counts=True)
        failures = number.astype(float)
    else:
        times, position = np.unique(life.durations[observed], return_inverse=True)
        failures = np.bincount(position, life.weights[observed], minlength=len(times))
        times, failures = times[failures > 0], failures[failures > 0]
    if life.weights is None and life.entry is None:
        # As count_at_risk, with one sort less of the failures: a third of the time at ten million rows.
        failed_before = np.cumsum(failures) - failures
        at_risk = len(life) - failed_before - np.searchsorted(np.sort(life.durations[~observed]), times, side="left")
    else:
        at_risk = count_at_risk(life, times)
    with np.errstate(divide="ignore"):
        survival = np.cumprod(1.0 - np.minimum(failures / at_risk, 1.0))
        log_variance = np.cumsum(failures / (at_risk * np.maximum(at_risk - failures, 0.0)))
    return ProductLimit(times, survival, at_risk, failures, log_variance)


def count_at_risk(life: Lifetimes, times: np.ndarray) -> np.ndarray:
    """How many are under observation and alive just before each of the times, (m,)."""
    at_risk = _count_from(life.durations, life.weights, times)
    return at_risk if life.entry is None else at_risk - _count_from(life.entry, life.weights, times)


def _count_from(ages: np.ndarray, counts: np.ndarray | None, times: np.ndarray) -> np.ndarray:
    """How many have an age of at least each of the times."""
    if counts is None:
        return len(ages) - np.searchsorted(np.sort(ages), times, side="left").astype(float)
    order = np.argsort(ages)
    total = np.concatenate([[0.0], np.cumsum(counts[order])])
    return total[-1] - total[np.searchsorted(ages[order], times, side="left")]
