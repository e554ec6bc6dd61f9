"""Intervals of a Cox regression, as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from survjax.cox.baseline import blocks
from survjax.cox.doubt import Doubts
from survjax.cox.fit import CoxFit, Kept
from survjax.cox.predictions import Asked, asked
from survjax.models.intervals import limits_of_link, wald_limits
from survjax.models.predictions import PREDICTIONS, Prediction, arguments_of
from survjax.models.regression_intervals import index_of_units
from survjax.models.tables import limits_by_name
from survjax.parameters import REAL

if TYPE_CHECKING:
    import pandas as pd

OFFERED = ("survival", "cumulative_hazard", "failure_probability", "rul")


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
            "function: a hazard, a density or a quantile with limits needs a parametric model, survjax.ProportionalHazards."
        )
    keywords = {"age": 0.0, **keywords} if what == "rul" and not at else keywords  # as predict_rul has it
    name, arguments = arguments_of(what, at, keywords)
    if name in ("rul_mean", "rul_quantile"):
        raise ValueError(
            "limits of the remaining life are those of the restricted mean, E min(T - age, horizon): pass a horizon, no other kind. The "
            "whole mean needs survival to its end, and a quantile of a step function has no such error; parametric models have both."
        )
    doubts = Doubts(fit, kept)
    what_of = asked(fit, X, strata, **arguments)
    columns = [column.reshape(-1) for column in what_of.columns]
    if name == "rul_restricted":
        link, error = _of_cells(doubts, what_of, columns, _of_restricted_means)
        table = limits_of_link(SHARE, link, error, level, side).mul(columns[1], axis=0)
    else:
        start, stop = (np.full_like(columns[0], -np.inf), columns[0]) if len(columns) == 1 else (columns[0], columns[0] + columns[1])
        link, error = _of_cells(doubts, what_of, [start, stop], _of_spans)
        table = limits_of_link(PREDICTIONS[name], link, error, level, side)
    table.index = index_of_units(len(what_of.code), what_of.shape, getattr(X, "index", None))
    return table


class Cells(NamedTuple):
    """Units times times of one stratum: the standardised covariates of all units (n, p), and of each cell its unit and log factor (c,)."""

    stratum: int
    inside: np.ndarray
    unit: np.ndarray
    log_factor: np.ndarray


def _of_cells(doubts: Doubts, what: Asked, columns: list[np.ndarray], rule: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray]:
    """Link and standard error (c,) by a rule of (doubts, cells, *columns), stratum by stratum."""
    link, error = np.empty(len(columns[0])), np.empty(len(columns[0]))
    inside = doubts.fit.design.standardised(what.covariates)
    unit = np.repeat(np.arange(len(what.code)), what.columns[0].shape[1])
    for stratum in np.unique(what.code).tolist():
        some = np.flatnonzero(what.code[unit] == stratum)
        cells = Cells(stratum, inside, unit[some], what.log_factor[unit[some]])
        link[some], error[some] = rule(doubts, cells, *(column[some] for column in columns))
    return link, error


def _of_spans(doubts: Doubts, cells: Cells, start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The logarithm of the cumulative hazard over spans of age, -inf and without error where nobody failed."""
    fit, curve = doubts.fit, doubts.fit.baselines[cells.stratum]
    link, error = curve.log_between(start, stop) + cells.log_factor, np.zeros(len(start))
    spans = np.column_stack([curve.failures_up_to(start), curve.failures_up_to(stop)])
    seen = np.flatnonzero(spans[:, 1] > spans[:, 0])
    if not seen.size:
        return link, error
    different, of = np.unique(spans[seen], axis=0, return_inverse=True)
    doubt = doubts.of_spans(cells.stratum, *different.T)
    for block in blocks(len(seen), len(fit.design.names)):
        z = cells.inside[cells.unit[seen[block]]]
        error[seen[block]] = np.sqrt(doubt.variance(of.reshape(-1)[block], z, doubts.covariance))
    return link, error


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
