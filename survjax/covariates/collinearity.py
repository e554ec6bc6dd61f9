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


def gram(z: np.ndarray) -> np.ndarray:
    """The products (p, p) of columns (n, p), divided by n."""
    return sum((z[i : i + _BLOCK].T @ z[i : i + _BLOCK] for i in range(0, len(z), _BLOCK)), np.zeros((z.shape[1],) * 2)) / len(z)


def combinations(z: np.ndarray) -> list[Combination]:
    """The combinations among standardised columns (n, p), by a QR decomposition that puts off a column told by those before it.

    Of columns that say the same the first stays, as in lm() of R.
    """
    p = z.shape[1]
    if p < 2 or (len(z) > p and np.linalg.eigvalsh(gram(z))[0] > _CLEAR):
        return []
    # the columns of the triangle have the products of those of z, and p rows in place of n
    columns = np.asarray(np.linalg.qr(z / np.sqrt(len(z)), mode="r"))
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
        coefficients = np.linalg.lstsq(columns[:, kept], columns[:, place])[0]
        taken = [index for index, value in enumerate(coefficients) if abs(value) > 1e-6]
        found.append(Combination(place, tuple(kept[index] for index in taken), tuple(coefficients[taken].tolist()), share))
    return found
