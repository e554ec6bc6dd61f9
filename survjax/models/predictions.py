"""What a fitted distribution can be asked: each prediction's rule, its link to the real line, and its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True)
class Prediction:
    """One thing to ask of a distribution.

    Attributes
    ----------
    arguments : the names of what varies by row.
    value : (distribution, *row) -> the prediction.
    link : (distribution, *row) -> the same on the real line, where intervals are made.
    inverse : NumPy, from the link's scale back; increasing or not, bounds are sorted.
    """

    arguments: tuple[str, ...]
    value: Callable
    link: Callable
    inverse: Callable[[np.ndarray], np.ndarray]


def _log_of(value: Callable) -> Callable:
    def link(distribution, *row):
        return jnp.log(value(distribution, *row))

    return link


def _positive(arguments: tuple[str, ...], value: Callable, link: Callable | None = None) -> Prediction:
    return Prediction(arguments, value, link or _log_of(value), np.exp)


def _survival(distribution, t):
    return distribution.survival(t)


def _log_cumulative_hazard(distribution, t):
    return jnp.log(-distribution.log_survival(t))


def _failure_probability(distribution, age, horizon):
    return distribution.given_survival(age).failure_probability(horizon)


def _log_hazard_ahead(distribution, age, horizon):
    return jnp.log(distribution.cumulative_hazard_between(age, horizon))


def _survival_from_link(link: np.ndarray) -> np.ndarray:
    return np.exp(-np.exp(link))


def _failure_from_link(link: np.ndarray) -> np.ndarray:
    return -np.expm1(-np.exp(link))


def _hazard(distribution, t):
    return distribution.hazard(t)


def _cumulative_hazard(distribution, t):
    return distribution.cumulative_hazard(t)


def _density(distribution, t):
    return distribution.density(t)


def _quantile(distribution, p):
    return distribution.quantile(p)


def _rul_mean(distribution, age):
    return distribution.mean_after(age)


def _rul_restricted(distribution, age, horizon):
    return distribution.restricted_mean_after(age, horizon)


def _rul_quantile(distribution, age, kind):
    return distribution.given_survival(age).quantile(kind)


PREDICTIONS: dict[str, Prediction] = {
    "survival": Prediction(("t",), _survival, _log_cumulative_hazard, _survival_from_link),
    "hazard": _positive(("t",), _hazard, lambda distribution, t: distribution.log_hazard(t)),
    "cumulative_hazard": _positive(("t",), _cumulative_hazard, _log_cumulative_hazard),
    "density": _positive(("t",), _density, lambda distribution, t: distribution.log_density(t)),
    "failure_probability": Prediction(("age", "horizon"), _failure_probability, _log_hazard_ahead, _failure_from_link),
    "quantile": _positive(("p",), _quantile),
    "rul_mean": _positive(("age",), _rul_mean),
    "rul_restricted": _positive(("age", "horizon"), _rul_restricted),
    "rul_quantile": _positive(("age", "kind"), _rul_quantile),
}
