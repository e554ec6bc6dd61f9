"""X as it comes: named columns of equal length, whatever the user keeps them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

MOST_NAMES = 4  # of covariates that are told in one line


class Table(NamedTuple):
    """The columns of X by name, and how many rows they have.

    ``frame`` is set where X is a pandas frame, ``array`` where it is a plain array whose columns have no names of their own.
    """

    columns: Mapping[str, Any]
    n: int
    frame: Any = None
    array: np.ndarray | None = None

    def pick(self, names: tuple[str, ...], of: str = "X") -> list[Any]:
        """The columns of these names, in this order; ``of`` is what an error calls the table.

        Raises
        ------
        ValueError : one of them is not there.
        """
        missing = [name for name in names if name not in self.columns]
        if missing:
            there = ", ".join(repr(name) for name in self.columns) or "none"
            many = f"columns {', '.join(map(repr, missing))} are" if len(missing) > 1 else f"column {missing[0]!r} is"
            raise ValueError(f"{many} missing in {of}; there are {there}.")
        return [self.columns[name] for name in names]


def names_in_brief(X: Any) -> str:
    """How many covariates a pandas frame has, and what the first are called."""
    names = [str(name) for name in X.columns]
    more = ", …" if len(names) > MOST_NAMES else ""
    first = f": {', '.join(names[:MOST_NAMES])}{more}" if names else ""
    return f"{len(names):,} covariate{'s' * (len(names) != 1)}{first}"


def read_table(X: Any) -> Table:
    """X as named columns: a data frame (pandas, polars, Arrow), an array (n, p), or a mapping from names to columns or single values.

    Columns of an array are called x0, x1, ...; names that are not text become text.

    Raises
    ------
    TypeError : no table; a lazy frame.
    ValueError : not two-dimensional; two columns of one name; columns of different lengths.
    """
    if hasattr(X, "collect"):
        raise TypeError(f"X is a {type(X).__name__}, which has not been read yet; pass X.collect().")
    if hasattr(X, "durations") and hasattr(X, "running"):
        raise TypeError(
            "X is a Lifetimes, which says nothing of covariates: X is what is known of each unit, and lifetimes are y, fit(X, y)."
        )
    if hasattr(X, "X") and hasattr(X, "unit"):
        kind = type(X).__name__
        raise TypeError(f"X is a {kind}, which fit takes alone; elsewhere pass {kind.lower()}.X.")
    if hasattr(X, "to_pandas") and not hasattr(X, "iloc"):
        X = X.to_pandas()
    if hasattr(X, "iloc"):
        return _of_frame(X)
    if isinstance(X, Mapping):
        return _of_mapping(X)
    if X is None or isinstance(X, (str, bytes)) or hasattr(X, "tocsr"):
        got = "a sparse matrix; pass X.toarray()" if hasattr(X, "tocsr") else f"{type(X).__name__}"
        raise TypeError(f"X must be a data frame, a two-dimensional array or a mapping of columns; got {got}.")
    return _of_array(X)


def _of_frame(X: Any) -> Table:
    if X.ndim != 2:
        raise ValueError("X must be two-dimensional; it is a pandas Series. Pass X.to_frame() for one column, or a frame of one row.")
    names = [str(name) for name in X.columns]
    _refuse_repeated(names)
    return Table(dict(zip(names, (X.iloc[:, j] for j in range(len(names))), strict=True)), len(X), frame=X)


def _of_mapping(X: Mapping[Any, Any]) -> Table:
    names = [str(name) for name in X]
    _refuse_repeated(names)
    deep = next((name for name, column in zip(names, X.values(), strict=True) if np.ndim(column) > 1), None)
    if deep is not None:
        raise ValueError(f"column {deep!r} of X must be one-dimensional.")
    single = {name: np.ndim(column) == 0 for name, column in zip(names, X.values(), strict=True)}
    lengths = {name: len(column) for name, column in zip(names, X.values(), strict=True) if not single[name]}
    if len(set(lengths.values())) > 1:
        raise ValueError("columns of X have different lengths: " + ", ".join(f"{name} {n:,}" for name, n in lengths.items()) + ".")
    n = next(iter(lengths.values()), 1 if names else 0)
    return Table({name: [column] * n if single[name] else column for name, column in zip(names, X.values(), strict=True)}, n)


def _of_array(X: Any) -> Table:
    try:
        array = np.array(X, dtype=object) if np.ma.is_masked(X) else np.asarray(X)
    except ValueError:
        raise ValueError("X must be two-dimensional; its rows have different lengths.") from None
    if np.ma.is_masked(X):
        array[np.ma.getmaskarray(X)] = None
    if array.dtype.names is not None and array.ndim == 1:
        return _of_mapping({name: array[name] for name in array.dtype.names})
    if array.ndim != 2:
        remedy = "Pass X.reshape(-1, 1) for one covariate, X.reshape(1, -1) for one unit." if array.ndim == 1 else "Pass rows by columns."
        raise ValueError(f"X must be two-dimensional; it has shape {array.shape}. {remedy}")
    return Table({f"x{j}": array[:, j] for j in range(array.shape[1])}, len(array), array=array)


def _refuse_repeated(names: list[str]) -> None:
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"{names.count(repeated)} columns of X are called {repeated!r}; rename or drop all but one.")
