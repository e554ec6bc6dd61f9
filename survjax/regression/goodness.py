"""How good is a regression? The distance of its Cox–Snell residuals from a unit exponential, beside those of repetitions of the study."""

from __future__ import annotations

import jax
import numpy as np

from survjax.adequacy.goodness import (
    KNOTS,
    GoodnessOfFit,
    distances_between,
    has_knots,
    one_row_a_unit,
    refuse_few,
    refuse_what_cannot_be_repeated,
)
from survjax.adequacy.repeated_study import Study, observe, study_of
from survjax.adequacy.residuals import cumulative_hazard
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Exponential
from survjax.errors import NotConverged
from survjax.fitting.causes import is_labelled
from survjax.nonparametric.rows import NoEstimate
from survjax.numerics.blocks import map_rows
from survjax.regression.estimation import RegressionFit
from survjax.regression.predictors import of_unit
from survjax.regression.repeated_fit import RepeatedFit
from survjax.regression.residuals import residuals_of_units

INSTEAD = "plot_residuals(X, y) shows the residuals of such a fit beside the straight line."
GIVEN_X = "what is known of each unit is the same in every repetition"
SAME_PENALTY = "each repetition is fitted under the penalty of the fit"


def goodness_of_regression(fit: RegressionFit, covariates: np.ndarray, life: Lifetimes, n_bootstrap: int, seed: int) -> GoodnessOfFit:
    """The test that ``Regression.goodness_of_fit`` describes; covariates (n, m) are standardised."""
    template = fit.predictors.template
    _refuse_fits_that_cannot_be_repeated(fit, life)
    refuse_what_cannot_be_repeated(life)
    if not fit.converged:
        raise NotConverged(f"the fit stopped without reaching a maximum ({fit.reason}), so that there is nothing to compare.", fit)
    whole = one_row_a_unit(life)
    if life.weights is not None:
        covariates = np.repeat(covariates, life.weights.astype(int), axis=0)
    own = _distances(residuals_of_units(fit.predictors, fit.coefficients, covariates, whole))
    alike = np.unique(covariates, axis=0, return_inverse=True)[1].reshape(-1)
    study, rule = study_of(whole, template.start_of_support, alike=alike)
    simulated = _simulated(fit, covariates, whole, study, n_bootstrap, seed)
    refuse_few(len(simulated), n_bootstrap, fit)
    said = {KNOTS: has_knots(template), SAME_PENALTY: fit.penalty > 0.0, GIVEN_X: True}
    notes = tuple(note for note, holds in said.items() if holds)
    failed = n_bootstrap - len(simulated)
    ends = (float(own.begin), float(own.end))
    return GoodnessOfFit(np.array(own[:3], dtype=float), simulated, n_bootstrap, failed, rule, ends, notes, "Cox–Snell residuals")


def _refuse_fits_that_cannot_be_repeated(fit: RegressionFit, life: Lifetimes) -> None:
    if is_labelled(fit.predictors.template):
        raise ValueError(
            f"a goodness of fit asks when units fail, not of what. Fit one model a cause, the failures of the others as running. {INSTEAD}"
        )
    if fit.predictors.template.has_mass_at_start:
        raise ValueError(f"a goodness of fit is of units that arrived alive, and ZeroInflated has others: leave them out. {INSTEAD}")
    if fit.n_units != life.n_units:
        raise ValueError(
            "these are rows of units whose covariates change: what they would have been after a failure is not known, so that the study "
            f"cannot be repeated. {INSTEAD}"
        )


def _distances(residuals: Lifetimes):
    return distances_between(Exponential(scale=np.float64(1.0)), np.zeros(0), residuals, None)


def _simulated(fit: RegressionFit, covariates: np.ndarray, life: Lifetimes, study: Study, n_bootstrap: int, seed: int) -> np.ndarray:
    """The distances (m, 3) of the repetitions that could be fitted, each between its residuals and a unit exponential."""
    predictors, n, places = fit.predictors, len(life), len(study.real)
    origin, template = predictors.template.start_of_support, predictors.template
    again = RepeatedFit.of(fit, life)
    coordinates = np.asarray(predictors.layout.coordinates(fit.coefficients, covariates), dtype=float)
    entry = None if study.entry is None else study.entry[:n]
    collected = np.zeros(n)
    if entry is not None:
        late = entry > origin
        collected[late] = map_rows(of_unit(cumulative_hazard), template, coordinates[late], entry[late])
    random, key = np.random.default_rng(seed), jax.random.key(seed)
    found = []
    for repetition in range(n_bootstrap):
        exposure = collected + random.exponential(size=n)
        lives = map_rows(of_unit(_age_at), template, coordinates, exposure)
        padded = np.append(lives, np.repeat(lives[:1], places - n))
        lower, upper = (np.asarray(ages)[:n] for ages in _observed(study, padded, origin, jax.random.fold_in(key, repetition)))
        told = np.ones(n, dtype=bool) if entry is None else np.isfinite(upper) | (lower > entry)  # of the others nothing was learned
        seen = Lifetimes.from_intervals(lower[told], upper[told], entry=None if entry is None else entry[told])
        coefficients = again.to(covariates[told], seen, as_many_as=places)
        if coefficients is None:
            continue
        try:
            distances = _distances(residuals_of_units(predictors, coefficients, covariates[told], seen))
        except (NoEstimate, NotConverged):
            continue
        if np.isfinite(distances[:3]).all():
            found.append(np.array(distances[:3], dtype=float))
    return np.array(found).reshape(-1, 3)


@jax.jit
def _observed(study: Study, lives, origin, key):
    return observe(study, lives, origin, key)


def _age_at(distribution, collected):
    return distribution.age_at(collected)
