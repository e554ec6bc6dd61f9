"""Residuals of a Cox model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from survjax.cox.fit import CoxFit, Kept
from survjax.cox.schoenfeld import schoenfeld_residuals

if TYPE_CHECKING:
    import pandas as pd


def _frame(values: np.ndarray, columns: tuple[str, ...], index: np.ndarray | None = None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(values, columns=list(columns), index=None if index is None else pd.Index(index, name="age"))


def _in_given_order(values: np.ndarray, fit: CoxFit, kept: Kept) -> np.ndarray:
    """From the rows at risk (q, n) to all rows of the fit; those that are never at risk at a failure have 0."""
    out = np.zeros((fit.n_rows, len(values)))
    out[kept.likelihood.rows.order] = values.T
    return out


def _martingale(fit: CoxFit, kept: Kept) -> pd.DataFrame:
    expected = _in_given_order(kept.likelihood.expected(fit.maximum.beta)[None], fit, kept)
    return _frame(kept.life.event_observed[:, None] - expected, ("martingale",))


def _deviance(fit: CoxFit, kept: Kept) -> pd.DataFrame:
    """Therneau, Grambsch & Fleming (1990), Biometrika 77."""
    residual = _martingale(fit, kept).to_numpy()
    failed = kept.life.event_observed[:, None]
    expected = np.where(failed, failed - residual, 1.0)
    size = -2.0 * (residual + failed * np.log(expected))
    return _frame(np.sign(residual) * np.sqrt(np.maximum(size, 0.0)), ("deviance",))


def _score(fit: CoxFit, kept: Kept) -> pd.DataFrame:
    scores = kept.likelihood.scores(fit.maximum.beta) * fit.design.spread[:, None]
    return _frame(_in_given_order(scores, fit, kept), fit.design.names)


def _dfbeta(fit: CoxFit, kept: Kept) -> pd.DataFrame:
    scores = kept.likelihood.scores(fit.maximum.beta)
    moved = np.linalg.solve(fit.curvature, scores) / fit.design.spread[:, None]
    return _frame(_in_given_order(moved, fit, kept), fit.design.names)


def _schoenfeld(fit: CoxFit, kept: Kept) -> pd.DataFrame:
    return _by_age(schoenfeld_residuals(kept.likelihood, fit.maximum.beta) * fit.design.spread[:, None], fit, kept)


def _scaled_schoenfeld(fit: CoxFit, kept: Kept) -> pd.DataFrame:
    residuals = schoenfeld_residuals(kept.likelihood, fit.maximum.beta)
    scaled = residuals.shape[1] * np.linalg.solve(fit.curvature, residuals) + fit.maximum.beta[:, None]
    return _by_age(scaled / fit.design.spread[:, None], fit, kept)


def _by_age(values: np.ndarray, fit: CoxFit, kept: Kept) -> pd.DataFrame:
    """Of each failure (p, d), by stratum and age; those of one age as the rows were given."""
    rows = kept.likelihood.rows
    order = np.lexsort((rows.order[rows.dead], rows.time))
    return _frame(values.T[order], fit.design.names, rows.times.age[rows.time])


RESIDUALS: dict[str, Callable[[CoxFit, Kept], pd.DataFrame]] = {
    "martingale": _martingale,
    "deviance": _deviance,
    "score": _score,
    "dfbeta": _dfbeta,
    "schoenfeld": _schoenfeld,
    "scaled_schoenfeld": _scaled_schoenfeld,
}
