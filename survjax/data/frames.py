"""Data frames: columns taken from them by name (pandas, polars, Arrow), and the pandas frame of columns."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM, read_labels
from survjax.errors import BadRow

if TYPE_CHECKING:
    import pandas as pd

# What the arguments of from_frame are called where they differ from the columns they become.
_ROLES = {"durations": "duration", "event_observed": "event"}


def columns_of_frame(frame: Any, **chosen: Hashable) -> dict[str, Any]:
    """The columns of a frame by the names chosen for each role; None for None.

    Raises
    ------
    TypeError : no data frame, or one not read yet; a column in place of its name.
    KeyError : a column is not in the frame; the message lists those that are.
    ValueError : several columns have that name.
    """
    if hasattr(frame, "collect"):
        raise TypeError(f"frame is a {type(frame).__name__}, which has not been read yet; pass frame.collect().")
    names = getattr(frame, "column_names", None)  # Arrow's, whose columns are not names
    if names is None:
        names = getattr(frame, "columns", None)
    if names is None:
        raise TypeError(f"frame must be a data frame; got {type(frame).__name__}. Read a file first, for instance with pandas.read_csv.")
    available = list(names)
    return {column: _column(frame, available, _ROLES.get(column, column), name) for column, name in chosen.items()}


def check_forms(duration: Hashable, event: Hashable, **of_intervals: Hashable) -> None:
    """Refuse names that belong neither to durations and events nor to intervals, or to both.

    Raises
    ------
    TypeError : with what goes together.
    """
    given = [name for name, column in of_intervals.items() if column is not None]
    if duration is not None and given:
        raise TypeError(
            f"{given[0]} goes with lower= and upper=, not with duration=. A failure at a known age has both ends there, and a unit still "
            "running an infinite upper end."
        )
    if duration is None and (event is not None or "lower" not in given or "upper" not in given):
        raise TypeError("name the columns of durations (duration=, event=), or those of the ends of intervals (lower=, upper=).")


def refuse_repeated_units(unit: Any, name: Hashable) -> None:
    """Refuse a unit that has more than one row.

    Raises
    ------
    BadRow : a label is there twice, or missing.
    """
    import pandas as pd

    labels = pd.Series(read_labels(unit, "unit"), dtype=object)
    missing = np.flatnonzero(labels.isna())
    if missing.size:
        raise ValueError(f"unit={name!r} is missing in row {missing[0]} ({missing.size:,} such rows; {ROWS_COUNT_FROM}): name that unit.")
    again = np.flatnonzero(labels.duplicated())
    if again.size:
        label = labels[again[0]]
        first = int(np.argmax(labels == label))
        remedy = (
            "A unit counts once: keep one row of each (frame.drop_duplicates). Where a repaired unit has a life after each repair, "
            "leave unit= out."
        )
        raise BadRow(
            f"unit {label!r} is in row {first} and again in row {again[0]} ({again.size:,} rows too many; {ROWS_COUNT_FROM}). {remedy}",
            columns=("unit",),
            rows=again,
            expected="another label in every row",
            remedy=remedy,
        )


def _column(frame: Any, available: list[Hashable], role: str, name: Hashable) -> Any:
    if name is None:
        return None
    if not isinstance(name, Hashable):
        raise TypeError(
            f"{role} must be the name of a column; got {type(name).__name__}. Columns themselves go to "
            "Lifetimes(durations, event_observed, entry=, weights=)."
        )
    if name not in available:
        raise KeyError(f"{role}={name!r} is not a column; there are {', '.join(map(str, available))}.")
    if available.count(name) > 1:
        raise ValueError(f"{available.count(name)} columns are called {name!r}; rename or drop all but the one for {role}.")
    return frame[name]


def frame_of(columns: Mapping[str, np.ndarray | None]) -> pd.DataFrame:
    """A pandas frame of the columns that are there."""
    import pandas as pd

    return pd.DataFrame({name: column for name, column in columns.items() if column is not None})


def alike(columns: Mapping[str, np.ndarray | None]) -> tuple[np.ndarray, np.ndarray]:
    """The first row (k,) of each group of equal rows, in order, and the group (n,) of every row."""
    frame = frame_of(columns)
    group = frame.groupby(list(frame.columns), sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(group, return_index=True)
    return first, group
