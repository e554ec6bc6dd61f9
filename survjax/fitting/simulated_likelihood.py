"""Likelihoods with random coefficients, by simulation: what differs between units and was not measured is averaged over draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True)
class SimulatedLogLikelihood:
    r"""``log_likelihood(parameters, row)`` of a unit whose coefficients are its own, drawn from a distribution.

    .. math:: \log \frac1R \sum_{r=1}^{R} L(\theta, z_r), \qquad z_r \in \mathbb{R}^K \text{ the unit's draws of standard normals}

    A unit is all that shares the coefficients: a person with one choice or several, a machine with all its periods. It is a plain
    function of a row, two times differentiable, for ``MeanOverRows`` or any sum over rows.

    With antithetic draws the likelihood is the same for a coefficient ``mean + spread * draw`` whatever the sign of the spread: report
    its size, or make it positive by its domain. Spread 0 is then stationary: do not start there. Of several coefficients it is the same
    where all spreads change their signs together; with one alone it changes as little as other draws would change it.

    Parameters
    ----------
    conditional : ``conditional(parameters, draw, row)``, the log-likelihood of the unit given its draw (K,).

    A row is a mapping with whatever ``conditional`` asks of it, and ``"draws"`` (R, K), as ``normal_draws`` makes them.

    References
    ----------
    Train (2009), Discrete Choice Methods with Simulation, chapter 6.
    """

    conditional: Callable[[Any, Any, Mapping[str, Any]], Any]

    def __call__(self, parameters: Any, row: Mapping[str, Any]) -> Any:
        draws = row["draws"]
        given = jax.vmap(lambda draw: self.conditional(parameters, draw, row))(draws)
        return jax.nn.logsumexp(given) - jnp.log(draws.shape[0])


def normal_draws(n_units: int, n_draws: int, n_coefficients: int = 1, *, seed: int = 0) -> np.ndarray:
    """Standard normals for each unit, antithetic: half of a scrambled Halton sequence, half of it with the sign turned; (units, draws, K).

    Successive stretches of the sequence go to successive units, so that the gaps of one are filled by its neighbours.

    Parameters
    ----------
    n_draws : for each unit, an even number. seed : of the scrambling.

    References
    ----------
    Train (2009), Discrete Choice Methods with Simulation, sections 9.3.1 (antithetics) and 9.3.3 (Halton).
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    if n_draws < 2 or n_draws % 2:
        raise ValueError(f"n_draws must be an even number, since draws come in pairs of opposite signs; got {n_draws}.")
    if n_units < 1 or n_coefficients < 1:
        raise ValueError(f"n_units and n_coefficients must be at least 1; got {n_units} and {n_coefficients}.")
    uniform = qmc.Halton(n_coefficients, scramble=True, seed=seed).random(n_units * (n_draws // 2))
    half = ndtri(uniform).reshape(n_units, n_draws // 2, n_coefficients)
    return np.concatenate([half, -half], axis=1)
