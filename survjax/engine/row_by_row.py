"""Whether a function of blocks gives each row a term of its own: where it mixes rows, its sum depends on how they are cut."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
import numpy as np

from survjax.engine.columns import Columns
from survjax.engine.parameter_space import ParameterSpace
from survjax.numerics.blocks import OWN_PROGRAMS, Objective

SAME_TERM = 1e-8  # of the largest term: half of the digits, since a sum over columns may be taken in another order in another place
ASIDE = (1.0, 1e-3, 1e-6)  # of the coordinates: at 0 a coefficient hides what its column is


def check_rows_apart(objective: Objective, space: ParameterSpace, columns: Columns, points: list[np.ndarray], size: int) -> None:
    """Compare terms of rows with those they have among other rows, in another order, at some points (p,).

    Parameters
    ----------
    size : rows of the block that is tried, at even steps through the data.

    Raises
    ------
    ValueError : the term of a row, which is named, is another one.
    """
    if columns.n == 1:
        return
    rows = np.linspace(0, columns.n - 1, size).astype(int) if columns.n >= size else np.arange(size) % columns.n
    turned = np.arange(size)[::-1]
    terms_of = _terms(objective)
    for point in points:
        alone = np.asarray(terms_of(space, point, columns.at(rows).tree))
        finite = np.abs(alone[np.isfinite(alone)])
        allowed = SAME_TERM * finite.max(initial=0.0)
        for half in (0, 1):
            places = turned.copy()
            places[half::2] = turned[1 - half :: 2]  # every row of one half twice, in the place of the other
            among = np.asarray(terms_of(space, point, columns.at(rows[places]).tree))
            known = np.isfinite(alone[places]) & np.isfinite(among)
            other = known & ~(np.abs(np.where(known, among - alone[places], 0.0)) <= allowed)
            if other.any():
                place = int(np.argmax(other))
                raise ValueError(
                    f"log_likelihood mixes rows: the term of row {rows[places[place]]} is {alone[places[place]]:.9g} in one block and "
                    f"{among[place]:.9g} among other rows. A block is any part of the rows, in any order, so that each owes a term of its "
                    "own: what is of all rows (a mean, a total, a rank) belongs into a column, made before, or into the parameters, as a "
                    "known value; rows that hang together (a unit's history) belong into one row, as an array."
                )


def points_aside(start: np.ndarray) -> list[np.ndarray]:
    """The start (p,), and points nearer and farther from it, with another step for each coordinate."""
    steps = 1.0 + np.arange(len(start)) / (1.0 + len(start))
    return [start, *(start + aside * steps for aside in ASIDE)]


@lru_cache(maxsize=OWN_PROGRAMS)
def _terms(objective: Objective) -> Any:
    return jax.jit(lambda space, point, rows: objective.terms(space, point, "", rows))
