"""What is made of a unit's readings up to an age: the last, and their mean, slope, deviation and smoothed value over a window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_AT_ONCE = 2**18  # readings in the windows of one chunk: 30 sensors are then 63 MB


class Readings(NamedTuple):
    """Readings of numeric sensors, by unit, then time.

    Attributes
    ----------
    of, time : (n,) number of the unit, and its age. values : (n, p).
    """

    of: np.ndarray
    time: np.ndarray
    values: np.ndarray


class Moments(NamedTuple):
    """Landmarks: ``until`` (m,) counts the readings of all units up to and with the unit's last reading by then; ``age`` (m,)."""

    until: np.ndarray
    age: np.ndarray


@dataclass(frozen=True)
class Last:
    """The reading in force: the last one at or before the landmark."""

    def label(self) -> str:
        return "last"

    def at(self, readings: Readings, moments: Moments) -> np.ndarray:
        return readings.values[moments.until - 1]


@dataclass(frozen=True)
class _Windowed(ABC):
    """A feature of the readings in (age - window, age], or of the last one alone where none is that young; None: of all so far."""

    window: float | None = None

    def __post_init__(self) -> None:
        if self.window is not None and not (np.ndim(self.window) == 0 and 0 < float(self.window) < np.inf):
            raise ValueError(f"window must be an age of more than 0, or None for the whole history; got {self.window!r}.")

    def label(self) -> str:
        return type(self).__name__.lower() + ("" if self.window is None else f" {self.window:g}")

    def at(self, readings: Readings, moments: Moments) -> np.ndarray:
        answer = np.empty((len(moments.age), readings.values.shape[1]))
        for rows, picked, begins in self._windows(readings, moments):
            counts = np.diff(np.append(begins, len(picked)))
            answer[rows] = self._of(readings.time[picked], readings.values[picked], begins, counts)
        return answer

    def _windows(self, readings: Readings, moments: Moments) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """By chunks: which landmarks, the readings in their windows one after the other, and where each window begins among these."""
        first = np.searchsorted(readings.of, readings.of[moments.until - 1])
        if self.window is not None:
            first = np.maximum(first, _count_up_to(readings, moments, moments.age - self.window))
        first = np.minimum(first, moments.until - 1)
        counts = moments.until - first
        ends = np.cumsum(counts)
        start = 0
        while start < len(counts):
            done = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + _AT_ONCE, side="right")))
            begins = ends[start:stop] - counts[start:stop] - done
            picked = np.arange(ends[stop - 1] - done) + np.repeat(first[start:stop] - begins, counts[start:stop])
            yield slice(start, stop), picked, begins
            start = stop

    @abstractmethod
    def _of(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The feature of each window (m, p) of the readings (r, p) in windows one after the other, which begin at ``begins`` (m,)."""


@dataclass(frozen=True)
class Mean(_Windowed):
    """The mean of the readings in the window, each counting alike."""

    def _of(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, begins) / counts[:, None]


@dataclass(frozen=True)
class Deviation(_Windowed):
    """The standard deviation of the readings in the window (divisor: their number less one); 0 where there is but one."""

    def _of(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        centred = _centred(values, begins, counts)
        return np.sqrt(np.add.reduceat(centred**2, begins) / np.maximum(counts - 1, 1)[:, None])


@dataclass(frozen=True)
class Slope(_Windowed):
    """The least-squares slope of the readings in the window over age, per unit of time; 0 where there is but one."""

    def _of(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        along = _centred(time[:, None], begins, counts)
        spread = np.add.reduceat(along**2, begins)
        rise = np.add.reduceat(along * _centred(values, begins, counts), begins)
        return rise / np.where(counts[:, None] > 1, spread, 1.0)


@dataclass(frozen=True)
class Smoothed:
    """The exponentially weighted mean of all readings so far: one that is ``half_life`` older than another counts half as much."""

    half_life: float

    def __post_init__(self) -> None:
        if not (np.ndim(self.half_life) == 0 and 0 < float(self.half_life) < np.inf):
            raise ValueError(f"half_life must be an age of more than 0; got {self.half_life!r}.")

    def label(self) -> str:
        return f"smoothed {self.half_life:g}"

    def at(self, readings: Readings, moments: Moments) -> np.ndarray:
        n = len(readings.time)
        sums, weights = readings.values.copy(), np.ones((n, 1))
        # each pass doubles how many readings a sum reaches back over, so that a log of n needs log n passes of whole columns
        step, longest = 1, int(np.bincount(readings.of).max(initial=1))
        while step < longest:
            same = readings.of[step:] == readings.of[:-step]
            faded = np.where(same, 0.5 ** ((readings.time[step:] - readings.time[:-step]) / self.half_life * same), 0.0)[:, None]
            sums[step:], weights[step:] = sums[step:] + faded * sums[:-step], weights[step:] + faded * weights[:-step]
            step *= 2
        return (sums / weights)[moments.until - 1]


Feature = Last | Mean | Deviation | Slope | Smoothed
_BY_NAME = {"last": Last, "mean": Mean, "deviation": Deviation, "slope": Slope, "smoothed": Smoothed}


def read_feature(feature: object) -> Feature:
    """A feature, or its label as text: ``"last"``, ``"mean 30"``, ``"slope"``, ``"smoothed 10"``.

    Raises
    ------
    ValueError : no such feature, or a window that is none.
    """
    if isinstance(feature, Feature):
        return feature
    words = feature.split() if isinstance(feature, str) else []
    if words and words[0] in _BY_NAME and len(words) <= 2:
        try:
            return _BY_NAME[words[0]](*map(float, words[1:]))
        except TypeError:
            owed = "a half-life, for instance 'smoothed 10'" if words[0] == "smoothed" else "no window"
            raise ValueError(f"feature {feature!r} needs {owed}.") from None
        except ValueError:
            raise ValueError(f"feature {feature!r} must end in an age of more than 0, for instance '{words[0]} 30'.") from None
    raise ValueError(
        f"features must be among 'last', 'mean 30', 'slope 30', 'deviation 30', 'smoothed 10', or the objects of survjax.features; "
        f"got {feature!r}."
    )


def count_up_to(readings_of: np.ndarray, readings_time: np.ndarray, of: np.ndarray, age: np.ndarray) -> np.ndarray:
    """How many of the ordered readings come before or are the last one of unit ``of`` at or before ``age``: (m,)."""
    n, m = len(readings_of), len(of)
    codes, times = np.concatenate([readings_of, of]), np.concatenate([readings_time, age])
    order = np.lexsort((np.repeat([0, 1], [n, m]), times, codes))
    counts = np.empty(n + m, dtype=np.int64)
    counts[order] = np.cumsum(order < n)
    return counts[n:]


def _count_up_to(readings: Readings, moments: Moments, age: np.ndarray) -> np.ndarray:
    return count_up_to(readings.of, readings.time, readings.of[moments.until - 1], age)


def _centred(values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return values - np.repeat(np.add.reduceat(values, begins) / counts[:, None], counts, axis=0)
