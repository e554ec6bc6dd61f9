"""The lifetime of a unit whose hazard is one of many, each constant within periods."""

from __future__ import annotations

from typing import Annotated, Any

import jax
import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import Age, ConstantKind
from survjax.numerics.roots import solve_increasing

Rates = Annotated[Any, ConstantKind(time_power=-1)]


class MixedHazard(Distribution):
    r"""A mixture, in equal parts, of lives whose hazards are constant within the same periods.

    .. math:: S(t) = \frac1R \sum_r e^{-\Lambda_r(t)}, \qquad \Lambda_r(t) = \sum_k \lambda_{rk}\,|(b_{k-1}, b_k] \cap (0, t]|

    Beyond the last period the hazards stay what they are in it. All R and all periods at once: what it compiles to does not grow with
    their number, as it would for a ``Mixture`` of ``PiecewiseExponential``.

    Parameters
    ----------
    ends : (k,) ages at which the periods end. rates : (R, k) lambda, failures per unit of time.
    """

    ends: Age
    rates: Rates

    def _lengths(self, start: Any, horizon: Any) -> Any:
        """How much of each period (k,) lies between ``start`` and ``horizon`` after it; of the last without end."""
        begins = jnp.append(jnp.zeros_like(self.ends[0]), self.ends[:-1])
        ends = jnp.append(self.ends[:-1], jnp.full_like(self.ends[0], jnp.inf))
        return jnp.maximum(jnp.minimum(ends - start, horizon) - jnp.maximum(begins - start, 0.0), 0.0)

    def _collected(self, start: Any, length: Any) -> Any:
        return self.rates @ self._lengths(start, length)

    def weights_after(self, start: Any) -> Any:
        """The share (R,) of each among units that have survived to ``start``."""
        return jax.nn.softmax(-self._collected(jnp.zeros_like(start), start))

    def log_survival(self, time: Any) -> Any:
        return -self.cumulative_hazard_between(jnp.zeros_like(time), time)

    def cumulative_hazard_between(self, start: Any, length: Any) -> Any:
        endless = length == jnp.inf
        collected = self._collected(start, jnp.where(endless, 1.0, length))
        weights = self.weights_after(start)
        failed = weights @ -jnp.expm1(-collected)
        early = failed < 0.5  # while few have failed, what survives is too near 1 to tell a small hazard by
        late = -jax.nn.logsumexp(-collected, b=weights)
        return jnp.where(endless, jnp.inf, jnp.where(early, -jnp.log1p(-jnp.where(early, failed, 0.0)), late))

    def log_hazard(self, time: Any) -> Any:
        period = jnp.sum(time >= self.ends[:-1])
        return jnp.log(self.weights_after(time) @ jnp.take(self.rates, period, axis=1))

    def duration_after(self, start: Any, cumulative_hazard: Any) -> Any:
        # a quantile of the mixture lies between the same quantiles of its parts
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        target = jnp.where(inside, cumulative_hazard, 1.0)
        lengths = self._lengths(start, jnp.inf)
        finite = jnp.append(lengths[:-1], jnp.zeros_like(lengths[:1]))
        collected = self.rates * finite
        before = jnp.cumsum(collected, axis=1) - collected
        taken = jnp.clip((target - before) / self.rates, 0.0, lengths).sum(axis=1)
        solution = solve_increasing(lambda length: self.cumulative_hazard_between(start, length), target, taken.min(), taken.max())
        return jnp.where(inside, solution, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def restricted_mean_after(self, start: Any, horizon: Any) -> Any:
        lengths = self._lengths(start, horizon)
        endless = lengths == jnp.inf
        finite = jnp.where(endless, 0.0, lengths)
        collected = self.rates * finite
        before = jnp.cumsum(collected, axis=1) - collected
        within = jnp.where(endless, 1.0, -jnp.expm1(-collected)) / self.rates
        return self.weights_after(start) @ (jnp.exp(-before) * within).sum(axis=1)
