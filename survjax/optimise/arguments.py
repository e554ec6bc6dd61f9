"""What ``minimise`` is given beside the function, as JAX takes it: frames and series as arrays, and what other packages call it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import jax
import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

# what SciPy calls it, or has beside
HABITS = {
    "bounds": "there are no bounds: let fun take the exponential of a parameter that must be positive, jax.nn.sigmoid of one between 0 and "
    "1; or sj.MaximumLikelihood, whose parameters have domains",
    "constraints": "there are no constraints: write fun in parameters that are free of them",
    "x0": "it is start=",
    "jac": 'a gradient by formula is gradient=, with derivatives="analytic"',
    "hess": 'a Hessian by formula is hessian=, with derivatives="analytic"',
    "tol": "it is tolerance=, of the largest entry of the gradient",
    "options": "there are tolerance= and max_steps=",
    "callback": "the points it stood at are in the path of what comes back",
}


def without_habits(function: Callable[P, R]) -> Callable[P, R]:
    """The function, which explains keywords that it has not."""

    @wraps(function)
    def explaining(*arguments: P.args, **keywords: P.kwargs) -> R:
        for name in keywords:
            if name in HABITS:
                raise TypeError(f"minimise takes no {name}=: {HABITS[name]}.")
        return function(*arguments, **keywords)

    return explaining


def read_args(args: Any) -> tuple:
    """Pytrees of arrays; a data frame is a mapping from its columns.

    Raises
    ------
    TypeError : no tuple; text or dates, where numbers are needed.
    """
    if not isinstance(args, (tuple, list)):
        raise TypeError(f"args must be a tuple of what fun takes beside the parameters, args=(data,); got a {type(args).__name__}.")
    return tuple(jax.tree.map(_as_arrays, arg, is_leaf=_is_whole) for arg in args)


def check_start(start: Any) -> None:
    """Refuse a start that is not made of numbers.

    Raises
    ------
    TypeError
    """
    if hasattr(start, "to_dict"):
        raise TypeError(f"start is a {type(start).__name__}; pass start.to_dict(), by name, or start.to_numpy(), a vector.")
    for leaf in jax.tree.leaves(start):
        if isinstance(leaf, str) or callable(leaf):
            raise TypeError(f"start must be numbers, a vector or a mapping such as {{'rate': 1.0}}; got {leaf!r:.60}.")


def _is_whole(node: Any) -> bool:
    return _is_of_a_frame(node) or (isinstance(node, list) and all(isinstance(one, (int, float, np.number)) for one in node))


def _is_of_a_frame(node: Any) -> bool:
    return hasattr(node, "iloc") or hasattr(node, "to_pandas") or hasattr(node, "collect")


def _as_arrays(node: Any) -> Any:
    if isinstance(node, str):
        raise TypeError(f"args hold text, {node!r:.40}, and fun sees numbers only.")
    if isinstance(node, list):
        return np.asarray(node)
    if not _is_of_a_frame(node):
        return node
    if hasattr(node, "collect"):
        raise TypeError(f"args hold a {type(node).__name__}, which has not been read yet; pass .collect() of it.")
    table = node if hasattr(node, "iloc") else node.to_pandas()
    if table.ndim == 1:
        return _column("a series", table)
    return {name: _column(f"column {name!r}", table[name]) for name in table.columns}


def _column(what: str, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype == object and not any(isinstance(one, str) for one in array):
        try:
            return values.to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError):
            pass  # told below
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{what} in args holds no numbers ({array.dtype}), and fun sees numbers only: pass the columns that it needs, "
            'args=(data[["x", "y"]],), and labels as numbers (pandas.factorize).'
        )
    return array
