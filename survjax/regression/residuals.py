"""Cox–Snell residuals of a regression: the hazard that each unit collected, by its own law, while it was under observation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from survjax.adequacy.residuals import residuals_by
from survjax.covariates.histories import check_histories
from survjax.data.lifetimes import Lifetimes
from survjax.numerics.blocks import map_rows
from survjax.regression.predictors import Predictors, of_unit


def residuals_of_units(predictors: Predictors, coefficients: np.ndarray, covariates: np.ndarray, life: Lifetimes) -> Lifetimes:
    """The rows (n,) in units of hazard, each counted from its own entry on; covariates (n, m) standardised."""
    template = predictors.template
    coordinates = np.asarray(predictors.layout.coordinates(coefficients, covariates), dtype=float)

    def collect(rule: Callable, rows: np.ndarray, *columns: np.ndarray) -> np.ndarray:
        return map_rows(of_unit(rule), template, coordinates[rows], *columns)

    return residuals_by(collect, template.start_of_support, life)


def laid_end_to_end(residuals: Lifetimes, life: Lifetimes, unit: Any) -> Lifetimes:
    """The residuals of the rows of each unit as those of one life: each enters with what the unit had collected in the rows before.

    Raises
    ------
    ValueError : the rows of a unit overlap, leave a gap, or one but the last ends with a failure.
    """
    import pandas as pd

    start = np.zeros(len(life)) if life.entry is None else life.entry
    checked = check_histories(unit, start, life.lower, np.isfinite(life.upper))
    order = checked.order
    groups = checked.codes[order]
    so_far = pd.Series(residuals.lower[order]).groupby(groups).cumsum().groupby(groups).shift(fill_value=0.0).to_numpy()
    before = np.empty(len(life))
    before[order] = so_far
    return Lifetimes.from_intervals(
        residuals.lower + before,
        residuals.upper + before,
        entry=before,
        right_truncation=None if residuals.right_truncation is None else residuals.right_truncation + before,
        weights=residuals.weights,
        cause=residuals.cause,
    )
