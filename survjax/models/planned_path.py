"""What awaits a unit whose covariates change as planned."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.histories import check_histories
from survjax.data.frames import columns_of_frame
from survjax.models.arguments import check_level, check_side
from survjax.models.intervals import limits_of_link
from survjax.models.precision import in_double_precision
from survjax.models.predictions import PREDICTIONS
from survjax.models.regression_intervals import index_of_units
from survjax.models.unit_laws import UNITS, coordinates_of_units, in_coefficients, predict_units, slope_of_unit, unit_arguments
from survjax.numerics.blocks import map_rows
from survjax.regression.estimation import RegressionFit

if TYPE_CHECKING:
    import pandas as pd

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
        given = columns_of_frame(path, start=start, stop=stop)
        self._of_one = unit is None
        of = np.zeros(len(given["start"]), dtype=int) if unit is None else _units_of(path, unit)
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
        self._refuse_endless(horizon)
        (ages, ahead), shape = unit_arguments(len(self.units), age=age, horizon=np.inf if horizon is None else horizon)
        self._refuse_before(ages)
        ends = np.full_like(ages, np.inf) if horizon is None else self._within(ages + ahead)
        begin, length = self._spans(ages, ends)
        finite = np.where(np.isfinite(length), length, 0.0)
        collected = self._of_rows("hazard_ahead", begin, finite)
        alive = np.exp(-self._collected_before(collected))
        return np.add.reduceat(alive * self._of_rows("rul_restricted", begin, length), self._first, axis=0).reshape(shape)

    @in_double_precision
    def interval(self, what: str, *at: Any, level: float = 0.95, side: str = "two", **keywords: Any) -> pd.DataFrame:
        """Estimate and Wald limits of a prediction along the path, for each unit, parameters uncertain.

        Parameters
        ----------
        what : with exactly the arguments of that prediction: ("survival", times), ("cumulative_hazard", times), ("failure_probability",
            age, horizon), ("rul", age, horizon).
        level : the confidence. side : "two", or "lower" or "upper" for a one-sided bound.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``, by unit; where several times were asked by unit and position of the time.

        Raises
        ------
        ValueError : another prediction; and what that prediction refuses. TypeError : other arguments than its own.
        """
        import pandas as pd

        check_level(level)
        check_side(side)
        if what not in _ASKED:
            raise ValueError(f"there is no interval of {what!r} along a path; there are {', '.join(_ASKED)}.")
        given = _ASKED[what](*at, **keywords)
        (ages, *ahead), shape = unit_arguments(len(self.units), **{name: np.inf if v is None else v for name, v in given.items()})
        self._refuse_before(ages)
        if what == "rul":
            self._refuse_endless(given["horizon"])
            ends = np.full_like(ages, np.inf) if given["horizon"] is None else self._within(ages + ahead[0])
            value, slope = self._life_with_slope(ages, ends)
        else:
            begin = ages if ahead else np.broadcast_to(self.begins[:, None], ages.shape)
            spans = self._spans(begin, self._within(ages + ahead[0] if ahead else ages))
            collected, slope = self._of_rows("hazard_ahead", *spans), np.zeros((*ages.shape, len(self._fit.coefficients)))
            self._add_slopes(slope, "hazard_ahead", spans, np.ones_like(collected))
            value = np.add.reduceat(collected, self._first, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            link = np.log(value).reshape(-1)
            variance = np.einsum("kma,ab,kmb->km", slope, self._fit.covariance, slope)
            error = np.where(value > 0.0, np.sqrt(np.maximum(variance, 0.0)) / value, 0.0).reshape(-1)
        table = limits_of_link(PREDICTIONS["rul_restricted" if what == "rul" else what], link, error, level, side)
        table.index = index_of_units(len(self.units), shape, pd.Index(self.units, name="unit"))
        return table

    def _life_with_slope(self, ages: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The expected life (k, m) from ages to ends, and its derivatives (k, m, q) in the coefficients.

        A row adds the life within it, times the share that reaches it; its hazard takes away from all that come after.
        """
        begin, length = self._spans(ages, ends)
        known = np.where(np.isfinite(length), length, 0.0)
        alive = np.exp(-self._collected_before(self._of_rows("hazard_ahead", begin, known)))
        lived = alive * self._of_rows("rul_restricted", begin, length)
        value = np.add.reduceat(lived, self._first, axis=0)
        after = value[self._codes_from_0] - self._collected_before(lived) - lived
        slope = np.zeros((*ages.shape, len(self._fit.coefficients)))
        self._add_slopes(slope, "rul_restricted", (begin, length), alive)
        self._add_slopes(slope, "hazard_ahead", (begin, known), -after)
        return value, slope

    def _add_slopes(self, slope: np.ndarray, name: str, spans: tuple[np.ndarray, np.ndarray], weights: np.ndarray) -> None:
        """Add to ``slope`` (k, m, q) the derivatives of a rule in each cell (r, m) in which time passes, times its weight."""
        begin, length = spans
        rows, places = np.nonzero((length > 0.0) & (weights != 0.0))
        layout, template = self._fit.predictors.layout, self._fit.predictors.template
        for first in range(0, len(rows), UNITS):
            these = rows[first : first + UNITS], places[first : first + UNITS]
            covariates = self._covariates[these[0]]
            own = coordinates_of_units(self._fit, covariates)
            slopes = map_rows(slope_of_unit(_RULES[name]), template, own, begin[these], length[these])
            found = weights[these][:, None] * in_coefficients(layout, slopes, covariates)
            np.add.at(slope, (self._codes_from_0[these[0]], these[1]), found)

    def _refuse_endless(self, horizon: Any) -> None:
        if horizon is None and np.isfinite(self.ends).any():
            raise ValueError("the mean remaining life needs a path without end: give a horizon within the path, or hold_last=True.")

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

    def _path_of(self, unit: int) -> str:
        return "the path" if self._of_one else f"the path of unit {self.units.astype(object)[unit]!r}"

    def _refuse_before(self, ages: np.ndarray) -> None:
        early = np.argwhere(ages < self.begins[:, None])
        if early.size:
            unit, place = early[0]
            raise ValueError(
                f"{self._path_of(unit)} begins at {self.begins[unit]:g}, and {ages[unit, place]:g} was asked: what came "
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
                f"{self._path_of(unit)} ends at {self.ends[unit]:g}, and {ends[unit, place]:g} was asked. Add rows, or "
                "pass hold_last=True to along(): the last row is then in force without end."
            )
        return np.minimum(ends, last)


def _units_of(path: Any, unit: Hashable) -> Any:
    try:
        return columns_of_frame(path, unit=unit)["unit"]
    except KeyError as error:
        raise KeyError(f"{error.args[0]} Where all rows are of one unit pass unit=None.") from None


def _hazard_between(distribution: Any, begin: Any, length: Any) -> Any:
    return distribution.cumulative_hazard_between(begin, length)


_RULES: dict[str, Callable] = {"hazard_ahead": _hazard_between, "rul_restricted": PREDICTIONS["rul_restricted"].value}


def _times(times: Any) -> dict[str, Any]:
    return {"t": times}


def _horizon(age: Any, horizon: Any) -> dict[str, Any]:
    return {"age": age, "horizon": horizon}


def _life(age: Any, horizon: Any = None) -> dict[str, Any]:
    return {"age": age, "horizon": horizon}


_ASKED: dict[str, Callable] = {"survival": _times, "cumulative_hazard": _times, "failure_probability": _horizon, "rul": _life}


def _refuse_internal(covariates: str | None) -> None:
    if covariates not in KINDS:
        raise ValueError(
            'covariates must be "external" or "internal". External ones (load, weather, a plan of use) take their course whether or not '
            f"the unit runs; internal ones (its own vibration or temperature) are there only while it does. Got {covariates!r}."
        )
    if covariates == "internal":
        raise ValueError(
            "internal covariates have no survival function along a path: a reading that exists only while the unit runs says that it "
            "runs (Kalbfleisch & Prentice 2002, section 6.3.2). Landmark models predict from such readings: see survjax.Landmarks. "
            "From this model, predict_failure_probability(X, age, horizon) with the reading of now says what holds as long as it stays."
        )
