"""The data of repairable units: the ages at which each had an event, over the span in which it was watched."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM, read_column, read_flags, read_labels, refuse_different_indexes
from survjax.data.frames import columns_of_frame
from survjax.errors import BadRow


class Recurrences:
    """Events (repairs, replacements of a part) of units that go on after each.

    Parameters
    ----------
    unit : (m,) which unit each event happened to, any labels.
    age : (m,) age of the unit at each event, any one unit of time; in any order.
    entry, end : ages from which and until which each unit was watched: one number for all, or a mapping or pandas Series from
        unit to age. ``end`` also names the units that had no event. entry None: every unit was watched from age 0.

    Attributes
    ----------
    units : (k,) labels, in the order of ``end``, or of their first event where it is one number.
    entry, end : (k,) for each of ``units``. row : (m,) the position in ``units`` of each event. age : (m,). Events are in the order
        of units, then ages.

    Raises
    ------
    TypeError : ages or ends are no numbers. KeyError : a unit has no end, or no entry.
    ValueError : a unit label or an age is missing; an event after the end of its unit, or not after its entry;
        an end not after the entry; there is no unit. The message names the first such row, counted from 0, or unit.

    Examples
    --------
    >>> Recurrences(["a", "a", "b"], [95, 300, 80], end={"a": 700, "b": 650, "c": 600})
    Recurrences(3 units: 3 events, 1 unit without)
    """

    __slots__ = ("age", "end", "entry", "row", "units")

    units: np.ndarray
    entry: np.ndarray
    end: np.ndarray
    row: np.ndarray
    age: np.ndarray

    def __init__(self, unit: Any, age: Any, *, end: Any, entry: Any = None) -> None:
        refuse_different_indexes(unit=unit, age=age)
        labels, ages = read_labels(unit, "unit"), read_column(age, "age")
        if len(labels) != len(ages):
            raise ValueError(f"age has {len(ages):,} rows and unit {len(labels):,}; every event needs both.")
        _refuse(np.array([label is None for label in labels], dtype=bool), "unit is missing", "Remove events of unknown units.")
        units = list(dict.fromkeys(labels)) if np.ndim(end) == 0 and not isinstance(end, Mapping) else list(_keys(end, "end"))
        if not units:
            raise ValueError("there are no units: nothing was watched.")
        position = {label: index for index, label in enumerate(units)}
        unknown = next((label for label in labels if label not in position), None)
        if unknown is not None:
            raise KeyError(f"unit {unknown!r} has an event and no end; say until when it was watched.")
        begins, ends = _of_units(0.0 if entry is None else entry, "entry", units), _of_units(end, "end", units)
        empty = np.flatnonzero(ends <= begins)
        if empty.size:
            first = empty[0]
            raise ValueError(
                f"end must be more than entry; unit {units[first]!r} has entry={begins[first]:g}, end={ends[first]:g}. "
                "Remove units that were never watched."
            )
        row = np.array([position[label] for label in labels], dtype=np.intp)
        _refuse(ages > ends[row], "age is after the end of its unit", "Correct the end, or remove events after it.", ages, ends[row])
        _refuse(
            ages <= begins[row], "age is not after the entry of its unit", "Remove events before the unit was watched.", ages, begins[row]
        )
        order = np.lexsort((ages, row))
        named = np.empty(len(units), dtype=object)
        named[:] = units
        for name, column in {"units": named, "entry": begins, "end": ends, "row": row[order], "age": ages[order]}.items():
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @classmethod
    def from_frame(cls, frame: Any, unit: Hashable, age: Hashable, event: Hashable, entry: Hashable = None) -> Recurrences:
        """Recurrences from a data frame (pandas, polars, Arrow) with a row for each event and one for each end of observation.

        Parameters
        ----------
        unit, age : names of the columns of units and ages. event : name of the column with 1 for an event, 0 for the end.
        entry : name of the column of the age at which the unit's observation began, the same in all its rows.

        Raises
        ------
        KeyError : a column is not there; a unit has no row for its end.
        ValueError : a unit has several ends or entries; and what ``Recurrences`` itself raises.
        """
        columns = columns_of_frame(frame, unit=unit, age=age, event=event, entry=entry)
        labels, ages = read_labels(columns["unit"], "unit"), read_column(columns["age"], "age")
        is_event = read_flags(columns["event"], "event")
        ends = _once_each(labels[~is_event], ages[~is_event], "end", "Keep one row with event 0 a unit, the last.")
        if not ends:
            raise KeyError("no unit has a row for its end: add one a unit, with event 0 and the age until which it was watched.")
        begins = None
        if entry is not None:
            begins = _once_each(labels, read_column(columns["entry"], "entry"), "entry", "Give each unit one entry.", same=True)
        return cls(labels[is_event], ages[is_event], end=ends, entry=begins)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Recurrences cannot be changed; make new ones.")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, ({name: getattr(self, name) for name in self.__slots__},)

    @property
    def n_units(self) -> int:
        return len(self.units)

    @property
    def n_events(self) -> int:
        return len(self.age)

    def events_per_unit(self) -> np.ndarray:
        """How many events each of ``units`` had, (k,)."""
        return np.bincount(self.row, minlength=self.n_units)

    def n_watched(self, age: Any) -> np.ndarray:
        """How many units were watched just before each age, (...): entry before it, end at it or later."""
        at = np.asarray(age, dtype=float)
        return np.searchsorted(np.sort(self.entry), at, side="left") - np.searchsorted(np.sort(self.end), at, side="left")

    def __repr__(self) -> str:
        without = int(np.count_nonzero(self.events_per_unit() == 0))
        late = int(np.count_nonzero(self.entry > 0))
        none = f", {without:,} unit{'s' if without > 1 else ''} without" if without else ""
        return f"Recurrences({self.n_units:,} units: {self.n_events:,} events{none}{f'; {late:,} entered late' if late else ''})"


def _restore(columns: dict[str, np.ndarray]) -> Recurrences:
    histories = Recurrences.__new__(Recurrences)
    for name, column in columns.items():
        column.setflags(write=False)
        object.__setattr__(histories, name, column)
    return histories


def _keys(values: Any, name: str) -> list[Hashable]:
    if isinstance(values, Mapping):
        return list(values)
    if not (hasattr(values, "index") and hasattr(values, "iloc")):
        raise TypeError(f"{name} must be a number, or a mapping or pandas Series from unit to age; got {type(values).__name__}.")
    if not values.index.is_unique:
        raise ValueError(f"{name} has several ages for unit {values.index[values.index.duplicated()][0]!r}.")
    return list(values.index)


def _of_units(values: Any, name: str, units: list[Hashable]) -> np.ndarray:
    """One age for each unit, (k,)."""
    if np.ndim(values) == 0 and not isinstance(values, Mapping):
        return read_column([values] * len(units), name)
    known = set(_keys(values, name))
    missing = next((unit for unit in units if unit not in known), None)
    if missing is not None:
        raise KeyError(f"unit {missing!r} has no {name}.")
    return read_column([values[unit] for unit in units], name)


def _once_each(labels: np.ndarray, ages: np.ndarray, what: str, remedy: str, same: bool = False) -> dict[Hashable, float]:
    """Each unit's one age; ``same``: given in several rows, always the same."""
    found: dict[Hashable, float] = {}
    for row, (label, age) in enumerate(zip(labels, ages, strict=True)):
        if label in found and not (same and found[label] == age):
            raise ValueError(f"unit {label!r} has several values of {what}: {found[label]:g} and {age:g}. {remedy}")
        if label is None:
            raise ValueError(f"unit is missing where {what} is {ages[row]:g}. Remove rows of unknown units.")
        found[label] = float(age)
    return found


def _refuse(bad: np.ndarray, what: str, remedy: str, ages: np.ndarray | None = None, limits: np.ndarray | None = None) -> None:
    rows = np.flatnonzero(bad)
    if rows.size:
        values = "" if ages is None or limits is None else f" (age={ages[rows[0]]:g}, {limits[rows[0]]:g})"
        message = f"{what} in row {rows[0]}{values}; {rows.size:,} such rows, {ROWS_COUNT_FROM}. {remedy}"
        raise BadRow(message, columns=("unit",) if ages is None else ("age",), rows=rows, remedy=remedy)
