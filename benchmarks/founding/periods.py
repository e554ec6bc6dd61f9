"""The time-to-event twin of the mixed logit: in each period a unit may fail, and how much load harms it is the unit's own.

The hazard of unit i in its t-th period is

    logit h_it = level + wear log(t) + gamma_i load_it,   gamma_i ~ N(mean, spread),

and the unit is seen until it fails or its last period ends.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.fitting.simulated_likelihood import SimulatedLogLikelihood, normal_draws

NAMES = ("level", "wear", "load_mean", "load_spread")
TRUTH = {"level": -3.5, "wear": 0.6, "load_mean": 1.0, "load_spread": 1.5}


def simulate(n: int, n_periods: int, n_draws: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Columns: log_period, load, at_risk and failed (n, periods); draws (n, R, 1)."""
    random = np.random.default_rng(seed)
    load = random.uniform(-1.0, 1.0, (n, n_periods))
    log_period = np.broadcast_to(np.log(np.arange(1.0, n_periods + 1.0)), load.shape)
    harm = TRUTH["load_mean"] + TRUTH["load_spread"] * random.standard_normal(n)
    score = TRUTH["level"] + TRUTH["wear"] * log_period + harm[:, None] * load
    would_fail = random.uniform(size=load.shape) < 1.0 / (1.0 + np.exp(-score))
    failed_before = np.cumsum(would_fail, axis=1) - would_fail > 0
    at_risk = (~failed_before).astype(float)
    return {
        "log_period": np.array(log_period),
        "load": load,
        "at_risk": at_risk,
        "failed": at_risk * would_fail,
        "draws": normal_draws(n, n_draws, seed=seed),
    }


def log_probability_of_life(parameters: dict[str, Any], draw: Any, row: dict[str, Any]) -> Any:
    """Given the unit's coefficient: log h where it failed, log (1 - h) where it was at risk and did not."""
    harm = parameters["load_mean"] + parameters["load_spread"] * draw[0]
    score = parameters["level"] + parameters["wear"] * row["log_period"] + harm * row["load"]
    return jnp.sum(row["at_risk"] * (row["failed"] * score - jax.nn.softplus(score)))


log_likelihood = SimulatedLogLikelihood(log_probability_of_life)


def loss(parameters: dict[str, Any], row: dict[str, Any]) -> Any:
    return -log_likelihood(parameters, row)


def start() -> dict[str, float]:
    return dict.fromkeys(NAMES, 0.0) | {"load_spread": 1.0}
