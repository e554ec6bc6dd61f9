"""Intervals of a regression, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.columns import index_of
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.models.intervals import limits_of_link, wald_limits
from survjax.models.predictions import Prediction, arguments_of, prediction_of
from survjax.models.tables import limits_by_name
from survjax.models.unit_laws import link_with_error, unit_arguments
from survjax.parameters import REAL
from survjax.regression.estimation import RegressionFit
from survjax.regression.profile import profile_limits_of_regression
from survjax.regression.report import Report

if TYPE_CHECKING:
    import pandas as pd


def interval_of_report(told: Report, template: Distribution, level: float, side: str) -> pd.DataFrame:
    """Estimate and limits of each parameter on the scale without ends that its domain has, of each coefficient on its own."""
    parameters = template.parameters()
    domains = [REAL if here else parameters[name].domain for name, here in zip(told.names, told.is_coefficient, strict=True)]
    return limits_by_name(told.names, told.values, *wald_limits(told.values, np.sqrt(np.diag(told.covariance)), domains, level, side))


def profile_of_report(fit: RegressionFit, told: Report, covariates: np.ndarray, life: Lifetimes, level: float, side: str) -> pd.DataFrame:
    """Estimate and limits of each parameter and coefficient by the profile likelihood of the data of the fit."""
    return limits_by_name(told.names, told.values, *profile_limits_of_regression(fit, covariates, life, level, side))


def interval_of_units(
    fit: RegressionFit,
    what: str,
    covariates: np.ndarray,
    at: tuple[Any, ...],
    keywords: dict[str, Any],
    level: float,
    side: str,
    index: Any,
    at_once: int | None = None,
) -> pd.DataFrame:
    """Estimate and limits of a prediction for each unit, and for each time where there are several; ``at_once`` as ``map_rows``."""
    keywords = {"age": 0.0, **keywords} if what == "rul" and not at else keywords  # as predict_rul has it
    name, arguments = arguments_of(what, at, keywords)
    prediction = prediction_of(name, fit.predictors.template)
    return interval_of_prediction_of_units(fit, prediction, arguments, covariates, level, side, index, at_once=at_once)


def interval_of_prediction_of_units(
    fit: RegressionFit,
    prediction: Prediction,
    arguments: dict[str, Any],
    covariates: np.ndarray,
    level: float,
    side: str,
    index: Any,
    more: Sequence[float] = (),
    at_once: int | None = None,
) -> pd.DataFrame:
    """The same of any prediction; ``more`` : what its link takes besides the arguments, the same for all units."""
    if (age := index_of(arguments.get("age"))) is not None and index is not None and not age.equals(index):
        raise ValueError("X and age have different indexes, and rows are taken by position. Align them first, or pass age.to_numpy().")
    columns, shape = unit_arguments(len(covariates), fit.predictors.template.start_of_support, **arguments)
    columns += [np.broadcast_to(number, columns[0].shape) for number in more]
    link, error = link_with_error(fit, prediction.link, covariates, columns, at_once)
    table = limits_of_link(prediction, link.reshape(-1), error.reshape(-1), level, side)
    table.index = index_of_units(len(covariates), shape, index)
    return table


def index_of_units(n: int, shape: tuple[int, ...], index: Any) -> pd.Index:
    """One entry a unit, those of ``index`` if there are any; where several times were asked one a unit and position of the time."""
    import pandas as pd

    own = pd.RangeIndex(n) if index is None else index
    return own if len(shape) == 1 else pd.MultiIndex.from_product([own, range(shape[1])], names=[own.name, "position"])
