"""A fleet seen through a window of the calendar: from dates to ages, with what the window hides."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM, read_column, read_flags, refuse_different_indexes, refuse_rows
from survjax.errors import BadRow

if TYPE_CHECKING:
    import pandas as pd

HOURS_IN = {"hours": 1.0, "days": 24.0, "weeks": 168.0, "years": 8766.0}


def window_columns(
    installed: Any, removed: Any, failed: Any, observed_from: Any, observed_until: Any, unit: str, usage_rate: Any
) -> dict[str, np.ndarray]:
    """The columns of ``Lifetimes.from_intervals``: left-truncated at the window's opening, censored at its close or a removal."""
    if unit not in HOURS_IN:
        raise ValueError(f"unit must be one of {', '.join(HOURS_IN)}; got {unit!r}.")
    refuse_different_indexes(installed=installed, removed=removed, failed=failed)
    dates = {"installed": _read_dates(installed, "installed")}
    rows = len(dates["installed"])
    if rows == 0:
        raise ValueError("installed is empty: there is no unit to learn from.")
    dates["removed"] = _read_dates(removed, "removed")
    dates["observed_until"] = _read_dates(observed_until, "observed_until", rows)
    if observed_from is not None:
        dates["observed_from"] = _read_dates(observed_from, "observed_from", rows)
    for name, column in dates.items():
        if len(column) != rows:
            raise ValueError(f"{name} has {len(column):,} rows and installed {rows:,}; every row needs both.")
        if name != "removed":
            _refuse(column.isna(), {name: column}, "a date in every row", "Only removed may be missing: the unit still runs.")
    _refuse_mixed_zones(dates)
    failures = ~dates["removed"].isna().to_numpy() if failed is None else _read_failed(failed, dates["removed"])
    _check_order(dates, failures)
    return _ages(dates, failures, HOURS_IN[unit], 1.0 if usage_rate is None else _read_rate(usage_rate, rows))


def _read_failed(failed: Any, removed: pd.Series) -> np.ndarray:
    """Which removals were failures, (n,)."""
    flags = read_flags(failed, "failed")
    if len(flags) != len(removed):
        raise ValueError(f"failed has {len(flags):,} rows and installed {len(removed):,}; every row needs both.")
    contradiction = flags & removed.isna().to_numpy()
    remedy = "Give the date at which the failed unit was removed, or failed=0 for a unit that still runs."
    refuse_rows(contradiction, flags.astype(float), "failed", "0 where removed is missing", remedy)
    return flags


def _ages(dates: dict[str, pd.Series], failures: np.ndarray, hours: float, rate: Any) -> dict[str, np.ndarray]:
    installed, removed, close = (dates[name] for name in ("installed", "removed", "observed_until"))

    def age(at: pd.Series) -> np.ndarray:
        return (at - installed).dt.total_seconds().to_numpy() / (3600.0 * hours) * rate

    gone = (removed <= close).to_numpy()
    end = age(close)
    lower = np.where(gone, age(removed), end)
    failed = gone & failures
    columns = {"lower": lower, "upper": np.where(failed, lower, np.inf), "observed_until": end}
    if "observed_from" in dates:
        columns["entry"] = np.maximum(age(dates["observed_from"]), 0.0)
    return columns


def _check_order(dates: dict[str, pd.Series], failures: np.ndarray) -> None:
    installed, removed, close = (dates[name] for name in ("installed", "removed", "observed_until"))
    opening = dates.get("observed_from")
    if opening is not None:
        window = {"observed_from": opening, "observed_until": close}
        _refuse(opening > close, window, "before observed_until", "The two are exchanged.")
        _refuse(opening == close, window, "before observed_until", "The window is empty.")
    _refuse(
        removed < installed,
        {"removed": removed, "installed": installed},
        "no earlier than installed",
        "Are the columns, or day and month, exchanged?",
    )
    _refuse(
        installed > close,
        {"installed": installed, "observed_until": close},
        "no later than observed_until",
        "Nothing is known of a unit installed after the window closed; remove it, or move observed_until.",
    )
    if opening is None:
        return
    _refuse(
        (removed == installed) & (installed >= opening) & failures,
        {"removed": removed, "installed": installed},
        "after installed where observed_from is given",
        "A unit dead on arrival has no age at which it enters the window: give times of day, or count such units apart.",
    )
    _refuse(
        (removed <= opening) & (installed < opening),
        {"removed": removed, "observed_from": opening},
        "after observed_from",
        "Units removed before the window opened are not recorded completely, and the few that are would make lives look short; "
        "remove them, or open the window earlier if all removals since then are recorded.",
    )


def _read_rate(usage_rate: Any, rows: int) -> np.ndarray:
    rate = read_column(np.full(rows, usage_rate) if np.ndim(usage_rate) == 0 else usage_rate, "usage_rate")
    if len(rate) != rows:
        raise ValueError(f"usage_rate has {len(rate):,} rows and installed {rows:,}; every row needs both.")
    refuse_rows(rate <= 0, rate, "usage_rate", "more than 0", "A unit that is not used does not age by usage; remove it.")
    return rate


# ---- dates, from whatever the user keeps them in


def _read_dates(values: Any, name: str, rows: int | None = None) -> pd.Series:
    """A series of dates (n,), NaT where one is missing; ``rows``: one date may stand for that many.

    Raises
    ------
    TypeError : the values are numbers, or nothing that has rows.
    ValueError : text that is no ISO date, a date beyond the calendar, offsets that differ. The message names the row.
    """
    import pandas as pd

    if isinstance(values, str) or np.ndim(values) == 0:
        if rows is None:
            raise TypeError(f"{name} must be a column of dates; got {values!r:.60}. Pass a list, even for one unit.")
        values = [values] * rows
    if not hasattr(values, "iloc"):  # polars and Arrow keep the time zone in their lists, not in arrays
        values = next((getattr(values, method)() for method in ("to_pylist", "to_list") if hasattr(values, method)), values)
    series = pd.Series(values).reset_index(drop=True)
    if series.dtype.kind in "iufb" and series.notna().any():
        raise TypeError(f"{name} must be dates; got numbers ({series.dtype}). Ages go to Lifetimes(durations, event_observed).")
    try:
        return _as_dates(series)
    except (ValueError, TypeError, FutureWarning) as error:
        raise ValueError(_first_bad(series, name, error)) from None


def _as_dates(series: pd.Series) -> pd.Series:
    import pandas as pd

    if series.dtype == object and any(isinstance(value, (int, float)) and value == value for value in series):  # noqa: PLR0124
        raise ValueError("numbers among dates")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # pandas 2 warns of offsets that differ, pandas 3 refuses them
        return pd.to_datetime(series, format="ISO8601")


def _first_bad(series: pd.Series, name: str, error: Exception) -> str:
    for row in range(len(series)):
        try:
            _as_dates(series.iloc[[row]])
        except (ValueError, TypeError, FutureWarning):
            return (
                f"{name} must be dates; row {row} is {series.iloc[row]!r:.60} ({ROWS_COUNT_FROM}). "
                "Write text as 2024-12-31, or read other forms first with pandas.to_datetime(..., format=...)."
            )
    return f"{name} must be dates in one time zone: {error}. Convert them first with pandas.to_datetime(..., utc=True)."


def _refuse_mixed_zones(dates: dict[str, pd.Series]) -> None:
    if dates["removed"].isna().all():  # in no zone of its own
        dates["removed"] = dates["removed"].dt.tz_localize(None).dt.tz_localize(dates["installed"].dt.tz)
    zones = {name: str(column.dt.tz or "no time zone") for name, column in dates.items()}
    if len(set(zones.values())) > 1:
        listed = ", ".join(f"{name} in {zone}" for name, zone in zones.items())
        raise ValueError(
            f"time zones are mixed: {listed}. Bring all dates to one, for instance with .dt.tz_localize('UTC') for those without "
            "and .dt.tz_convert('UTC') for the others."
        )


def _refuse(bad: Any, dates: dict[str, pd.Series], expected: str, remedy: str) -> None:
    """Refuse rows whose dates contradict each other; the first column is at fault."""
    rows = np.flatnonzero(np.asarray(bad))
    if rows.size:
        listed = ", ".join(f"{name}={column.iloc[rows[0]]}" for name, column in dates.items())
        raise BadRow(
            f"{next(iter(dates))} must be {expected}; row {rows[0]} has {listed} ({rows.size:,} such rows; {ROWS_COUNT_FROM}). {remedy}",
            columns=tuple(dates),
            rows=rows,
            expected=expected,
            remedy=remedy,
        )
