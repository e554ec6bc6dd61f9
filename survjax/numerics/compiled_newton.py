"""Newton's method as one compiled loop: for many small problems in one program. Knows nothing of survival.

The rule is that of ``newton``; a single fit is better served there, since a loop compiles longer than it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.numerics.newton import FIRST_RADIUS, FLAT, NO_CURVATURE, ROUNDING, SHORTEST_RADIUS, SMALL_STEP, Step, judge, propose

REASONS = ("under way", "converged", "at_rounding_floor", "flat", "no_progress", "step_limit", "no_finite_start")
UNDER_WAY, CONVERGED, AT_ROUNDING_FLOOR, NO_CURVE, NO_PROGRESS, STEP_LIMIT, NO_FINITE_START = map(np.int32, range(len(REASONS)))


class Place(NamedTuple):
    """A function at one point: value, gradient (p,), hessian (p, p), and the size of its terms, by which its rounding goes."""

    value: Any
    gradient: Any
    hessian: Any
    size: Any

    def is_finite(self):
        return jnp.isfinite(self.value) & jnp.isfinite(self.gradient).all() & jnp.isfinite(self.hessian).all()

    def rounding(self):
        return ROUNDING * (1.0 + self.size)


class Arrival(NamedTuple):
    """Where the descent ended: point (p,), value, the index of its reason in ``REASONS``, and the steps taken."""

    point: Any
    value: Any
    reason: Any
    n_steps: Any

    @property
    def is_minimum(self):
        return (self.reason == CONVERGED) | (self.reason == AT_ROUNDING_FLOOR)


class _State(NamedTuple):
    point: Any
    here: Place
    radius: Any
    n_steps: Any
    n_at_floor: Any
    step: Step
    reason: Any


def minimise(total: Callable, start, max_steps: int = 100) -> Arrival:
    """The minimum nearest to a start, to be called under ``jit`` and mapped with ``jax.lax.map``.

    On a CPU ``jax.lax.map`` over starts beats ``vmap`` three to five times: no problem waits for the slowest.

    Parameters
    ----------
    total : of a point (p,), the value and its size (the sum of the sizes of its terms), differentiable twice.
    start : (p,).
    """

    def place(point) -> Place:
        def gradient_and_value(point):
            (value, size), gradient = jax.value_and_grad(total, has_aux=True)(point)
            return gradient, (value, gradient, size)

        hessian, (value, gradient, size) = jax.jacfwd(gradient_and_value, has_aux=True)(point)
        return Place(value, gradient, hessian, jax.lax.stop_gradient(size))

    def looked_ahead(point, here: Place, radius, n_steps, n_at_floor) -> _State:
        step = propose(here.gradient, here.hessian, radius, jnp)
        convex = step.curvature > jnp.maximum(FLAT * step.largest_curvature, NO_CURVATURE)
        short = (jnp.abs(step.step).max() <= SMALL_STEP) & ~step.cut
        floored = (step.promised <= here.rounding()) & ~step.cut
        n_at_floor = jnp.where(floored, n_at_floor + 1, 0)
        reason = jnp.where(n_steps >= max_steps, STEP_LIMIT, UNDER_WAY)
        reason = jnp.where(radius < SHORTEST_RADIUS, NO_PROGRESS, reason)
        reason = jnp.where(n_at_floor >= 3, jnp.where(convex, AT_ROUNDING_FLOOR, NO_CURVE), reason)
        reason = jnp.where(short, jnp.where(convex, CONVERGED, NO_CURVE), reason)
        return _State(point, here, radius, n_steps, n_at_floor, step, reason)

    def advance(state: _State) -> _State:
        there = place(state.point + state.step.step)
        finite = there.is_finite()
        floor = jnp.maximum(state.here.rounding(), jnp.where(finite, there.rounding(), 0.0))
        reached = jnp.where(finite, there.value, jnp.inf)
        taken, radius = judge(state.here.value, reached, floor, state.step, state.radius, jnp)
        point, here = jax.tree.map(
            lambda new, old: jnp.where(taken, new, old), (state.point + state.step.step, there), (state.point, state.here)
        )
        ahead = looked_ahead(point, here, radius, state.n_steps + 1, state.n_at_floor)
        return ahead._replace(reason=jnp.where(jnp.isfinite(here.value), ahead.reason, NO_FINITE_START))

    # It begins with a step of no length from a place without a value, so that one evaluation is compiled and not two.
    p = len(start)
    nowhere = Place(jnp.full((), jnp.inf, start.dtype), jnp.zeros_like(start), jnp.zeros((p, p), start.dtype), jnp.zeros((), start.dtype))
    none = jnp.zeros((), start.dtype)
    onto_start = Step(jnp.zeros_like(start), none, jnp.asarray(False), none, none)
    radius = jnp.full((), FIRST_RADIUS, start.dtype)
    first = _State(start, nowhere, radius, jnp.int32(-1), jnp.int32(0), onto_start, UNDER_WAY)
    last = jax.lax.while_loop(lambda state: state.reason == UNDER_WAY, advance, first)
    # The last step is taken without another pass: what it leaves is its square.
    short = (last.reason == CONVERGED) | ((last.reason == NO_CURVE) & (last.n_at_floor < 3))
    return Arrival(last.point + jnp.where(short, last.step.step, 0.0), last.here.value, last.reason, last.n_steps)
