"""A population of which some units are dead on arrival."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import Part
from survjax.parameters import Share


class ZeroInflated(Distribution):
    r"""Units of which a fraction is dead on arrival (fails at age 0 exactly); the others live as another law says.

    .. math:: P(T = 0) = p, \qquad S(t) = (1 - p)\,S_d(t), \qquad f(t) = (1 - p) f_d(t) \quad (t > 0)

    What is asked of a unit alive at an age, 0 included, is asked of one that did arrive alive: ``mean_after(0)`` is the mean life of
    those, ``mean()`` that of all. A failure within an interval from 0 on (left-censored) may have been dead on arrival; where the unit was
    seen to work first, its lower end is more than 0. A unit still running at age 0 did arrive alive.

    Parameters
    ----------
    of : the distribution of the life of a unit that arrives alive; positive lifetimes.
    fraction_dead_on_arrival : p, from 0 to below 1. JMP: the zero-inflated distributions; Weibull++: 1 - PNZ.

    References
    ----------
    Aitchison (1955), On the distribution of a positive random variable having a discrete probability mass at the origin, Journal of the
    American Statistical Association 50.
    """

    of: Part
    fraction_dead_on_arrival: Share

    has_mass_at_start: ClassVar[bool] = True

    def probability_at_start(self):
        return jnp.asarray(self.fraction_dead_on_arrival)

    def _log_share_alive(self):
        return jnp.log1p(-self.fraction_dead_on_arrival)

    def log_survival(self, time):
        return self._log_share_alive() + self.of.log_survival(time)

    def log_density(self, time):
        return self._log_share_alive() + self.of.log_density(time)

    def density(self, time):
        return (1.0 - self.fraction_dead_on_arrival) * self.of.density(time)

    def log_hazard(self, time):
        return self.of.log_hazard(time)

    def hazard(self, time):
        return self.of.hazard(time)

    def log_survival_from(self, time, log_time):
        return self._log_share_alive() + self.of.log_survival_from(time, log_time)

    def log_density_from(self, time, log_time):
        return self._log_share_alive() + self.of.log_density_from(time, log_time)

    def cumulative_hazard_between(self, start, length):
        return self.of.cumulative_hazard_between(start, length)

    def duration_after(self, start, cumulative_hazard):
        return self.of.duration_after(start, cumulative_hazard)

    def age_at(self, cumulative_hazard):
        left = cumulative_hazard + self._log_share_alive()
        alive = left > 0
        return jnp.where(alive, self.of.age_at(jnp.where(alive, left, 1.0)), 0.0)

    def mean_after(self, start):
        return self.of.mean_after(start)

    def restricted_mean_after(self, start, horizon):
        return self.of.restricted_mean_after(start, horizon)

    def mean(self):
        return (1.0 - self.fraction_dead_on_arrival) * self.of.mean()

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"fraction_dead_on_arrival": 0.1}
