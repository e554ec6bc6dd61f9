"""The user's function as a term of the likelihood: how it is called, and what is said where it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np

from survjax.engine.columns import Columns
from survjax.engine.parameter_space import ParameterSpace
from survjax.numerics.blocks import Objective
from survjax.numerics.outside import values_outside
from survjax.numerics.tracing import explained, line_of

TRIAL_ROWS = 64  # of a block, where the function is tried out
_LATEST: WeakKeyDictionary[Callable, Hashable] = WeakKeyDictionary()  # what a function that JAX traces now reads


@dataclass(frozen=True)
class OfRows:
    """``log_likelihood(parameters, row)`` as an objective calls it.

    Equal for the same function and the same ``outside``, the values that it reads beside its arguments, so that its program is found again.
    """

    function: Callable
    outside: Hashable

    def __call__(self, space: ParameterSpace, point: Any, kind: str, rows: Any) -> Any:
        if _LATEST.get(self.function, self.outside) != self.outside:
            raise ValueError(
                "what log_likelihood reads from outside of its arguments (a variable of the notebook) is another than at the time of this "
                "fit: fit again."
            )
        terms = self.function(space.bind(point), jax.tree.map(_in_double, rows))
        return jnp.asarray(terms).astype(float)


def _in_double(column: Any) -> Any:
    return column.astype(float) if jnp.issubdtype(column.dtype, jnp.floating) else column


def _values(space: ParameterSpace, point: Any) -> Any:
    return space.values(point)


def _nothing(*_: Any) -> tuple[()]:
    return ()


class _Itself:
    """A function that cannot be hashed, as one that holds arrays: the same where it is the same object."""

    def __init__(self, function: Callable) -> None:
        self.function = function

    def __call__(self, parameters: Any, rows: Any) -> Any:
        return self.function(parameters, rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.function is self.function

    def __hash__(self) -> int:
        return id(self.function)


class NotInTheFile:
    """In the place of the function of a fit that was loaded: its name, and what to do where it is needed."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *_: Any) -> NoReturn:
        raise TypeError(
            f"the function {self.__name__} is not in the file that this MaximumLikelihood was loaded from: give it back, "
            f"sj.load(path, log_likelihood={self.__name__}), or model.set_params(log_likelihood={self.__name__})."
        )


def objective_of(function: Callable, per: str) -> Objective:
    outside = values_outside(function)
    try:
        hash(function)
    except TypeError:
        function = _Itself(function)
    term = OfRows(function, outside)
    with suppress(TypeError):  # what no weak reference can be had of
        _LATEST[function] = outside
    return Objective(term, _nothing, _values, _nothing, term if per == "block" else None)


def check_function(function: Callable, per: str, space: ParameterSpace, columns: Columns) -> None:
    """Try the function on values that JAX traces, and explain what does not go; nothing is computed.

    Raises
    ------
    TypeError, ValueError : with the line of the user's, and the remedy.
    """
    size = min(TRIAL_ROWS, columns.block(None))

    def described(column: np.ndarray) -> jax.ShapeDtypeStruct:
        shape = column.shape[1:] if per == "row" else (size, *column.shape[1:])
        return jax.ShapeDtypeStruct(shape, np.float64 if column.dtype.kind == "f" else column.dtype)

    rows = jax.tree.map(described, columns.tree)
    with called(function, space, columns):
        shape = jax.eval_shape(
            lambda point, rows: function(space.bind(point), rows), jax.ShapeDtypeStruct((space.n_coordinates,), np.float64), rows
        )
    if per == "row":
        _check_answer(shape, (), "one number, the log-likelihood of the row: sum over what else is in it, or take per='block'")
    else:
        meaning = f"one number for each of the {size} rows of the block, of shape ({size},), and not their sum"
        _check_answer(shape, (size,), meaning)


def _check_answer(answer: Any, shape: tuple[int, ...], meaning: str) -> None:
    if answer is None:
        raise TypeError("log_likelihood returned None: is its return missing?")
    if not hasattr(answer, "shape") or not hasattr(answer, "dtype"):
        raise TypeError(f"log_likelihood must return {meaning}; it returned a {type(answer).__name__}.")
    if answer.shape != shape:
        raise TypeError(f"log_likelihood must return {meaning}; it returned an array of shape {answer.shape}.")
    if jnp.issubdtype(answer.dtype, jnp.complexfloating):
        raise TypeError("log_likelihood returned a complex number; take its real part where that is what is meant.")
    if answer.dtype in (jnp.float32, jnp.float16, jnp.bfloat16):
        raise TypeError(
            f"log_likelihood returned {answer.dtype}, which has too few digits for a maximum to be found: it is called with 64 bits, so "
            "take away what makes them fewer, an astype or a dtype."
        )


@contextmanager
def called(function: Callable, space: ParameterSpace, columns: Columns) -> Iterator[None]:
    """Errors about the user's function, with what it was called with."""
    try:
        with explained(function, "log_likelihood"):
            yield
    except KeyError as error:
        name = error.args[0] if error.args else ""
        if str(name) in columns.left_out:
            raise columns.left_out[str(name)] from None
        raise ValueError(
            f"log_likelihood asks for {name!r}{line_of(function, error)}, which is neither a column nor a parameter. Columns are "
            f"{', '.join(columns.leaves)}; parameters are {', '.join(entry.name for entry in space.entries)}."
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        if isinstance(error.__cause__, (jax.errors.JAXTypeError, jax.errors.JAXIndexError, NotImplementedError, AttributeError)):
            raise  # it has been explained
        if "string indexing" in str(error) and not isinstance(columns.tree, Mapping):
            raise TypeError(
                f"log_likelihood asks for a column by name{line_of(function, error)}, and data came without names: pass a data frame or a "
                'mapping, {"x": x, "y": y}.'
            ) from error
        shapes = ", ".join(f"{entry.name} {entry.shape}" for entry in space.entries)
        rows = ", ".join(f"{name} {leaf.shape[1:]}" for name, leaf in columns.leaves.items())
        error.add_note(
            f"This came from log_likelihood{line_of(function, error)}. It is called with a mapping of parameters (shapes: {shapes}) and "
            f"a row (shapes: {rows}; with per='block' b rows of them). It must be made of jax.numpy and needs two derivatives: no "
            "custom_vjp, and no while loop whose length depends on parameters."
        )
        raise
