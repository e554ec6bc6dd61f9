"""The distribution of smallest extremes."""

from __future__ import annotations

import math

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import ZERO, location_scale
from survjax.distributions.papers import SMALLEST_EXTREME_VALUE
from survjax.numerics.special import growing
from survjax.parameters import Duration, Location

EULER = 0.5772156649015329


class SmallestExtremeValue(Distribution):
    r"""The smallest of many values, on the whole real line; the logarithm of a Weibull lifetime has it.

    .. math:: S(t) = \exp\{-e^{z}\}, \qquad h(t) = e^{z}/\sigma, \qquad z = (t - \mu)/\sigma

    Parameters
    ----------
    location : mu, any number, in the unit of time: the age by which 63.2 % have failed. reliability's Gumbel ``mu``.
    scale : sigma > 0, in the unit of time. reliability's Gumbel ``sigma``.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 4.
    """

    start_of_support = -math.inf
    paper = SMALLEST_EXTREME_VALUE

    location: Location
    scale: Duration

    edges = location_scale("scale", ZERO, place="location", on_log_age=False, exponential=("early",))

    def _standard(self, time):
        return (time - self.location) / self.scale

    def log_survival(self, time):
        return -growing(self._standard(time))

    def log_hazard(self, time):
        return self._standard(time) - jnp.log(self.scale)

    def cumulative_hazard_between(self, start, length):
        z, u = self._standard(start), length / self.scale
        before = growing(z)
        gone, short = before == jnp.inf, u < 1.0
        collected = jnp.where(gone, 0.0, before)
        near = collected * jnp.expm1(jnp.where(short, u, 0.0))
        return jnp.where(gone & (length > 0), jnp.inf, jnp.where(short, near, growing(jnp.where(short, 0.0, z + u)) - collected))

    def duration_after(self, start, cumulative_hazard):
        positive = cumulative_hazard > 0
        log_growth = jnp.log(jnp.where(positive, cumulative_hazard, 1.0)) - self._standard(start)
        return jnp.where(positive, self.scale * jnp.logaddexp(log_growth, 0.0), 0.0)

    def age_at(self, cumulative_hazard):
        return self.location + self.scale * jnp.log(cumulative_hazard)

    def mean(self):
        return self.location - EULER * self.scale

    def start(self, centre: float, spread: float) -> dict[str, float]:
        scale = math.sqrt(6.0) / math.pi * spread
        return {"location": centre + EULER * scale, "scale": scale}

    @classmethod
    def from_line(cls, location: float, scale: float) -> SmallestExtremeValue:
        return cls(location=location, scale=scale)
