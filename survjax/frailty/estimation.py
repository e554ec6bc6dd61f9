"""Maximum likelihood for a shared frailty, its boundary included: no variance."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import jax
import numpy as np
from scipy.optimize import brentq

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.fitting.estimation import ARRIVED, unit_of_time
from survjax.fitting.fit import fit_distribution
from survjax.fitting.inference import normal_quantile
from survjax.frailty.groups import Groups, blocks_of
from survjax.frailty.likelihood import GroupedProblem
from survjax.numerics.newton import Descent, Evaluation
from survjax.regression.cause_specific import without_covariates
from survjax.regression.estimation import RegressionFit, fit_regression, inverse
from survjax.regression.predictors import Predictors

STARTS = (0.3, 2.0, 0.03)  # variances
SAME_VALUE = 1e-7  # in log-likelihood
LARGEST = 1e6  # a variance beyond is on its way to infinity
NEARLY_NONE = 1e-10  # and one below on its way to 0
CLOSE = 1e-9  # in the logarithm of a variance, at a limit
FIRST_REACH = 0.5  # in it, where there is no standard error


@dataclass(frozen=True, eq=False)
class GroupStates:
    """What the rows of a fit tell of each of k groups.

    Attributes
    ----------
    labels : what they are called. failures, expected (k,) : failures, and the sum of the cumulative hazards of their units.
    slopes (k, q) : of the latter in the coefficients.
    nodes : where some failed within intervals, values of the frailty (k, m) and what share of what is known of it each stands for (k, m).
    """

    labels: tuple
    failures: np.ndarray
    expected: np.ndarray
    slopes: np.ndarray
    nodes: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class FrailtyFit:
    """What a fit learned, times in the user's unit, coefficients those of standardised columns.

    Attributes
    ----------
    kind : of the frailty. variance : 0 at the boundary.
    fit : coefficients and likelihood; ``independent_log_likelihood`` is that without frailty.
    covariance (q + 1, q + 1) : of coefficients and log variance; 0 of the latter at the boundary, where it has none.
    groups : what is known of each. alone : whether every group is one unit.
    limits : of the variance by profile likelihood, by level, as far as they have been asked for.
    """

    kind: str
    fit: RegressionFit
    variance: float
    covariance: np.ndarray
    independent_log_likelihood: float
    groups: GroupStates
    alone: bool
    limits: dict[float, tuple[float, float]] = field(default_factory=dict)

    @property
    def at_boundary(self) -> bool:
        return self.variance == 0.0

    @property
    def statistic(self) -> float:
        """Twice by how much the log-likelihood is higher than without frailty."""
        return 2.0 * (self.fit.log_likelihood - self.independent_log_likelihood)


@dataclass(frozen=True, eq=False)
class Profile:
    """The problem of a fit, to walk from its maximum with the variance held; ``best`` is there (q + 1,), ``height`` the log-likelihood.

    At the boundary ``best`` ends with minus infinity. ``without`` is the maximum without frailty.
    """

    problem: GroupedProblem
    best: np.ndarray
    height: float
    without: float
    error: float

    def at(self, log_variance: float, coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        """The highest log-likelihood at a variance, and the coefficients (q,) there, looked for from others."""

        def of_others(points: np.ndarray, active: np.ndarray) -> Evaluation:
            full = self.problem.evaluate(np.append(points[0], log_variance)[None], active)
            return full._replace(gradient=full.gradient[:, :-1], hessian=full.hessian[:, :-1, :-1])

        descent = Descent(of_others, coefficients[None]).run()
        return -float(descent.evaluation.value[0]) * self.problem.n_failed, descent.points[0]

    def limits(self, level: float) -> tuple[float, float]:
        r"""The variances at which twice the log-likelihood has fallen by :math:`z^2` from its maximum; 0 where it never does.

        An interval that excludes 0 is one at which the two-sided test would; the half-and-half test of variance 0 is one-sided.
        """
        reach = normal_quantile(0.5 * (1.0 + level))
        begin = float(self.best[-1]) if np.isfinite(self.best[-1]) else math.log(STARTS[-1])
        near = self.best[:-1]

        def excess(log_variance: float) -> float:
            nonlocal near
            value, near = self.at(log_variance, near)
            return math.sqrt(max(2.0 * (self.height - value), 0.0)) - reach

        found = [0.0, math.inf]
        for side, sign in ((0, -1.0), (1, 1.0)):
            if sign < 0 and 2.0 * (self.height - self.without) <= reach**2:
                continue
            near = self.best[:-1]
            inner, step = begin, self.error * reach
            outer = inner + sign * step
            while excess(outer) < 0.0 and math.log(NEARLY_NONE) < outer < math.log(LARGEST):
                inner, step = outer, 2.0 * step
                outer = inner + sign * step
            if math.log(NEARLY_NONE) < outer < math.log(LARGEST):
                if not np.isfinite(self.best[-1]) and excess(inner) > 0.0:  # of a boundary the limit may lie below the first place
                    inner = math.log(NEARLY_NONE)
                found[side] = math.exp(brentq(excess, inner, outer, xtol=CLOSE))
        return found[0], found[1]


def fit_frailty(
    kind: str,
    base: Distribution,
    predictors: Predictors,
    covariates: np.ndarray,
    life: Lifetimes,
    groups: Groups,
    *,
    require_convergence: bool = True,
) -> tuple[FrailtyFit, Profile]:
    """The highest maximum over variances of 0 and more.

    Raises
    ------
    NoFiniteMaximum : without frailty no estimate exists; or the likelihood rises as the variance grows without end.
    NotConverged : the optimiser stopped short.
    """
    if predictors.each:
        alone = fit_regression(base, predictors, covariates, life, require_convergence=require_convergence)
    else:  # what a law has of boundaries, spikes and starts its own fit knows
        alone = without_covariates(fit_distribution(base, life, require_convergence=require_convergence))
        predictors = alone.predictors
    unit = unit_of_time(base, life) if predictors.follow_unit_of_time() else 1.0
    inner = predictors.with_template(jax.tree.map(lambda value: np.asarray(value, float), predictors.template.rescaled(1.0 / unit)))
    problem = GroupedProblem.of(kind, inner.template, inner.layout, blocks_of(groups, life, covariates, unit), life.n_failed)
    start = inner.rescaled(alone.coefficients, 1.0 / unit)[0]
    without = problem.log_likelihood(start, 0.0)
    descents = []
    for variance in STARTS:
        descents.append(Descent(problem.evaluate, np.append(start, math.log(variance))[None]).run())
        if descents[-1].reasons[0] in ARRIVED and _value(descents[-1], problem) > without + SAME_VALUE:
            break
    best = max(descents, key=lambda one: (one.reasons[0] in ARRIVED, _value(one, problem)))
    height, point = _value(best, problem), best.points[0]
    arrived = best.reasons[0] in ARRIVED and point[-1] > math.log(NEARLY_NONE)
    to_user = float(life.n_exact * np.log(unit))
    if height <= without + SAME_VALUE:
        states = _states(problem, groups, start, inner, unit, 0.0)
        covariance = np.zeros((len(start) + 1,) * 2)
        covariance[:-1, :-1] = alone.covariance
        found = FrailtyFit(kind, alone, 0.0, covariance, alone.log_likelihood, states, groups.alone)
        return found, Profile(problem, np.append(start, -np.inf), without, without, FIRST_REACH)
    if not arrived:
        _refuse(best, point, require_convergence)
    coefficients, slope = inner.rescaled(point[:-1], unit)
    covariance = inverse(best.evaluation.hessian[0] * problem.n_failed) if arrived else np.full((len(point), len(point)), np.nan)
    covariance = covariance * np.outer(np.append(slope, 1.0), np.append(slope, 1.0))
    fit = RegressionFit(
        predictors=predictors,
        coefficients=coefficients,
        covariance=covariance[:-1, :-1],
        log_likelihood=height - to_user,
        n_units=alone.n_units,
        n_failed=alone.n_failed,
        reason=str(best.reasons[0]),
        n_steps=int(best.n_steps[0]),
        path=np.zeros((0, len(coefficients))),
        notes=list(alone.notes),
    )
    variance = math.exp(point[-1])
    states = _states(problem, groups, point[:-1], inner, unit, variance)
    found = FrailtyFit(kind, fit, variance, covariance, without - to_user, states, groups.alone)
    error = float(np.sqrt(covariance[-1, -1])) if arrived else FIRST_REACH
    return found, Profile(problem, point, height, without, error)


def _value(descent: Descent, problem: GroupedProblem) -> float:
    value = -float(descent.evaluation.value[0]) * problem.n_failed
    return value if np.isfinite(value) else -math.inf


def _refuse(best: Descent, point: np.ndarray, require_convergence: bool) -> None:
    if point[-1] > math.log(LARGEST):
        raise NoFiniteMaximum(
            "no estimate exists: the likelihood keeps rising as the variance of the frailty grows without end. So few failures repeat "
            "within groups that the variance is told by the shape of the base alone: give the base a known shape, or leave the frailty out."
        )
    if require_convergence:
        raise NotConverged(
            f"the fit stopped without reaching a maximum: {best.reasons[0]}, after {int(best.n_steps[0])} steps, at a variance of "
            f"{math.exp(point[-1]):.4g}. Leave columns out, or take a simpler base."
        )


def _states(
    problem: GroupedProblem, groups: Groups, coefficients: np.ndarray, inner: Predictors, unit: float, variance: float
) -> GroupStates:
    """What is known of each group at coefficients in the inner unit; slopes are those in the user's coefficients."""
    failures, expected, slopes = problem.expected(coefficients, groups.n)
    nodes = problem.nodes(coefficients, variance, groups.n)
    return GroupStates(groups.labels, failures, expected, slopes / inner.rescaled(coefficients, unit)[1], nodes)
