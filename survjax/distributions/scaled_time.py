"""A life that runs through another's at its own pace."""

from __future__ import annotations

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import Part
from survjax.parameters import Real


class ScaledTime(Distribution):
    r"""The law of :math:`e^{s}` times another's lifetime: one unit of an accelerated-failure-time model.

    .. math:: T = e^{s} T_0, \qquad S(t) = S_0(t e^{-s}), \qquad h(t) = e^{-s} h_0(t e^{-s})

    Parameters
    ----------
    of : the base, of positive lifetimes.
    score : s, any number; a positive one makes life longer, as in R's survreg.

    References
    ----------
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, section 2.3.3.
    """

    of: Part
    score: Real

    @property
    def has_mass_at_start(self) -> bool:  # type: ignore[override]
        return self.of.has_mass_at_start

    def probability_at_start(self):
        return self.of.probability_at_start()

    def first_age(self):
        return jnp.exp(self.score) * self.of.first_age()

    def log_survival(self, time):
        return self.of.log_survival(time * jnp.exp(-self.score))

    def log_hazard(self, time):
        return self.of.log_hazard(time * jnp.exp(-self.score)) - self.score

    def hazard(self, time):
        return jnp.exp(-self.score) * self.of.hazard(time * jnp.exp(-self.score))

    def log_survival_from(self, time, log_time):
        return self.of.log_survival_from(time * jnp.exp(-self.score), log_time - self.score)

    def log_density_from(self, time, log_time):
        return self.of.log_density_from(time * jnp.exp(-self.score), log_time - self.score) - self.score

    def cumulative_hazard_between(self, start, length):
        return self.of.cumulative_hazard_between(start * jnp.exp(-self.score), length * jnp.exp(-self.score))

    def duration_after(self, start, cumulative_hazard):
        return jnp.exp(self.score) * self.of.duration_after(start * jnp.exp(-self.score), cumulative_hazard)

    def age_at(self, cumulative_hazard):
        return jnp.exp(self.score) * self.of.age_at(cumulative_hazard)

    def mean_after(self, start):
        return jnp.exp(self.score) * self.of.mean_after(start * jnp.exp(-self.score))

    def restricted_mean_after(self, start, horizon):
        pace = jnp.exp(-self.score)
        return self.of.restricted_mean_after(start * pace, horizon * pace) / pace
