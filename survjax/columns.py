"""A column of numbers, read from whatever the user keeps them in and checked row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.errors import BadRow

ROWS_COUNT_FROM = "rows count from 0"
_REMEDIES = {
    "durations": "Remove such rows, or record a unit that still runs by its age so far with event_observed=0.",
    "entry": "Use 0 for units that were seen from the start.",
    "weights": "Use 1 for a row that stands for one unit.",
}


def read_column(values: Any, name: str) -> np.ndarray:
    """A new float64 array, shape (n,), from a list, NumPy array, pandas or polars Series, or Arrow array.

    Raises
    ------
    TypeError : the values are text, dates, objects or booleans.
    ValueError : they are not one-dimensional, or one of them is missing or not finite. The message names the row.
    """
    array = _as_array(values, name)
    if array.ndim != 1:
        raise ValueError(_wrong_shape(array, name))
    column = _as_floats(array, name)
    bad = np.flatnonzero(~np.isfinite(column))
    if bad.size:
        raise ValueError(
            f"{name} must be finite numbers; row {bad[0]} has {name}={column[bad[0]]} "
            f"({_how_many(bad)}; {ROWS_COUNT_FROM}). {_REMEDIES[name]}"
        )
    return column


def read_flags(values: Any, name: str) -> np.ndarray:
    """A boolean array, shape (n,), from booleans or the numbers 0 and 1."""
    array = _as_array(values, name)
    if array.ndim != 1:
        raise ValueError(_wrong_shape(array, name))
    if array.dtype == bool:
        return array.copy()
    if array.dtype == object and all(isinstance(value, (bool, np.bool_)) for value in array):
        return array.astype(bool)
    column = _as_floats(array, name)
    bad = np.flatnonzero((column != 0) & (column != 1))
    if bad.size:
        raise ValueError(
            f"{name} must be 1 (or True) for a failure and 0 (or False) for a unit still running; row {bad[0]} has "
            f"{name}={column[bad[0]]:g} ({_how_many(bad)}; {ROWS_COUNT_FROM}). Translate other codes first, for "
            "instance event = status == 'failed'."
        )
    return column == 1


def read_arguments(**arguments: Any) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Arguments of a prediction as float64 arrays, flat and broadcast against each other, and their common shape.

    Infinity passes; the caller knows where it makes sense. Two pandas Series with different indexes are refused, since
    rows are taken by position.
    """
    refuse_different_indexes(**arguments)
    columns = []
    for name, value in arguments.items():
        if hasattr(value, "durations") and hasattr(value, "running"):
            raise TypeError(f"{name} must be numbers, but it is a Lifetimes; pass life.running().durations for the ages reached.")
        column = _as_floats(_as_array(value, name), name)
        if np.isnan(column).any():
            where = f"; position {tuple(int(i) for i in np.argwhere(np.isnan(column))[0])} is nan" if column.ndim else ", not nan"
            raise ValueError(f"{name} must be numbers{where}. Drop missing values first.")
        columns.append(column)
    try:
        shape = np.broadcast_shapes(*(column.shape for column in columns))
    except ValueError:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in zip(arguments, columns, strict=True))
        raise ValueError(f"shapes do not fit together: {shapes}. For every age at every horizon pass age[:, None] and horizons.") from None
    return [np.ascontiguousarray(np.broadcast_to(column, shape)).reshape(-1) for column in columns], shape


def refuse_different_indexes(**columns: Any) -> None:
    """Raise if two of the columns are pandas Series whose indexes differ: rows are taken by position."""
    indexes = [(name, index) for name, value in columns.items() if (index := index_of(value)) is not None]
    for name, index in indexes[1:]:
        if not index.equals(indexes[0][1]):
            raise ValueError(
                f"{indexes[0][0]} and {name} are pandas Series with different indexes, and rows are taken by position. "
                f"Align them first, or pass {name}.to_numpy() if the order is right."
            )


def index_of(*arguments: Any) -> Any:
    """The index of the first pandas Series among the arguments; None where there is none."""
    return next((value.index for value in arguments if hasattr(value, "index") and hasattr(value, "iloc")), None)


def refuse_rows(bad: np.ndarray, column: np.ndarray, name: str, expected: str, remedy: str) -> None:
    """Raise the one error for the rows marked in ``bad``, if there are any."""
    rows = np.flatnonzero(bad)
    if rows.size:
        message = (
            f"{name} must be {expected}; row {rows[0]} has {name}={column[rows[0]]:g} ({_how_many(rows)}; {ROWS_COUNT_FROM}). {remedy}"
        )
        raise BadRow(message, columns=(name,), rows=rows, expected=expected, remedy=remedy)


def _how_many(rows: np.ndarray) -> str:
    return "the only such row" if rows.size == 1 else f"the first of {rows.size:,} such rows"


def _wrong_shape(array: np.ndarray, name: str) -> str:
    remedy = "Pass one column, for instance frame['hours']." if array.ndim > 1 else "Pass a list or array, even for one unit."
    return f"{name} must be one-dimensional; it has shape {array.shape}. {remedy}"


def _as_array(values: Any, name: str) -> np.ndarray:
    if values is None:
        raise TypeError(f"{name} must be numbers; got None.")
    if hasattr(values, "columns") or hasattr(values, "column_names"):
        raise TypeError(
            f"{name} must be one column of numbers; got a {type(values).__name__}. Pass the column, for instance frame['hours'], "
            "or read the whole with Lifetimes.from_frame(frame, duration=..., event=...)."
        )
    if isinstance(values, (str, bytes, dict, set)):
        raise TypeError(f"{name} must be a column of numbers; got {type(values).__name__} {values!r}.")
    if hasattr(values, "to_numpy") and hasattr(values, "isna") and getattr(values.dtype, "na_value", None) is not None:
        missing = np.asarray(values.isna())
        if missing.any():  # pandas' nullable types turn into objects where a value is missing
            row = int(np.flatnonzero(missing)[0])
            raise ValueError(f"{name} must be finite numbers; row {row} is missing ({ROWS_COUNT_FROM}). Drop or fill it first.")
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a plain column of numbers: {error}.") from None


def _as_floats(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind in "iuf":
        return array.astype(np.float64)
    if array.size == 0 and array.dtype == object:
        return array.astype(np.float64)
    if array.dtype.kind in "mM":
        raise TypeError(
            f"{name} must be numbers, but they are {'durations' if array.dtype.kind == 'm' else 'dates'} "
            f"({array.dtype}). Convert them, for instance (removed - installed).dt.total_seconds() / 86_400 for days."
        )
    if array.dtype.kind == "b":
        raise TypeError(f"{name} must be numbers, but they are booleans. Are the columns in the right order?")
    for row, value in enumerate(array.reshape(-1).tolist()):
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            what = "is missing (None)" if value is None else f"is {value!r}, of type {type(value).__name__}"
            raise TypeError(
                f"{name} must be numbers; row {row} {what} ({ROWS_COUNT_FROM}). "
                "Convert the column first, for instance with pandas.to_numeric."
            )
    return array.astype(np.float64)
