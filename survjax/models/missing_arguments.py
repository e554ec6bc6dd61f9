"""Arguments that a method was called without: what they are, in place of Python's word for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

MEANINGS = {
    "X": "what is known of the units, a row each; the X of the fit is not kept, and is asked for again",
    "age": "one number, or one for each unit",
    "horizon": "how far ahead of the age to look",
    "times": "the ages to ask at",
    "p": "a probability, or several",
    "column": "the name of a column of X",
}

Kind = TypeVar("Kind", bound=type)


def names_missing_arguments(kind: Kind) -> Kind:
    """Let each public method of a class say which of its arguments is missing, and what that is.

    The methods raise TypeError as Python does, with the call as it should be.
    """
    for name, method in list(vars(kind).items()):
        if isinstance(method, FunctionType) and not name.startswith("_"):
            setattr(kind, name, _told(method))
    return kind


def _told(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)
    needed = [
        one.name for one in list(signature.parameters.values())[1:] if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
    ]

    @wraps(method)
    def told(*args: Any, **keywords: Any) -> Any:
        missing = [name for name in needed[len(args) - 1 :] if name not in keywords]
        if missing:
            said = "; ".join(f"{name}, {MEANINGS[name]}" if name in MEANINGS else name for name in missing)
            raise TypeError(f"{type(args[0]).__name__}.{method.__name__}({', '.join(needed)}) was called without {said}.")
        return method(*args, **keywords)

    return told if needed else method
