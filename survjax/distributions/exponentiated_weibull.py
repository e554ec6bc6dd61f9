"""The exponentiated Weibull distribution."""

from __future__ import annotations

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import ENDS_AT_LAST, INFINITY, ZERO, Edges, Limit, Tail, narrows, widens
from survjax.distributions.smooth_hazard import duration_to, hazard_over
from survjax.distributions.weibull import Weibull
from survjax.numerics.special import between_birth_and_end, cloglog, growing, log1mexp, log_inverse_cloglog
from survjax.parameters import Duration, Positive

FAR = 40.0  # a cumulative hazard of the Weibull beyond which its failure probability is 1 to all digits


class ExponentiatedWeibull(Distribution):
    r"""Lifetimes whose failure probability is a power of a Weibull's: the last of ``power`` Weibull parts in parallel.

    .. math:: F(t) = \left[1 - \exp\{-(t/\eta)^{k}\}\right]^{p}

    The hazard starts as a power k p - 1 of age and ends as the Weibull's power k - 1, so that it can be a bathtub (k > 1,
    k p < 1) or have a hump (k < 1, k p > 1). At p = 1 it is the Weibull.

    Parameters
    ----------
    shape : k > 0, dimensionless. scipy exponweib ``c``, lifelines' and reliability's Weibull words for it.
    scale : eta > 0, in the unit of time. scipy ``scale``.
    power : p > 0, dimensionless. scipy exponweib ``a``; surpyval ExpoWeibull ``mu``.

    References
    ----------
    Mudholkar & Srivastava (1993), IEEE Transactions on Reliability 42, 299.
    """

    shape: Positive
    scale: Duration
    power: Positive

    edges = Edges(
        (
            narrows(shape=INFINITY),
            narrows(power=INFINITY, scale=ZERO),
            widens(shape=ZERO),
            Limit({"shape": ZERO, "scale": ZERO, "power": INFINITY}, "the Frechet law", "Use Frechet()."),
            Limit({"shape": INFINITY, "power": ZERO}, ENDS_AT_LAST, "Use Weibull(), or more data."),
        ),
        place="scale",
        early=Tail(("scale",), ("shape", "power")),
        late=Tail(("shape", "scale")),
    )

    def log_survival(self, time):
        return between_birth_and_end(lambda t: self.log_survival_from(t, jnp.log(t)), time, self.scale, 0.0, -jnp.inf)

    def log_hazard(self, time):
        early, late = self.shape * self.power, self.shape
        at_birth = _limit(early - 1.0, jnp.log(late / self.scale) + jnp.log(self.power))
        at_end = _limit(1.0 - late, jnp.log(late / self.scale))
        return between_birth_and_end(lambda t: self._log_hazard(jnp.log(t)), time, self.scale, at_birth, at_end)

    def log_survival_from(self, time, log_time):
        x = self._log_weibull_hazard(log_time)
        far = x > jnp.log(FAR)
        near = log1mexp(self.power * log_inverse_cloglog(jnp.where(far, 0.0, x)))
        return jnp.where(far, jnp.log(self.power) - growing(jnp.where(far, x, 0.0)), near)

    def log_density_from(self, time, log_time):
        return self._log_hazard(log_time) + self.log_survival_from(time, log_time)

    def cumulative_hazard_between(self, start, length):
        return hazard_over(self, start, length, self.scale)

    def duration_after(self, start, cumulative_hazard):
        def age_at(total):
            far = (total > FAR) & (total + jnp.log(self.power) > FAR)
            x = cloglog(log1mexp(-jnp.where(far, 1.0, total)) / self.power)
            x = jnp.where(far, jnp.log(jnp.where(far, total + jnp.log(self.power), 1.0)), x)
            return self.scale * jnp.exp(x / self.shape)

        return duration_to(self, start, cumulative_hazard, age_at, self.scale)

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {**Weibull(shape=None, scale=None).start(centre, spread), "power": 1.0}

    def _log_weibull_hazard(self, log_time):
        return self.shape * (log_time - jnp.log(self.scale))

    def _log_hazard(self, log_time):
        x = self._log_weibull_hazard(log_time)
        weibull = jnp.log(self.shape) + x - log_time
        far = x > jnp.log(FAR)
        near = jnp.where(far, 0.0, x)
        log_failed = log_inverse_cloglog(near)
        log_survival = log1mexp(self.power * log_failed)
        return weibull + jnp.where(far, 0.0, jnp.log(self.power) + (self.power - 1.0) * log_failed - jnp.exp(near) - log_survival)


def _limit(power_of_age, log_constant):
    """log of a constant times age to a power, as age goes to 0."""
    return jnp.where(power_of_age == 0, log_constant, jnp.where(power_of_age < 0, jnp.inf, -jnp.inf))
