"""The Birnbaum–Saunders distribution."""

from __future__ import annotations

import math

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, ZERO, Edges, Limit, narrows
from survjax.distributions.smooth_hazard import age_from_birth, duration_to, hazard_over
from survjax.numerics.normal_tail import log_density, log_hazard, log_upper, upper_quantile
from survjax.numerics.special import between_birth_and_end
from survjax.parameters import Duration, Positive


class BirnbaumSaunders(Distribution):
    r"""Lifetimes under fatigue: a crack grows by random amounts in every cycle until it is too long.

    .. math:: S(t) = 1 - \Phi(z), \qquad z = \frac{1}{\alpha}\left(\sqrt{t/\beta} - \sqrt{\beta/t}\right)

    The hazard rises from 0 to a maximum and falls to 1 / (2 alpha² beta). The mean life is beta (1 + alpha² / 2).

    Parameters
    ----------
    shape : alpha > 0, dimensionless. scipy fatiguelife ``c``, R VGAM bisa ``shape``.
    scale : beta > 0, in the unit of time: the median life. scipy ``scale``, R VGAM ``scale``.

    References
    ----------
    Birnbaum & Saunders (1969), Journal of Applied Probability 6, 319.
    """

    shape: Positive
    scale: Duration

    edges = Edges(
        (
            narrows(shape=ZERO),
            Limit({"shape": INFINITY}, "wider than any sample, half of the lives at once or never", "Use LogNormal() or Weibull()."),
        ),
        place="scale",
    )

    def log_survival(self, time):
        return between_birth_and_end(lambda t: self.log_survival_from(t, jnp.log(t)), time, self.scale, 0.0, -jnp.inf)

    def log_hazard(self, time):
        def inside(t):
            log_time = jnp.log(t)
            return log_hazard(self._score(log_time)) + self._log_slope(log_time)

        at_end = -math.log(2.0) - 2.0 * jnp.log(self.shape) - jnp.log(self.scale)
        return between_birth_and_end(inside, time, self.scale, -jnp.inf, at_end)

    def log_survival_from(self, time, log_time):
        return log_upper(self._score(log_time))

    def log_density_from(self, time, log_time):
        return log_density(self._score(log_time)) + self._log_slope(log_time)

    def cumulative_hazard_between(self, start, length):
        return hazard_over(self, start, length, self.scale)

    def duration_after(self, start, cumulative_hazard):
        return duration_to(self, start, cumulative_hazard, self._age_at, self.scale)

    def age_at(self, cumulative_hazard):
        return age_from_birth(self._age_at, cumulative_hazard)

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"shape": 2.0 * math.sinh(0.5 * spread), "scale": math.exp(centre)}

    def _age_at(self, cumulative_hazard):
        return self.scale * jnp.exp(2.0 * jnp.arcsinh(0.5 * self.shape * upper_quantile(cumulative_hazard)))

    def _half_log_ratio(self, log_time):
        return 0.5 * (log_time - jnp.log(self.scale))

    def _score(self, log_time):
        return 2.0 / self.shape * jnp.sinh(self._half_log_ratio(log_time))

    def _log_slope(self, log_time):
        """log of the derivative of the score in time."""
        return jnp.log(jnp.cosh(self._half_log_ratio(log_time)) / self.shape) - log_time
