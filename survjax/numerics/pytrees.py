"""Classes that JAX may flatten."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np


def register_pytree(cls: type, data: list[str], static: list[str]) -> None:
    """Make the class a pytree whose structure knows the class.

    That of ``jax.tree_util.register_dataclass`` does not, in JAX 0.10: two classes with fields of the same names compare equal and
    differ by their hash alone, so that now and then, when hashes collide, ``jit`` runs the program of one law for another.
    """
    keys = [jax.tree_util.GetAttrKey(name) for name in data]

    def settings(law: Any) -> tuple[Any, ...]:
        return cls, *(getattr(law, name) for name in static)

    def flatten(law: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return tuple(getattr(law, name) for name in data), settings(law)

    def flatten_with_keys(law: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return tuple((key, getattr(law, name)) for key, name in zip(keys, data, strict=True)), settings(law)

    def unflatten(settings: tuple[Any, ...], values: Any) -> Any:
        law: Any = object.__new__(cls)
        for name, value in (*zip(static, settings[1:], strict=True), *zip(data, values, strict=True)):
            object.__setattr__(law, name, value)
        return law

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


def python_numbers(tree: Any) -> Any:
    """The same pytree with Python floats for its numbers, and NumPy arrays for what is an array (breaks, knots)."""
    return jax.tree.map(lambda leaf: np.asarray(leaf) if np.ndim(leaf) else float(leaf), tree)
