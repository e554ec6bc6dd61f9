"""Turnbull's estimate, for lifetimes of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.data.columns import index_of, read_arguments
from survjax.data.lifetimes import Lifetimes
from survjax.errors import NoFiniteMaximum
from survjax.nonparametric.ascent import climb_hazards
from survjax.nonparametric.candidates import Candidates, candidate_intervals, never_outlived, open_after
from survjax.nonparametric.existence import masses_of_greatest_likelihood
from survjax.nonparametric.information import variance_of_tail
from survjax.nonparametric.rows import first_age, from_start, read_lifetimes, refuse_early_end, units_told
from survjax.nonparametric.survival_curve import Steps, SurvivalCurve, check_ages

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Turnbull(SurvivalCurve):
    """The nonparametric maximum likelihood estimate of survival from any mix of censoring and truncation.

    The data place mass in candidate intervals only, and say nothing of where in one it lies: ``survival`` puts it at the right end,
    ``survival_bounds`` tells both extremes. For failures at known ages and running units it is the Kaplan–Meier estimate.

    Under delayed entry the curve is conditional on survival to the first entry. If every row is truncated on the right it is
    the curve of the units that fail by the largest right truncation, F(t) / F(largest): of the others such data say nothing.
    ``given_failure_by_`` names that age.

    Attributes
    ----------
    log_likelihood_ : the sum of log P(failed where it failed) - log P(could have been seen to), by weight.
    given_failure_by_ : the largest right truncation if all rows are truncated on the right, else None.
    determined_until_ : the age to which the curve is determined. If units ran on into the last candidate interval, all that is left
        fails in it because nobody was seen to outlive it: the fall to 0 says nothing of lives, and pictures end before. inf if none did.

    References
    ----------
    Turnbull (1976), JRSS B 38. Frydman (1994), JRSS B 56: candidate intervals under truncation.
    """

    log_likelihood_: float
    given_failure_by_: float | None
    determined_until_: float
    _left: np.ndarray
    _right: np.ndarray
    _mass: np.ndarray
    _kept: Candidates

    def fit(
        self, durations: Any, event_observed: Any = None, *, entry: Any = None, weights: Any = None, start: float | None = None
    ) -> Self:
        """Estimate the curve; arguments as for ``KaplanMeier.fit``.

        Raises
        ------
        ValueError : all units that could be seen to fail at an age did, and others enter later: the message offers a start.
        NoFiniteMaximum : under right truncation the units fall into groups which nothing puts in proportion; the message tells which.
        NotConverged : the maximum was not reached.
        """
        life = from_start(read_lifetimes(durations, event_observed, entry, weights), start)
        candidates = candidate_intervals(life)
        mass = self._masses(candidates, life)
        self.given_failure_by_ = None
        if life.right_truncation is not None and candidates.truncated.all():
            self.given_failure_by_ = float(life.right_truncation[life.counts() > 0].max())
        held = mass > 0.0
        self._left, self._right, self._mass = candidates.left[held], candidates.right[held], mass[held]
        self._kept = candidates.on(held)
        self.log_likelihood_ = self._kept.log_likelihood(self._mass)
        ends_open = bool(np.isinf(self._right[-1]))
        remaining = np.append(np.cumsum(self._mass[::-1])[::-1][1:], 0.0)
        finite = slice(None, -1) if ends_open else slice(None)
        with np.errstate(divide="ignore"):
            hazard = -np.log(remaining[finite])
        self._units = units_told(life)
        self._steps = Steps(
            self._right[finite], hazard, np.full(len(hazard), np.inf), first_age(life), self._left[-1] if ends_open else np.inf
        )
        self.determined_until_ = float(self._left[-1]) if ends_open or self._ran_on(life) else np.inf
        return self

    def _ran_on(self, life: Lifetimes) -> bool:
        """Whether running units may have failed in the last of several candidate intervals, or after it."""
        last = self._left[-1]
        ran = np.isinf(life.upper) & (life.lower <= last) & (life.counts() > 0)
        return len(self._left) > 1 and bool(last < self._right[-1]) and bool(ran.any())

    def _masses(self, candidates: Candidates, life: Lifetimes) -> np.ndarray:
        cut = life.right_truncation is not None
        if cut and life.entered_late().any():
            told = never_outlived(candidates) & ~open_after(candidates)
            refuse_early_end(candidates.right[told], life, type(self).__name__)
            return masses_of_greatest_likelihood(candidates, life)
        # With age running backwards right truncation is delayed entry, and the likelihood as kind.
        told = candidates.reversed() if cut else candidates
        endless = never_outlived(told)
        if cut:
            _refuse_late_beginning(candidates.left[::-1][endless], life)
        else:
            refuse_early_end(candidates.right[endless], life, type(self).__name__)
        mass = -np.diff(np.exp(-np.concatenate([[0.0], np.cumsum(climb_hazards(told, endless))])))
        return mass[::-1] if cut else mass

    def survival_bounds(self, t: Any) -> pd.DataFrame:
        """The least and the greatest survival at age t that the estimate allows: they differ within candidate intervals.

        Raises
        ------
        ValueError : t is negative where ages count from 0.
        """
        import pandas as pd

        begin = self._fitted.begin
        (ages,), _ = read_arguments(t=t)
        check_ages(ages, begin, np.inf)
        tail = np.append(np.cumsum(self._mass[::-1])[::-1], 0.0)
        point = self._left == self._right
        begun = np.searchsorted(self._left, ages, side="left") + np.isin(ages, self._left[point])
        ended = np.searchsorted(self._right, ages, side="right")
        begun[ages <= begin] = 0
        return pd.DataFrame({"lower": tail[begun], "upper": tail[ended]}, index=index_of(t))

    def _limits(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Limits from the observed information of the candidates that hold mass (Greenwood's for a Kaplan–Meier curve).

        They need many units in each candidate, as inspections at common ages give; where every unit has ages of its own the estimate
        has no normal limit, and these are too narrow.
        """
        steps = self._fitted
        if len(steps.variance) and np.isinf(steps.variance).all():
            variance = variance_of_tail(self._kept, self._mass)[: len(steps.time)]
            alive = np.exp(-steps.hazard)
            ended = alive == 0.0
            self._steps = steps._replace(variance=np.where(ended, 0.0, variance / np.where(ended, 1.0, alive) ** 2))
        return self._fitted.limits(level)

    def _table(self, steps: Steps) -> pd.DataFrame:
        """One row for each candidate interval that holds mass: left, right, mass, survival after it."""
        import pandas as pd

        remaining = np.append(np.cumsum(self._mass[::-1])[::-1][1:], 0.0)
        return pd.DataFrame({"left": self._left, "right": self._right, "mass": self._mass, "survival": remaining})

    def _median_told(self) -> str:
        """Without limits, which may not exist and take long."""
        row = int(np.searchsorted(np.cumsum(self._mass), 0.5 * (1.0 - 1e-12)))
        left, right = self._left[row], self._right[row]
        return f"{right:.6g}" if left == right else f"between {left:.6g} and {right:.6g}"

    def _end_told(self) -> str:
        return super()._end_told() if np.isinf(self.determined_until_) else ", after which it is not determined"

    def _drawn_until(self) -> float:
        return min(self.determined_until_, self._last())

    def _marks_until(self, last: float) -> float:
        end = float(self._right[-1])
        return end if np.isfinite(end) and np.isfinite(self.determined_until_) else last

    def _mark_the_rest(self, ax: Axes, colour: Any) -> None:
        from survjax.plotting.canvas import mark_undetermined

        if np.isfinite(self._right[-1]) and np.isfinite(self.determined_until_):
            mark_undetermined(ax, self.determined_until_, float(self._right[-1]), colour)

    def _label(self) -> str:
        return "Turnbull" if self.given_failure_by_ is None else f"Turnbull, of those that fail by {self.given_failure_by_:g}"


def _refuse_late_beginning(ages: np.ndarray, life: Lifetimes) -> None:
    end = life.right_truncation
    assert end is not None
    late = ages[ages >= end[life.counts() > 0].min()]
    if len(late):
        raise NoFiniteMaximum(
            f"of the units that could be seen to fail after age {late[-1]:g} none failed before, yet others could only be seen to fail up "
            f"to {end[life.counts() > 0].min():g}: their lives cannot be put in proportion. Leave out the rows with a right truncation "
            f"of at most {late[0]:g}: life.without(life.right_truncation <= {late[0]:.17g})."
        )
