"""The root of an increasing function of a positive unknown."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

MAX_ITERATIONS = 200   # the bracket halves at least every other step, so that this cannot be the reason for stopping


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

    def solve(gap, guess):
        resolution = 4.0 * jnp.finfo(guess.dtype).eps

        def unfinished(state):
            _, _, _, moved, iteration = state
            return moved & (iteration < MAX_ITERATIONS)

        def improve(state):
            point, low, high, _, iteration = state
            value, slope = jax.jvp(gap, (point,), (jnp.ones_like(point),))
            low, high = jnp.where(value <= 0, point, low), jnp.where(value >= 0, point, high)
            newton = point - value / slope
            inside = (newton >= low) & (newton <= high)
            step_to = jnp.where(inside & (iteration % 8 != 7), newton, 0.5 * (low + high))
            moved = (jnp.abs(step_to - point) > resolution * (1.0 + jnp.abs(point))) & (value != 0)
            return jnp.where(value == 0, point, step_to), low, high, moved, iteration + 1

        start = (guess, jnp.log(lower), jnp.log(upper), jnp.asarray(True), 0)
        return jax.lax.while_loop(unfinished, improve, start)[0]

    def tangent_solve(linear, value):
        return value / linear(jnp.ones_like(value))

    guess = 0.5 * (jnp.log(lower) + jnp.log(upper))
    return jnp.exp(jax.lax.custom_root(gap, jax.lax.stop_gradient(guess), solve, tangent_solve))
