"""The columns that lifetimes hold: read from what users pass, and the rules they must obey row by row."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM, read_column, read_flags, read_labels, refuse_different_indexes, refuse_rows
from survjax.errors import BadRow

COLUMNS = ("lower", "upper", "entry", "right_truncation", "weights", "cause", "observed_until")
MAY_BE_ONE_NUMBER = ("entry", "right_truncation", "observed_until")  # which then holds for every row


def plain_columns(durations: Any, event_observed: Any, **given: Any) -> dict[str, np.ndarray]:
    """The columns of failures at known ages and units still running."""
    refuse_different_indexes(durations=durations, event_observed=event_observed, **given)
    columns = {"durations": read_column(durations, "durations")}
    n = len(columns["durations"])
    if n == 0:
        raise ValueError("durations is empty: there is no unit to learn from.")
    columns["event_observed"] = np.ones(n, dtype=bool) if event_observed is None else read_flags(event_observed, "event_observed")
    columns |= _read_given(n, **given)
    _check_lengths(columns, "durations")
    if event_observed is None and "cause" in columns:
        _refuse_causes_alone(columns["cause"])
    lower = columns.pop("durations")
    upper = np.where(columns.pop("event_observed"), lower, np.inf)
    _check_entry(columns.get("entry"), lower, "durations")
    _check_weights(columns.get("weights"))
    return columns | {"lower": lower, "upper": upper}


def interval_columns(lower: Any, upper: Any, observed_until: Any = None, **given: Any) -> dict[str, np.ndarray]:
    """The columns of failures between two ages, each interval cut to the window in which its unit could be seen."""
    refuse_different_indexes(lower=lower, upper=upper, **given)
    columns = {"lower": read_column(lower, "lower", -np.inf), "upper": read_column(upper, "upper", np.inf)}
    n = len(columns["lower"])
    if n == 0:
        raise ValueError("lower is empty: there is no unit to learn from.")
    columns |= _read_given(n, **given, observed_until=observed_until)
    _check_lengths(columns, "lower")
    _check_weights(columns.get("weights"))
    return _in_window(columns)


def _refuse_causes_alone(cause: np.ndarray) -> None:
    """Refuse missing causes where nothing says which units have ended: it may have been of a cause unknown, or they still run."""
    missing = np.flatnonzero([label is None for label in cause])
    if missing.size:
        remedy = (
            "Pass event_observed (of a frame the name of a column, event=): 0 where it still runs, as cause.notna() says if all those do; "
            "1 where it has ended."
        )
        raise BadRow(
            f"cause is missing in row {missing[0]} ({missing.size:,} such rows; {ROWS_COUNT_FROM}), and nothing tells whether that unit "
            f"still runs or ended of a cause unknown. {remedy}",
            columns=("cause", "event_observed"),
            rows=missing,
            expected="a label in every row where event_observed is not given",
            remedy=remedy,
        )


def read_weights(weights: Any, n: int) -> np.ndarray:
    """Counts of ``n`` rows, (n,)."""
    column = read_column(weights, "weights")
    _check_lengths({"lower": np.zeros(n), "weights": column}, "lower")
    _check_weights(column)
    return column


def _read_given(n: int, **columns: Any) -> dict[str, np.ndarray]:
    given = {name: values for name, values in columns.items() if values is not None}
    given |= {name: np.full(n, given[name]) for name in MAY_BE_ONE_NUMBER if name in given and _is_one_number(given[name])}
    endless = {"entry": -np.inf, "right_truncation": np.inf, "observed_until": np.inf}
    read = {
        name: _blank_is_missing(read_labels(values, name)) if name == "cause" else read_column(values, name, endless.get(name))
        for name, values in given.items()
    }
    if "entry" in read and np.isneginf(read["entry"]).all():
        del read["entry"]
    return read


def _blank_is_missing(labels: np.ndarray) -> np.ndarray:
    labels[np.array([isinstance(label, str) and not label.strip() for label in labels], dtype=bool)] = None
    return labels


def _is_one_number(values: Any) -> bool:
    return getattr(values, "shape", None) == () or (isinstance(values, numbers.Real) and not isinstance(values, bool))


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
        at_birth = (entry == 0) & (durations == 0)  # dead on arrival, or still running when last seen new
        word = "duration" if name == "durations" else name
        remedy = "Remove units that were never under observation, or correct the age at which observation began."
        _refuse_pair(
            (entry >= durations) & ~at_birth, {"entry": entry, name: durations}, f"less than {word}", f"less than the {word}", remedy
        )


def _in_window(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    lower, upper = columns["lower"], columns["upper"]
    entry, end = columns.get("entry"), columns.get("right_truncation")
    ends = {"lower": lower, "upper": upper}
    _refuse_pair(lower > upper, ends, "at most upper", "at most upper", "For right censoring pass upper=inf.")
    _refuse_pair((lower == upper) & np.isinf(upper), ends, "finite where upper is lower", "finite", "Pass the age reached as lower.")
    both_open = np.isneginf(lower) & np.isposinf(upper)
    _refuse_pair(both_open, ends, "finite where upper is infinite", "finite", "Such a row says nothing; remove it.")
    if entry is not None:
        _check_entry(entry, upper, "upper")
        known = np.isfinite(lower) & (lower != 0) & (lower < entry)
        remedy = "Pass lower=0 (-inf where ages may be negative) for a unit that failed some time after entry, or correct the entry."
        _refuse_pair(known, {"lower": lower, "entry": entry}, "0 or at least entry", "0 or at least entry", remedy)
        lower = np.maximum(lower, entry)
    if end is not None:
        begin = lower if entry is None else np.maximum(entry, lower)
        exact = columns["lower"] == columns["upper"]
        beyond = np.where(exact, end < lower, end <= begin)
        remedy = "A unit can only be in such data if it failed before. Pass right_truncation=inf for units seen whatever happened."
        _refuse_pair(beyond, {"right_truncation": end, "lower": lower}, "more than lower", "more than the lower end", remedy)
        upper = np.minimum(upper, end)
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
