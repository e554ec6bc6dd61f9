"""The logistic distribution."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import ZERO, location_scale
from survjax.distributions.papers import LOGISTIC
from survjax.numerics.special import log_failed
from survjax.parameters import Duration, Location


class Logistic(Distribution):
    r"""A symmetric law on the whole real line, with heavier tails than the normal; the logarithm of a log-logistic lifetime.

    .. math:: S(t) = \frac{1}{1 + e^{z}}, \qquad h(t) = \frac{1}{\sigma\,(1 + e^{-z})}, \qquad z = (t - \mu)/\sigma

    Parameters
    ----------
    location : mu, any number, in the unit of time: the mean and the median. R ``location``.
    scale : sigma > 0, in the unit of time. R ``scale``.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 4.
    """

    start_of_support = -math.inf
    paper = LOGISTIC

    location: Location
    scale: Duration

    edges = location_scale("scale", ZERO, place="location", on_log_age=False, exponential=("early", "late"))

    def _standard(self, time):
        return (time - self.location) / self.scale

    def log_survival(self, time):
        return jax.nn.log_sigmoid(-self._standard(time))

    def log_hazard(self, time):
        return jax.nn.log_sigmoid(self._standard(time)) - jnp.log(self.scale)

    def cumulative_hazard_between(self, start, length):
        z, u = self._standard(start), length / self.scale
        short = u < 1.0
        near = jnp.log1p(jax.nn.sigmoid(z) * jnp.expm1(jnp.where(short, u, 0.0)))
        return jnp.where(short, near, jax.nn.softplus(z + u) - jax.nn.softplus(z))

    def duration_after(self, start, cumulative_hazard):
        positive = cumulative_hazard > 0
        log_odds = _log_odds(jnp.where(positive, cumulative_hazard, 1.0))
        return jnp.where(positive, self.scale * jax.nn.softplus(log_odds + jax.nn.softplus(-self._standard(start))), 0.0)

    def age_at(self, cumulative_hazard):
        return self.location + self.scale * _log_odds(cumulative_hazard)

    def mean_after(self, start):
        z = self._standard(start)
        far = z > 30.0  # where the series of the logarithm needs one term
        near = jnp.where(far, 0.0, z)
        return self.scale * jnp.where(far, 1.0 - 0.5 * jnp.exp(-z), jax.nn.softplus(-near) * (1.0 + jnp.exp(near)))

    def mean(self):
        return self.location

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"location": centre, "scale": math.sqrt(3.0) / math.pi * spread}

    @classmethod
    def from_line(cls, location: float, scale: float) -> Logistic:
        return cls(location=location, scale=scale)


def _log_odds(cumulative_hazard):
    """log of failed over running, log(exp(H) - 1)."""
    return cumulative_hazard + log_failed(jnp.log(cumulative_hazard))
