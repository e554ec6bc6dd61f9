"""Who rents which flat: choices simulated with known tastes, and the mixed logit that they follow.

Person i values flat j at

    u_ij = b0 + b1 log(square feet) + b2 bathrooms + b3 bathrooms x family size + gamma_i outdoor + noise

with gamma_i ~ N(mean, spread) and the noise Gumbel, and renting none at 0 + noise. What is fitted needs only how each option differs from
the chosen one, which is how the data are kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.fitting.simulated_likelihood import SimulatedLogLikelihood, normal_draws
from survjax.optimise import MeanOverRows

FIXED = ("constant", "log_square_feet", "bathrooms", "bathrooms_by_family")
NAMES = (*FIXED, "outdoor_mean", "outdoor_spread")
TRUTH = {
    "constant": -5.0,
    "log_square_feet": 0.8,
    "bathrooms": -0.3,
    "bathrooms_by_family": 0.12,
    "outdoor_mean": 0.5,
    "outdoor_spread": 2.0,
}


class Choices(NamedTuple):
    """features (n, options, 5), the option of renting none first, its features 0; chosen (n,) by index; draws (n, R, 1)."""

    features: np.ndarray
    chosen: np.ndarray
    draws: np.ndarray

    def columns(self) -> dict[str, np.ndarray]:
        """Each option's difference from the chosen one, (n, options - 1) a feature; and the draws."""
        n, n_options, _ = self.features.shape
        others = np.ones((n, n_options), dtype=bool)
        others[np.arange(n), self.chosen] = False
        columns = {}
        for index, name in enumerate((*FIXED, "outdoor")):
            feature = self.features[:, :, index]
            columns[name] = feature[others].reshape(n, -1) - feature[np.arange(n), self.chosen][:, None]
        return columns | {"draws": self.draws}


def simulate(n: int, n_options: int, n_draws: int, seed: int = 0) -> Choices:
    """n persons, each before flats of his own; n_options counts renting none."""
    random = np.random.default_rng(seed)
    features = np.zeros((n, n_options, 5))
    flats = features[:, 1:]
    shape = flats.shape[:2]
    flats[:, :, 0] = 1.0
    flats[:, :, 1] = np.log(random.uniform(400.0, 2500.0, shape))
    flats[:, :, 2] = random.integers(1, 5, shape)
    flats[:, :, 3] = flats[:, :, 2] * random.integers(1, 7, n)[:, None]
    flats[:, :, 4] = random.uniform(size=shape) < 0.4
    taste = TRUTH["outdoor_mean"] + TRUTH["outdoor_spread"] * random.standard_normal(n)
    utility = features[:, :, :4] @ np.array([TRUTH[name] for name in FIXED]) + taste[:, None] * features[:, :, 4]
    chosen = np.argmax(utility + random.gumbel(size=utility.shape), axis=1)
    return Choices(features, chosen, normal_draws(n, n_draws, seed=seed))


def log_probability_of_choice(parameters: dict[str, Any], draw: Any, row: dict[str, Any]) -> Any:
    """Given the person's taste: minus the log of 1 + the sum of exp(utility - chosen utility) over the other options."""
    taste = parameters["outdoor_mean"] + parameters["outdoor_spread"] * draw[0]
    ahead = sum(parameters[name] * row[name] for name in FIXED) + taste * row["outdoor"]
    # of all that is exponentiated the largest is 1: nothing overflows, and the two steps of softplus(logsumexp) are one
    largest = jax.lax.stop_gradient(jnp.maximum(0.0, jnp.max(ahead)))
    return -largest - jnp.log(jnp.exp(-largest) + jnp.sum(jnp.exp(ahead - largest)))


log_likelihood = SimulatedLogLikelihood(log_probability_of_choice)


def loss(parameters: dict[str, Any], row: dict[str, Any]) -> Any:
    return -log_likelihood(parameters, row)


def _by_draw(parameters: dict[str, Any], row: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The weight of each draw (R,), its tastes' draws (R,), and the share of each other option under it (R, options - 1)."""
    draws = row["draws"][:, 0]
    tastes = parameters["outdoor_mean"] + parameters["outdoor_spread"] * draws
    ahead = sum(parameters[name] * row[name] for name in FIXED) + tastes[:, None] * row["outdoor"]
    log_probability = -jax.nn.softplus(jax.nn.logsumexp(ahead, axis=1))
    return jax.nn.softmax(log_probability), draws, jnp.exp(ahead + log_probability[:, None])


def loss_gradient(parameters: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The same person's gradient by formula: the mean over draws, weighed by their likelihood, of expected less chosen features."""
    weight, draws, shares = _by_draw(parameters, row)
    weighed, spread_weighed = weight @ shares, (weight * draws) @ shares
    means = {name: weighed @ row[name] for name in FIXED}
    return means | {"outdoor_mean": weighed @ row["outdoor"], "outdoor_spread": spread_weighed @ row["outdoor"]}


def loss_hessian(parameters: dict[str, Any], row: dict[str, Any]) -> Any:
    """And the Hessian, (6, 6), in the order of ``sorted(NAMES)``: with m and M the first two moments of features under a draw's shares,
    the weighed mean of M - 2 m m', plus the outer product of the weighed mean of m. The spread's feature is draw x outdoor."""
    weight, draws, shares = _by_draw(parameters, row)
    order = sorted(NAMES)
    options = jnp.stack([row["outdoor"] if name.startswith("outdoor") else row[name] for name in order], axis=1)
    on_draw = np.array([name == "outdoor_spread" for name in order])
    factor = jnp.where(on_draw, draws[:, None], 1.0)
    first = (shares @ options) * factor
    # of the second moments only the draws' powers 0, 1 and 2 occur: weighed before options are multiplied
    powers = jnp.stack([weight, weight * draws, weight * draws**2]) @ shares
    by_power = jnp.einsum("dj,jk,jl->dkl", powers, options, options)
    second = jnp.take_along_axis(by_power, (on_draw[:, None].astype(int) + on_draw)[None], axis=0)[0]
    mean = weight @ first
    return second - 2 * (first * weight[:, None]).T @ first + jnp.outer(mean, mean)


def block_for(n_options: int, n_draws: int) -> int:
    """Persons of one block: about 500 before 20 flats with 12 draws, fewer where each of them takes more."""
    return max(1, 125_000 // (n_options * n_draws))


class Loss(NamedTuple):
    """The mean loss over persons, and its derivatives by formula."""

    fun: MeanOverRows
    gradient: MeanOverRows
    hessian: MeanOverRows

    @classmethod
    def in_blocks(cls, block: int) -> Loss:
        return cls(*(MeanOverRows(term, block) for term in (loss, loss_gradient, loss_hessian)))


def start() -> dict[str, float]:
    """Tastes of nobody in particular; a spread of 1, since spread 0 is stationary with antithetic draws."""
    return dict.fromkeys(NAMES, 0.0) | {"outdoor_spread": 1.0}
