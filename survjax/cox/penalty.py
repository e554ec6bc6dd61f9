"""The elastic net: what a coefficient costs."""

from __future__ import annotations

import numbers
from typing import Any, NamedTuple

import numpy as np

MOST_SWEEPS = 10_000
SETTLED = 1e-10  # a sweep that moves no coefficient by more of the largest has found which of them are 0


class ElasticNet(NamedTuple):
    """Strength times (l1_ratio sum |b| + (1 - l1_ratio) / 2 sum b^2): ``lasso`` and ``ridge`` are the two factors."""

    lasso: float
    ridge: float

    def cost(self, beta: np.ndarray) -> float:
        return self.lasso * float(np.abs(beta).sum()) + 0.5 * self.ridge * float(beta @ beta)

    def step(self, beta: np.ndarray, gradient: np.ndarray, information: np.ndarray) -> np.ndarray:
        """From beta (p,) to the maximum of the quadratic that the log-likelihood looks like there, less the cost.

        gradient : (p,), information : (p, p) of the log-likelihood, without the cost. Raises numpy.linalg.LinAlgError if it has none.
        """
        curvature = information + self.ridge * np.eye(len(beta))
        if not self.lasso:
            return np.linalg.solve(curvature, gradient - self.ridge * beta)
        slope = information @ beta + gradient
        found = self._by_coordinates(curvature, slope, beta.copy())
        active = np.flatnonzero(found)
        # with the signs known the rest is linear, and exact where sweeps are not
        exact = np.zeros_like(found)
        exact[active] = np.linalg.solve(curvature[np.ix_(active, active)], slope[active] - self.lasso * np.sign(found[active]))
        return (exact if np.array_equal(np.sign(exact), np.sign(found)) else found) - beta

    def _by_coordinates(self, curvature: np.ndarray, slope: np.ndarray, z: np.ndarray) -> np.ndarray:
        left = slope - curvature @ z
        for _ in range(MOST_SWEEPS):
            moved = 0.0
            for j in np.flatnonzero(np.diag(curvature)):  # a column that never differs stays at 0
                pull = left[j] + curvature[j, j] * z[j]
                new = np.sign(pull) * max(abs(pull) - self.lasso, 0.0) / curvature[j, j]
                if new != z[j]:
                    left -= curvature[j] * (new - z[j])
                    moved = max(moved, abs(new - z[j]))
                    z[j] = new
            if moved <= SETTLED * np.abs(z).max(initial=0.0):
                break
        return z

    def duality_gap(self, beta: np.ndarray, value: float, gradient: np.ndarray, bound: float) -> float:
        r"""By how much the penalised log-likelihood at beta may be below its maximum (Fenchel duality), without trust in the search.

        With :math:`f = -\ell` and slopes u = f'(eta) in the scores, any penalised cost is at least :math:`-f^*(u) - \Omega^*(-X'u)`, and
        :math:`f^*(u) = u'\eta - f`. With a share of ridge :math:`\Omega^*` is finite everywhere. A lasso alone needs slopes of which no
        column's sum is beyond it: u shrunk by a factor s. f is linear in the scores of those who fail, plus a g; so that s u are the
        slopes of g shrunk by s towards those at which who fail have all the risk, and by convexity
        :math:`f^*(s u) \le s f^*(u) + (1 - s) \cdot` ``bound``.

        value, gradient (p,) : of the log-likelihood at beta. bound : what it stays below.
        """
        if self.ridge:
            of_penalty = float(np.sum(np.maximum(np.abs(gradient) - self.lasso, 0.0) ** 2)) / (2.0 * self.ridge)
            return self.cost(beta) - float(beta @ gradient) + of_penalty
        share = min(1.0, self.lasso / float(np.abs(gradient).max(initial=self.lasso)))
        return self.cost(beta) - share * float(beta @ gradient) + (1.0 - share) * (bound - value)

    def violation(self, beta: np.ndarray, gradient: np.ndarray) -> float:
        """By how much the first-order conditions of a maximum fail at beta, for a log-likelihood with this gradient (p,).

        Where b is not 0 its gradient equals what it costs more to be larger; where it is, the gradient is at most ``lasso``.
        """
        pull = gradient - self.ridge * beta
        at_zero = np.maximum(np.abs(pull) - self.lasso, 0.0)
        return float(np.max(np.where(beta == 0.0, at_zero, np.abs(pull - self.lasso * np.sign(beta)))))


def read_penalty(penalty: Any, l1_ratio: Any) -> tuple[float, float]:
    """Strength and share of the lasso.

    Raises
    ------
    ValueError : a strength that is negative or no number; a share outside [0, 1], or given without a strength.
    """
    for name, value in (("penalty", penalty), ("l1_ratio", l1_ratio)):
        if not isinstance(value, numbers.Real) or isinstance(value, bool):
            raise ValueError(f"{name} must be a number; got {value!r}.")
    if not (0.0 <= penalty < np.inf):
        raise ValueError(f"penalty must be 0 (none) or more, and finite; got {penalty!r}.")
    if not (0.0 <= l1_ratio <= 1.0):
        raise ValueError(f"l1_ratio is the share of the lasso, between 0 (ridge) and 1 (lasso); got {l1_ratio!r}.")
    if l1_ratio and not penalty:
        raise ValueError(f"l1_ratio={l1_ratio!r} says how to share out a penalty, and penalty is 0. Give its strength, for instance 1.0.")
    return float(penalty), float(l1_ratio)
