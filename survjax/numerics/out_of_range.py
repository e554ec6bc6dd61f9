"""Where a function's value rests on an entry beyond the end of an array: JAX takes the last one in its place, and says nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun

NO_INDEX = -(2**30)


def with_nan_beyond(function: Callable) -> Callable:
    """The same function of arrays, for which an entry beyond the end of an array is nan (of whole numbers one that is no index).

    So is one by a negative index that depends on the arguments: a constant one, x[-1], is meant to count from the end.
    """

    def evaluated(*arguments: Any) -> Any:
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
        return jax.tree.unflatten(
            jax.tree.structure(shape), jaxpr_as_fun(_filled(closed, [True] * len(closed.jaxpr.invars)))(*jax.tree.leaves(arguments))
        )

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


def _filled(closed: Any, given: list[bool]) -> Any:
    """The same program with nan for entries that are not there. ``given``: which of its inputs depend on the arguments."""
    equations = []
    depends = {variable for variable, is_given in zip(closed.jaxpr.invars, given, strict=True) if is_given}
    made_by: dict[Any, Any] = {}
    for equation in closed.jaxpr.eqns:
        known = [not isinstance(one, Literal) and one in depends for one in equation.invars]
        if any(known):
            depends.update(equation.outvars)
        made_by.update(dict.fromkeys(equation.outvars, equation))
        changed = {
            name: tuple(_filled(part, _of(part, known)) for part in value)
            if isinstance(value, tuple)
            else _filled(value, _of(value, known))
            for name, value in equation.params.items()
            if value and all(isinstance(part, ClosedJaxpr) for part in _parts(value))
        }
        if equation.primitive.name == "gather":
            changed = {"mode": jax.lax.GatherScatterMode.FILL_OR_DROP, "fill_value": _nothing(equation.outvars[0].aval.dtype)}
        kept = _not_from_the_end(equation, made_by, depends)
        equations.append(kept.replace(params={**kept.params, **changed}))
    return closed.replace(jaxpr=closed.jaxpr.replace(eqns=equations))


def _of(closed: Any, known: list[bool]) -> list[bool]:
    """What of an inner program's inputs depends on the arguments: as outside, where they are the same one by one."""
    n = len(closed.jaxpr.invars)
    return known if len(known) == n else [True] * n


def _not_from_the_end(equation: Any, made_by: dict[Any, Any], depends: set[Any]) -> Any:
    """An index i as it is where jax.numpy would choose between i and i + n by i < 0, if i depends on the arguments."""
    if (equation.primitive.name != "select_n" and equation.params.get("name") != "_where") or len(equation.invars) != 3:
        return equation
    which, *cases = equation.invars
    is_negative = made_by.get(which) if not isinstance(which, Literal) else None
    if is_negative is None or is_negative.primitive.name != "lt":
        return equation
    index, zero = is_negative.invars
    others = [case for case in cases if case is not index]
    if index in depends and isinstance(zero, Literal) and zero.val == 0 and len(others) == 1 and not isinstance(others[0], Literal):
        moved = made_by.get(others[0])
        if moved is not None and moved.primitive.name == "add" and moved.invars[0] is index and isinstance(moved.invars[1], Literal):
            return equation.replace(invars=[which, index, index])
    return equation


def _nothing(dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.inexact):
        return np.nan
    if dtype == np.bool_:
        return False
    # no index, nor one when it is cut to 32 bits
    return max(int(jnp.iinfo(dtype).min), NO_INDEX) or int(jnp.iinfo(dtype).max)
