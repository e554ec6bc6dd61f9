"""The minimum of a convex quadratic with an elastic net on its coefficients: one step of Newton's method under a penalty."""

from __future__ import annotations

import numpy as np

SWEEPS = 1_000
SAME = 1e-15  # what a sweep moves, of the largest coefficient, when there is nothing left to move


def penalised_minimum(hessian: np.ndarray, linear: np.ndarray, l1: np.ndarray, l2: np.ndarray, start: np.ndarray) -> np.ndarray:
    r"""The x that minimises :math:`x^\top A x / 2 + c^\top x + \sum_j \ell_{1j} |x_j| + \ell_{2j} x_j^2 / 2`.

    Sweeps of coordinate descent (Friedman, Hastie & Tibshirani 2010) find out which coefficients are not 0 and of what sign; after each,
    the linear system of these is solved, which is the exact answer once they are the right ones, and is walked towards as far as no
    sign changes if they are not.

    Parameters
    ----------
    hessian : A (q, q), positive semidefinite; linear : c (q,).
    l1, l2 : (q,) 0 or more; 0 for a coefficient without penalty.
    start : (q,) where to begin; it decides how long this takes, not where it ends.

    Raises
    ------
    numpy.linalg.LinAlgError : without any ``l1`` the quadratic has no single minimum.
    """
    curved = hessian + np.diag(l2)
    if not l1.any():
        return np.linalg.solve(curved, -linear)
    x, diagonal = start.astype(float), np.diag(curved)
    movable = np.flatnonzero(diagonal > 0)
    slope = curved @ x + linear
    for _ in range(SWEEPS):
        before = x.copy()
        for j in movable:
            centre = x[j] - slope[j] / diagonal[j]
            moved = np.sign(centre) * max(abs(centre) - l1[j] / diagonal[j], 0.0) - x[j]
            if moved:
                x[j] += moved
                slope += curved[:, j] * moved
        exact = _towards_solution(curved, linear, l1, x)
        slope = curved @ x + linear
        at_0 = x == 0
        if exact and np.all(np.abs(slope[at_0]) <= l1[at_0]):
            return x
        if np.abs(x - before).max() <= SAME * np.abs(x).max():
            return x
    return x


def _towards_solution(curved: np.ndarray, linear: np.ndarray, l1: np.ndarray, x: np.ndarray) -> bool:
    """Move those coefficients of x that are not 0, in place, to where they solve their linear system; whether they got there."""
    free = np.flatnonzero((x != 0) | (l1 == 0))
    try:
        ends = np.linalg.solve(curved[np.ix_(free, free)], -(linear + l1 * np.sign(x))[free])
    except np.linalg.LinAlgError:
        return False
    begins = x[free]
    crossing = (l1[free] > 0) & (np.sign(ends) != np.sign(begins))
    if not crossing.any():
        x[free] = ends
        return True
    reach = np.full(len(free), np.inf)
    reach[crossing] = begins[crossing] / (begins - ends)[crossing]
    first = int(np.argmin(reach))
    x[free] = begins + reach[first] * (ends - begins)
    x[free[first]] = 0.0
    return False
