"""Histories: rows (start, stop] in each of which the covariates of a unit stay what they are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from survjax.covariates.table import names_in_brief, read_table
from survjax.data.columns import ROWS_COUNT_FROM, read_column, read_flags, refuse_different_indexes
from survjax.data.frames import columns_of_frame
from survjax.data.lifetimes import Lifetimes
from survjax.errors import BadRow

if TYPE_CHECKING:
    import pandas as pd

GAPS = ("refuse", "allowed")


class CheckedHistories(NamedTuple):
    """Rows that fit together.

    ``order`` (n,) puts them by unit and start; ``codes`` (n,) is the unit of each row, as it came, counted from 0 in the order of first
    rows; ``labels`` (k,) what the units are called.
    """

    order: np.ndarray
    codes: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False)
class History:
    """Rows (start, stop] of units whose covariates change: what models take as ``fit(history)``.

    That is ``fit(history.X, history.y, unit=history.unit)``.

    Attributes
    ----------
    X : (n, p) pandas frame, the covariates in force in each row.
    y : the n rows as ``Lifetimes``, ``entry`` their start and ``durations`` their stop; a failure only in a unit's last row.
    unit : (n,) which unit each row is of. Rows are ordered by unit, then start.
    """

    X: pd.DataFrame
    y: Lifetimes
    unit: np.ndarray

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        unit: Hashable,
        start: Hashable,
        stop: Hashable,
        event: Hashable,
        *,
        columns: Sequence[Hashable] | None = None,
        gaps: str = "refuse",
    ) -> History:
        """A history from a data frame (pandas, polars, Arrow) with a row for each span.

        Parameters
        ----------
        unit, start, stop, event : names of the columns. columns : names of the covariates; None: all others.
        gaps : as for ``check_histories``.

        Raises
        ------
        KeyError : a column is not there. TypeError, ValueError : as ``check_histories``.
        """
        import pandas as pd

        taken = columns_of_frame(frame, unit=unit, start=start, stop=stop, event=event)
        checked = check_histories(**taken, gaps=gaps)
        roles = {str(name) for name in (unit, start, stop, event)}
        table = read_table(frame)
        chosen = tuple(name for name in table.columns if name not in roles) if columns is None else tuple(str(name) for name in columns)
        covariates = pd.DataFrame(dict(zip(chosen, table.pick(chosen, of="frame"), strict=True)), index=table.frame.index)
        X = covariates.take(checked.order).reset_index(drop=True)
        read = {name: np.asarray(values) for name, values in taken.items()}
        y = Lifetimes(read["stop"], read["event"], entry=read["start"])[checked.order]
        return cls(X, y, checked.labels[checked.codes[checked.order]])

    def latest(self) -> History:
        """The last row of each unit that still runs: what is known of it today, to predict for.

        ``now = history.latest()``, then ``model.predict_rul(now.X, now.y.durations)``: from the ages reached, covariates staying as they
        are. The index of ``now.X``, and so of the tables of predictions, is the labels of the units.

        Raises
        ------
        ValueError : every unit has failed.
        """
        import pandas as pd

        running = np.append(self.unit[1:] != self.unit[:-1], True)[: len(self)] & ~self.y.event_observed
        if not running.any():
            raise ValueError("every unit of this history has failed: there is none to predict for.")
        X = self.X[running].set_axis(pd.Index(self.unit[running], name="unit"), axis=0)
        return History(X, self.y[running], self.unit[running])

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas frame: unit, start, stop, event, then the covariates.

        Raises
        ------
        ValueError : a covariate is called one of these.
        """
        import pandas as pd

        entry = np.zeros(len(self.y)) if self.y.entry is None else self.y.entry
        columns = {"unit": self.unit, "start": entry, "stop": self.y.durations, "event": self.y.event_observed}
        clash = next((name for name in self.X.columns if name in columns), None)
        if clash is not None:
            raise ValueError(f"a covariate is called {clash!r}, as a column of every history is; rename it.")
        return pd.concat([pd.DataFrame(columns), self.X.reset_index(drop=True)], axis=1)

    def __len__(self) -> int:
        return len(self.unit)

    def __repr__(self) -> str:
        units = 1 + int(np.count_nonzero(self.unit[1:] != self.unit[:-1])) if len(self) else 0
        failed = int(np.count_nonzero(self.y.event_observed))
        return f"History({len(self):,} rows of {units:,} units, {failed:,} of which failed; {names_in_brief(self.X)})"


def taken_apart(X: Any, y: Any, unit: Any = None) -> tuple[Any, Any, Any]:
    """X, y and unit, which a History given as X brings with it.

    Raises
    ------
    TypeError : something beside a History; no y beside another X.
    """
    if isinstance(X, History):
        if y is not None or unit is not None:
            raise TypeError("a History brings X, y and unit with it: pass it alone.")
        return X.X, X.y, X.unit
    if y is None:
        raise TypeError("y is missing, the Lifetimes of the rows of X: pass X and y, or a History alone.")
    return X, y, unit


def check_histories(unit: Any, start: Any, stop: Any, event: Any, *, gaps: str = "refuse") -> CheckedHistories:
    """Check that rows (start, stop] fit together within each unit.

    Parameters
    ----------
    unit : (n,) which unit a row is of, any labels. start, stop : (n,) ages. event : (n,) whether the unit failed at ``stop``.
    gaps : "refuse", or "allowed" where a unit may be out of sight between two rows, at no risk there that the data could show.

    Rows may come in any order. Ages that differ by rounding only are the same.

    Raises
    ------
    TypeError : ages or events are not what they should be.
    ValueError : stop is not after start; rows of a unit overlap or leave a gap; an event before a unit's last row; a unit is missing.
        The message names the unit and its rows, counted from 0.
    """
    import pandas as pd

    if gaps not in GAPS:
        raise ValueError(f"gaps must be one of {', '.join(map(repr, GAPS))}; got {gaps!r}.")
    refuse_different_indexes(unit=unit, start=start, stop=stop, event=event)
    begin, end, failed = read_column(start, "start"), read_column(stop, "stop"), read_flags(event, "event")
    codes, labels = pd.factorize(as_series(unit))
    for name, column in {"start": begin, "stop": end, "event": failed}.items():
        if len(column) != len(codes):
            raise ValueError(f"{name} has {len(column):,} rows and unit {len(codes):,}; every row needs both.")
    _refuse(codes < 0, "unit is missing in row {row}", "Remove rows of unknown units.")
    labels = np.asarray(labels)
    named = labels.astype(object)  # numbers of NumPy would be shown with their type

    def said(row: int) -> str:
        return f"(start={begin[row]:g}, stop={end[row]:g})"

    for row in np.flatnonzero(~(end > begin))[:1]:
        what = f"stop must be after start; unit {named[codes[row]]!r} has {said(row)} in row {{row}}"
        _refuse(~(end > begin), what, "Remove rows in which no time passes.")
    order = in_order(codes, begin)
    of, first, last = codes[order], begin[order], end[order]
    follows = of[1:] == of[:-1]
    rounding = 8 * np.finfo(float).eps * np.maximum(np.abs(first[1:]), np.abs(last[:-1]))
    faults = [
        (follows & (first[1:] < last[:-1] - rounding), "overlap", "Correct their ages, or give each its own unit if these are two units."),
        (follows & (first[1:] > last[:-1] + rounding), "leave a gap", "If the unit was not watched in between, pass gaps='allowed'."),
    ]
    for fault, word, remedy in faults[: 2 if gaps == "refuse" else 1]:
        if fault.any():
            place = int(np.flatnonzero(fault)[0])
            one, other = int(order[place]), int(order[place + 1])
            rows = order[np.flatnonzero(fault) + 1]
            message = f"rows {one} {said(one)} and {other} {said(other)} of unit {named[of[place]]!r} {word}"
            raise BadRow(f"{message} ({len(rows):,} such pairs; {ROWS_COUNT_FROM}). {remedy}", columns=("start",), rows=rows, remedy=remedy)
    early = np.zeros(len(codes), dtype=bool)
    early[order[:-1]] = follows & failed[order[:-1]]
    for row in np.flatnonzero(early)[:1]:
        what = f"unit {named[codes[row]]!r} has an event in row {{row}} {said(row)}, which is not its last"
        _refuse(early, what, "A unit fails once; units that go on after an event are what Recurrences are for.")
    return CheckedHistories(order, codes, labels)


def stretches_in_words(life: Lifetimes) -> list[str]:
    """What a reader should know of rows that look like stretches of lives, where nothing says which unit each is of.

    They look so if nine in ten of those that enter late begin where another row, each its own, ends unfailed. Ages of units that
    merely came under observation late, even in whole days, are not matched like that: such units enter young, and are censored old.
    """
    late = life.entered_late()
    if not late.any():
        return []
    assert life.entry is not None
    begins, n_begin = np.unique(life.entry[late], return_counts=True)
    ends, n_end = np.unique(life.lower[np.isinf(life.upper)], return_counts=True)
    _, first, second = np.intersect1d(begins, ends, assume_unique=True, return_indices=True)
    matched = int(np.minimum(n_begin[first], n_end[second]).sum())
    if matched < 0.9 * n_begin.sum():
        return []
    return [
        f"{matched:,} of {len(life):,} rows begin at an age where another ends without failure, as stretches of one life do. Estimates "
        "are the same either way, but units are then counted as many times as they have rows, in bic_, score and robust errors: pass "
        "unit=, which unit each row is of (of a History fit(history) does)."
    ]


def held_in_words(unit: Any) -> list[str]:
    """What a reader of predictions should know where units (n,) had several rows, each with its own covariates."""
    labels = [] if unit is None else list(unit)
    if len(set(labels)) == len(labels):
        return []
    return [
        "Units had several rows, as covariates that change do. Predictions hold the covariates of X as they are from then on, for ever: "
        "for a planned course use along(path); for readings of sensors, which exist only while a unit runs, learn from sj.Landmarks."
    ]


def in_order(codes: np.ndarray, time: np.ndarray) -> np.ndarray:
    """The rows (n,) by unit, then time."""
    sorted_already = (codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & (time[1:] >= time[:-1]))
    if sorted_already.all():
        return np.arange(len(codes))
    by_time = np.argsort(time)  # with the stable sort after it in two thirds of the time of lexsort
    return by_time[np.argsort(codes[by_time], kind="stable")]


def as_series(labels: Any) -> Any:
    """Labels as a pandas Series, those of a list not turned into text where they are of several types."""
    import pandas as pd

    return pd.Series(labels.to_pandas() if hasattr(labels, "to_pandas") and not hasattr(labels, "iloc") else labels)


def _refuse(bad: np.ndarray, what: str, remedy: str) -> None:
    """Raise for the rows marked in ``bad``; ``what`` names the first by ``{row}``."""
    rows = np.flatnonzero(bad)
    if rows.size:
        message = f"{what.replace('{row}', str(rows[0]))} ({rows.size:,} such rows; {ROWS_COUNT_FROM}). {remedy}"
        raise BadRow(message, columns=("unit",), rows=rows, remedy=remedy)
