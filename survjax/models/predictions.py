"""What a fitted distribution can be asked: each prediction's rule, its link to the real line, and its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from survjax.distributions import DefectiveSubpopulation, Distribution, Mixture


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


def failure_from_link(link: np.ndarray) -> np.ndarray:
    return -np.expm1(-np.exp(link))


def _hazard(distribution, t):
    return distribution.hazard(t)


def _cumulative_hazard(distribution, t):
    return distribution.cumulative_hazard(t)


def _density(distribution, t):
    return distribution.density(t)


def _quantile(distribution, p):
    return distribution.quantile(p)


def _mean(distribution, age):
    return distribution.mean()


def _rul_mean(distribution, age):
    return distribution.mean_after(age)


def _rul_restricted(distribution, age, horizon):
    return distribution.restricted_mean_after(age, horizon)


def _rul_quantile(distribution, age, kind):
    return distribution.given_survival(age).quantile(kind)


def _probability_of_failing(distribution, age):
    return distribution.probability_of_ever_failing(age)


def _log_odds_of_failing(distribution, age):
    defective, whole = distribution.fraction_failing, 1.0 - distribution.fraction_failing
    return jnp.log(defective) + distribution.of.log_survival(age) - jnp.log(whole)


def _share_from_log_odds(link: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-link))


def _rul_if_failing(distribution, age):
    return distribution.mean_if_failing_after(age)


def _mean_if_failing(distribution, age):
    return distribution.of.mean()


PREDICTIONS: dict[str, Prediction] = {
    "survival": Prediction(("t",), _survival, _log_cumulative_hazard, _survival_from_link),
    "hazard": _positive(("t",), _hazard, lambda distribution, t: distribution.log_hazard(t)),
    "cumulative_hazard": _positive(("t",), _cumulative_hazard, _log_cumulative_hazard),
    "density": _positive(("t",), _density, lambda distribution, t: distribution.log_density(t)),
    "failure_probability": Prediction(("age", "horizon"), _failure_probability, _log_hazard_ahead, failure_from_link),
    "quantile": _positive(("p",), _quantile),
    "mean": _positive(("age",), _mean),
    "rul_mean": _positive(("age",), _rul_mean),
    "rul_restricted": _positive(("age", "horizon"), _rul_restricted),
    "rul_quantile": _positive(("age", "kind"), _rul_quantile),
}
# what may be negative needs no link
ON_THE_LINE = {
    "quantile": Prediction(("p",), _quantile, _quantile, np.asarray),
    "mean": Prediction(("age",), _mean, _mean, np.asarray),
}
# of a population of which a part never fails
OF_DEFECTIVE = {
    "probability_of_failing": Prediction(("age",), _probability_of_failing, _log_odds_of_failing, _share_from_log_odds),
    "rul_if_failing": _positive(("age",), _rul_if_failing),
    "mean_if_failing": _positive(("age",), _mean_if_failing),
}


def prediction_of(name: str, distribution: Distribution) -> Prediction:
    """What is asked by this name, of a law of its kind."""
    if name in OF_DEFECTIVE:
        if not isinstance(distribution, DefectiveSubpopulation):
            raise ValueError(f"{name} is asked of a DefectiveSubpopulation, of which some units never fail; not of {distribution!r:.60}.")
        return OF_DEFECTIVE[name]
    on_the_line = distribution.can_be_negative() and name in ON_THE_LINE
    return ON_THE_LINE[name] if on_the_line else PREDICTIONS[name]


# ---- rules for map_rows: module level, so that their compiled programs are found again


def values_on_path(template: Distribution, step, *coordinates):
    return template.bind(jnp.stack(coordinates)).values()


def density_on_path(template: Distribution, time, *coordinates):
    return template.bind(jnp.stack(coordinates)).density(time)


def age_at_cumulative_hazard(distribution: Distribution, collected):
    return distribution.age_at(collected)


def membership(distribution: Distribution, age, failed):
    mixture = cast(Mixture, distribution)
    if mixture.start_of_support < 0.0:
        return jnp.where(failed > 0, mixture.membership_of_failure(age, jnp.zeros_like(age)), mixture.weights_after(age))
    positive = jnp.where(age > 0, age, 1.0)
    return jnp.where(failed > 0, mixture.membership_of_failure(positive, jnp.log(positive)), mixture.weights_after(age))


def hazard_and_derivatives(distribution: Distribution, time):
    def hazard(values):
        return distribution.with_values(values).hazard(time)

    values = distribution.values()
    return hazard(values), jax.grad(hazard)(values), jax.jacfwd(jax.jacrev(hazard))(values)


# ---- the arguments of a prediction, from those of interval()

_ORDER = {
    "survival": ("t",),
    "hazard": ("t",),
    "cumulative_hazard": ("t",),
    "density": ("t",),
    "quantile": ("p",),
    "mean": (),
    "median": (),
    "failure_probability": ("age", "horizon"),
    "rul": ("age", "kind", "horizon"),
    "probability_of_failing": ("age",),
    "rul_if_failing": ("age",),
    "mean_if_failing": (),
}


def arguments_of(what: str, at: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if not isinstance(what, str) or what not in _ORDER:
        raise ValueError(f"there is no interval of {what!r}; there are parameters, {', '.join(_ORDER)}.")
    names = _ORDER[what]
    if len(at) > len(names):
        raise TypeError(f"{what} takes {', '.join(names) or 'no arguments'}; got {len(at)} arguments.")
    arguments = dict(zip(names, at, strict=False))
    for name, value in keywords.items():
        if name not in names or name in arguments:
            raise TypeError(f"{what} takes {', '.join(names) or 'no arguments'}; {name}= is not one of them or was given twice.")
        arguments[name] = value
    missing = [name for name in names if name not in arguments and what != "rul"] + (
        ["age"] if what == "rul" and "age" not in arguments else []
    )
    if missing:
        raise TypeError(f"the interval of {what} needs {', '.join(missing)}.")
    if what == "rul":
        return rul_arguments(**{"kind": "mean", "horizon": None, **arguments})
    if what in ("mean", "mean_if_failing"):
        return what, {"age": 0.0}
    if what == "median":
        return "quantile", {"p": 0.5}
    return what, arguments


def rul_arguments(age: Any, kind: Any, horizon: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(kind, str) and kind not in ("mean", "median"):
        raise ValueError(f'kind must be "mean", "median" or a probability between 0 and 1; got {kind!r}.')
    if isinstance(kind, str) and kind == "mean":
        return ("rul_mean", {"age": age}) if horizon is None else ("rul_restricted", {"age": age, "horizon": horizon})
    if horizon is not None:
        raise ValueError("a horizon restricts the mean; leave it out for the median or a quantile.")
    return "rul_quantile", {"age": age, "kind": 0.5 if isinstance(kind, str) else kind}


def no_arguments(what: str, at: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    if at or keywords:
        raise TypeError(f"the interval of {what} takes no further arguments.")
