"""In which order the rows of a user's pandas objects stand: they are taken by position, and so have to agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from survjax.data.columns import index_of, refuse_different_indexes
from survjax.engine.columns import columns_by_path, is_series


def refuse_other_order(data: Any, **beside: Any) -> None:
    """Refuse columns of the data, and what is given beside them, whose pandas indexes differ.

    Raises
    ------
    ValueError
    """
    columns = columns_by_path(data)
    refuse_different_indexes(**columns)
    first = next((column for column in columns.values() if index_of(column) is not None), None)
    refuse_different_indexes(data=first, **beside)


def refuse_other_order_of_arguments(arguments: tuple[Any, ...]) -> None:
    """The same of rows to predict for; arguments of different lengths are not rows beside each other.

    Raises
    ------
    ValueError
    """
    by_length: dict[int, dict[str, Any]] = {}
    for place, argument in enumerate(arguments):
        for name, column in _indexed(argument).items():
            named = f"argument {place}" if column is argument else name
            by_length.setdefault(len(column), {}).setdefault(named, column)
    for columns in by_length.values():
        refuse_different_indexes(**columns)


def index_of_rows(arguments: tuple[Any, ...]) -> Any:
    """The pandas index of the rows to predict for; None where they have none."""
    return index_of(*(column for argument in arguments for column in _indexed(argument).values()))


def _indexed(argument: Any) -> dict[str, Any]:
    """A frame, a series of rows, or the series of a mapping; a row of a frame, a series by names of columns, is none."""
    if isinstance(argument, Mapping):
        return {str(name): values for name, values in argument.items() if index_of(values) is not None}
    if index_of(argument) is None or (is_series(argument) and all(isinstance(name, str) for name in argument.index)):
        return {}
    return {"": argument}
