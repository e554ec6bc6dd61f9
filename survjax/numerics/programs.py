"""The library's compiled programs, which can be forgotten together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

_PROGRAMS: list[Any] = []


def program(function: Callable | None = None, **options: Any) -> Any:
    """``jax.jit`` for a function of a module, kept track of: as a decorator, alone or with the options of ``jax.jit``."""
    if function is None:
        return lambda function: program(function, **options)
    _PROGRAMS.append(jax.jit(function, **options))
    return _PROGRAMS[-1]


def forget_programs() -> None:
    """Let go of everything compiled so far for any law; what is asked for again is compiled again."""
    for one in _PROGRAMS:
        one.clear_cache()
