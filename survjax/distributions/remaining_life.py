"""The remaining life of a unit that has survived so far."""

from __future__ import annotations

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import Age, Part
from survjax.numerics.special import hazard_times_survival


class RemainingLife(Distribution):
    r"""The distribution of :math:`T - a` given :math:`T > a`.

    .. math:: S(u \mid a) = S(a + u) / S(a)

    Its mean is the expected remaining useful life, its quantiles the interval of it, and its ``failure_probability`` at
    a horizon the probability of failing within it.

    Parameters
    ----------
    of : the distribution of the whole life.
    age : a, in the unit of time.
    """

    of: Part
    age: Age

    def first_age(self):
        return jnp.maximum(self.of.first_age() - self.age, 0.0)

    def can_be_negative(self) -> bool:
        return False

    def log_survival(self, time):
        return -self.of.cumulative_hazard_between(self.age, time)

    def log_hazard(self, time):
        return self.of.log_hazard(self.age + time)

    def hazard(self, time):
        return self.of.hazard(self.age + time)

    def density(self, time):
        return hazard_times_survival(self.hazard(time), self.survival(time))

    def cumulative_hazard_between(self, start, length):
        return self.of.cumulative_hazard_between(self.age + start, length)

    def duration_after(self, start, cumulative_hazard):
        return self.of.duration_after(self.age + start, cumulative_hazard)

    def mean_after(self, start):
        return self.of.mean_after(self.age + start)

    def restricted_mean_after(self, start, horizon):
        return self.of.restricted_mean_after(self.age + start, horizon)

    def given_survival(self, age) -> Distribution:
        return RemainingLife(self.of, self.age + age)
