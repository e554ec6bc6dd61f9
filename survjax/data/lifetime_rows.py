"""Rows of lifetimes: counted, picked, scaled, put together and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from survjax.data.columns import read_rows
from survjax.data.findings import Finding, findings
from survjax.data.frames import alike, frame_of
from survjax.data.lifetime_columns import COLUMNS, read_weights
from survjax.data.lifetimes_in_words import as_html, in_one_line, one_by_one
from survjax.data.resolution import Rounded, within_resolution

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Rows = TypeVar("Rows", bound="LifetimeRows")


class LifetimeRows:
    """Columns of lifetimes that cannot be changed; how they are made is ``Lifetimes``' own."""

    # _index: the pandas index of the columns that were read, by which X in another order is noticed; not saved
    __slots__ = (*COLUMNS, "_index", "event_observed")

    lower: np.ndarray
    upper: np.ndarray
    entry: np.ndarray | None
    right_truncation: np.ndarray | None
    weights: np.ndarray | None
    cause: np.ndarray | None
    observed_until: np.ndarray | None
    event_observed: np.ndarray
    _index: pd.Index | None

    def _set(self, index: pd.Index | None = None, **columns: np.ndarray | None) -> None:
        object.__setattr__(self, "_index", index)
        held: dict[str, Any] = {name: columns.get(name) for name in COLUMNS}
        if held["right_truncation"] is not None and not np.isfinite(held["right_truncation"]).any():
            held["right_truncation"] = None  # of rows picked from others nobody may have been truncated
        held["event_observed"] = np.equal(held["lower"], held["upper"])
        for name, column in held.items():
            if column is not None:
                column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Lifetimes cannot be changed; make new ones.")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._columns())

    def _columns(self) -> dict[str, np.ndarray | None]:
        return {name: getattr(self, name) for name in COLUMNS}

    def _with(self, **changed: Any) -> Self:
        return _restore(type(self), self._columns() | changed, self._index)

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
        """How many units ``running()`` has."""
        return self._number(self.is_running())

    @property
    def n_removed(self) -> float:
        """How many were taken out unfailed before their ``observed_until``; 0 where that is not known."""
        return self._number(np.isinf(self.upper) & ~self.is_running())

    def is_running(self) -> np.ndarray:
        """Which rows (n,) have not failed and, where ``observed_until`` is known, were seen until then and not taken out before."""
        censored = np.isinf(self.upper)
        return censored if self.observed_until is None else censored & (self.lower >= self.observed_until)

    def _number(self, rows: np.ndarray) -> float:
        return float(rows.sum() if self.weights is None else self.weights[rows].sum())

    def can_be_negative(self) -> bool:
        """Whether some age is below 0, so that lives do not begin there."""
        columns = (self.lower, self.upper, self.entry)
        return any(bool(np.any((ages < 0) & np.isfinite(ages))) for ages in columns if ages is not None)

    def entered_late(self) -> np.ndarray:
        """Which rows came under observation after the beginning, (n,): 0, or none where ages are negative."""
        if self.entry is None:
            return np.zeros(len(self), dtype=bool)
        return self.entry > (-np.inf if self.can_be_negative() else 0.0)

    def counts(self) -> np.ndarray:
        """The weights, ones where none were given, shape (n,)."""
        return np.broadcast_to(1.0, len(self)) if self.weights is None else self.weights

    def counted(self) -> Self:
        """The rows of any weight; without weights all of them, no copies."""
        return self if self.weights is None else self[self.weights > 0]

    def is_plain(self) -> bool:
        """Whether there are only failures at known ages and running units, none truncated on the right."""
        return self.right_truncation is None and bool(np.all(self.event_observed | np.isinf(self.upper)))

    def in_the_middle(self) -> Self:
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

    def in_unit(self, unit: float) -> Self:
        """The same lifetimes with times in multiples of ``unit``."""
        scaled = {name: getattr(self, name) for name in ("lower", "upper", "entry", "right_truncation", "observed_until")}
        return self._with(**{name: None if column is None else column / unit for name, column in scaled.items()})

    def since(self, age: float) -> Self:
        """The same lifetimes with ages counted from ``age``: what lies before it is seen from the start.

        A lower end of 0 or less stays 0, whatever the age: some time before the upper end, or still running when last seen new.
        """
        lower = np.where(self.lower > 0, np.maximum(self.lower - age, 0.0), 0.0)
        moved: dict[str, Any] = {"lower": lower, "upper": np.where(self.event_observed, lower, self.upper - age)}
        if self.entry is not None:
            moved["entry"] = np.where(self.entry > 0, np.maximum(self.entry - age, 0.0), 0.0)
        for name in ("right_truncation", "observed_until"):
            column = getattr(self, name)
            moved[name] = None if column is None else np.maximum(column - age, 0.0)
        return self._with(**moved)

    # ---- rows

    def __len__(self) -> int:
        return len(self.lower)

    @property
    def shape(self) -> tuple[int]:
        return (len(self),)

    def __getitem__(self, rows: Any) -> Self:
        """Rows by slice, mask or index array (or ``(rows, ...)``, as scikit-learn asks); one index gives one row."""
        if isinstance(rows, tuple) and rows:
            rows = rows[0]
        if rows is None or isinstance(rows, (bool, np.bool_)) or np.ma.is_masked(rows):
            raise IndexError(f"rows must be a slice, a mask, row numbers or one of them, none missing; got {rows!r}.")
        if isinstance(rows, (int, np.integer)):
            rows = slice(rows, rows + 1 or None)
            if len(range(len(self))[rows]) == 0:
                raise IndexError(f"there are {len(self):,} rows")
        columns = {name: None if column is None else column[rows].copy() for name, column in self._columns().items()}
        return _restore(type(self), columns, self._index_of(rows))

    def _index_of(self, rows: Any) -> pd.Index | None:
        if self._index is None:
            return None
        return self._index[rows] if isinstance(rows, slice) else self._index.take(np.arange(len(self))[rows])

    def in_another_order(self, index: pd.Index) -> bool:
        """Whether the pandas index that these rows were read with has the same labels, each once, in another order."""
        own = self._index
        if own is None or own is index or len(own) != len(index) or own.equals(index) or not (own.is_unique and index.is_unique):
            return False
        return bool(index.isin(own).all())

    def without(self, rows: Any) -> Self:
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
        >>> from survjax import Lifetimes
        >>> life = Lifetimes([*range(1, 30), 3600])
        >>> life.without(life.checks()[0].rows)
        Lifetimes(29 units: 29 failed, 0 censored)
        """
        return self[~read_rows(rows, len(self))]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError(
            "Lifetimes are no numbers, since units may still run. For ages take life.durations, life.lower or life.upper; to judge "
            "predictions by them survjax.metrics, or in a grid search a model's own score or sj.metrics.make_scorer."
        )

    def __iter__(self) -> Iterator[Self]:
        return (self[row] for row in range(len(self)))

    def failed(self) -> Self:
        """The units that have failed."""
        return self[np.isfinite(self.upper)]

    def running(self) -> Self:
        """The units that still run: those not failed, less those taken out before their ``observed_until``.

        Where that is not known, nobody can tell the two apart, and every unit that has not failed is here.
        """
        return self[self.is_running()]

    def with_weights(self, weights: Any) -> Self:
        """The same rows with other counts, (n,)."""
        return self._with(weights=read_weights(weights, len(self)))

    def at_resolution(self, resolution: Any, rounded: Rounded = "nearest") -> Self:
        """The same units, with ages at failure as the records have them: known to half their resolution, and no better.

        A failure at age t becomes one within (t - resolution / 2, t + resolution / 2] or, rounded down, within (t, t + resolution], or the
        part of that in which the unit could be seen to fail: after entry, before right truncation and ``observed_until``. What of it lies
        before 0 a law of positive lifetimes does not look at. Failures within an interval stay as they are, and so do weights and
        causes. Running units stay, too, unless ages were rounded down: then they are taken to be half of the resolution older, and an
        ``observed_until`` before that is rounded down likewise. The likelihood of the result is a probability: it is bounded where a
        density is not, as for a mixture of which a component sits on failures recorded alike.

        Parameters
        ----------
        resolution : one number above 0 (1.0 for whole days), or (n,), 0 where an age is known exactly; in the unit of the ages.
        rounded : "nearest", or "down" where ages are completed units, as those of people are.

        Raises
        ------
        TypeError : the resolution is no number.
        ValueError : it is negative or missing, or less than 1e-5 of the age at failure, which is exact for every purpose; another word
            for ``rounded``; a right truncation not after an age rounded down. The message names the first such row, counted from 0.

        References
        ----------
        Meeker & Escobar (1998), Statistical Methods for Reliability Data, on the density approximation for "exact" failures.

        Examples
        --------
        >>> from survjax import Lifetimes
        >>> print(Lifetimes([33, 44, 0], [1, 0, 1]).at_resolution(1))
        (32.5, 33.5], 44+, (-0.5, 0.5]
        >>> print(Lifetimes([33, 44, 0], [1, 0, 1]).at_resolution(1, "down"))
        (33, 34], 44.5+, (0, 1]
        """
        return self._with(**within_resolution(self._columns(), resolution, rounded))

    def beginning_at(self, start: float) -> Self:
        """The same units for lives that begin at an age: an interval about a later one, such as rounding makes, begins there, too."""
        middle = 0.5 * (self.lower + np.where(np.isfinite(self.upper), self.upper, self.lower))
        astride = ~self.event_observed & np.isfinite(self.lower) & (self.lower < start) & (middle >= start)
        return self._with(lower=np.where(astride, start, self.lower)) if astride.any() else self

    def to_frame(self) -> pd.DataFrame:
        """A pandas frame with a row for each row and the columns that are there, of which ``from_intervals`` makes the same again.

        Examples
        --------
        >>> from survjax import Lifetimes
        >>> life = Lifetimes([33, 44], [1, 0], entry=[0, 10])
        >>> life.to_frame()
           lower  upper  entry
        0   33.0   33.0    0.0
        1   44.0    inf   10.0
        >>> Lifetimes.from_intervals(**life.to_frame())
        Lifetimes(2 units: 1 failed, 1 censored; 1 entered late)
        """
        return frame_of(self._columns())

    def collapse(self) -> Self:
        """The same lifetimes with equal rows put together as one row and their number as its weight.

        Nothing is lost for a fit: the likelihood is the same, with as many rows as there are distinct ones. It pays for ages in
        whole days or hours of a large fleet.

        Examples
        --------
        >>> from survjax import Lifetimes
        >>> Lifetimes([3, 5, 3, 5, 5], [1, 0, 1, 0, 1]).collapse()
        Lifetimes(5 units in 3 rows: 3 failed, 2 censored)
        """
        first, group = alike(self._columns() | {"weights": None})
        return self[first]._with(weights=np.bincount(group, weights=self.counts(), minlength=len(first)))

    # ---- what looks odd

    def checks(self) -> list[Finding]:
        """What deserves a look before a fit: nothing here is wrong by itself, and nothing is removed.

        Reported are ages far beyond the rest (more than 1.25 times the next age below with at most 0.1 % of the rows
        above the gap) and heavy rounding (fewer than a tenth as many distinct failure times as failures).
        """
        return findings(self.in_the_middle().durations, self.event_observed, self.n_exact)

    # ---- shown

    def __repr__(self) -> str:
        return in_one_line(self)

    def __str__(self) -> str:
        """Up to ten units as the field writes them: 33, 44+ (not failed when last seen), (10, 20] (failed in between)."""
        return in_one_line(self) if len(self) > 10 else one_by_one(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def plot(self, ax: Axes | None = None, most: int = 50, *, label: str | None = None, color: Any = None) -> Axes:
        """An event plot: a line for each row from entry to its end, a dot where it failed, a bar where that is known only within.

        Parameters
        ----------
        ax : where to draw; None: a figure of its own. most : how many rows are drawn; of more, every so many in order of their ends.
        label, color : before the words of the legend, and of the failures.
        """
        from survjax.plotting import plot_events

        return plot_events(self, ax=ax, most=most, label=label, color=color)


def _restore(cls: type[Rows], columns: Mapping[str, np.ndarray | None], index: pd.Index | None = None) -> Rows:
    """Lifetimes from columns that have been validated before; rows may be none."""
    life = cls.__new__(cls)
    life._set(index, **columns)
    return life
