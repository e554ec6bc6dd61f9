"""The elastic net: what a coefficient costs."""

from __future__ import annotations

import numbers
from typing import Any, NamedTuple

import numpy as np

from survjax.numerics.penalised_quadratic import penalised_minimum


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
        every = np.ones(len(beta))
        return penalised_minimum(information, -information @ beta - gradient, self.lasso * every, self.ridge * every, beta) - beta

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
