"""Errors of predicted remaining lives, where the true ones are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.data.columns import read_arguments
from survjax.data.lifetimes import Lifetimes


def rmse(remaining: Any, predicted: Any, weights: Any = None) -> float:
    """The root of the mean squared error of predicted remaining lives, in the unit of time; lower is better.

    Parameters
    ----------
    remaining : (n,) true remaining lives; or ``Lifetimes`` of failed units, of which it is the age at failure less the age at entry.
    predicted : (n,) in the same unit. weights : (n,) counts; None: one each, or those of the ``Lifetimes``.

    Raises
    ------
    ValueError : a unit that still runs or failed within an interval, so that its true remaining life is not known; a negative or
        infinite one; nan; shapes that differ.
    """
    error, share = _errors(remaining, predicted, weights)
    return float(np.sqrt(share @ error**2))


def mae(remaining: Any, predicted: Any, weights: Any = None) -> float:
    """The mean absolute error of predicted remaining lives, in the unit of time; lower is better. Arguments and errors as ``rmse``."""
    error, share = _errors(remaining, predicted, weights)
    return float(share @ np.abs(error))


def phm_score(remaining: Any, predicted: Any, weights: Any = None, *, early: float = 13.0, late: float = 10.0) -> float:
    r"""The score of the PHM 2008 data challenge: a prediction too late costs more than one too early.

    .. math:: \sum_i \begin{cases} e^{-d_i / 13} - 1 & d_i < 0 \\ e^{d_i / 10} - 1 & d_i \ge 0 \end{cases}, \qquad
              d_i = \text{predicted}_i - \text{remaining}_i

    From 0, lower is better; a sum over units, infinite where an error is beyond some 700 times the constants. The constants are in
    the challenge's unit, flights; for another unit give those that mean the same.

    Parameters
    ----------
    remaining, predicted, weights : as for ``rmse``. early, late : the errors at which the cost is e - 1.

    References
    ----------
    Saxena, Goebel, Simon & Eklund (2008), International Conference on Prognostics and Health Management.
    """
    if not (early > 0 and late > 0 and np.isfinite([early, late]).all()):
        raise ValueError(f"early and late must be positive numbers in the unit of time; got {early!r} and {late!r}.")
    error, share = _errors(remaining, predicted, weights)
    with np.errstate(over="ignore"):  # an error of 10,000 hours against constants for flights: infinitely bad, as documented
        cost = np.expm1(np.where(error < 0, -error / early, error / late))
    counted = share > 0
    return float(share[counted] @ cost[counted] * _total(remaining, weights, len(error)))


def alpha_lambda(remaining: Any, predicted: Any, alpha: float = 0.2, weights: Any = None) -> float:
    r"""The share of units whose predicted remaining life lies within alpha of the true one.

    .. math:: (1 - \alpha)\, r_i \le \hat r_i \le (1 + \alpha)\, r_i

    From 0 to 1, higher is better. Predictions are to be made at the same part lambda of each unit's life, for instance
    ``model.predict(X, age=0.5 * life.durations)`` against ``0.5 * life.durations`` for lambda = 1/2; one call for each lambda.

    Parameters
    ----------
    remaining, predicted, weights : as for ``rmse``. alpha : between 0 and 1.

    References
    ----------
    Saxena, Celaya, Saha, Saha & Goebel (2010), International Journal of Prognostics and Health Management 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, for instance 0.2; got {alpha!r}.")
    true, forecast, share = _columns(remaining, predicted, weights)
    return float(share @ ((forecast >= (1 - alpha) * true) & (forecast <= (1 + alpha) * true)))


def _errors(remaining: Any, predicted: Any, weights: Any) -> tuple[np.ndarray, np.ndarray]:
    true, forecast, share = _columns(remaining, predicted, weights)
    return forecast - true, share


def _columns(remaining: Any, predicted: Any, weights: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and predicted remaining lives, and which share of the units each row stands for, (n,) each."""
    counts = weights
    if isinstance(remaining, Lifetimes):
        if weights is not None:
            raise TypeError("a Lifetimes carries its own weights; put them there.")
        remaining, counts = _of_lifetimes(remaining), remaining.counts()
    (true,), shape = read_arguments(remaining=remaining)
    (forecast,), shape_of_forecast = read_arguments(predicted=predicted)
    if len(shape) != 1 or shape_of_forecast != shape or not true.size:
        raise ValueError(f"remaining and predicted must be (n,) each; they have shapes {shape} and {shape_of_forecast}.")
    for name, column in (("remaining", true), ("predicted", forecast)):
        bad = np.flatnonzero(~np.isfinite(column) | ((column < 0) & (name == "remaining")))
        if bad.size:
            remedy = (
                "A true remaining life is 0 or more."
                if name == "remaining"
                else "Where the mean is infinite, predict the median or a restricted mean (predict_rul(..., horizon=))."
            )
            raise ValueError(f"{name} must be finite; row {bad[0]} has {column[bad[0]]:g} (rows count from 0). {remedy}")
    return true, forecast, np.full(len(true), 1.0 / len(true)) if counts is None else _shares(counts, len(true))


def _shares(counts: Any, n: int) -> np.ndarray:
    (counts,), shape = read_arguments(weights=counts)
    if shape != (n,) or (counts < 0).any() or not 0 < counts.sum() < np.inf:
        raise ValueError(f"weights must be counts for the {n:,} rows, none negative and not all 0; they have shape {shape}.")
    return counts / counts.sum()


def _of_lifetimes(life: Lifetimes) -> np.ndarray:
    if not life.event_observed.all():
        row = int(np.flatnonzero(~life.event_observed)[0])
        raise ValueError(
            f"the true remaining life is known of failed units only, and row {row} is {life[row]!s} (rows count from 0). Judging the "
            "failed alone favours short predictions while many still run: use a score that takes running units, such as crps or "
            "integrated_brier_score."
        )
    return life.durations - (0.0 if life.entry is None else life.entry)


def _total(remaining: Any, weights: Any, n: int) -> float:
    """How many units there are."""
    if isinstance(remaining, Lifetimes):
        return remaining.n_units
    return float(n if weights is None else np.sum(weights))
