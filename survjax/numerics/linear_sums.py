"""Sums over rows of which every number that a term depends on is a linear function of the row's covariates.

Nothing here knows of survival. A term is a rule of p coordinates. Each coordinate is either one number, the same in all rows, or
the product of some of the row's covariates with as many coefficients. The rule is differentiated in its p coordinates, row by
row; the step from there to the coefficients is a product of matrices, which costs a fraction of differentiating through it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.numerics.blocks import Chunk
from survjax.numerics.programs import program


class Layout(NamedTuple):
    """For each coordinate the columns (first, last + 1) of the covariates that it is a product of; None: one number for all rows.

    Coefficients stand in the order of the coordinates. Hashable: the compiled program goes by it.
    """

    columns: tuple[tuple[int, int] | None, ...]

    def sizes(self) -> list[int]:
        return [1 if span is None else span[1] - span[0] for span in self.columns]

    def slices(self) -> list[slice]:
        """Where the coefficients of each coordinate stand among all."""
        ends = np.cumsum([0, *self.sizes()])
        return [slice(int(first), int(last)) for first, last in itertools.pairwise(ends)]

    def n_coefficients(self) -> int:
        return sum(self.sizes())

    def coordinates(self, coefficients, covariates):
        """The coordinates (n, p) of rows with covariates (n, m)."""
        one_each = [
            jnp.broadcast_to(coefficients[where], covariates.shape[:1])
            if span is None
            else covariates[:, span[0] : span[1]] @ coefficients[where]
            for span, where in zip(self.columns, self.slices(), strict=True)
        ]
        return jnp.stack(one_each, axis=-1) if one_each else jnp.zeros((covariates.shape[0], 0))


class LinearSums(NamedTuple):
    """Weighted sums: value (), gradient (q,), hessian (q, q) in the coefficients; ``size``, the sum with every term positive."""

    value: Any
    gradient: Any
    hessian: Any
    size: Any


def linear_sums(rule: Callable, layout: Layout, template: Any, coefficients: np.ndarray, data: list[dict[str, Chunk]]) -> LinearSums:
    """The sums at coefficients (q,) over all chunks, whose columns hold ``covariates`` (B, b, m).

    Parameters
    ----------
    rule : (template, coordinates (p,), kind, row) -> the term of a row; at module level, so that the compiled program is found again.
    """
    parts = [_sums_of_chunk(rule, layout, template, coefficients, chunk) for chunk in data]
    return jax.tree.map(lambda *arrays: sum(np.asarray(array) for array in arrays), *parts)


@program(static_argnums=(0, 1))
def _sums_of_chunk(rule: Callable, layout: Layout, template: Any, coefficients: Any, chunk: dict[str, Chunk]) -> LinearSums:
    total: Any = None
    for kind, (columns, weights, n_filled) in chunk.items():

        def of_block(index, kind=kind, columns=columns, weights=weights):
            rows = jax.tree.map(lambda column: column[index], columns)
            covariates = rows.pop("covariates")
            return _sums_of_block(rule, layout, template, coefficients, kind, rows, covariates, weights[index])

        if weights.shape[0] == 1:
            sums = of_block(0)
        else:
            nothing = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(of_block, 0))
            sums = jax.lax.fori_loop(0, n_filled, lambda i, so_far, of_block=of_block: jax.tree.map(jnp.add, so_far, of_block(i)), nothing)
        total = sums if total is None else jax.tree.map(jnp.add, total, sums)
    return total


def _sums_of_block(rule, layout: Layout, template, coefficients, kind: str, rows, covariates, weights) -> LinearSums:
    terms, slopes, curvatures = _derivatives(rule, template, kind, rows, layout.coordinates(coefficients, covariates))
    n = len(weights)
    known = [jnp.ones((n, 1), weights.dtype) if span is None else covariates[:, span[0] : span[1]] for span in layout.columns]
    gradient = jnp.concatenate([(weights * slopes[:, k]) @ known[k] for k in range(len(known))])
    blocks = [[(known[k] * (weights * curvatures[:, k, j])[:, None]).T @ known[j] for j in range(k + 1)] for k in range(len(known))]
    full = [[blocks[k][j] if j <= k else blocks[j][k].T for j in range(len(known))] for k in range(len(known))]
    return LinearSums(weights @ terms, gradient, jnp.block(full), jnp.abs(weights) @ jnp.abs(terms))


def _derivatives(rule, template, kind: str, rows, coordinates):
    """Each row's term (n,), its gradient (n, p) and Hessian (n, p, p) in the row's coordinates."""

    def gradient_and_term(point, row):
        term, slope = jax.value_and_grad(lambda point: rule(template, point, kind, row))(point)
        return slope, (term, slope)

    curvatures, (terms, slopes) = jax.vmap(jax.jacfwd(gradient_and_term, has_aux=True))(coordinates, rows)
    return terms, slopes, curvatures


def slopes_of_rows(rule: Callable, layout: Layout, template: Any, coefficients: np.ndarray, data: list[dict[str, Chunk]]) -> list[Any]:
    """For each chunk and kind the gradients of the terms in the coordinates of their rows, (B, b, p)."""
    return [_slopes_of_chunk(rule, layout, template, coefficients, chunk) for chunk in data]


@program(static_argnums=(0, 1))
def _slopes_of_chunk(rule: Callable, layout: Layout, template: Any, coefficients: Any, chunk: dict[str, Chunk]):
    slopes = {}
    for kind, (columns, _, _) in chunk.items():

        def of_block(rows, kind=kind):
            covariates = rows.pop("covariates")
            points = layout.coordinates(coefficients, covariates)
            return jax.vmap(jax.grad(lambda point, row: rule(template, point, kind, row)))(points, rows)

        slopes[kind] = jax.lax.map(of_block, dict(columns))
    return slopes
