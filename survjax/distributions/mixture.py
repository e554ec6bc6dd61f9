"""A mixture of lifetime distributions."""

from __future__ import annotations

import functools

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import Part
from survjax.distributions.supports import common_start, refuse_mixed_supports
from survjax.numerics.roots import solve_increasing
from survjax.numerics.special import exponentials, log_weighted_sum
from survjax.parameters import WEIGHT, Parameter, Weights


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

    @property
    def start_of_support(self) -> float:  # type: ignore[override]
        return common_start(self.components)

    def check(self) -> None:
        """Refuse components of different supports.

        Raises
        ------
        ValueError : positive lifetimes beside laws on the real line.
        """
        refuse_mixed_supports(self.components, "Mixture")

    def _combine(self, logs):
        return log_weighted_sum(logs, self.weights)

    def log_survival(self, time):
        # While few have failed, one minus their share: what survives is too near 1 to tell a small hazard by.
        return _log_of_rest([component.log_survival(time) for component in self.components], self.weights)

    def log_density(self, time):
        return self._combine([component.log_density(time) for component in self.components])

    def log_hazard(self, time):
        return log_weighted_sum([component.log_hazard(time) for component in self.components], self.weights_after(time))

    def hazard(self, time):
        shares = self.weights_after(time)
        hazards = jnp.stack([component.hazard(time) for component in self.components])
        # that of a component of which none are left may be beyond all numbers
        return jnp.sum(shares * jnp.where(shares > 0, hazards, 0.0))

    def density(self, time):
        return jnp.sum(jnp.stack(self.weights) * jnp.stack([component.density(time) for component in self.components]))

    def log_survival_from(self, time, log_time):
        return self._combine([component.log_survival_from(time, log_time) for component in self.components])

    def log_density_from(self, time, log_time):
        return self._combine([component.log_density_from(time, log_time) for component in self.components])

    def log_hazard_from(self, time, log_time):
        after = self.shares([component.log_survival_from(time, log_time) for component in self.components])
        return log_weighted_sum([component.log_hazard_from(time, log_time) for component in self.components], after)

    def weights_after(self, start):
        """The weights among units that have survived to ``start``, shape (k,) for a scalar."""
        return self.shares([component.log_survival(start) for component in self.components])

    def membership_of_failure(self, time, log_time):
        """The probability that a unit which failed at ``time`` was of each component, shape (k,) for a scalar."""
        return self.shares([component.log_density_from(time, log_time) for component in self.components])

    def shares(self, logs):
        _, terms = exponentials(logs, self.weights)
        # so old that no survival is left in the number range: the last to go stands for all
        gone = functools.reduce(
            jnp.logical_and, [jnp.isneginf(log) | (weight == 0) for log, weight in zip(logs, self.weights, strict=True)]
        )
        weighted = [weight * jnp.where(gone, 1.0, term) for weight, term in zip(self.weights, terms, strict=True)]
        return jnp.stack(weighted) / sum(weighted)

    def cumulative_hazard_between(self, start, length):
        shares = self.weights_after(start)
        return -_log_of_rest([-part.cumulative_hazard_between(start, length) for part in self.components], shares)

    def duration_after(self, start, cumulative_hazard):
        # A quantile of the mixture lies between the same quantiles of its components.
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        target = jnp.where(inside, cumulative_hazard, 1.0)
        bounds = jnp.stack([component.duration_after(start, target) for component in self.components])
        present = self.weights_after(start) > 0
        lower, upper = jnp.min(bounds, where=present, initial=jnp.inf), jnp.max(bounds, where=present, initial=0.0)
        solution = solve_increasing(lambda u: self.cumulative_hazard_between(start, u), target, lower, upper)
        return jnp.where(inside, solution, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def age_at(self, cumulative_hazard):
        def bounds(target):
            ages = jnp.stack([component.age_at(target) for component in self.components])
            present = jnp.stack(self.weights) > 0
            return jnp.min(ages, where=present, initial=jnp.inf), jnp.max(ages, where=present, initial=-jnp.inf)

        return self.age_between(cumulative_hazard, bounds)

    def mean(self):
        if self.start_of_support == 0.0:
            return self.mean_after(0.0)
        return sum(weight * component.mean() for weight, component in zip(self.weights, self.components, strict=True))

    def mean_after(self, start):
        return self._averaged(start, [component.mean_after(start) for component in self.components])

    def restricted_mean_after(self, start, horizon):
        return self._averaged(start, [component.restricted_mean_after(start, horizon) for component in self.components])

    def _averaged(self, start, means):
        shares = self.weights_after(start)
        return jnp.sum(shares * jnp.where(shares > 0, jnp.stack(means), 0.0))  # a component that is not there may have no mean

    def parameters(self) -> dict[str, Parameter]:
        named: dict[str, Parameter] = {}
        for index, (weight, component) in enumerate(zip(self.weights, self.components, strict=True)):
            named[f"weight_{index}"] = Parameter(weight, WEIGHT)
            named.update({f"{name}_{index}": parameter for name, parameter in component.parameters().items()})
        return named

    def with_values(self, values) -> Mixture:
        components, weights, taken = [], [], 0
        for component in self.components:
            size = len(component.parameters())
            weights.append(values[taken])
            components.append(component.with_values(values[taken + 1 : taken + 1 + size]))
            taken += 1 + size
        return Mixture(tuple(components), tuple(weights))


def _log_of_rest(log_survivals, weights):
    """log of the weighted sum of survivals, at full relative accuracy at both ends."""
    failed = sum(weight * -jnp.expm1(log) for weight, log in zip(weights, log_survivals, strict=True))
    early = failed < 0.5
    return jnp.where(early, jnp.log1p(-jnp.where(early, failed, 0.0)), log_weighted_sum(log_survivals, weights))
