"""The Gompertz–Makeham distribution."""

from __future__ import annotations

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, MINUS_INFINITY, WALL, ZERO, Edges, Limit, Tail, narrows, widens
from survjax.distributions.gompertz import Gompertz, collected_between, exponent, length_of_integral
from survjax.numerics.roots import solve_increasing
from survjax.parameters import Rate, RealRate


class GompertzMakeham(Distribution):
    r"""Ageing as in the Gompertz distribution, and accidents at a constant rate beside it.

    .. math:: S(t) = \exp\{-c\,t - (r/b)(e^{bt} - 1)\}, \qquad h(t) = c + r\,e^{bt}

    Parameters
    ----------
    shape : b, a real number, per unit of time: how fast the ageing part grows; below 0 it dies out and c remains.
    rate : r > 0, per unit of time: the ageing part of the hazard at age 0.
    makeham : c > 0, per unit of time: the constant part. R eha ``makeham`` has ``shape`` = (c, r) and ``scale`` = 1 / b.

    References
    ----------
    Marshall & Olkin (2007), Life Distributions, chapter 10.
    """

    shape: RealRate
    rate: Rate
    makeham: Rate

    edges = Edges(
        (
            narrows(shape=INFINITY, rate=ZERO, makeham=ZERO),
            widens(shape=MINUS_INFINITY),
            Limit({"makeham": ZERO}, "the Gompertz law, without the constant part", "Use Gompertz()."),
            Limit({"rate": ZERO}, "the exponential law, without the ageing part", "Use Exponential()."),
            Limit({"shape": INFINITY, "rate": ZERO}, WALL, "Use Gompertz(), or Exponential() if few failed there."),
        ),
        on_log_age=False,
        early=Tail(("rate", "makeham"), ("shape",), falls=True),
    )

    def log_survival(self, time):
        return -self.cumulative_hazard_between(jnp.zeros_like(time), time)

    def log_hazard(self, time):
        return jnp.logaddexp(jnp.log(self.makeham) + 0.0 * exponent(0.0, time), jnp.log(self.rate) + exponent(self.shape, time))

    def cumulative_hazard_between(self, start, length):
        return self.makeham * length + collected_between(self.shape, self.rate, start, length)

    def duration_after(self, start, cumulative_hazard):
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        target = jnp.where(inside, cumulative_hazard, 1.0)

        def reached_alone(hazard):
            return jnp.minimum(hazard / self.makeham, length_of_integral(self.shape, hazard / self._rate_at(start)))

        # each part alone is later than both; when neither has collected half, both together have not collected all
        lower, upper = reached_alone(0.5 * target), reached_alone(target)
        solution = solve_increasing(lambda length: self.cumulative_hazard_between(start, length), target, lower, upper)
        return jnp.where(inside, solution, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def with_hazard_times(self, log_factor) -> GompertzMakeham:
        return GompertzMakeham(self.shape, self.rate * jnp.exp(log_factor), self.makeham * jnp.exp(log_factor))

    def start(self, centre: float, spread: float) -> dict[str, float]:
        ageing = Gompertz(shape=None, rate=None).start(centre, spread)
        return {"shape": ageing["shape"], "rate": 0.8 * ageing["rate"], "makeham": 0.2 * ageing["rate"]}

    def _rate_at(self, time):
        return self.rate * jnp.exp(exponent(self.shape, time))
