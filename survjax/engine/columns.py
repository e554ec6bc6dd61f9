"""The data of a likelihood that a user wrote: columns of equal length, in whatever the user keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from survjax.covariates.table import read_table
from survjax.numerics.blocks import BLOCK

BLOCK_BYTES = 2**19  # of the columns of a block: with their temporaries they stay in a core's cache
LEAST_BLOCK = 16


@dataclass(frozen=True)
class Columns:
    """A pytree of NumPy arrays (n, ...): numbers, whole numbers (int64) and flags.

    Attributes
    ----------
    left_out : columns of a table that hold no numbers, and why; log_likelihood may do without them.
    """

    tree: Any
    n: int
    left_out: Mapping[str, Exception] = field(default_factory=dict)

    @property
    def leaves(self) -> dict[str, np.ndarray]:
        return columns_by_path(self.tree)

    def at(self, rows: np.ndarray) -> Columns:
        return Columns(jax.tree.map(lambda column: column[rows], self.tree), len(rows), self.left_out)

    def block(self, wanted: int | None) -> int:
        """Rows of a block: as many as keep its columns in the cache, or what the user wants, as a power of two."""
        if wanted is not None:
            return 1 << (wanted - 1).bit_length()
        per_row = sum(leaf.nbytes for leaf in self.leaves.values()) / self.n
        fitting = int(BLOCK_BYTES / max(per_row, 1.0))
        return min(BLOCK, max(LEAST_BLOCK, 1 << fitting.bit_length() - 1 if fitting else LEAST_BLOCK))

    def row_in_words(self, row: int) -> str:
        """A row as a message shows it, a few of its columns in short."""
        shown = [f"{name}={_brief(leaf[row])}" for name, leaf in list(self.leaves.items())[:8]]
        return ", ".join(shown)


def _brief(value: Any) -> str:
    return f"{value:.6g}" if np.ndim(value) == 0 else np.array2string(np.asarray(value), precision=4, threshold=6, separator=", ")


def _path(path: Any) -> str:
    keys = [str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key)))) for key in path]
    return ".".join(keys) or "data"


def columns_by_path(data: Any) -> dict[str, Any]:
    """The columns of a mapping or pytree, ``inside.x`` one inside of another; a frame is one, of the name ``data``."""
    return {_path(path): leaf for path, leaf in jax.tree_util.tree_flatten_with_path(data, is_leaf=_is_column)[0]}


def read_columns(data: Any) -> Columns:
    """The columns of a data frame (pandas, polars, Arrow), of a mapping of arrays, or of any pytree of arrays.

    Raises
    ------
    TypeError : a single number; a frame not read yet; a series; a list of rows as mappings; no column of numbers.
    ValueError : columns of different lengths; none.

    Columns of a table that hold no numbers (text, dates, whole numbers with gaps) are left out, and refused where they are asked for.
    """
    if hasattr(data, "collect"):
        raise TypeError(f"data is a {type(data).__name__}, which has not been read yet; pass data.collect().")
    if hasattr(data, "durations") and hasattr(data, "running"):
        raise TypeError("data is a Lifetimes; pass its columns, data.to_frame(), and read them by name in log_likelihood.")
    _check_is_table(data)
    if hasattr(data, "iloc") or hasattr(data, "to_pandas"):
        data = _named_as_by(data, dict(read_table(data).columns))
    names = getattr(getattr(data, "dtype", None), "names", None)
    if names:
        data = {name: data[name] for name in names}
    left_out: dict[str, Exception] = {}
    if isinstance(data, Mapping):
        data, left_out = _without_words(data)
    tree = jax.tree_util.tree_map_with_path(lambda path, leaf: read_column(_path(path), leaf), data, is_leaf=_is_column)
    leaves = columns_by_path(tree)
    if not leaves:
        raise next(iter(left_out.values()), ValueError("data has no columns."))
    lengths = {name: len(leaf) for name, leaf in leaves.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {n:,}" for name, n in lengths.items())
        raise ValueError(
            f"columns of data have different lengths: {listed}. What is the same for every row belongs to the parameters, as a known value."
        )
    n = next(iter(lengths.values()))
    if n == 0:
        raise ValueError("data has no rows.")
    return Columns(tree, n, left_out)


def _check_is_table(data: Any) -> None:
    if data is None or isinstance(data, (str, bytes)):
        raise TypeError(f"data must be columns, a data frame or a mapping of arrays; got {data!r:.60}.")
    if isinstance(data, (list, tuple)) and any(isinstance(one, Mapping) for one in data):
        raise TypeError("data is a list of mappings, one for each row, and must be columns: pass pandas.DataFrame(data).")
    if is_series(data):
        raise TypeError(
            "data is a series: pass data.to_frame(), whose column log_likelihood reads by name, or data.to_numpy(), of which a row is a "
            "number."
        )


def is_series(values: Any) -> bool:
    return (hasattr(values, "iloc") or hasattr(values, "to_pandas")) and not hasattr(values, "columns")


def _named_as_by(frame: Any, columns: dict[str, Any]) -> dict[Any, Any]:
    """The columns by the names that the frame itself has, numbers or tuples where all are of a kind."""
    names = list(getattr(frame, "columns", ()))
    if len({type(name) for name in names}) == 1 and [str(name) for name in names] == list(columns):
        return dict(zip(names, columns.values(), strict=True))
    return columns


def _without_words(data: Mapping[Any, Any]) -> tuple[dict[Any, Any], dict[str, Exception]]:
    """The columns that can be read, and why the others cannot."""
    read: dict[Any, Any] = {}
    left_out: dict[str, Exception] = {}
    for name, values in data.items():
        if not _is_column(values) or (not isinstance(values, list) and np.ndim(values) == 0):
            read[name] = values
            continue
        try:
            read[name] = read_column(str(name), values)
        except (TypeError, ValueError) as error:
            left_out[str(name)] = error
    return read, left_out


def _is_column(node: Any) -> bool:
    return not isinstance(node, (Mapping, tuple))


def read_column(name: str, values: Any) -> np.ndarray:
    if np.ma.is_masked(values):
        raise ValueError(
            f"column {name!r} has masked entries, the first in row {int(np.argmax(np.ma.getmaskarray(values)))}; leave them out."
        )
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"column {name!r} holds rows of different lengths; pad them, and give their lengths as a column.") from None
    if array.ndim == 0:
        raise TypeError(
            f"{name!r} of data is a single value; every row needs its own. What is the same for all rows belongs to the parameters, as a "
            f"known value: parameters={{{name!r}: {array!s:.20}}}."
        )
    if array.dtype == object:
        array = _from_objects(name, array)
    if array.dtype.kind == "u":
        if array.size and array.max() > np.iinfo(np.int64).max:
            raise ValueError(f"column {name!r} holds whole numbers beyond 2^63; give them as floats.")
        return array.astype(np.int64)
    if array.dtype.kind == "i":
        return array.astype(np.int64, copy=False)
    if array.dtype.kind == "f":
        # in the byte order and with no more digits than JAX knows
        return array if array.dtype in (np.float16, np.float32) else array.astype(float, copy=False)
    if array.dtype.kind == "b":
        return array
    what = {"U": "text", "S": "text", "M": "dates", "m": "spans of time", "c": "complex numbers"}.get(array.dtype.kind, str(array.dtype))
    raise TypeError(
        f"column {name!r} holds {what}, and JAX knows numbers only. Give labels as numbers (pandas.factorize, "
        "pandas.get_dummies) and dates as spans in a unit, or leave the column out."
    )


def _from_objects(name: str, array: np.ndarray) -> np.ndarray:
    """Numbers kept as objects, as nullable columns come; a missing one is an error, since whole numbers have no nan."""
    flat = array.ravel()
    for position, value in enumerate(flat):
        if value is None or type(value).__name__ == "NAType":
            row = position // max(1, flat.size // len(array))
            raise ValueError(f"column {name!r} misses a value in row {row} (rows count from 0); leave such rows out, or fill them.")
    try:
        return np.array(array.tolist())
    except ValueError:
        raise ValueError(f"column {name!r} holds rows of different lengths; pad them, and give their lengths as a column.") from None


def read_weights(weights: Any, columns: Columns) -> np.ndarray:
    """Case weights (n,): how many rows each stands for; a text is the name of a column.

    Raises
    ------
    ValueError : another length; negative, missing or infinite weights; all zero.
    """
    if weights is None:
        return np.ones(columns.n)
    if isinstance(weights, str):
        if weights not in columns.leaves:
            raise ValueError(f"weights={weights!r} is not a column; there are {', '.join(columns.leaves)}.")
        weights = columns.leaves[weights]
    array = read_column("weights", weights).astype(float)
    if array.shape != (columns.n,):
        raise ValueError(f"weights must be one number a row, of shape ({columns.n},); they have the shape {array.shape}.")
    bad = ~(np.isfinite(array) & (array >= 0))
    if bad.any():
        raise ValueError(f"weights must be 0 or more; row {int(np.argmax(bad))} (rows count from 0) has {array[np.argmax(bad)]:g}.")
    if not array.any():
        raise ValueError("all weights are 0: nothing is left to learn from.")
    return array


def read_clusters(clusters: Any, data: Any, rows: np.ndarray, n: int) -> np.ndarray:
    """Numbers from 0 for the labels of ``rows`` among n; a text is the name of a column of the data.

    Raises
    ------
    ValueError : no such column; another number of labels; a missing one; all rows in one cluster.
    """
    import pandas as pd

    if isinstance(clusters, str):
        try:
            clusters = data[clusters]
        except (KeyError, IndexError, TypeError, ValueError):
            raise ValueError(f"clusters={clusters!r} is not a column of data.") from None
    labels = np.asarray(clusters)
    if labels.shape != (n,):
        raise ValueError(f"clusters must be one label a row, of shape ({n},), or the name of a column; they have the shape {labels.shape}.")
    codes, found = pd.factorize(labels[rows])
    if np.any(codes < 0):
        raise ValueError(f"clusters miss a label in row {int(rows[np.argmax(codes < 0)])} (rows count from 0).")
    if len(found) < 2:
        raise ValueError(f"all rows are in cluster {found[0]}; how far clusters differ can only be learned from several.")
    return codes
