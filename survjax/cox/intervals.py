"""Intervals of a Cox regression, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.cox.baseline import blocks
from survjax.cox.cells import Cells, of_cells, of_spans
from survjax.cox.crossings import bounds_of_lives, interval_of_crossings
from survjax.cox.doubt import Doubts
from survjax.cox.fit import CoxFit, Kept
from survjax.cox.predictions import asked, quantile, remaining_quantile
from survjax.models.intervals import limits_of_link, wald_limits
from survjax.models.predictions import PREDICTIONS, Prediction, arguments_of
from survjax.models.regression_intervals import index_of_units
from survjax.models.tables import limits_by_name
from survjax.parameters import REAL

if TYPE_CHECKING:
    import pandas as pd

OFFERED = ("survival", "cumulative_hazard", "failure_probability", "quantile", "median", "rul")


def _share(link: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-link))


SHARE = Prediction((), np.asarray, np.asarray, _share)


def interval_of_coefficients(fit: CoxFit, level: float, side: str) -> pd.DataFrame:
    """Estimate and limits of each coefficient, in the units of X."""
    if fit.covariance is None:
        raise ValueError("coefficients of a lasso have no standard errors: some are exactly 0. Use l1_ratio=0, or a bootstrap.")
    estimate, error = fit.maximum.beta / fit.design.spread, np.sqrt(np.diag(fit.covariance)) / fit.design.spread
    return limits_by_name(fit.design.names, estimate, *wald_limits(estimate, error, [REAL] * len(estimate), level, side))


def interval_of_units(
    fit: CoxFit,
    kept: Kept | None,
    what: str,
    X: Any,
    strata: Any,
    at: tuple[Any, ...],
    keywords: dict[str, Any],
    level: float,
    side: str,
) -> pd.DataFrame:
    """Estimate and limits of a prediction for each unit, and for each time where there are several."""
    if what not in OFFERED:
        raise ValueError(
            f"Cox regression has no interval of {what!r:.60}; it has those of coefficients, {', '.join(OFFERED)}. The baseline is a step "
            "function: a hazard or a density with limits needs a parametric model, survjax.ProportionalHazards."
        )
    keywords = {"age": 0.0, **keywords} if what == "rul" and not at else keywords  # as predict_rul has it
    name, arguments = arguments_of(what, at, keywords)
    if name == "rul_mean":
        raise ValueError(
            "limits of the mean remaining life are those of the restricted mean, E min(T - age, horizon): pass a horizon, or "
            'kind="median". The whole mean needs survival to its end, which parametric models have.'
        )
    doubts = Doubts(fit, kept)
    what_of = asked(fit, X, strata, **arguments)
    columns = [column.reshape(-1) for column in what_of.columns]
    if name in ("quantile", "rul_quantile"):
        estimate = quantile(fit, X, strata, **arguments) if name == "quantile" else remaining_quantile(fit, X, strata, **arguments)
        table = interval_of_crossings(doubts, what_of, columns, estimate.reshape(-1), level, side)
    elif name == "rul_restricted":
        link, error = of_cells(doubts, what_of, columns, _of_restricted_means)
        table = limits_of_link(SHARE, link, error, level, side).mul(columns[1], axis=0)
    else:
        start, stop = (np.full_like(columns[0], -np.inf), columns[0]) if len(columns) == 1 else (columns[0], columns[0] + columns[1])
        link, error = of_cells(doubts, what_of, [start, stop], of_spans)
        table = limits_of_link(PREDICTIONS[name], link, error, level, side)
    table.index = index_of_units(len(what_of.code), what_of.shape, getattr(X, "index", None))
    return table


def interval_of_lives(fit: CoxFit, kept: Kept | None, X: Any, strata: Any, age: Any, level: float) -> pd.DataFrame:
    """Between which remaining lives each unit's own ends."""
    import pandas as pd

    what_of = asked(fit, X, strata, age=age)
    return pd.DataFrame(bounds_of_lives(Doubts(fit, kept), what_of, level), index=getattr(X, "index", None))


def _of_restricted_means(doubts: Doubts, cells: Cells, age: np.ndarray, horizon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The log odds of the share of the horizon that is lived: -inf for none of it; inf, without error, where nobody failed.

    What a rise of the hazard takes away is its share of all that would be lived after it, the area under survival.
    """
    curve = doubts.fit.baselines[cells.stratum]
    link, error = np.full(len(age), -np.inf), np.zeros(len(age))
    ahead = np.flatnonzero(horizon > 0)
    ahead = ahead[np.argsort(age[ahead])]
    for block in blocks(len(ahead), doubts.width + 1):
        some = ahead[block]
        within, length, hazard = curve.steps(age[some], age[some] + horizon[some], cells.log_factor[some])
        area = length * np.exp(-hazard)
        lived, lost = np.sum(area, axis=1), np.sum(length * -np.expm1(-hazard), axis=1)
        after = np.cumsum(area[:, :0:-1], axis=1)[:, ::-1]
        with np.errstate(divide="ignore"):
            link[some] = np.log(lived) - np.log(lost)
            log_weight = np.log(np.where(curve.age[within] > age[some, None], after, 0.0))
        unsure = np.flatnonzero((lost > 0) & (log_weight > -np.inf).any(axis=1))
        if unsure.size:
            log_total, doubt = doubts.of(cells.stratum, log_weight[unsure], within.start)
            some = some[unsure]
            relative = np.sqrt(doubt.variance(np.arange(len(some)), cells.inside[cells.unit[some]], doubts.covariance))
            of_area = np.exp(log_total + cells.log_factor[some]) * relative
            error[some] = of_area * (1.0 / lived[unsure] + 1.0 / lost[unsure])
    return link, error
