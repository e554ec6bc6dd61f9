"""Which units each network of an ensemble learns from, and by which it is stopped."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from survjax.covariates.histories import as_series

FOLDS = 5  # at least, so that a single network learns from four units in five
FEWEST_UNITS = 10


class Members(NamedTuple):
    """For each network the rows that it learns from, and those held out."""

    training: list[np.ndarray]
    held_out: list[np.ndarray]


def codes_of(unit: Any, n: int) -> np.ndarray:
    """Numbers (n,) of the units that the rows are of.

    Raises
    ------
    ValueError : not a label a row, or missing ones.
    """
    import pandas as pd

    if unit is None:
        return np.arange(n)
    codes, _ = pd.factorize(as_series(unit))
    if len(codes) != n:
        raise ValueError(f"unit has {len(codes):,} labels and y {n:,} rows; every row needs one.")
    if (codes < 0).any():
        raise ValueError(f"unit is missing in row {np.flatnonzero(codes < 0)[0]} (rows count from 0). Remove rows of unknown units.")
    return codes


def draw(codes: np.ndarray, failed: np.ndarray, told: np.ndarray, members: int, resample: str, seed: int) -> Members:
    """The rows of each network; the units of a fold, or those that a bootstrap did not draw, are held out.

    Parameters
    ----------
    codes, failed, told : (n,) unit of each row, whether it failed, whether the row says anything.
    resample : "folds": network i is stopped by fold i of max(members, 5), failures dealt out evenly; "bootstrap": each learns from as many
        units as there are, drawn with replacement, and is stopped by the others.

    Raises
    ------
    ValueError : too few units, or too few that failed, to hold some out.
    """
    random = np.random.default_rng(seed)
    units, code = np.unique(codes[told], return_inverse=True)
    rows = np.flatnonzero(told)
    any_failed = np.bincount(code, failed[rows], minlength=len(units)) > 0
    n_folds = max(members, FOLDS)
    if len(units) < max(FEWEST_UNITS, n_folds) or any_failed.sum() < n_folds:
        raise ValueError(
            f"{len(units):,} units, {any_failed.sum():,} of them failed, are too few for a network, which is stopped by units held out: "
            f"needed are {max(FEWEST_UNITS, n_folds)}, of which {n_folds} failed. sj.ProportionalHazards asks for less."
        )
    order = np.argsort(code, kind="stable")
    of_unit = np.split(rows[order], np.cumsum(np.bincount(code))[:-1])
    if resample == "folds":
        shuffled = random.permutation(len(units))
        fold = np.empty(len(units), dtype=int)
        fold[shuffled[np.argsort(~any_failed[shuffled], kind="stable")]] = np.arange(len(units)) % n_folds
        of_row = fold[code]
        return Members([rows[of_row != k] for k in range(members)], [rows[of_row == k] for k in range(members)])
    training: list[np.ndarray] = []
    held_out: list[np.ndarray] = []
    while len(training) < members:
        drawn = random.integers(len(units), size=len(units))
        left = np.setdiff1d(np.arange(len(units)), drawn)
        if any_failed[drawn].any() and any_failed[left].any():
            training.append(np.concatenate([of_unit[one] for one in drawn]))
            held_out.append(np.concatenate([of_unit[one] for one in left]))
    return Members(training, held_out)
