"""What is made of a unit's readings up to an age: the last one, or what a window of them comes to.

``Landmarks(log, units, features=["last", "max 30"])`` names them; objects say the same, ``[features.Last(), features.Max(30)]``. A feature
of one's own is a class that says what each window comes to:

>>> from dataclasses import dataclass
>>> import numpy as np
>>> from survjax import Landmarks, features
>>> @dataclass(frozen=True)
... class Range(features.Windowed):
...     def of_windows(self, time, values, begins, counts):
...         return np.maximum.reduceat(values, begins) - np.minimum.reduceat(values, begins)
>>> log = {"unit": ["a", "a", "a"], "time": [0, 10, 20], "heat": [60.0, 75.0, 65.0]}
>>> print(Landmarks(log, features=["last", Range(15)]).X)
   heat last  heat range 15
0       60.0            0.0
1       75.0           15.0
2       65.0           10.0

What is not of a window owes ``label()``, the name of its column, and ``at(readings, moments)``, its values (m, p); ``==`` and ``hash`` must
tell two apart, as those of a frozen dataclass do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

__all__ = [
    "Deviation",
    "Feature",
    "Last",
    "Max",
    "Mean",
    "Min",
    "Moments",
    "Readings",
    "Slope",
    "Smoothed",
    "Windowed",
]

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


@runtime_checkable
class Feature(Protocol):
    """What is made of the readings of each sensor at each landmark."""

    def label(self) -> str:
        """What its columns are called, after the sensor: ``mean 30``."""

    def at(self, readings: Readings, moments: Moments) -> np.ndarray:
        """Its values (m, p), a row for each landmark and a column for each sensor."""


@dataclass(frozen=True)
class Last:
    """The reading in force: the last one at or before the landmark."""

    def label(self) -> str:
        return "last"

    def at(self, readings: Readings, moments: Moments) -> np.ndarray:
        return readings.values[moments.until - 1]


@dataclass(frozen=True)
class Windowed(ABC):
    """A feature of the readings in (age - window, age], or of the last one alone where none is that young; None: of all so far.

    A kind of its own owes ``of_windows``; its label is its name in small letters and the window.
    """

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
            answer[rows] = self.of_windows(readings.time[picked], readings.values[picked], begins, counts)
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
    def of_windows(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The feature of each window (m, p).

        Parameters
        ----------
        time (r,), values (r, p) : the readings of all windows, one window after the other. begins, counts (m,) : where each window begins
            among them, and how many readings it has, at least one: what ``np.add.reduceat(values, begins)`` takes.
        """


@dataclass(frozen=True)
class Mean(Windowed):
    """The mean of the readings in the window, each counting alike."""

    def of_windows(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, begins) / counts[:, None]


@dataclass(frozen=True)
class Max(Windowed):
    """The largest reading in the window."""

    def of_windows(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        return np.maximum.reduceat(values, begins)


@dataclass(frozen=True)
class Min(Windowed):
    """The smallest reading in the window."""

    def of_windows(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        return np.minimum.reduceat(values, begins)


@dataclass(frozen=True)
class Deviation(Windowed):
    """The standard deviation of the readings in the window (divisor: their number less one); 0 where there is but one."""

    def of_windows(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        centred = _centred(values, begins, counts)
        return np.sqrt(np.add.reduceat(centred**2, begins) / np.maximum(counts - 1, 1)[:, None])


@dataclass(frozen=True)
class Slope(Windowed):
    """The least-squares slope of the readings in the window over age, per unit of time.

    It is 0 where there is but one, which has no slope: no change has been seen yet. Where that would mislead, as of units first read when
    they were old, leave such rows out of the fit, ``rows[rows.age > 30]``.
    """

    def of_windows(self, time: np.ndarray, values: np.ndarray, begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
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


_BY_NAME = {"last": Last, "mean": Mean, "max": Max, "min": Min, "deviation": Deviation, "slope": Slope, "smoothed": Smoothed}
_ELSEWHERE = {"std": "deviation", "sd": "deviation", "maximum": "max", "minimum": "min", "average": "mean", "trend": "slope"}


def read_feature(feature: object) -> Feature:
    """A feature, or its label as text: ``"last"``, ``"mean 30"``, ``"slope"``, ``"smoothed 10"``.

    Raises
    ------
    ValueError : no such feature, or a window that is none.
    """
    if isinstance(feature, type):
        raise ValueError(
            f"features are objects, and {feature.__name__} is a class: write {feature.__name__}(), with its window if it has one."
        )
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
    meant = f" Write '{' '.join([_ELSEWHERE[words[0]], *words[1:]])}'." if words and words[0] in _ELSEWHERE else ""
    raise ValueError(
        "features must be among 'last', 'mean 30', 'max 30', 'min 30', 'slope 30', 'deviation 30', 'smoothed 10', or objects as "
        f"survjax.features has them, or shows how to write; got {feature!r}.{meant}"
    )


def features_of_each(features: object, sensors: list[str]) -> dict[str, tuple[Feature, ...]]:
    """The features asked of each sensor, each once.

    Raises
    ------
    ValueError : what ``read_feature`` refuses; a mapping that names other sensors than there are; none of a sensor.
    """
    if isinstance(features, dict):
        told = {str(name): asked for name, asked in features.items()}
        unknown = next((name for name in told if name not in sensors), None)
        if unknown is not None:
            raise ValueError(f"features asks for sensor {unknown!r}, which is not in log; there are {', '.join(map(repr, sensors))}.")
        missing = next((name for name in sensors if name not in told), None)
        if missing is not None:
            raise ValueError(f"features says nothing of sensor {missing!r}; add it, or choose the sensors with columns=.")
    else:
        told = dict.fromkeys(sensors, features)
    each = {}
    for name, asked in told.items():
        several = asked if isinstance(asked, (list, tuple)) else [asked]
        each[name] = tuple(dict.fromkeys(read_feature(one) for one in several))
        if not each[name]:
            raise ValueError(f"features of sensor {name!r} is empty; ask for at least 'last'.")
    return each


@dataclass(frozen=True)
class LostFeature:
    """A feature of a user's own in a file that was read: its label is all that is left of it."""

    name: str

    def label(self) -> str:
        return self.name

    def at(self, readings: Readings, moments: Moments) -> np.ndarray:
        raise ValueError(
            f"the model learned from a feature of its user's own, {self.name!r}, which no file can hold: make the rows with "
            "Landmarks(log, features=[...], at='last') and that feature, as when it was fitted."
        )


def feature_from_label(label: str) -> Feature:
    """The feature of a label; one of a user's own is lost."""
    try:
        found = read_feature(label)
    except ValueError:
        return LostFeature(label)
    return found if found.label() == label else LostFeature(label)


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


def __dir__() -> list[str]:
    return __all__
