"""A user's function, his parameters and his data, ready to be evaluated."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from survjax.engine.columns import Columns
from survjax.engine.entries import rows_beyond
from survjax.engine.parameter_space import ParameterSpace
from survjax.engine.row_by_row import check_rows_apart
from survjax.engine.term import TRIAL_ROWS, check_function, objective_of
from survjax.numerics.blocks import Chunk, Objective, chunks, sums, terms_of_rows
from survjax.numerics.newton import Evaluation

ROWS = "rows"  # the one kind of row


@dataclass(frozen=True)
class Problem:
    """A function, its parameters, and its rows in blocks.

    Attributes
    ----------
    columns : rows of a positive weight alone, in order; weights (n,) theirs; rows (n,) where they stand in the n_given of the user.
    """

    function: Callable
    objective: Objective
    space: ParameterSpace
    columns: Columns
    weights: np.ndarray
    rows: np.ndarray
    n_given: int
    block: int
    data: list[dict[str, Chunk]]

    @classmethod
    def pose(cls, function: Callable, per: str, space: ParameterSpace, columns: Columns, weights: np.ndarray, block: int | None) -> Problem:
        check_function(function, per, space, columns)
        rows, n_given = np.flatnonzero(weights > 0), columns.n
        if len(rows) < columns.n:
            columns, weights = columns.at(rows), weights[rows]
        size = columns.block(block)
        return cls(function, objective_of(function, per), space, columns, weights, rows, n_given, size, _cut(columns, weights, size))

    @property
    def n_units(self) -> float:
        return float(self.weights.sum())

    @property
    def n_counted(self) -> float:
        """How many rows the weights make where the least counts as one, so that their scale says nothing."""
        return self.n_units / float(self.weights[self.weights > 0].min())

    def evaluate(self, point: np.ndarray) -> Evaluation:
        """The mean negative log-likelihood at a point (p,), as one lane; extras are the values and their Jacobian."""
        total = sums(self.objective, self.space, point[None], np.ones(1, dtype=bool), self.data, own=True)
        per = 1.0 / self.n_units
        extras = total.report[0], total.report_jacobian[0]
        return Evaluation(-total.value * per, -total.gradient * per, -total.hessian * per, extras, total.size * per)

    def of_rows(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The log-likelihood of each row (n,) and its gradient in the coordinates (n, p), without weights."""
        terms, gradients = terms_of_rows(self.objective, self.space, point, self.data, ROWS)
        return terms[: self.columns.n], gradients[: self.columns.n]

    def check_rows_apart(self, points: list[np.ndarray]) -> None:
        """Refuse a function of blocks that mixes their rows."""
        if self.objective.block is not None:
            check_rows_apart(self.objective, self.space, self.columns, points, min(TRIAL_ROWS, self.block))

    def check_entries(self, point: np.ndarray) -> None:
        """Refuse a row whose term rests on an entry that an array has not."""
        for row in rows_beyond(self.objective, self.space, point, [chunk[ROWS].columns for chunk in self.data], self.columns.n):
            raise ValueError(
                f"log_likelihood reads an entry beyond the end of an array for row {self.rows[row]} (rows count from 0): "
                f"{self.columns.row_in_words(row)}. JAX takes the last entry in its place, or for -1 (what pandas.factorize makes of a "
                "missing label) counts from the end, and the row would count for another. Count from 0 to less than the length; where "
                "such an entry is not meant to be used, keep it out by jnp.where, or the index in range by jnp.clip."
            )

    def reweighted(self, weights: np.ndarray) -> Problem:
        """The same rows with other weights (n,), 0 for some: a sample drawn from them."""
        data, first = [], 0
        for chunk in self.data:
            shape = chunk[ROWS].weights.shape
            piece = np.zeros(shape)
            own = weights[first : first + piece.size]
            piece.reshape(-1)[: len(own)] = own
            first += piece.size
            data.append({ROWS: chunk[ROWS]._replace(weights=piece)})
        return dataclasses.replace(self, weights=weights, data=data)

    @cached_property
    def sample(self) -> Problem | None:
        """Some rows at even steps, in the shape of the whole; None where there are few."""
        if len(self.data) == 1:
            return None
        return self.of_some(np.arange(0, self.columns.n, -(-self.columns.n // (2 * self.block))))

    def of_some(self, picked: np.ndarray) -> Problem:
        """These rows, of a first axis (n,), in the shape of the whole."""
        columns, weights = self.columns.at(picked), self.weights[picked]
        return dataclasses.replace(self, columns=columns, weights=weights, data=_cut(columns, weights, self.block, self.columns.n))


def _cut(columns: Columns, weights: np.ndarray, block: int, as_many_as: int = 0) -> list[dict[str, Chunk]]:
    return chunks({ROWS: (columns.tree, weights)}, as_many_as, block)


def values_in_words(problem: Problem, point: np.ndarray) -> str:
    return ", ".join(f"{name}={_brief(np.asarray(value))}" for name, value in problem.space.bind(point).items())


def _brief(value: np.ndarray) -> str:
    return f"{float(value):.4g}" if value.ndim == 0 else np.array2string(value, precision=4, threshold=6, separator=", ")
