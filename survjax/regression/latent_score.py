r"""A score that multiplies a known hazard: a convex problem, solved to a certificate.

With the base's cumulative hazard known, a row with score :math:`s = a + x^\top b` loses (its negative log-likelihood, but for what does
not depend on s)

.. math:: f(s) = e^{s} L - d\,s - \log\{1 - \exp(-e^{s} D)\}

L being the hazard collected from entry to the last age known to be survived (or the age at failure), d whether it failed at a known
age, and the last term, with D the hazard over the interval, only for a failure within one; a left-censored row has L = 0. The first two
terms are convex. In the last, with :math:`u = e^{s} D`,

.. math:: -\frac{d^2}{ds^2} \log(1 - e^{-u}) = \frac{u\,\{1 - (1 - u)\,e^{u}\}}{(e^{u} - 1)^2} > 0 \quad\text{since } 1 - u < e^{-u}

(the logarithm of the smallest-extreme-value distribution is concave). So f is convex, and its sum with an elastic net is convex in (a, b).
Right truncation takes another :math:`\log\{\exp(-e^{s} H_0(e)) - \exp(-e^{s} H_0(r))\}` away, and convexity with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from survjax.numerics.penalised_quadratic import penalised_minimum

BLOCK = 4_096  # rows whose weighted copy fits in a core's cache
MANY_STEPS = 100
HALVINGS = 40
SUFFICIENT = 1e-4  # of the promised decrease
STALE = 0.01  # of the decrease that the last step promised
ROUNDING = 10 * np.finfo(float).eps
SMALL = 0.05  # below, u / (1 - e^-u) - 1 is taken from its series, u being the hazard over an interval
RECENTRED = 3  # Newton steps of the intercept alone: from 1e-4 to the last digit
LARGEST = 700.0  # score, of which the exponential is a number
EXACT = 1e-11  # per failure; a thousand times what rounding leaves of a mean over a million rows


class Penalty(NamedTuple):
    r"""Of standardised coefficients: :math:`\lambda\,\{\alpha \|b\|_1 + (1 - \alpha) \|b\|_2^2 / 2\}` a unit (Zou & Hastie 2005)."""

    strength: float = 0.0
    l1_ratio: float = 0.0

    @property
    def l1(self) -> float:
        return self.strength * self.l1_ratio

    @property
    def l2(self) -> float:
        return self.strength * (1.0 - self.l1_ratio)

    def at(self, coefficients: np.ndarray) -> float:
        """Its size at coefficients of which the first is the intercept, which goes free."""
        b = coefficients[1:]
        return float(self.l1 * np.abs(b).sum() + 0.5 * self.l2 * (b @ b))


class Point(NamedTuple):
    """Coefficients (q,), the penalised mean loss, and of the mean loss itself the slopes a row (n,), curvatures (n,), gradient (q,)."""

    coefficients: np.ndarray
    scores: np.ndarray
    value: float
    slopes: np.ndarray
    curvatures: np.ndarray
    gradient: np.ndarray


@dataclass(frozen=True, eq=False)
class Solution:
    """Where the coefficients came to rest, and how sure that is.

    Attributes
    ----------
    coefficients (q,) : of standardised columns, the intercept first.
    hessian (q, q) : of the mean loss without the penalty, from the last step or the one before.
    duality_gap : the penalised mean loss is at most this much above its minimum, whatever the coefficients (Fenchel duality); None
        without a penalty, which has no such bound.
    newton_decrement : half the squared Newton step in the curvature: to second order the distance of the loss from its minimum.
    gradient_norm : the largest component of the smallest subgradient of the penalised mean loss.
    """

    coefficients: np.ndarray
    loss: float
    hessian: np.ndarray
    duality_gap: float | None
    newton_decrement: float
    gradient_norm: float
    reason: str
    n_steps: int
    path: np.ndarray


@dataclass(frozen=True, eq=False)
class LatentScore:
    """Rows with a known base hazard, their standardised columns (n, q) with a first one of 1, and weights (n,).

    Attributes
    ----------
    lived, between, failed, within (n,) : as of ``BaseHazard``.
    n_units : what sums are divided by, so that a penalty's strength does not depend on how many units there are.
    """

    columns: np.ndarray
    weights: np.ndarray
    lived: np.ndarray
    between: np.ndarray
    failed: np.ndarray
    within: np.ndarray
    n_units: float

    @cached_property
    def n_failed(self) -> float:
        return float(self.weights @ (self.failed | self.within))

    # ---- the loss of a row

    def losses(self, scores: np.ndarray) -> np.ndarray:
        """The loss f (n,) of each row at its score; infinite where its hazard is beyond all numbers."""
        with np.errstate(over="ignore"):
            losses = np.exp(scores) * self.lived - self.failed * scores
            if self._some_within:
                rows = self._rows_within
                losses[rows] -= _log_failed(scores[rows] + np.log(self.between[rows]))
        return losses

    def derivatives(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f' and f'' (n,)."""
        hazard = np.exp(scores) * self.lived
        slopes, curvatures = hazard - self.failed, hazard
        if self._some_within:
            rows = self._rows_within
            share, bend = failing(scores[rows] + np.log(self.between[rows]))
            slopes[rows] -= share
            curvatures = hazard.copy()
            curvatures[rows] += bend
        return slopes, curvatures

    @cached_property
    def _rows_within(self) -> np.ndarray:
        return np.flatnonzero(self.within)

    @property
    def _some_within(self) -> bool:
        return len(self._rows_within) > 0

    @cached_property
    def least_losses(self) -> np.ndarray:
        """The least that f (n,) can be at any score: where the hazard is what it would be for this row alone."""
        least = np.zeros(len(self.lived))
        least[self.failed] = 1.0 + np.log(self.lived[self.failed])
        rows = np.flatnonzero(self.within & (self.lived > 0))
        factor = np.log1p(self.between[rows] / self.lived[rows]) / self.between[rows]
        least[rows] = factor * self.lived[rows] - _log_failed(np.log(factor * self.between[rows]))
        return least

    # ---- sums over rows

    def loss(self, coefficients: np.ndarray) -> float:
        """The mean loss a unit."""
        return self._mean(self.losses(self.columns @ coefficients))

    def _mean(self, losses: np.ndarray) -> float:
        return float(self.weights @ losses) / self.n_units

    def at(self, coefficients: np.ndarray, penalty: Penalty) -> Point | None:
        """What is to be known at these coefficients; None where the loss there is no number."""
        scores = self.columns @ coefficients
        if not scores.max() < LARGEST:
            return None
        value = self._mean(self.losses(scores)) + penalty.at(coefficients)
        if not np.isfinite(value):
            return None
        slopes, curvatures = self.derivatives(scores)
        return Point(coefficients, scores, value, slopes, curvatures, self.weights * slopes @ self.columns / self.n_units)

    def hessian(self, point: Point) -> np.ndarray:
        """The second derivative (q, q) of the mean loss."""
        q = self.columns.shape[1]
        total, size = np.zeros((q, q)), np.sqrt(self.weights * point.curvatures)
        for first in range(0, len(size), BLOCK):
            rows = slice(first, first + BLOCK)
            scaled = self.columns[rows] * size[rows, None]
            total += scaled.T @ scaled
        return total / self.n_units

    def recentred(self, coefficients: np.ndarray) -> np.ndarray:
        """The same coefficients with the intercept that is best beside them, which the dual problem presupposes."""
        centred, scores = coefficients.copy(), self.columns @ coefficients
        for _ in range(RECENTRED):
            slopes, curvatures = self.derivatives(scores)
            step = np.clip(-(self.weights @ slopes) / (self.weights @ curvatures), -1.0, 1.0)
            centred[0] += step
            scores += step
        return centred

    def duality_gap(self, point: Point, penalty: Penalty) -> float:
        r"""By how much the penalised mean loss at a recentred point may be above its minimum.

        Each row's conjugate at :math:`v = f'(s)` is :math:`f^*(v) = v s - f(s)`, at 0 it is :math:`-\min f`, and between the two it is
        below the line that joins them. Slopes shrunk by one factor until no column's sum goes beyond the lasso's bound are a feasible
        point of the dual; with a share of ridge they are one as they are.
        """
        conjugates = point.slopes * point.scores - self.losses(point.scores)
        sums = np.abs(point.gradient[1:])
        if penalty.l2:
            factor, of_penalty = 1.0, float(np.sum(np.maximum(sums - penalty.l1, 0.0) ** 2)) / (2.0 * penalty.l2)
        else:
            factor, of_penalty = min(1.0, penalty.l1 / sums.max(initial=penalty.l1)), 0.0
        return point.value + self._mean(factor * conjugates - (1.0 - factor) * self.least_losses) + of_penalty

    # ---- the way to the minimum

    def null(self) -> np.ndarray:
        """The coefficients (q,) of a score that is the same for all, the best such."""
        coefficients = np.zeros(self.columns.shape[1])
        coefficients[0] = np.log(self.n_failed / (self.weights @ (self.lived + 0.5 * self.between)))
        for _ in range(MANY_STEPS):
            changed = self.recentred(coefficients)
            if abs(changed[0] - coefficients[0]) <= 1e-14 * max(1.0, abs(changed[0])):
                return changed
            coefficients = changed
        return coefficients

    def largest_strength(self, l1_ratio: float) -> float:
        """The strength from which on a lasso keeps no column; for a ridge that of a lasso of share 0.001, as in glmnet."""
        point = self.at(self.null(), Penalty())
        assert point is not None
        return float(np.abs(point.gradient[1:]).max()) / max(l1_ratio, 0.001) * (1.0 + EXACT)

    def minimise(
        self, penalty: Penalty, start: np.ndarray | None = None, hessian: np.ndarray | None = None, tolerance: float = EXACT
    ) -> Solution:
        """Newton's method with the penalty kept whole in each step's problem, and steps halved until the loss falls.

        Parameters
        ----------
        start : coefficients (q,) to begin at; None: the score that is the same for all.
        hessian : a curvature from nearby to begin with, for as long as it serves.
        tolerance : of the duality gap (the Newton decrement without a penalty), per failure.
        """
        wanted = tolerance * self.n_failed / self.n_units
        point = self.at(self.null() if start is None else start, penalty)
        assert point is not None
        q = len(point.coefficients)
        l1, l2 = np.full(q, penalty.l1), np.full(q, penalty.l2)
        l1[0] = l2[0] = 0.0
        path, reason, previous, at_floor = [point.coefficients], "step_limit", np.inf, False
        fresh = hessian is None
        for _ in range(MANY_STEPS):
            hessian = self.hessian(point) if hessian is None else hessian
            try:
                target = penalised_minimum(hessian, point.gradient - hessian @ point.coefficients, l1, l2, point.coefficients)
            except np.linalg.LinAlgError:
                reason = "flat"
                break
            step = target - point.coefficients
            promised = -(point.gradient @ step + 0.5 * step @ hessian @ step + penalty.at(target) - penalty.at(point.coefficients))
            floor = ROUNDING * (abs(point.value) + 1.0)
            moved = self._down(point, step, promised, floor, penalty)
            if moved is None and fresh:
                reason = "no_progress"
                break
            if moved is not None:
                point = moved
                path.append(point.coefficients)
                if penalty.strength and self.duality_gap(point, penalty) <= wanted:
                    point = self.at(self.recentred(point.coefficients), penalty) or point
                    if self.duality_gap(point, penalty) <= wanted:
                        reason = "converged"
                        break
                elif not penalty.strength and promised <= wanted:
                    reason = "converged"
                    break
                if at_floor and promised <= floor:
                    reason = "at_rounding_floor"
                    break
                at_floor = promised <= floor
            # a curvature from an earlier point serves for as long as each step leaves little for the next
            fresh = moved is None or promised > STALE * previous or at_floor
            hessian = None if fresh else hessian
            previous = promised
        return self._solution(point, penalty, hessian, reason, path)

    def _down(self, point: Point, step: np.ndarray, promised: float, floor: float, penalty: Penalty) -> Point | None:
        share = 1.0
        for _ in range(HALVINGS):
            there = self.at(point.coefficients + share * step, penalty)
            if there is not None and there.value <= point.value - SUFFICIENT * share * promised + floor:
                return there
            share *= 0.5
        return None

    def _solution(self, point: Point, penalty: Penalty, hessian: np.ndarray | None, reason: str, path: list[np.ndarray]) -> Solution:
        curved = self.hessian(point) if hessian is None else hessian
        b, gradient = point.coefficients, point.gradient.copy()
        gradient[1:] += penalty.l2 * b[1:] + penalty.l1 * np.sign(b[1:])
        held = np.append(False, (b[1:] == 0) & (penalty.l1 > 0))
        gradient[held] = np.sign(gradient[held]) * np.maximum(np.abs(gradient[held]) - penalty.l1, 0.0)
        free = np.flatnonzero(~held)
        inner = curved[np.ix_(free, free)] + penalty.l2 * np.diag((free > 0).astype(float))
        decrement = 0.5 * float(gradient[free] @ np.linalg.lstsq(inner, gradient[free], rcond=None)[0])
        return Solution(
            coefficients=b,
            loss=point.value - penalty.at(b),
            hessian=curved,
            duality_gap=self.duality_gap(point, penalty) if penalty.strength else None,
            newton_decrement=decrement,
            gradient_norm=float(np.abs(gradient).max()),
            reason=reason,
            n_steps=len(path) - 1,
            path=np.array(path),
        )


def _log_failed(log_hazard: np.ndarray) -> np.ndarray:
    """log(1 - exp(-u)) of u = exp(log_hazard), at full relative accuracy however small or large u is."""
    with np.errstate(over="ignore"):
        u = np.exp(log_hazard)
    small = u < 1.0
    u_small, u_large = np.where(small, u, 1.0), np.where(small, 1.0, u)
    ratio = np.divide(-np.expm1(-u_small), u_small, out=np.ones_like(u), where=u_small > 0)
    return np.where(small, log_hazard + np.log(ratio), np.log1p(-np.exp(-u_large)))


def failing(log_hazard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The derivative of ``_log_failed`` in log u, u / (e^u - 1), and its own derivative with the sign changed; both positive."""
    u = np.exp(np.minimum(log_hazard, 700.0))  # beyond, both are 0
    failed = -np.expm1(-u)
    share = np.divide(u * np.exp(-u), failed, out=np.ones_like(u), where=failed > 0)
    square = u * u
    series = u / 2 + square / 12 * (1 - square / 60 * (1 - square / 42))
    excess = np.where(u < SMALL, series, np.divide(u, failed, out=np.ones_like(u), where=failed > 0) - 1.0)
    return share, share * excess
