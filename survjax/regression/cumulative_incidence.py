"""The probability that a unit ends by one kind of event before any other, given the age that it has reached."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from survjax.distributions import CompetingRisks
from survjax.distributions.landmarks import landmarks
from survjax.numerics.quadrature import integral_over_panels

# Cumulative hazards between which densities are smooth enough for Gauss and Legendre's rule with 12 nodes over log time ahead. Below the
# first a probability is its cumulative hazard; beyond the last nothing is left.
LEVELS = (1e-10, 1e-7, 1e-5, 1e-3, 0.03, 0.3, 1.0, 2.5, 6.0, 14.0, 40.0)


def incidences(law: CompetingRisks, age, horizon) -> tuple[Any, ...]:
    r"""For each component the probability that the first event within ``horizon`` is of it, given none by ``age``.

    .. math:: F_j(s \mid a) = \int_0^s h_j(a+u)\,\exp\Bigl\{-\sum_k \bigl[H_k(a+u) - H_k(a)\bigr]\Bigr\}\,du

    Scalars, positive lifetimes, a finite horizon. Absolute error at most 1e-10 where each component's density is smooth but for jumps at
    constants of its own; the sum over components is then 1 - S to as much.

    References
    ----------
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, section 8.2.
    """
    components = law.components
    ahead = horizon > 0
    edges = _edges(law, age, jnp.where(ahead, horizon, 1.0))
    early = jnp.stack([component.cumulative_hazard_between(age, edges[0]) for component in components])

    def density(log_time):
        time = jnp.exp(log_time)
        collected = sum(component.cumulative_hazard_between(age, time) for component in components)
        return jnp.stack([jnp.exp(component.log_hazard(age + time) + log_time - collected) for component in components])

    each = early + integral_over_panels(density, jnp.log(edges))
    return tuple(jnp.where(ahead, each[index], 0.0) for index in range(len(components)))


def _edges(law: CompetingRisks, age, horizon, *more):
    """Times ahead (m,), ascending, the last the horizon; before the first nothing but cumulative hazards counts."""
    frozen: CompetingRisks = jax.tree.map(jax.lax.stop_gradient, law)  # where the nodes are is no matter of derivatives
    levels = jnp.asarray(LEVELS, jnp.result_type(horizon))
    inner = jnp.concatenate([*(landmarks(component, age, levels) for component in frozen.components), *more])
    low = jnp.minimum(jnp.min(jnp.where(inner > 0, inner, jnp.inf)), horizon)
    return jnp.concatenate([low[None], jnp.sort(jnp.clip(inner, low, horizon)), horizon[None]])


@cache
def probability_of(cause: int, removed: tuple[int, ...] = ()) -> Callable:
    """The rule (law, age, horizon) for the probability of one component, those ``removed`` being away and the others as they are."""

    def rule(law, age, horizon):
        left = [index for index in range(len(law.components)) if index not in removed]
        if left == [cause]:
            return -jnp.expm1(-law.components[cause].cumulative_hazard_between(age, horizon))
        return incidences(CompetingRisks(tuple(law.components[index] for index in left)), age, horizon)[left.index(cause)]

    return rule


def incidence_of(law: CompetingRisks, age, horizon, cause):
    """The incidence of the component of this number, which may be traced: one program for all."""
    return jnp.stack(incidences(law, age, horizon))[cause.astype(int)]


def log_hazard_of_incidence(law: CompetingRisks, age, horizon, cause):
    """The same on the real line, as ``log_hazard_of`` has it."""
    return jnp.log(-jnp.log1p(-incidence_of(law, age, horizon, cause)))


@cache
def log_hazard_of(cause: int, removed: tuple[int, ...] = ()) -> Callable:
    """The same on the real line: the logarithm of the cumulative hazard that would make it that probability."""

    def link(law, age, horizon):
        return jnp.log(-jnp.log1p(-probability_of(cause, removed)(law, age, horizon)))

    return link


@cache
def probability_of_spared(cause: int) -> Callable:
    r"""The rule (law, age, horizon, ratio) for the probability that one component comes to a unit that all others would have taken before.

    From when it is spared such a unit's hazard of the cause is ``ratio`` times that of units never taken:

    .. math:: \int_0^s \sum_{k \ne j} h_k(a+r)\,S(a+r)/S(a)\,\bigl[1 - e^{-g\,\{H_j(a+s) - H_j(a+r)\}}\bigr]\,dr

    Added to the incidence it is the probability in a world without the others: a ratio of 1 is independence, 0 and infinity are
    Peterson's bounds. Absolute error as ``incidences``.
    """

    def rule(law, age, horizon, ratio):
        own = law.components[cause]
        others = CompetingRisks(tuple(part for index, part in enumerate(law.components) if index != cause))
        ahead = horizon > 0
        end = jnp.where(ahead, horizon, 1.0)
        # towards the end of the horizon ever fewer of those spared meet the cause within it
        left = own.cumulative_hazard_between(age, end) - jnp.asarray(LEVELS, jnp.result_type(end)) / ratio
        edges = _edges(law, age, end, own.duration_after(age, jnp.maximum(left, 0.0)))

        def density(log_time):
            time = jnp.exp(log_time)
            collected = law.cumulative_hazard_between(age, time)
            met = -jnp.expm1(-ratio * own.cumulative_hazard_between(age + time, jnp.maximum(end - time, 0.0)))
            return jnp.exp(others.log_hazard(age + time) + log_time - collected) * met

        early = others.cumulative_hazard_between(age, edges[0]) * -jnp.expm1(-ratio * own.cumulative_hazard_between(age, end))
        return jnp.where(ahead, early + integral_over_panels(density, jnp.log(edges)), 0.0)

    return rule
