"""Whether what a fit says of itself fits together, asked of one that comes from outside: a file may say anything."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from survjax.distributions import DefectiveSubpopulation, Distribution, Mixture, Threshold, UnitFrailty, ZeroInflated
from survjax.fitting.estimation import Fit
from survjax.fitting.prior import penalty_of
from survjax.numerics.programs import program
from survjax.parameters import ProbabilityDomain, SimplexDomain
from survjax.regression.estimation import RegressionFit

ADDS_ONE = (DefectiveSubpopulation, ZeroInflated, Threshold, UnitFrailty)  # wrappers that add a parameter to those of their part
SAME_VALUE = 1e-9  # relative: parameters follow the last step, of 1e-7 at most, to first order
SAME_COVARIANCE = 1e-6  # of the largest term in each sum: the covariance is that before the last step
NEARLY_SINGULAR = 1e-4  # of a correlation: the curvatures that a covariance inverts may be 1e11 apart
ROUNDING = 1e-12


def check_fit(fit: Fit) -> None:
    """Refuse a fit whose parts contradict each other; call it in double precision.

    Raises
    ------
    TypeError, ValueError : the message says which part.
    """
    counts = {"parameters learned": fit.n_learned, "steps": fit.n_steps, "starts": fit.n_starts, "starts that reached it": fit.n_hits}
    check_record(fit, counts)
    _refuse(not np.all(np.isfinite(fit.coordinates)), "a coordinate is not finite")
    check_covariance(fit.coordinate_covariance, "coordinate covariance")
    check_covariance(fit.covariance, "covariance")
    _refuse(fit.converged and bool(np.isnan(fit.coordinate_covariance).any()), "a fit that converged has a covariance, and this one none")

    jacobian, values = (np.asarray(array) for array in _jacobian_and_values(fit.template, fit.coordinates))
    known = np.array([parameter.value is not None for parameter in fit.template.parameters().values()])
    # Where a mixture turned out to be one distribution, the components without weight have neither values nor errors.
    weightless = np.array(_without_weight(fit.template), dtype=bool)
    # At the end of its range a weight or a fraction has no error, nor has, below a local shape of 2, what a wrapper adds, and either may be
    # known in the template.
    shares = np.array([isinstance(one.domain, (SimplexDomain, ProbabilityDomain)) for one in fit.template.parameters().values()])
    may_lack = np.array(_added_by_wrappers(fit.template), dtype=bool) | (shares & ((values == 0.0) | (values == 1.0)))
    errorless = may_lack & np.isnan(np.diag(fit.covariance))
    at_boundary = bool(np.any(weightless | (errorless & known)))
    expected = np.where(weightless & np.isnan(fit.values), np.nan, values)
    _refuse(not np.all(np.isfinite(values)), "the coordinates lead to parameters that are not finite")
    _refuse(
        not np.allclose(fit.values, expected, rtol=SAME_VALUE, atol=0.0, equal_nan=True),
        "the parameters are not those of the distribution at the coordinates",
    )
    with np.errstate(over="ignore", invalid="ignore"):
        covariance = jacobian @ fit.coordinate_covariance @ jacobian.T
        size = np.abs(jacobian) @ np.abs(fit.coordinate_covariance) @ np.abs(jacobian.T)
    covariance[known] = covariance[:, known] = 0.0
    unsure = (weightless & np.isnan(fit.values)) | errorless
    covariance[unsure] = covariance[:, unsure] = np.nan
    same = np.isfinite(size) & (np.abs(fit.covariance - covariance) <= SAME_COVARIANCE * size)
    _refuse(
        not np.all(same | (np.isnan(fit.covariance) & np.isnan(covariance))), "the covariance does not follow from that of the coordinates"
    )
    _refuse(
        not (fit.n_learned == fit.template.n_coordinates() or (at_boundary and fit.n_learned > fit.template.n_coordinates())),
        "the number of parameters learned is not that of the distribution",
    )
    penalty = float(penalty_of(fit.prior, fit.template).at(fit.coordinates))
    _refuse(not math.isclose(fit.penalty, penalty, rel_tol=SAME_VALUE, abs_tol=ROUNDING), "the penalty is not that of the prior")


@program
def _jacobian_and_values(template: Distribution, coordinates: Any) -> Any:
    def values(coordinates: Any) -> Any:
        natural = template.bind(coordinates).values()
        return natural, natural

    return jax.jacfwd(values, has_aux=True)(coordinates)


def check_record(fit: Fit | RegressionFit, counts: dict[str, int]) -> None:
    """Refuse counts of data and steps that no fit has.

    Raises
    ------
    ValueError : the message says which.
    """
    for name, count in counts.items():
        _refuse(type(count) is not int or count < 0, f"the number of {name} must be a whole number, 0 or more; it is {count!r}")
    _refuse(
        not (math.isfinite(fit.n_units) and 0 <= fit.n_failed <= fit.n_units * (1 + ROUNDING)),
        f"of {fit.n_units:g} units {fit.n_failed:g} have failed",
    )
    unseen = fit.n_learned == 0 and fit.n_units == 0
    _refuse(
        not (math.isnan(fit.log_likelihood) if unseen else math.isfinite(fit.log_likelihood)),
        f"the log-likelihood of {fit.n_units:g} units cannot be {fit.log_likelihood}",
    )


def check_covariance(covariance: np.ndarray, name: str) -> None:
    """Refuse a matrix that is the covariance of nothing; nan stands for what is not known.

    Raises
    ------
    ValueError : the message says why.
    """
    variances = np.diag(covariance)
    _refuse(bool(np.any(np.isinf(covariance)) or np.any(variances < 0)), f"the {name} has an infinite entry or a negative variance")
    largest = np.outer(np.sqrt(variances), np.sqrt(variances))
    _refuse(bool(np.any(np.isnan(covariance) != np.isnan(covariance.T))), f"the {name} is not symmetric")
    _refuse(bool(np.any(np.abs(covariance - covariance.T) > SAME_COVARIANCE * largest)), f"the {name} is not symmetric")
    _refuse(bool(np.any(np.abs(covariance) > (1 + NEARLY_SINGULAR) * largest)), f"the {name} has a correlation beyond 1")


def _without_weight(distribution: Distribution) -> list[bool]:
    """For each parameter in order, whether it belongs to a component of a mixture whose weight is known to be 0."""
    if isinstance(distribution, ADDS_ONE):
        return [*_without_weight(distribution.of), False]
    if not isinstance(distribution, Mixture):
        return [False] * len(distribution.parameters())
    marked: list[bool] = []
    for weight, component in zip(distribution.weights, distribution.components, strict=True):
        inner = _without_weight(component)
        marked += [False, *([True] * len(inner) if weight == 0.0 else inner)]
    return marked


def _added_by_wrappers(distribution: Distribution) -> list[bool]:
    """For each parameter in order, whether a wrapper adds it to those of its part: a fraction or a threshold."""
    if not isinstance(distribution, ADDS_ONE):
        return [False] * len(distribution.parameters())
    return [*_added_by_wrappers(distribution.of), True]


def _refuse(wrong: bool, why: str) -> None:
    if wrong:
        raise ValueError(f"{why}.")
