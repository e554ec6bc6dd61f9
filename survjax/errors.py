"""The errors that survjax raises beyond Python's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


class BadRow(ValueError):
    """Rows of the data cannot be as they are.

    Attributes
    ----------
    columns : the arguments of ``Lifetimes`` whose values clash; the first is the one at fault.
    rows : all such rows, counted from 0.
    expected : what the column must be.
    remedy : the way out, in whole sentences.
    """

    def __init__(
        self, message: str, *, columns: Sequence[str] = (), rows: Iterable[int] = (), expected: str = "", remedy: str = ""
    ) -> None:
        super().__init__(message)
        self.columns = tuple(columns)
        self.rows = tuple(int(row) for row in rows)
        self.expected = expected
        self.remedy = remedy


class NoFiniteMaximum(ValueError):
    """The likelihood of these data has no finite maximum, so no estimate exists. The message says why and what to do.

    Attributes
    ----------
    state : None where the data alone decide; else as of ``NotConverged``, where a fit was on its way without end.
    """

    def __init__(self, message: str, state: Any = None) -> None:
        super().__init__(message)
        self.state = state


class NotConverged(RuntimeError):
    """The optimiser stopped before it reached an optimum.

    Attributes
    ----------
    state : the last state: a ``survjax.fitting.estimation.Fit`` with ``values``, ``log_likelihood``, ``reason``, ``n_steps``, ``path``.
    """

    def __init__(self, message: str, state: Any = None) -> None:
        super().__init__(message)
        self.state = state


class NotFitted(AttributeError, ValueError):
    """A model with parameters still to be learned was asked for something only a fitted one knows."""


class ModelFileError(ValueError):
    """A model file cannot be read: truncated, altered, written by a newer version, or not a model file."""
