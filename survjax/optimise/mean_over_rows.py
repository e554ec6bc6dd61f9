"""The mean of a function over many rows, block by block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

BLOCK = 512


@dataclass(frozen=True)
class MeanOverRows:
    """``fun(parameters, data)``: the mean of ``term(parameters, row)`` over the rows of ``data``, with two derivatives.

    Rows are taken in blocks, each differentiated where it is added up, so that temporaries stay in the processor's cache and memory
    does not grow with the number of rows, whatever is differentiated. To be handed to ``minimise`` with ``args=(data,)``.

    Parameters
    ----------
    term : of the parameters and one row, a number (or a pytree of arrays, such as a gradient by formula: what comes is then their mean, not
        to be differentiated). With ``data`` a pytree of columns (n, ...), a row is the same pytree of entries (...).
    block : rows taken together.
    """

    term: Callable[[Any, Any], Any]
    block: int = BLOCK

    def __post_init__(self) -> None:
        if self.block < 1:
            raise ValueError(f"block must be at least 1; got {self.block}.")

    def __call__(self, parameters: Any, data: Any) -> Any:
        n = n_rows(data)
        size = min(self.block, n)
        n_whole = n // size

        def of_block(parameters, rows):
            return jax.tree.map(lambda terms: jnp.sum(terms, axis=0), self.terms(parameters, rows))

        if n == size:
            return jax.tree.map(lambda total: total / n, of_block(parameters, data))
        whole = jax.tree.map(lambda column: column[: n_whole * size].reshape(n_whole, size, *column.shape[1:]), data)
        total = _sum_over_blocks(of_block, parameters, whole)
        if n % size:
            total = jax.tree.map(jnp.add, total, of_block(parameters, jax.tree.map(lambda column: column[n_whole * size :], data)))
        return jax.tree.map(lambda total: total / n, total)

    def terms(self, parameters: Any, data: Any) -> Any:
        """Every row's term, (n,)."""
        return jax.vmap(self.term, in_axes=(None, 0))(parameters, data)

    def bad_rows(self, parameters: Any, data: Any) -> np.ndarray:
        """The rows whose term, or an entry of it, is not finite, counted from 0."""
        finite = [np.isfinite(entry).reshape(len(entry), -1).all(axis=1) for entry in jax.tree.leaves(self.terms(parameters, data))]
        return np.flatnonzero(~np.all(finite, axis=0))

    def derived(self) -> tuple[MeanOverRows, MeanOverRows]:
        """The means of the term's gradient and of its Hessian."""
        return MeanOverRows(jax.grad(self.term), self.block), MeanOverRows(jax.jacfwd(jax.grad(self.term)), self.block)


def n_rows(data: Any) -> int:
    """How many rows the columns have. ValueError where they disagree or there is none."""
    lengths = {np.shape(column)[:1] for column in jax.tree.leaves(data)}
    if len(lengths) != 1 or lengths <= {(), (0,)}:
        raise ValueError(f"data must be columns of one length, at least 1; got lengths {sorted(lengths)}.")
    return lengths.pop()[0]


def _sum_over_blocks(of_block: Callable, parameters: Any, blocks: Any) -> Any:
    # Reverse mode through a scan would keep every block's temporaries. The gradient of a sum is the sum of gradients, taken on the way
    # forward; what goes backward is one factor. Forward mode over it (the Hessian) then goes block by block as well.
    def summed(function):
        shapes = jax.eval_shape(function, jax.tree.map(lambda column: column[0], blocks))
        nothing = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        return jax.lax.scan(lambda so_far, rows: (jax.tree.map(jnp.add, so_far, function(rows)), None), nothing, blocks)[0]

    @jax.custom_vjp
    def total(parameters):
        return summed(lambda rows: of_block(parameters, rows))

    total.defvjp(
        lambda parameters: summed(lambda rows: jax.value_and_grad(of_block)(parameters, rows)),
        lambda gradient, factor: (jax.tree.map(lambda entry: factor * entry, gradient),),
    )
    return total(parameters)
