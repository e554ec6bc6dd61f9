"""At which moments of which units there is a landmark: what ``at`` of ``Landmarks`` says."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.covariates.histories import as_series
from survjax.covariates.reading_log import Lives, ReadingLog, refuse_readings
from survjax.covariates.table import Table, read_table
from survjax.data.columns import read_column


def landmark_moments(log: ReadingLog, lives: Lives | None, at: Any, unit: str, time: str) -> tuple[np.ndarray, np.ndarray]:
    """Of each landmark the number of its unit and its age, (m,) each, by unit, then age.

    Parameters
    ----------
    at : "readings", "last", ages, or a table with the columns ``unit`` and ``time``. lives : None where no end is known.

    Raises
    ------
    ValueError : ``at`` is something else, or asks for what is not to be had.
    """
    if isinstance(at, str):
        if at not in ("readings", "last"):
            raise ValueError(f"at must be 'readings', 'last', ages, or a table with columns unit and time; got {at!r}.")
        picked = np.ones(len(log.of), dtype=bool)
        if at == "last":
            running = _running(lives, log.of, log.time)
            picked = running & np.append((log.of[1:] != log.of[:-1]) | ~running[1:], True)
        of, age = log.of[picked], log.time[picked]
    elif hasattr(at, "columns") or isinstance(at, dict):
        of, age = _asked(log, lives, read_table(at), unit, time)
    else:
        ages = np.unique(read_column(np.atleast_1d(at), "time"))
        first = log.time[log.first]
        of, age = np.repeat(np.arange(len(log.labels)), len(ages)), np.tile(ages, len(log.labels))
        kept = age >= first[of]
        of, age = of[kept], age[kept]
    kept = _running(lives, of, age)
    return of[kept], age[kept]


def _running(lives: Lives | None, of: np.ndarray, age: np.ndarray) -> np.ndarray:
    return np.ones(len(of), dtype=bool) if lives is None else (age < lives.ends[of]) & (age >= lives.begins[of])


def _asked(log: ReadingLog, lives: Lives | None, table: Table, unit: str, time: str) -> tuple[np.ndarray, np.ndarray]:
    import pandas as pd

    units, times = table.pick((unit, time), of="at")
    age = read_column(times, "time")
    of = pd.Index(log.labels).get_indexer(pd.Index(as_series(units)))
    refuse_readings(of < 0, "is asked for by at=, and its unit has no reading", units, age, "Leave it out.")
    early = age < log.time[log.first][of]
    refuse_readings(early, "is asked for by at=, before the unit's first reading", units, age, "Leave it out.")
    refuse_readings(~_running(lives, of, age), "is asked for by at=, when the unit is not running", units, age, "Leave it out.")
    order = np.lexsort((age, of))
    again = np.zeros(len(of), dtype=bool)
    again[order[1:]] = (np.diff(of[order]) == 0) & (np.diff(age[order]) == 0)
    refuse_readings(again, "is asked for by at= a second time", units, age, "Ask once.")
    return of[order], age[order]
