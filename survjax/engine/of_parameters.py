"""A user's function of the parameters, and of rows to predict for: how it is called, and what is said where it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.engine.columns import is_series, read_column, read_columns
from survjax.engine.parameter_space import ParameterSpace
from survjax.numerics.out_of_range import with_nan_beyond
from survjax.numerics.tracing import explained, line_of


@dataclass(frozen=True)
class OfParameters:
    """``function(parameters, *arguments)``, with frames among the arguments as mappings from columns to arrays.

    Attributes
    ----------
    left_out : columns of frames that hold no numbers, and why; the function may do without them.
    """

    function: Callable
    arguments: tuple[Any, ...]
    left_out: Mapping[str, Exception]

    @classmethod
    def read(cls, function: Callable, arguments: tuple[Any, ...]) -> OfParameters:
        read = [_as_arrays(one) for one in arguments]
        return cls(function, tuple(one for one, _ in read), {name: why for _, without in read for name, why in without.items()})

    def __call__(self, space: ParameterSpace, point: Any) -> Any:
        """The answer at a point (p,), in the user's structure."""
        return self._answer(space, point, self.arguments)

    def flat(self, space: ParameterSpace, point: Any) -> Any:
        """The answer as a vector (m,)."""
        return flattened(self(space, point))

    def check_entries(self, space: ParameterSpace, point: np.ndarray, values: np.ndarray, names: list[str]) -> None:
        """Refuse an answer whose values (m,) at a point (p,) rest on entries that an array has not.

        Raises
        ------
        ValueError
        """
        leaves, structure = jax.tree.flatten(self.arguments)
        places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, (np.ndarray, jax.Array))]

        def flat(point: Any, arrays: list[Any]) -> Any:
            given = dict(zip(places, arrays, strict=True))
            arguments = jax.tree.unflatten(structure, [given.get(place, leaf) for place, leaf in enumerate(leaves)])
            return flattened(self._answer(space, point, arguments))

        try:
            found = np.asarray(with_nan_beyond(flat)(point, [leaves[place] for place in places]))
        except TypeError:
            return  # it hands its rows to NumPy, as it may: through that no index can be followed
        beyond = np.isnan(found) & ~np.isnan(values)
        if beyond.any():
            raise ValueError(
                f"{names[int(np.argmax(beyond))]} rests on an entry beyond the end of an array, or on a negative index, which JAX takes "
                "for another entry. Count from 0 to less than the length; -1 is what pandas.factorize makes of a label that is missing."
            )

    def _answer(self, space: ParameterSpace, point: Any, arguments: tuple[Any, ...]) -> Any:
        parameters = space.bind(point)
        try:
            with explained(self.function, "the function"):
                answer = self.function(parameters, *arguments)
        except KeyError as error:
            name = str(error.args[0]) if error.args else ""
            if name in self.left_out:
                raise self.left_out[name] from None
            raise ValueError(
                f"the function asks for {name!r}{line_of(self.function, error)}, which is neither a parameter nor a column of the rows "
                f"that it was given. Parameters are {', '.join(parameters)}."
            ) from error
        if not jax.tree.leaves(answer):
            raise TypeError("the function returned nothing: is its return missing?")
        return answer


def flattened(answer: Any) -> Any:
    return jnp.concatenate([jnp.ravel(jnp.asarray(leaf)).astype(float) for leaf in jax.tree.leaves(answer)])


def _as_arrays(given: Any) -> tuple[Any, dict[str, Exception]]:
    """A frame or a mapping of series as a mapping of arrays, a series as an array, a row of a frame as a mapping of numbers.

    Anything else stays as it is. Beside it the columns that hold no numbers, and why.
    """
    if is_series(given):
        names = list(getattr(given, "index", ()))
        if not names or not all(isinstance(name, str) for name in names):
            return read_column("series", given), {}
        row = read_columns({name: [given[name]] for name in names})
        return {name: column[0] for name, column in row.tree.items()}, dict(row.left_out)
    if any(hasattr(given, door) for door in ("iloc", "to_pandas", "collect")):
        columns = read_columns(given)
        return columns.tree, dict(columns.left_out)
    if not isinstance(given, Mapping):
        return given, {}
    read: dict[Any, Any] = {}
    left_out: dict[str, Exception] = {}
    for name, values in given.items():
        try:
            read[name] = read_column(str(name), values) if is_series(values) else values
        except (TypeError, ValueError) as error:
            left_out[str(name)] = error
    return read, left_out
