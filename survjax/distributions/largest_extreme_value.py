"""The distribution of largest extremes."""

from __future__ import annotations

import math

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import ZERO, location_scale
from survjax.distributions.papers import LARGEST_EXTREME_VALUE
from survjax.numerics.special import growing, log_failed
from survjax.parameters import Duration, Location

EULER = 0.5772156649015329
_LOWEST = -690.0  # below, exp(-z) overflows and none has failed to any precision


class LargestExtremeValue(Distribution):
    r"""The largest of many values, on the whole real line: the Gumbel distribution.

    .. math:: F(t) = \exp\{-e^{-z}\}, \qquad z = (t - \mu)/\sigma

    Parameters
    ----------
    location : mu, any number, in the unit of time: the age by which 36.8 % have failed. SciPy ``gumbel_r`` ``loc``.
    scale : sigma > 0, in the unit of time. SciPy ``gumbel_r`` ``scale``.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 4.
    """

    start_of_support = -math.inf
    paper = LARGEST_EXTREME_VALUE

    location: Location
    scale: Duration

    edges = location_scale("scale", ZERO, place="location", on_log_age=False, exponential=("late",))

    def _standard(self, time):
        return (time - self.location) / self.scale

    def log_survival(self, time):
        return log_failed(-self._standard(time))

    def log_density(self, time):
        z = self._standard(time)
        return -z - growing(-z) - jnp.log(self.scale)

    def log_hazard(self, time):
        return self.log_density(time) - self.log_survival(time)

    def cumulative_hazard_between(self, start, length):
        # with w = exp(-z): the share failing is (exp(w0 - w1) - 1) / (exp(w0) - 1), in which a short length keeps its digits
        z, u = self._standard(start), length / self.scale
        short = (u < 1.0) & (z > _LOWEST)
        w = jnp.exp(-jnp.where(short, z, 0.0))
        drop = -w * jnp.expm1(-jnp.where(short, u, 0.5))
        share = jnp.exp(drop - w) * jnp.expm1(-drop) / jnp.expm1(-w)
        return jnp.where(short, -jnp.log1p(-share), self.log_survival(start) - self.log_survival(start + length))

    def duration_after(self, start, cumulative_hazard):
        z = self._standard(start)
        short = (cumulative_hazard < 1.0) & (z > _LOWEST)
        positive = cumulative_hazard > 0
        near_z = jnp.where(short, z, 0.0)
        w = jnp.exp(-near_z)
        log_share = log_failed(jnp.log(jnp.where(short & positive, cumulative_hazard, 0.5)))
        drop = jnp.logaddexp(0.0, log_share + w + log_failed(-near_z))
        near = short & (drop < 0.9 * w)  # beyond, w1 = w0 - drop is the small one, and better found by itself
        far = self.age_at(jnp.where(near, 1.0, cumulative_hazard) - self.log_survival(start)) - start
        length = jnp.where(near, -self.scale * jnp.log1p(-jnp.where(near, drop / w, 0.0)), far)
        return jnp.where(positive, length, 0.0)

    def age_at(self, cumulative_hazard):
        late = cumulative_hazard > 30.0  # where the series of the logarithm needs one term
        # log F follows from log H as log S does from -z
        early_z = -jnp.log(-log_failed(jnp.log(jnp.where(late, 1.0, cumulative_hazard))))
        z = jnp.where(late, cumulative_hazard - 0.5 * jnp.exp(-cumulative_hazard), early_z)
        return self.location + self.scale * z

    def mean(self):
        return self.location + EULER * self.scale

    def start(self, centre: float, spread: float) -> dict[str, float]:
        scale = math.sqrt(6.0) / math.pi * spread
        return {"location": centre - EULER * scale, "scale": scale}

    @classmethod
    def from_line(cls, location: float, scale: float) -> LargestExtremeValue:
        return cls(location=location, scale=scale)
