"""The data: what is known of each unit's lifetime."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from survjax.columns import ROWS_COUNT_FROM, read_column, read_flags, read_labels, read_rows, refuse_different_indexes, refuse_rows
from survjax.errors import BadRow
from survjax.findings import Finding, findings

COLUMNS = ("lower", "upper", "entry", "right_truncation", "weights", "cause", "observed_until")


class Lifetimes:
    """Lifetimes of a fleet, any mix of failures, running units and failures known only to lie in an interval.

    ``Lifetimes(durations, event_observed)`` is for failures at known ages and running units; ``Lifetimes.from_intervals`` takes
    every kind of row.

    Parameters
    ----------
    durations : (n,) ages at failure, or ages reached by units that still run; any one unit of time.
    event_observed : (n,) 1 or True for a failure, 0 or False for a unit still running. None: all have failed.
    entry : (n,) ages at which observation of the unit began (delayed entry, left truncation). A unit that had failed
        before it would not be in the data. None: every unit was seen from the start.
    weights : (n,) counts: how many units a row stands for; fractions are allowed. None: one each.
    cause : (n,) what each unit failed of, any labels; missing (None, nan) where it is not known. Looked at for failures only.

    Lists, NumPy arrays, pandas and polars Series and Arrow arrays are accepted; they are copied, and never changed.

    Attributes
    ----------
    lower, upper : (n,) the unit was alive at ``lower`` and had failed by ``upper``: equal for a failure at a known age, infinite
        ``upper`` for a unit still running.
    durations : (n,) the same as ``lower``. event_observed : (n,) whether the age at failure is known exactly.
    right_truncation : (n,) or None; observed_until : (n,) or None. See ``from_intervals``.

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

    __slots__ = (*COLUMNS, "event_observed")

    lower: np.ndarray
    upper: np.ndarray
    entry: np.ndarray | None
    right_truncation: np.ndarray | None
    weights: np.ndarray | None
    cause: np.ndarray | None
    observed_until: np.ndarray | None
    event_observed: np.ndarray

    def __init__(self, durations: Any, event_observed: Any = None, *, entry: Any = None, weights: Any = None, cause: Any = None) -> None:
        refuse_different_indexes(durations=durations, event_observed=event_observed, entry=entry, weights=weights, cause=cause)
        columns = {"durations": read_column(durations, "durations")}
        n = len(columns["durations"])
        if n == 0:
            raise ValueError("durations is empty: there is no unit to learn from.")
        columns["event_observed"] = np.ones(n, dtype=bool) if event_observed is None else read_flags(event_observed, "event_observed")
        columns |= _read_given(entry=entry, weights=weights, cause=cause)
        _check_lengths(columns, "durations")
        lower = columns.pop("durations")
        upper = np.where(columns.pop("event_observed"), lower, np.inf)
        _check_entry(columns.get("entry"), lower, "durations")
        _check_weights(columns.get("weights"))
        self._set(lower=lower, upper=upper, **columns)

    @classmethod
    def from_intervals(
        cls,
        lower: Any,
        upper: Any,
        *,
        entry: Any = None,
        right_truncation: Any = None,
        weights: Any = None,
        cause: Any = None,
        observed_until: Any = None,
    ) -> Lifetimes:
        """Lifetimes of which it is known that they ended between two ages.

        Parameters
        ----------
        lower, upper : (n,) alive at ``lower``, failed by ``upper``. Equal: a failure at that age. Infinite ``upper``: still running
            (right-censored). ``lower`` 0, or -inf for laws on the whole real line: failed some time before ``upper`` (left-censored).
        entry : (n,) delayed entry, as for ``Lifetimes``. A ``lower`` of 0 (or -inf) below it means failed between entry and ``upper``.
        right_truncation : (n,) ages up to which a unit can be in the data at all, and then only failed (returns seen by a date of
            analysis): what did not fail before would not be there. inf: no such limit. An ``upper`` beyond it is read as it.
        weights, cause : (n,) as for ``Lifetimes``.
        observed_until : (n,) or one number: the age up to which each unit would have been followed had it not failed, where that
            is known. Fits do not need it; a simulated repetition of the study does.

        Raises
        ------
        TypeError : as ``Lifetimes``.
        ValueError : lower beyond upper; a lower end between 0 and entry; entry not before upper; right truncation not after lower
            or entry. The message names the first such row, counted from 0, and the remedy.
        """
        refuse_different_indexes(lower=lower, upper=upper, entry=entry, right_truncation=right_truncation, weights=weights, cause=cause)
        columns = {"lower": read_column(lower, "lower", -np.inf), "upper": read_column(upper, "upper", np.inf)}
        n = len(columns["lower"])
        if n == 0:
            raise ValueError("lower is empty: there is no unit to learn from.")
        if observed_until is not None and np.ndim(observed_until) == 0:
            observed_until = np.full(n, observed_until)
        columns |= _read_given(entry=entry, right_truncation=right_truncation, weights=weights, cause=cause, observed_until=observed_until)
        _check_lengths(columns, "lower")
        _check_weights(columns.get("weights"))
        life = cls.__new__(cls)
        life._set(**_in_window(columns))
        return life

    def _set(self, **columns: np.ndarray | None) -> None:
        held: dict[str, Any] = {name: columns.get(name) for name in COLUMNS}
        held["event_observed"] = np.equal(held["lower"], held["upper"])
        for name, column in held.items():
            if column is not None:
                column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Lifetimes cannot be changed; make new ones.")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, ({name: getattr(self, name) for name in COLUMNS},)

    def _with(self, **changed: Any) -> Lifetimes:
        return _restore({name: getattr(self, name) for name in COLUMNS} | changed)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        duration: Hashable,
        event: Hashable = None,
        entry: Hashable = None,
        weights: Hashable = None,
        cause: Hashable = None,
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

        return cls(
            column("duration", duration),
            column("event", event),
            entry=column("entry", entry),
            weights=column("weights", weights),
            cause=column("cause", cause),
        )

    # ---- counts

    @property
    def durations(self) -> np.ndarray:
        """The ages at failure or reached so far; where only an interval is known, its lower end."""
        return self.lower

    @property
    def n_units(self) -> float:
        """How many units there are: the sum of the weights."""
        return float(len(self) if self.weights is None else self.weights.sum())

    @property
    def n_failed(self) -> float:
        """How many have failed, at a known age or within an interval."""
        return self._number(np.isfinite(self.upper))

    @property
    def n_exact(self) -> float:
        """How many have failed at a known age."""
        return self._number(self.event_observed)

    @property
    def n_running(self) -> float:
        return self.n_units - self.n_failed

    def _number(self, rows: np.ndarray) -> float:
        return float(rows.sum() if self.weights is None else self.weights[rows].sum())

    def counts(self) -> np.ndarray:
        """The weights, ones where none were given, shape (n,)."""
        return np.broadcast_to(1.0, len(self)) if self.weights is None else self.weights

    def is_plain(self) -> bool:
        """Whether there are only failures at known ages and running units, none truncated on the right."""
        return self.right_truncation is None and bool(np.all(self.event_observed | np.isinf(self.upper)))

    def in_the_middle(self) -> Lifetimes:
        """The same units as plain rows: failures within an interval put in its middle, right truncation left out.

        For starting values and pictures, never for a likelihood.
        """
        if self.is_plain():
            return self
        between = ~self.event_observed & np.isfinite(self.upper)
        below = np.where(np.isfinite(self.lower), self.lower, self.upper)
        middle = np.where(between, 0.5 * (below + self.upper), self.lower)
        upper = np.where(between, middle, self.upper)
        return self._with(lower=middle, upper=upper, right_truncation=None)

    def in_unit(self, unit: float) -> Lifetimes:
        """The same lifetimes with times in multiples of ``unit``."""
        scaled = {name: getattr(self, name) for name in ("lower", "upper", "entry", "right_truncation", "observed_until")}
        return self._with(**{name: None if column is None else column / unit for name, column in scaled.items()})

    # ---- rows

    def __len__(self) -> int:
        return len(self.lower)

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
        columns = {name: getattr(self, name) for name in COLUMNS}
        return _restore({name: None if column is None else column[rows].copy() for name, column in columns.items()})

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
        return self[np.isfinite(self.upper)]

    def running(self) -> Lifetimes:
        """The units that still run."""
        return self[np.isinf(self.upper)]

    def with_weights(self, weights: Any) -> Lifetimes:
        """The same rows with other counts, (n,)."""
        column = read_column(weights, "weights")
        _check_lengths({"lower": self.lower, "weights": column}, "lower")
        _check_weights(column)
        return self._with(weights=column)

    # ---- what looks odd

    def checks(self) -> list[Finding]:
        """What deserves a look before a fit: nothing here is wrong by itself, and nothing is removed.

        Reported are ages far beyond the rest (more than 1.25 times the next age below with at most 0.1 % of the rows
        above the gap) and heavy rounding (fewer than a tenth as many distinct failure times as failures).
        """
        return findings(self.in_the_middle().durations, self.event_observed, self.n_exact)

    # ---- shown

    def __repr__(self) -> str:
        rows = "" if self.n_units == len(self) else f" in {len(self):,} rows"
        between = self.n_failed - self.n_exact
        within = f" ({_count(between)} within an interval)" if between else ""
        late = f"; {np.count_nonzero(self.entry > 0):,} entered late" if self.entry is not None and self.start_varies() else ""
        cut = "" if self.right_truncation is None else f"; {np.isfinite(self.right_truncation).sum():,} truncated on the right"
        counts = f"{_count(self.n_failed)} failed{within}, {_count(self.n_running)} running"
        return f"Lifetimes({_count(self.n_units)} units{rows}: {counts}{late}{cut})"

    def start_varies(self) -> bool:
        return self.entry is not None and bool(np.any(self.entry > 0))

    def __str__(self) -> str:
        """Up to ten units as the field writes them: 33, 44+ (still running), (10, 20] (failed in between)."""
        if len(self) > 10:
            return repr(self)
        return ", ".join(_written(low, high) for low, high in zip(self.lower, self.upper, strict=True))


def _written(low: float, high: float) -> str:
    if low == high:
        return f"{low:g}"
    return f"{low:g}+" if np.isinf(high) else f"({low:g}, {high:g}]"


def _restore(columns: dict[str, np.ndarray | None]) -> Lifetimes:
    """Lifetimes from columns that have been validated before; rows may be none."""
    life = Lifetimes.__new__(Lifetimes)
    life._set(**columns)
    return life


def _count(number: float) -> str:
    return f"{number:,.0f}" if number == round(number) else f"{number:,.6g}"


# ---- the form of the data, checked once


def _read_given(**columns: Any) -> dict[str, np.ndarray]:
    given = {name: values for name, values in columns.items() if values is not None}
    endless = {"right_truncation": np.inf, "observed_until": np.inf}
    return {
        name: read_labels(values, name) if name == "cause" else read_column(values, name, endless.get(name))
        for name, values in given.items()
    }


def _check_lengths(columns: dict[str, np.ndarray], first: str) -> None:
    n = len(columns[first])
    for name, column in columns.items():
        if len(column) != n:
            raise ValueError(f"{name} has {len(column):,} rows and {first} {n:,}; every row needs both.")


def _check_weights(weights: np.ndarray | None) -> None:
    if weights is None:
        return
    refuse_rows(weights < 0, weights, "weights", "0 or more", "A count cannot be negative.")
    absurd = (weights > 0) & ((weights < 1e-100) | (weights > 1e100))
    refuse_rows(absurd, weights, "weights", "0 or between 1e-100 and 1e100", "Are they counts?")
    if not weights.any():
        raise BadRow(
            "weights are all zero: no unit is left to learn from. Leave weights out to count each row once.",
            columns=("weights",),
            rows=range(len(weights)),
            expected="more than 0 in at least one row",
            remedy="Leave weights out to count each row once.",
        )


def _check_entry(entry: np.ndarray | None, durations: np.ndarray, name: str) -> None:
    if entry is not None:
        word = "duration" if name == "durations" else name
        remedy = "Remove units that were never under observation, or correct the age at which observation began."
        _refuse_pair(entry >= durations, {"entry": entry, name: durations}, f"less than {word}", f"less than the {word}", remedy)


def _in_window(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The columns of ``from_intervals`` with each interval cut to the window in which its unit could be seen."""
    lower, upper = columns["lower"], columns["upper"]
    entry, end = columns.get("entry"), columns.get("right_truncation")
    ends = {"lower": lower, "upper": upper}
    _refuse_pair(lower > upper, ends, "at most upper", "at most upper", "For right censoring pass upper=inf.")
    _refuse_pair((lower == upper) & np.isinf(upper), ends, "finite where upper is lower", "finite", "Pass the age reached as lower.")
    both_open = np.isneginf(lower) & np.isposinf(upper)
    _refuse_pair(both_open, ends, "finite where upper is infinite", "finite", "Such a row says nothing; remove it.")
    if entry is not None:
        _check_entry(entry, upper, "upper")
        known = (lower > 0) & (lower < entry)
        remedy = "Pass lower=0 for a unit that failed some time after entry, or correct the entry."
        _refuse_pair(known, {"lower": lower, "entry": entry}, "0 or at least entry", "0 or at least entry", remedy)
        exact = (lower == upper) & (lower <= entry)
        _refuse_pair(
            exact, {"lower": lower, "entry": entry}, "more than entry", "more than entry", "It was not under observation when it failed."
        )
        lower = np.maximum(lower, entry)
    if end is not None:
        begin = lower if entry is None else np.maximum(entry, lower)
        exact = columns["lower"] == columns["upper"]
        beyond = np.where(exact, end < lower, end <= begin)
        remedy = "A unit can only be in such data if it failed before. Pass right_truncation=inf for units seen whatever happened."
        _refuse_pair(beyond, {"right_truncation": end, "lower": lower}, "more than lower", "more than the lower end", remedy)
        upper = np.minimum(upper, end)
        if not np.isfinite(end).any():
            columns = {name: column for name, column in columns.items() if name != "right_truncation"}
    return columns | {"lower": lower, "upper": upper}


def _refuse_pair(bad: np.ndarray, pair: dict[str, np.ndarray], relation: str, expected: str, remedy: str) -> None:
    """Refuse rows in which two columns contradict each other; the first is at fault."""
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        values = ", ".join(f"{name.removesuffix('s')}={column[row]:g}" for name, column in pair.items())
        raise BadRow(
            f"{next(iter(pair))} must be {relation}; row {row} has {values} ({int(bad.sum()):,} such rows; {ROWS_COUNT_FROM}). {remedy}",
            columns=tuple(pair),
            rows=np.flatnonzero(bad),
            expected=expected,
            remedy=remedy,
        )
