"""The maximum of the quadratic model of a likelihood of what candidate intervals hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from survjax.nonparametric.candidates import covered, covered_together

DAMPING = 1e-8  # of the Hessian's diagonal, where several estimates are equally likely and it is singular
DENSE_UP_TO = 150  # candidates; the threads of a larger factorisation wait for each other, on a busy machine for most of the time
MOST_GRADIENTS = 1000
RESIDUAL = 1e-14  # relative, at which the conjugate gradients stop

Solve = Callable[[np.ndarray, np.ndarray], np.ndarray | None]


class Curvature(NamedTuple):
    """The matrix (m, m) that is, for every two candidates, the sum of the values of the rows that cover both.

    first, last, values : (n,) each: a row covers the candidates first, ..., last - 1. m : how many candidates there are.
    """

    first: np.ndarray
    last: np.ndarray
    values: np.ndarray
    m: int

    def dense(self) -> np.ndarray:
        return covered_together(self.first, self.last, self.values, self.m)

    def diagonal(self) -> np.ndarray:
        single, wide, values = self._kinds()
        return single + covered(*wide, values, self.m)

    def product(self) -> Callable[[np.ndarray], np.ndarray]:
        """The function x -> matrix x, in fewer steps than the matrix has entries where there are many candidates."""
        if self.m**2 <= len(self.values):
            matrix = self.dense()
            return lambda x: np.einsum("ij,j->i", matrix, x)  # whose one thread waits for no other, as a busy machine's would
        single, (first, last), values = self._kinds()

        def times(x: np.ndarray) -> np.ndarray:
            total = np.concatenate([[0.0], np.cumsum(x)])
            return single * x + covered(first, last, values * (total[last] - total[first]), self.m)

        return times

    def _kinds(self) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], np.ndarray]:
        """Rows of one candidate, whose values are large, are kept out of the sums, in which they would drown the others."""
        alone = self.last - self.first == 1
        single = np.bincount(self.first[alone], self.values[alone], minlength=self.m)
        return single, (self.first[~alone], self.last[~alone]), self.values[~alone]


def greatest_of_model(gained: Curvature, lost: Curvature | None, x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Where the quadratic model about x is greatest, amounts at least 0; minus its Hessian is ``gained`` less ``lost``."""
    if gained.m > DENSE_UP_TO:
        aim = _by_conjugate_gradients(gained, lost, x, gradient)
        if aim is None and lost is not None:
            # Minus the logarithm of a window's mass is convex, so that its tangent in place of it makes a model that lies below.
            aim = _by_conjugate_gradients(gained, None, x, gradient)
        if aim is not None:
            return aim
    return _by_factors(gained, lost, x, gradient)


def _by_factors(gained: Curvature, lost: Curvature | None, x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    curvature = gained.dense()
    scale = np.sqrt(np.diag(curvature))
    damping = DAMPING
    if lost is not None:
        # Windows with two ends can bend the likelihood upwards: then the model is damped until it is concave.
        curvature = curvature - lost.dense()
        damping -= min(float(np.linalg.eigvalsh(curvature / np.outer(scale, scale))[0]), 0.0)
    damped = curvature + damping * np.diag(scale**2)
    target, size = gradient + damped @ x, np.abs(damped)

    def solve(free: np.ndarray, _: np.ndarray) -> np.ndarray:
        x = np.zeros(len(free))
        x[free] = cho_solve(cho_factor(damped[np.ix_(free, free)], check_finite=False), target[free], check_finite=False)
        return x

    aim = _nonnegative(solve, lambda x: damped @ x, lambda x: size @ x, target, x)
    assert aim is not None
    return aim


def _by_conjugate_gradients(gained: Curvature, lost: Curvature | None, x: np.ndarray, gradient: np.ndarray) -> np.ndarray | None:
    """The same without a matrix; None where the model has no maximum, or the steps do not get there."""
    scale, gain = gained.diagonal(), gained.product()
    loss = None if lost is None else lost.product()

    def times(x: np.ndarray) -> np.ndarray:
        most = gain(x) + DAMPING * scale * x
        return most if loss is None else most - loss(x)

    def size(x: np.ndarray) -> np.ndarray:
        return gain(x) if loss is None else gain(x) + loss(x)

    target = gradient + times(x)
    return _nonnegative(lambda free, near: _conjugate_gradients(times, scale, target, free, near), times, size, target, x)


def _conjugate_gradients(
    times: Callable[[np.ndarray], np.ndarray], scale: np.ndarray, target: np.ndarray, free: np.ndarray, near: np.ndarray
) -> np.ndarray | None:
    """The solution x of times(x) = target in the free places, 0 in the others, from one near it; the diagonal for preconditioner."""
    x = np.where(free, near, 0.0)
    residual = np.where(free, target - times(x), 0.0)
    step = residual / scale
    direction, squared = step, float(residual @ step)
    small = RESIDUAL**2 * float(target[free] @ (target[free] / scale[free]))
    for _ in range(MOST_GRADIENTS):
        if squared <= small:
            return x
        bent = np.where(free, times(direction), 0.0)
        along = float(direction @ bent)
        if along <= 0.0:
            return None
        x = x + squared / along * direction
        residual = residual - squared / along * bent
        step = residual / scale
        before, squared = squared, float(residual @ step)
        direction = step + squared / before * direction
    return None


def _nonnegative(
    solve: Solve,
    times: Callable[[np.ndarray], np.ndarray],
    size: Callable[[np.ndarray], np.ndarray],
    target: np.ndarray,
    near: np.ndarray,
) -> np.ndarray | None:
    """The minimum of x'Mx/2 - target'x over x >= 0, by block principal pivoting (Júdice & Pires 1994); None if ``solve`` has none.

    solve : the solution of Mx = target in some places, 0 in the others. times, size : x -> Mx and |M|x. near : where to begin.
    """
    patience, fewest = 3, len(near) + 1
    free = near > 0.0
    while True:
        x = solve(free, near)
        if x is None:
            return None
        slope = times(x) - target
        wrong = np.where(free, x < 0.0, slope < -1e-13 * (size(np.abs(x)) + np.abs(target)))
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
