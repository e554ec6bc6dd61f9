"""The precision of masses estimated by maximum likelihood."""

from __future__ import annotations

import numpy as np

from survjax.nonparametric.candidates import Candidates, covered_together


def variance_of_tail(rows: Candidates, mass: np.ndarray) -> np.ndarray:
    """The variance of the mass after each candidate, (k,), from the observed information of the masses, which sum to 1.

    Raises
    ------
    ValueError : the information is singular: the data do not tell the masses apart.
    """
    k = len(mass)
    total = np.concatenate([[0.0], np.cumsum(mass)])
    information = covered_together(rows.first, rows.last, rows.weights / (total[rows.last] - total[rows.first]) ** 2, k)
    information -= covered_together(
        rows.window_first, rows.window_last, rows.weights / (total[rows.window_last] - total[rows.window_first]) ** 2, k
    )
    # Masses as multiples of the estimate, and free only in the directions that leave their sum at 1.
    scaled = information * np.outer(mass, mass)
    basis = np.linalg.qr(np.column_stack([mass, np.eye(k)[:, :-1]]))[0][:, 1:]
    inner = basis.T @ scaled @ basis
    values, vectors = np.linalg.eigh(inner)
    if len(values) and values[0] <= 1e-10 * values[-1]:
        raise ValueError(
            "the data do not tell the masses of all candidate intervals apart, so limits do not exist: several estimates are equally "
            "likely. Coarser intervals (inspections at common ages) would tell them apart."
        )
    root = (basis @ (vectors / np.sqrt(values))) * mass[:, None]
    tail = np.cumsum(root[::-1], axis=0)[::-1]
    return np.append(np.sum(tail[1:] ** 2, axis=1), 0.0)
