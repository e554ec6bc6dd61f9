"""Lifetimes as other programs write them: lists of failures and suspensions, surpyval's xcnt, scikit-survival's structured arrays.

Each function gives the columns of ``Lifetimes.from_intervals``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.data.columns import read_column, refuse_rows

EXACT, RIGHT, LEFT, BETWEEN = 0, 1, -1, 2


def failures_and_suspensions(failures: Any, suspensions: Any = None) -> dict[str, np.ndarray]:
    """Failures first, then the units still running."""
    failed = read_column(failures, "failures")
    running = read_column([] if suspensions is None else suspensions, "suspensions")
    lower = np.concatenate([failed, running])
    if len(lower) == 0:
        raise ValueError("failures and suspensions are both empty: there is no unit to learn from.")
    return {"lower": lower, "upper": np.concatenate([failed, np.full(len(running), np.inf)])}


def xcnt(x: Any, c: Any, n: Any, tl: Any, tr: Any) -> dict[str, np.ndarray]:
    """From values, censoring codes, counts and the limits of truncation."""
    begin, end = _ends(x)
    rows = len(begin)
    point = begin == end
    if c is None:
        codes = np.where(point, EXACT, np.where(np.isposinf(end), RIGHT, np.where(np.isneginf(begin), LEFT, BETWEEN)))
    else:
        codes = _read(c, "c", rows)
        meaning = "They are a failure, right-, left- and interval-censored."
        refuse_rows(~np.isin(codes, (EXACT, RIGHT, LEFT, BETWEEN)), codes, "c", "0, 1, -1 or 2", meaning)
        remedy = "Give the two ends as a row of x where c is 2, and one value (or twice the same) elsewhere."
        refuse_rows((codes == BETWEEN) & point, codes, "c", "0, 1 or -1 where x is one value", remedy)
        open_end = ((codes == RIGHT) & np.isposinf(end)) | ((codes == LEFT) & np.isneginf(begin))
        refuse_rows(~point & (codes != BETWEEN) & ~open_end, codes, "c", "2 where x is an interval", remedy)
    columns = {"lower": np.where(codes == LEFT, -np.inf, begin), "upper": np.where(codes == RIGHT, np.inf, end)}
    if n is not None:
        columns["weights"] = _read(n, "n", rows)
        refuse_rows(columns["weights"] < 0, columns["weights"], "n", "0 or more", "It counts the units of a row.")
    if tr is not None:
        columns["right_truncation"] = _read(tr, "tr", rows, np.inf)
    if tl is not None:
        columns["entry"] = _read(tl, "tl", rows, -np.inf)
    return columns


def structured(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Durations and whether each is a failure, from an array with one boolean field and one of numbers."""
    dtype: Any = getattr(y, "dtype", None)
    fields = getattr(dtype, "names", None) or ()
    flags = [name for name in fields if dtype[name].kind == "b"]
    times = [name for name in fields if dtype[name].kind in "iuf"]
    if len(fields) != 2 or len(flags) != 1 or len(times) != 1:
        got = f"fields {', '.join(f'{name} ({dtype[name]})' for name in fields)}" if fields else type(y).__name__
        raise TypeError(
            f"y must be a structured array with a boolean field (the event) and one of numbers (the time); got {got}. "
            "For two columns use Lifetimes(durations, event_observed)."
        )
    return y[times[0]], y[flags[0]]


def _ends(x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends (n,) of values (n,), of pairs (n, 2) or of a list of both."""
    mixed = isinstance(x, (list, tuple)) and any(np.ndim(value) == 1 for value in x)
    if mixed:
        wrong = [row for row, value in enumerate(x) if np.ndim(value) > 1 or (np.ndim(value) == 1 and len(value) != 2)]
        if wrong:
            raise ValueError(f"x must be values or pairs of lower and upper; row {wrong[0]} is {x[wrong[0]]!r:.60} (rows count from 0).")
        x = [value if np.ndim(value) else (value, value) for value in x]
    shape = np.shape(x)
    if len(shape) == 2 and shape[1] == 2:
        pairs = np.asarray(x)
        begin, end = read_column(pairs[:, 0], "x", -np.inf), read_column(pairs[:, 1], "x", np.inf)
    else:
        begin = end = read_column(x, "x")
    if len(begin) == 0:
        raise ValueError("x is empty: there is no unit to learn from.")
    return begin, end


def _read(values: Any, name: str, rows: int, infinite: float | None = None) -> np.ndarray:
    """A column, or one number for all rows."""
    column = read_column(np.full(rows, values) if np.ndim(values) == 0 else values, name, infinite)
    if len(column) != rows:
        raise ValueError(f"{name} has {len(column):,} rows and x {rows:,}; every row needs both.")
    return column
