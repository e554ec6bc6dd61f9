"""Columns of which one is a sum of multiples of others: named, with the sum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# A column is a combination of others if less than this share of its spread is its own: what lm() of R takes. The information in its
# coefficient is then the square of it, 1e-14, at the rounding of double precision.
OWN_SHARE = 1e-7
# The Gram matrix sees squares of shares, which it rounds at about 1e-15: above this nothing is collinear, below it the columns decide.
_CLEAR = 1e-8
_BLOCK = 8_192


class Combination(NamedTuple):
    """Column ``column`` is the sum of ``coefficients`` times ``others``, and a constant, but for ``own_share`` of its spread."""

    column: int
    others: tuple[int, ...]
    coefficients: tuple[float, ...]
    own_share: float


def combinations(matrix: np.ndarray, center: np.ndarray, spread: np.ndarray) -> list[Combination]:
    """The combinations among columns (n, p) of these means and standard deviations, by a QR decomposition.

    A column told by those before it is put off, so that of columns that say the same the first stays, as in lm() of R.
    """
    n, p = matrix.shape
    if p < 2 or (n > p and np.linalg.eigvalsh(_gram(matrix, center, spread))[0] > _CLEAR):
        return []
    # the columns of the triangle have the products of the standardised columns, and p rows in place of n
    columns = np.asarray(np.linalg.qr((matrix - center) / (spread * np.sqrt(n)), mode="r"))
    basis = np.empty((len(columns), 0))
    kept: list[int] = []
    found: list[Combination] = []
    for place in range(p):
        own = columns[:, place]
        for _ in range(2):  # the second time takes what rounding left of the others
            own = own - basis @ (basis.T @ own)
        share = float(np.linalg.norm(own))
        if share > OWN_SHARE:
            basis = np.column_stack([basis, own / share])
            kept.append(place)
            continue
        shares = np.linalg.lstsq(columns[:, kept], columns[:, place])[0]
        others = [other for other, value in zip(kept, shares, strict=True) if abs(value) > 1e-6]
        coefficients = shares[np.abs(shares) > 1e-6] * spread[place] / spread[others]
        found.append(Combination(place, tuple(others), tuple(coefficients.tolist()), share))
    return found


def _gram(matrix: np.ndarray, center: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """The correlations (p, p) of columns (n, p)."""
    products = np.zeros((matrix.shape[1],) * 2)
    for first in range(0, len(matrix), _BLOCK):
        inside = (matrix[first : first + _BLOCK] - center) / spread
        products += inside.T @ inside
    return products / len(matrix)
