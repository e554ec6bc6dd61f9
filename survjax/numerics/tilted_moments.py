r"""Moments of a lognormal variable under an exponential tilt, :math:`E[Z^n e^{-aZ}]` with :math:`\log Z \sim N(0, \sigma^2)`.

In the standard normal variable w of :math:`Z = e^{\sigma w}` the integrand has a concave logarithm, with its mode where
:math:`y = \sigma^2 a Z` solves :math:`y + \log y = \log(\sigma^2 a) + n \sigma^2`. The trapezoidal rule between the points where it has
fallen to the last digit converges exponentially (Trefethen & Weideman 2014, The Exponentially Convergent Trapezoidal Rule, SIAM Review
56). Gauss-Hermite nodes about the mode were tried: where the variance is 4, 51 of them leave 7e-8 of the logarithm, these 64 leave 1e-12.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import logsumexp

NODES = 64
FALLEN = 37.0  # exp(-37) is 1e-16
NEWTON_STEPS = 8  # from the right side of a convex increasing function, whatever the argument
SHORT = 0.5  # of a tilt that is added: beyond, the integrand has moved from the nodes
_SHARES = np.linspace(0.0, 1.0, NODES)


def log_moment(variance, power, tilt):
    r""":math:`\log E[Z^n e^{-aZ}]`, power n and tilt a at least 0, variance positive; scalars.

    Relative error 1e-14 for a variance of at most 2; above, absolute 4e-13 at 4 and 6e-8 at 9 where the logarithm is small (measured
    against mpmath over powers to 3,000 and tilts to 5,000).
    """
    return logsumexp(_log_terms(variance, power, tilt)[0])


def fall(variance, power, tilt, more):
    r""":math:`-\log\{E[Z^n e^{-(a + m)Z}] / E[Z^n e^{-aZ}]\}`, with every digit of a small m as well."""
    terms, log_z = _log_terms(variance, power, tilt)
    shares = jnp.exp(terms - logsumexp(terms))
    short = more * jnp.sum(shares * jnp.exp(log_z)) < SHORT
    small = jnp.where(short, more, 0.0)
    near = -jnp.log1p(jnp.sum(shares * jnp.expm1(-small * jnp.exp(log_z))))
    far = logsumexp(terms) - log_moment(variance, power, tilt + jnp.where(short, 1.0, more))
    return jnp.where(short, near, far)


def log_mean(variance, power, tilt):
    r""":math:`\log\{E[Z^{n+1} e^{-aZ}] / E[Z^n e^{-aZ}]\}`, the logarithm of the mean of Z under the tilt."""
    return log_moment(variance, power + 1.0, tilt) - log_moment(variance, power, tilt)


def nodes_and_shares(variance, power, tilt):
    """Values of Z (k,), ascending, and what share of the tilted distribution each stands for."""
    terms, log_z = _log_terms(variance, power, tilt)
    return jnp.exp(log_z), jnp.exp(terms - logsumexp(terms))


def _log_terms(variance, power, tilt):
    """The logarithm of each term of the trapezoidal sum and of Z there, (NODES,) each."""
    sigma = jnp.sqrt(variance)
    mode, left, right = _range(*jax.lax.stop_gradient((variance, power, tilt)))
    # the integral does not depend on where its nodes are, so that its derivatives are those of the terms at fixed nodes
    nodes = mode - left + (left + right) * jnp.asarray(_SHARES, jnp.result_type(mode))
    log_z = sigma * nodes
    step = (left + right) / (NODES - 1)
    return power * log_z - tilt * jnp.exp(log_z) - 0.5 * nodes**2 + jnp.log(step) - 0.5 * np.log(2.0 * np.pi), log_z


def _range(variance, power, tilt):
    """The mode of the integrand, and how far to either side of it to go."""
    sigma = jnp.sqrt(variance)
    tilted = tilt > 0
    target = jnp.log(variance * jnp.where(tilted, tilt, 1.0)) + power * variance
    first = jnp.where(target > 1.0, jnp.log(jnp.where(target > 1.0, target, 1.0)), target)
    log_y = _repeat(lambda log_y: log_y - (jnp.exp(log_y) + log_y - target) / (jnp.exp(log_y) + 1.0), first)
    y = jnp.where(tilted, jnp.exp(log_y), 0.0)

    def closer(reaches):
        # by how much the logarithm has fallen s from the mode: (y / v) (exp(±sigma s) - 1 ∓ sigma s) + s² / 2
        signed = sides * sigma * reaches
        fallen = y / variance * (jnp.expm1(signed) - signed) + 0.5 * reaches**2
        return reaches - (fallen - FALLEN) / (y / sigma * sides * jnp.expm1(signed) + reaches)

    sides = jnp.asarray([-1.0, 1.0], jnp.result_type(sigma))
    # to the right the curvature only grows
    left, right = _repeat(closer, jnp.sqrt(2.0 * FALLEN / (1.0 + y * jnp.asarray([0.0, 1.0]))))
    # far enough for one more power, too, with which the mode moves by at most this
    return power * sigma - y / sigma, left, right + sigma / (1.0 + y)


def _repeat(improve, first):
    # as a loop: written out the steps take most of the time to compile
    return jax.lax.fori_loop(0, NEWTON_STEPS, lambda _, value: improve(value), first)
