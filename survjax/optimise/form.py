"""Parameters as a vector and back."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Form(NamedTuple):
    """The shape of a pytree of numbers: hashable, so that a compiled program is found again. ``tree`` None: a vector as it is."""

    tree: Any
    shapes: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, parameters: Any) -> Form:
        leaves = jax.tree_util.tree_leaves_with_path(parameters)
        shapes = tuple(np.shape(leaf) for _, leaf in leaves)
        is_vector = isinstance(parameters, (np.ndarray, jax.Array)) and parameters.ndim == 1
        labels = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in leaves]
        names = tuple(name for label, shape in zip(labels, shapes, strict=True) for name in _names(label, shape))
        return cls(None if is_vector else jax.tree.structure(parameters), shapes, names)

    def vector(self, parameters: Any) -> Any:
        """The numbers one after another, (p,). In JAX's arrays, so that it may be traced."""
        if self.tree is None:
            return jnp.asarray(parameters, dtype=float)
        if jax.tree.structure(parameters) != self.tree:
            raise ValueError(f"expected the structure of the start, {self.tree}; got {jax.tree.structure(parameters)}.")
        return jnp.concatenate([jnp.ravel(jnp.asarray(leaf, dtype=float)) for leaf in jax.tree.leaves(parameters)])

    def parameters(self, vector: Any) -> Any:
        """What ``vector`` came from."""
        if self.tree is None:
            return vector
        leaves, first = [], 0
        for shape in self.shapes:
            size = math.prod(shape)
            leaves.append(vector[first : first + size].reshape(shape))
            first += size
        return jax.tree.unflatten(self.tree, leaves)


def _names(label: str, shape: tuple[int, ...]) -> list[str]:
    return [label + "".join(f"[{i}]" for i in index) for index in np.ndindex(shape)]
