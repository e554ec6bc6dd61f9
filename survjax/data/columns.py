"""A column of numbers, read from whatever the user keeps them in and checked row by row."""

from __future__ import annotations

import datetime
import numbers
import sys
from typing import Any, NamedTuple

import numpy as np

from survjax.errors import BadRow

ROWS_COUNT_FROM = "rows count from 0"
_REMEDIES = {
    "durations": "Remove such rows, or record a unit that still runs by its age so far with event_observed=0.",
    "entry": "Use 0 (-inf where ages may be negative) for units that were seen from the start.",
    "weights": "Use 1 for a row that stands for one unit.",
    "lower": "Use 0 for a unit that failed some time before upper.",
    "upper": "Use inf for a unit that still runs.",
    "right_truncation": "Use inf for units that would be in the data whether they had failed or not.",
    "observed_until": "Leave it out if it is not known.",
    "shape": "Give the shape that you assume, for instance 2.0.",
    "resolution": "Use 0 for an age that is known exactly.",
    "failures": "Remove such ages.",
    "suspensions": "Remove such ages.",
    "x": "In a pair of x use -inf below and inf above where an end is not known.",
    "c": "Use 0 for a failure, 1, -1 and 2 for right-, left- and interval-censored.",
    "n": "Use 1 for a row that stands for one unit.",
    "tl": "Use -inf for a row that is not truncated.",
    "tr": "Use inf for a row that is not truncated.",
    "usage_rate": "Use the usage of the unit per unit of time.",
    "shipped": "Use 0 for a month without shipments.",
    "age": "Remove such events.",
    "start": "Use 0 for a unit that was seen from the start.",
    "stop": "Use the age reached by a unit that still runs.",
    "time": "Remove readings of unknown age.",
    "end": "Give every unit the age until which it was watched.",
}


class Wanted(NamedTuple):
    """What a column should hold, in the words of an error message, and what to do where it does not."""

    values: str
    remedy: str


NUMBERS = Wanted("numbers", "Convert the column first, for instance with pandas.to_numeric.")
FLAGS = Wanted(
    "1 (or True) for a failure and 0 (or False) for a unit still running",
    "Translate other codes first, for instance event = status == 'failed'; Lifetimes.from_frame does with event_value='failed'.",
)
ROWS = Wanted("row numbers or a mask", "Pass whole numbers from 0, or one boolean for each row.")


def read_column(values: Any, name: str, infinite: float | None = None) -> np.ndarray:
    """A new float64 array, shape (n,), from a list, NumPy array, pandas or polars Series, or Arrow array.

    ``infinite`` is the one infinity that is allowed.

    Raises
    ------
    TypeError : the values are text, dates, booleans, None or other objects.
    ValueError : they are not one-dimensional, or one of them is missing (masked, null) or not finite. The message names the row.
    """
    column = _one_dimensional(_as_floats(_as_array(values, name, NUMBERS), name, NUMBERS), name)
    bad = ~(np.isfinite(column) | (False if infinite is None else column == infinite))
    if bad.any():
        finite = "finite numbers" if infinite is None else f"finite numbers or {infinite}"
        raise ValueError(f"{name} must be {finite}; {_first(bad, column, name)}. {_REMEDIES[name]}")
    return column


def read_labels(values: Any, name: str) -> np.ndarray:
    """An array of labels (n,), None where one is missing."""
    missing = _missing(values)
    # by way of a plain array, a list of text and nan would become text throughout
    labels = np.array(values if isinstance(values, (list, tuple)) else np.asarray(values), dtype=object)
    _one_dimensional(labels, name)
    missing = np.zeros(len(labels), dtype=bool) if missing is None else missing
    labels[missing | np.array([_is_missing(label) for label in labels], dtype=bool)] = None
    return labels


def _is_missing(label: Any) -> bool:
    return label is None or type(label).__name__ in ("NAType", "NaTType") or bool(label != label)  # noqa: PLR0124


def read_flags(values: Any, name: str) -> np.ndarray:
    """A boolean array, shape (n,), from booleans or the numbers 0 and 1."""
    return _one_dimensional(read_flags_of_any_shape(values, name), name)


def read_flags_of_any_shape(values: Any, name: str) -> np.ndarray:
    """A new boolean array from booleans or the numbers 0 and 1, one or many."""
    array = _as_array(values, name, FLAGS)
    if array.dtype == bool:
        return array.copy()
    if array.dtype == object:  # booleans and numbers in one column; what is neither keeps its row
        array = np.frompyfunc(lambda value: int(value) if isinstance(value, (bool, np.bool_)) else value, 1, 1)(array)
    column = _as_floats(np.asarray(array), name, FLAGS)
    bad = (column != 0) & (column != 1)
    if bad.any():
        raise ValueError(f"{name} must be {FLAGS.values}; {_first(bad, column, name)}. {FLAGS.remedy}")
    return column == 1


def read_rows(rows: Any, n: int) -> np.ndarray:
    """A mask (n,) of the rows meant by a mask (n,), by row numbers from 0, or by one of them.

    Raises
    ------
    TypeError : neither booleans nor whole numbers.
    ValueError : a mask of another length; a missing entry.
    IndexError : a number that is no row; negative ones are none, since -1 is how searches say "not found".
    """
    array = _as_array(rows, "rows", ROWS)
    if array.dtype == bool:
        if array.shape != (n,):
            raise ValueError(f"rows as a mask must have one entry for each of the {n:,} rows; it has shape {array.shape}.")
        return array.copy()
    array = np.atleast_1d(array)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"rows must be {ROWS.values}; got {array.dtype} of shape {array.shape}. {ROWS.remedy}")
    outside = (array < 0) | (array >= n)
    if outside.any():
        raise IndexError(f"there is no row {array[outside][0]} among the {n:,} rows; {ROWS_COUNT_FROM}.")
    mask = np.zeros(n, dtype=bool)
    mask[array.astype(np.intp)] = True
    return mask


def read_arguments(**arguments: Any) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Arguments of a prediction as float64 arrays, flat and broadcast against each other, and their common shape.

    Infinity passes; the caller knows where it makes sense. Two pandas Series with different indexes are refused, since
    rows are taken by position.
    """
    refuse_different_indexes(**arguments)
    columns = []
    for name, value in arguments.items():
        column = _as_floats(_as_array(value, name, NUMBERS), name, NUMBERS)
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
    if bad.any():
        message = f"{name} must be {expected}; {_first(bad, column, name)}. {remedy}"
        raise BadRow(message, columns=(name,), rows=np.flatnonzero(bad), expected=expected, remedy=remedy)


# ---- the words of an error


def _first(bad: np.ndarray, column: np.ndarray, name: str) -> str:
    """The first bad value and where it stands."""
    value = column[bad][0]
    return f"it is {value:g}" if bad.ndim == 0 else f"{_place(bad)} has {name}={value:g} ({_how_many(bad)})"


def _place(bad: np.ndarray) -> str:
    if bad.ndim == 0:
        return "it"
    first = np.argwhere(bad)[0]
    return f"row {first[0]}" if bad.ndim == 1 else f"position {tuple(first.tolist())}"


def _how_many(bad: np.ndarray) -> str:
    count = np.count_nonzero(bad)
    return f"{'the only such row' if count == 1 else f'the first of {count:,} such rows'}; {ROWS_COUNT_FROM}"


# ---- from anything to an array


def _one_dimensional(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim != 1:
        remedy = "Pass one column, for instance frame['hours']." if array.ndim > 1 else "Pass a list or array, even for one unit."
        raise ValueError(f"{name} must be one-dimensional; it has shape {array.shape}. {remedy}")
    return array


def _as_array(values: Any, name: str, wanted: Wanted) -> np.ndarray:
    if values is None:
        raise TypeError(f"{name} must be {wanted.values}; got None.")
    if hasattr(values, "durations") and hasattr(values, "running"):
        raise TypeError(
            f"{name} must be {wanted.values}, but it is a Lifetimes; pass one of its columns, for instance "
            "life.running().durations for the ages reached."
        )
    if hasattr(values, "collect") or hasattr(values, "columns") or hasattr(values, "column_names"):  # a lazy frame has collect
        raise TypeError(
            f"{name} must be one column of {wanted.values}; got a {type(values).__name__}. Pass the column, for instance "
            "frame['hours'], or read the whole with Lifetimes.from_frame(frame, duration=..., event=...)."
        )
    missing = _missing(values)
    if missing is not None and missing.any():
        where = f"{_place(missing)} is missing" + (f" ({_how_many(missing)})" if missing.ndim else "")
        raise ValueError(f"{name} must be {wanted.values}; {where}. Drop missing values first, or fill them in.")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a plain column of {wanted.values}: {error}.") from None
    text = isinstance(values, (str, bytes, bytearray))
    if text or (array.ndim == 0 and not isinstance(array.item(), (numbers.Number, np.generic))):
        got = f"{type(values).__name__} {values!r:.60}" if text else type(values).__name__
        raise TypeError(f"{name} must be a column of {wanted.values}; got {got}. Pass a list or array, of a generator list(...).")
    return array


def _missing(values: Any) -> np.ndarray | None:
    """Which values are missing, where the container says so itself and would lose it on the way to NumPy."""
    if np.ma.isMaskedArray(values):
        return np.ma.getmaskarray(values)
    if isinstance(values, (list, tuple)):
        return np.array([value is np.ma.masked for value in values], dtype=bool)
    if hasattr(values, "isna") and getattr(getattr(values, "dtype", None), "na_value", None) is not None:
        return np.asarray(values.isna())  # pandas' nullable types turn into objects where a value is missing
    if hasattr(values, "is_null") and hasattr(values, "__len__"):
        return np.asarray(values.is_null())  # polars and Arrow
    return None


def _as_floats(array: np.ndarray, name: str, wanted: Wanted) -> np.ndarray:
    if array.dtype.kind in "iuf" or array.size == 0:
        return array.astype(np.float64)
    if array.dtype.kind in "mM":
        raise TypeError(_times_of_the_calendar(array.dtype.kind == "m", array.dtype, name, wanted))
    if array.dtype.kind == "b":
        raise TypeError(f"{name} must be {wanted.values}, but they are booleans. Are the columns in the right order?")
    for position, value in enumerate(array.reshape(-1).tolist()):
        if isinstance(value, (datetime.date, datetime.timedelta)):
            raise TypeError(_times_of_the_calendar(isinstance(value, datetime.timedelta), type(value).__name__, name, wanted))
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            missing = value is None or type(value).__name__ in ("NAType", "NaTType")
            what = f"is missing ({value})" if missing else f"is {value!r:.60}, of type {type(value).__name__}"
            raise TypeError(f"{name} must be {wanted.values}; {_place_in(array, position)} {what} ({ROWS_COUNT_FROM}). {wanted.remedy}")
        if isinstance(value, int) and abs(value) > sys.float_info.max:
            raise ValueError(f"{name} must be {wanted.values}; {_place_in(array, position)} is beyond the largest float, 1.8e308.")
    return array.astype(np.float64)


def _times_of_the_calendar(durations: bool, kind: Any, name: str, wanted: Wanted) -> str:
    return (
        f"{name} must be {wanted.values}, but they are {'durations' if durations else 'dates'} ({kind}). Convert them, for instance "
        "(removed - installed).dt.total_seconds() / 86_400 for days."
    )


def _place_in(array: np.ndarray, position: int) -> str:
    bad = np.zeros(array.size, dtype=bool)
    bad[position] = True
    return _place(bad.reshape(array.shape))
