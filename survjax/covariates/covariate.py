"""One column of X: numbers, or labels of which each is a level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM
from survjax.errors import BadRow

Level = str | int | float | bool
INTERCEPT = "Intercept"
MOST_LEVELS = 1000
FEW_ROWS = 20  # of so few, labels may well be all different
_MISSING = "Drop such rows, fill them in, or say with a column of its own where it is missing."
_DATES = "Turn it into a number first, for instance days since installation: (X['date'] - X['installed']).dt.total_seconds() / 86_400."


class Covariate(NamedTuple):
    """What a column of X was when it was learned: its name, and its levels where it holds labels."""

    name: str
    levels: tuple[Level, ...] | None = None

    @classmethod
    def learn(cls, name: str, values: Any) -> Covariate:
        """Numbers and booleans are numbers; text and categories have levels, sorted or in the order of their categories.

        Raises
        ------
        TypeError : dates, complex numbers, text that is numbers, or things of several types.
        ValueError : a missing value; one level only, more than 1,000, or fewer than two rows a level as serial numbers have.
        """
        series = _present(name, values)
        if not _holds_labels(name, series):
            return cls(name)
        if hasattr(series, "cat"):
            used = np.bincount(series.cat.codes, minlength=len(series.cat.categories)) > 0
            levels = tuple(series.cat.categories[used].tolist())
        else:
            levels = tuple(sorted(series.unique()))
            refuse_numbers_as_text(name, levels)
        for level in levels:
            if not isinstance(level, Level):
                raise TypeError(
                    f"column {name!r} of X has categories of type {type(level).__name__} ({level!r:.60}). Turn them into text: "
                    f"X[{name!r}].astype(str)."
                )
        if len(levels) == 1:
            raise ValueError(
                f"column {name!r} of X is {levels[0]!r} in every row: it carries no information beside the intercept; drop it."
            )
        if len(levels) > MOST_LEVELS or (len(series) > FEW_ROWS and 2 * len(levels) > len(series)):
            raise ValueError(
                f"column {name!r} of X has {len(levels):,} levels in {len(series):,} rows; at most {MOST_LEVELS:,} are taken, and one for "
                f"every two rows. Is it a serial number? Drop it, X.drop(columns=[{name!r}]), leave it out of the formula, or group levels."
            )
        return cls(name, levels)

    def state(self) -> list[Any]:
        """What JSON can hold, from which ``from_state`` brings it back."""
        return [self.name, None if self.levels is None else list(self.levels)]

    @classmethod
    def from_state(cls, state: Sequence[Any]) -> Covariate:
        name, levels = state
        return cls(name, None if levels is None else tuple(levels))

    def numbers(self, values: Any) -> np.ndarray:
        """The column as float64, (n,).

        Raises
        ------
        TypeError : the column is labels, and was numbers when it was learned; or what ``learn`` refuses.
        ValueError : a value is missing or infinite; the message names column and row.
        """
        series = _present(self.name, values)
        if _holds_labels(self.name, series):
            raise TypeError(
                f"column {self.name!r} of X was numbers when it was learned and now holds labels such as {series.iloc[0]!r}. Convert it, "
                "for instance with pandas.to_numeric."
            )
        column = series.to_numpy(dtype=np.float64)
        refuse_infinite(self.name, column)
        return column

    def codes(self, values: Any) -> np.ndarray:
        """Which of ``levels`` each row has, (n,) integers.

        Raises
        ------
        TypeError : what ``learn`` refuses.
        ValueError : a value is missing or none of the levels; the message names column, row, the label and the known levels.
        """
        import pandas as pd

        levels: Any = pd.Index(np.array([*(self.levels or ()), None], dtype=object)[:-1])
        series = _present(self.name, values)
        if hasattr(series, "cat"):
            codes = levels.get_indexer(series.cat.categories.astype(object))[series.cat.codes]
        else:
            places, labels = pd.factorize(series)
            codes = levels.get_indexer(pd.Index(labels, dtype=object))[places]
        refuse_unseen(self.name, codes < 0, series, self.levels or ())
        return codes


def refuse_unseen(name: str, unseen: np.ndarray, labels: Any, levels: tuple[Level, ...]) -> None:
    """Raise for the rows whose label is none of the levels."""
    if unseen.any():
        rows = np.flatnonzero(unseen)
        label = (labels.iloc if hasattr(labels, "iloc") else labels)[rows[0]]
        label = label.item() if isinstance(label, np.generic) else label
        known = ", ".join(repr(level) for level in levels[:10]) + (f", ... ({len(levels):,} in all)" if len(levels) > 10 else "")
        expected, remedy = f"one of {known}", "Correct the label, or learn again from rows that have it."
        message = f"{name} is {label!r} in row {rows[0]}, a level not seen when learned ({_count(rows)}). Known are {known}. {remedy}"
        raise BadRow(message, columns=(name,), rows=rows, expected=expected, remedy=remedy)


def refuse_infinite(name: str, column: np.ndarray, of: str = "X") -> None:
    """Raise for the rows of a column that are infinite, or nan; ``of`` is what the error calls its table."""
    bad = ~np.isfinite(column)
    if bad.any():
        rows = np.flatnonzero(bad)
        what, remedy = (
            ("is missing (nan)", _MISSING) if np.isnan(column[rows[0]]) else (f"is {column[rows[0]]}", "Correct or drop such rows.")
        )
        message = f"column {name!r} of {of} {what} in row {rows[0]} ({_count(rows)}). {remedy}"
        raise BadRow(message, columns=(name,), rows=rows, expected="finite", remedy=remedy)


def _count(rows: np.ndarray) -> str:
    return f"{'the only such row' if len(rows) == 1 else f'the first of {len(rows):,} such rows'}; {ROWS_COUNT_FROM}"


def _present(name: str, values: Any) -> Any:
    """The column as a pandas Series without missing values."""
    import pandas as pd

    try:
        series = values if isinstance(values, pd.Series) else pd.Series(values)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"column {name!r} of X cannot be read as one column: {error}.") from None
    missing = series.isna().to_numpy()
    if missing.any():
        rows = np.flatnonzero(missing)
        message = f"column {name!r} of X is missing ({series.iloc[rows[0]]}) in row {rows[0]} ({_count(rows)}). {_MISSING}"
        raise BadRow(message, columns=(name,), rows=rows, expected="there", remedy=_MISSING)
    return series


def _holds_labels(name: str, series: Any) -> bool:
    """Whether a column holds labels; if not, numbers.

    Raises
    ------
    TypeError : neither.
    """
    import pandas as pd

    if isinstance(series.dtype, (pd.CategoricalDtype, pd.StringDtype)):
        return True
    if series.dtype.kind in "iufb":  # pandas' nullable types have a kind too
        return False
    if series.dtype.kind in "mM" or isinstance(series.dtype, pd.PeriodDtype):
        raise TypeError(f"column {name!r} of X holds dates or durations ({series.dtype}). {_DATES}")
    if series.dtype.kind == "c":
        raise TypeError(f"column {name!r} of X is complex; give its real and imaginary parts columns of their own.")
    if len(series) == 0:
        return False
    kind = pd.api.types.infer_dtype(series, skipna=False)
    if kind in ("boolean", "integer", "floating", "mixed-integer-float"):
        return False
    if kind == "string":
        return True
    if kind in ("datetime", "datetime64", "date", "timedelta", "timedelta64", "time", "period"):
        raise TypeError(f"column {name!r} of X holds dates or durations ({kind}). {_DATES}")
    types = series.map(type)
    other = np.flatnonzero((types != types.iloc[0]).to_numpy())
    also = f" and {series.iloc[other[0]]!r:.60} (row {other[0]})" if other.size else ""
    raise TypeError(
        f"column {name!r} of X must be numbers or labels; it has {series.iloc[0]!r:.60} (row 0){also}. Make it one type: pandas.to_numeric "
        "for numbers, astype(str) for labels."
    )


def refuse_numbers_as_text(name: str, levels: tuple[str, ...], of: str = "X") -> None:
    """A column of numbers that was read as text would have hundreds of levels, and a fit of minutes that ends nowhere."""
    others = [level for level in levels if not _is_number(level)]
    if others and (len(levels) <= FEW_ROWS or 2 * len(others) > len(levels)):
        return
    shown = next(level for level in levels if level not in others)
    but = f", but for {others[0]!r}" if others else ""
    coerce = ", errors='coerce'" if others else ""
    remedy = "Read the file with pandas.read_csv(..., decimal=',')" if "," in shown else f"Convert it with pandas.to_numeric(...{coerce})"
    raise TypeError(
        f"column {name!r} of {of} holds numbers as text ({shown!r}){but}. {remedy}, or, if they are labels, with astype('category')."
    )


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
