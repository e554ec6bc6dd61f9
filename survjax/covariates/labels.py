"""Labels of rows, such as the unit or the site of each: beside X, or in a column of X."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from survjax.covariates.table import read_table


def take_labels(X: Any, formulas: Iterable[str | None], **labels: Any) -> tuple[Any, list[Any]]:
    """X without the columns that hold labels, and the labels (n,) themselves, in the order of the keywords; None where none were given.

    Parameters
    ----------
    labels : each (n,) labels, or the name of a column of X. A column so named is no covariate, unless a formula names it.

    Raises
    ------
    TypeError : a name, where columns have none: X is an array, or there is no X.
    ValueError : X has no such column.
    """
    names = {what: given for what, given in labels.items() if isinstance(given, str)}
    if not names:
        return X, list(labels.values())
    if X is None or read_table(X).array is not None:
        what, name = next(iter(names.items()))
        why = "there is no X" if X is None else "X is an array, whose columns have no names"
        raise TypeError(
            f"{what} must be a label for each row; got the text {name!r}, and {why}. Of a frame pass the column, {what}=frame[{name!r}]."
        )
    columns = dict(zip(names, read_table(X).pick(tuple(names.values())), strict=True))
    said = [formula for formula in formulas if formula is not None]
    without = tuple(name for name in names.values() if not any(_names(formula, name) for formula in said))
    return columns_without(X, without), [columns.get(what, given) for what, given in labels.items()]


def columns_without(X: Any, names: tuple[str, ...]) -> Any:
    """X less some of its columns; X itself where there are none to leave out."""
    if not names:
        return X
    if hasattr(X, "iloc"):
        return X.loc[:, [str(column) not in names for column in X.columns]]
    return {name: column for name, column in read_table(X).columns.items() if name not in names}


def _names(formula: str, column: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(column)}(?![\w.])", formula) is not None
