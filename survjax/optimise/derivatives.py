"""A function's value, gradient and Hessian, by autodiff, by the user's formulas or by finite differences; as they are or compiled."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.optimise.form import Form

ORIGINS = ("autodiff", "analytic", "finite differences")
JITS = ("none", "value", "gradient", "both")
# central differences: the step that makes the error of truncation as large as that of rounding
STEP_OF_GRADIENT = np.finfo(float).eps ** (1 / 3)
STEP_OF_HESSIAN = np.finfo(float).eps ** (1 / 4)
TRACED = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)


class Rule(NamedTuple):
    """What is to be evaluated, and where its derivatives come from. ``outside``: values that the functions read beside their arguments."""

    fun: Callable
    form: Form
    origin: str
    gradient: Callable | None
    hessian: Callable | None
    outside: Hashable

    def value_at(self, point: Any, args: tuple) -> Any:
        value = self.fun(self.form.parameters(point), *args)
        if value is None:
            raise TypeError("fun returned None: is its return missing?")
        if np.shape(value) != ():
            raise ValueError(
                f"fun must return one number; it returned an array of shape {np.shape(value)}. For many rows return their mean."
            )
        return value

    def at(self, point: Any, args: tuple, quantities: tuple[str, ...], compiled: bool) -> tuple:
        """Those of "value", "gradient" (p,) and "hessian" (p, p) that are asked for, in that order."""
        if self.origin == "autodiff":
            found = _by_autodiff(lambda x: self.value_at(x, args), point, quantities)
        elif self.origin == "analytic":
            found = self._by_formula(point, args, quantities)
        else:
            found = _by_differences(lambda x: self.value_at(x, args), point, quantities, compiled)
        return tuple(found[quantity] for quantity in quantities)

    def _by_formula(self, point: Any, args: tuple, quantities: tuple[str, ...]) -> dict[str, Any]:
        found = {"value": self.value_at(point, args)} if "value" in quantities else {}
        parameters = self.form.parameters(point)
        if "gradient" in quantities and self.gradient is not None:
            found["gradient"] = self.form.vector(self.gradient(parameters, *args))
        if "hessian" in quantities and self.hessian is not None:
            found["hessian"] = jnp.asarray(self.hessian(parameters, *args))
        for name, shape in (("gradient", point.shape), ("hessian", point.shape * 2)):
            if name in found and found[name].shape != shape:
                raise ValueError(f"{name}= must return an array of shape {shape}; it returned one of shape {found[name].shape}.")
        return found


def _by_autodiff(value: Callable, point: Any, quantities: tuple[str, ...]) -> dict[str, Any]:
    if quantities == ("value",):
        return {"value": value(point)}

    def gradient_and_value(point):
        number, gradient = jax.value_and_grad(value)(point)
        return gradient, (number, gradient)

    found = {}
    if "hessian" in quantities:
        # all from one trace: forward over reverse, the rest carried along
        found["hessian"], (found["value"], found["gradient"]) = jax.jacfwd(gradient_and_value, has_aux=True)(point)
    else:
        found["gradient"], (found["value"], _) = gradient_and_value(point)
    return found


def _by_differences(value: Callable, point: Any, quantities: tuple[str, ...], compiled: bool) -> dict[str, Any]:
    """Central differences: an error of the order of the square of the step."""
    p = len(point)

    def values(points):
        # compiled: one copy of the function in the program, not one a point
        return jax.lax.map(value, points) if compiled else jnp.stack([jnp.asarray(value(x)) for x in points])

    found = {}
    if "value" in quantities:
        found["value"] = value(point)
    if "gradient" in quantities:
        step = STEP_OF_GRADIENT * jnp.maximum(1.0, jnp.abs(point))
        there = values(jnp.concatenate([point + jnp.diag(step), point - jnp.diag(step)]))
        found["gradient"] = (there[:p] - there[p:]) / (2.0 * step)
    if "hessian" in quantities:
        step = STEP_OF_HESSIAN * jnp.maximum(1.0, jnp.abs(point))
        rows, columns = np.triu_indices(p)
        along, across = jnp.diag(step)[rows], jnp.diag(step)[columns]
        corners = [point + along + across, point + along - across, point - along + across, point - along - across]
        high, low, other_low, other_high = jnp.split(values(jnp.concatenate(corners)), 4)
        entries = (high - low - other_low + other_high) / (4.0 * step[rows] * step[columns])
        found["hessian"] = jnp.zeros((p, p)).at[rows, columns].set(entries).at[columns, rows].set(entries)
    return found


def calls_of_fun(origin: str, quantity: str, p: int) -> int:
    """How many values of the function one evaluation of a quantity takes, beyond the derivative's own."""
    if quantity == "value":
        return 1
    if origin != "finite differences":
        return 0
    return 2 * p if quantity == "gradient" else 2 * p * (p + 1)


@lru_cache(maxsize=64)
def program(rule: Rule, quantities: tuple[str, ...]) -> Any:
    """The compiled function of (point, args); the same one for the same rule, so that nothing is compiled twice."""
    return jax.jit(lambda point, args: rule.at(point, args, quantities, compiled=True))


@lru_cache(maxsize=64)
def _executables(rule: Rule, quantities: tuple[str, ...]) -> dict[Any, Any]:
    return {}


def executable(rule: Rule, quantities: tuple[str, ...], point: Any, args: tuple) -> tuple[Callable, float]:
    """The program for arguments of these shapes, and the seconds it took to trace and compile: 0 where it was at hand."""
    known = _executables(rule, quantities)
    shapes = jax.tree.structure(args), tuple(jax.typeof(leaf) for leaf in jax.tree.leaves(args))
    if shapes in known:
        return known[shapes], 0.0
    began = time.perf_counter()
    known[shapes] = program(rule, quantities).lower(point, args).compile()
    return known[shapes], time.perf_counter() - began


def explained(error: Exception, rule: Rule, jitted: bool) -> TypeError:
    """What to do about a function that cannot be traced."""
    where = _place(error, rule)
    if isinstance(error, jax.errors.TracerArrayConversionError):
        message = f"A value that JAX traces is handed to NumPy{where}. Use jax.numpy there"
        remedy = "pass derivatives='finite differences' with jit='none'"
    else:
        message = f"Python asks for the number behind a value that JAX traces (an if, a while, float(), an index){where}. Write the choice "
        message += "with jnp.where or jax.lax.cond, a loop with jax.lax.while_loop"
        remedy = "pass jit='none'" if jitted else "pass derivatives='finite differences' with jit='none'"
    if any(hasattr(function, "bad_rows") for function in (rule.fun, rule.gradient, rule.hessian)):
        # a mean over rows traces its term, whatever is compiled and differentiated
        return TypeError(f"{message}.")
    return TypeError(f"{message}; or {remedy}, which is slower.")


def _place(error: Exception, rule: Rule) -> str:
    functions = (getattr(rule.fun, "term", rule.fun), rule.gradient, rule.hessian)
    files = {f.__code__.co_filename for f in functions if f is not None and hasattr(f, "__code__")}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return f" (line {frames[-1].lineno}: {frames[-1].line})" if frames else ""
