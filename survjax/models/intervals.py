"""Intervals as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.fitting.estimation import Fit
from survjax.fitting.inference import delta_method, normal_quantile
from survjax.fitting.profile import profile_limits
from survjax.models.predictions import Prediction
from survjax.models.tables import limits_by_name
from survjax.parameters import Domain

if TYPE_CHECKING:
    import pandas as pd


def interval_of_prediction(
    fit: Fit, prediction: Prediction, columns: list[np.ndarray], level: float, side: str, index: Any = None
) -> pd.DataFrame:
    """Estimate and limits for every row, made on the link's scale and carried back."""
    link, error = delta_method(prediction.link, fit.template, fit.coordinates, fit.coordinate_covariance, columns)
    table = limits_of_link(prediction, link, error, level, side)
    return table if index is None else table.set_axis(index)


def limits_of_link(
    prediction: Prediction, link: np.ndarray, error: np.ndarray, level: float, side: str, degrees: float = np.inf
) -> pd.DataFrame:
    """Estimate and limits (n,) from a link and its standard error, itself known with so many ``degrees`` of freedom."""
    import pandas as pd

    # At the end of the range (survival of age 0) the link is infinite and there is nothing to be unsure of.
    sure = ~np.isfinite(link) | (error == 0.0)
    below, above = reach_of(level, side, degrees)
    with np.errstate(over="ignore", invalid="ignore"):
        estimate = prediction.inverse(link)
        falls = prediction.inverse(np.array([0.0]))[0] > prediction.inverse(np.array([1.0]))[0]
        down, up = (below, -above) if falls else (-below, above)  # a link may fall as the prediction rises
        ends = [prediction.inverse(np.where(sure, link, link + reach * error)) for reach in (down, up)]
    return pd.DataFrame({"estimate": estimate, "lower": ends[0], "upper": ends[1]})


def interval_of_parameters(fit: Fit, level: float, side: str) -> pd.DataFrame:
    """Estimate and limits of every parameter: each made on the scale without ends that its domain has."""
    domains = [parameter.domain for parameter in fit.template.parameters().values()]
    return limits_by_name(fit.names, fit.values, *wald_limits(fit.values, np.sqrt(np.diag(fit.covariance)), domains, level, side))


def profile_of_parameters(asked: Distribution, fit: Fit, life: Lifetimes, level: float, side: str) -> pd.DataFrame:
    """Estimate and limits of every parameter by the profile likelihood of the lifetimes of the fit."""
    if not fit.converged:
        raise ValueError(f"profile limits start from a maximum, and the fit reached none: it stopped with {fit.reason!r}.")
    lower, upper = profile_limits(asked, fit, life, level, side)
    return limits_by_name(fit.names, fit.values, lower, upper)


def wald_limits(
    values: np.ndarray, errors: np.ndarray, domains: Sequence[Domain | None], level: float, side: str
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of values (..., m) with these errors, each made on the scale without ends of its domain, (m) of them.

    One that is known, with an error of 0 or without a domain, is its own limit; one without an error, nan, has none.
    """
    below, above = reach_of(level, side)
    lower, upper = (np.where(np.isnan(errors), np.nan, values) for _ in range(2))
    for place, domain in enumerate(domains):
        value, error = values[..., place], errors[..., place]
        unsure = ~np.isnan(error) & (error != 0.0)
        if domain is None or not unsure.any():
            continue
        with np.errstate(over="ignore"):
            for limits, reach in ((lower, -below), (upper, above)):
                limits[..., place][unsure] = domain.moved(value[unsure], error[unsure], reach)
    return lower, upper


def reach_of(level: float, side: str, degrees: float = np.inf) -> tuple[float, float]:
    """How many standard errors below and above; a one-sided bound leaves the other end at that of the range.

    With ``degrees`` of freedom they are those of Student's t.
    """
    share = 0.5 * (1 + level) if side == "two" else level
    reach = normal_quantile(share) if np.isinf(degrees) else float(stdtrit(degrees, share))
    if side == "two":
        return reach, reach
    return (reach, np.inf) if side == "lower" else (np.inf, reach)
