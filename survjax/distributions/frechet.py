"""The Fréchet distribution."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax.scipy.special import gammaln

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, location_scale
from survjax.distributions.papers import FRECHET
from survjax.distributions.smooth_hazard import duration_to, hazard_over
from survjax.numerics.special import between_birth_and_end, cloglog, expm1_ratio, growing, log_inverse_cloglog, log_scaled_upper_gamma
from survjax.parameters import Duration, Positive

N_TERMS = 36  # powers of at most 2 over factorials


class Frechet(Distribution):
    r"""Lifetimes with a long tail: the largest of many causes decides. Also called inverse Weibull.

    .. math:: S(t) = 1 - \exp\{-(t/\eta)^{-k}\}

    The hazard rises from 0 to a maximum and falls as k / t. For :math:`k \le 1` there is no mean.

    Parameters
    ----------
    shape : k > 0, dimensionless. scipy invweibull ``c``; R VGAM and evd ``shape``.
    scale : eta > 0, in the unit of time: the age by which 36.8 % have failed. scipy ``scale``.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 4 (log time has a largest-extreme-value law).
    """

    paper = FRECHET

    shape: Positive
    scale: Duration

    edges = location_scale("shape", INFINITY, place="scale", on_log_age=True, exponential=("late",))

    def log_survival(self, time):
        return between_birth_and_end(lambda t: self.log_survival_from(t, jnp.log(t)), time, self.scale, 0.0, -jnp.inf)

    def log_hazard(self, time):
        def inside(t):
            log_time = jnp.log(t)
            return self.log_density_from(t, log_time) - self.log_survival_from(t, log_time)

        return between_birth_and_end(inside, time, self.scale, -jnp.inf, -jnp.inf)

    def log_survival_from(self, time, log_time):
        return log_inverse_cloglog(self._log_power(log_time))

    def log_density_from(self, time, log_time):
        x = self._log_power(log_time)
        return jnp.log(self.shape) - log_time + x - growing(x)

    def cumulative_hazard_between(self, start, length):
        return hazard_over(self, start, length, self.scale)

    def duration_after(self, start, cumulative_hazard):
        def age_at(total):
            return self.scale * jnp.exp(-cloglog(-total) / self.shape)

        return duration_to(self, start, cumulative_hazard, age_at, self.scale)

    def mean_after(self, start):
        r""":math:`\eta\,\gamma(1 - 1/k, x) / (1 - e^{-x}) - a` with :math:`x = (a/\eta)^{-k}`; infinite for k <= 1."""
        exists = self.shape > 1
        a = 1.0 - 1.0 / jnp.where(exists, self.shape, 2.0)
        at_birth = self.scale * jnp.exp(gammaln(a))
        aged = start > 0
        age = jnp.where(aged, start, self.scale)
        log_x = self._log_power(jnp.log(age))
        old = log_x < jnp.log(a + 1.0)
        x = jnp.where(old, jnp.exp(jnp.where(old, log_x, 0.0)), 0.0)
        series = jnp.zeros_like(x + a)
        for n in range(N_TERMS, -1, -1):  # sum of x^n / (a)_(n + 1)
            series = (1.0 + series * x) / (a + n)
        remaining = age * (series / expm1_ratio(x) - 1.0)
        young_log_x = jnp.where(old, jnp.log(a + 1.0), log_x)
        dead = jnp.exp(-jnp.exp(young_log_x))
        young = (at_birth - self.scale * dead * jnp.exp(log_scaled_upper_gamma(a, young_log_x))) / (1.0 - dead) - age
        return jnp.where(exists, jnp.where(aged, jnp.where(old, remaining, young), at_birth), jnp.inf)

    def restricted_mean_after(self, start, horizon):
        endless = horizon == jnp.inf
        return jnp.where(endless, self.mean_after(start), super().restricted_mean_after(start, jnp.where(endless, self.scale, horizon)))

    def mean_is_finite(self) -> bool:
        return bool(self.shape > 1.0)

    def start(self, centre: float, spread: float) -> dict[str, float]:
        shape = math.pi / math.sqrt(6.0) / spread
        return {"shape": shape, "scale": math.exp(centre - 0.5772156649015329 / shape)}

    @classmethod
    def from_line(cls, location: float, scale: float) -> Frechet:
        return cls(shape=1.0 / scale, scale=math.exp(location))

    def _log_power(self, log_time):
        return -self.shape * (log_time - jnp.log(self.scale))
