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

_BLOCK = 8_192
MOST_TERMS = 6  # of a combination that is told in one sentence
_LARGEST = 1e150


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
        return cls.learn_matrix(X, formula, intercept=intercept, weights=weights)[0]

    @classmethod
    def learn_matrix(
        cls, X: Any, formula: str | None = None, *, intercept: bool = False, weights: np.ndarray | None = None
    ) -> tuple[Design, np.ndarray]:
        """What ``learn`` gives, and the ``matrix`` (n, p) of the rows learned from, which a fit needs next."""
        table = read_table(X)
        if table.n == 0:
            raise ValueError("X is empty: there is no row to learn from.")
        if not table.columns:
            raise ValueError("X has no columns: nothing is known of the units. Fit the distribution itself, without X.")
        if INTERCEPT in table.columns:
            raise ValueError(f"a column of X is called {INTERCEPT!r}, as the constant of every linear predictor is; drop or rename it.")
        reader: Columns | Formula
        reader = Columns.learn(table, intercept=intercept) if formula is None else Formula.learn(formula, table, intercept=intercept)
        names = reader.names
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"{names.count(repeated)} columns of the linear predictor are called {repeated!r}; rename the columns of X.")
        if not names:
            raise ValueError(f"the formula {formula!r} has no covariate. Fit the distribution itself, without X.")
        matrix = _locked(reader.matrix(table))
        speaks = slice(None) if weights is None or np.all(weights > 0) else np.asarray(weights) > 0
        counts = None if weights is None else weights[speaks]
        fixed = names[0] == INTERCEPT
        center, spread = _moments(matrix[speaks], names, counts, fixed=fixed, centred=not intercept or fixed)
        return cls(names, center, spread, reader), matrix

    def matrix(self, X: Any) -> np.ndarray:
        """The columns (n, p) of the linear predictor in the user's units, float64, not to be written to.

        Frames and mappings are taken by name, in any order, and columns that were not learned are left out; a mapping of single values
        is one row. A bare array is taken by position, and must have as many columns as X had.

        Raises
        ------
        TypeError : a column has another type than when it was learned.
        ValueError : a column is missing; a value is missing or infinite; a label was not seen. The message names column and row.
        """
        return _locked(self.reader.matrix(read_table(X)))

    def __repr__(self) -> str:
        return f"Design({', '.join(self.names)})"

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

    def refuse_collinear(self, matrix: np.ndarray) -> None:
        """Raise if a column (n, p) is a sum of multiples of others, so that its coefficient could be anything.

        Not for penalised models, which share it out.

        Raises
        ------
        ValueError : with the columns and the sum.
        """
        first = int(self.has_intercept)
        found = [
            one._replace(column=one.column + first, others=tuple(other + first for other in one.others))
            for one in combinations(matrix[:, first:], self.center[first:], self.spread[first:])
        ]
        if found:
            said = "; ".join(self._sentence(one) for one in found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")
            few = f" There are {len(matrix):,} rows for {len(self.names):,} columns." if len(matrix) <= len(self.names) else ""
            raise ValueError(
                f"columns are collinear, so that their coefficients could be anything: {said}.{few} Drop {self.names[found[0].column]!r}, "
                "or give a penalty, which shares its effect out."
            )

    def _sentence(self, one: Combination) -> str:
        if len(one.others) > MOST_TERMS:
            named = ", ".join(self.names[other] for other in one.others[:MOST_TERMS])
            return f"{self.names[one.column]} is a combination of {named} and {len(one.others) - MOST_TERMS} more"
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


def _locked(matrix: np.ndarray) -> np.ndarray:
    """The matrix, which may be the user's own array, as one that cannot be written to."""
    matrix = matrix.view()
    matrix.setflags(write=False)
    return matrix


def _moments(
    matrix: np.ndarray, names: tuple[str, ...], weights: np.ndarray | None, *, fixed: bool, centred: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations (p,), the mean in two passes, so that a large mean costs a small spread no digits.

    Raises
    ------
    ValueError : a column is constant.
    """
    n, p = matrix.shape
    shares = np.full(n, 1.0 / n) if weights is None else weights / np.sum(weights, dtype=float)
    # rows of a few columns each are slow to add up; a block of columns, in the cache, is not
    blocks = [slice(first, first + _BLOCK) for first in range(0, n, _BLOCK)]
    low, high, sums = np.full(p, np.inf), np.full(p, -np.inf), np.zeros(p)
    for block in blocks:
        columns = matrix[block].T.copy()
        low, high = np.minimum(low, columns.min(axis=1)), np.maximum(high, columns.max(axis=1))
        sums += columns @ shares[block]
    _refuse_constant(low, high, names, intercept=centred)
    center = sums if centred else np.zeros(p)
    if fixed:
        center[0] = 1.0
    first, second = np.zeros(p), np.zeros(p)
    for block in blocks:
        columns = matrix[block].T.copy()
        columns -= center[:, None]
        first += columns @ shares[block]
        second += np.square(columns, out=columns) @ shares[block]
    if not centred:
        return center, np.sqrt(second)
    # what is left of the first pass' rounding is many digits smaller than the spread, so that this difference loses none
    center, spread = center + first, np.sqrt(second - first**2)
    if fixed:
        center[0], spread[0] = 0.0, 1.0
    return center, spread


def _refuse_constant(low: np.ndarray, high: np.ndarray, names: tuple[str, ...], intercept: bool) -> None:
    largest = np.maximum(np.abs(low), np.abs(high))
    for column in np.flatnonzero((largest > _LARGEST) | (largest < 1 / _LARGEST) & (largest > 0)):
        raise ValueError(f"column {names[column]!r} reaches {largest[column]:g}: give it in a unit in which its square is a number.")
    # a column of 0.1 + 0.2 and 0.3 is constant too
    constant = high - low <= 4 * np.finfo(float).eps * largest if intercept else largest == 0
    for column in np.flatnonzero(constant):
        if names[column] != INTERCEPT:
            beside = " beside the intercept" if intercept else ""
            raise ValueError(f"column {names[column]!r} is {high[column]:g} in every row: it carries no information{beside}; drop it.")
