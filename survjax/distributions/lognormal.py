"""The lognormal distribution."""

from __future__ import annotations

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import ZERO, location_scale
from survjax.distributions.papers import LOGNORMAL
from survjax.distributions.smooth_hazard import age_from_birth, duration_to, hazard_over
from survjax.numerics.normal_tail import log_density, log_hazard, log_mills_ratio, log_upper, upper_quantile
from survjax.numerics.special import between_birth_and_end
from survjax.parameters import LogTime, Positive


class LogNormal(Distribution):
    r"""Lifetimes whose logarithm is normal: damage that grows by random factors, as cracks and corrosion do.

    .. math:: S(t) = 1 - \Phi(z), \qquad f(t) = \frac{\varphi(z)}{\sigma t}, \qquad z = \frac{\log t - \mu}{\sigma}

    The hazard rises from 0 to a maximum and falls back to 0.

    Parameters
    ----------
    location : mu, a real number: the mean of log time, so that exp(mu) is the median life. A change of unit shifts it. R
        ``meanlog``, survreg ``(Intercept)``, lifelines ``mu_``, reliability ``mu``, Weibull++ log-mean.
    scale : sigma > 0, dimensionless: the standard deviation of log time. R ``sdlog``, survreg ``scale``, lifelines
        ``sigma_``, reliability ``sigma``, Weibull++ log-std.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 4.
    """

    paper = LOGNORMAL

    location: LogTime
    scale: Positive

    edges = location_scale("scale", ZERO, place="location", on_log_age=True)

    def log_survival(self, time):
        return between_birth_and_end(lambda t: log_upper(self._score(jnp.log(t))), time, self._median(), 0.0, -jnp.inf)

    def log_hazard(self, time):
        def inside(t):
            log_time = jnp.log(t)
            return log_hazard(self._score(log_time)) - jnp.log(self.scale) - log_time

        return between_birth_and_end(inside, time, self._median(), -jnp.inf, -jnp.inf)

    def log_survival_from(self, time, log_time):
        return log_upper(self._score(log_time))

    def log_density_from(self, time, log_time):
        return log_density(self._score(log_time)) - jnp.log(self.scale) - log_time

    def cumulative_hazard_between(self, start, length):
        return hazard_over(self, start, length, self._median())

    def duration_after(self, start, cumulative_hazard):
        return duration_to(self, start, cumulative_hazard, self._age_at, self._median())

    def age_at(self, cumulative_hazard):
        return age_from_birth(self._age_at, cumulative_hazard)

    def mean_after(self, start):
        r""":math:`a\,\{R(z - \sigma) / R(z) - 1\}`, R Mills' ratio; for the young the ratio of two tails, less a."""
        aged = start > 0
        age = jnp.where(aged, start, self._median())
        z = self._score(jnp.log(age))
        old = z > self.scale
        old_z = jnp.where(old, z, self.scale)
        remaining = age * jnp.expm1(log_mills_ratio(old_z - self.scale) - log_mills_ratio(old_z))
        log_mean = self.location + 0.5 * self.scale**2
        young_z = jnp.where(old, 0.0, z)
        whole = jnp.exp(log_mean + log_upper(young_z - self.scale) - log_upper(young_z))
        return jnp.where(aged, jnp.where(old, remaining, whole - age), jnp.exp(log_mean))

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"location": centre, "scale": spread}

    @classmethod
    def from_line(cls, location: float, scale: float) -> LogNormal:
        return cls(location=location, scale=scale)

    def _score(self, log_time):
        return (log_time - self.location) / self.scale

    def _age_at(self, cumulative_hazard):
        return jnp.exp(self.location + self.scale * upper_quantile(cumulative_hazard))

    def _median(self):
        return jnp.exp(self.location)
