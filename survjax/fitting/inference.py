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

from survjax.distributions import Distribution
from survjax.numerics.blocks import map_rows

WIDEST = 41.0  # in log time from the plug-in quantile, a factor of 6e17: what lies beyond is reported as 0 or infinite
FIRST_REACH, STEPS = 0.02, 62  # some ten doublings of the first lead there; fifty halvings reach the last digit
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
    infinite (or 0) where it never does, which is when the data leave no such bound, or when too many units never fail. Coverage by
    simulation: ``benchmarks/coverage.md``. (Linearising the normal score of F instead was tried: its average is not monotone, and its
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

    ahead = template.bind(coordinates).given_survival(age)
    # where fewer than that will ever fail the plug-in quantile is infinite, and nothing can be searched from there
    ever = ahead.failure_probability(jnp.inf)
    plug_in = jnp.log(ahead.quantile(jnp.where(probability < ever, probability, 0.5 * ever)))

    # One loop with one evaluation a step, since each compiles anew: first to which side the bound lies, then outward in doubling
    # steps until it is passed, then halving.
    def improve(step, state):
        inner, outer, side, passed = state
        first = step == 0
        outward = jnp.clip(inner + side * FIRST_REACH * 2.0**step, plug_in - WIDEST, plug_in + WIDEST)
        here = jnp.where(first, plug_in, jnp.where(passed, 0.5 * (inner + outer), outward))
        enough = failed_by(here) >= probability
        side = jnp.where(first, jnp.where(enough, -1.0, 1.0), side)
        beyond = ~first & (enough == (side > 0))
        return jnp.where(beyond, inner, here), jnp.where(beyond, here, outer), side, passed | beyond

    start = (plug_in, plug_in, jnp.zeros_like(plug_in), jnp.asarray(False))
    _, outer, side, passed = jax.lax.fori_loop(0, STEPS, improve, start)
    return jnp.where(passed, jnp.exp(outer), jnp.where(side > 0, jnp.inf, 0.0))
