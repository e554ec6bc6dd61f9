"""Coordinates in which one of several learned weights is one of them, so that it can be held while the others share what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import logsumexp, softmax

from survjax.fitting.estimation import Problem
from survjax.numerics.newton import Evaluation


@dataclass
class WeightChart(Problem):
    r"""A problem whose log-ratios of weights are exchanged for the log odds of one weight, and the log-ratios of the others.

    Of m + 1 learned weights the coordinates are :math:`a_i = \log w_i / w_m`. Here, for the weight j, the first of these places holds
    :math:`x = \log w_j / \sum_{i \ne j} w_i`, and the others :math:`y_i = \log w_i / w_r`, r being the last of the others, so that

    .. math:: \log w_j / w_r = x + \log\left(1 + \sum_i e^{y_i}\right)

    Attributes
    ----------
    whole : the problem in its own coordinates.
    places (m,) : of the log-ratios among these. which : j, counted among the weights learned.
    """

    whole: Problem = field(kw_only=True)
    places: np.ndarray = field(kw_only=True)
    which: int = field(kw_only=True)

    @classmethod
    def of(cls, whole: Problem, places: np.ndarray, which: int) -> WeightChart:
        held = (whole.template, whole.data, whole.n_failed, whole.n_exact, whole.unit, whole.lanes)
        return cls(*held, prior=whole.prior, whole=whole, places=places, which=which)

    def from_whole(self, point: np.ndarray) -> np.ndarray:
        """The point here (p,) that is ``point`` of the whole problem."""
        ratios = np.append(point[self.places], 0.0)
        others = np.delete(ratios, self.which)
        moved = point.copy()
        moved[self.places] = np.append(ratios[self.which] - logsumexp(others), others[:-1] - others[-1])
        return moved

    def to_whole(self, point: np.ndarray) -> np.ndarray:
        """And back."""
        x, others = point[self.places[0]], np.append(point[self.places[1:]], 0.0)
        ratios = np.insert(others, self.which, x + logsumexp(others))
        moved = point.copy()
        moved[self.places] = ratios[:-1] - ratios[-1]
        return moved

    def evaluate(self, points: np.ndarray, active: np.ndarray) -> Evaluation:
        """As that of the whole problem at points (l, p), which are all the same, with derivatives in the coordinates here."""
        point = points[0]
        found = self.whole.evaluate(np.tile(self.to_whole(point), (self.lanes, 1)), active)
        shares = softmax(np.append(point[self.places[1:]], 0.0))[:-1]
        m = len(self.places)
        slopes = np.insert(np.vstack([np.eye(m)[1:], np.zeros(m)]), self.which, np.append(1.0, shares), axis=0)
        jacobian = np.eye(len(point))
        jacobian[np.ix_(self.places, self.places)] = slopes[:-1] - slopes[-1]
        # of the log-ratios only that of the weight held is curved; where it is the last, all are taken to it
        gradient = found.gradient[:, self.places]
        pull = -gradient.sum(axis=1) if self.which == m else gradient[:, self.which]
        curved = np.zeros((len(point), len(point)))
        curved[np.ix_(self.places[1:], self.places[1:])] = np.diag(shares) - np.outer(shares, shares)
        hessian = jacobian.T @ found.hessian @ jacobian + pull[:, None, None] * curved
        return found._replace(gradient=found.gradient @ jacobian, hessian=hessian)
