"""Double precision for the learners, whatever the user's JAX configuration is, which stays as it is.

The core below follows the dtype of its inputs; this is the only place where 64 bits are switched on. The switch is
thread-local and counts at the time of the call, so every public method that computes wears the decorator.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import jax

P = ParamSpec("P")
R = TypeVar("R")


def in_double_precision(method: Callable[P, R]) -> Callable[P, R]:
    """Run a method in JAX's 64-bit scope."""

    @wraps(method)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with jax.enable_x64(True):
            return method(*args, **kwargs)

    return wrapped
