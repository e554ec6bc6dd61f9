"""Several causes of failure, the first of which ends the unit."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import PART, ConstantKind, Part
from survjax.distributions.supports import common_start, refuse_mixed_supports
from survjax.numerics.quadrature import integral_over_panels, restricted_mean
from survjax.numerics.roots import solve_increasing
from survjax.numerics.special import log_weighted_sum
from survjax.parameters import Parameter

# Cumulative hazards of each component between whose ages the density of a failure is smooth enough for Gauss and Legendre's rule.
# Below the first a cause's probability is its cumulative hazard; beyond the last nothing is left.
_LEVELS = (1e-10, 1e-8, 1e-6, 1e-4, 3e-3, 0.05, 0.3, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)


class CompetingRisks(Distribution):
    r"""The life of a unit that fails of whichever cause comes first, each working as if it were alone (weakest link).

    .. math:: S(t) = \prod_i S_i(t), \qquad h(t) = \sum_i h_i(t)

    With k distributions alone it is not asked which cause it was (weakest link): a falling and a rising hazard together make a
    bathtub, and causes in the data are not looked at. With labels, a failure of a known cause contributes the hazard of that
    cause alone, and one whose cause is missing the sum of the hazards (a masked cause).

    Parameters
    ----------
    components : k distributions; or a mapping from the label of each cause, as the data name it, to its distribution.
    causes : the labels, in the order of the components, where these are no mapping; None: causes are not looked at.

    References
    ----------
    Crowder (2001), Classical Competing Risks, chapter 1.
    """

    components: Part
    causes: tuple[Hashable, ...] | None = None

    def __post_init__(self):
        if isinstance(self.components, Mapping):
            if self.causes is not None:
                raise ValueError("a mapping names its causes itself: leave causes out, or pass a list of distributions.")
            object.__setattr__(self, "causes", tuple(self.components))
            object.__setattr__(self, "components", tuple(self.components.values()))
        elif self.causes is not None:
            object.__setattr__(self, "causes", tuple(self.causes))

    @property
    def start_of_support(self) -> float:  # type: ignore[override]
        return common_start(self.components)

    def check(self) -> None:
        """Refuse components of different supports, and labels that do not tell them apart.

        Raises
        ------
        ValueError : positive lifetimes beside laws on the real line; not one label a component; a label twice; a missing one.
        """
        refuse_mixed_supports(self.components, "CompetingRisks")
        if self.causes is None:
            return
        if len(self.causes) != len(self.components):
            raise ValueError(f"causes must have one label a component: {len(self.components)} are needed, {len(self.causes)} were given.")
        for position, label in enumerate(self.causes):
            if label is None or label != label:  # noqa: PLR0124
                raise ValueError(
                    f"a cause must have a name; entry {position} of causes is {label!r}, which is how data say that it is missing."
                )
            if label in self.causes[:position]:
                raise ValueError(f"the cause {label!r} is named twice.")

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

    def log_density_of(self, cause, time, log_time):
        """log of the density of a failure at ``time`` of the cause with this index: its hazard times the survival of all."""
        survivals = [component.log_survival_from(time, log_time) for component in self.components]
        densities = [component.log_density_from(time, log_time) for component in self.components]
        each = [density + sum(survivals[:i] + survivals[i + 1 :]) for i, density in enumerate(densities)]
        return jnp.stack(each)[cause]

    def log_probability_of(self, cause, start, end):
        r"""log P(start < T <= end, of the cause with this index), end finite: :math:`\log \int h_c S`.

        Gauss and Legendre's rule with 12 nodes between ages at which the cumulative hazard of some component reaches fixed levels,
        over log age for positive lives. Relative error 1e-9 (tested against mpmath) where the components' densities are smooth
        between those ages or jump at constants of theirs, as that of a piecewise exponential does at its breaks.
        """
        frozen = jax.tree.map(jax.lax.stop_gradient, self)  # where the nodes are is no matter of derivatives
        levels = jnp.asarray(_LEVELS, jnp.result_type(end))
        reached = jnp.stack([component.age_at(levels) for component in frozen.components])
        first, last = jnp.min(reached[:, 0]), jnp.min(reached[:, -1])
        before = jax.lax.stop_gradient(self.log_survival(start))
        positive = self.start_of_support == 0.0
        if positive:
            first = jnp.maximum(first, jnp.finfo(first.dtype).tiny)
        early = [
            jnp.stack([component.log_survival(jnp.minimum(age, first)) for component in self.components])[cause] for age in (start, end)
        ]
        edges = jnp.sort(jnp.concatenate([jnp.ravel(reached), *(jnp.ravel(age) for age in _constant_ages(frozen))]))
        low = jnp.maximum(start, first)
        edges = jnp.clip(edges, low, jnp.maximum(low, jnp.minimum(end, last)))
        edges = jnp.concatenate([low[None], edges, jnp.maximum(low, jnp.minimum(end, last))[None]])

        def over_log_age(log_age):
            return jnp.exp(self.log_density_of(cause, jnp.exp(log_age), log_age) + log_age - before)

        def over_age(age):
            return jnp.exp(self.log_density_of(cause, age, jnp.zeros_like(age)) - before)

        late = integral_over_panels(over_log_age, jnp.log(edges)) if positive else integral_over_panels(over_age, edges)
        return before + jnp.log(early[0] - early[1] + late)

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

    def age_at(self, cumulative_hazard):
        k = len(self.components)

        def bounds(target):
            lower = jnp.min(jnp.stack([component.age_at(target / k) for component in self.components]))
            return lower, jnp.min(jnp.stack([component.age_at(target) for component in self.components]))

        return self.age_between(cumulative_hazard, bounds)

    def mean(self):
        # over ages, not over durations after age 0: see age_between
        return restricted_mean(self.age_at, jnp.inf, jnp.inf)

    def mean_is_finite(self) -> bool:
        return True  # sure where one component has a finite mean; two heavy tails together may be light enough

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
        return dataclasses.replace(self, components=tuple(components))


def _constant_ages(law: Any) -> Iterator[Any]:
    """The constants of a law, at any depth, that are ages: where its density may jump."""
    for name, kind in law.field_kinds().items():
        value = getattr(law, name)
        if isinstance(kind, ConstantKind) and kind.time_power == 1:
            yield value
        elif kind is PART:
            for part in value if isinstance(value, tuple) else (value,):
                yield from _constant_ages(part)
