"""The root of an increasing function."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

MAX_ITERATIONS = 200  # the bracket halves at least every other step, so that this cannot be the reason for stopping


def solve_increasing(function: Callable, target, lower, upper):
    """The x in [lower, upper] at which ``function(x)`` equals ``target``.

    Newton's method in (log x, log function), where a Weibull cumulative hazard is a straight line, safeguarded by
    bisection. Derivatives in whatever ``function`` closes over come from the implicit function theorem.

    Parameters
    ----------
    function : scalar to scalar, positive and increasing.
    target, lower, upper : positive scalars with function(lower) <= target <= function(upper).
    """
    log_target = jnp.log(target)

    def gap(log_x):
        return jnp.log(function(jnp.exp(log_x))) - log_target

    return jnp.exp(root_between(gap, jnp.log(lower), jnp.log(upper)))


def root_between(gap: Callable, lower, upper):
    """The x in [lower, upper] at which an increasing ``gap``, at most 0 at the one and at least 0 at the other, is 0.

    Newton's method safeguarded by bisection; derivatives as those of ``solve_increasing``.
    """
    low, high = jax.lax.stop_gradient((lower, upper))

    def solve(gap, guess):
        resolution = 4.0 * jnp.finfo(guess.dtype).eps

        def unfinished(state):
            *_, moved, iteration = state
            return moved & (iteration < MAX_ITERATIONS)

        def improve(state):
            point, low, high, _, iteration = state
            value, slope = jax.jvp(gap, (point,), (jnp.ones_like(point),))
            low, high = jnp.where(value <= 0, point, low), jnp.where(value >= 0, point, high)
            newton = point - value / slope
            inside = (newton >= low) & (newton <= high)
            # Newton settles within six steps or so; if it has not, bisection alternates with it.
            step_to = jnp.where(inside & ((iteration < 12) | (iteration % 2 == 0)), newton, 0.5 * (low + high))
            moved = (jnp.abs(step_to - point) > resolution * (1.0 + jnp.abs(point))) & (value != 0)
            return jnp.where(value == 0, point, step_to), low, high, moved, iteration + 1

        start = (guess, low, high, jnp.asarray(True), 0)
        return jax.lax.while_loop(unfinished, improve, start)[0]

    def tangent_solve(linear, value):
        return value / linear(jnp.ones_like(value))

    # both ends by one copy of the gap, which is what takes long to compile
    at_low, at_high = jax.lax.stop_gradient(jax.vmap(gap)(jnp.stack([low, high])))
    # where the straight line between the ends crosses: for mixtures of Weibulls two to five steps from the root
    rise = at_high - at_low
    crossing = low - at_low * (high - low) / jnp.where(rise > 0, rise, 1.0)
    guess = jnp.where(jnp.isfinite(crossing), jnp.clip(crossing, low, high), 0.5 * (low + high))
    return jax.lax.custom_root(gap, guess, solve, tangent_solve)


def root_from_below(gap: Callable, guess):
    """The root of an increasing concave ``gap``, by Newton's method from a guess at or below it, which then never steps beyond.

    One loop, where a bracket has to be looked for first: it compiles in a fraction. Derivatives as those of ``solve_increasing``.
    """

    def solve(gap, guess):
        resolution = 4.0 * jnp.finfo(guess.dtype).eps

        def improve(state):
            point, _, iteration = state
            value, slope = jax.jvp(gap, (point,), (jnp.ones_like(point),))
            following = point - value / slope
            return following, jnp.abs(following - point) > resolution * (1.0 + jnp.abs(point)), iteration + 1

        return jax.lax.while_loop(lambda state: state[1] & (state[2] < MAX_ITERATIONS), improve, (guess, jnp.asarray(True), 0))[0]

    return jax.lax.custom_root(gap, jax.lax.stop_gradient(guess), solve, lambda linear, value: value / linear(jnp.ones_like(value)))


def solve_from_anywhere(function: Callable, target):
    """The x >= 0 at which an increasing ``function`` from 0 on reaches ``target``, whatever its scale; infinite for an infinite one."""
    inside = (target > 0) & (target < jnp.inf)
    reachable = jnp.where(inside, target, 1.0)
    one = jnp.ones_like(reachable)
    frozen = jax.lax.stop_gradient(reachable)

    # Both ends are looked for in one loop that holds one copy of the function; asked in the loop's condition, it would under vmap be
    # compiled twice. The copies are what takes long to compile.
    factors = jnp.asarray([0.25, 4.0], one.dtype)

    def widen(state):
        ends, _ = state
        reached = jax.lax.stop_gradient(jax.vmap(function)(ends))
        outside = jnp.where(factors > 1.0, reached < frozen, reached > frozen) & (ends > 1e-290) & (ends < 1e290)
        return jnp.where(outside, ends * factors, ends), outside.any()

    lower, upper = jax.lax.while_loop(lambda state: state[1], widen, (jnp.stack([one, one]), jnp.asarray(True)))[0]
    solution = solve_increasing(function, reachable, lower, upper)
    return jnp.where(inside, solution, jnp.where(target > 0, jnp.inf, 0.0))
