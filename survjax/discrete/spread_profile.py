"""Limits of the spread of a random coefficient by its profile likelihood, which a boundary at 0 does not disturb."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri

from survjax.discrete.estimation import DiscreteFit
from survjax.engine.ascent import ascend
from survjax.engine.estimation import Problem
from survjax.errors import NotConverged
from survjax.numerics.newton import Evaluation

FIRST_STEP = 0.2  # of the score, where the estimate has no error to go by
LARGEST = 100.0  # of the score: an odds ratio of e^100 between units
PRECISION = 1e-4  # of a limit, in standard errors


@dataclass(frozen=True)
class SpreadProfile:
    """The likelihood of a spread, all else at its best, of the data of a fit."""

    fit: DiscreteFit
    problem: Problem

    def limits(self, name: str, level: float) -> tuple[float, float]:
        """The spreads of this coefficient that a likelihood ratio at ``level`` does not refute, in the user's unit.

        The lower one is 0 where units may be alike, the upper one infinite where no spread is refuted.

        Raises
        ------
        NotConverged : the rest of the fit reached no maximum at some spread.
        """
        fit, index = self.fit, self.fit.predictor.random.index(name)
        place = len(fit.coordinates) - len(fit.predictor.random) + index
        reach, estimate = float(np.sqrt(chdtri(1.0, 1.0 - level))), abs(float(fit.coordinates[place]))
        error = float(np.sqrt(fit.covariance_inside[place, place])) or FIRST_STEP
        # the root of the likelihood ratio is nearly a line in the spread, which a search follows in a few steps
        known = {estimate: -reach, 0.0: float(np.sqrt(fit.likelihood_ratios[name])) - reach}
        best = fit.coordinates.copy()

        def beyond(spread: float) -> float:
            if spread not in known:
                best[place] = spread
                lost = fit.log_likelihood - self._highest(place, best)
                known[spread] = float(np.sqrt(max(2.0 * lost, 0.0))) - reach
            return known[spread]

        lower = brentq(beyond, 0.0, estimate, xtol=PRECISION * error) if known[0.0] > 0.0 else 0.0
        near, far = estimate, estimate + 1.2 * reach * error
        while beyond(far) < 0.0 and far < LARGEST:
            near, far = far, estimate + 2.0 * (far - estimate)
        upper = brentq(beyond, near, far, xtol=PRECISION * error) if known[far] >= 0.0 else np.inf
        return lower / float(fit.predictor.spread[index]), upper / float(fit.predictor.spread[index])

    def _highest(self, place: int, point: np.ndarray) -> float:
        """The log-likelihood with this coordinate held, the others at their best, which ``point`` then has."""
        free = np.arange(len(point)) != place

        def evaluate(others: np.ndarray) -> Evaluation:
            point[free] = others
            here = self.problem.evaluate(point)
            return here._replace(gradient=here.gradient[:, free], hessian=here.hessian[:, free][:, :, free])

        end = ascend(evaluate, point[free], self.problem.space.sized[free])
        if not end.arrived:
            raise NotConverged(f"with {self.fit.predictor.names[place]} held the rest of the fit stopped with {end.reason!r}.", self.fit)
        point[free] = end.point
        return -float(end.evaluation.value[0]) * self.problem.n_units
