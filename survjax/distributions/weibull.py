"""The Weibull distribution."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax.scipy.special import gammaln, xlogy

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, location_scale
from survjax.distributions.papers import WEIBULL
from survjax.numerics.special import growing, hazard_times_survival, log_ratio, log_scaled_upper_gamma, power_of_ratio
from survjax.parameters import Duration, Positive


class Weibull(Distribution):
    r"""Lifetimes whose hazard is a power of age.

    .. math:: S(t) = \exp\{-(t/\eta)^{k}\}, \qquad h(t) = (k/\eta)\,(t/\eta)^{k-1}

    The hazard rises with age for :math:`k > 1` (wear-out), falls for :math:`k < 1` (infant mortality) and is constant
    for :math:`k = 1` (the exponential).

    Parameters
    ----------
    shape : k > 0, dimensionless. R ``shape``, lifelines ``rho_``, reliability ``beta``, Weibull++ beta.
    scale : eta > 0, in the unit of time: the age by which 63.2 % have failed. R ``scale``, lifelines ``lambda_``,
        reliability ``alpha``, Weibull++ eta.

    References
    ----------
    Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 4.
    """

    paper = WEIBULL

    shape: Positive
    scale: Duration

    edges = location_scale("shape", INFINITY, place="scale", on_log_age=True, exponential=("early",))

    def log_survival(self, time):
        return -power_of_ratio(time, self.scale, self.shape)

    def log_hazard(self, time):
        # xlogy, so that the exponential (shape 1) keeps its finite hazard at age 0
        return jnp.log(self.shape / self.scale) + xlogy(self.shape - 1.0, time / self.scale)

    def hazard(self, time):
        # at age 0 the logarithm is infinite and its derivatives with it; those of the power are not
        power = self.shape - 1.0
        rises = power_of_ratio(time, self.scale, jnp.where(power > 0.0, power, 1.0))
        aged = time > 0
        ratio = jnp.where(aged, time, self.scale) / self.scale
        falls = jnp.where(aged | (power >= 0.0), ratio ** jnp.where(power > 0.0, 0.0, power), jnp.inf)
        beyond = (power > 0.0) & (rises == jnp.inf)
        return jnp.where(beyond, jnp.inf, self.shape / self.scale * jnp.where(power > 0.0, jnp.where(beyond, 1.0, rises), falls))

    def density(self, time):
        return hazard_times_survival(self.hazard(time), self.survival(time))

    def log_survival_from(self, time, log_time):
        return -growing(self.shape * (log_time - jnp.log(self.scale)))

    def log_density_from(self, time, log_time):
        exponent = self.shape * (log_time - jnp.log(self.scale))
        return jnp.log(self.shape) - log_time + exponent - growing(exponent)

    def log_hazard_from(self, time, log_time):
        return jnp.log(self.shape) - log_time + self.shape * (log_time - jnp.log(self.scale))

    def cumulative_hazard_between(self, start, length):
        # At age 60 a remaining life of 1e-10 is lost in 60 + 1e-10: the difference is taken as a ratio instead. Each branch
        # gets harmless arguments where the other one is taken: what overflows there would make the gradient nan.
        before = power_of_ratio(start, self.scale, self.shape)
        gone = before == jnp.inf
        collected = jnp.where(gone, 0.0, before)
        looks = (start > 0) & (length <= start)
        rise = self.shape * jnp.log1p(jnp.where(looks, length, 0.0) / jnp.where(looks, start, self.scale))
        near = looks & (rise < 1.0)
        far = power_of_ratio(jnp.where(near, self.scale, start + length), self.scale, self.shape) - collected
        return jnp.where(gone & (length > 0), jnp.inf, jnp.where(near, collected * jnp.expm1(jnp.where(near, rise, 0.0)), far))

    def duration_after(self, start, cumulative_hazard):
        collected = power_of_ratio(start, self.scale, self.shape)
        short = (collected > 0) & (cumulative_hazard < collected)
        safe = jnp.where(short, collected, 1.0)
        near = start * jnp.expm1(jnp.log1p(jnp.where(short, cumulative_hazard, 0.0) / safe) / self.shape)
        total = jnp.where(short, 1.0, collected + cumulative_hazard)
        positive = total > 0
        far = self.scale * jnp.exp(jnp.log(jnp.where(positive, total, 1.0)) / self.shape) - start
        return jnp.where(short, near, jnp.where(positive, far, 0.0))

    def mean_after(self, start):
        r""":math:`(\eta/k)\,e^{x}\,\Gamma(1/k, x)` with :math:`x = (start/\eta)^k`."""
        aged = start > 0
        log_x = self.shape * log_ratio(jnp.where(aged, start, self.scale), self.scale)
        log_mean = log_scaled_upper_gamma(1.0 / self.shape, log_x) + jnp.log(self.scale / self.shape)
        whole_life = jnp.exp(gammaln(1.0 + 1.0 / self.shape)) * self.scale
        origin = jnp.where(aged, 0.0, start)
        # (the mean of a whole life - a) / S(a) is right to first order at birth, so that its derivative is
        at_birth = (whole_life - origin) * jnp.exp(power_of_ratio(origin, self.scale, self.shape))
        return jnp.where(aged, jnp.exp(log_mean), at_birth)

    def age_power(self) -> float | None:
        return None if self.shape is None or self.scale is not None else float(self.shape)

    def with_hazard_times(self, log_factor) -> Weibull:
        return Weibull(self.shape, self.scale * jnp.exp(-log_factor / self.shape))

    def start(self, centre: float, spread: float) -> dict[str, float]:
        # log time has standard deviation pi / (sqrt(6) shape) and mean log(scale) - gamma / shape
        shape = math.pi / math.sqrt(6.0) / spread
        return {"shape": shape, "scale": math.exp(centre + 0.5772156649015329 / shape)}

    @classmethod
    def from_line(cls, location: float, scale: float) -> Weibull:
        return cls(shape=1.0 / scale, scale=math.exp(location))
