"""Which rows are learned from and which are held out: folds of rows, of units, or of groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.metrics.faces import learns_groups
from survjax.models.arguments import check_whole_number


def labels_of_groups(life: Lifetimes, learners: Mapping[str, Any], cv: Any, groups: Any) -> np.ndarray | None:
    """The group of each row (n,); None where there are none, which no model that learns from them may meet."""
    of_groups = [model for model in learners.values() if learns_groups(model)]
    if groups is None:
        for model in of_groups:
            raise TypeError(
                f"{type(model).__name__} learns from groups, and without them would be judged as a frailty of single units: pass groups=, "
                "(n,) labels; or groups=range(len(y)) where single units are meant."
            )
        return None
    labels = np.asarray(groups)
    if labels.shape != (len(life),):
        raise ValueError(f"groups must be one label for each of the {len(life):,} rows; they have shape {labels.shape}.")
    if isinstance(cv, Iterable) and not hasattr(cv, "split") and not of_groups:
        raise ValueError("groups are not looked at where cv gives the folds themselves; leave them out.")
    return labels


def of_rows(labels: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if labels is None else labels[rows]


def last_rows(unit: np.ndarray) -> np.ndarray:
    """The last row of each unit of a History, whose rows are in order."""
    return np.flatnonzero(np.append(unit[1:] != unit[:-1], True))


def kept_together(unit: np.ndarray | None, labels: np.ndarray | None, of: str) -> np.ndarray | None:
    """What stays in one fold: groups of units, else units; None where each row is for itself. ``of`` is what brought the rows.

    Raises
    ------
    ValueError : a unit in two groups.
    """
    if unit is None or labels is None:
        return labels if unit is None else unit
    _, first, codes = np.unique(unit, return_index=True, return_inverse=True)
    torn = np.flatnonzero(labels != labels[first][codes])
    if torn.size:
        row = int(torn[0])
        other = int(first[codes[row]])
        raise ValueError(
            f"unit {unit[row]} is in group {labels[other]} with row {other} and in {labels[row]} with row {row} of the {of}: a unit is "
            "learned from or held out as a whole, and needs one group."
        )
    return labels


def split(life: Lifetimes, cv: Any, labels: np.ndarray | None, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) row numbers of each fold."""
    failed = np.isfinite(life.upper)
    if hasattr(cv, "split"):
        return list(cv.split(np.zeros((len(life), 1)), failed, labels))
    if isinstance(cv, Iterable):
        return [(np.asarray(train), np.asarray(test)) for train, test in cv]
    n_folds = check_whole_number(cv, "cv", 2)
    units, unit = np.unique(np.arange(len(life)) if labels is None else labels, return_inverse=True)
    if n_folds > len(units):
        raise ValueError(f"cv={n_folds} folds need as many units or groups; there are {len(units)}.")
    any_failed = np.bincount(unit, failed, minlength=len(units)) > 0
    shuffled = np.random.default_rng(seed).permutation(len(units))
    # dealt out like cards, failures first, so that each fold has its share of them
    fold_of_unit = np.empty(len(units), dtype=int)
    fold_of_unit[shuffled[np.argsort(~any_failed[shuffled], kind="stable")]] = np.arange(len(units)) % n_folds
    fold = fold_of_unit[unit]
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]
