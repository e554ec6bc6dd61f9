"""A life whose hazard is multiplied by what nobody recorded."""

from __future__ import annotations

import math
from typing import Annotated, Any

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import ZERO, Edges, Limit
from survjax.distributions.fields import ConstantKind, Part
from survjax.distributions.frailties import FRAILTIES, Frailty, check_frailty
from survjax.parameters import Variance

Count = Annotated[Any, ConstantKind()]


class UnitFrailty(Distribution):
    r"""Units of which each has its own frailty Z, by which the hazard of the base is multiplied.

    .. math:: S(t) = E\,[\,e^{-Z H_0(t)}\,], \qquad h(t) = E\,[\,Z \mid T > t\,]\;h_0(t)

    A gamma frailty has mean 1 and variance v, so that :math:`S(t) = \{1 + v H_0(t)\}^{-1/v}`; the logarithm of a lognormal one has mean 0
    and variance v. Frail units fail first, and those left are the hardier the older they are: the hazard of the fleet rises less than that
    of any unit. Without repeated failures or covariates the variance is told by the shape of the base alone: another base with another
    variance, or with none, fits as well.

    Parameters
    ----------
    of : the base, a law of positive lifetimes without mass at 0: a unit of frailty 1.
    variance : v, 0 or more; at 0 no unit differs.
    frailty : "gamma" or "lognormal".
    failures, expected : what is known of the frailty besides: so many failures where so many were expected, as of a unit in a group that
        has had them. 0 for a unit of which nothing is known.

    References
    ----------
    Vaupel, Manton & Stallard (1979), The Impact of Heterogeneity in Individual Frailty on the Dynamics of Mortality, Demography 16.
    Hougaard (2000), Analysis of Multivariate Survival Data, chapters 2 and 7.
    """

    of: Part
    variance: Variance
    frailty: str = "gamma"
    failures: Count = 0.0
    expected: Count = 0.0

    edges = Edges((Limit({"variance": ZERO}, "no unit differs", "Leave UnitFrailty out there."),))

    @property
    def _frailty(self) -> Frailty:
        return FRAILTIES[self.frailty]

    def _known(self):
        return self.variance, self.failures, self.expected

    def check(self) -> None:
        check_frailty(self.frailty)

    def _survived(self, cumulative_hazard):
        return -self._frailty.ahead(*self._known(), cumulative_hazard)

    def _log_mean_after(self, cumulative_hazard):
        return self._frailty.log_mean(self.variance, self.failures, self.expected + cumulative_hazard)

    def log_survival(self, time):
        return self._survived(-self.of.log_survival(time))

    def log_hazard(self, time):
        return self.of.log_hazard(time) + self._log_mean_after(-self.of.log_survival(time))

    def hazard(self, time):
        return self.of.hazard(time) * jnp.exp(self._log_mean_after(-self.of.log_survival(time)))

    def log_survival_from(self, time, log_time):
        return self._survived(-self.of.log_survival_from(time, log_time))

    def log_density_from(self, time, log_time):
        # not by the base's density: far out a heavy tail has collected 1e100, beside which its hazard would be lost
        collected = -self.of.log_survival_from(time, log_time)
        return self.of.log_hazard(time) + self._log_mean_after(collected) + self._survived(collected)

    def cumulative_hazard_between(self, start, length):
        more = self.of.cumulative_hazard_between(start, length)
        return self._frailty.ahead(self.variance, self.failures, self.expected - self.of.log_survival(start), more)

    def duration_after(self, start, cumulative_hazard):
        known = self.variance, self.failures, self.expected - self.of.log_survival(start)
        return self.of.duration_after(start, self._frailty.needed(*known, cumulative_hazard))

    def age_at(self, cumulative_hazard):
        return self.of.age_at(self._frailty.needed(*self._known(), cumulative_hazard))

    def mean_is_finite(self) -> bool:
        """Whether it is, as far as two far ages tell: of a base that rises as a power of age a gamma frailty leaves a power of age."""
        variance = float(self.variance)
        if variance == 0.0 or not self.of.mean_is_finite():
            return self.of.mean_is_finite()
        # what the base has collected by two ages that are as far out as there are numbers for
        far = math.log(float(jnp.finfo(jnp.result_type(float)).max)) - abs(math.log(variance))
        first, last = (float(self.of.age_at(math.exp(share * far))) for share in (0.6, 0.8))
        if self.frailty == "lognormal" or not math.isfinite(last):  # survival falls faster than any power of what the base has collected
            return math.isfinite(last)
        # survival falls as its power -1/v, so that age must rise by less than its power 1/v
        return math.log(last / first) < 0.2 * far / variance

    def start(self, centre: float, spread: float) -> dict[str, float]:
        return {"variance": 0.5}
