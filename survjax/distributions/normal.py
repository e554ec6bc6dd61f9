"""The normal distribution."""

from __future__ import annotations

import math

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import ZERO, location_scale
from survjax.distributions.papers import NORMAL
from survjax.distributions.smooth_hazard import duration_to, hazard_over
from survjax.numerics import normal_tail
from survjax.parameters import Duration, Location


class Normal(Distribution):
    r"""The bell curve, on the whole real line: for lives that scatter little about their mean, and for logarithms of them.

    .. math:: S(t) = 1 - \Phi(z), \qquad h(t) = \frac{\varphi(z)}{\sigma\,\{1 - \Phi(z)\}}, \qquad z = (t - \mu)/\sigma

    Parameters
    ----------
    location : mu, any number, in the unit of time: the mean and the median. R ``mean``.
    scale : sigma > 0, in the unit of time: the standard deviation. R ``sd``.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 4.
    """

    start_of_support = -math.inf
    paper = NORMAL

    location: Location
    scale: Duration

    edges = location_scale("scale", ZERO, place="location", on_log_age=False)

    def _standard(self, time):
        return (time - self.location) / self.scale

    def log_survival(self, time):
        z = self._standard(time)
        finite = jnp.abs(z) < jnp.inf
        value = normal_tail.log_upper(jnp.where(finite, z, 0.0))
        return jnp.where(finite, value, jnp.where(z > 0, -jnp.inf, 0.0))

    def log_density(self, time):
        return normal_tail.log_density(self._standard(time)) - jnp.log(self.scale)

    def log_hazard(self, time):
        return normal_tail.log_hazard(self._standard(time)) - jnp.log(self.scale)

    def cumulative_hazard_between(self, start, length):
        return hazard_over(self, start, length, self.location, 10.0 * self.scale)

    def duration_after(self, start, cumulative_hazard):
        return duration_to(self, start, cumulative_hazard, self.age_at, self.location, 10.0 * self.scale)

    def age_at(self, cumulative_hazard):
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        z = normal_tail.upper_quantile(jnp.where(inside, cumulative_hazard, 1.0))
        return self.location + self.scale * jnp.where(inside, z, jnp.where(cumulative_hazard > 0, jnp.inf, -jnp.inf))

    def mean(self):
        return self.location

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"location": centre, "scale": spread}

    @classmethod
    def from_line(cls, location: float, scale: float) -> Normal:
        return cls(location=location, scale=scale)
