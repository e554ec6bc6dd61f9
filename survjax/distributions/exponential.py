"""The exponential distribution."""

from __future__ import annotations

import math

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import Edges
from survjax.distributions.papers import EXPONENTIAL
from survjax.parameters import Duration


class Exponential(Distribution):
    r"""Lifetimes without memory: the hazard is the same at every age.

    .. math:: S(t) = \exp(-t/\theta), \qquad h(t) = 1/\theta

    Parameters
    ----------
    scale : theta > 0, in the unit of time: the mean life (MTTF). R ``1 / rate``, lifelines ``lambda_``, reliability
        ``1 / Lambda``, Weibull++ 1 / lambda.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 4.
    """

    paper = EXPONENTIAL

    scale: Duration

    edges = Edges()

    def log_survival(self, time):
        return -time / self.scale

    def log_hazard(self, time):
        return -jnp.log(self.scale) + 0.0 * time

    def cumulative_hazard_between(self, start, length):
        return length / self.scale

    def duration_after(self, start, cumulative_hazard):
        return self.scale * cumulative_hazard

    def mean_after(self, start):
        return self.scale + 0.0 * start

    def restricted_mean_after(self, start, horizon):
        return -self.scale * jnp.expm1(-horizon / self.scale)

    def age_power(self) -> float | None:
        return 1.0 if self.scale is None else None

    def with_hazard_times(self, log_factor) -> Exponential:
        return Exponential(self.scale * jnp.exp(-log_factor))

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"scale": math.exp(centre + 0.5772156649015329)}

    @classmethod
    def from_line(cls, location: float, scale: float) -> Exponential:
        return cls(scale=scale)
