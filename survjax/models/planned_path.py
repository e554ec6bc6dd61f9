"""What awaits a unit whose covariates change as planned."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.histories import check_histories
from survjax.data.frames import columns_of_frame
from survjax.models.precision import in_double_precision
from survjax.models.predictions import PREDICTIONS
from survjax.models.unit_laws import UNITS, predict_units, unit_arguments
from survjax.regression.estimation import RegressionFit

if TYPE_CHECKING:
    from survjax.models.regression import Regression

KINDS = ("external", "internal")


class PlannedPath:
    r"""Predictions for units along paths of external covariates, as ``Regression.along`` gives them.

    In the row (start, stop] that is in force, a unit has the hazard of the law at that row's covariates, at its own age:

    .. math:: S(t) = \exp\Big\{-\sum_j \int_{s_j}^{\min(t, e_j)} h(u \mid x_j)\,du\Big\}

    Everything is given that the unit works at the start of its path: of a path that begins at age 0, given nothing.

    Attributes
    ----------
    units : (k,) labels, in the order of their first rows: that of all answers and of ages given one a unit.
    begins, ends : (k,) the ages between which each path is known; infinite where the last row is held.

    References
    ----------
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, section 6.3.
    """

    def __init__(
        self,
        model: Regression,
        path: Any,
        *,
        unit: Hashable | None,
        start: Hashable,
        stop: Hashable,
        covariates: str | None,
        hold_last: bool,
    ) -> None:
        _refuse_internal(covariates)
        given = columns_of_frame(path, start=start, stop=stop, **({} if unit is None else {"unit": unit}))
        of = given["unit"] if "unit" in given else np.zeros(len(given["start"]), dtype=int)
        checked = check_histories(of, given["start"], given["stop"], np.zeros(len(of), dtype=bool))
        codes, order = checked.codes[checked.order], checked.order
        if not len(codes):
            raise ValueError("path is empty: there is no row to follow.")
        self._fit: RegressionFit = model._fitted
        self._covariates = model._covariates(path)[order]
        self._start, self._stop = (np.array(given[name], dtype=float)[order] for name in ("start", "stop"))
        self._codes, self._first = codes, np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
        last = np.append(self._first[1:], len(codes)) - 1
        # ages that differ by rounding only are the same, and a moment is in one row
        self._start[1:][codes[1:] == codes[:-1]] = self._stop[:-1][codes[1:] == codes[:-1]]
        if hold_last:
            self._stop[last] = np.inf
        self.units, self.begins, self.ends = checked.labels, self._start[self._first], self._stop[last]

    def __repr__(self) -> str:
        return f"PlannedPath({len(self._codes):,} rows of {len(self.units):,} units)"

    @in_double_precision
    def predict_survival(self, times: Any) -> np.ndarray:
        """P(T > t) along the path: (k,) for one age, (k, m) for m ages or for (k, m), each unit's own.

        Raises
        ------
        ValueError : an age before a path begins or after it ends, without ``hold_last``; what ``Regression.predict_survival`` refuses.
        """
        (ages,), shape = unit_arguments(len(self.units), t=times)
        begin = np.broadcast_to(self.begins[:, None], ages.shape)
        self._refuse_before(ages)
        return np.exp(-self._hazard_ahead(begin, self._within(ages))).reshape(shape)

    @in_double_precision
    def predict_failure_probability(self, age: Any, horizon: Any) -> np.ndarray:
        """P(age < T <= age + horizon | T > age) along the path: (k,), or (k, m) for m horizons.

        Parameters
        ----------
        age : one number, or (k,) one a unit. horizon : how far ahead to look, finite.

        Raises
        ------
        ValueError : the path does not reach from age to age + horizon.
        """
        (ages, ahead), shape = unit_arguments(len(self.units), age=age, horizon=horizon)
        self._refuse_before(ages)
        return -np.expm1(-self._hazard_ahead(ages, self._within(ages + ahead))).reshape(shape)

    @in_double_precision
    def predict_rul(self, age: Any, horizon: Any = None) -> np.ndarray:
        """The expected remaining life E min(T - age, horizon) of units alive at ``age``, along the path: (k,), or (k, m).

        Parameters
        ----------
        age : one number, or (k,) one a unit.
        horizon : how far ahead to count. None, with ``hold_last`` only: without end.

        Raises
        ------
        ValueError : the path does not reach from age to age + horizon.
        """
        if horizon is None and np.isfinite(self.ends).any():
            raise ValueError("the mean remaining life needs a path without end: give a horizon within the path, or hold_last=True.")
        (ages, ahead), shape = unit_arguments(len(self.units), age=age, horizon=np.inf if horizon is None else horizon)
        self._refuse_before(ages)
        ends = np.full_like(ages, np.inf) if horizon is None else self._within(ages + ahead)
        begin, length = self._spans(ages, ends)
        finite = np.where(np.isfinite(length), length, 0.0)
        collected = self._of_rows("hazard_ahead", begin, finite)
        alive = np.exp(-self._collected_before(collected))
        return np.add.reduceat(alive * self._of_rows("rul_restricted", begin, length), self._first, axis=0).reshape(shape)

    def _collected_before(self, collected: np.ndarray) -> np.ndarray:
        """The sum (r, m) over the rows of the same unit before each row; a difference of running totals would lose it to one large row."""
        before = np.zeros_like(collected)
        rows, lengths = self._first, np.diff(np.append(self._first, len(collected)))
        for place in range(1, int(lengths.max())):
            rows, lengths = rows[lengths > place] + 1, lengths[lengths > place]
            before[rows] = before[rows - 1] + collected[rows - 1]
        return before

    @property
    def _codes_from_0(self) -> np.ndarray:
        """Which of the units in order each row is of."""
        return np.repeat(np.arange(len(self._first)), np.diff(np.append(self._first, len(self._codes))))

    def _hazard_ahead(self, ages: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The cumulative hazard (k, m) from ages to ends, row by row: a short horizon loses no digits to a long life before."""
        return np.add.reduceat(self._of_rows("hazard_ahead", *self._spans(ages, ends)), self._first, axis=0)

    def _spans(self, ages: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The part (r, m) of each row that lies between ages and ends (k, m): where it begins, and its length, 0 where there is none."""
        of = self._codes_from_0
        begin = np.maximum(self._start[:, None], ages[of])
        return begin, np.maximum(np.minimum(self._stop[:, None], ends[of]) - begin, 0.0)

    def _of_rows(self, name: str, begin: np.ndarray, length: np.ndarray) -> np.ndarray:
        """A rule of (law, begin, length) for each cell (r, m) in which time passes, 0 in the others."""
        found = np.zeros(begin.shape)
        rows, places = np.nonzero(length > 0.0)
        for first in range(0, len(rows), UNITS):
            these = rows[first : first + UNITS], places[first : first + UNITS]
            cells = [begin[these][:, None], length[these][:, None]]
            found[these] = predict_units(self._fit, _RULES[name], self._covariates[these[0]], cells)[:, 0]
        return found

    def _refuse_before(self, ages: np.ndarray) -> None:
        early = np.argwhere(ages < self.begins[:, None])
        if early.size:
            unit, place = early[0]
            raise ValueError(
                f"the path of unit {self.units[unit]!r} begins at {self.begins[unit]:g}, and {ages[unit, place]:g} was asked: what came "
                "before is not in the path. Add its rows, or ask later ages."
            )

    def _within(self, ends: np.ndarray) -> np.ndarray:
        """The ages (k, m), those beyond the end of the path by rounding moved to it.

        Raises
        ------
        ValueError : an age beyond the end of a path, or none at all.
        """
        last = self.ends[:, None]
        beyond = np.argwhere((ends > last * (1.0 + 8.0 * np.finfo(float).eps)) | np.isinf(ends))
        if beyond.size:
            unit, place = beyond[0]
            if np.isinf(ends[unit, place]):
                raise ValueError("ages and horizons along a path are finite.")
            raise ValueError(
                f"the path of unit {self.units[unit]!r} ends at {self.ends[unit]:g}, and {ends[unit, place]:g} was asked. Add rows, or "
                "pass hold_last=True to along(): the last row is then in force without end."
            )
        return np.minimum(ends, last)


def _hazard_between(distribution: Any, begin: Any, length: Any) -> Any:
    return distribution.cumulative_hazard_between(begin, length)


_RULES: dict[str, Callable] = {"hazard_ahead": _hazard_between, "rul_restricted": PREDICTIONS["rul_restricted"].value}


def _refuse_internal(covariates: str | None) -> None:
    if covariates not in KINDS:
        raise ValueError(
            'covariates must be "external" or "internal". External ones (load, weather, a plan of use) take their course whether or not '
            f"the unit runs; internal ones (its own vibration or temperature) are there only while it does. Got {covariates!r}."
        )
    if covariates == "internal":
        raise ValueError(
            "internal covariates have no survival function along a path: a reading that exists only while the unit runs says that it "
            "runs (Kalbfleisch & Prentice 2002, section 6.3.2). Landmark models predict from such readings; a later release has them. "
            "From this model, predict_failure_probability(X, age, horizon) with the reading of now says what holds as long as it stays."
        )
