"""Functions that JAX lacks, or has without the accuracy or the derivatives that lifetimes need."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp


def log_ratio(time, scale):
    """log(time / scale), -inf at time 0, with derivatives in ``scale`` that stay finite there."""
    positive = time > 0
    return jnp.where(positive, jnp.log(jnp.where(positive, time, 1.0)), -jnp.inf) - jnp.log(scale)


def power_of_ratio(time, scale, exponent):
    """(time / scale)**exponent for a positive exponent: 0 at time 0, derivatives included."""
    positive = time > 0
    # at time 0 the scale itself stands in: anything else may overflow there and make the gradient nan
    logarithm = exponent * (jnp.log(jnp.where(positive, time, scale)) - jnp.log(scale))
    return jnp.where(positive, jnp.exp(logarithm), 0.0)


def log_weighted_sum(logs, weights):
    """log of the sum of weight × exp(log) over two sequences of scalars; -inf where nothing is left.

    Written out term by term: ``logsumexp`` over a stacked axis of two costs three times the compile time and the run.
    """
    largest = logs[0]
    for log in logs[1:]:
        largest = jnp.maximum(largest, log)
    largest = jax.lax.stop_gradient(jnp.where(jnp.isfinite(largest), largest, 0.0))
    total = weights[0] * jnp.exp(logs[0] - largest)
    for log, weight in zip(logs[1:], weights[1:], strict=True):
        total = total + weight * jnp.exp(log - largest)
    return largest + jnp.log(total)


_EXPONENTIAL_SERIES = [1.0 / math.factorial(k + 2) for k in range(14)]


def exponential_rest(z):
    """(exp(z) - 1 - z) / z**2, which is 1/2 at 0, with all its derivatives."""
    small = jnp.abs(z) < 0.5
    near, far = jnp.where(small, z, 0.0), jnp.where(small, 1.0, z)
    series = jnp.zeros_like(near)
    for coefficient in reversed(_EXPONENTIAL_SERIES):
        series = series * near + coefficient
    return jnp.where(small, series, (jnp.exp(far) - 1.0 - far) / far**2)


def log_failed(log_hazard):
    """log(1 - exp(-H)) from log H, any real number or infinite, at full relative accuracy and with all its derivatives.

    The logarithm of the share failed from that of the cumulative hazard; log(exp(H) - 1) is H more.
    """
    early = log_hazard < 0.0
    few = jnp.exp(jnp.where(early, log_hazard, 0.0))
    # 1 - exp(-1100) is 1
    many = jnp.exp(jnp.minimum(jnp.where(early, 0.0, log_hazard), 7.0))
    return jnp.where(early, log_hazard + jnp.log1p(-few * exponential_rest(-few)), jnp.log1p(-jnp.exp(-many)))
