"""A lifetime that begins to count at a threshold."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import Part
from survjax.parameters import Location


class Threshold(Distribution):
    r"""Lifetimes of which none ends before a threshold (guarantee time, failure-free life): a law moved along the time axis.

    .. math:: S(t) = S_d(t - \gamma) \quad (t > \gamma), \qquad S(t) = 1 \quad (t \le \gamma)

    With a Weibull, lognormal, gamma or loglogistic law this is its three-parameter form. The threshold may be negative, as in
    Weibull++, JMP and Minitab: then a share 1 - S(0) has failed before age 0 (in storage, in transport), and quantiles may be negative.
    Data and predictions count ages from 0 all the same: an entry of 0 means seen from the start, whatever the threshold, and what is
    asked of a unit alive at age 0 is conditional on that; ``mean()`` is that of all.

    Parameters
    ----------
    of : the distribution of the time beyond the threshold; positive lifetimes.
    threshold : gamma, any number below the first failure, in the unit of time. Weibull++ and reliability gamma, JMP and Minitab
        threshold, scipy ``loc``.

    References
    ----------
    Smith (1985), Maximum likelihood estimation in a class of nonregular cases, Biometrika 72.
    """

    of: Part
    threshold: Location

    def first_age(self):
        return -jnp.inf if self.threshold is None else self.threshold

    def can_be_negative(self) -> bool:
        return bool(self.threshold is None or self.threshold < 0)

    def knows_its_unit(self) -> bool:
        return self.of.knows_its_unit()

    def _beyond(self, time, asked=True):
        """Whether the threshold is passed, and by how much; where it is not, or not asked, an age in the middle of the law stands in.

        ``where`` differentiates both branches, and of all ages that one is sure to overflow nowhere.
        """
        passed = asked & (time > self.threshold)
        middle = jax.lax.stop_gradient(self.of.age_at(jnp.ones_like(time)))
        return passed, jnp.where(passed, time - self.threshold, middle)

    def log_survival(self, time):
        passed, beyond = self._beyond(time)
        return jnp.where(passed, self.of.log_survival(beyond), 0.0)

    def log_hazard(self, time):
        passed, beyond = self._beyond(time)
        return jnp.where(passed, self.of.log_hazard(beyond), -jnp.inf)

    def log_density(self, time):
        passed, beyond = self._beyond(time)
        return jnp.where(passed, self.of.log_density(beyond), -jnp.inf)

    def hazard(self, time):
        passed, beyond = self._beyond(time)
        return jnp.where(passed, self.of.hazard(beyond), 0.0)

    def density(self, time):
        passed, beyond = self._beyond(time)
        return jnp.where(passed, self.of.density(beyond), 0.0)

    def cumulative_hazard_between(self, start, length):
        passed, since = self._beyond(start)
        reached, beyond = self._beyond(start + length, ~passed)
        ahead = jnp.where(reached, -self.of.log_survival(beyond), 0.0)
        return jnp.where(passed, self.of.cumulative_hazard_between(since, length), ahead)

    def duration_after(self, start, cumulative_hazard):
        passed, since = self._beyond(start)
        return jnp.where(
            passed, self.of.duration_after(since, cumulative_hazard), self.threshold - start + self.of.age_at(cumulative_hazard)
        )

    def age_at(self, cumulative_hazard):
        return self.threshold + self.of.age_at(cumulative_hazard)

    def mean_after(self, start):
        passed, since = self._beyond(start)
        return jnp.where(passed, self.of.mean_after(since), self.threshold - start + self.of.mean())

    def restricted_mean_after(self, start, horizon):
        passed, since = self._beyond(start)
        reached, beyond = self._beyond(start + horizon, ~passed)
        waited = self.threshold - start + self.of.restricted_mean_after(jnp.zeros_like(start), beyond)
        return jnp.where(passed, self.of.restricted_mean_after(since, horizon), jnp.where(reached, waited, horizon))

    def mean(self):
        return self.threshold + self.of.mean()
