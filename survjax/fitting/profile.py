"""Limits of a parameter by its profile likelihood: the best of the others for each value it may have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, Mixture
from survjax.errors import NotConverged
from survjax.fitting.estimation import Fit, Problem, pose
from survjax.fitting.inference import normal_quantile
from survjax.fitting.search import LANES
from survjax.fitting.weight_chart import WeightChart
from survjax.numerics.newton import Descent, Evaluation
from survjax.parameters import RealDomain, ShareDomain, VarianceDomain

SAME_VALUE = 1e-6  # in log-likelihood: what the limits are unsure of by the fit's own stop rule
FARTHEST = 41.0  # in log parameters, a factor of 6e17: what lies beyond is the end of the range
MOST_DOUBLINGS = 60  # of the first reach, for a parameter that may be any number
SHORTEST = 1e-10  # of the first reach
BESIDE_THE_BOUNDARY = 4.0  # the coordinate, a fraction of 98 % or a variance of 0.02, from which 1 or 0 is looked at
STEEP = 1e-3  # slope of the mean log-likelihood in a coordinate, beyond what a maximum has
CLOSE = 1e-9  # of the signed root of the fall, where a crossing is found: nine digits of the limit's distance


class Place(NamedTuple):
    """A value of the coordinate in question, the others at their best, and how far twice the log-likelihood falls to there."""

    at: float
    point: np.ndarray
    fall: float


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
        walk = profile.along(row, fit)
        if parameter.value is not None or walk is None:
            continue
        with np.errstate(over="ignore", divide="ignore"):
            ends = [float(parameter.domain.moved(0.5, 1.0, far)) for far in (-np.inf, np.inf)]
        rises = walk.slope_of[row] > 0.0
        for limits, end, up in ((lower, ends[0], not rises), (upper, ends[1], rises)):
            wanted = side == "two" or (side == "lower") == (limits is lower)
            place = walk.crossing(row, 1.0 if up else -1.0, reach) if wanted else None
            limits[row] = end if place is None else walk.value_at(row, place)
    return lower, upper


@dataclass
class Profile:
    """A problem at its maximum, and how to walk away from there with one coordinate held.

    Attributes
    ----------
    best (p,) : where the walks begin, in the coordinates of the problem; height : the maximum of the log-likelihood, as the problem
        counts it.
    errors (p,) : standard errors of the coordinates, 1 where there is none.
    coordinate_of, slope_of : for each row of ``parameters()`` that one coordinate moves, which, and the derivative.
    endless (p,) : 1 or -1 where the coordinate at the maximum is infinite, the parameter being at that end of its range; else 0.
    weights : for each row that is one of three or more learned weights, their coordinates and which of them it is.
    stuck (p,) : whether the maximum is at an edge that the data set, where the likelihood still rises; held while others are looked at.
    """

    problem: Problem
    best: np.ndarray
    height: float
    errors: np.ndarray
    coordinate_of: dict[int, int]
    slope_of: dict[int, float]
    endless: np.ndarray
    stuck: np.ndarray
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
        profile = cls(problem, best, height, errors, coordinate_of, slope_of, endless, np.zeros(p, dtype=bool), weights)
        if problem.n_failed and len(inside) < p:
            steep = np.abs(profile.evaluate(best).gradient[0]) > STEEP
            profile.stuck[:] = steep & (endless == 0.0) & ~np.isin(np.arange(p), inside)
        return profile

    def along(self, row: int, fit: Fit) -> Profile | None:
        """The walks along a parameter: these or, for one of several weights, those in coordinates of which it is one; None for no walk."""
        if row not in self.weights:
            return self if row in self.coordinate_of else None
        places, which = self.weights[row]
        chart = WeightChart.of(self.problem, places, which)
        taken = sum(fit.values[other] for other, (own, _) in self.weights.items() if np.array_equal(own, places))
        share = fit.values[row] / taken
        errors = self.errors.copy()
        errors[places[0]] = np.sqrt(fit.covariance[row, row]) / taken / (share * (1.0 - share))
        best = chart.from_whole(self.best)
        return replace(self, problem=chart, best=best, errors=errors, coordinate_of={row: int(places[0])}, slope_of={row: 1.0})

    def evaluate(self, point: np.ndarray) -> Evaluation:
        lanes = self.problem.lanes
        evaluation = self.problem.evaluate(np.tile(point, (lanes, 1)), np.arange(lanes) == 0)
        return jax.tree.map(lambda array: array[:1], evaluation)

    def value_at(self, row: int, place: Place) -> float:
        inside = float(self.evaluate(place.point).extras.values[0, row])
        domain = list(self.problem.template.parameters().values())[row].domain
        return float(domain.rescaled(inside, self.problem.unit))

    def place(self, index: int, at: float, near: np.ndarray) -> Place | None:
        """The best of the other coordinates with one held, looked for from ``near``; None where the likelihood is not finite."""
        start = near.copy()
        start[index] = at
        others = (np.arange(len(start)) != index) & ~self.stuck

        def with_held(rest: np.ndarray) -> np.ndarray:
            point = start.copy()
            point[others] = rest
            return point

        def of_others(points: np.ndarray, _: np.ndarray) -> Evaluation:
            full = self.evaluate(with_held(points[0]))
            return full._replace(gradient=full.gradient[:, others], hessian=full.hessian[:, others][:, :, others])

        if not others.any():
            evaluation, rest = of_others(np.zeros((1, 0)), np.ones(1)), np.zeros(0)
        else:
            descent = Descent(of_others, start[others][None]).run()
            evaluation, rest = descent.evaluation, descent.points[0]
        if not evaluation.is_finite()[0]:
            return None
        fall = 2.0 * (self.height + float(evaluation.value[0]) * self.problem.per_unit)
        if fall < -2.0 * SAME_VALUE * max(1.0, abs(self.height)):
            raise NotConverged(
                f"the likelihood rises by {-0.5 * fall:.3g} above that of the fit on the way to a limit: the fit is not its highest "
                "maximum, or a component is on its way to a single failure age. Fit again with more starts, or use Wald limits."
            )
        return Place(at, with_held(rest), fall)

    def crossing(self, row: int, direction: float, reach: float) -> Place | None:
        """Where the profile has fallen by reach²; None where it never does."""
        index = self.coordinate_of[row]
        inner = Place(float(self.best[index]), self.best, 0.0)
        if self.endless[index]:
            if direction == self.endless[index]:
                return None
            first = self.place(index, inner.at, inner.point)
            if first is None:
                raise NotConverged("the likelihood beside the boundary is not finite; use Wald limits.")
            if first.fall >= reach**2:
                return self._between(index, self._towards_the_boundary(index, first, reach), first, reach)
            inner = first
        return self._outward(index, inner, direction, reach)

    def _towards_the_boundary(self, index: int, outer: Place, reach: float) -> Place:
        place: Place | None = outer
        while place is not None and place.fall >= reach**2:
            outer = place
            place = self.place(index, outer.at + self.endless[index], outer.point)
        if place is None:
            raise NotConverged("the likelihood beside the boundary is not finite; use Wald limits.")
        return place

    def _outward(self, index: int, inner: Place, direction: float, reach: float) -> Place | None:
        first = step = max(reach * float(self.errors[index]), 1e-6)
        begin, doublings = inner.at, 0
        real = isinstance(self.problem.template.coordinate_domains()[index], RealDomain)
        while step > SHORTEST * first:
            place = self.place(index, inner.at + direction * step, inner.point)
            if place is None:  # beyond what the data allow, or too long a step
                step *= 0.5
                continue
            if place.fall >= reach**2:
                return self._between(index, inner, place, reach)
            inner, step, doublings = place, 2.0 * step, doublings + 1
            if doublings > MOST_DOUBLINGS or (not real and abs(inner.at - begin) > FARTHEST):
                return None
        return inner  # the data allow no value beyond, so that the profile ends before it has fallen

    def _between(self, index: int, inner: Place, outer: Place, reach: float) -> Place:
        """The crossing between two places, by the secant of the root of the fall (a line near the maximum), halving where it lags."""

        def excess(place: Place) -> float:
            return float(np.sqrt(max(place.fall, 0.0))) - reach

        low, high = (inner, excess(inner)), (outer, excess(outer))
        nearest = outer
        for turn in range(100):
            share = low[1] / (low[1] - high[1])
            if turn % 3 == 2:
                share = 0.5
            at = low[0].at + share * (high[0].at - low[0].at)
            place = self.place(index, at, low[0].point)
            if place is None:
                high = (high[0]._replace(at=at), high[1])
                continue
            nearest = place
            gap = excess(place)
            if abs(gap) < CLOSE or at in (low[0].at, high[0].at):
                break
            low, high = (low, (place, gap)) if gap > 0 else ((place, gap), high)
        return nearest


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
