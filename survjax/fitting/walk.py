"""Away from a maximum with one coordinate held, the others at their best: where a likelihood has fallen so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from survjax.errors import NotConverged
from survjax.numerics.newton import Descent, Evaluation

SAME_VALUE = 1e-6  # in log-likelihood: what the limits are unsure of by the fit's own stop rule
FARTHEST = 41.0  # in log parameters, a factor of 6e17: what lies beyond is the end of the range
MOST_DOUBLINGS = 60  # of the first reach, for a parameter that may be any number
SHORTEST = 1e-10  # of the first reach
CLOSE = 1e-9  # of the signed root of the fall, where a crossing is found: nine digits of the limit's distance


class Place(NamedTuple):
    """A value of the coordinate in question, the others at their best, and how far twice the log-likelihood falls to there."""

    at: float
    point: np.ndarray
    fall: float


@dataclass
class Walk:
    """A maximum, and how to walk away from it with one coordinate held.

    Attributes
    ----------
    evaluate : (p,) -> what is to be as small as it can, the mean negative log-likelihood of ``per_unit``, as an ``Evaluation`` of one lane.
    best (p,) : where walks begin. height : the maximum of the log-likelihood.
    errors (p,) : standard errors of the coordinates, 1 where there is none.
    endless (p,) : 1 or -1 where the coordinate at the maximum is infinite, the parameter being at that end of its range; else 0.
    real (p,) : whether the coordinate is a parameter that may be any number, not a logarithm.
    stuck (p,) : whether the maximum is at an edge that the data set, where the likelihood still rises; held while others are looked at.
    """

    evaluate: Callable[[np.ndarray], Evaluation]
    best: np.ndarray
    height: float
    per_unit: float
    errors: np.ndarray
    endless: np.ndarray
    real: np.ndarray
    stuck: np.ndarray

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
        fall = 2.0 * (self.height + float(evaluation.value[0]) * self.per_unit)
        if fall < -2.0 * SAME_VALUE * max(1.0, abs(self.height)):
            raise NotConverged(
                f"the likelihood rises by {-0.5 * fall:.3g} above that of the fit on the way to a limit: the fit is not its highest "
                "maximum, or a component is on its way to a single failure age. Fit again with more starts, or use Wald limits."
            )
        return Place(at, with_held(rest), fall)

    def crossing(self, index: int, direction: float, reach: float) -> Place | None:
        """Where the profile of a coordinate has fallen by reach²; None where it never does."""
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
        while step > SHORTEST * first:
            place = self.place(index, inner.at + direction * step, inner.point)
            if place is None:  # beyond what the data allow, or too long a step
                step *= 0.5
                continue
            if place.fall >= reach**2:
                return self._between(index, inner, place, reach)
            inner, step, doublings = place, 2.0 * step, doublings + 1
            if doublings > MOST_DOUBLINGS or (not self.real[index] and abs(inner.at - begin) > FARTHEST):
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
