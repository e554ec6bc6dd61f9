"""The flexible parametric distribution of Royston and Parmar."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, MINUS_INFINITY, Edges, Limit, Tail, narrows
from survjax.distributions.fields import Age
from survjax.distributions.piecewise_exponential import check_ages
from survjax.errors import NoFiniteMaximum
from survjax.numerics.special import growing
from survjax.parameters import Reals

# where every unit is truncated on the right: in its window the density is h(t) / H(end) then, whatever the level of the hazard
OUT_OF_SIGHT = Limit(
    {"gamma_0": MINUS_INFINITY},
    "a law of which all but the earliest lives lie beyond every age seen, and nothing says how many failures are still to come",
    "Give a simpler distribution with a known scale, or add the units that still run.",
)


class RoystonParmar(Distribution):
    r"""A Weibull that is bent: its log cumulative hazard is a natural cubic spline of log time instead of a straight line.

    .. math:: \log H(t) = \gamma_0 + \gamma_1 (x - x_0) + \sum_{j=1}^{m} \gamma_{j+1} v_j(x), \qquad x = \log t

    .. math:: v_j(x) = (x - x_j)_+^3 - \lambda_j (x - x_0)_+^3 - (1 - \lambda_j)(x - x_{m+1})_+^3,
              \qquad \lambda_j = \frac{x_{m+1} - x_j}{x_{m+1} - x_0}

    with knots at the ages :math:`e^{x_0} < \dots < e^{x_{m+1}}`, beyond which it is straight. Without inner knots it is the
    Weibull. Nothing forces a spline to rise: where it falls it is no distribution, and the density there is 0.

    Parameters
    ----------
    n_knots : m >= 0, how many inner knots there are. flexsurvspline ``k``.
    gamma : (m + 2,) real numbers. As flexsurv's with ``scale="hazard"``, but that gamma_0 is the logarithm of the cumulative
        hazard at the first knot, where flexsurv's is at log time 0: theirs is ``gamma_0 - gamma_1 * log(knots[0])``. So only
        the knots know the unit of time.
    knots : (m + 2,) rising positive ages, in the unit of time, never learned. None: a fit places them, the outer ones at the
        first and the last failure, the inner ones at quantiles of log failure time between (``with_knots``).

    References
    ----------
    Royston & Parmar (2002), Flexible parametric proportional-hazards and proportional-odds models for censored survival data,
    Statistics in Medicine 21, section 2.
    """

    n_knots: int
    gamma: Reals
    knots: Age = None

    edges = Edges(
        (narrows(gamma_1=INFINITY), narrows(gamma_0=MINUS_INFINITY, gamma_1=INFINITY), OUT_OF_SIGHT),
        early=Tail(("gamma_0",), ("gamma_1",)),
        late=Tail(("gamma_0", "gamma_1")),
    )

    def __post_init__(self):
        if isinstance(self.knots, (list, tuple)):
            object.__setattr__(self, "knots", np.asarray(self.knots, float))
        if self.gamma is None:
            object.__setattr__(self, "gamma", (None,) * (self.n_knots + 2))
        elif not isinstance(self.gamma, tuple):
            object.__setattr__(self, "gamma", tuple(self.gamma))

    def check(self):
        if isinstance(self.n_knots, bool) or not hasattr(self.n_knots, "__index__") or self.n_knots < 0:
            raise ValueError(f"n_knots of RoystonParmar must be a whole number of inner knots, 0 or more; got {self.n_knots!r}.")
        size = self.n_knots + 2
        if self.knots is not None:
            check_ages(self.knots, "knots", "RoystonParmar")
        for name, given in (("gamma", self.gamma), ("knots", self.knots)):
            if given is not None and len(given) != size:
                raise ValueError(f"{name} of RoystonParmar has {size} entries for {self.n_knots} inner knots; {len(given)} were given.")

    def with_knots(self, log_failure_times) -> RoystonParmar:
        """The same with knots at evenly spaced quantiles of the distinct log failure times, unless it has knots already.

        Raises
        ------
        NoFiniteMaximum : there are fewer distinct failure times than knots.
        """
        if self.knots is not None:
            return self
        distinct = np.unique(log_failure_times)
        if len(distinct) < self.n_knots + 2:
            raise NoFiniteMaximum(
                f"{self.n_knots} inner knots need at least {self.n_knots + 2} distinct failure times; there are {len(distinct)}. "
                "Use fewer knots."
            )
        return RoystonParmar(self.n_knots, self.gamma, np.exp(np.quantile(distinct, np.linspace(0.0, 1.0, self.n_knots + 2))))

    def _spline(self, log_time):
        """log H and its slope in log time."""
        x = [jnp.log(knot) for knot in self.knots]
        first, last = jnp.maximum(log_time - x[0], 0.0), jnp.maximum(log_time - x[-1], 0.0)
        value, slope = self.gamma[0] + self.gamma[1] * (log_time - x[0]), self.gamma[1] + 0.0 * log_time
        for coefficient, knot in zip(self.gamma[2:], x[1:-1], strict=True):
            share, beyond = (x[-1] - knot) / (x[-1] - x[0]), jnp.maximum(log_time - knot, 0.0)
            value = value + coefficient * (beyond**3 - share * first**3 - (1.0 - share) * last**3)
            slope = slope + 3.0 * coefficient * (beyond**2 - share * first**2 - (1.0 - share) * last**2)
        return value, slope

    def _rise(self, log_time, step):
        """log H(time exp(step)) - log H(time), at full relative accuracy for a short step."""
        x = [jnp.log(knot) for knot in self.knots]

        def cubed(knot):
            before = jnp.maximum(log_time - knot, 0.0)
            more = jnp.where(log_time > knot, step, jnp.maximum(log_time + step - knot, 0.0))
            return more * (3.0 * before * (before + more) + more**2)

        rise = self.gamma[1] * step
        for coefficient, knot in zip(self.gamma[2:], x[1:-1], strict=True):
            share = (x[-1] - knot) / (x[-1] - x[0])
            rise = rise + coefficient * (cubed(knot) - share * cubed(x[0]) - (1.0 - share) * cubed(x[-1]))
        return rise

    def _log_inside(self, inside, time):
        """log time, and the first knot in place of times outside the support, so that derivatives stay finite there."""
        return jnp.log(jnp.where(inside, time, self.knots[0]))

    def log_survival(self, time):
        inside = (time > 0) & (time < jnp.inf)
        value = self.log_survival_from(time, self._log_inside(inside, time))
        return jnp.where(inside, value, jnp.where(time > 0, -jnp.inf, 0.0))

    def log_hazard(self, time):
        positive = time > 0
        log_time = self._log_inside(positive, time)
        value, slope = self._spline(log_time)
        rises = slope > 0
        log_hazard = jnp.where(rises, value + jnp.log(jnp.where(rises, slope, 1.0)) - log_time, -jnp.inf)
        steep = jnp.where(self.gamma[1] > 1.0, -jnp.inf, jnp.inf)
        return jnp.where(positive, log_hazard, jnp.where(self.gamma[1] == 1.0, self.gamma[0] - jnp.log(self.knots[0]), steep))

    def log_survival_from(self, time, log_time):
        return -growing(self._spline(log_time)[0])

    def log_density_from(self, time, log_time):
        value, slope = self._spline(log_time)
        rises = slope > 0
        return jnp.where(rises, value + jnp.log(jnp.where(rises, slope, 1.0)) - log_time - growing(value), -jnp.inf)

    def cumulative_hazard_between(self, start, length):
        near = (start > 0) & (length <= start)
        log_start = self._log_inside(near, start)
        step = jnp.log1p(jnp.where(near, length / jnp.where(near, start, 1.0), 0.0))
        growth = jnp.exp(self._spline(log_start)[0]) * jnp.expm1(self._rise(log_start, step))
        return jnp.where(near, growth, self.log_survival(start) - self.log_survival(start + length))

    def with_hazard_times(self, log_factor) -> RoystonParmar:
        return dataclasses.replace(self, gamma=(self.gamma[0] + log_factor, *self.gamma[1:]))

    def start(self, centre: float, spread: float) -> dict[str, Any]:
        # the Weibull with these moments
        shape = math.pi / math.sqrt(6.0) / spread
        log_scale = centre + 0.5772156649015329 / shape
        return {"gamma": (shape * (math.log(float(self.knots[0])) - log_scale), shape, *(0.0 for _ in range(self.n_knots)))}
