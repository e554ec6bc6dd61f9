"""The data: how long each unit has run, and whether it has failed."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from survjax.columns import ROWS_COUNT_FROM, read_column, read_flags, read_rows, refuse_different_indexes, refuse_rows
from survjax.errors import BadRow


class Lifetimes:
    """Lifetimes of a fleet, right-censored where a unit still runs, with delayed entry and counts.

    Parameters
    ----------
    durations : (n,) ages at failure, or ages reached by units that still run; any one unit of time.
    event_observed : (n,) 1 or True for a failure, 0 or False for a unit still running. None: all have failed.
    entry : (n,) ages at which observation of the unit began (delayed entry, left truncation). A unit that had failed
        before it would not be in the data. None: every unit was seen from the start.
    weights : (n,) counts: how many units a row stands for; fractions are allowed. None: one each.

    Lists, NumPy arrays, pandas and polars Series and Arrow arrays are accepted; they are copied, and never changed.

    Raises
    ------
    TypeError : a column holds text, dates, None or other objects, or (for numbers) booleans.
    ValueError : a value is missing (masked, null) or infinite, lengths differ, entry is not before duration, a weight is negative or
        all are zero, there are no rows. The message names the first such row, counted from 0.

    Examples
    --------
    >>> Lifetimes([33, 44, 52], event_observed=[1, 0, 1])
    Lifetimes(3 units: 2 failed, 1 running)
    """

    __slots__ = ("durations", "entry", "event_observed", "weights")

    durations: np.ndarray
    event_observed: np.ndarray
    entry: np.ndarray | None
    weights: np.ndarray | None

    def __init__(self, durations: Any, event_observed: Any = None, *, entry: Any = None, weights: Any = None) -> None:
        refuse_different_indexes(durations=durations, event_observed=event_observed, entry=entry, weights=weights)
        columns = {"durations": read_column(durations, "durations")}
        n = len(columns["durations"])
        if n == 0:
            raise ValueError("durations is empty: there is no unit to learn from.")
        observed = np.ones(n, dtype=bool) if event_observed is None else read_flags(event_observed, "event_observed")
        columns["event_observed"] = observed
        for name, values in (("entry", entry), ("weights", weights)):
            if values is not None:
                columns[name] = read_column(values, name)
        for name, column in columns.items():
            if len(column) != n:
                raise ValueError(f"{name} has {len(column):,} rows and durations {n:,}; every row needs both.")
        if entry is not None:
            late = columns["entry"] >= columns["durations"]
            if late.any():
                row = int(np.flatnonzero(late)[0])
                remedy = "Remove units that were never under observation, or correct the age at which observation began."
                raise BadRow(
                    f"entry must be less than duration; row {row} has entry={columns['entry'][row]:g}, "
                    f"duration={columns['durations'][row]:g} ({int(late.sum()):,} such rows; {ROWS_COUNT_FROM}). {remedy}",
                    columns=("entry", "durations"),
                    rows=np.flatnonzero(late),
                    expected="less than the duration",
                    remedy=remedy,
                )
        if weights is not None:
            refuse_rows(columns["weights"] < 0, columns["weights"], "weights", "0 or more", "A count cannot be negative.")
            absurd = (columns["weights"] > 0) & ((columns["weights"] < 1e-100) | (columns["weights"] > 1e100))
            refuse_rows(absurd, columns["weights"], "weights", "0 or between 1e-100 and 1e100", "Are they counts?")
            if not columns["weights"].any():
                raise BadRow(
                    "weights are all zero: no unit is left to learn from. Leave weights out to count each row once.",
                    columns=("weights",),
                    rows=range(n),
                    expected="more than 0 in at least one row",
                    remedy="Leave weights out to count each row once.",
                )
        self._set(columns["durations"], observed, columns.get("entry"), columns.get("weights"))

    def _set(self, durations: np.ndarray, observed: np.ndarray, entry: np.ndarray | None, weights: np.ndarray | None) -> None:
        for name, column in (("durations", durations), ("event_observed", observed), ("entry", entry), ("weights", weights)):
            if column is not None:
                column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Lifetimes cannot be changed; make new ones.")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.durations, self.event_observed, self.entry, self.weights)

    @classmethod
    def from_frame(
        cls, frame: Any, duration: Hashable, event: Hashable = None, entry: Hashable = None, weights: Hashable = None
    ) -> Lifetimes:
        """Lifetimes from columns of a pandas or polars data frame or an Arrow table, given by name (text, number or tuple).

        Raises
        ------
        TypeError : no data frame, or one not read yet; a column in place of its name.
        KeyError : a column is not in the frame; the message lists those that are.
        ValueError : several columns have that name; and what ``Lifetimes`` itself raises.
        """
        if hasattr(frame, "collect"):
            raise TypeError(f"frame is a {type(frame).__name__}, which has not been read yet; pass frame.collect().")
        names = getattr(frame, "column_names", None)  # Arrow's, whose columns are not names
        if names is None:
            names = getattr(frame, "columns", None)
        if names is None:
            raise TypeError(
                f"frame must be a data frame; got {type(frame).__name__}. Read a file first, for instance with pandas.read_csv."
            )
        available = list(names)

        def column(role: str, name: Hashable) -> Any:
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

        return cls(column("duration", duration), column("event", event), entry=column("entry", entry), weights=column("weights", weights))

    # ---- counts

    @property
    def n_units(self) -> float:
        """How many units there are: the sum of the weights."""
        return float(len(self) if self.weights is None else self.weights.sum())

    @property
    def n_failed(self) -> float:
        observed = self.event_observed
        return float(observed.sum() if self.weights is None else self.weights[observed].sum())

    @property
    def n_running(self) -> float:
        return self.n_units - self.n_failed

    def counts(self) -> np.ndarray:
        """The weights, ones where none were given, shape (n,)."""
        return np.broadcast_to(1.0, len(self)) if self.weights is None else self.weights

    # ---- rows

    def __len__(self) -> int:
        return len(self.durations)

    @property
    def shape(self) -> tuple[int]:
        return (len(self),)

    def __getitem__(self, rows: Any) -> Lifetimes:
        """Rows by slice, mask or index array (or ``(rows, ...)``, as scikit-learn asks); one index gives one row."""
        if isinstance(rows, tuple) and rows:
            rows = rows[0]
        if rows is None or isinstance(rows, (bool, np.bool_)) or np.ma.is_masked(rows):
            raise IndexError(f"rows must be a slice, a mask, row numbers or one of them, none missing; got {rows!r}.")
        if isinstance(rows, (int, np.integer)):
            rows = slice(rows, rows + 1 or None)
            if len(range(len(self))[rows]) == 0:
                raise IndexError(f"there are {len(self):,} rows")
        picked = [
            None if column is None else column[rows].copy() for column in (self.durations, self.event_observed, self.entry, self.weights)
        ]
        return _restore(*picked)

    def without(self, rows: Any) -> Lifetimes:
        """The lifetimes that are left when some rows are dropped.

        Parameters
        ----------
        rows : row numbers from 0, or a mask (n,) that is True where a row goes.

        Raises
        ------
        TypeError, ValueError : neither; a mask of another length.
        IndexError : a number that is no row.

        Examples
        --------
        >>> life = Lifetimes([*range(1, 30), 3600])
        >>> life.without(life.checks()[0].rows)
        Lifetimes(29 units: 29 failed, 0 running)
        """
        return self[~read_rows(rows, len(self))]

    def __iter__(self) -> Iterator[Lifetimes]:
        return (self[row] for row in range(len(self)))

    def failed(self) -> Lifetimes:
        """The units that have failed."""
        return self[self.event_observed]

    def running(self) -> Lifetimes:
        """The units that still run."""
        return self[~self.event_observed]

    def with_weights(self, weights: Any) -> Lifetimes:
        return Lifetimes(self.durations, self.event_observed, entry=self.entry, weights=weights)

    # ---- what looks odd

    def checks(self) -> list[Finding]:
        """What deserves a look before a fit: nothing here is wrong by itself, and nothing is removed.

        Reported are ages far beyond the rest (more than 1.25 times the next age below with at most 0.1 % of the rows
        above the gap) and heavy rounding (fewer than a tenth as many distinct failure times as failures).
        """
        return _checks(self)

    # ---- shown

    def __repr__(self) -> str:
        rows = "" if self.n_units == len(self) else f" in {len(self):,} rows"
        late = "" if self.entry is None else f"; {int(np.count_nonzero(self.entry)):,} entered late" if self.start_varies() else ""
        return f"Lifetimes({_count(self.n_units)} units{rows}: {_count(self.n_failed)} failed, {_count(self.n_running)} running{late})"

    def start_varies(self) -> bool:
        return self.entry is not None and bool(np.any(self.entry > 0))

    def __str__(self) -> str:
        if len(self) > 10:
            return repr(self)
        return ", ".join(f"{t:g}{'' if failed else '+'}" for t, failed in zip(self.durations, self.event_observed, strict=True))


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something in the data that deserves a look: what, and in which rows (counted from 0)."""

    message: str
    rows: tuple[int, ...]

    def __str__(self) -> str:
        return self.message


def _restore(durations: Any, observed: Any, entry: np.ndarray | None, weights: np.ndarray | None) -> Lifetimes:
    """Lifetimes from columns that have been validated before; rows may be none."""
    life = Lifetimes.__new__(Lifetimes)
    life._set(durations, observed, entry, weights)
    return life


def _count(number: float) -> str:
    return f"{number:,.0f}" if number == round(number) else f"{number:,.6g}"


def _checks(life: Lifetimes) -> list[Finding]:
    findings = []
    n = len(life)
    few = max(1, n // 1000)
    order = np.argsort(life.durations)
    tail = life.durations[order[-(few + 1) :]] if n > 20 else np.ones(1)
    gaps = np.flatnonzero(tail[1:] > 1.25 * np.maximum(tail[:-1], 0))
    if gaps.size:
        rows = order[-(len(tail) - 1 - gaps[0]) :]
        ages = ", ".join(f"{age:g}" for age in life.durations[rows][:6]) + (", …" if len(rows) > 6 else "")
        findings.append(
            Finding(
                f"{len(rows)} of {n:,} rows stand far beyond the rest ({ages}; the next is {tail[gaps[0]]:g}): are these ages right?",
                tuple(int(row) for row in np.sort(rows)),
            )
        )
    distinct = np.unique(life.durations[life.event_observed])
    if life.n_failed >= 50 and len(distinct) * 10 < life.n_failed:
        findings.append(
            Finding(
                f"{_count(life.n_failed)} failures fall on {len(distinct):,} distinct ages: the ages are coarsely rounded, and a mixture "
                "may sit on one of them.",
                (),
            )
        )
    return findings
