"""Cox–Snell residuals: the hazard that each unit collected while it was under observation."""

from __future__ import annotations

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.fitting.estimation import Fit
from survjax.fitting.inference import at_estimate
from survjax.numerics.blocks import map_rows


def cumulative_hazard(distribution: Distribution, time):
    """The rule for one age."""
    return -distribution.log_survival(time)


def hazard_between(distribution: Distribution, start, length):
    """The same from one age on."""
    return distribution.cumulative_hazard_between(start, length)


def hazards(template: Distribution, coordinates: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """The cumulative hazard of a law at ages (n,), which may be infinite or the start of the support."""
    collected = np.where(ages == np.inf, np.inf, 0.0)
    told = np.isfinite(ages) & (ages > template.start_of_support)
    if told.any():
        collected[told] = map_rows(at_estimate(cumulative_hazard), (template, coordinates), ages[told])
    return collected


def residuals_of(fit: Fit, life: Lifetimes) -> Lifetimes:
    """The lifetimes in units of hazard, each counted from the entry of its unit on."""
    columns = {name: getattr(life, name) for name in ("lower", "upper", "right_truncation")}
    ends = {name: None if ages is None else _since_entry(fit, life, ages) for name, ages in columns.items()}
    return Lifetimes.from_intervals(**ends, weights=life.weights, cause=life.cause)


def _since_entry(fit: Fit, life: Lifetimes, ages: np.ndarray) -> np.ndarray:
    if life.entry is None:
        return hazards(fit.template, fit.coordinates, ages)
    late = (life.entry > fit.template.start_of_support) & np.isfinite(ages)
    collected = hazards(fit.template, fit.coordinates, np.where(late, np.inf, ages))
    if late.any():
        # not the difference of two hazards: a unit that failed soon after a late entry would lose its digits
        entry = life.entry[late]
        collected[late] = map_rows(at_estimate(hazard_between), (fit.template, fit.coordinates), entry, ages[late] - entry)
    return collected
