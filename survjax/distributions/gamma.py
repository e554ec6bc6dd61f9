"""The gamma distribution."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax.scipy.special import gammaln, xlogy

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, TOO_FAR, ZERO, Edges, Tail, narrows, widens
from survjax.distributions.smooth_hazard import duration_to, hazard_over
from survjax.numerics.incomplete_gamma import log_standard_density, log_tails, mean_growth, standard_quantile
from survjax.parameters import Duration, Positive


class Gamma(Distribution):
    r"""Lifetimes that are a sum of exponential stages, as when a unit fails at the k-th shock.

    .. math:: f(t) = \frac{(t/\theta)^{k-1}\,e^{-t/\theta}}{\theta\,\Gamma(k)}, \qquad S(t) = Q(k, t/\theta)

    with Q the regularised upper incomplete gamma function. The hazard rises with age for :math:`k > 1`, falls for
    :math:`k < 1`, and tends to :math:`1/\theta`.

    Parameters
    ----------
    shape : k > 0, dimensionless; from 0.0045 on to the accuracy of ``survjax.numerics.incomplete_gamma``. R ``shape``, reliability
        ``beta``.
    scale : theta > 0, in the unit of time: the mean life is k theta. R ``1 / rate``, reliability ``alpha``.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 5.
    """

    shape: Positive
    scale: Duration

    edges = Edges((narrows(shape=INFINITY), widens(shape=ZERO), TOO_FAR), early=Tail(("scale",), ("shape",)))

    def _standard(self, log_time):
        """The q and w of ``survjax.numerics.incomplete_gamma``."""
        root = jnp.sqrt(self.shape)
        return 1.0 / root, root * (log_time - jnp.log(self.scale * self.shape))

    def _log_inside(self, inside, time):
        """log time, and that of the mean in place of times outside the support, so that derivatives stay finite there."""
        return jnp.log(jnp.where(inside, time, self.scale * self.shape))

    def log_survival(self, time):
        inside = (time > 0) & (time < jnp.inf)
        value = log_tails(*self._standard(self._log_inside(inside, time)))[1]
        return jnp.where(inside, value, jnp.where(time > 0, -jnp.inf, 0.0))

    def log_density(self, time):
        positive = time > 0
        value = self.log_density_from(time, self._log_inside(positive, time))
        at_birth = xlogy(self.shape - 1.0, jnp.where(positive, 1.0, 0.0)) - gammaln(self.shape) - jnp.log(self.scale)
        return jnp.where(positive, value, at_birth)

    def log_hazard(self, time):
        return self.log_density(time) - self.log_survival(time)

    def log_survival_from(self, time, log_time):
        return log_tails(*self._standard(log_time))[1]

    def log_density_from(self, time, log_time):
        return log_standard_density(*self._standard(log_time)) + 0.5 * jnp.log(self.shape) - log_time

    def cumulative_hazard_between(self, start, length):
        return hazard_over(self, start, length, self.scale * self.shape)

    def duration_after(self, start, cumulative_hazard):
        return duration_to(self, start, cumulative_hazard, self.age_at, self.scale * self.shape)

    def age_at(self, cumulative_hazard):
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        q = 1.0 / jnp.sqrt(self.shape)
        age = self.scale * self.shape * jnp.exp(standard_quantile(q, jnp.where(inside, cumulative_hazard, 1.0)) * q)
        return jnp.where(inside, age, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def mean_after(self, start):
        aged = start > 0
        age = jnp.where(aged, start, self.scale * self.shape)
        q, w = self._standard(jnp.log(age))
        return jnp.where(aged, age * mean_growth(q, q, w), self.scale * self.shape)

    def start(self, centre: float, spread: float) -> dict[str, float]:
        # log time has variance trigamma(k), about 1/k + 1/(2 k^2), and mean log(scale) + digamma(k), about log(k + 1/2) - 1/k
        shape = (1.0 + math.sqrt(1.0 + 2.0 * spread**2)) / (2.0 * spread**2)
        return {"shape": shape, "scale": math.exp(centre - math.log(shape + 0.5) + 1.0 / shape)}
