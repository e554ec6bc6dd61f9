"""A mixture of any number of Weibull distributions, all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import jax
import jax.numpy as jnp

from survjax.distributions import Mixture, Weibull
from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import ConstantKind
from survjax.numerics.roots import solve_increasing

Durations = Annotated[Any, ConstantKind(time_power=1)]
Numbers = Annotated[Any, ConstantKind(time_power=0)]


class WeibullsAtOnce(Distribution):
    r"""What ``Mixture`` says of Weibull distributions, with one rule mapped over all k: it compiles as fast whatever their number.

    Of an ensemble of five networks with two components each the expected remaining life compiled for 12 s as a ``Mixture`` of ten.

    Parameters
    ----------
    shapes, weights : (k,), dimensionless. scales : (k,), in the unit of time.
    """

    shapes: Numbers
    scales: Durations
    weights: Numbers

    def as_mixture(self) -> Mixture:
        """The same law with its components one by one."""
        parts = zip(self.shapes, self.scales, strict=True)
        return Mixture(tuple(Weibull(shape, scale) for shape, scale in parts), tuple(self.weights))

    def _of_each(self, rule: Callable) -> Any:
        return jax.vmap(lambda shape, scale: rule(Weibull(shape, scale)))(self.shapes, self.scales)

    def _combine(self, logs: Any) -> Any:
        return _log_of_sum(logs, self.weights)

    def log_survival(self, time: Any) -> Any:
        return _log_of_rest(self._of_each(lambda part: part.log_survival(time)), self.weights)

    def log_density(self, time: Any) -> Any:
        return self._combine(self._of_each(lambda part: part.log_density(time)))

    def density(self, time: Any) -> Any:
        return self.weights @ self._of_each(lambda part: part.density(time))

    def log_hazard(self, time: Any) -> Any:
        return _log_of_sum(self._of_each(lambda part: part.log_hazard(time)), self.weights_after(time))

    def hazard(self, time: Any) -> Any:
        return self._averaged(time, lambda part: part.hazard(time))

    def log_survival_from(self, time: Any, log_time: Any) -> Any:
        return self._combine(self._of_each(lambda part: part.log_survival_from(time, log_time)))

    def log_density_from(self, time: Any, log_time: Any) -> Any:
        return self._combine(self._of_each(lambda part: part.log_density_from(time, log_time)))

    def weights_after(self, start: Any) -> Any:
        """The weights (k,) among units that have survived to ``start``."""
        logs = jnp.where(self.weights > 0, self._of_each(lambda part: part.log_survival(start)), -jnp.inf)
        largest = logs.max()
        # so old that no survival is left in the number range: the last to go stands for all
        terms = self.weights * jnp.where(jnp.isneginf(largest), 1.0, jnp.exp(logs - jnp.where(jnp.isneginf(largest), 0.0, largest)))
        return terms / terms.sum()

    def cumulative_hazard_between(self, start: Any, length: Any) -> Any:
        return self._collected(self.weights_after(start), start, length)

    def _collected(self, shares: Any, start: Any, length: Any) -> Any:
        return -_log_of_rest(self._of_each(lambda part: -part.cumulative_hazard_between(start, length)), shares)

    def duration_after(self, start: Any, cumulative_hazard: Any) -> Any:
        # a quantile of a mixture lies between the same quantiles of its components
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        target = jnp.where(inside, cumulative_hazard, 1.0)
        bounds = self._of_each(lambda part: part.duration_after(start, target))
        shares = self.weights_after(start)
        lower, upper = (at_end(bounds, where=shares > 0, initial=far) for at_end, far in ((jnp.min, jnp.inf), (jnp.max, 0.0)))
        solution = solve_increasing(lambda length: self._collected(shares, start, length), target, lower, upper)
        return jnp.where(inside, solution, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def mean_after(self, start: Any) -> Any:
        return self._averaged(start, lambda part: part.mean_after(start))

    def restricted_mean_after(self, start: Any, horizon: Any) -> Any:
        return self._averaged(start, lambda part: part.restricted_mean_after(start, horizon))

    def _averaged(self, start: Any, of_part: Callable) -> Any:
        shares = self.weights_after(start)
        return shares @ jnp.where(shares > 0, self._of_each(of_part), 0.0)  # a component that is not there may have no mean


def _log_of_sum(logs: Any, weights: Any) -> Any:
    return jax.nn.logsumexp(jnp.where(weights > 0, logs, -jnp.inf), b=weights)


def _log_of_rest(log_survivals: Any, weights: Any) -> Any:
    """log of the weighted sum of survivals, at full relative accuracy at both ends, as ``Mixture`` takes it."""
    failed = weights @ -jnp.expm1(log_survivals)
    early = failed < 0.5
    late = _log_of_sum(log_survivals, weights)
    return jnp.where(early, jnp.log1p(-jnp.where(early, failed, 0.0)), late)
