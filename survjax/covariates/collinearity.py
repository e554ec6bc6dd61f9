"""Columns of which one is a sum of multiples of others: named, with the sum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# A column is a combination of others if less than this share of its spread is its own: what lm() of R takes. The information in its
# coefficient is then the square of it, 1e-14, at the rounding of double precision.
OWN_SHARE = 1e-7
# The Gram matrix sees squares of shares, which it rounds at about 1e-15: above this nothing is collinear, below it the columns decide.
_CLEAR = 1e-8
_BLOCK = 32_768


class Combination(NamedTuple):
    """Column ``column`` is the sum of ``coefficients`` times ``others``, and a constant, but for ``own_share`` of its spread."""

    column: int
    others: tuple[int, ...]
    coefficients: tuple[float, ...]
    own_share: float


def gram(z: np.ndarray) -> np.ndarray:
    """The products (p, p) of columns (n, p), divided by n."""
    return sum((z[i : i + _BLOCK].T @ z[i : i + _BLOCK] for i in range(0, len(z), _BLOCK)), np.zeros((z.shape[1],) * 2)) / len(z)


def combinations(z: np.ndarray) -> list[Combination]:
    """The combinations among standardised columns (n, p), by a QR decomposition with pivoting.

    Businger & Golub (1965), Numerische Mathematik 7: of columns that say the same the first stays.
    """
    from scipy.linalg import qr, solve_triangular

    n, p = z.shape
    if p < 2:
        return []
    if n > p and np.linalg.eigvalsh(gram(z))[0] > _CLEAR:
        return []
    triangle, order = qr(z / np.sqrt(n), mode="r", pivoting=True, check_finite=False)
    diagonal = np.zeros(p)
    diagonal[: min(n, p)] = np.abs(np.diag(triangle))
    rank = int(np.count_nonzero(diagonal > OWN_SHARE))
    found = []
    for place in range(rank, p):
        coefficients = solve_triangular(triangle[:rank, :rank], triangle[:rank, place])
        taken = np.flatnonzero(np.abs(coefficients) > 1e-6)
        own = float(np.linalg.norm(triangle[rank:, place]))
        found.append(Combination(int(order[place]), tuple(order[taken].tolist()), tuple(coefficients[taken].tolist()), own))
    return found
