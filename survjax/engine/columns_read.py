"""Which columns a user's function reads."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal

from survjax.engine.columns import Columns
from survjax.engine.parameter_space import ParameterSpace
from survjax.numerics.blocks import Objective


def columns_read(objective: Objective, space: ParameterSpace, columns: Columns) -> list[str]:
    """The names of columns on which the terms of rows rest, in order."""
    rows = columns.at(np.zeros(1, dtype=int)).tree
    point = jnp.zeros(space.n_coordinates)
    jaxpr = jax.make_jaxpr(lambda rows: objective.terms(space, point, "", rows))(rows).jaxpr
    needed = {one for one in jaxpr.outvars if not isinstance(one, Literal)}
    for equation in reversed(jaxpr.eqns):
        if needed.intersection(equation.outvars):
            needed.update(one for one in equation.invars if not isinstance(one, Literal))
    return [name for name, variable in zip(columns.leaves, jaxpr.invars, strict=True) if variable in needed]
