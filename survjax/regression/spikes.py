"""Components of a mixture that follow covariates, and shrink onto a few failures."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import jax.numpy as jnp
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, Mixture, ScaledHazard, ScaledTime
from survjax.fitting.likelihood import component_quartiles
from survjax.fitting.mixture_estimation import can_narrow, coincidences
from survjax.fitting.search import SHARP, SPIKES, spreads
from survjax.numerics.blocks import map_rows
from survjax.regression.predictors import Predictors, coordinate_names


def spike(predictors: Predictors, coefficients: np.ndarray, covariates: np.ndarray, life: Lifetimes) -> str | None:
    """The component that is sharp and held up by hardly any failures, in words; None where there is none.

    The likelihood of a mixture rises without end where a component shrinks onto failures that it can meet exactly: one, or as many as its
    parameters have columns. What counts as a spike is what it is without covariates (``survjax.fitting.search``), so many more failures
    being allowed for as the component has columns; of what is sharper than wear can be, as many more as a score common to all has.
    Failures alike in age and covariates count once.
    """
    told = _sharpness(predictors, coefficients, covariates, life)
    if told is None:
        return None
    columns, common = _columns_of_components(predictors, len(told.spread)), _columns_of_scores(predictors)
    for index in range(len(told.spread)):
        for few, shape in SPIKES:
            allowed = few + columns[index] + (common if shape > SHARP else 0)
            if told.different_failures[index] < allowed and told.spread[index] < 1.572 / shape:
                return (
                    f"component {index} is held up by {told.different_failures[index]:.2g} different failures and as sharp as a Weibull of "
                    f"shape {1.572 / told.spread[index]:.3g}: rather a coincidence, on which a mixture can shrink, than a population."
                )
    return None


def sharp_components(predictors: Predictors, coefficients: np.ndarray, covariates: np.ndarray, life: Lifetimes) -> list[str]:
    """A sentence for each component that is no spike, but may still be a coincidence, as without covariates."""
    told = _sharpness(predictors, coefficients, covariates, life)
    if told is None:
        return []
    columns = np.array(_columns_of_components(predictors, len(told.spread))) + _columns_of_scores(predictors)
    return coincidences(told.failures, told.spread, life.n_failed, columns)


class _Sharpness(NamedTuple):
    """Of components (k,): how far apart their quartiles are at the mean unit, how many failures they have, and how many different ones."""

    spread: np.ndarray
    failures: np.ndarray
    different_failures: np.ndarray


def _sharpness(predictors: Predictors, coefficients: np.ndarray, covariates: np.ndarray, life: Lifetimes) -> _Sharpness | None:
    """None where no component of a mixture is sharp."""
    template = predictors.template
    mixture, at_mean = _inside(template), np.zeros(template.n_coordinates())
    if not isinstance(mixture, Mixture):
        return None
    for coordinate, where in enumerate(predictors.layout.slices()):
        at_mean[coordinate] = coefficients[where.start]
    for one in predictors.each:
        at_mean[one.coordinate] *= one.design.has_intercept
    on_the_line = template.start_of_support < 0.0
    spread = spreads(np.asarray(component_quartiles(mixture, at_mean[: mixture.n_coordinates()])), on_the_line)
    spread = np.where([can_narrow(component, {}) for component in mixture.components], spread, np.inf)
    if on_the_line or not (spread < 1.572 / SHARP).any():
        return None
    return _Sharpness(spread, *_failures_of_components(predictors, coefficients, covariates, life))


def _inside(law: Distribution) -> Distribution:
    while isinstance(law, (ScaledHazard, ScaledTime)):
        law = law.of
    return law


def _failures_of_components(
    predictors: Predictors, coefficients: np.ndarray, covariates: np.ndarray, life: Lifetimes
) -> tuple[np.ndarray, np.ndarray]:
    """How many failures at known ages each component (k,) has, and how many different ones, by their probabilities of being of it."""
    failed = life.event_observed & (life.counts() > 0) & (life.lower > predictors.template.start_of_support)
    rows = np.column_stack([life.lower[failed], covariates[failed]])
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    coordinates = np.asarray(predictors.layout.coordinates(coefficients, distinct[:, 1:]))
    shares = map_rows(_shares, predictors.template, coordinates, distinct[:, 0])
    return np.bincount(which.ravel(), life.counts()[failed], len(distinct)) @ shares, shares.sum(axis=0)


def _shares(template: Any, coordinates: Any, time: Any) -> Any:
    law = template.bind(coordinates)
    while isinstance(law, (ScaledHazard, ScaledTime)):
        # a common factor of the hazard leaves the shares of components at an age what they are
        time = time * jnp.exp(-law.score) if isinstance(law, ScaledTime) else time
        law = law.of
    return cast(Mixture, law).membership_of_failure(time, jnp.log(time))


def _columns_of_components(predictors: Predictors, k: int) -> list[int]:
    """How many columns the own parameters of each component (k,) follow."""
    names, counts = coordinate_names(predictors.template), [0] * k
    for one in predictors.each:
        number = names[one.coordinate].rpartition("_")[2]
        if one.label and not one.label.startswith("weight") and number.isdecimal() and int(number) < len(counts):
            counts[int(number)] += len(one.design.names) - one.design.has_intercept
    return counts


def _columns_of_scores(predictors: Predictors) -> int:
    """How many columns all components follow in common."""
    return sum(len(one.design.names) for one in predictors.each if not one.label)
