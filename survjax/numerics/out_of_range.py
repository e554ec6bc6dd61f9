"""Where a function's value rests on an entry beyond the end of an array: JAX takes the last one in its place, and says nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun


def with_nan_beyond(function: Callable) -> Callable:
    """The same function of arrays, for which an entry beyond the end of an array is nan (of whole numbers one that is no index)."""

    def evaluated(*arguments: Any) -> Any:
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
        return jax.tree.unflatten(jax.tree.structure(shape), jaxpr_as_fun(_filled(closed))(*jax.tree.leaves(arguments)))

    return evaluated


def looks_up(function: Callable, *arguments: Any) -> bool:
    """Whether a function reads entries of arrays by an index that is computed."""
    return _gathers(jax.make_jaxpr(function)(*arguments))


def _gathers(closed: Any) -> bool:
    return any(one.primitive.name == "gather" or any(map(_gathers, _inner(one))) for one in closed.jaxpr.eqns)


def _inner(equation: Any) -> list[Any]:
    return [part for value in equation.params.values() for part in _parts(value) if isinstance(part, ClosedJaxpr)]


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _filled(closed: Any) -> Any:
    equations = []
    for equation in closed.jaxpr.eqns:
        changed = {
            name: tuple(map(_filled, _parts(value))) if isinstance(value, tuple) else _filled(value)
            for name, value in equation.params.items()
            if value and all(isinstance(part, ClosedJaxpr) for part in _parts(value))
        }
        if equation.primitive.name == "gather":
            changed = {"mode": jax.lax.GatherScatterMode.FILL_OR_DROP, "fill_value": _nothing(equation.outvars[0].aval.dtype)}
        equations.append(equation.replace(params={**equation.params, **changed}))
    return closed.replace(jaxpr=closed.jaxpr.replace(eqns=equations))


def _nothing(dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.inexact):
        return np.nan
    return False if dtype == np.bool_ else int(jnp.iinfo(dtype).min or jnp.iinfo(dtype).max)
