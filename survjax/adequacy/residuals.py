"""Cox–Snell residuals: the hazard that each unit collected while it was under observation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.fitting.estimation import Fit
from survjax.fitting.inference import at_estimate
from survjax.numerics.blocks import map_rows

Collect = Callable[..., np.ndarray]  # (rule, rows (k,), *columns (k,)) -> rule(law of the row, *row), (k,)


def cumulative_hazard(distribution: Distribution, time):
    """The rule for one age."""
    return -distribution.log_survival(time)


def hazard_between(distribution: Distribution, start, length):
    """The same from one age on."""
    return distribution.cumulative_hazard_between(start, length)


def hazards(template: Distribution, coordinates: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """The cumulative hazard of a law at ages (n,), which may be infinite or the start of the support."""
    return _collected(_of_one_law(template, coordinates), template.start_of_support, ages)


def residuals_of(fit: Fit, life: Lifetimes) -> Lifetimes:
    """The lifetimes in units of hazard, each counted from the entry of its unit on."""
    return residuals_by(_of_one_law(fit.template, fit.coordinates), fit.template.start_of_support, life)


def residuals_by(collect: Collect, start: float, life: Lifetimes) -> Lifetimes:
    """The same where each row may have a law of its own, all with one ``start`` of their support."""
    columns = {name: getattr(life, name) for name in ("lower", "upper", "right_truncation")}
    ends = {name: None if ages is None else _since_entry(collect, start, life.entry, ages) for name, ages in columns.items()}
    return Lifetimes.from_intervals(**ends, weights=life.weights, cause=life.cause)


def _of_one_law(template: Distribution, coordinates: np.ndarray) -> Collect:
    def collect(rule: Callable, _: np.ndarray, *columns: np.ndarray) -> np.ndarray:
        return map_rows(at_estimate(rule), (template, coordinates), *columns)

    return collect


def _since_entry(collect: Collect, start: float, entry: np.ndarray | None, ages: np.ndarray) -> np.ndarray:
    if entry is None:
        return _collected(collect, start, ages)
    late = (entry > start) & np.isfinite(ages)
    collected = _collected(collect, start, np.where(late, np.inf, ages))
    if late.any():
        # not the difference of two hazards: a unit that failed soon after a late entry would lose its digits
        collected[late] = collect(hazard_between, np.flatnonzero(late), entry[late], ages[late] - entry[late])
    return collected


def _collected(collect: Collect, start: float, ages: np.ndarray) -> np.ndarray:
    collected = np.where(ages == np.inf, np.inf, 0.0)
    told = np.isfinite(ages) & (ages > start)
    if told.any():
        collected[told] = collect(cumulative_hazard, np.flatnonzero(told), ages[told])
    return collected
