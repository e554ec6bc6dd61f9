"""The probability that a unit ends by one kind of event before any other, given the age that it has reached."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.distributions import CompetingRisks
from survjax.distributions.landmarks import landmarks
from survjax.numerics.quadrature import integral_over_panels

# Cumulative hazards between which densities are smooth enough for Gauss and Legendre's rule with 12 nodes over log time ahead. Below the
# first a probability is its cumulative hazard; beyond the last nothing is left.
LEVELS = (1e-10, 1e-6, 1e-3, 0.03, 0.3, 1.0, 2.5, 6.0, 14.0, 40.0)


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
    first = jnp.stack([component.duration_after(age, levels[0]) for component in frozen.components])
    low = jnp.minimum(jnp.maximum(jnp.min(first), jnp.finfo(first.dtype).tiny), horizon)
    inner = jnp.concatenate([*(landmarks(component, age, levels) for component in frozen.components), *more])
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


@cache
def log_hazard_of(cause: int, removed: tuple[int, ...] = ()) -> Callable:
    """The same on the real line: the logarithm of the cumulative hazard that would make it that probability."""

    def link(law, age, horizon):
        return jnp.log(-jnp.log1p(-probability_of(cause, removed)(law, age, horizon)))

    return link


@cache
def probability_if_spared(cause: int, removed: tuple[int, ...]) -> Callable:
    r"""The rule (law, age, horizon, ratio) for the probability of one component when units that those ``removed`` take stay, at a
    hazard of their own.

    Their hazard of the cause is from then on ``ratio`` times that of units never taken; what remains of other causes is as it was. With R
    the share taken, still there,

    .. math:: F(s) = \int_0^s h_j\,(S + g R)\,du, \qquad
              R(u) = G(u) \int_0^u h_R\,\frac{S}{G}\,dr, \qquad G = \exp(-g H_j - H_{\text{other}})

    A ratio of 1 is independence, of 0 and infinity the ends of what Peterson's bounds leave open where no other cause remains.
    """

    def rule(law, age, horizon, ratio):
        components = law.components
        other = [part for index, part in enumerate(components) if index != cause and index not in removed]
        taken, own = CompetingRisks(tuple(components[index] for index in removed)), components[cause]
        ahead = horizon > 0
        frozen = jax.lax.stop_gradient(ratio)
        levels = jnp.asarray(LEVELS, jnp.result_type(horizon)) / frozen
        by_then = jnp.minimum(jnp.where(ahead, horizon, 1.0), own.duration_after(age, levels[-1]))  # nobody spared is left
        edges = _edges(law, age, jax.lax.stop_gradient(by_then), landmarks(jax.tree.map(jax.lax.stop_gradient, own), age, levels))

        def densities(log_time):
            time = jnp.exp(log_time)
            own_so_far = own.cumulative_hazard_between(age, time)
            others_so_far = sum((part.cumulative_hazard_between(age, time) for part in other), jnp.zeros_like(time))
            taken_so_far = taken.cumulative_hazard_between(age, time)
            arrive = jnp.exp(taken.log_hazard(age + time) + log_time - (1.0 - ratio) * own_so_far - taken_so_far)
            leave = jnp.exp(own.log_hazard(age + time) + log_time - ratio * own_so_far - others_so_far)
            return arrive, leave

        early = taken.cumulative_hazard_between(age, edges[0])
        spared = product_with_antiderivative(densities, jnp.log(edges), early)
        return probability_of(cause)(law, age, horizon) + jnp.where(ahead, ratio * spared, 0.0)

    return rule


def product_with_antiderivative(functions: Callable, edges, start):
    r""":math:`\int b(x) [s + \int_{e_0}^x a] dx` over edges (m,), for ``functions`` (x) -> (a, b), smooth between them."""

    def add(state, panel):
        (so_far, total), (begin, length) = state, panel
        first, second = jax.vmap(lambda share: functions(begin + share * length))(jnp.asarray(_NODES, edges.dtype))
        inner = so_far + length * (jnp.asarray(_UP_TO_NODES, edges.dtype) @ first)
        weights = length * jnp.asarray(_WEIGHTS, edges.dtype)
        return (so_far + weights @ first, total + weights @ (second * inner)), None

    return jax.lax.scan(jax.checkpoint(add), (start, jnp.zeros_like(start)), (edges[:-1], jnp.diff(edges)))[0][1]


def _up_to_nodes(nodes: np.ndarray) -> np.ndarray:
    """The matrix (n, n) from a polynomial's values at nodes in [-1, 1] to its integrals over [-1, node]."""
    legendre = np.polynomial.legendre
    values = legendre.legvander(nodes, len(nodes) - 1)
    integrals = np.stack([legendre.legval(nodes, legendre.legint(one, lbnd=-1.0)) for one in np.eye(len(nodes))], axis=1)
    return np.linalg.solve(values.T, integrals.T).T


_ON_BOTH_SIDES, _TWICE = np.polynomial.legendre.leggauss(12)
_NODES, _WEIGHTS, _UP_TO_NODES = 0.5 * (_ON_BOTH_SIDES + 1.0), 0.5 * _TWICE, 0.5 * _up_to_nodes(_ON_BOTH_SIDES)
