"""A mixture of lifetime distributions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from survjax.distributions.distribution import Distribution, Part
from survjax.parameters import WEIGHT, Parameter, Weights
from survjax.roots import solve_increasing


class Mixture(Distribution):
    r"""A population made of several, each unit belonging to one of them.

    .. math:: S(t) = \sum_i w_i S_i(t), \qquad h(t) = \sum_i w_i(t)\,h_i(t), \qquad w_i(t) = w_i S_i(t) / S(t)

    The weights move with age: those still running are more and more of the kind that lasts.

    Parameters
    ----------
    components : tuple of k distributions.
    weights : tuple of k numbers from 0 to 1 that add up to 1; None where one is to be learned.

    References
    ----------
    McLachlan & Peel (2000), Finite Mixture Models, chapter 10.
    """

    components: Part
    weights: Weights

    def __post_init__(self):
        if self.weights is None:
            object.__setattr__(self, "weights", (None,) * len(self.components))
        elif isinstance(self.weights, list) or hasattr(self.weights, "ndim"):
            object.__setattr__(self, "weights", tuple(self.weights))

    def _combine(self, logs):
        return logsumexp(jnp.stack(logs), b=jnp.stack([jnp.asarray(weight) for weight in self.weights]))

    def log_survival(self, time):
        return self._combine([component.log_survival(time) for component in self.components])

    def log_density(self, time):
        return self._combine([component.log_density(time) for component in self.components])

    def log_hazard(self, time):
        hazards = jnp.stack([component.log_hazard(time) for component in self.components])
        return logsumexp(hazards, b=self.weights_after(time))

    def log_survival_from(self, time, log_time):
        return self._combine([component.log_survival_from(time, log_time) for component in self.components])

    def log_density_from(self, time, log_time):
        return self._combine([component.log_density_from(time, log_time) for component in self.components])

    def weights_after(self, start):
        """The weights among units that have survived to ``start``, shape (k,) for a scalar."""
        logs = jnp.stack([component.log_survival(start) for component in self.components])
        weighted = jnp.stack([jnp.asarray(weight) for weight in self.weights]) * jnp.exp(logs - jnp.max(logs))
        return weighted / jnp.sum(weighted)

    def membership_of_failure(self, time, log_time):
        """The probability that a unit which failed at ``time`` was of each component, shape (k,) for a scalar."""
        logs = jnp.stack([component.log_density_from(time, log_time) for component in self.components])
        return jax.nn.softmax(logs + jnp.log(jnp.stack([jnp.asarray(weight) for weight in self.weights])))

    def cumulative_hazard_between(self, start, length):
        shares = self.weights_after(start)
        collected = jnp.stack([part.cumulative_hazard_between(start, length) for part in self.components])
        failed = jnp.sum(shares * -jnp.expm1(-collected))
        early = failed < 0.5
        return jnp.where(early, -jnp.log1p(-jnp.where(early, failed, 0.0)), -logsumexp(-collected, b=shares))

    def duration_after(self, start, cumulative_hazard):
        # A quantile of the mixture lies between the same quantiles of its components.
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        target = jnp.where(inside, cumulative_hazard, 1.0)
        bounds = jnp.stack([component.duration_after(start, target) for component in self.components])
        lower, upper = jnp.min(bounds), jnp.max(bounds)
        solution = solve_increasing(lambda u: self.cumulative_hazard_between(start, u), target, lower, upper)
        return jnp.where(inside, solution, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def mean_after(self, start):
        means = jnp.stack([component.mean_after(start) for component in self.components])
        return jnp.sum(self.weights_after(start) * means)

    def restricted_mean_after(self, start, horizon):
        means = jnp.stack([component.restricted_mean_after(start, horizon) for component in self.components])
        return jnp.sum(self.weights_after(start) * means)

    def parameters(self) -> dict[str, Parameter]:
        named: dict[str, Parameter] = {}
        for index, (weight, component) in enumerate(zip(self.weights, self.components, strict=True)):
            named[f"weight_{index}"] = Parameter(weight, WEIGHT)
            named.update({f"{name}_{index}": parameter for name, parameter in component.parameters().items()})
        return named
