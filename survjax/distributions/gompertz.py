"""The Gompertz distribution."""

from __future__ import annotations

import math

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, MINUS_INFINITY, ZERO, Edges, Tail, narrows, widens
from survjax.numerics.special import expm1_ratio, growing, log1p_ratio, log_scaled_exponential_integral
from survjax.parameters import Rate, RealRate

FAR = 80.0  # beyond such an exponent the exponential is taken together with the rate, which may be as small; short of where float32 ends


class Gompertz(Distribution):
    r"""Lifetimes whose hazard grows by the same factor in every unit of time: ageing as actuaries know it.

    .. math:: S(t) = \exp\{-(r/b)(e^{bt} - 1)\}, \qquad h(t) = r\,e^{bt}

    At b = 0 it is the exponential. Below 0 the hazard dies out and a share exp(r / b) never fails: quantiles beyond that are
    infinite, and so is the mean.

    Parameters
    ----------
    shape : b, a real number, per unit of time: how fast the logarithm of the hazard rises. flexsurv ``shape``.
    rate : r > 0, per unit of time: the hazard at age 0. flexsurv ``rate``; reliability and Weibull++ write the hazard in
        other terms (Gumbel, or Gompertz reliability growth), which are not this law.

    References
    ----------
    Marshall & Olkin (2007), Life Distributions, chapter 10.
    """

    shape: RealRate
    rate: Rate

    edges = Edges(
        (narrows(shape=INFINITY, rate=ZERO), widens(shape=MINUS_INFINITY)), on_log_age=False, early=Tail(("rate",), ("shape",), falls=True)
    )

    def log_survival(self, time):
        return -self.cumulative_hazard_between(jnp.zeros_like(time), time)

    def log_hazard(self, time):
        return jnp.log(self.rate) + exponent(self.shape, time)

    def cumulative_hazard_between(self, start, length):
        return collected_between(self.shape, self.rate, start, length)

    def duration_after(self, start, cumulative_hazard):
        x = cumulative_hazard / (self.rate * jnp.exp(exponent(self.shape, start)))
        return length_of_integral(self.shape, x)

    def mean_after(self, start):
        r""":math:`e^{x} E_1(x) / b` with :math:`x = (r/b)\,e^{ba}`."""
        rises = self.shape > 0
        shape = jnp.where(rises, self.shape, 1.0)
        log_x = jnp.log(self.rate / shape) + exponent(shape, start)
        mean = jnp.exp(log_scaled_exponential_integral(log_x) - jnp.log(shape))
        return jnp.where(rises, mean, jnp.where(self.shape == 0, 1.0 / self.rate, jnp.inf))

    def mean_is_finite(self) -> bool:
        return bool(self.shape >= 0.0)

    def with_hazard_times(self, log_factor) -> Gompertz:
        return Gompertz(self.shape, self.rate * jnp.exp(log_factor))

    def start(self, centre: float, spread: float) -> dict[str, float]:
        # log time spreads by pi / sqrt(6) at shape 0, as an exponential's does, and as that over shape × median where it is sharp
        median = math.exp(centre + 0.164 * spread)
        growth = math.pi / math.sqrt(6.0) / spread - 1.0
        return {"shape": growth / median, "rate": math.log(2.0) / median * (growth / math.expm1(growth) if growth else 1.0)}


def exponent(shape, time):
    """shape × time, where an infinite time leaves a shape of 0 what it is."""
    endless = time == jnp.inf
    limit = jnp.where(shape > 0, jnp.inf, jnp.where(shape < 0, -jnp.inf, 0.0))
    return jnp.where(endless, limit, shape * jnp.where(endless, 0.0, time))


def integrated_exponential(shape, length):
    """The integral of exp(shape × u) over u from 0 to ``length``, which may be infinite."""
    endless = length == jnp.inf
    dies_out = shape < 0
    limit = jnp.where(dies_out, -1.0 / jnp.where(dies_out, shape, -1.0), jnp.inf)
    finite = jnp.where(endless, 0.0, length)
    return jnp.where(endless, limit, finite * expm1_ratio(shape * finite))


def collected_between(shape, rate, start, length):
    """The integral of rate × exp(shape × age) over ages from ``start`` on, which does not overflow before it is itself that large."""
    end = start + length
    late = (exponent(shape, end) > FAR) & (length > 0)
    early_shape = jnp.where(late, 0.0, shape)
    early = rate * jnp.exp(exponent(early_shape, start)) * integrated_exponential(early_shape, length)
    late_shape = jnp.where(late, shape, 1.0)
    share = -jnp.expm1(-late_shape * jnp.where(late & (length < jnp.inf), length, 1.0))
    log_late = jnp.log(rate) + exponent(late_shape, jnp.where(late, end, 0.0)) + jnp.log(share) - jnp.log(late_shape)
    return jnp.where(late, growing(log_late), early)


def length_of_integral(shape, integral):
    """The length at which ``integrated_exponential`` reaches ``integral``; infinite where it never does."""
    reached = (shape * jnp.where(integral < jnp.inf, integral, 0.0) > -1.0) & (integral < jnp.inf)
    reachable = jnp.where(reached, integral, 0.0)
    return jnp.where(reached, reachable * log1p_ratio(shape * reachable), jnp.inf)
