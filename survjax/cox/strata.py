"""Strata: groups of units that share coefficients but each have a baseline hazard of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from survjax.covariates.labels import columns_without
from survjax.covariates.table import read_table
from survjax.data.columns import read_labels


class Strata(NamedTuple):
    """names : the columns of X that hold them, none where they are given beside X. levels : (S,) labels, tuples of several."""

    names: tuple[str, ...]
    levels: tuple[Any, ...]

    def codes(self, X: Any, n: int, strata: Any) -> np.ndarray:
        """Which level each of the n rows of X is of, (n,).

        Raises
        ------
        ValueError : strata are missing, of another length, beside those in X, or of a level that was not learned.
        """
        if not self.names and len(self.levels) == 1 and self.levels[0] is None:
            if strata is not None:
                raise ValueError("the model was fitted without strata; leave strata out.")
            return np.zeros(n, dtype=int)
        if self.names and strata is not None and _names(strata, X) != self.names:
            raise ValueError(f"the strata are in X, as {', '.join(self.names)}; leave strata out.")
        if not self.names and strata is None:
            raise ValueError("the model was fitted with strata beside X: pass strata=, one label for each row.")
        numbers = {level: code for code, level in enumerate(self.levels)}
        labels = _labels(X, self.names, strata, n)
        codes = np.array([numbers.get(label, -1) for label in labels], dtype=int)
        unseen = np.flatnonzero(codes < 0)
        if unseen.size:
            known = ", ".join(map(str, self.levels[:10])) + (", ..." if len(self.levels) > 10 else "")
            raise ValueError(
                f"row {unseen[0]} is of stratum {labels[unseen[0]]!r}, which has no baseline: the fit had {known} ({unseen.size:,} "
                "such rows; rows count from 0)."
            )
        return codes

    def without(self, X: Any) -> Any:
        """X less the columns that hold strata."""
        return columns_without(X, self.names)


def learn_strata(X: Any, n: int, strata: Any) -> tuple[Strata, np.ndarray]:
    """The strata and which of them each of the n rows of X is of, (n,).

    strata : None, the name of a column of X or several, or labels (n,).

    Raises
    ------
    ValueError : a label is missing; another length.
    """
    if strata is None:
        return Strata((), (None,)), np.zeros(n, dtype=int)
    names = _names(strata, X)
    labels = _labels(X, names, strata, n)
    levels = tuple(sorted(set(labels), key=lambda label: (str(type(label)), label)))
    numbers = {level: code for code, level in enumerate(levels)}
    return Strata(names, levels), np.array([numbers[label] for label in labels], dtype=int)


def _names(strata: Any, X: Any) -> tuple[str, ...]:
    """Names of columns of X, if it is them that are given; else none."""
    if isinstance(strata, str):
        read_table(X).pick((strata,))
        return (strata,)
    given = isinstance(strata, Sequence) and all(isinstance(name, str) for name in strata)
    return tuple(strata) if given and set(strata) <= set(read_table(X).columns) else ()


def _labels(X: Any, names: tuple[str, ...], strata: Any, n: int) -> list[Any]:
    given = dict(zip(names, read_table(X).pick(names), strict=True)) if names else {"strata": strata}
    columns = [_read_labels(values, name, n) for name, values in given.items()]
    return list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))


def _read_labels(values: Any, name: str, n: int) -> list[Any]:
    """n labels, none of them missing.

    Raises
    ------
    ValueError : a label is missing; another number of them.
    """
    column = values.to_numpy() if hasattr(values, "to_numpy") else values
    if isinstance(column, np.ndarray) and column.dtype.kind in "iuUSb":
        labels = column.tolist() if column.ndim == 1 else []
    else:
        labels = read_labels(column, name).tolist()
    if len(labels) != n:
        raise ValueError(f"{name} must hold one label for each of the {n:,} rows; it has shape {np.shape(values)}.")
    for row, label in enumerate(labels):
        if label is None:
            raise ValueError(f"{name} is missing in row {row} (rows count from 0). Give it a label of its own, or leave the row out.")
    return labels
