"""Rows of lifetimes by group, in blocks of whole groups: what the likelihood of a shared frailty adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from survjax.data.columns import refuse_rows
from survjax.data.lifetimes import Lifetimes
from survjax.errors import BadRow

ROWS_OF_BLOCK = 4_096  # of groups that are smaller
FEWEST_ROWS, FEWEST_GROUPS = 64, 16  # to which few are padded, so that another number of them does not compile again


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each row is of.

    Attributes
    ----------
    labels : what the k groups are called. codes (n,) : the group of each row.
    continues (n,) : whether a row goes on where another of the same unit ended, so that its start is no late entry.
    alone : whether no group has more than one unit.
    """

    labels: tuple[Any, ...]
    codes: np.ndarray
    continues: np.ndarray
    alone: bool

    @property
    def n(self) -> int:
        return len(self.labels)


def read_groups(group: Any, unit: Any, life: Lifetimes) -> Groups:
    """Groups from labels (n,) of groups and of units; without labels of groups each unit is one, without those of units each row.

    Raises
    ------
    TypeError : the name of a column in place of labels.
    ValueError : a label is missing, or there are not as many as rows; one group only; a unit in two groups.
    BadRow : rows of one unit that do not follow on each other.
    """
    n = len(life)
    units = np.arange(n) if unit is None else _codes(unit, "unit", n)[0]
    if group is None:
        codes, labels = (units, tuple(range(n))) if unit is None else _codes(unit, "unit", n)
    else:
        codes, labels = _codes(group, "group", n)
    if len(labels) < 2:
        raise ValueError("all rows are of one group: how groups differ is told by several of them. Leave group out, or the frailty.")
    first_row = np.unique(units, return_index=True)[1]
    home = codes[first_row][units] if unit is not None else codes
    moved = np.flatnonzero(home != codes)
    if moved.size:
        row = int(moved[0])
        raise ValueError(f"row {row} is of group {labels[codes[row]]!r}, an earlier row of its unit of {labels[home[row]]!r}.")
    continues = np.zeros(n, dtype=bool) if unit is None else _continuing(units, life)
    return Groups(labels, codes, continues, alone=len(labels) == len(first_row))


def _codes(labels: Any, name: str, n: int) -> tuple[np.ndarray, tuple[Any, ...]]:
    import pandas as pd

    if isinstance(labels, str):
        raise TypeError(
            f"{name} must be a label for each row; got the text {labels!r}. Of a frame pass the column, {name}=frame[{labels!r}]."
        )
    given = pd.Series(np.asarray(labels.to_numpy() if hasattr(labels, "to_numpy") else labels).reshape(-1))
    if len(given) != n:
        raise ValueError(f"{name} has {len(given)} labels and y {n} rows; each row needs one.")
    missing = np.flatnonzero(given.isna())
    if missing.size:
        raise ValueError(f"{name} is missing in row {missing[0]} (rows count from 0): give every row a label, or leave the row out.")
    codes, found = pd.factorize(given)
    return codes, tuple(one.item() if isinstance(one, np.generic) else one for one in found)


def _continuing(units: np.ndarray, life: Lifetimes) -> np.ndarray:
    """Which rows go on where the one before of the same unit ended."""
    entry = np.zeros(len(life)) if life.entry is None else life.entry
    order = np.lexsort((entry, units))
    follows = np.append(False, units[order][1:] == units[order][:-1])
    ended = np.append(0.0, life.lower[order][:-1])
    broken = order[follows & (entry[order] != ended)]
    if broken.size:
        row = int(broken.min())
        raise BadRow(
            f"row {row} begins at {entry[row]:g}, where no row of its unit ended ({broken.size:,} such rows; rows count from 0). Rows of "
            "a unit follow on each other, without gaps: entry is the age at which the one before ended.",
            columns=("entry",),
            rows=broken,
        )
    continues = np.zeros(len(life), dtype=bool)
    continues[order] = follows
    return continues


def refuse_what_no_frailty_takes(life: Lifetimes) -> None:
    """Refuse rows that leave no closed form in the failures and the cumulative hazards of a group.

    Raises
    ------
    BadRow : failures known only within an interval; right truncation.
    """
    remedy = "For unit frailty, one a row, UnitFrailty(base) takes every kind of row; for groups give the exact ages."
    between = ~life.event_observed & np.isfinite(life.upper)
    refuse_rows(between, life.upper, "upper", "equal to lower or infinite under a shared frailty", remedy)
    if life.right_truncation is not None:
        cut = np.isfinite(life.right_truncation)
        refuse_rows(cut, life.right_truncation, "right_truncation", "infinite under a shared frailty", remedy)
    fraction = life.event_observed & (life.counts() != np.floor(life.counts()))
    refuse_rows(
        fraction, life.counts(), "weights", "whole for a failure under a shared frailty", "Its failures are counted, group by group."
    )


class Block(NamedTuple):
    """Whole groups and their rows, padded with rows of no weight and groups of no failures.

    columns : of rows (b,): age and logarithm, ``group`` within the block, ``weight``, ``failed`` (weight of a failure, else 0), an age
        at which a hazard is to be had; where some rows begin late also ``entry``, with ``at_entry`` the weight with which its cumulative
        hazard counts as survived before the group was seen, and ``before`` that with which it is taken off what the group has seen.
    failures (g,) : of each group. which (g,) : its number; those beyond are padding.
    """

    columns: dict[str, np.ndarray]
    failures: np.ndarray
    which: np.ndarray


def blocks_of(groups: Groups, life: Lifetimes, covariates: np.ndarray, unit_of_time: float) -> list[Block]:
    """The rows with any weight, times in multiples of ``unit_of_time``, cut into blocks of one shape."""
    told = np.flatnonzero((life.counts() > 0) & (life.lower > 0))
    rows = told[np.argsort(groups.codes[told], kind="stable")]
    columns = _columns(groups, life[rows], groups.continues[rows], unit_of_time)
    columns["covariates"] = covariates[rows]
    codes = groups.codes[rows]
    failures = np.bincount(codes, columns["failed"], minlength=groups.n)
    edges = np.searchsorted(codes, np.arange(groups.n + 1))
    spans = _spans(edges)
    n_rows = _padded(max(edges[last] - edges[first] for first, last in spans), FEWEST_ROWS)
    n_groups = _padded(max(last - first for first, last in spans), FEWEST_GROUPS)
    found = []
    for first, last in spans:
        here = slice(edges[first], edges[last])
        own = {name: _fill(column[here], n_rows, column[0] * (name not in WEIGHTS)) for name, column in columns.items()}
        own["group"] = _fill(codes[here] - first, n_rows, 0)
        found.append(Block(own, _fill(failures[first:last], n_groups, 0.0), np.arange(first, last)))
    return found


WEIGHTS = ("weight", "failed", "at_entry", "before")


def _columns(groups: Groups, life: Lifetimes, continues: np.ndarray, unit: float) -> dict[str, np.ndarray]:
    weight, age = np.array(life.counts(), dtype=float), life.lower / unit
    failed = weight * life.event_observed
    at_failure = np.where(failed > 0, age, age[np.argmax(failed > 0)])  # a hazard is had where there is one
    columns = {"age": age, "log_age": np.log(age), "weight": weight, "failed": failed}
    columns |= {"failed_at": at_failure}
    if life.entry is not None and np.any(life.entry > 0):
        late = life.entry > 0
        entry = np.where(late, life.entry / unit, age)
        columns |= {"entry": entry, "log_entry": np.log(entry)}
        columns |= {"at_entry": weight * (late & ~continues), "before": weight * (late & continues)}
    return columns


def _spans(edges: np.ndarray) -> list[tuple[int, int]]:
    """First and last + 1 of the groups of each block."""
    spans, first, n = [], 0, len(edges) - 1
    while first < n:
        last = max(int(np.searchsorted(edges, edges[first] + ROWS_OF_BLOCK, side="right")) - 1, first + 1)
        spans.append((first, last))
        first = last
    return spans


def _padded(size: int, fewest: int) -> int:
    return max(fewest, 1 << max(int(size) - 1, 0).bit_length())


def _fill(column: np.ndarray, size: int, value: Any) -> np.ndarray:
    filled = np.empty((size, *column.shape[1:]), column.dtype)
    filled[: len(column)] = column
    filled[len(column) :] = value
    return filled


def pick(labels: Sequence[Any], wanted: Any, n: int) -> np.ndarray:
    """The number (n,) of the group of each of n units, -1 for one of a new group (label None).

    Raises
    ------
    ValueError : a label that no group has; not one label, nor n.
    """
    given = [wanted] * n if wanted is None or isinstance(wanted, str) or np.ndim(wanted) == 0 else list(wanted)
    if len(given) != n:
        raise ValueError(f"group must be one label, or one for each of the {n} units; it has {len(given)}.")
    numbers = {label: number for number, label in enumerate(labels)}
    keys = [one.item() if isinstance(one, np.generic) else one for one in given]
    unknown = next((row for row, key in enumerate(keys) if key is not None and key not in numbers), None)
    if unknown is not None:
        raise ValueError(f"no group of the fit is called {keys[unknown]!r} (position {unknown}); pass None for a unit of a new group.")
    return np.array([-1 if key is None else numbers[key] for key in keys], dtype=int)
