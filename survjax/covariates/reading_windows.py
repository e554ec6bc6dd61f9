"""Windows of readings, and beside them what is known of each unit: X of a recurrent or convolutional network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.table import names_in_brief, read_table
from survjax.data.columns import ROWS_COUNT_FROM

if TYPE_CHECKING:
    import pandas as pd


class ReadingWindows:
    """The last readings of each row, and what is known of it besides: nameplate data, load, its age.

    >>> windows = ReadingWindows(np.zeros((2, 3, 1)), {"load": [0.5, 1.0]})
    >>> windows
    ReadingWindows(2 rows, 3 readings of 1 channel; beside them 1 covariate: load)
    >>> windows[[1]].known["load"].tolist()
    [1.0]

    Parameters
    ----------
    readings : (n, window, channels), the latest last, as ``Landmarks.windows`` makes them.
    known : (n, m) data frame, array or mapping of columns.

    Attributes
    ----------
    readings : (n, window, channels) floats. known : (n, m) frame. shape : that of ``readings``. index : of the frame, which answers have.

    Raises
    ------
    TypeError, ValueError : readings that are no array of three dimensions with finite numbers; no table; other numbers of rows.
    """

    ndim = 3

    def __init__(self, readings: Any, known: Any) -> None:
        import pandas as pd

        self.readings = read_windows(readings)
        table = read_table(known)
        if table.n != len(self.readings):
            raise ValueError(f"there are {len(self.readings):,} windows and {table.n:,} rows beside them; every row needs both.")
        self.known: pd.DataFrame = table.frame if table.frame is not None else pd.DataFrame(dict(table.columns))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.readings.shape

    @property
    def index(self) -> pd.Index:
        return self.known.index

    def __len__(self) -> int:
        return len(self.readings)

    def __getitem__(self, rows: Any) -> ReadingWindows:
        """The rows of a mask, of numbers or of a slice."""
        picked = np.arange(len(self))[rows if isinstance(rows, slice) else np.atleast_1d(np.asarray(rows))]
        return ReadingWindows(self.readings[picked], self.known.iloc[picked])

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError('X has windows of readings and covariates beside them, which only network="recurrent" and "convolutional" take.')

    def __repr__(self) -> str:
        n, window, channels = self.shape
        many = "s" * (channels != 1)
        return f"ReadingWindows({n:,} rows, {window} readings of {channels} channel{many}; beside them {names_in_brief(self.known)})"


def read_windows(X: Any) -> np.ndarray:
    """An array of windows (n, window, channels).

    Raises
    ------
    ValueError : another number of dimensions; a number that is not finite.
    """
    readings = np.asarray(X, dtype=float)
    if readings.ndim != 3:
        raise ValueError(f"X must be an array of windows (n, window, channels); it has shape {readings.shape}.")
    bad = np.argwhere(~np.isfinite(readings))
    if len(bad):
        row, place, channel = bad[0]
        raise ValueError(
            f"X has {readings[row, place, channel]:g} in row {row}, reading {place}, channel {channel} ({len(bad):,} such numbers; "
            f"{ROWS_COUNT_FROM}). Fill missing readings, for instance with the last one seen, before making windows."
        )
    return readings
