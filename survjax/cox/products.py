"""Products of columns on one thread: for a few columns BLAS wakes its threads for less work than it takes to wake them."""

from __future__ import annotations

import numpy as np

BELOW_THREADS = 1 << 18  # multiplications from which on OpenBLAS shares out a product of matrices
LEAST = 64  # rows at once; with more than 64 columns the threads may come


def combined(beta: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The sum of the columns (p, n), each times its beta (p,): (n,)."""
    return np.einsum("j,jn->n", beta, columns)


def totals(columns: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Of each column (p, n) the sum of its entries times weight (n,): (p,)."""
    return np.einsum("jn,n->j", columns, weight)


def cross_products(columns: np.ndarray, others: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sums of the products of columns (p, n) and others (q, n), with weight (n,): (p, q); in blocks of rows that stay in the cache."""
    total = np.zeros((len(columns), len(others)))
    at_once = max(LEAST, BELOW_THREADS // total.size)
    for first in range(0, len(weight), at_once):
        rows = slice(first, first + at_once)
        total += (columns[:, rows] * weight[rows]) @ others[:, rows].T
    return total
