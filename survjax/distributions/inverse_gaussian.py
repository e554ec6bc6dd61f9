"""The inverse Gaussian distribution."""

from __future__ import annotations

import math

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, ZERO, Edges, Limit, narrows
from survjax.distributions.smooth_hazard import age_from_birth, duration_to, hazard_over
from survjax.numerics.normal_tail import log_density, log_mills_ratio, log_upper, mills_ratio_slope, upper_quantile
from survjax.numerics.quadrature import integral
from survjax.numerics.roots import solve_increasing
from survjax.numerics.special import between_birth_and_end
from survjax.parameters import Duration

WIDEST = 2.0  # standard deviation of log time that a start allows for


class InverseGaussian(Distribution):
    r"""Lifetimes as first passages: wear that drifts upwards with random steps reaches its limit.

    .. math:: S(t) = \varphi(z)\,\{R(z) - R(z')\}, \qquad z, z' = \sqrt{\lambda/t}\,(t/\mu \mp 1)

    with R Mills' ratio of the normal distribution. The hazard rises from 0 to a maximum and falls to lambda / (2 mu²).

    Parameters
    ----------
    mean_life : mu > 0, in the unit of time: the mean life. R statmod invgauss ``mean``, scipy invgauss ``mu`` × ``scale``.
    shape : lambda > 0, in the unit of time; the variance is mu³ / lambda. R statmod ``shape``, scipy ``scale``.

    References
    ----------
    Chhikara & Folks (1989), The Inverse Gaussian Distribution.
    """

    mean_life: Duration
    shape: Duration

    edges = Edges(
        (
            narrows(shape=INFINITY),
            Limit({"mean_life": INFINITY}, "a first passage without drift, whose mean is infinite", "Use LogNormal(), or give mean_life."),
            Limit({"mean_life": ZERO, "shape": ZERO}, "a tail of age to the power -3/2 that fades", "Use Weibull() or Gamma()."),
        ),
        place="mean_life",
    )

    def log_survival(self, time):
        return between_birth_and_end(lambda t: self.log_survival_from(t, jnp.log(t)), time, self.mean_life, 0.0, -jnp.inf)

    def log_hazard(self, time):
        def inside(t):
            log_time = jnp.log(t)
            z, step = self._scores(log_time)
            old = z > 0
            near_z, near_step = jnp.where(old, z, 1.0), jnp.where(old, step, 1.0)
            young = log_density(z) - self._log_survival(jnp.where(old, -1.0, z), jnp.where(old, 2.0, step))
            return jnp.where(old, -jnp.log(mills_ratio_drop(near_z, near_step)), young) + jnp.log(0.5 * step) - log_time

        at_end = jnp.log(0.5 * self.shape) - 2.0 * jnp.log(self.mean_life)
        return between_birth_and_end(inside, time, self.mean_life, -jnp.inf, at_end)

    def log_survival_from(self, time, log_time):
        return self._log_survival(*self._scores(log_time))

    def log_density_from(self, time, log_time):
        z, step = self._scores(log_time)
        return log_density(z) + jnp.log(0.5 * step) - log_time

    def cumulative_hazard_between(self, start, length):
        return hazard_over(self, start, length, self.mean_life)

    def duration_after(self, start, cumulative_hazard):
        return duration_to(self, start, cumulative_hazard, self._age_at, self.mean_life)

    def age_at(self, cumulative_hazard):
        return age_from_birth(self._age_at, cumulative_hazard)

    def mean_after(self, start):
        r""":math:`\mu\,\{P(Z > z) + \varphi(z) R(z')\} / S - a`, the first moment beyond a over what survives."""
        aged = start > 0
        age = jnp.where(aged, start, self.mean_life)
        z, step = self._scores(jnp.log(age))
        old = z > 0
        near_z, near_step = jnp.where(old, z, 1.0), jnp.where(old, step, 1.0)
        both = jnp.exp(log_mills_ratio(near_z)) + jnp.exp(log_mills_ratio(near_z + near_step))
        drop = mills_ratio_drop(near_z, near_step)
        far_z, far_step = jnp.where(old, -1.0, z), jnp.where(old, 2.0, step)
        beyond = jnp.exp(log_upper(far_z)) + jnp.exp(log_density(far_z) + log_mills_ratio(far_z + far_step))
        young = self.mean_life * beyond * jnp.exp(-self._log_survival(far_z, far_step))
        return jnp.where(aged, jnp.where(old, self.mean_life * both / drop, young) - age, self.mean_life)

    def start(self, centre: float, spread: float) -> dict[str, float]:
        variance = min(spread, WIDEST) ** 2  # as if lognormal
        mean_life = math.exp(centre + 0.5 * variance)
        return {"mean_life": mean_life, "shape": mean_life / math.expm1(variance)}

    def _scores(self, log_time):
        """z, and z' - z."""
        log_step = 0.5 * (jnp.log(self.shape) - log_time)
        return jnp.exp(log_step + log_time - jnp.log(self.mean_life)) - jnp.exp(log_step), 2.0 * jnp.exp(log_step)

    def _log_survival(self, z, step):
        old = z > 0
        near_z, near_step = jnp.where(old, z, 1.0), jnp.where(old, step, 1.0)
        far_z, far_step = jnp.where(old, -1.0, z), jnp.where(old, 2.0, step)
        # below 0 one minus what has failed, in which nothing cancels
        log_failed = log_density(far_z) + jnp.logaddexp(log_mills_ratio(-far_z), log_mills_ratio(far_z + far_step))
        return jnp.where(old, log_density(z) + jnp.log(mills_ratio_drop(near_z, near_step)), jnp.log1p(-jnp.exp(log_failed)))

    def _age_at(self, cumulative_hazard):
        # P(Z > z) exceeds survival, and P(Z < z) is more than half of what has failed: z lies between two normal quantiles
        log_half_failed = jnp.log(-jnp.expm1(-cumulative_hazard)) - math.log(2.0)
        lowest, highest = -upper_quantile(-log_half_failed), upper_quantile(cumulative_hazard)
        lower, upper = (self._age_at_score(z) for z in (lowest, highest))
        return solve_increasing(lambda t: -self.log_survival(t), cumulative_hazard, lower, upper)

    def _age_at_score(self, z):
        # sqrt(t) is the positive root of lambda / mu t - sqrt(lambda) z sqrt(t) - lambda = 0, each sign without cancellation
        ratio = self.shape / self.mean_life
        root = jnp.sqrt(z * z + 4.0 * ratio)
        up = z > 0
        root_of_time = jnp.where(up, (jnp.where(up, z, 0.0) + root) / (2.0 * ratio), 2.0 / (root - jnp.where(up, 0.0, z)))
        return self.shape * root_of_time**2


def mills_ratio_drop(z, step):
    """R(z) - R(z + step) for z >= 0, with the digits of a short step: there the integral of -R'."""
    short = step < 0.2 * (1.0 + z)

    def minus_slope(x):
        return -mills_ratio_slope(x) * jnp.exp(log_mills_ratio(x))

    near = integral(minus_slope, z, jnp.where(short, step, 0.0), n_nodes=6)
    far_step = jnp.where(short, 1.0, step)
    far = -jnp.exp(log_mills_ratio(z)) * jnp.expm1(log_mills_ratio(z + far_step) - log_mills_ratio(z))
    return jnp.where(short, near, far)
