"""Whether a user's function reads entries that an array has not, as a group that counts from 1 does."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
import numpy as np

from survjax.engine.parameter_space import ParameterSpace
from survjax.numerics.blocks import OWN_PROGRAMS, Objective
from survjax.numerics.out_of_range import looks_up, with_nan_beyond


def rows_beyond(objective: Objective, space: ParameterSpace, point: np.ndarray, pieces: list[Any], n: int) -> np.ndarray:
    """Rows, among the n of pieces of columns (B, b, ...), whose term at a point (p,) is nan with entries beyond the end of an array so."""
    block = jax.tree.map(lambda column: column[0], pieces[0])
    leaves, structure = jax.tree.flatten((space, point, block))
    if not _looks_up(objective, structure, tuple(jax.typeof(leaf) for leaf in leaves)):
        return np.zeros(0, dtype=int)
    found = [np.asarray(_spoiled(objective)(space, point, columns)).reshape(-1) for columns in pieces]
    return np.flatnonzero(np.concatenate(found)[:n])


@lru_cache(maxsize=OWN_PROGRAMS)
def _looks_up(objective: Objective, structure: Any, kinds: tuple[Any, ...]) -> bool:
    leaves = [jax.ShapeDtypeStruct(kind.shape, kind.dtype) for kind in kinds]
    return looks_up(lambda space, point, rows: objective.terms(space, point, "", rows), *jax.tree.unflatten(structure, leaves))


@lru_cache(maxsize=OWN_PROGRAMS)
def _spoiled(objective: Objective) -> Any:
    def of_block(space: ParameterSpace, point: Any, rows: Any) -> Any:
        def terms(point: Any, rows: Any) -> Any:
            return objective.terms(space, point, "", rows)

        return jax.numpy.isnan(with_nan_beyond(terms)(point, rows)) & ~jax.numpy.isnan(terms(point, rows))

    return jax.jit(lambda space, point, columns: jax.lax.map(lambda rows: of_block(space, point, rows), columns))
