"""The Nevada table of a warranty department: shipments by month, and what of each came back in which month."""

from __future__ import annotations

import datetime
import math
import numbers
import re
from typing import Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM, read_column, refuse_rows
from survjax.errors import BadRow

FIRST_RETURN = "pass first_return= (how many months after the first row's month the first column of returns stands)"


def nevada_columns(shipped: Any, returned: Any, midpoint: bool, lag: Any, first_return: int | None) -> dict[str, np.ndarray]:
    """The columns of ``Lifetimes.from_intervals``: a row a cell with returns, then one a shipment for the units still out."""
    if not isinstance(lag, numbers.Real) or not 0 <= float(lag) < math.inf:
        raise ValueError(f"lag must be a number of months, 0 or more; got {lag!r}.")
    if returned is None:
        if not hasattr(shipped, "iloc") or np.ndim(shipped) != 2 or np.shape(shipped)[1] < 2:
            raise TypeError("without returned, pass a data frame: shipments in its first column, returns by month in the others.")
        first = next(iter(shipped.iloc[:, 0]), None)
        if isinstance(first, str):
            raise TypeError(
                f"the first column of the table must be the shipments, and {shipped.columns[0]!r} holds text ({first!r:.60}). "
                "Make labels of months the index: pandas.read_csv(..., index_col=0), or table.set_index(table.columns[0])."
            )
        shipped, returned = shipped.iloc[:, 0], shipped.iloc[:, 1:]
    quantity = read_column(shipped, "shipped")
    refuse_rows(quantity < 0, quantity, "shipped", "0 or more", "A quantity cannot be negative.")
    ship_month, return_month = _months(shipped, returned, first_return)
    returns = _read_returns(returned, len(quantity))
    age = return_month - ship_month[:, None]
    _check_returns(returns, quantity, age)
    last = return_month[-1] - ship_month
    _refuse_rows(
        (last < 0) & (quantity > 0),
        lambda row: f"row {row} was shipped {-last[row]} months after the last month of returns",
        "Remove shipments of which nothing can have come back yet, or add the months of returns.",
    )
    shipment, month = np.nonzero(returns)
    months = age[shipment, month]
    _refuse_rows(
        np.bincount(shipment, weights=months + 1 <= lag, minlength=len(quantity)) > 0,
        lambda row: f"row {row} has returns within a lag of {lag:g} months, before the units can have been in service",
        "Pass a shorter lag, or count these as dead on arrival apart.",
    )
    begin, end = np.maximum(months - 1 - lag, 0.0), months + 1 - lag
    still_out = quantity - returns.sum(axis=1)
    rows = np.flatnonzero(still_out)
    # To count the least age they can have, last - lag, would take half a month from every unit that did not fail and from none
    # that did: of 36 months of shipments and a Weibull scale of 60 it made 57.7 (simulated, 12 tables of 72,000 units).
    reached = 0.5 * (np.maximum(last[rows] - lag, 0.0) + np.maximum(last[rows] + 1 - lag, 0.0))
    if midpoint:
        begin = end = 0.5 * (begin + end)
    return {
        "lower": np.concatenate([begin, reached]),
        "upper": np.concatenate([end, np.full(len(rows), np.inf)]),
        "weights": np.concatenate([returns[shipment, month], still_out[rows]]),
    }


def _read_returns(returned: Any, rows: int) -> np.ndarray:
    """Returns (rows, months); blanks are nan."""
    cells = [list(row) for row in (returned.to_numpy() if hasattr(returned, "iloc") else returned)]
    if len(cells) != rows:
        raise ValueError(f"returned has {len(cells):,} rows and shipped {rows:,}; every shipment needs both.")
    months = len(cells[0]) if cells else 0
    if not months:
        raise ValueError("the table is empty: there are no shipments or no months of returns.")
    for row, line in enumerate(cells):
        if len(line) != months:
            raise BadRow(
                f"returned must have the same months in every row; row {row} has {len(line)} and row 0 has {months} ({ROWS_COUNT_FROM}). "
                "Fill the months before shipment with None and those without returns with 0.",
                columns=("returned",),
                rows=[row],
                expected="the same months in every row",
                remedy="Fill the months before shipment with None and those without returns with 0.",
            )
        for month, cell in enumerate(line):
            blank = cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())  # noqa: PLR0124
            if not blank and (isinstance(cell, bool) or not isinstance(cell, numbers.Real) or math.isinf(cell)):
                raise TypeError(f"returned must be numbers; row {row}, month {month} is {cell!r:.60} (rows and months count from 0).")
            line[month] = np.nan if blank else float(cell)
    return np.array(cells)


def _check_returns(returns: np.ndarray, quantity: np.ndarray, age: np.ndarray) -> None:
    """Refuse what cannot be, and put 0 for the blanks before shipment."""

    def cell(bad: np.ndarray) -> Any:
        return lambda row: f"row {row}, month {int(np.flatnonzero(bad[row])[0])} has {returns[row][bad[row]][0]:g}"

    negative = np.less(returns, 0)
    _refuse_rows(negative.any(axis=1), cell(negative), "Returns are counts; book corrections in the month they belong to.")
    early = np.less(age, 0) & np.greater(returns, 0)
    remedy = f"Units cannot come back before they were shipped. If the months of rows and columns differ, {FIRST_RETURN}."
    _refuse_rows(early.any(axis=1), cell(early), remedy)
    blank = np.greater_equal(age, 0) & np.isnan(returns)
    _refuse_rows(
        blank.any(axis=1),
        lambda row: f"row {row}, month {int(np.flatnonzero(blank[row])[0])} is blank after shipment",
        "Write 0 for no returns; leave out the last columns where they are not known yet.",
    )
    returns[np.isnan(returns)] = 0.0
    total = returns.sum(axis=1)
    _refuse_rows(
        total > quantity,
        lambda row: f"row {row} has {total[row]:g} returned of {quantity[row]:g} shipped",
        "Count the first return of each unit only, and units in the month they were shipped.",
    )


def _refuse_rows(bad: np.ndarray, what: Any, remedy: str) -> None:
    rows = np.flatnonzero(bad)
    if rows.size:
        raise BadRow(
            f"{what(rows[0])} ({rows.size:,} such rows; {ROWS_COUNT_FROM}). {remedy}", columns=("returned",), rows=rows, remedy=remedy
        )


# ---- which month a row and a column stand for


def _months(shipped: Any, returned: Any, first_return: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The months of shipment (rows,) and of return (columns,), as whole numbers."""
    rows, columns = len(shipped), np.shape(returned)[1] if hasattr(returned, "iloc") else len(returned[0]) if len(returned) else 0
    row_labels = next((list(table.index) for table in (shipped, returned) if hasattr(table, "iloc")), None)
    column_labels = list(returned.columns) if hasattr(returned, "columns") else None
    if row_labels is not None and column_labels is not None:
        of_rows, of_columns = [_month(label) for label in row_labels], [_month(label) for label in column_labels]
        if None not in of_rows and None not in of_columns:
            if first_return is not None:
                raise ValueError("first_return would be ignored: the labels of rows and columns are months already. Leave it out.")
            return _in_order(of_rows, row_labels, "rows", gaps=True), _in_order(of_columns, column_labels, "columns", gaps=False)
        if first_return is None:
            if column_labels[0] not in row_labels:
                raise ValueError(
                    f"the first month of returns, {column_labels[0]!r}, is not among the labels of the rows: label rows and columns by "
                    f"month, for instance 2024-01, or {FIRST_RETURN}."
                )
            first_return = row_labels.index(column_labels[0])
            for row, column in zip(row_labels[first_return:], column_labels, strict=False):
                if row != column:
                    raise ValueError(f"the months of rows and columns must run in step; {row!r} meets {column!r}.")
    return np.arange(rows), np.arange(columns) + (first_return or 0)


def _month(label: Any) -> int | None:
    """The number of a calendar month, from a date, a period of one month or text such as 2024-01; None for other labels."""
    if getattr(label, "freqstr", "M") == "M" and isinstance(getattr(label, "month", None), int):
        return 12 * label.year + label.month
    if isinstance(label, str) and re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", label):
        date = datetime.date.fromisoformat(label if len(label) == 10 else f"{label}-01")
        return 12 * date.year + date.month
    return None


def _in_order(months: list[Any], labels: list[Any], what: str, gaps: bool) -> np.ndarray:
    steps = np.diff(months)
    bad = np.flatnonzero(steps < 0 if gaps else steps != 1)
    if bad.size:
        must = "run forward" if gaps else "follow each other, none left out"
        raise ValueError(f"the months of the {what} must {must}; after {labels[bad[0]]} comes {labels[bad[0] + 1]}.")
    return np.array(months)
