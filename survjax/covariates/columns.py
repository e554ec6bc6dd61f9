"""X without a formula: every column enters, numbers as they are, labels as a column for each level beside the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from survjax.covariates.covariate import INTERCEPT, Covariate, refuse_infinite
from survjax.covariates.table import Table

_BLOCK = 8_192


class Columns(NamedTuple):
    """The columns of X that enter, as they were learned."""

    covariates: tuple[Covariate, ...]
    intercept: bool = False

    @classmethod
    def learn(cls, table: Table, *, intercept: bool) -> Columns:
        """Every column of X.

        Raises
        ------
        TypeError, ValueError : what ``Covariate.learn`` refuses.
        """
        if _plain(table, list(table.columns.values())) is not None:
            return cls(tuple(Covariate(name) for name in table.columns), intercept)
        return cls(tuple(Covariate.learn(name, values) for name, values in table.columns.items()), intercept)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of the matrix."""
        names = [INTERCEPT] if self.intercept else []
        for covariate in self.covariates:
            names += [f"{covariate.name}[{level}]" for level in covariate.levels[1:]] if covariate.levels else [covariate.name]
        return tuple(names)

    @property
    def of_names(self) -> tuple[str, ...]:
        """For each of ``names`` the covariate that it is a column of."""
        of = [INTERCEPT] if self.intercept else []
        for covariate in self.covariates:
            of += [covariate.name] * (len(covariate.levels) - 1 if covariate.levels else 1)
        return tuple(of)

    def matrix(self, table: Table) -> np.ndarray:
        """The columns (n, p) of float64.

        A bare array is taken by position and must have as many columns as X had; frames and mappings are taken by name.

        Raises
        ------
        TypeError, ValueError : a column is missing, or holds what it did not when it was learned.
        """
        wanted = tuple(covariate.name for covariate in self.covariates)
        if table.array is not None:
            if len(table.columns) != len(wanted):
                raise ValueError(f"X has {len(table.columns):,} columns; learned were {len(wanted):,}: {', '.join(wanted)}.")
            table = table._replace(columns=dict(zip(wanted, table.columns.values(), strict=True)))
        chosen = table.pick(wanted)
        labelled = any(covariate.levels for covariate in self.covariates)
        plain = None if labelled or self.intercept else _plain(table, chosen)
        if plain is not None:
            return _finite(plain, wanted)
        columns: list[np.ndarray] = [np.ones(table.n)] if self.intercept else []
        for covariate, values in zip(self.covariates, chosen, strict=True):
            if covariate.levels is None:
                columns.append(covariate.numbers(values))
            else:
                codes = covariate.codes(values)
                columns += [codes == code for code in range(1, len(covariate.levels))]
        return side_by_side(columns, table.n)

    def state(self) -> dict[str, Any]:
        """What JSON can hold, from which ``from_state`` brings it back."""
        return {"columns": [covariate.state() for covariate in self.covariates], "intercept": self.intercept}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Columns:
        return cls(tuple(Covariate.from_state(covariate) for covariate in state["columns"]), state["intercept"])


def side_by_side(columns: Sequence[np.ndarray], n: int) -> np.ndarray:
    """Columns (n,) as one matrix (n, p) of float64, row by row in memory."""
    matrix = np.empty((n, len(columns)))
    # a block of rows stays in the cache while its columns are written: at a million rows a third of the time
    for first in range(0, n, _BLOCK):
        for place, column in enumerate(columns):
            matrix[first : first + _BLOCK, place] = column[first : first + _BLOCK]
    return matrix


def _plain(table: Table, chosen: list[Any]) -> np.ndarray | None:
    """The chosen columns as one array (n, p), where they are nothing but numbers of one array or frame; no copy where that needs none."""
    if not chosen or not all(isinstance(getattr(column, "dtype", None), np.dtype) and column.dtype.kind in "iufb" for column in chosen):
        return None
    if table.array is not None:
        return np.ascontiguousarray(table.array, dtype=np.float64)
    whole = (
        table.frame is not None
        and all(a is b for a, b in zip(chosen, table.columns.values(), strict=False))
        and len(chosen) == len(table.columns)
    )
    if whole:
        return np.ascontiguousarray(table.frame.to_numpy(dtype=np.float64))
    return side_by_side([np.asarray(column) for column in chosen], table.n)


def _finite(matrix: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    if not np.isfinite(matrix).all():
        for name, column in zip(names, matrix.T, strict=True):
            refuse_infinite(name, column)
    return matrix
