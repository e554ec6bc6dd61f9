"""How sure a fit is: intervals of what it estimates by the delta method, and of what a unit will do.

Every interval is made on a scale that covers the whole real line (the *link* of a prediction), so that none leaves the
range of what it is about, and carried back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.blocks import map_rows
from survjax.distributions import Distribution

BISECTIONS = 50
FIRST_REACH, DOUBLINGS = 0.02, 11  # in log time from the plug-in quantile: out to a factor of e^41, beyond which is 0 or infinity
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def normal_quantile(probability: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)


@cache
def at_estimate(rule: Callable) -> Callable:
    """``rule(distribution, *row)`` as a function of (template, coordinates) for ``map_rows``; one object a rule."""

    def function(parameters, *row):
        template, coordinates = parameters
        return rule(template.bind(coordinates), *row)

    return function


@cache
def with_gradient(rule: Callable) -> Callable:
    """The same with the gradient in the coordinates."""

    def function(parameters, *row):
        template, coordinates = parameters
        return jax.value_and_grad(lambda point: rule(template.bind(point), *row))(coordinates)

    return function


def delta_method(
    link: Callable, template: Distribution, coordinates: np.ndarray, covariance: np.ndarray, columns: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The link of a prediction for every row and its standard error, (n,) each."""
    if len(coordinates) == 0:
        value = map_rows(at_estimate(link), (template, coordinates), *columns)
        return value, np.zeros_like(value)
    value, gradient = map_rows(with_gradient(link), (template, coordinates), *columns)
    variance = np.einsum("np,pq,nq->n", gradient, covariance, gradient)
    return value, np.sqrt(np.maximum(variance, 0.0))


def remaining_life_bound(parameters: tuple[Distribution, Any, Any, Any], age):
    r"""The remaining life that a unit alive at ``age`` stays below with a given probability, parameters uncertain.

    The predictive distribution is that of the remaining life averaged over the normal distribution of the estimate (as
    Lawless & Fredette 2005, Biometrika, do with other pivots). Its one-dimensional form: with H the cumulative hazard ahead,
    :math:`g(u) = \log H(u \mid \theta)` is treated as linear in :math:`\theta`, so that it is normal with variance
    :math:`s^2(u)`, and

    .. math:: \tilde F(u) = E\,[\,1 - \exp(-e^{g})\,], \qquad g \sim N(\hat g(u),\, s^2(u))

    by Gauss-Hermite quadrature. The bound is where it first reaches the probability, going out from the plug-in quantile;
    infinite (or 0) where it never does, which is when the data leave no such bound. Coverage by simulation:
    ``benchmarks/coverage.md``. (Linearising the normal score of F instead was tried: its average is not monotone, and its
    upper bounds were tens of times too long for 20 units.)

    Parameters
    ----------
    parameters : template, coordinates (p,), their covariance (p, p), and the probability.
    age : scalar.
    """
    template, coordinates, covariance, probability = parameters

    def log_hazard_ahead(point, log_length):
        return jnp.log(template.bind(point).cumulative_hazard_between(age, jnp.exp(log_length)))

    def failed_by(log_length):
        centre, gradient = jax.value_and_grad(log_hazard_ahead)(coordinates, log_length)
        spread = jnp.sqrt(jnp.maximum(gradient @ covariance @ gradient, 0.0))
        averaged = -jnp.expm1(-jnp.exp(centre + spread * jnp.asarray(_NODES))) @ jnp.asarray(_WEIGHTS)
        # where the hazard is 0 or infinite at this length the estimate leaves no doubt
        return jnp.where(jnp.isfinite(averaged), averaged, jnp.where(centre > 0, 1.0, 0.0))

    plug_in = jnp.log(template.bind(coordinates).given_survival(age).quantile(probability))
    upward = failed_by(plug_in) < probability
    side = jnp.where(upward, 1.0, -1.0)

    def crossed(log_length):
        return (failed_by(log_length) >= probability) == upward

    def reach_out(state):
        _, outer, reach, n = state
        return outer, outer + side * reach, 2.0 * reach, n + 1

    start = (plug_in, plug_in + side * FIRST_REACH, 2.0 * FIRST_REACH, 0)
    inner, outer, *_ = jax.lax.while_loop(lambda state: ~crossed(state[1]) & (state[3] < DOUBLINGS), reach_out, start)

    def halve(_, bracket):
        inner, outer = bracket
        middle = 0.5 * (inner + outer)
        beyond = crossed(middle)
        return jnp.where(beyond, inner, middle), jnp.where(beyond, middle, outer)

    inner, outer = jax.lax.fori_loop(0, BISECTIONS, halve, (inner, outer))
    found = crossed(outer)
    return jnp.where(found, jnp.exp(outer), jnp.where(upward, jnp.inf, 0.0))
