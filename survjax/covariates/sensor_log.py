"""A log of sensor readings, joined to the lives of the units that gave them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from survjax.covariates.histories import History, as_series
from survjax.covariates.reading_log import read_lives, read_log, refuse_held, refuse_units, whole_column
from survjax.covariates.table import Table, read_table
from survjax.data.columns import read_column
from survjax.data.lifetimes import Lifetimes

BEFORE_FIRST = ("enter", "first reading", "refuse")


def from_sensor_log(
    log: Any,
    units: Any,
    *,
    unit: Hashable = "unit",
    time: Hashable = "time",
    duration: Hashable = "duration",
    event: Hashable = "event_observed",
    entry: Hashable | None = None,
    weights: Hashable | None = None,
    cause: Hashable | None = None,
    columns: Sequence[Hashable] | None = None,
    before_first: str = "enter",
    hold_last: bool | float = False,
) -> History:
    """The history of each unit: a reading is in force from its own age until that of the next.

    Over (t, t'] between two readings at t and t' the value is that of t. The reading in force at a unit's entry is the last one at or
    before it. A reading at the very end of a unit's life is in force nowhere, and left out.

    Parameters
    ----------
    log : data frame (pandas, polars, Arrow) or mapping of columns, a row for each reading, in any order: ``unit``, ``time`` (the age
        of the unit then, in the unit of ``duration``), and the readings.
    units : the same, a row for each unit: ``unit``, ``duration`` (age at failure or reached so far), ``event``, ``entry`` (age at
        which observation began), and what is known of it for good (its make).
    unit, time, duration, event, entry : names of these columns. entry None: the column ``entry`` if there is one, else age 0.
    weights, cause : names of columns of ``units``, as ``Lifetimes`` takes them.
    columns : names of the covariates, of both. None: all other columns.
    before_first : what to do where the first reading is later than entry. "enter": observation of the unit begins at that reading
        (delayed entry; its earlier life says nothing, which wastes it but does not mislead). "first reading": that reading was in force
        before as well. "refuse": an error.
    hold_last : how long a unit's last reading is in force. False: as long as the longest gap between two readings of one unit anywhere
        in the log, over which a value is held as well; a unit that lived on for longer is an error. A number: that long. True: to the
        end, however far.

    Raises
    ------
    TypeError : no tables, or columns of wrong types.
    ValueError : a column is not there; a name is in both; two readings of a unit at one time; a reading after its unit's end; a reading
        of a unit that is not among ``units``; a unit without readings, or twice there; a reading is missing. Messages name row and unit.

    Examples
    --------
    >>> log = {"unit": ["a", "a", "b"], "time": [0, 50, 0], "load": [1.0, 3.0, 2.0]}
    >>> units = {"unit": ["a", "b"], "duration": [80, 40], "event_observed": [1, 0]}
    >>> print(from_sensor_log(log, units).to_frame())
      unit  start  stop  event  load
    0    a    0.0  50.0  False   1.0
    1    a   50.0  80.0   True   3.0
    2    b    0.0  40.0  False   2.0
    """
    if before_first not in BEFORE_FIRST:
        raise ValueError(f"before_first must be one of {', '.join(map(repr, BEFORE_FIRST))}; got {before_first!r}.")
    if isinstance(units, Lifetimes):
        raise TypeError("units must be a table that says which unit each lifetime is of: columns unit, duration and event_observed.")
    lives = read_lives(read_table(units), str(unit), str(duration), str(event), None if entry is None else str(entry))
    readings = read_log(log, str(unit), str(time), lives)
    fleet, labels, begins, ends, failed = lives
    of, at, first, last = readings.of, readings.time, readings.first, readings.last
    _refuse_late(before_first, at[first], begins, ends, labels)
    refuse_held(hold_last, readings.gaps, ends - at[last], labels)

    start = np.maximum(at, begins[of])
    if before_first == "first reading":
        start = np.where(first, begins[of], start)
    stop = np.where(last, ends[of], np.append(at[1:], np.inf))
    kept = start < stop
    picked, of, start, stop = readings.order[kept], of[kept], start[kept], stop[kept]
    at_end = stop == ends[of]
    roles = {str(name) for name in (unit, time)}, {str(name) for name in (unit, duration, event, entry or "entry", weights, cause)}
    X = _covariates(readings.table, fleet, roles, None if columns is None else [str(name) for name in columns], picked, of)
    given: dict[str, Any] = {}
    if weights is not None:
        given["weights"] = read_column(fleet.pick((str(weights),), of="units")[0], "weights")[of]
    if cause is not None:
        causes = np.asarray(as_series(fleet.pick((str(cause),), of="units")[0]), dtype=object)[of]
        given["cause"] = np.where(at_end, causes, None)
    y = Lifetimes(stop, failed[of] & at_end, entry=start, **given)
    return History(X, y, labels.to_numpy()[of])


def _covariates(
    readings: Table, fleet: Table, roles: tuple[set[str], set[str]], chosen: list[str] | None, picked: np.ndarray, of: np.ndarray
) -> Any:
    """The covariates of each row: readings by ``picked``, what is known for good by ``of``."""
    import pandas as pd

    sources = [name for name in readings.columns if name not in roles[0]], [name for name in fleet.columns if name not in roles[1]]
    wanted = [*sources[0], *sources[1]] if chosen is None else chosen
    columns = {}
    for name in wanted:
        if name in sources[0] and name in sources[1]:
            raise ValueError(f"column {name!r} is in log and in units; rename or drop one, or choose the others with columns=.")
        if name not in sources[0] and name not in sources[1]:
            raise ValueError(
                f"column {name!r} is neither in log nor in units; there are {', '.join(map(repr, [*sources[0], *sources[1]]))}."
            )
        table, rows = (readings, picked) if name in sources[0] else (fleet, of)
        values = whole_column(table, name, of="log" if table is readings else "units")
        columns[name] = values.array.take(rows)
    return pd.DataFrame(columns, index=range(len(of)))


def _refuse_late(before_first: str, first: np.ndarray, begins: np.ndarray, ends: np.ndarray, labels: Any) -> None:
    if before_first == "refuse":
        remedy = "Correct the entry, or say with before_first= what was in force until then."
        refuse_units(first > begins, "has its first reading after its entry", labels, remedy)
    elif before_first == "enter":
        refuse_units(first >= ends, "has no reading before its end", labels, "Leave it out, or pass before_first='first reading'.")
