"""Several causes of failure, the first of which ends the unit."""

from __future__ import annotations

import jax.numpy as jnp

from survjax.distributions.distribution import Distribution, Part
from survjax.parameters import Parameter
from survjax.roots import solve_increasing
from survjax.special import log_weighted_sum


class CompetingRisks(Distribution):
    r"""The life of a unit that fails of whichever cause comes first, each working as if it were alone (weakest link).

    .. math:: S(t) = \prod_i S_i(t), \qquad h(t) = \sum_i h_i(t)

    Which cause it was need not be known: a falling and a rising hazard together make a bathtub.

    Parameters
    ----------
    components : tuple of k distributions.

    References
    ----------
    Crowder (2001), Classical Competing Risks, chapter 1.
    """

    components: Part

    def log_survival(self, time):
        return sum(component.log_survival(time) for component in self.components)

    def log_hazard(self, time):
        return self._added([component.log_hazard(time) for component in self.components])

    def hazard(self, time):
        return sum(component.hazard(time) for component in self.components)

    def log_survival_from(self, time, log_time):
        return sum(component.log_survival_from(time, log_time) for component in self.components)

    def log_density_from(self, time, log_time):
        survivals = [component.log_survival_from(time, log_time) for component in self.components]
        densities = [component.log_density_from(time, log_time) for component in self.components]
        return self._added([density - survival for density, survival in zip(densities, survivals, strict=True)]) + sum(survivals)

    def _added(self, logs):
        return log_weighted_sum(logs, [1.0] * len(logs))

    def cumulative_hazard_between(self, start, length):
        return sum(component.cumulative_hazard_between(start, length) for component in self.components)

    def duration_after(self, start, cumulative_hazard):
        # By then no cause alone has collected more than all, nor, of k equal shares, all causes less than theirs.
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        target = jnp.where(inside, cumulative_hazard, 1.0)
        k = len(self.components)
        upper = jnp.min(jnp.stack([component.duration_after(start, target) for component in self.components]))
        lower = jnp.min(jnp.stack([component.duration_after(start, target / k) for component in self.components]))
        solution = solve_increasing(lambda length: self.cumulative_hazard_between(start, length), target, lower, upper)
        return jnp.where(inside, solution, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))

    def parameters(self) -> dict[str, Parameter]:
        return {
            f"{name}_{index}": parameter
            for index, component in enumerate(self.components)
            for name, parameter in component.parameters().items()
        }

    def with_values(self, values) -> CompetingRisks:
        components, taken = [], 0
        for component in self.components:
            size = len(component.parameters())
            components.append(component.with_values(values[taken : taken + size]))
            taken += size
        return CompetingRisks(tuple(components))
