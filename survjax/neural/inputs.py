"""How X becomes the inputs of a network: the columns of a design, or windows of readings; of mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.covariates.reading_windows import ReadingWindows, read_windows


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of readings (n, window, channels): each channel standardised by its mean and deviation over all of them."""

    window: int
    center: np.ndarray
    spread: np.ndarray

    @classmethod
    def learn(cls, X: Any) -> Windows:
        readings = read_windows(X)
        center, spread = readings.mean(axis=(0, 1)), readings.std(axis=(0, 1))
        constant = np.flatnonzero(spread <= 4 * np.finfo(float).eps * np.abs(center))
        if constant.size:
            raise ValueError(f"channel {constant[0]} is {center[constant[0]]:g} in every reading: it carries no information; drop it.")
        return cls(readings.shape[1], center, spread)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is known of one unit."""
        return self.window, len(self.center)

    def inside(self, X: Any) -> np.ndarray:
        """The inputs (n, window, channels) of the network."""
        if isinstance(X, ReadingWindows):
            raise ValueError("X has covariates beside its windows, and the network learned from windows alone: pass X.readings.")
        readings = read_windows(X)
        if readings.shape[1:] != self.shape:
            raise ValueError(f"X has windows of {readings.shape[1:]} (readings, channels); learned were {self.shape}.")
        return (readings - self.center) / self.spread

    def state(self) -> dict[str, Any]:
        return {"window": self.window, "center": self.center.tolist(), "spread": self.spread.tolist()}


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a design, standardised."""

    design: Design

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is known of one unit."""
        return (len(self.design.names),)

    def inside(self, X: Any) -> np.ndarray:
        """The inputs (n, columns) of the network."""
        return self.design.standardised(self.design.matrix(X))

    def state(self) -> dict[str, Any]:
        return {"design": self.design.state()}


@dataclass(frozen=True, eq=False)
class WindowsBeside:
    """Windows, and beside them the columns of a design: of each row one after the other."""

    windows: Windows
    table: Table

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is known of one unit: readings, channels, columns."""
        return *self.windows.shape, *self.table.shape

    def inside(self, X: Any) -> np.ndarray:
        """The inputs (n, window * channels + columns) of the network."""
        if not isinstance(X, ReadingWindows):
            names = ", ".join(self.table.design.names)
            raise TypeError(f"the network learned from windows and, beside them, {names}: pass sj.ReadingWindows(readings, known).")
        readings = self.windows.inside(X.readings)
        return np.concatenate([readings.reshape(len(readings), -1), self.table.inside(X.known)], axis=1)

    def state(self) -> dict[str, Any]:
        return self.windows.state() | self.table.state()


Inputs = Table | Windows | WindowsBeside


def learn_inputs(X: Any, formula: str | None, of_windows: bool, weights: np.ndarray) -> Inputs:
    """How this X is read from now on.

    Raises
    ------
    TypeError, ValueError : what ``Design.learn`` refuses; windows that are no array (n, window, channels) of finite numbers; a channel
        that never changes; a formula for windows with no columns beside them.
    """
    if of_windows and isinstance(X, ReadingWindows):
        return WindowsBeside(Windows.learn(X.readings), Table(Design.learn(X.known, formula, weights=weights)))
    if of_windows:
        if formula is not None:
            raise ValueError("a formula is of columns, and this network reads windows (n, window, channels): leave the formula out.")
        if np.ndim(X) == 2:
            raise ValueError(
                "X must be an array of windows (n, window, channels), and is a table. Of Landmarks: fit(rows.windows(20), rows.y, "
                "unit=rows.unit), or rows.windows(20, beside=[columns of rows.X])."
            )
        return Windows.learn(X)
    if np.ndim(X) == 3:
        raise ValueError('X has windows (n, window, channels): give network="recurrent" or "convolutional", or a table of features.')
    return Table(Design.learn(X, formula, weights=weights))


def inputs_from_state(state: Mapping[str, Any]) -> Inputs:
    """The reader that ``state`` wrote.

    Raises
    ------
    ValueError : it does not fit together.
    """
    table = Table(Design.from_state(state["design"])) if "design" in state else None
    if table is not None and "window" not in state:
        return table
    center, spread = np.array(state["center"], dtype=float), np.array(state["spread"], dtype=float)
    if center.ndim != 1 or center.shape != spread.shape or not np.all(spread > 0):
        raise ValueError("the windows of this file do not fit together.")
    windows = Windows(int(state["window"]), center, spread)
    return windows if table is None else WindowsBeside(windows, table)
