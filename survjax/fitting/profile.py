"""Limits of a parameter by its profile likelihood: the best of the others for each value it may have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import jax
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, Mixture
from survjax.fitting.estimation import Fit, Problem, pose
from survjax.fitting.inference import normal_quantile
from survjax.fitting.search import LANES
from survjax.fitting.walk import Place, Walk
from survjax.fitting.weight_chart import WeightChart
from survjax.numerics.newton import Evaluation
from survjax.parameters import RealDomain, ShareDomain, VarianceDomain

BESIDE_THE_BOUNDARY = 4.0  # the coordinate, a fraction of 98 % or a variance of 0.02, from which 1 or 0 is looked at
STEEP = 1e-3  # slope of the mean log-likelihood in a coordinate, beyond what a maximum has


def profile_limits(template: Distribution, fit: Fit, life: Lifetimes, level: float, side: str = "two") -> tuple[np.ndarray, np.ndarray]:
    r"""Lower and upper limit of every parameter by its profile likelihood, (m,) each, in the order of ``fit.names``.

    The limits enclose the values :math:`\theta_j` with

    .. math:: 2\,\{\max_\theta \ell(\theta) - \max_{\theta : \theta_j \text{ fixed}} \ell(\theta)\} \le z^2

    z being the normal quantile of (1 + level) / 2, or of ``level`` for a bound on one ``side``. Where the likelihood never falls so
    far, the limit is the end of the parameter's range. Known parameters are their own limits. With a prior the likelihood is the
    penalised one.

    The others are found anew at each value by Newton's method in the remaining coordinates; where three or more weights are learned, those
    not in question share what that one leaves (``weight_chart``). Venzon & Moolgavkar (1988), Applied
    Statistics 37, 87, describe the limits, and a way to them by Newton in all coordinates at once; here each is looked for along the
    profile, which asks for more steps and does not lose its way.

    Parameters
    ----------
    template : what was to be learned, with None also for what the fit has at the end of its range, or holds.

    Raises
    ------
    ValueError : a mixture that turned out to have fewer components.
    NotConverged : the profile rises above the fit, which then was not the highest maximum.
    """
    reach = normal_quantile(0.5 * (1.0 + level) if side == "two" else level)
    profile = Profile.of(template, fit, life)
    lower, upper = fit.values.copy(), fit.values.copy()
    for row, parameter in enumerate(template.parameters().values()):
        own = profile.along(row, fit)
        if parameter.value is not None or own is None:
            continue
        with np.errstate(over="ignore", divide="ignore"):
            ends = [float(parameter.domain.moved(0.5, 1.0, far)) for far in (-np.inf, np.inf)]
        rises = own.slope_of[row] > 0.0
        for limits, end, up in ((lower, ends[0], not rises), (upper, ends[1], rises)):
            wanted = side == "two" or (side == "lower") == (limits is lower)
            place = own.walk.crossing(own.coordinate_of[row], 1.0 if up else -1.0, reach) if wanted else None
            limits[row] = end if place is None else own.value_at(row, place)
    return lower, upper


@dataclass
class Profile:
    """A problem at its maximum, and which walk away from there is along which parameter.

    Attributes
    ----------
    walk : in the coordinates of the problem.
    coordinate_of, slope_of : for each row of ``parameters()`` that one coordinate moves, which, and the derivative.
    weights : for each row that is one of three or more learned weights, their coordinates and which of them it is.
    """

    problem: Problem
    walk: Walk
    coordinate_of: dict[int, int]
    slope_of: dict[int, float]
    weights: dict[int, tuple[np.ndarray, int]]

    @classmethod
    def of(cls, template: Distribution, fit: Fit, life: Lifetimes) -> Profile:
        lanes = LANES if isinstance(template, Mixture) else 1  # the shape of the fit's own program
        problem = pose(template, life, lanes, prior=fit.prior)
        p = template.n_coordinates()
        coordinate_of, slope_of, weights = _coordinates_of_parameters(problem, template, fit)
        height = fit.penalised + problem.n_exact * float(np.log(problem.unit))
        best, errors, endless = np.zeros(p), np.ones(p), np.zeros(p)
        domains = template.coordinate_domains()
        at_inside: list[int] = []
        for row, held in enumerate(_known(fit.template)):
            if row in weights:
                at_inside += list(weights[row][0])
            if row not in coordinate_of:
                continue
            index = coordinate_of[row]
            if not held:
                at_inside.append(index)
            elif isinstance(domains[index], (ShareDomain, VarianceDomain)):  # at one of its ends, which has no coordinate
                endless[index] = 1.0 if fit.values[row] > 0.5 else -1.0
                best[index] = endless[index] * BESIDE_THE_BOUNDARY
            else:
                best[index] = domains[index].coordinate_rescaled(domains[index].to_real(fit.values[row]), 1.0 / problem.unit)
        inside = np.unique(np.array(at_inside, dtype=int))
        best[inside] = [domains[i].coordinate_rescaled(c, 1.0 / problem.unit) for i, c in zip(inside, fit.coordinates, strict=True)]
        slopes = np.array([domains[i].coordinate_slope(1.0 / problem.unit) for i in inside])
        found = np.sqrt(np.diag(fit.coordinate_covariance)) * slopes
        errors[inside] = np.where(np.isfinite(found) & (found > 0), found, 1.0)
        real = np.array([isinstance(domain, RealDomain) for domain in domains], dtype=bool)
        stuck = np.zeros(p, dtype=bool)
        if problem.n_failed and len(inside) < p:
            steep = np.abs(_evaluated(problem, best).gradient[0]) > STEEP
            stuck = steep & (endless == 0.0) & ~np.isin(np.arange(p), inside)
        walk = Walk(partial(_evaluated, problem), best, height, problem.per_unit, errors, endless, real, stuck)
        return cls(problem, walk, coordinate_of, slope_of, weights)

    def along(self, row: int, fit: Fit) -> Profile | None:
        """The walks along a parameter: these or, for one of several weights, those in coordinates of which it is one; None for no walk."""
        if row not in self.weights:
            return self if row in self.coordinate_of else None
        places, which = self.weights[row]
        chart = WeightChart.of(self.problem, places, which)
        taken = sum(fit.values[other] for other, (own, _) in self.weights.items() if np.array_equal(own, places))
        share = fit.values[row] / taken
        errors = self.walk.errors.copy()
        errors[places[0]] = np.sqrt(fit.covariance[row, row]) / taken / (share * (1.0 - share))
        walk = replace(self.walk, evaluate=partial(_evaluated, chart), best=chart.from_whole(self.walk.best), errors=errors)
        return replace(self, problem=chart, walk=walk, coordinate_of={row: int(places[0])}, slope_of={row: 1.0})

    def value_at(self, row: int, place: Place) -> float:
        inside = float(_evaluated(self.problem, place.point).extras.values[0, row])
        domain = list(self.problem.template.parameters().values())[row].domain
        return float(domain.rescaled(inside, self.problem.unit))


def _evaluated(problem: Problem, point: np.ndarray) -> Evaluation:
    evaluation = problem.evaluate(np.tile(point, (problem.lanes, 1)), np.arange(problem.lanes) == 0)
    return jax.tree.map(lambda array: array[:1], evaluation)


def _known(template: Distribution) -> list[bool]:
    return [parameter.value is not None for parameter in template.parameters().values()]


def _coordinates_of_parameters(
    problem: Problem, template: Distribution, fit: Fit
) -> tuple[dict[int, int], dict[int, float], dict[int, tuple[np.ndarray, int]]]:
    """Which one coordinate moves each learned parameter, and its derivative; or, of weights, which several: read off the Jacobian."""
    if len(fit.values) != len(_known(template)) or np.isnan(fit.values).any():
        raise ValueError("profile limits need every component; this mixture turned out to have fewer. Fit it with as many as it has.")
    p = template.n_coordinates()
    lanes = problem.lanes
    jacobian = problem.evaluate(np.zeros((lanes, p)), np.arange(lanes) == 0).extras.jacobian[0]
    coordinate_of, slope_of = {}, {}
    weights: dict[int, tuple[np.ndarray, int]] = {}
    for row, known in enumerate(_known(template)):
        moved_by = np.flatnonzero(jacobian[row])
        if known or not moved_by.size:
            continue
        if moved_by.size > 1:
            weights[row] = moved_by, sum(np.array_equal(moved_by, others) for others, _ in weights.values())
            continue
        coordinate_of[row], slope_of[row] = int(moved_by[0]), float(jacobian[row, moved_by[0]])
    return coordinate_of, slope_of, weights
