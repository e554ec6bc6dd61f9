"""What the landmarks were like that a model learns from: how many, how far apart their readings, between which values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

APART = 5.0  # times: hours are 24 times days and weeks 7 times, while those who read a sensor twice as often are no surprise


@dataclass(frozen=True)
class LearnedLandmarks:
    """Counts of the landmarks learned from, and what rows to predict for are held against.

    Attributes
    ----------
    rows, units, failed : how many rows, of how many units, of which so many failed in some row; each by its weight.
    copies : whether a unit has several rows, each of which has its one failure.
    gaps : the shortest and the longest time from a reading to the next of its unit; None where no unit has two.
    ranges : of each numeric column of X, and of the landmarks' ages, the least and the largest value.
    """

    rows: float
    units: float
    failed: float
    copies: bool
    gaps: tuple[float, float] | None
    ranges: Mapping[str, tuple[float, float]]

    def in_words(self) -> str:
        rows = f"{self.rows:,.6g} rows of " if self.copies else ""
        return f"{rows}{self.units:,.6g} units, {self.failed:,.6g} failed"

    def refuse_unlike(self, X: pd.DataFrame, age: np.ndarray, gaps: np.ndarray) -> None:
        """Refuse rows that are in another unit of time, or of a sensor, by all that can be told.

        Raises
        ------
        ValueError : every gap between readings is five times shorter, or longer, than all that were learned from; or a column lies, in
            every row, further outside the range learned from than that range is wide.
        """
        anyway = "If they are, pass unlike='allowed': predictions then go far beyond what was learned."
        if self.gaps is not None and len(gaps):
            low, high = float(gaps.min()), float(gaps.max())
            if high * APART < self.gaps[0] or low > self.gaps[1] * APART:
                raise ValueError(
                    f"readings of this log are {_between(low, high)} apart, and those learned from were {_between(*self.gaps)}: is the "
                    f"log in another unit of time? Convert it. {anyway.replace('they are', 'readings are taken so now')}"
                )
        for name, values in {**_numbers(X), "age": age}.items():
            low, high = self.ranges.get(name, (np.nan, np.nan))
            if high > low and (np.all(values < low - (high - low)) or np.all(values > high + (high - low))):
                raise ValueError(
                    f"{name!r} is {_between(float(values.min()), float(values.max()))} in all {len(values):,} rows, far outside what was "
                    f"learned from, {_between(low, high)}: is the log in another unit of time, or the sensor in another of its own? "
                    f"Convert it. {anyway.replace('they are', 'the values are right')}"
                )

    def state(self) -> dict[str, Any]:
        """What a file holds of it."""
        return {**asdict(self), "ranges": {name: list(ends) for name, ends in self.ranges.items()}}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> LearnedLandmarks:
        """What ``state`` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError : parts are missing or do not fit together.
        """
        rows, units, failed = (float(state[name]) for name in ("rows", "units", "failed"))
        if not 0 <= failed <= units <= rows < np.inf:
            raise ValueError(f"{rows:g} landmarks of {units:g} units, {failed:g} of which failed, there cannot be.")
        gaps = None if state["gaps"] is None else (float(state["gaps"][0]), float(state["gaps"][1]))
        ranges = {str(name): (float(low), float(high)) for name, (low, high) in state["ranges"].items()}
        return cls(rows, units, failed, bool(state["copies"]), gaps, ranges)


def learned_landmarks(X: pd.DataFrame, y: Any, unit: np.ndarray, age: np.ndarray, gaps: np.ndarray) -> LearnedLandmarks:
    """What rows to learn from are like: X (n, p) with y, unit and age (n,); ``gaps`` between readings."""
    import pandas as pd

    codes, labels = pd.factorize(unit)
    counts, first = y.counts(), np.unique(codes, return_index=True)[1]
    failed = np.bincount(codes, y.event_observed, minlength=len(labels)) > 0
    ranges = {name: (float(values.min()), float(values.max())) for name, values in {**_numbers(X), "age": age}.items()}
    between = (float(gaps.min()), float(gaps.max())) if len(gaps) else None
    units, failures = counts[first].sum(), counts[first] @ failed
    return LearnedLandmarks(float(counts.sum()), float(units), float(failures), len(labels) < len(unit), between, ranges)


def _numbers(X: pd.DataFrame) -> dict[str, np.ndarray]:
    return {name: X[name].to_numpy(dtype=float) for name in X.select_dtypes("number").columns}


def _between(low: float, high: float) -> str:
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
