"""The generalised gamma distribution."""

from __future__ import annotations

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import BEGINS_AT_FIRST, ENDS_AT_LAST, INFINITY, MINUS_INFINITY, ZERO, Edges, Limit, Tail, narrows, widens
from survjax.distributions.smooth_hazard import duration_to, hazard_over
from survjax.numerics.incomplete_gamma import log_mean_power, log_standard_density, log_tails, mean_growth, standard_quantile
from survjax.parameters import LogTime, Positive, Real


class GeneralizedGamma(Distribution):
    r"""A family in which the Weibull, the gamma and the lognormal lie, to choose between them or to leave it open.

    .. math:: \log T = \mu + \sigma W, \qquad f_W(w) = C(q)\,\exp\{-(e^{qw} - 1 - qw)/q^2\}

    so that :math:`q^{-2} e^{qW}` has the gamma distribution of shape :math:`q^{-2}` for :math:`q \ne 0`, and W is standard
    normal for q = 0, through which everything is smooth. q = 1 is the Weibull of shape :math:`1/\sigma` and scale
    :math:`e^\mu`, :math:`q = \sigma` the gamma, q = 0 the lognormal, q = -1 the Frechet. The mean is infinite for
    :math:`q\sigma \le -1`.

    Parameters
    ----------
    location : mu, any number, the logarithm of a time. flexsurv ``mu``.
    scale : sigma > 0, dimensionless. flexsurv ``sigma``.
    q : any number, dimensionless; to the accuracy of ``survjax.numerics.incomplete_gamma`` as far as 15. flexsurv ``Q``, lifelines
        ``lambda_``.

    References
    ----------
    Prentice (1974), A log gamma model and its maximum likelihood estimation, Biometrika 61.
    """

    location: LogTime
    scale: Positive
    q: Real

    edges = Edges(
        (
            narrows(scale=ZERO),
            widens(scale=INFINITY),
            Limit({"q": INFINITY}, ENDS_AT_LAST, "Give q (1 is the Weibull, 0 the lognormal), or more data."),
            Limit({"q": MINUS_INFINITY}, BEGINS_AT_FIRST, "Give q (1 is the Weibull, 0 the lognormal), or more data."),
        ),
        place="location",
        early=Tail(("location",), ("scale", "q")),
        late=Tail(("location",), ("scale", "q")),
    )

    def _standard(self, log_time):
        return (log_time - self.location) / self.scale

    def _log_inside(self, inside, time):
        """log time, and the location in place of times outside the support, so that derivatives stay finite there."""
        return jnp.where(inside, jnp.log(jnp.where(inside, time, 1.0)), self.location)

    def log_survival(self, time):
        inside = (time > 0) & (time < jnp.inf)
        value = self.log_survival_from(time, self._log_inside(inside, time))
        return jnp.where(inside, value, jnp.where(time > 0, -jnp.inf, 0.0))

    def log_density(self, time):
        positive = time > 0
        return jnp.where(positive, self.log_density_from(time, self._log_inside(positive, time)), self._log_density_at_birth())

    def _log_density_at_birth(self):
        # the density starts as t to the power 1 / (q sigma) - 1 for q > 0, and flat for q <= 0
        power = self.q * self.scale
        weibull_like = power == 1.0
        q = jnp.where(weibull_like, self.q, 1.0)
        value = log_standard_density(q, jnp.zeros_like(q)) + q**-2.0 - jnp.log(self.scale) - self.location
        return jnp.where(weibull_like, value, jnp.where(power < 1.0, -jnp.inf, jnp.inf))

    def log_hazard(self, time):
        return self.log_density(time) - self.log_survival(time)

    def log_survival_from(self, time, log_time):
        return log_tails(self.q, self._standard(log_time))[1]

    def log_density_from(self, time, log_time):
        return log_standard_density(self.q, self._standard(log_time)) - jnp.log(self.scale) - log_time

    def cumulative_hazard_between(self, start, length):
        return hazard_over(self, start, length, jnp.exp(self.location))

    def duration_after(self, start, cumulative_hazard):
        return duration_to(self, start, cumulative_hazard, self.age_at, jnp.exp(self.location))

    def age_at(self, cumulative_hazard):
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        age = jnp.exp(self.location + self.scale * standard_quantile(self.q, jnp.where(inside, cumulative_hazard, 1.0)))
        return jnp.where(inside, age, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def mean_after(self, start):
        aged = start > 0
        log_start = self._log_inside(aged, start)
        growth = mean_growth(self.q, self.scale, self._standard(log_start))
        at_birth = jnp.exp(self.location + log_mean_power(self.q, self.scale))
        return jnp.where(aged, jnp.exp(log_start) * growth, at_birth)

    def mean_is_finite(self) -> bool:
        return bool(self.q * self.scale > -1.0)

    def start(self, centre: float, spread: float) -> dict[str, float]:
        # between the lognormal and the Weibull, where W has mean about -q / 2 and deviation about 1
        return {"location": centre + 0.25 * spread, "scale": spread, "q": 0.5}
