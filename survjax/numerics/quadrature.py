"""Integrals: of a smooth function over a short stretch, and of a quantile function, which is the mean cut off at a horizon."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

_GAUSS = {n: np.polynomial.legendre.leggauss(n) for n in (6, 12)}
_STEP = 1.0 / 40.0
_ABSCISSAE = np.arange(-4.2, 4.2 + _STEP / 2, _STEP)
_LOG_NODES = 0.5 * np.pi * np.sinh(_ABSCISSAE)
_LOG_WEIGHTS = _LOG_NODES + np.log(0.5 * np.pi * np.cosh(_ABSCISSAE) * _STEP)


def integral(function: Callable, start, length, n_nodes: int = 12):
    """The integral over [start, start + length] of a smooth function, scalar to scalar or (k,), by Gauss-Legendre with 6 or 12 nodes.

    Six are exact to rounding as long as the logarithm of a positive function moves by no more than about 1.
    """
    dtype = jnp.result_type(start)
    points, shares = _GAUSS[n_nodes]
    nodes, weights = jnp.asarray(0.5 * (points + 1.0), dtype), jnp.asarray(0.5 * shares, dtype)
    return length * jnp.sum(weights * jax.vmap(lambda share: function(start + share * length))(nodes).T, axis=-1)


def integral_over_panels(function: Callable, edges):
    """The integral over [edges[0], edges[-1]] of a function that is smooth between ``edges`` (m,), ascending; some may be equal.

    One panel after another, and once more for derivatives: all at once the nodes of a block of rows would not fit in a cache.
    """

    def add(total, panel):
        return total + integral(function, *panel), None

    nothing = jnp.zeros(jax.eval_shape(function, edges[0]).shape, edges.dtype)
    return jax.lax.scan(jax.checkpoint(add), nothing, (edges[:-1], jnp.diff(edges)))[0]


def restricted_mean(duration_at: Callable, horizon, hazard_at_horizon):
    r"""E min(T, horizon), from the age at which each cumulative hazard is reached.

    .. math:: \int_0^{H(h)} t(x)\,e^{-x}\,dx + h\,e^{-H(h)}

    over the cumulative hazard x, in which even a very sharp distribution is smooth (integrating S(t) over t needs nodes
    where it falls, and missed by 8e-5 at a Weibull shape of 40). The exp-sinh rule (Takahasi & Mori 1974) with 337 nodes
    in the variable y of x = y / (1 + y / H(h)), which maps the half-line to [0, H(h)]; an endpoint singularity costs it
    nothing. Relative error at most 1e-11 for single laws (tested against closed forms), 1e-9 for a spline, whose third derivative jumps
    at its knots, and 1e-6 where the quantile function bends sharply, as a mixture's does; a mixture adds up its components' means instead.

    Parameters
    ----------
    duration_at : scalar to scalar, the duration by which a cumulative hazard has been collected.
    horizon, hazard_at_horizon : positive, may be infinite together.
    """
    middle = jnp.log(jnp.minimum(1.0, hazard_at_horizon))

    def node_value(log_node, log_weight):
        log_y = middle + log_node
        log_stretch = jnp.logaddexp(jnp.zeros_like(log_y), log_y - jnp.log(hazard_at_horizon))
        hazard = jnp.exp(log_y - log_stretch)
        weight = jnp.exp(middle + log_weight - 2.0 * log_stretch - hazard)
        # far out a heavy tail's duration is infinite where the weight is 0
        counts = weight > 0
        return jnp.where(counts, duration_at(jnp.where(counts, hazard, 1.0)) * weight, 0.0)

    dtype = jnp.result_type(middle)
    below = jnp.sum(jax.vmap(node_value)(jnp.asarray(_LOG_NODES, dtype), jnp.asarray(_LOG_WEIGHTS, dtype)))
    reached = hazard_at_horizon < jnp.inf
    beyond = jnp.where(reached, horizon, 0.0) * jnp.exp(-jnp.where(reached, hazard_at_horizon, 0.0))
    return below + jnp.where(reached, beyond, 0.0)
