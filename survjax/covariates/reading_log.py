"""Readings of sensors and the lives of the units that gave them, checked against each other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from survjax.covariates.covariate import refuse_infinite, refuse_numbers_as_text
from survjax.covariates.histories import as_series, in_order
from survjax.covariates.table import Table, read_table
from survjax.data.columns import ROWS_COUNT_FROM, read_column, read_flags
from survjax.errors import BadRow


class ReadingLog(NamedTuple):
    """Readings by unit, then time.

    Attributes
    ----------
    table : the readings as they came. order : (n,) its rows by unit, then time.
    of, time : (n,) of the ordered readings, the number of the unit and its age.
    labels : (k,) what the units are called.
    """

    table: Table
    order: np.ndarray
    of: np.ndarray
    time: np.ndarray
    labels: Any

    @property
    def first(self) -> np.ndarray:
        """(n,) whether an ordered reading is the first of its unit."""
        return np.concatenate([[True], self.of[1:] != self.of[:-1]])[: len(self.of)]

    @property
    def last(self) -> np.ndarray:
        """(n,) whether an ordered reading is the last of its unit."""
        return np.concatenate([self.of[1:] != self.of[:-1], [True]])[: len(self.of)]

    @property
    def gaps(self) -> np.ndarray:
        """(n - k,) the time from each reading to the next of its unit."""
        return gaps_of(self.of, self.time)


class Lives(NamedTuple):
    """Of each unit its label, the ages at which observation began and ended, and whether it failed then."""

    table: Table
    labels: Any
    begins: np.ndarray
    ends: np.ndarray
    failed: np.ndarray


def read_lives(fleet: Table, unit: str, duration: str, event: str, entry: str | None) -> Lives:
    """The lives in a table with a row for each unit; entry None: the column ``entry`` if there is one, else age 0.

    Raises
    ------
    ValueError : no units; a column is not there; a unit without a name, twice there, or with its end not after its entry.
    """
    import pandas as pd

    if fleet.n == 0:
        raise ValueError("units is empty: there is no unit to learn from.")
    entry = "entry" if entry is None and "entry" in fleet.columns else entry
    named, until, failures = fleet.pick((unit, duration, event), of="units")
    labels = pd.Index(as_series(named))
    ends, failed = read_column(until, "durations"), read_flags(failures, "event_observed")
    begins = np.zeros(fleet.n) if entry is None else read_column(fleet.pick((entry,), of="units")[0], "entry")
    refuse_units(labels.isna(), "is missing", labels, "Remove units without a name.")
    refuse_units(labels.duplicated(), "is there twice", labels, "Keep one row for each unit.")
    refuse_units(ends <= begins, "has its end not after its entry", labels, "Remove units that were never watched.")
    return Lives(fleet, labels, begins, ends, failed)


def read_log(log: Any, unit: str, time: str, lives: Lives | None) -> ReadingLog:
    """The readings in order, of the units of ``lives``; None: of whatever units they name, in order of their first rows.

    Raises
    ------
    TypeError : no table.
    ValueError : a column is not there; two readings of a unit at one time; a reading after its unit's end, or of a unit that is not
        among those of ``lives``; a unit without readings. Messages name row and unit.
    """
    import pandas as pd

    table = read_table(log)
    of_unit, of_time = table.pick((unit, time), of="log")
    times = read_column(of_time, "time")
    if lives is None:
        codes, labels = pd.factorize(as_series(of_unit))
        refuse_readings(codes < 0, "is of a unit without a name", of_unit, times, "Name it, or drop it.")
    else:
        labels = lives.labels
        codes = labels.get_indexer(pd.Index(as_series(of_unit)))
        refuse_readings(codes < 0, "is of a unit that is not among units", of_unit, times, _why_none_is_known(codes, of_unit, labels))
        remedy = "Correct the end, or drop readings after it."
        refuse_readings(times > lives.ends[codes], "is after the unit's end", of_unit, times, remedy)
    order = in_order(codes, times)
    of, at = codes[order], times[order]
    again = np.zeros(table.n, dtype=bool)
    again[order[1:]] = (of[1:] == of[:-1]) & (at[1:] == at[:-1])
    refuse_readings(again, "is a second one of its unit at that time", of_unit, times, "Keep one, or average them.")
    if lives is not None:
        refuse_units(np.bincount(of, minlength=len(labels)) == 0, "has no reading", labels, "Leave it out, or add a reading.")
    return ReadingLog(table, order, of, at, labels)


def gaps_of(of: np.ndarray, time: np.ndarray) -> np.ndarray:
    """The time from each reading to the next of its unit, readings by unit, then time."""
    return np.diff(time)[of[1:] == of[:-1]]


def refuse_held(hold_last: bool | float, gaps: np.ndarray, held: np.ndarray, labels: Any) -> None:
    """Refuse units that lived on for ``held`` (k,) after their last reading, longer than ``hold_last`` allows.

    Parameters
    ----------
    hold_last : True allows any; False as much as the longest of ``gaps``; or a length of time.

    Raises
    ------
    ValueError : such a unit; ``hold_last`` is neither.
    """
    if hold_last is True:
        return
    longest = float(gaps.max(initial=0.0)) if hold_last is False else float(hold_last)
    if not longest >= 0:
        raise ValueError(f"hold_last must be True, False or an age of 0 or more; got {hold_last!r}.")
    beyond = np.flatnonzero(held > longest)
    if beyond.size:
        worst = beyond[0]
        limit = f"the longest gap between readings, {longest:g}" if hold_last is False else f"hold_last={longest:g}"
        raise ValueError(
            f"unit {labels.astype(object)[worst]!r} lived on for {held[worst]:g} after its last reading, longer than {limit} "
            f"({beyond.size:,} such units). Are log and units in the same unit of time? Add readings, end its observation there, or pass "
            "hold_last=True if it did live on without."
        )


def held_column(values: Any, name: str, log: ReadingLog) -> Any:
    """Missing readings replaced by the sensor's value before them in the unit's life.

    Raises
    ------
    ValueError : there is none before; the message names the row.
    """
    ordered = values.iloc[log.order].reset_index(drop=True)
    held = ordered.groupby(log.of).ffill()
    rows = log.order[held.isna().to_numpy()]
    if rows.size:
        row = int(rows.min())
        remedy = "Drop such readings, or fill them in."
        message = f"column {name!r} of log is missing in row {row}, and before it in its unit's life ({ROWS_COUNT_FROM}). {remedy}"
        raise BadRow(message, columns=(name,), rows=np.sort(rows), remedy=remedy)
    filled = held.copy()
    filled.index = log.order
    return filled.sort_index()


def _why_none_is_known(codes: np.ndarray, of_unit: Any, labels: Any) -> str:
    """The remedy where readings are of unknown units: another one where labels are of different types, 7 and "7"."""
    kinds = [type(as_series(column).astype(object).iloc[0]).__name__ if len(column) else "" for column in (of_unit, labels)]
    if len(codes) and np.all(codes < 0) and kinds[0] != kinds[1]:
        return f"Labels of log are {kinds[0]}, those of units {kinds[1]}: convert one."
    return "Drop it, or add the unit."


def whole_column(table: Table, name: str, of: str) -> Any:
    """The column as a pandas Series, once it is found to be there and whole; ``of`` is "log" or "units".

    Raises
    ------
    ValueError : not there; missing or infinite in a row, which is named. TypeError : numbers that were read as text.
    """
    import pandas as pd

    values = pd.Series(table.pick((name,), of=of)[0]).reset_index(drop=True)
    missing = values.isna().to_numpy()
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        hold = "Hold the value before it (groupby('unit').ffill()), or drop such readings."
        remedy = hold if of == "log" else "Fill it in, or drop such units."
        message = f"column {name!r} of {of} is missing in row {row} ({missing.sum():,} such rows; {ROWS_COUNT_FROM}). {remedy}"
        raise BadRow(message, columns=(name,), rows=np.flatnonzero(missing), remedy=remedy)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "f":
        refuse_infinite(name, values.to_numpy(), of=of)
    if not hasattr(values, "cat"):
        different = values.unique().tolist()
        if different and all(isinstance(value, str) for value in different):
            refuse_numbers_as_text(name, tuple(sorted(different)), of=of)
    return values


def refuse_units(bad: np.ndarray, what: str, labels: Any, remedy: str) -> None:
    """Raise for the units marked in ``bad``, naming the first."""
    rows = np.flatnonzero(bad)
    if rows.size:
        label = labels.astype(object)[rows[0]]
        message = f"unit {label!r} (row {rows[0]} of units) {what} ({rows.size:,} such units; {ROWS_COUNT_FROM}). {remedy}"
        raise BadRow(message, columns=("unit",), rows=rows, remedy=remedy)


def refuse_readings(bad: np.ndarray, what: str, labels: Any, times: np.ndarray, remedy: str) -> None:
    """Raise for the readings marked in ``bad``, rows of the log as they came, naming the first."""
    rows = np.flatnonzero(bad)
    if rows.size:
        label = as_series(labels).astype(object).iloc[rows[0]]
        message = (
            f"the reading in row {rows[0]} of log (unit {label!r}, time={times[rows[0]]:g}) {what} ({rows.size:,} such rows; "
            f"{ROWS_COUNT_FROM}). {remedy}"
        )
        raise BadRow(message, columns=("time",), rows=rows, remedy=remedy)
