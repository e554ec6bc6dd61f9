"""Prediction intervals that hold whatever the model is worth, by what happened to units that it had not seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.metrics.censoring import censoring_curve


class HeldOut(NamedTuple):
    """What held-out units say of predicted probabilities.

    Attributes
    ----------
    reached : (m,) of each failure the probability, predicted at its row's entry, of failing by the age at which it did; rising.
    weight : (m,) for how many rows it stands: its count over the probability of having been in view so long. total : of all rows' counts.
    reason : why there is nothing here, if so.
    """

    reached: np.ndarray
    weight: np.ndarray
    total: float
    reason: str = ""


def held_out(life: Lifetimes, reached: np.ndarray) -> HeldOut:
    """What rows (n,) of held-out units say, failed ones weighted by the inverse probability of having been seen to fail.

    Time counts from each row's entry. The probability of being in view is one curve for all rows: what ends observation must have nothing
    to do with life or covariates.
    """
    if np.any(~life.event_observed & np.isfinite(life.upper)):
        return nothing("some failures are known only within an interval, and whether a bound held is then not known")
    entry = np.zeros(len(life)) if life.entry is None else np.maximum(life.entry, 0.0)
    since = Lifetimes(life.durations - entry, life.event_observed, weights=life.weights)
    curve = censoring_curve(since, "a conformal interval")
    failed = np.flatnonzero(since.event_observed & (since.counts() > 0))
    order = failed[np.argsort(reached[failed], kind="stable")]
    return HeldOut(reached[order], since.counts()[order] / curve.before(since.durations[order]), since.n_units)


def nothing(reason: str) -> HeldOut:
    """What is kept where no unit can speak."""
    return HeldOut(np.zeros(0), np.zeros(0), 0.0, reason)


def probabilities(told: HeldOut, level: float) -> tuple[float, float]:
    """The predicted probabilities between which a new unit fails with probability ``level``, half of the rest to either side.

    Of n exchangeable, uncensored rows the k-th smallest probability reached is above that of a new one with probability at most
    k / (n + 1): the bounds are those with k at most, or at least, (n + 1) times the share wanted (split conformal prediction; Vovk,
    Gammerman & Shafer 2005). Under censoring weights stand in for the count, and the statement holds as n grows (the weighting is that of
    Candès, Lei & Ren 2023, Journal of the Royal Statistical Society B 85, for a lower bound). 0 and 1 where the rows do not reach so far.
    """
    rest = round(0.5 * (1.0 - level), 12)  # of 0.8 a tenth, to which (n + 1) times it is compared
    below = np.cumsum(told.weight) / (told.total + 1.0)
    first = int(np.searchsorted(below, rest, side="right"))
    last = int(np.searchsorted(below, 1.0 - rest, side="left"))
    return (float(told.reached[first - 1]) if first else 0.0), (float(told.reached[last]) if last < len(below) else 1.0)
