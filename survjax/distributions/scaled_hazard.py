"""A life whose hazard is another's, multiplied."""

from __future__ import annotations

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import Part
from survjax.parameters import Real


class ScaledHazard(Distribution):
    r"""The law of which the hazard is that of another times :math:`e^{s}`: one unit of a proportional-hazards model.

    .. math:: h(t) = e^{s} h_0(t), \qquad S(t) = S_0(t)^{e^{s}}

    Parameters
    ----------
    of : the base, of positive lifetimes and without mass at 0.
    score : s, any number; 0 is the base itself.

    References
    ----------
    Cox (1972), Regression Models and Life-Tables, Journal of the Royal Statistical Society B 34.
    """

    of: Part
    score: Real

    def log_survival(self, time):
        return jnp.exp(self.score) * self.of.log_survival(time)

    def log_hazard(self, time):
        return self.score + self.of.log_hazard(time)

    def hazard(self, time):
        return jnp.exp(self.score) * self.of.hazard(time)

    def log_survival_from(self, time, log_time):
        return jnp.exp(self.score) * self.of.log_survival_from(time, log_time)

    def log_density_from(self, time, log_time):
        # not by the base's density: a unit far below score 0 would lose its digits to the hazard that the base has collected by then
        return self.score + self.of.log_hazard_from(time, log_time) + self.log_survival_from(time, log_time)

    def cumulative_hazard_between(self, start, length):
        return jnp.exp(self.score) * self.of.cumulative_hazard_between(start, length)

    def duration_after(self, start, cumulative_hazard):
        return self.of.duration_after(start, cumulative_hazard * jnp.exp(-self.score))

    def age_at(self, cumulative_hazard):
        return self.of.age_at(cumulative_hazard * jnp.exp(-self.score))
