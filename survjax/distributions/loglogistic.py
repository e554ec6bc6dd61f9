"""The log-logistic distribution."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax.nn import softplus
from jax.scipy.special import betaln

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, location_scale
from survjax.distributions.papers import LOGLOGISTIC
from survjax.numerics.special import between_birth_and_end, log_expm1
from survjax.parameters import Duration, Positive

N_TERMS = 64  # powers of at most 1/2


class LogLogistic(Distribution):
    r"""Lifetimes whose odds of having failed are a power of age.

    .. math:: S(t) = \{1 + (t/\alpha)^{k}\}^{-1}, \qquad h(t) = \frac{k}{t}\,\{1 - S(t)\}

    The hazard rises and then falls as k / t for :math:`k > 1`, and falls throughout for :math:`k \le 1`, when no mean exists.

    Parameters
    ----------
    shape : k > 0, dimensionless. flexsurv ``shape``, survreg 1 / ``scale``, lifelines ``beta_``, reliability ``beta``,
        Weibull++ 1 / sigma.
    scale : alpha > 0, in the unit of time: the median life. flexsurv ``scale``, survreg exp(``(Intercept)``), lifelines
        ``alpha_``, reliability ``alpha``, Weibull++ exp(mu).

    References
    ----------
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, section 2.2.
    """

    paper = LOGLOGISTIC

    shape: Positive
    scale: Duration

    edges = location_scale("shape", INFINITY, place="scale", on_log_age=True, exponential=("early", "late"))

    def log_survival(self, time):
        return between_birth_and_end(lambda t: self.log_survival_from(t, jnp.log(t)), time, self.scale, 0.0, -jnp.inf)

    def log_hazard(self, time):
        def inside(t):
            log_odds = self._log_odds(jnp.log(t))
            return jnp.log(self.shape / self.scale) + (1.0 - 1.0 / self.shape) * log_odds - softplus(log_odds)

        at_birth = jnp.where(self.shape == 1, -jnp.log(self.scale), jnp.where(self.shape < 1, jnp.inf, -jnp.inf))
        return between_birth_and_end(inside, time, self.scale, at_birth, -jnp.inf)

    def log_survival_from(self, time, log_time):
        return -softplus(self._log_odds(log_time))

    def log_density_from(self, time, log_time):
        log_odds = self._log_odds(log_time)
        return jnp.log(self.shape) - log_time + log_odds - 2.0 * softplus(log_odds)

    def cumulative_hazard_between(self, start, length):
        near = (start > 0) & (length <= start)
        near_start, near_length = jnp.where(near, start, self.scale), jnp.where(near, length, 0.0)
        failed = jax.nn.sigmoid(self._log_odds(jnp.log(near_start)))
        growth = jnp.expm1(self.shape * jnp.log1p(near_length / near_start))
        far = self.log_survival(start) - self.log_survival(jnp.where(near, jnp.inf, start + length))
        return jnp.where(near, jnp.log1p(failed * growth), far)

    def duration_after(self, start, cumulative_hazard):
        collects = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        log_growth = log_expm1(jnp.where(collects, cumulative_hazard, 1.0))
        aged = start > 0
        age = jnp.where(aged, start, self.scale)
        # the odds grow by exp(H) - 1 over the share that has failed
        log_stretch = softplus(log_growth + softplus(-self._log_odds(jnp.log(age)))) / self.shape
        duration = jnp.where(aged, age * jnp.expm1(log_stretch), self.scale * jnp.exp(log_growth / self.shape))
        return jnp.where(collects, duration, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def mean_after(self, start):
        r""":math:`(\alpha / S)\,B_S(1 - 1/k,\, 1 + 1/k) - a`, an incomplete beta function; infinite for k <= 1."""
        exists = self.shape > 1
        inverse = 1.0 / jnp.where(exists, self.shape, 2.0)
        aged = start > 0
        age = jnp.where(aged, start, self.scale)
        log_odds = self._log_odds(jnp.log(age))
        failed, alive = jax.nn.sigmoid(log_odds), jax.nn.sigmoid(-log_odds)
        old = log_odds > 0
        remaining = age * (failed / (1.0 - inverse) * _beta_series(1.0 - inverse, jnp.where(old, alive, 0.0)) - 1.0)
        log_whole = betaln(1.0 - inverse, 1.0 + inverse)
        share = age * failed * _beta_series(1.0 + inverse, jnp.where(old, 0.0, failed)) / (1.0 + inverse)
        young = self.scale * jnp.exp(log_whole) / alive - share - age
        mean = jnp.where(aged, jnp.where(old, remaining, young), self.scale * jnp.exp(log_whole))
        return jnp.where(exists, mean, jnp.inf)

    def restricted_mean_after(self, start, horizon):
        endless = horizon == jnp.inf
        return jnp.where(endless, self.mean_after(start), super().restricted_mean_after(start, jnp.where(endless, self.scale, horizon)))

    def mean_is_finite(self) -> bool:
        return bool(self.shape > 1.0)

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"shape": math.pi / math.sqrt(3.0) / spread, "scale": math.exp(centre)}

    @classmethod
    def from_line(cls, location: float, scale: float) -> LogLogistic:
        return cls(shape=1.0 / scale, scale=math.exp(location))

    def _log_odds(self, log_time):
        return self.shape * (log_time - jnp.log(self.scale))


def _beta_series(p, x):
    r""":math:`\sum_n (2)_n / (p + 1)_n\; x^n`, which times x^p (1 - x)^q / p is the incomplete beta function with p + q = 2.

    Abramowitz & Stegun (1964), 26.5.4 with 15.3.3. For x up to 1/2, where 64 terms reach rounding.
    """
    total = jnp.ones_like(x + p)
    for n in range(N_TERMS - 1, -1, -1):
        total = 1.0 + total * x * (n + 2.0) / (n + 1.0 + p)
    return total
