"""The errors that survjax raises beyond Python's own."""

from __future__ import annotations

from typing import Any


class NoFiniteMaximum(ValueError):
    """The likelihood of these data has no finite maximum, so no estimate exists. The message says why and what to do."""


class NotConverged(RuntimeError):
    """The optimiser stopped before it reached an optimum.

    Attributes
    ----------
    state : the last state: a ``survjax.estimation.Fit`` with ``values``, ``log_likelihood``, ``reason``, ``n_steps``, ``path``.
    """

    def __init__(self, message: str, state: Any = None) -> None:
        super().__init__(message)
        self.state = state


class NotFitted(AttributeError, ValueError):
    """A model with parameters still to be learned was asked for something only a fitted one knows."""


class ModelFileError(ValueError):
    """A model file cannot be read: truncated, altered, written by a newer version, or not a model file."""
