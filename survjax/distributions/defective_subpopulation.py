"""A population of which only a part can fail."""

from __future__ import annotations

from functools import partial

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import Edges, Limit
from survjax.distributions.fields import Part
from survjax.parameters import Probability


class DefectiveSubpopulation(Distribution):
    r"""Units of which a fraction carries a defect and fails in time; the others never do (limited failure population).

    .. math:: S(t) = 1 - \pi + \pi\,S_d(t), \qquad f(t) = \pi f_d(t)

    The mean life is infinite; the restricted mean, and the probability of ever failing, are not.

    Parameters
    ----------
    of : the distribution of the life of a defective unit.
    fraction_failing : pi, from 0 to 1: the share of units that can fail. Weibull++ and JMP: defective subpopulation, p.

    References
    ----------
    Meeker (1987), Limited Failure Population Life Tests, Technometrics 29.
    """

    of: Part
    fraction_failing: Probability

    @property
    def start_of_support(self) -> float:  # type: ignore[override]
        return self.of.start_of_support

    edges = Edges(
        (Limit({"fraction_failing": 1.0}, "every unit can fail", "Leave DefectiveSubpopulation out there."),),
        untold_if_truncated=("fraction_failing",),
    )

    def log_survival(self, time):
        return jnp.log1p(self.fraction_failing * jnp.expm1(self.of.log_survival(time)))

    def log_density(self, time):
        return jnp.log(self.fraction_failing) + self.of.log_density(time)

    def log_hazard(self, time):
        return self.log_density(time) - self.log_survival(time)

    def log_survival_from(self, time, log_time):
        return jnp.log1p(self.fraction_failing * jnp.expm1(self.of.log_survival_from(time, log_time)))

    def log_density_from(self, time, log_time):
        return jnp.log(self.fraction_failing) + self.of.log_density_from(time, log_time)

    def probability_of_ever_failing(self, age):
        """P(T < infinity | T > age): what is left of the defective units among all that are left."""
        left = self.fraction_failing * jnp.exp(self.of.log_survival(age))
        return left / (left + (1.0 - self.fraction_failing))

    def cumulative_hazard_between(self, start, length):
        failing = -jnp.expm1(-self.of.cumulative_hazard_between(start, length))
        return -jnp.log1p(-self.probability_of_ever_failing(start) * failing)

    def duration_after(self, start, cumulative_hazard):
        return self._where_reached(cumulative_hazard, self.probability_of_ever_failing(start), partial(self.of.duration_after, start))

    def age_at(self, cumulative_hazard):
        return self._where_reached(cumulative_hazard, self.fraction_failing, self.of.age_at)

    def _where_reached(self, cumulative_hazard, ever, time_at):
        # among the defective units still alive the share that has failed by then must be this
        share = -jnp.expm1(-cumulative_hazard) / ever
        reached = share < 1.0
        return jnp.where(reached, time_at(-jnp.log1p(-jnp.where(reached, share, 0.5))), jnp.inf)

    def mean(self):
        return jnp.where(self.fraction_failing < 1.0, jnp.inf, self.of.mean())

    def mean_after(self, start):
        return jnp.where(self.fraction_failing < 1.0, jnp.inf, self.of.mean_after(start))

    def restricted_mean_after(self, start, horizon):
        ever = self.probability_of_ever_failing(start)
        return ever * self.of.restricted_mean_after(start, horizon) + (1.0 - ever) * horizon

    def mean_is_finite(self) -> bool:
        return bool(self.fraction_failing == 1.0) and self.of.mean_is_finite()

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"fraction_failing": 0.5}

    def mean_if_failing_after(self, start):
        """The expected remaining life at age ``start`` of a unit that will fail."""
        return self.of.mean_after(start)
