"""What the hazard of a base, known, has collected over each row of lifetimes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.errors import BadRow
from survjax.fitting.inference import at_estimate, with_gradient
from survjax.numerics.blocks import map_rows


@dataclass(frozen=True, eq=False)
class BaseHazard:
    """The base's cumulative hazard over the stretches of n rows, with derivatives in its p coordinates.

    Attributes
    ----------
    lived (n,) : from entry to the age at failure, or to the last age at which the unit had not failed.
    between (n,) : over the interval in which it failed; 0 for other rows.
    log_hazard (n,) : at the age at failure; 0 where that is not known.
    lived_slopes, between_slopes, log_hazard_slopes (n, p) : their derivatives.
    failed, within (n,) : whether it failed at a known age; within an interval. (One with an interval that ends where the base leaves
        nobody alive has failed for sure, and counts as one still running at its beginning.)
    """

    lived: np.ndarray
    between: np.ndarray
    log_hazard: np.ndarray
    lived_slopes: np.ndarray
    between_slopes: np.ndarray
    log_hazard_slopes: np.ndarray
    failed: np.ndarray
    within: np.ndarray

    @classmethod
    def of(cls, template: Distribution, coordinates: np.ndarray, life: Lifetimes) -> BaseHazard:
        """Of a base bound to ``coordinates`` (p,), which live on the positive ages.

        Raises
        ------
        BadRow : what happened to a unit cannot happen under the base, whatever multiplies its hazard.
        """
        n = len(life)
        failed = np.array(life.event_observed)
        within = ~failed & np.isfinite(life.upper)
        entry = np.zeros(n) if life.entry is None else np.maximum(life.entry, 0.0)
        begin = np.maximum(life.lower, entry)
        at_entry, at_entry_slopes = _at_ages(_cumulative_hazard, template, coordinates, entry, entry > 0)
        at_begin, at_begin_slopes = _at_ages(_cumulative_hazard, template, coordinates, begin, begin > 0)
        at_end, at_end_slopes = _at_ages(_cumulative_hazard, template, coordinates, np.where(within, life.upper, 1.0), within)
        log_hazard, log_hazard_slopes = _at_ages(_log_hazard, template, coordinates, begin, failed)
        # a unit that failed by an age at which the base has nobody left is one of which only the beginning is known
        within &= np.isfinite(at_end)
        lived = at_begin - at_entry
        between = np.where(within, at_end - at_begin, 0.0)
        _refuse_the_impossible(life, lived, between, log_hazard, failed, within)
        return cls(
            lived,
            between,
            log_hazard,
            at_begin_slopes - at_entry_slopes,
            np.where(within[:, None], at_end_slopes - at_begin_slopes, 0.0),
            log_hazard_slopes,
            failed,
            within,
        )


def _cumulative_hazard(distribution: Distribution, age: Any) -> Any:
    return -distribution.log_survival(age)


def _log_hazard(distribution: Distribution, age: Any) -> Any:
    return distribution.log_hazard(age)


def _at_ages(rule: Any, template: Distribution, coordinates: np.ndarray, ages: np.ndarray, told: np.ndarray) -> tuple[Any, Any]:
    """A rule of the base and its gradient where ``told``, 0 elsewhere: (n,) and (n, p)."""
    p = len(coordinates)
    values, slopes = np.zeros(len(ages)), np.zeros((len(ages), p))
    if told.any() and p:
        values[told], slopes[told] = map_rows(with_gradient(rule), (template, coordinates), ages[told])
    elif told.any():
        values[told] = map_rows(at_estimate(rule), (template, coordinates), ages[told])
    return values, slopes


def _refuse_the_impossible(
    life: Lifetimes, lived: np.ndarray, between: np.ndarray, log_hazard: np.ndarray, failed: np.ndarray, within: np.ndarray
) -> None:
    bad = ~np.isfinite(lived) | (failed & ~np.isfinite(log_hazard)) | (within & ~(between > 0)) | (failed & ~(lived > 0))
    if bad.any():
        row = int(np.argmax(bad))
        seen = "failed" if failed[row] or within[row] else "had not failed"
        raise BadRow(
            f"row {row} cannot be as it is under the base, by whatever its hazard is multiplied: the unit {seen} at {life.lower[row]:g}, "
            "and the base has no hazard there, or leaves nobody alive. Take a base that covers these ages, or leave its parameters to be "
            "learned.",
            columns=("durations",),
            rows=np.flatnonzero(bad),
        )
