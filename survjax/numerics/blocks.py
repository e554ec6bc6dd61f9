"""Rows, padded to buckets and taken in blocks: sums over them with two derivatives, and maps over them.

Nothing here knows of survival. A row is a pytree of scalars; a block is the same pytree with columns of up to
``BLOCK`` rows, small enough that temporaries stay in the processor's cache. A data set of any size is met with a
handful of shapes, so that a new number of rows does not compile again: few rows are padded to a power of two, more to
one super-block of small blocks, and beyond it to as many super-blocks of ``BLOCKS`` blocks as it takes. Of a super-block only
the filled blocks are visited, for each kind of row its own number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.numerics.programs import program

SMALLEST = 64  # rows; below this a smaller program is no faster
SMALL_BLOCK = 2_048  # rows: half the time of one block of 16,384 for 10,000 rows of four kinds, none of which fills it
BLOCK = 16_384  # rows of one block: a few such columns fit in a core's cache
BLOCKS = 16  # blocks of a super-block
ALIGNMENT = 64  # bytes, of what XLA on a CPU reads in place
OWN_PROGRAMS = 32  # of functions that a user wrote: each run of a notebook's cell makes another


class Sums(NamedTuple):
    """What one pass over the rows returns, for each of L points.

    value (L,), gradient (L, p) and hessian (L, p, p) of the weighted sum; ``size`` (L,), the same sum with every term and
    weight positive, which is what its rounding error goes by; ``report`` (L, m), of the point alone, its Jacobian (L, m, p),
    and ``extras`` of the point alone; ``statistics``, weighted sums by kind of row.
    """

    value: Any
    gradient: Any
    hessian: Any
    size: Any
    report: Any
    report_jacobian: Any
    extras: Any
    statistics: Any


class Objective(NamedTuple):
    """What to add up: module-level functions, so that the compiled program is found again.

    row(template, point, kind, row) : the term of one row, differentiable in the point.
    statistics(template, point, kind, row) : a pytree of what else to add up over rows, without derivatives.
    report(template, point) : a vector that depends on the point alone, returned with its Jacobian.
    extras(template, point) : a pytree that depends on the point alone, returned as it is.
    block(template, point, kind, rows) : the terms (b,) of a block of rows at once, in the place of ``row``.
    """

    row: Callable
    statistics: Callable
    report: Callable
    extras: Callable
    block: Callable | None = None

    def terms(self, template: Any, point: Any, kind: str, rows: Any) -> Any:
        """The terms (b,) of a block."""
        if self.block is not None:
            return self.block(template, point, kind, rows)
        return jax.vmap(lambda row: self.row(template, point, kind, row))(rows)


class Chunk(NamedTuple):
    """Columns (B, b) of one kind of row, their weights (B, b), and how many of the B blocks are filled."""

    columns: Any
    weights: Any
    n_filled: Any


def bucket(n: int) -> int:
    """The padded number of rows for n: a power of two up to a small block, then whole super-blocks."""
    if n > BLOCK:
        size = BLOCK * BLOCKS
        return -(-n // size) * size
    if n > SMALL_BLOCK:
        return BLOCK
    return max(SMALLEST, _power_of_two(n))


def _power_of_two(n: int) -> int:
    """The least that is no less than n."""
    return 1 << max(n - 1, 0).bit_length()


def chunks(rows: Mapping[str, tuple[Any, np.ndarray]], as_many_as: int = 0, block: int | None = None) -> list[dict[str, Chunk]]:
    """Each kind's (columns, weights), padded and cut alike into the chunks that ``sums`` takes one at a time.

    With ``as_many_as`` the shapes are those of at least so many rows, so that a sample shares the program of the whole; with
    ``block`` a block has that many rows. Padding rows repeat the kind's first row with weight 0, so that they are legal whatever the
    columns mean.
    """
    longest = max(len(weights) for _, weights in rows.values())
    if block is None:
        padded = bucket(longest)
        padded = max(padded, min(bucket(as_many_as), BLOCK * BLOCKS))
        per_chunk = min(padded, BLOCK * BLOCKS)
        block = BLOCK if padded > BLOCK else min(padded, SMALL_BLOCK)
    elif max(longest, as_many_as) <= block:
        padded = per_chunk = block = min(block, max(SMALLEST, _power_of_two(max(longest, as_many_as))))
    else:
        per_chunk = block * BLOCKS
        padded = -(-longest // per_chunk) * per_chunk
    shape = (per_chunk // block, block)
    cut: list[dict[str, Chunk]] = []
    for first in range(0, padded, per_chunk):
        chunk = {}
        for kind, (columns, weights) in rows.items():
            n = min(max(len(weights) - first, 0), per_chunk)
            piece = slice(first, first + n)
            chunk[kind] = Chunk(
                jax.tree.map(lambda c, piece=piece: _pad(c[piece], per_chunk, c[0]).reshape(*shape, *c.shape[1:]), columns),
                _pad(weights[piece], per_chunk, 0.0).reshape(shape),
                np.int32(-(-n // shape[1])),
            )
        # a CPU reads aligned columns where they are, and few rows reach another device as fast with each call as placed there
        cut.append(chunk if padded <= SMALL_BLOCK or jax.default_backend() == "cpu" else jax.device_put(chunk))
    return cut


def _pad(column: np.ndarray, size: int, value: Any) -> np.ndarray:
    padded = _aligned((size, *column.shape[1:]), column.dtype)
    padded[: len(column)] = column
    padded[len(column) :] = value
    return padded


def _aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Room for a column that begins where XLA wants it: from anywhere else it is copied with each call."""
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    first = -raw.ctypes.data % ALIGNMENT
    return raw[first : first + size].view(dtype).reshape(shape)


def sums(
    objective: Objective, template: Any, points: np.ndarray, active: np.ndarray, data: list[dict[str, Chunk]], own: bool = False
) -> Sums:
    """``Sums`` at points (L, p) over all chunks; a point that is not active costs nothing and returns zeros.

    own : the objective is a user's, whose program is forgotten when ``OWN_PROGRAMS`` others have come after it.
    """
    program = _own_sums(objective) if own else partial(_sums_of_chunk, objective)
    parts = [program(template, points, active, chunk) for chunk in data]
    if len(parts) == 1:
        return jax.tree.map(np.asarray, parts[0])  # on a CPU half the cost of device_get
    fetched: list[Sums] = jax.device_get(parts)
    added = {name: sum(getattr(part, name) for part in fetched) for name in ("value", "gradient", "hessian", "size")}
    statistics = jax.tree.map(lambda *arrays: sum(arrays), *(part.statistics for part in fetched))
    return fetched[0]._replace(**added, statistics=statistics)


@lru_cache(maxsize=OWN_PROGRAMS)
def _own_sums(objective: Objective) -> Callable:
    return jax.jit(partial(_add_up, objective))


@lru_cache(maxsize=OWN_PROGRAMS)
def _own_terms(objective: Objective) -> Callable:
    return jax.jit(partial(_terms_of_chunk, objective))


def terms_of_rows(objective: Objective, template: Any, point: np.ndarray, data: list[dict[str, Chunk]], kind: str) -> tuple[Any, Any]:
    """The term of each row of a kind and its gradient in the point, (m,) and (m, p), padding rows included, without weights."""
    parts = jax.device_get([_own_terms(objective)(template, point, chunk[kind]) for chunk in data])
    return np.concatenate([terms.reshape(-1) for terms, _ in parts]), np.concatenate([g.reshape(-1, g.shape[-1]) for _, g in parts])


def _terms_of_chunk(objective: Objective, template: Any, point: Any, chunk: Chunk) -> Any:
    def of_row(row):
        def term(point):
            return objective.terms(template, point, "", jax.tree.map(lambda value: value[None], row))[0]

        return jax.value_and_grad(term)(point)  # in reverse, as the sums are made: where an illegal branch leaves nan

    return jax.lax.map(jax.vmap(of_row), chunk.columns)


@program(static_argnums=0)
def _sums_of_chunk(objective: Objective, template: Any, points: Any, active: Any, chunk: dict[str, Chunk]) -> Sums:
    return _add_up(objective, template, points, active, chunk)


def _add_up(objective: Objective, template: Any, points: Any, active: Any, chunk: dict[str, Chunk]) -> Sums:
    def at_point(point):
        total: Any = None
        statistics = {}
        for kind, (columns, weights, n_filled) in chunk.items():

            def of_block(index, kind=kind, columns=columns, weights=weights):
                return _sums_of_block(objective, template, point, kind, jax.tree.map(lambda c: c[index], columns), weights[index])

            if weights.shape[0] == 1:
                sums_of_kind = of_block(0)
            else:
                nothing = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(of_block, 0))
                sums_of_kind = jax.lax.fori_loop(
                    0, n_filled, lambda i, so_far, of_block=of_block: jax.tree.map(jnp.add, so_far, of_block(i)), nothing
                )
            *added, statistics[kind] = sums_of_kind
            total = added if total is None else jax.tree.map(jnp.add, total, added)

        def report(point):
            vector = objective.report(template, point)
            return vector, vector

        jacobian, vector = jax.jacfwd(report, has_aux=True)(point)
        value, gradient, hessian, size = total
        return Sums(value, gradient, hessian, size, vector, jacobian, objective.extras(template, point), statistics)

    if len(points) == 1:
        return jax.tree.map(lambda array: array[None], at_point(points[0]))

    # one point after another, not vmap: on a CPU the cache is shared, and a point that has arrived is skipped
    def if_active(point_and_active):
        point, wanted = point_and_active
        shapes = jax.eval_shape(at_point, point)
        return jax.lax.cond(wanted, at_point, lambda _: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes), point)

    return jax.lax.map(if_active, (points, active))


def _sums_of_block(objective: Objective, template: Any, point: Any, kind: str, rows: Any, weights: Any):
    def total(point):
        terms = objective.terms(template, point, kind, rows)
        return weights @ terms, jnp.abs(weights) @ jnp.abs(jax.lax.stop_gradient(terms))

    def gradient_and_value(point):
        (value, size), gradient = jax.value_and_grad(total, has_aux=True)(point)
        return gradient, (value, gradient, size)

    # value, gradient and Hessian from one trace: forward over reverse, the primal carried along
    hessian, (value, gradient, size) = jax.jacfwd(gradient_and_value, has_aux=True)(point)
    statistics = jax.vmap(lambda row: objective.statistics(template, point, kind, row))(rows)
    return value, gradient, hessian, size, jax.tree.map(lambda s: jnp.tensordot(weights, s, 1), statistics)


def map_rows(function: Callable, parameters: Any, *columns: np.ndarray, at_once: int | None = None) -> Any:
    """``function(parameters, *row)`` for every row of columns (n, ...); a pytree of arrays (n, ...).

    ``function`` is a module-level function of scalars, or of what else a row of a column is. Rows are padded and blocked as in
    ``sums``; memory beyond the result is bounded by one super-block. With ``at_once`` so many rows a call, however many there are: one
    program, for a function that takes long to compile.
    """
    n = len(columns[0])
    # coarser than for sums: a prediction is asked for ever new numbers of rows, and its rows are cheap beside a compilation
    padded = at_once or next((size for size in (SMALLEST, 16 * SMALLEST, BLOCK) if n <= size), bucket(n))
    per_call = min(padded, BLOCK * BLOCKS)
    shape = (1, padded) if padded <= BLOCK else (BLOCKS, BLOCK)
    parameters = jax.tree.map(np.asarray, parameters)  # a Python float is weakly typed: a second program
    results = []
    for first in range(0, max(n, 1), per_call):
        length = min(n - first, per_call)
        blocks = [
            _pad(column[first : first + length], per_call, column[first] if n else 1.0).reshape(*shape, *column.shape[1:])
            for column in columns
        ]
        mapped = jax.device_get(_map_blocks(function, parameters, tuple(blocks), np.int32(-(-length // shape[1]))))
        results.append(jax.tree.map(lambda array, length=length: array.reshape(-1, *array.shape[2:])[:length], mapped))
    return results[0] if len(results) == 1 else jax.tree.map(lambda *arrays: np.concatenate(arrays), *results)


@program(static_argnums=0)
def _map_blocks(function: Callable, parameters: Any, blocks: tuple[Any, ...], n_filled: Any) -> Any:
    over_rows = jax.vmap(lambda *row: function(parameters, *row))
    if blocks[0].shape[0] == 1:
        return jax.tree.map(lambda array: array[None], over_rows(*(block[0] for block in blocks)))

    def visit(index, results):
        values = over_rows(*(block[index] for block in blocks))
        return jax.tree.map(lambda result, value: result.at[index].set(value), results, values)

    shapes = jax.eval_shape(over_rows, *(block[0] for block in blocks))
    nothing = jax.tree.map(lambda s: jnp.zeros((blocks[0].shape[0], *s.shape), s.dtype), shapes)
    return jax.lax.fori_loop(0, n_filled, visit, nothing)
