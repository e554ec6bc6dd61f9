"""How X becomes the columns of a linear predictor: learned from X once, applied again at prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from survjax.covariates.collinearity import Combination, combinations
from survjax.covariates.columns import Columns
from survjax.covariates.covariate import INTERCEPT
from survjax.covariates.formula import Formula
from survjax.covariates.table import read_table

_BLOCK = 32_768


@dataclass(frozen=True, eq=False)
class Design:
    """How X becomes the columns of a linear predictor: learned from X once, applied again at prediction.

    Attributes
    ----------
    names : (p,) of the columns: ``temperature``, ``brand[Hitachi]``; with a formula as formulaic names them (``np.log(load)``,
        ``C(brand)[T.Hitachi]``). The first is ``Intercept`` where the design has one.
    center, spread : (p,) mean and standard deviation of each column, by which it is standardised inside; 0 and 1 for the intercept.
    reader : what reads X.

    Examples
    --------
    >>> design = Design.learn({"temperature": [20.0, 40.0, 60.0], "brand": ["b", "a", "b"]})
    >>> design.names
    ('temperature', 'brand[b]')
    >>> design.matrix({"temperature": 25.0, "brand": "a"})
    array([[25.,  0.]])
    """

    names: tuple[str, ...]
    center: np.ndarray
    spread: np.ndarray
    reader: Columns | Formula

    @classmethod
    def learn(cls, X: Any, formula: str | None = None, *, intercept: bool = False, weights: np.ndarray | None = None) -> Design:
        """The design of these covariates.

        Parameters
        ----------
        X : (n, p) data frame (pandas, polars, Arrow), array, or mapping from names to columns. Columns of an array are called x0, x1, ...
        formula : as formulaic reads it, ``"~ temperature + C(brand) + np.log(load)"``, of functions of one row; the relations of
            ``survjax.covariates.relations`` are there by name. None: every column enters, numbers as they are, booleans as 0 and 1,
            text and categories as one column for each level beside the first (of sorted text; of the categories' own order).
        intercept : whether the first column is 1. If not, a formula's intercept is left out and its categories keep their reference
            level, whatever the formula says of it. If so, a formula with ``- 1`` has none, and its columns are not centred.
        weights : (n,) counts, with which mean and standard deviation are taken; rows of weight 0 do not speak. None: one each.

        Raises
        ------
        TypeError : no table; dates, complex numbers, numbers as text, or several types in one column.
        ValueError : X is empty; a value is missing or infinite; a column is constant; two columns of one name; the formula cannot be
            read, or uses what is not there. Messages name column and row, counted from 0.
        """
        table = read_table(X)
        if table.n == 0:
            raise ValueError("X is empty: there is no row to learn from.")
        if not table.columns:
            raise ValueError("X has no columns: nothing is known of the units. Fit the distribution itself, without X.")
        reader: Columns | Formula
        reader = Columns.learn(table, intercept=intercept) if formula is None else Formula.learn(formula, table, intercept=intercept)
        names = reader.names
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"{names.count(repeated)} columns of the linear predictor are called {repeated!r}; rename the columns of X.")
        if not names:
            raise ValueError(f"the formula {formula!r} has no covariate. Fit the distribution itself, without X.")
        matrix = reader.matrix(table)
        if weights is not None and not np.all(weights > 0):
            matrix, weights = matrix[weights > 0], weights[weights > 0]
        fixed = names[0] == INTERCEPT
        _refuse_constant(matrix, names, intercept=not intercept or fixed)
        center, spread = _moments(matrix[:, int(fixed) :], weights, centred=not intercept or fixed)
        if fixed:
            center, spread = np.concatenate([[0.0], center]), np.concatenate([[1.0], spread])
        return cls(names, center, spread, reader)

    def matrix(self, X: Any) -> np.ndarray:
        """The columns (n, p) of the linear predictor in the user's units, float64, not to be written to.

        Frames and mappings are taken by name, in any order, and columns that were not learned are left out; a mapping of single values
        is one row. A bare array is taken by position, and must have as many columns as X had.

        Raises
        ------
        TypeError : a column has another type than when it was learned.
        ValueError : a column is missing; a value is missing or infinite; a label was not seen. The message names column and row.
        """
        matrix = self.reader.matrix(read_table(X)).view()
        matrix.setflags(write=False)
        return matrix

    # ---- inside: columns of mean 0 and standard deviation 1

    def standardised(self, matrix: np.ndarray) -> np.ndarray:
        """Columns (n, p) in the user's units less ``center``, by ``spread``: new ones."""
        inside = np.empty(matrix.shape)
        for first in range(0, len(matrix), _BLOCK):
            block = slice(first, first + _BLOCK)
            np.subtract(matrix[block], self.center, out=inside[block])
            inside[block] /= self.spread
        return inside

    @property
    def has_intercept(self) -> bool:
        return self.names[0] == INTERCEPT

    @property
    def to_user(self) -> np.ndarray:
        """The map T (p, p) of coefficients of standardised columns to those in the user's units: T g, and T C T' of their covariance.

        Without an intercept the scores of the two differ by a constant, see ``shift``.
        """
        to_user = np.diag(1.0 / self.spread)
        if self.has_intercept:
            to_user[0, 1:] = -self.shift[1:]
        return to_user

    @property
    def to_inside(self) -> np.ndarray:
        """The inverse (p, p) of ``to_user``."""
        to_inside = np.diag(self.spread)
        if self.has_intercept:
            to_inside[0, 1:] = self.center[1:]
        return to_inside

    @property
    def shift(self) -> np.ndarray:
        """What standardising took from the score, (p,): of coefficients g inside, x'(T g) is z'g + shift'g; with an intercept, just z'g.

        A model without an intercept gives ``shift @ g`` to its baseline.
        """
        return self.center / self.spread

    # ---- whether each column says something of its own

    def combinations(self, matrix: np.ndarray) -> list[Combination]:
        """The columns (n, p) that are sums of multiples of others, in the user's units."""
        first = int(self.has_intercept)
        found = combinations(self.standardised(matrix)[:, first:])
        spread = self.spread[first:]
        return [
            Combination(
                one.column + first,
                tuple(other + first for other in one.others),
                tuple(value * spread[one.column] / spread[other] for other, value in zip(one.others, one.coefficients, strict=True)),
                one.own_share,
            )
            for one in found
        ]

    def refuse_collinear(self, matrix: np.ndarray) -> None:
        """Raise if a column (n, p) is a sum of multiples of others, so that its coefficient could be anything.

        Not for penalised models, which share it out.

        Raises
        ------
        ValueError : with the columns and the sum.
        """
        found = self.combinations(matrix)
        if found:
            said = "; ".join(self._sentence(one) for one in found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")
            few = f" There are {len(matrix):,} rows for {len(self.names):,} columns." if len(matrix) <= len(self.names) else ""
            raise ValueError(
                f"columns are collinear, so that their coefficients could be anything: {said}.{few} Drop {self.names[found[0].column]!r}, "
                "or give a penalty, which shares its effect out."
            )

    def _sentence(self, one: Combination) -> str:
        terms = [f"{value:.6g} {self.names[other]}" for other, value in zip(one.others, one.coefficients, strict=True)]
        center = self.center[list(one.others)]
        constant = self.center[one.column] - center @ np.array(one.coefficients)
        scale = abs(self.center[one.column]) + np.abs(center) @ np.abs(one.coefficients) + self.spread[one.column]
        terms += [f"{constant:.6g}"] if abs(constant) > 1e-9 * scale else []
        return f"{self.names[one.column]} = " + " + ".join(terms).replace("+ -", "- ")

    # ---- as a file holds it

    def state(self) -> dict[str, Any]:
        """What JSON can hold, from which ``from_state`` brings back the same matrices to the last bit.

        Raises
        ------
        TypeError : a transform of the formula has learned something that cannot be written.
        """
        kind = "formula" if isinstance(self.reader, Formula) else "columns"
        return {"names": list(self.names), "center": self.center.tolist(), "spread": self.spread.tolist(), kind: self.reader.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Design:
        """The design that ``state`` wrote.

        Raises
        ------
        ValueError : it is none, or its formula holds what formulas may not.
        """
        reader = Formula.from_state(state["formula"]) if "formula" in state else Columns.from_state(state["columns"])
        names, center, spread = tuple(state["names"]), np.array(state["center"], dtype=float), np.array(state["spread"], dtype=float)
        if reader.names != names or center.shape != (len(names),) or spread.shape != center.shape or not np.all(spread > 0):
            raise ValueError("the state of this design does not fit together: its columns differ from their means and deviations.")
        return cls(names, center, spread, reader)


def _refuse_constant(matrix: np.ndarray, names: tuple[str, ...], intercept: bool) -> None:
    low, high = matrix.min(axis=0), matrix.max(axis=0)
    largest = np.maximum(np.abs(low), np.abs(high))
    # a column of 0.1 + 0.2 and 0.3 is constant too
    constant = high - low <= 4 * np.finfo(float).eps * largest if intercept else largest == 0
    for column in np.flatnonzero(constant):
        if names[column] != INTERCEPT:
            beside = " beside the intercept" if intercept else ""
            raise ValueError(f"column {names[column]!r} is {high[column]:g} in every row: it carries no information{beside}; drop it.")


def _moments(matrix: np.ndarray, weights: np.ndarray | None, centred: bool) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations (p,), the mean in two passes, so that a large mean costs a small spread no digits."""
    n, p = matrix.shape
    if p == 0:
        return np.empty(0), np.empty(0)
    counts = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    total = counts.sum()
    blocks = [slice(first, first + _BLOCK) for first in range(0, n, _BLOCK)]
    center = np.zeros(p)
    for _ in range(2 if centred else 0):
        center = center + sum((counts[block] @ (matrix[block] - center) for block in blocks), np.zeros(p)) / total
    largest = np.maximum(matrix.max(axis=0) - center, center - matrix.min(axis=0))
    squares = sum((counts[block] @ np.square((matrix[block] - center) / largest) for block in blocks), np.zeros(p))
    return center, largest * np.sqrt(squares / total)
