"""Limits of what a regression tells by its profile likelihood."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.errors import NotConverged
from survjax.fitting.inference import normal_quantile
from survjax.fitting.walk import Walk
from survjax.numerics.newton import Evaluation
from survjax.parameters import RealDomain, SimplexDomain
from survjax.regression.estimation import Ascent, RegressionFit, RegressionProblem, inverse
from survjax.regression.predictors import Predictors, coordinate_names, uncentred
from survjax.regression.repeated_fit import RepeatedFit
from survjax.regression.report import base_is_of_zero, tell


def profile_limits_of_regression(
    fit: RegressionFit, covariates: np.ndarray, life: Lifetimes, level: float, side: str
) -> tuple[np.ndarray, np.ndarray]:
    r"""Lower and upper limit of every parameter and coefficient that a report tells, (m,) each; as ``profile_limits`` has them.

    The coefficients of the fit are those of centred columns, of which the user sees sums. So columns are given their means back first:
    what the user sees is then one coefficient each, and a profile a walk along it.

    Parameters
    ----------
    covariates : (n, m) standardised.

    Raises
    ------
    ValueError : three or more weights of a mixture that share one constraint.
    NotConverged : the fit is not at a maximum, or the profile rises above it.
    """
    if not fit.converged:
        raise NotConverged(f"profile limits start from a maximum, and the fit reached none: it stopped with {fit.reason!r}.", fit)
    seen, columns = _as_told(fit, covariates)
    again = RepeatedFit.of(seen, life)
    problem = again.problem(columns, life)
    top = Ascent.of(problem, again.point)
    if not top.arrived:
        raise NotConverged(
            f"the likelihood of the parameters as they are told could not be climbed again: {top.reason}. Centre the columns of X, which "
            "lie far from 0 for their spread, or use Wald limits.",
            fit,
        )
    values, slopes, is_coefficient = tell(seen)[1:]
    walk = _walk(problem, top, again.inner, shifted=not np.array_equal(columns, covariates))
    reach = normal_quantile(0.5 * (1.0 + level) if side == "two" else level)
    domains = {name: one.domain for name, one in fit.predictors.template.parameters().items()}
    lower, upper = values.copy(), values.copy()
    for row, name in enumerate(tell(seen).names):
        moved_by = np.flatnonzero(slopes[row])
        if not moved_by.size:
            continue  # known
        if moved_by.size > 1:
            raise ValueError(
                f'{name} is one of three or more weights, which are not profiled one by one in a regression: use method="wald".'
            )
        index, rises = int(moved_by[0]), slopes[row, moved_by[0]] > 0.0
        ends = [-np.inf, np.inf]
        if not is_coefficient[row]:
            with np.errstate(over="ignore", divide="ignore"):
                ends = [float(domains[name].moved(0.5, 1.0, far)) for far in ends]
        for limits, end, up in ((lower, ends[0], not rises), (upper, ends[1], rises)):
            wanted = side == "two" or (side == "lower") == (limits is lower)
            place = walk.crossing(index, 1.0 if up else -1.0, reach) if wanted else None
            if place is None:
                limits[row] = end
            else:
                there = dataclasses.replace(seen, coefficients=again.inner.rescaled(place.point, again.unit)[0])
                limits[row] = tell(there).values[row]
    return lower, upper


def _as_told(fit: RegressionFit, covariates: np.ndarray) -> tuple[RegressionFit, np.ndarray]:
    """The same fit with columns that are not centred, where the user is told of a unit with every covariate 0; and its columns."""
    if not base_is_of_zero(fit):
        return fit, covariates
    predictors = fit.predictors
    each = tuple(dataclasses.replace(one, design=uncentred(one.design)) for one in predictors.each)
    shift = np.concatenate([one.design.shift for one in predictors.each])
    names, values, *_ = tell(fit)
    of_zero = dict(zip(names, values, strict=True))
    coefficients = fit.coefficients.copy()
    predicted = {one.coordinate: one for one in predictors.each}
    domains = predictors.template.coordinate_domains()
    for k, (where, name) in enumerate(zip(predictors.layout.slices(), coordinate_names(predictors.template), strict=True)):
        if k not in predicted:
            # weights are not moved, and have their logarithm's ratio as their coordinate
            moves = name in of_zero and not isinstance(domains[k], SimplexDomain)
            coefficients[where] = domains[k].to_real(of_zero[name]) if moves else coefficients[where]
        elif predicted[k].design.has_intercept:
            coefficients[where.start] -= predicted[k].design.shift @ coefficients[where]
    return dataclasses.replace(fit, predictors=Predictors(predictors.template, each), coefficients=coefficients), covariates + shift


def _walk(problem: RegressionProblem, top: Ascent, inner: Predictors, *, shifted: bool) -> Walk:
    q = len(top.point)
    hessian = top.evaluation.hessian * problem.per_unit
    errors = np.sqrt(np.diag(inverse(hessian)))
    real = np.zeros(q, dtype=bool)
    predicted = {one.coordinate for one in inner.each}
    for k, (where, domain) in enumerate(zip(inner.layout.slices(), inner.template.coordinate_domains(), strict=True)):
        if k not in predicted:
            real[where] = shifted or isinstance(domain, RealDomain)
    # a unit with every covariate 0 may be far from all: what it would have is as far
    real |= shifted & ~inner.slopes()
    nothing = np.zeros(q)
    return Walk(partial(_evaluated, problem), top.point, top.value, problem.per_unit, errors, nothing, real, nothing.astype(bool))


def _evaluated(problem: RegressionProblem, point: np.ndarray) -> Evaluation:
    return problem.evaluate(point[None], np.ones(1, dtype=bool))
