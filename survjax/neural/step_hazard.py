"""The piecewise exponential distribution as networks are trained with it."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from survjax.numerics.pytrees import register_pytree


class StepHazard:
    """What ``PiecewiseExponential`` says, for all pieces at once: an epoch compiles as fast whatever their number.

    Attributes
    ----------
    breaks (k,), log_rate (k + 1,) or None where it is to be learned.
    """

    def __init__(self, breaks: Any, log_rate: Any = None) -> None:
        self.breaks = breaks
        self.log_rate = log_rate

    def bind(self, coordinates: Any) -> StepHazard:
        """The law of these logarithms of rates."""
        return StepHazard(self.breaks, coordinates)

    def rescaled(self, factor: float) -> StepHazard:
        """The same law, with rates to be learned, of ``factor`` times the life."""
        return StepHazard(np.asarray(self.breaks) * factor)

    def log_hazard(self, time: Any) -> Any:
        piece = jnp.sum(time >= self.breaks)
        return jnp.sum(jnp.where(jnp.arange(len(self.log_rate)) == piece, self.log_rate, 0.0))

    def cumulative_hazard_between(self, start: Any, length: Any) -> Any:
        begins = jnp.append(jnp.zeros_like(start), self.breaks)
        lengths = jnp.append(jnp.diff(begins), jnp.inf)
        left = jnp.maximum(length - jnp.maximum(begins - start, 0.0), 0.0)
        spent = jnp.minimum(left, jnp.maximum(lengths - jnp.maximum(start - begins, 0.0), 0.0))
        return jnp.sum(jnp.exp(self.log_rate) * spent)

    def log_survival_from(self, time: Any, log_time: Any) -> Any:
        return -self.cumulative_hazard_between(jnp.zeros_like(time), time)

    def log_density_from(self, time: Any, log_time: Any) -> Any:
        return self.log_hazard(time) + self.log_survival_from(time, log_time)


register_pytree(StepHazard, ["breaks", "log_rate"], [])
