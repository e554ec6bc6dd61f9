"""What a user's function or class reads from outside of its arguments: values that are compiled in, and may change afterwards.

A program is made from a function as it is when JAX traces it; a number or an array of the notebook is in it from then on. What
stands here makes a key of such values, so that a changed one is noticed. Looked through are functions, methods and classes of the
user's own that are referred to, and what their objects hold in attributes, lists and mappings. Libraries are not, and of an object that
hides what it holds (written in C, or with more inside than ``MOST``) only its identity counts.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import sys
import sysconfig
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import jax
import numpy as np

MOST, DEEPEST = 10_000, 50  # values that are looked at, and how far inside of each other
LIBRARIES = tuple({*(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")), str(Path(__file__).parents[1])})
_as_traced: WeakKeyDictionary[Any, Hashable] = WeakKeyDictionary()


class _Itself:
    """An object that counts by its identity; held, so that no other takes its place."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def values_outside(thing: Callable, itself: bool = False) -> Hashable:
    """A key of the values that a function, callable object or class reads: another one where any of them is another.

    Where they have changed for a function that ``thing`` refers to, or with ``itself`` for ``thing``, all that JAX has traced is let go
    of: it keeps inner functions (``jax.jit`` of the user's, bodies of ``scan``) under the function alone.
    """
    look = _Look()
    key = look.at(thing)
    inner = [(one, told) for one, told in look.found if itself or one is not thing]
    if any(_as_traced.get(one, told) != told for one, told in inner):
        jax.clear_caches()
    _as_traced.update(inner)
    return key


class _Look:
    """A walk through what a value is made of; ``found`` are the functions and classes on the way, with their keys."""

    def __init__(self) -> None:
        self.found: list[tuple[Any, Hashable]] = []
        self._on_the_way: list[int] = []
        self._n = 0

    def at(self, value: Any) -> Hashable:
        """The key of a value."""
        self._n += 1
        if isinstance(value, _Itself):
            return value
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
            return type(value), repr(value)
        array = _as_numbers(value)
        if array is not None:
            return array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest()
        if id(value) in self._on_the_way:
            return "again"
        if self._n > MOST or len(self._on_the_way) > DEEPEST or _is_of_library(value):
            return _Itself(value)
        self._on_the_way.append(id(value))
        key = type(value).__qualname__, tuple(self.at(one) for one in _inside(value))
        self._on_the_way.pop()
        if isinstance(value, (FunctionType, type)):
            self.found.append((value, key))
        return key


def _as_numbers(value: Any) -> np.ndarray | None:
    """An array, or a long list of numbers, as NumPy has it; None for all else."""
    if isinstance(value, jax.core.Tracer):
        return None
    if isinstance(value, (np.ndarray, np.generic, jax.Array)) or (isinstance(value, (list, tuple)) and len(value) > DEEPEST):
        try:
            array = np.asarray(value)
        except (TypeError, ValueError):  # keys of random numbers; rows of different lengths
            return None
        return None if array.dtype == object else array
    return None


def _inside(value: Any) -> Iterator[Any]:
    """What a value is made of; itself, where nobody can tell."""
    if isinstance(value, FunctionType):
        yield _Itself(value.__code__)
        yield from (value.__defaults__, value.__kwdefaults__)
        yield from (cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell))
        yield from _globals_of(value)
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, Mapping):
        yield from (part for item in value.items() for part in item)
    elif isinstance(value, (list, tuple)):
        yield from value
    elif isinstance(value, (set, frozenset)):
        yield from sorted(value, key=repr)
    elif isinstance(value, type):
        own = [one for one in value.__mro__ if not _is_of_library(one)]
        named = (item for one in own for item in vars(one).items())
        yield from (part for name, one in named if callable(one) or not name.startswith("_") for part in (name, one))
    elif isinstance(value, (property, staticmethod, classmethod)):
        yield value.fget if isinstance(value, property) else value.__func__
    elif isinstance(value, np.ndarray):
        yield value.tolist()
    elif hasattr(value, "to_numpy"):
        yield value.to_numpy()
    elif getattr(value, "__dict__", None) or (hasattr(value, "__dict__") and not _is_of_library(type(value))):
        yield from (type(value), dict(vars(value)))
    else:
        yield _Itself(value)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that gets its value later
        return False


def _is_of_library(value: Any) -> bool:
    """Whether a module, function or class is installed, or Python's, and not of the user's own."""
    if isinstance(value, FunctionType):
        wraps = getattr(value, "__wrapped__", None)  # a function of the user's, in one of a library's
        return _is_installed(value.__code__.co_filename) and (wraps is None or _is_of_library(wraps))
    if isinstance(value, ModuleType):
        file = getattr(value, "__file__", None)
        return value.__name__ != "__main__" if file is None else _is_installed(file)
    if isinstance(value, type) or hasattr(value, "__wrapped__"):
        home = sys.modules.get(str(value.__module__))
        return home is not None and _is_of_library(home)
    return False


def _is_installed(file: str) -> bool:
    return file.startswith(LIBRARIES) or "-packages" in file


def _globals_of(function: FunctionType) -> Iterator[Any]:
    """The global names that a function reads and their values; of the user's modules the attributes that it reads."""
    space = function.__globals__
    for first, *attributes in _names(function.__code__):
        if first not in space:
            continue
        value = space[first]
        while isinstance(value, ModuleType) and attributes and not _is_of_library(value):
            value = getattr(value, attributes.pop(0), None)
        if not isinstance(value, ModuleType):
            yield from (first, value)


@functools.lru_cache(maxsize=1024)
def _names(code: CodeType) -> tuple[tuple[str, ...], ...]:
    """Global names in a function and the functions inside of it, each with the attributes that follow."""
    found: list[list[str]] = []
    follows = False
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            found.append([instruction.argval])
            follows = True
        elif follows and instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            found[-1].append(instruction.argval)
        else:
            follows = False
    inner = (names for part in code.co_consts if isinstance(part, CodeType) for names in _names(part))
    return tuple(dict.fromkeys([*map(tuple, found), *inner]))
