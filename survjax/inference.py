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
from jax.scipy.special import ndtri

from survjax.blocks import map_rows
from survjax.distributions import Distribution

WIDEST = 40.0  # in log time from the plug-in quantile: what lies beyond is reported as 0 or infinite
BISECTIONS = 48  # WIDEST * 2**-48 is a relative error of 1.4e-13


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

    With :math:`F(u \mid \theta)` the distribution of the remaining life, the normal score
    :math:`y(u) = \Phi^{-1} F(u \mid \theta)` is treated as linear in :math:`\theta` over the normal distribution of the
    estimate, variance :math:`s^2(u)`. Averaging F over it gives :math:`\Phi\{y / \sqrt{1 + s^2}\}`, whose
    quantile this is: the predictive distribution of Lawless & Fredette (2005, Biometrika) with its integral done by
    linearisation. Its coverage by simulation is in ``benchmarks/coverage.md``.

    Parameters
    ----------
    parameters : template, coordinates (p,), their covariance (p, p), and the probability.
    age : scalar.
    """
    template, coordinates, covariance, probability = parameters

    def score(point, log_length):
        remaining = template.bind(point).given_survival(age)
        log_survival = remaining.log_survival(jnp.exp(log_length))
        failed, alive = -jnp.expm1(log_survival), jnp.exp(log_survival)
        early = failed < 0.5
        return jnp.where(early, ndtri(jnp.where(early, failed, 0.5)), -ndtri(jnp.where(early, 0.5, alive)))

    def predictive_score(log_length):
        value, gradient = jax.value_and_grad(score)(coordinates, log_length)
        shrunk = value / jnp.sqrt(1.0 + gradient @ covariance @ gradient)
        # where the score itself is infinite the estimate leaves no doubt
        return jnp.where(jnp.isfinite(value) & jnp.isfinite(shrunk), shrunk, value)

    wanted = ndtri(probability)
    plug_in = jnp.log(template.bind(coordinates).given_survival(age).quantile(probability))

    def halve(_, bracket):
        low, high = bracket
        middle = 0.5 * (low + high)
        short = predictive_score(middle) < wanted
        return jnp.where(short, middle, low), jnp.where(short, high, middle)

    low, high = jax.lax.fori_loop(0, BISECTIONS, halve, (plug_in - WIDEST, plug_in + WIDEST))
    untouched_low, untouched_high = low == plug_in - WIDEST, high == plug_in + WIDEST
    bound = jnp.exp(0.5 * (low + high))
    return jnp.where(untouched_low, 0.0, jnp.where(untouched_high, jnp.inf, bound))
