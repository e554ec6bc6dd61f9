"""The Weibull distribution as networks are trained with it."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from survjax.distributions import Weibull


class TrainedWeibull(Weibull):
    r"""A Weibull distribution of which a unit far beyond its time has no slope, in place of an infinite one.

    In single precision :math:`(t/\eta)^k` leaves the number range for :math:`k \log(t/\eta) > 88`, as it does where a narrow component of a
    mixture meets a unit that outlived it by far. The component's share is 0 there, and 0 times an infinite slope no number. So its
    exponent stops at half of what the range holds: survival is 0 in the range all the same, and so is its slope.
    """

    def _power(self, log_ratio: Any) -> tuple[Any, Any]:
        exponent = self.shape * log_ratio
        return exponent, jnp.exp(jnp.minimum(exponent, 0.5 * jnp.log(jnp.finfo(exponent.dtype).max)))

    def log_survival(self, time: Any) -> Any:
        aged = time > 0
        collected = self._power(jnp.log(jnp.where(aged, time, self.scale)) - jnp.log(self.scale))[1]
        return jnp.where(aged, -collected, 0.0)

    def log_survival_from(self, time: Any, log_time: Any) -> Any:
        return -self._power(log_time - jnp.log(self.scale))[1]

    def log_density_from(self, time: Any, log_time: Any) -> Any:
        exponent, collected = self._power(log_time - jnp.log(self.scale))
        return jnp.log(self.shape) - log_time + exponent - collected

    def cumulative_hazard_between(self, start: Any, length: Any) -> Any:
        # by the ratio only where little was added, as in the distribution itself: of a small start its power underflows
        aged, near = start > 0, (start > 0) & (length <= start)
        begin, end = jnp.where(aged, start, self.scale), start + length
        spent = jnp.where(aged, self._power(jnp.log(begin) - jnp.log(self.scale))[1], 0.0)
        growth = self.shape * jnp.log1p(jnp.where(near, length, 0.0) / begin)
        grown = jnp.expm1(jnp.minimum(growth, 0.5 * jnp.log(jnp.finfo(growth.dtype).max)))
        far = self._power(jnp.log(jnp.where(end > 0, end, self.scale)) - jnp.log(self.scale))[1] - spent
        return jnp.where(near, spent * grown, jnp.where(end > 0, far, 0.0))
