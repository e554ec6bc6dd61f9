"""A threshold learned beside coefficients: whether it ran to the first failure, and what may be said of it where it did not.

As without covariates: with failures at known ages the likelihood of most laws has no bound as the threshold meets the first failure, and
its estimate is normal about the truth only where the law begins smoothly (Smith 1985, Biometrika 72).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, ScaledHazard, ScaledTime, Threshold
from survjax.fitting.limits import laws_within
from survjax.fitting.threshold_estimation import NAME, REGULAR, UNBOUNDED, local_shape

if TYPE_CHECKING:
    from survjax.regression.estimation import RegressionFit

TOUCHING = 1e-6  # of the range of the failures, or of the age itself: what is nearer has met the first failure


class Learned(NamedTuple):
    """Where the threshold stands among the coordinates, and whether covariates move it."""

    coordinate: int
    moved: bool


def learned_threshold(fit: RegressionFit) -> Learned | None:
    """The threshold of a law that is learned, where there is one about the whole."""
    template = fit.predictors.template
    if not isinstance(_unscaled(template), Threshold):
        return None
    own = next(own for law, own in laws_within(template) if isinstance(law, Threshold))
    if NAME not in own:
        return None
    predicted = {one.coordinate for one in fit.predictors.each}
    return Learned(own[NAME], isinstance(template, ScaledTime) or own[NAME] in predicted)


def met_the_first_failure(fit: RegressionFit, covariates: np.ndarray, life: Lifetimes) -> str | None:
    """Why a fit that stopped short has no estimate: its threshold is at the first failure. None where that is not so."""
    learned = learned_threshold(fit)
    failed = life.event_observed & (life.counts() > 0)
    if learned is None or not failed.any():
        return None
    coordinates = np.asarray(fit.predictors.layout.coordinates(fit.coefficients, covariates), dtype=float)
    first = coordinates[:, learned.coordinate]
    if isinstance(fit.predictors.template, ScaledTime):
        first = first * np.exp(coordinates[:, -1])
    ages = life.lower
    near = np.where(failed, ages - first, np.inf)
    row = int(np.argmin(near))
    if near[row] > TOUCHING * max(float(np.ptp(ages[failed])), abs(float(ages[row]))):
        return None
    return (
        f"{UNBOUNDED} (row {row}, at {ages[row]:g}), and rises all the way there. Give a known threshold; or record failures as the "
        'intervals they are known to (at_resolution, with rounded="down" for completed units), with which the likelihood is bounded; or '
        "leave the threshold out."
    )


def without_false_errors(fit: RegressionFit) -> RegressionFit:
    """The fit with its threshold taken as known where its estimate is not normal about the truth, and a note that says so."""
    learned = learned_threshold(fit)
    if learned is None or not fit.converged:
        return fit
    shape = local_shape(_within(fit).of)
    if shape > REGULAR:
        return fit
    of = ", of a unit with every column at its mean," if fit.n_learned > len(fit.predictors.layout.columns) else ""
    note = f"The threshold's local shape{of} is {shape:.3g}, and not above 2: its estimate is not normal about the truth (Smith 1985)"
    if learned.moved:
        note += (
            ", nor are those of the coefficients that move it, and no Wald limits of this fit are to be relied on. Let covariates act on "
            'what comes after the threshold: ProportionalHazards, or ParameterRegression on another parameter. interval("parameters", X, '
            'method="likelihood") needs no such normality.'
        )
        return dataclasses.replace(fit, notes=[note, *fit.notes])
    note += (
        ', so that it has no standard error and no Wald interval. Its likelihood interval, interval("parameters", X, method="likelihood"), '
        "needs neither; all other intervals take it as known."
    )
    place = fit.predictors.layout.slices()[learned.coordinate].start
    covariance = fit.covariance - np.outer(fit.covariance[:, place], fit.covariance[place]) / fit.covariance[place, place]
    covariance[place] = covariance[:, place] = 0.0
    return dataclasses.replace(fit, covariance=covariance, notes=[note, *fit.notes])


def _within(fit: RegressionFit) -> Threshold:
    """The law with its threshold of a unit whose columns are all at their means."""
    predictors = fit.predictors
    width = sum(len(one.names) for one in predictors.each)
    means, first = np.zeros((1, width)), 0
    for one in predictors.each:
        means[0, first] = one.design.has_intercept
        first += len(one.names)
    law: Distribution = predictors.template.bind(np.asarray(predictors.layout.coordinates(fit.coefficients, means)[0], dtype=float))
    inner = _unscaled(law)
    assert isinstance(inner, Threshold)
    return inner


def _unscaled(law: Distribution) -> Distribution:
    return law.of if isinstance(law, (ScaledTime, ScaledHazard)) else law
