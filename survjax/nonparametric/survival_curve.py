"""What every estimate of a survival curve answers: survival, hazard, quantiles, limits, a picture."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from survjax.data.columns import index_of, read_arguments
from survjax.errors import NotFitted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Steps(NamedTuple):
    """A curve that is flat between ages and falls at them.

    time, hazard, variance : (m,) each: the cumulative hazard -log S from each age on, and its variance.
    begin : the age to whose survival the curve is conditional. end : the age beyond which it is not known.
    """

    time: np.ndarray
    hazard: np.ndarray
    variance: np.ndarray
    begin: float
    end: float

    def at(self, t: np.ndarray) -> np.ndarray:
        """Which step each age lies on: 0 before the first."""
        return np.searchsorted(self.time, t, side="right")

    def limits(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limits of the cumulative hazard, (m + 1,), from before the first step on.

        Symmetric on the scale of log hazard, which are the log-log limits of survival. Where survival is 0 there is no variance:
        the lower limit is that of the step before, since survival cannot have risen, and the upper one infinite.
        """
        check_level(level)
        reach = float(ndtri(0.5 * (1 + level)))
        ended = np.isinf(self.hazard)
        hazard, variance = self.hazard[~ended], self.variance[~ended]
        factor = np.exp(reach * np.sqrt(variance) / hazard)
        lower = np.concatenate([[0.0], hazard / factor])
        upper = np.concatenate([[0.0], hazard * factor])
        rest = int(ended.sum())
        return np.append(lower, np.full(rest, lower[-1])), np.append(upper, np.full(rest, np.inf))


class SurvivalCurve(ABC):
    """An estimate of survival without a distribution. What ``fit`` learned ends in an underscore."""

    _steps: Steps | None = None
    _units: str = ""

    def __repr__(self) -> str:
        """The units, the median, and how far the curve goes."""
        if self._steps is None:
            return f"{type(self).__name__}()"
        until = self._drawn_until()
        alive = float(self.survival(until))
        median = f"median {self._median_told()}" if alive <= 0.5 * (1.0 + 1e-12) else "median not reached"  # a product of shares is rounded
        begin = f"; given survival to {self._steps.begin:g}" if self._steps.begin not in (0.0, -np.inf) else ""
        return f"{type(self).__name__}({self._units}; {median}; {100 * alive:.4g} % still running at {until:g}{self._end_told()}{begin})"

    def _repr_html_(self) -> str:
        return repr(self) if self._steps is None else told_with_table(repr(self), self.table_)

    def _median_told(self) -> str:
        limits = self.interval("quantile", 0.5).iloc[0]
        upper = f"{limits['upper']:.6g}" if np.isfinite(limits["upper"]) else "beyond the last age"
        return f"{limits['estimate']:.6g} (95 %: {limits['lower']:.6g} to {upper})"

    def _end_told(self) -> str:
        return ", the last age"

    @property
    def _fitted(self) -> Steps:
        if self._steps is None:
            raise NotFitted(f"{type(self).__name__} has not been fitted: call fit(lifetimes) first.")
        return self._steps

    @property
    def table_(self) -> pd.DataFrame:
        """The steps, one row each, by age."""
        return self._table(self._fitted)

    @abstractmethod
    def _table(self, steps: Steps) -> pd.DataFrame:
        """The table of a fitted curve."""

    @property
    def conditional_on_(self) -> float:
        """The age to whose survival the curve is conditional: the start of observation, 0 unless every unit entered later.

        Without entries and with negative ages, lives on the whole real line, it is -inf.
        """
        return self._fitted.begin

    def survival(self, t: Any) -> Any:
        """P(T > t), given survival to ``conditional_on_``. Shape of t.

        Raises
        ------
        ValueError : t is negative where ages count from 0, or beyond the last age under observation, after which nothing is known.
        """
        return self._on_steps(t, np.exp(-np.append(0.0, self._fitted.hazard)))

    def cumulative_hazard(self, t: Any) -> Any:
        """The hazard cumulated to age t, -log of survival; infinite where survival is 0. Shape of t. Raises as ``survival``."""
        return self._on_steps(t, np.append(0.0, self._fitted.hazard))

    def quantile(self, p: Any) -> Any:
        """The first age by which a share p has failed. Shape of p.

        Raises
        ------
        ValueError : p is no probability, or so large a share has not failed by the end of observation.
        """
        found, probabilities = self._first_age(p, np.append(0.0, self._fitted.hazard))
        missed = np.isposinf(found)
        if missed.any():
            raise ValueError(
                f"a share of {float(np.ravel(probabilities)[np.ravel(missed)][0]):g} has not failed within observation: by age "
                f"{self._last():g} it is {-math.expm1(-float(np.append(0.0, self._fitted.hazard)[-1])):.6g}. Ask for a smaller share, "
                "or fit a distribution."
            )
        return found

    def median(self) -> float:
        """The first age by which half have failed. Raises as ``quantile``."""
        return self.quantile(0.5)

    def mean(self, horizon: float | None = None) -> float:
        """The mean life, or its restricted mean E min(T, horizon), given survival to ``conditional_on_``.

        Raises
        ------
        ValueError : without a horizon, some have not failed by the end of observation, so that the mean is not known; a horizon beyond it.
        """
        steps = self._fitted
        alive = np.exp(-np.append(0.0, steps.hazard))
        if horizon is None:
            if alive[-1] > 0.0:
                raise ValueError(
                    f"the mean life is not known: a share of {alive[-1]:.6g} is alive at {self._last():g}, where observation ends. "
                    f"Ask for the mean of the life up to an age: mean(horizon={self._last():g})."
                )
            horizon = float(steps.time[-1])
        self._check_ages(np.array([horizon], dtype=float))
        begin = max(steps.begin, min(float(steps.time[0]), horizon)) if len(steps.time) else horizon
        if horizon <= begin:
            return float(horizon)
        inner = steps.time[(steps.time < horizon) & (steps.time > begin)]
        edges = np.concatenate([[begin], inner, [horizon]])
        return float(begin + np.diff(edges) @ alive[steps.at(edges[:-1])])

    def interval(self, what: str, at: Any, level: float = 0.95) -> pd.DataFrame:
        """Estimate, lower and upper limit, one row for each age (or share, for quantiles).

        Parameters
        ----------
        what : "survival" or "cumulative_hazard" (``at`` is an age), or "quantile" (``at`` is a share). Pointwise limits,
            symmetric on the scale of log(-log S) as R's conf.type = "log-log"; those of a quantile are the ages at which the
            limits of survival reach it, and infinite where they do not within observation.

        Raises
        ------
        ValueError : an unknown prediction; a level outside (0, 1); and what the prediction raises.
        """
        import pandas as pd

        low, high = self._limits(level)
        estimate = {"survival": self.survival, "cumulative_hazard": self.cumulative_hazard, "quantile": self.quantile}
        if what not in estimate:
            raise ValueError(f"what must be one of {', '.join(estimate)}; got {what!r}.")
        values = np.atleast_1d(estimate[what](at)).ravel()
        if what == "quantile":
            lower, upper = (self._first_age(at, hazard)[0] for hazard in (high, low))
        elif what == "survival":
            lower, upper = (self._on_steps(at, np.exp(-hazard)) for hazard in (high, low))
        else:
            lower, upper = (self._on_steps(at, hazard) for hazard in (low, high))
        return pd.DataFrame({"estimate": values, "lower": np.ravel(lower), "upper": np.ravel(upper)}, index=index_of(at))

    def plot(self, ax: Axes | None = None, level: float = 0.95, *, label: str | None = None, color: Any = None) -> Axes:
        """The curve with its confidence limits against age, on ``ax`` or on axes of its own.

        Curves on the same axes are told apart by ``label`` in the legend and ``color``; None: the next that is free.
        """
        from survjax.plotting.canvas import OWN, axes, colour_of, data_colour, finish, show

        steps = self._fitted
        low, high = self._limits(level)
        last = self._drawn_until()
        inner = steps.time[steps.time <= last]
        begin = picture_begin(steps.begin, inner, last)
        time = np.concatenate([[begin], inner, [last] if last > np.append(begin, inner)[-1] else []])
        which = steps.at(time)
        which[0] = 0
        least = np.exp(-high)[which]
        ax = axes(ax)
        colour, said = colour_of(ax, color), f"{100 * level:g} % confidence"
        ax.fill_between(time, least, np.exp(-low)[which], step="post", color=colour, alpha=0.2, linewidth=0, label=said)
        ax.step(time, np.exp(-np.append(0.0, steps.hazard))[which], where="post", color=colour, gid=OWN, label=label or self._label())
        fall = 1.0 - float(least.min()) or 1.0
        show(ax, (begin, self._marks_until(float(time[-1]))), (max(0.0, 1.0 - 1.1 * fall), 1.0 + 0.02 * fall))
        self._mark_the_rest(ax, data_colour(colour, label, color))
        given = f", given survival to {steps.begin:g}" if steps.begin not in (0.0, -np.inf) else ""
        return finish(ax, "Survival", "age", f"share still running{given}")

    def _drawn_until(self) -> float:
        """The age at which the curve ends in a picture."""
        return self._last()

    def _marks_until(self, last: float) -> float:
        """The age at which the picture ends, of a curve that ends at ``last``."""
        return last

    def _mark_the_rest(self, ax: Axes, colour: Any) -> None:  # noqa: B027
        """Show what lies beyond the curve's end, if anything is to be said of it."""

    def _limits(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        return self._fitted.limits(level)

    def _label(self) -> str:
        return type(self).__name__

    def _last(self) -> float:
        steps = self._fitted
        return steps.end if np.isfinite(steps.end) else float(steps.time[-1])

    def _on_steps(self, t: Any, values: np.ndarray) -> Any:
        (ages,), shape = read_arguments(t=t)
        self._check_ages(ages)
        return shaped(values[self._fitted.at(ages)], shape)

    def _check_ages(self, ages: np.ndarray) -> None:
        check_ages(ages, self._fitted.begin, self._fitted.end)

    def _first_age(self, p: Any, hazard: np.ndarray) -> tuple[Any, np.ndarray]:
        (shares,), shape = read_arguments(p=p)
        refused = (shares < 0) | (shares > 1)
        if refused.any():
            raise ValueError(f"p must be a probability between 0 and 1; it is {shares[refused][0]:g}.")
        steps = self._fitted
        with np.errstate(divide="ignore"):
            wanted = -np.log1p(-shares)
        # A product of m factors is known to m roundings: 1/2 reached after ten steps may come out a little above it.
        slack = 4.0 * len(hazard) * np.finfo(float).eps
        found = np.searchsorted(np.maximum.accumulate(hazard), wanted * (1.0 - slack) - slack, side="left")
        found = np.where(np.isinf(wanted), np.searchsorted(hazard, np.inf, side="left"), found)
        ages = np.concatenate([[steps.begin], steps.time, [np.inf]])[found]
        return shaped(ages, shape), shares


def told_with_table(told: str, table: pd.DataFrame) -> str:
    """HTML of what an estimate says of itself, above the first and last rows of its table."""
    return f"<p>{escape(told)}</p>{table.to_html(max_rows=10, float_format=lambda value: f'{value:.4g}')}"


def shaped(values: np.ndarray, shape: tuple[int, ...]) -> Any:
    """The flat values in the shape asked for; a float where it is that of a number."""
    return float(values[0]) if shape == () else values.reshape(shape)


def check_level(level: float) -> None:
    """Raise unless the level of confidence lies between 0 and 1."""
    if not (isinstance(level, (int, float, np.number)) and 0 < level < 1):
        raise ValueError(f"level is the confidence of the interval, between 0 and 1, for instance 0.95; got {level!r}.")


def picture_begin(begin: float, time: np.ndarray, last: float) -> float:
    """Where a picture of steps at these ages (m,) begins: a little before the first where lives have no first age."""
    if begin > -np.inf:
        return begin
    first = float(np.append(time, last)[0])
    return first - 0.05 * ((last - first) or abs(first))


def check_ages(ages: np.ndarray, begin: float, end: float) -> None:
    """Raise unless all ages lie before the end of what is known and, where ages count from 0, none is negative.

    begin : the age to whose survival the estimate is conditional; negative for lives on the whole real line.
    """
    if begin >= 0.0 and np.any(ages < 0):
        raise ValueError(f"t must be 0 or more; it is {ages[ages < 0][0]:g} at position {int(np.flatnonzero(ages < 0)[0])}.")
    beyond = np.flatnonzero(ages > end)
    if beyond.size:
        raise ValueError(
            f"t={ages[beyond[0]]:g} at position {int(beyond[0])} is beyond {end:g}, the last age under observation, after which the data "
            "say nothing. Ask for earlier ages, or fit a distribution."
        )
