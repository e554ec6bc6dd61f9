"""The mean cumulative function of recurrent events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from scipy.special import ndtri

from survjax.data.columns import index_of, read_arguments, read_labels
from survjax.data.recurrences import Recurrences
from survjax.errors import NotFitted
from survjax.nonparametric.survival_curve import check_ages, check_level, shaped, told_with_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class MeanSteps(NamedTuple):
    """Ages of events, the units at risk and the events at each, the mean from each on and its error, all (m,); where it ends; how many."""

    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    end: float
    n_units: int


class MeanCumulativeFunction:
    r"""How many events (repairs, replacements) a unit has had by an age, on average.

    .. math:: M(t) = \sum_{t_i \le t} d_i / n_i

    with d events at age t and n units under observation then. Units may enter late. The variance is the robust one, which needs no
    independence of the events of a unit.

    References
    ----------
    Nelson (1988), Journal of Quality Technology 20. Lawless & Nadeau (1995), Technometrics 37.
    """

    _steps: MeanSteps | None = None

    def __repr__(self) -> str:
        """The units, their events, and the mean number by the last age."""
        if self._steps is None:
            return "MeanCumulativeFunction()"
        steps = self._steps
        last = self.interval("mean", steps.end).iloc[0]
        return (
            f"MeanCumulativeFunction({steps.n_units:,} units: {int(steps.events.sum()):,} events; by {steps.end:g}, the last age, "
            f"{last['estimate']:.4g} a unit (95 %: {last['lower']:.4g} to {last['upper']:.4g}))"
        )

    def _repr_html_(self) -> str:
        return repr(self) if self._steps is None else told_with_table(repr(self), self.table_)

    def fit(self, unit: Any, age: Any = None, end: Any = None, *, entry: Any = None) -> Self:
        """Estimate the function.

        Parameters
        ----------
        unit : a ``Recurrences``, which holds all the rest; or (n,) the unit of each event, any labels.
        age : (n,) its age at the event. Several events of a unit at one age all count.
        end : end of observation of every unit, also of those without an event: a mapping or pandas Series from unit to age.
        entry : the same for the age at which observation began; None: 0.

        Raises
        ------
        TypeError : end or entry is no mapping; a Recurrences beside columns of its own.
        ValueError : a unit without an end, an event outside the observation of its unit, an end not after entry, missing values. The
            message names the first such row or unit.
        """
        if isinstance(unit, Recurrences):
            for name, column in (("age", age), ("end", end), ("entry", entry)):
                if column is not None:
                    raise TypeError(f"a Recurrences carries its own {name}; leave {name} out.")
            self._learn(unit.row, unit.age, unit.entry, unit.end)
            return self
        labels = read_labels(unit, "unit")
        (ages,), _ = read_arguments(age=age)
        if len(ages) != len(labels):
            raise ValueError(f"unit has {len(labels):,} rows and age {len(ages):,}; every event needs both.")
        ends = _by_unit(end, "end")
        entries = dict.fromkeys(ends, 0.0) if entry is None else _by_unit(entry, "entry")
        if not ends:
            raise ValueError("end is empty: there is no unit to learn from.")
        for name, last in ends.items():
            if name not in entries:
                raise ValueError(f"unit {name!r} has an end and no entry; pass 0 for units that were seen from the start.")
            if not entries[name] < last:
                raise ValueError(f"end must be more than entry; unit {name!r} has entry={entries[name]:g}, end={last:g}.")
        place = {name: index for index, name in enumerate(ends)}
        for row, name in enumerate(labels):
            if name not in place:
                raise ValueError(f"row {row} is an event of unit {name!r}, of which no end of observation is given (rows count from 0).")
            if not entries[name] < ages[row] <= ends[name]:
                raise ValueError(
                    f"row {row} is an event of unit {name!r} at {ages[row]:g}, outside ({entries[name]:g}, {ends[name]:g}] "
                    "(rows count from 0). Correct the end of observation, or remove the event."
                )
        began = np.array([entries[name] for name in ends])
        member = np.array([place[name] for name in labels], dtype=np.intp)
        self._learn(member, ages, began, np.array(list(ends.values())))
        return self

    def _learn(self, member: np.ndarray, ages: np.ndarray, began: np.ndarray, until: np.ndarray) -> None:
        time, step = np.unique(ages, return_inverse=True)
        events = np.bincount(step, minlength=len(time)).astype(float)
        seen = np.searchsorted(np.sort(began), time, side="left") - np.searchsorted(np.sort(until), time, side="left")
        mean_step = events / seen
        variance = np.zeros(len(time))
        order = np.argsort(member, kind="stable")
        first = np.searchsorted(member[order], np.arange(len(until) + 1))
        for index in range(len(until)):
            under = (time > began[index]) & (time <= until[index])
            own = np.bincount(step[order[first[index] : first[index + 1]]], minlength=len(time))
            variance += np.cumsum(np.where(under, (own - mean_step) / seen, 0.0)) ** 2
        self._steps = MeanSteps(time, seen, events, np.cumsum(mean_step), np.sqrt(variance), float(until.max()), len(until))

    def mean(self, t: Any) -> Any:
        """The mean number of events by age t. Shape of t.

        Raises
        ------
        ValueError : t is negative or beyond the end of observation of the last unit.
        """
        return self._at(t, np.append(0.0, self._fitted.mean))

    def interval(self, what: str, t: Any, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and limits of the "mean" number of events, one row for each age.

        Limits are symmetric on the scale of the logarithm; before the first event there is no error, and all are 0.
        """
        import pandas as pd

        if what != "mean":
            raise ValueError(f"what must be mean; got {what!r}.")
        check_level(level)
        steps = self._fitted
        mean, error = np.append(0.0, steps.mean), np.append(0.0, steps.error)
        factor = np.exp(float(ndtri(0.5 * (1 + level))) * np.append(0.0, error[1:] / mean[1:]))
        columns = {"estimate": mean, "standard_error": error, "lower": mean / factor, "upper": mean * factor}
        return pd.DataFrame({name: np.ravel(self._at(t, column)) for name, column in columns.items()}, index=index_of(t))

    @property
    def table_(self) -> pd.DataFrame:
        """at_risk, events, mean and its standard error, by age."""
        import pandas as pd

        steps = self._fitted
        columns = {"at_risk": steps.at_risk, "events": steps.events, "mean": steps.mean, "standard_error": steps.error}
        return pd.DataFrame(columns, index=pd.Index(steps.time, name="age"))

    def plot(self, ax: Axes | None = None, level: float = 0.95, *, label: str | None = None, color: Any = None) -> Axes:
        """The function with its confidence limits against age, on ``ax`` or on axes of its own.

        Functions on the same axes are told apart by ``label`` in the legend and ``color``; None: the next that is free.
        """
        from survjax.plotting.canvas import OWN, axes, colour_of, finish, show

        time = np.unique(np.concatenate([[0.0], self._fitted.time, [self._fitted.end]]))
        band = self.interval("mean", time, level)
        ax = axes(ax)
        colour, said = colour_of(ax, color), f"{100 * level:g} % confidence"
        ax.fill_between(time, band["lower"], band["upper"], step="post", color=colour, alpha=0.2, linewidth=0, label=said)
        ax.step(time, band["estimate"], where="post", color=colour, gid=OWN, label=label or "mean cumulative function")
        show(ax, (0.0, self._fitted.end), (0.0, 1.05 * float(band["upper"].max()) or 1.0))
        return finish(ax, "Events so far", "age", "mean number of events a unit")

    @property
    def _fitted(self) -> MeanSteps:
        if self._steps is None:
            raise NotFitted("MeanCumulativeFunction has not been fitted: call fit(unit, age, end) first.")
        return self._steps

    def _at(self, t: Any, values: np.ndarray) -> Any:
        (ages,), shape = read_arguments(t=t)
        steps = self._fitted
        check_ages(ages, 0.0, steps.end)
        return shaped(values[np.searchsorted(steps.time, ages, side="right")], shape)


def _by_unit(values: Any, name: str) -> dict[Any, float]:
    if not (isinstance(values, Mapping) or hasattr(values, "items")):
        raise TypeError(
            f"{name} must say for every unit an age: a mapping or pandas Series from unit to age, so that units without an event are in; "
            f"got {type(values).__name__}."
        )
    read = {}
    for unit, age in values.items():
        if unit in read:
            raise ValueError(f"{name} has unit {unit!r} twice; observation of a unit is one span of age.")
        if age != age or abs(float(age)) == float("inf"):  # noqa: PLR0124
            raise ValueError(f"{name} must be finite; unit {unit!r} has {age!r}.")
        read[unit] = float(age)
    return read
