"""The maximum of a likelihood of cumulative hazards within candidate intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from survjax.errors import NotConverged
from survjax.nonparametric.candidates import Candidates, covered, covered_together

EM_STEPS = 20
NEWTON_STEPS = 500
DAMPING = 1e-8  # of the Hessian's diagonal, where several estimates are equally likely and it is singular
GRADIENT_FLOOR = 1e-10  # relative to the sum it is the rest of


class Rows(NamedTuple):
    """Which of m candidates each row covers, as ranges first, ..., last - 1, and its count.

    failed : where it failed. window : where it could have been seen to fail, for rows whose window ends. outlived : (m,) how many
    were seen to outlive each candidate.
    """

    failed: tuple[np.ndarray, np.ndarray, np.ndarray]
    window: tuple[np.ndarray, np.ndarray, np.ndarray]
    outlived: np.ndarray

    def on(self, support: np.ndarray) -> Rows:
        """The rows when only some candidates may hold mass."""
        position = np.searchsorted(support, np.arange(len(self.outlived) + 1))
        failed, window = ((position[first], position[last], count) for first, last, count in (self.failed, self.window))
        return Rows(failed, window, self.outlived[support])

    def sums(self, hazard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The hazard that each row cumulates where it failed, and in its window."""
        total = np.concatenate([[0.0], np.cumsum(hazard)])
        return total[self.failed[1]] - total[self.failed[0]], total[self.window[1]] - total[self.window[0]]

    def log_likelihood(self, hazard: np.ndarray) -> float:
        """Sum of count {log P(fails where it failed) - hazard outlived - log P(fails in its window)}."""
        inside, window = self.sums(hazard)
        if np.any(inside <= 0.0):
            return -np.inf
        return float(self.failed[2] @ _log1mexp(inside) - self.outlived @ hazard - self.window[2] @ _log1mexp(window))

    def gradient(self, inside: np.ndarray, window: np.ndarray) -> np.ndarray:
        m = len(self.outlived)
        gained = _covered(self.failed, self.failed[2] / np.expm1(inside), m)
        return gained - self.outlived - _covered(self.window, self.window[2] / np.expm1(window), m)

    def curvature(self, hazard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Minus the Hessian (m, m), in two parts: of the failures, and what the windows take from it."""
        inside, window = self.sums(hazard)
        m = len(self.outlived)
        first, second = (
            covered_together(part[0], part[1], part[2] / (4.0 * np.sinh(0.5 * x) ** 2), m)
            for part, x in ((self.failed, inside), (self.window, window))
        )
        return first, second

    def expectation_maximisation(self, hazard: np.ndarray) -> np.ndarray:
        """One step of EM: failures in a candidate as Poisson counts, of which a row tells only that there were any."""
        inside, window = self.sums(hazard)
        m = len(self.outlived)
        failures = _covered(self.failed, self.failed[2] / -np.expm1(-inside), m)
        exposure = self.outlived + _covered(self.failed, self.failed[2], m) + _covered(self.window, self.window[2] / np.expm1(window), m)
        return hazard * failures / exposure


def climb(candidates: Candidates, endless: np.ndarray) -> np.ndarray:
    """The hazard cumulated within each candidate, (m,), where the likelihood is greatest.

    ``endless`` (m,) marks those whose hazard is infinite. The likelihood is concave in the others unless windows have two ends.
    Candidates enter where the gradient is greatest between those that hold mass already, and all that hold some move to the
    maximum of the likelihood's quadratic model over hazards of at least 0 (the constrained Newton method of Wang 2007, here
    in hazards, which keeps it concave under delayed entry).

    Raises
    ------
    NotConverged : no maximum within 500 such steps.
    """
    hazard = np.where(endless, np.inf, 0.0)
    if endless.all():
        return hazard
    passed = np.concatenate([[0], np.cumsum(endless)])
    position = np.concatenate([[0], np.cumsum(~endless)])

    def ranges(first: np.ndarray, last: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        told = kept & (passed[last] == passed[first])  # a failure that is certain says nothing more
        return position[first[told]], position[last[told]], candidates.weights[told]

    outlived = covered(candidates.window_first, candidates.first, candidates.weights, len(hazard))[~endless]
    failed = ranges(candidates.first, candidates.last, np.ones(len(candidates.weights), dtype=bool))
    window = ranges(candidates.window_first, candidates.window_last, candidates.truncated)
    hazard[~endless] = _maximise(Rows(failed, window, outlived), float(candidates.weights.sum()))
    return hazard


def _maximise(rows: Rows, n: float) -> np.ndarray:
    support = _one_for_each(*rows.failed[:2])
    if not len(support):
        return np.zeros(len(rows.outlived))
    some = rows.on(support)
    hazard = np.full(len(support), 1.0 / len(support))
    for _ in range(EM_STEPS):
        hazard = some.expectation_maximisation(hazard)
    for _ in range(NEWTON_STEPS):
        gradient = rows.gradient(*some.sums(hazard))
        entering = _peaks(gradient, support, GRADIENT_FLOOR * np.maximum(rows.outlived, 1e-6 * n))
        joined = np.union1d(support, entering)
        before = np.zeros(len(joined))
        before[np.searchsorted(joined, support)] = hazard
        support, some = joined, rows.on(joined)
        aim = _aim(some, before, gradient[joined])
        gain = float(gradient[joined] @ (aim - before))
        hazard, still = _towards(some, before, aim, gain, n)
        kept = hazard > 0.0
        support, hazard = support[kept], hazard[kept]
        some = rows.on(support)
        if still and not len(entering):
            full = np.zeros(len(rows.outlived))
            full[support] = hazard
            return full
    raise NotConverged(f"the nonparametric estimate was not reached in {NEWTON_STEPS} Newton steps.")


def _towards(rows: Rows, before: np.ndarray, aim: np.ndarray, gain: float, n: float) -> tuple[np.ndarray, bool]:
    """As far towards the aim as the likelihood rises, and whether there is nothing left to gain."""
    if gain <= 1e-20 * n:
        return aim, True
    value = rows.log_likelihood(before)
    for halvings in range(60):
        moved = before + 0.5**halvings * (aim - before)
        if rows.log_likelihood(moved) >= value + 1e-4 * 0.5**halvings * gain:
            return moved, False
    if gain <= 1e-11 * abs(value):  # below the rounding of the likelihood; the gradient is known better
        return aim, False
    raise NotConverged("the likelihood of the nonparametric estimate does not rise along its own gradient.")


def _aim(rows: Rows, hazard: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Where the quadratic model of the likelihood is greatest, hazards at least 0."""
    failures, windows = rows.curvature(hazard)
    for curvature in (failures - windows, failures) if len(rows.window[2]) else (failures,):
        damped = curvature + DAMPING * np.diag(np.diag(failures))
        try:
            cho_factor(damped)
        except LinAlgError:  # windows with two ends have bent it; without them it is concave and below the likelihood
            continue
        return _nonnegative(damped, gradient + damped @ hazard, hazard > 0.0)
    raise NotConverged("the likelihood of the nonparametric estimate has no curvature.")


def _nonnegative(matrix: np.ndarray, target: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The minimum of x'Mx/2 - target'x over x >= 0, by block principal pivoting (Júdice & Pires 1994)."""
    patience, fewest = 3, len(free) + 1
    free = free.copy()
    while True:
        x = np.zeros(len(free))
        x[free] = cho_solve(cho_factor(matrix[np.ix_(free, free)], check_finite=False), target[free], check_finite=False)
        slope = matrix @ x - target
        scale = np.abs(matrix) @ np.abs(x) + np.abs(target)
        wrong = np.where(free, x < 0.0, slope < -1e-13 * scale)
        n_wrong = int(wrong.sum())
        if n_wrong == 0:
            return x
        if n_wrong < fewest:
            patience, fewest = 3, n_wrong
        elif patience:
            patience -= 1
        else:
            wrong[: np.flatnonzero(wrong)[-1]] = False
        free ^= wrong


def _one_for_each(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Few candidates such that every row covers at least one: of rows by their ends, the last candidate where none is yet."""
    chosen, newest = [], -1
    for index in np.argsort(last, kind="stable"):
        if first[index] > newest:
            newest = int(last[index]) - 1
            chosen.append(newest)
    return np.array(chosen, dtype=np.intp)


def _peaks(gradient: np.ndarray, support: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """The candidate of greatest gradient between each two that hold mass, where likelihood is to be gained."""
    edges = np.concatenate([[0], support + 1])
    edges = edges[edges < len(gradient)]
    outside = gradient.copy()
    outside[support] = -np.inf
    greatest = np.maximum.reduceat(outside, edges)
    segment = np.searchsorted(edges, np.arange(len(gradient)), side="right") - 1
    places = np.flatnonzero((outside == greatest[segment]) & (outside > floor))
    return places[np.unique(segment[places], return_index=True)[1]]


def _covered(part: tuple[np.ndarray, np.ndarray, np.ndarray], values: np.ndarray, m: int) -> np.ndarray:
    return covered(part[0], part[1], values, m)


def _log1mexp(x: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.where(x < 0.6931471805599453, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))
