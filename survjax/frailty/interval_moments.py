r"""Moments of a frailty over groups in which some units are known to have failed within an interval.

A unit alive when its base had collected l, and failed by the time it had collected l + m, adds the factor :math:`e^{-lZ}(1 - e^{-mZ})` to
what its group's frailty is averaged over, so that a group has

.. math:: E\,\Big[Z^d e^{-aZ} \prod_i (1 - e^{-m_i Z})^{w_i}\Big].

Written out, the product has 2^(units) terms of both signs; the integral is smooth, and its integrand has a concave logarithm in log Z. It
is taken by the trapezoidal rule between the points where the integrand has fallen to the last digit, as in ``numerics.tilted_moments``, in
a variable w that has variance about 1 before anything is known: log Z is a constant plus a multiple of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import logsumexp

from survjax.distributions.frailties import FRAILTIES
from survjax.numerics.incomplete_gamma import log_standard_density
from survjax.numerics.special import log1mexp

NODES = 128  # the left tail of a gamma frailty is as long as 37 over the failures of its group, twice that of a lognormal one
FALLEN = 37.0  # exp(-37) is 1e-16
HALVINGS = 40  # of the mode's bracket
SHORTEST, DOUBLINGS = 1e-6, 40  # of a reach, until it is long enough and at most twice as long as it must be
NEWTON_STEPS = 6  # from there
_SHARES = np.linspace(0.0, 1.0, NODES)
_HALF_LOG_2_PI = 0.5 * np.log(2.0 * np.pi)


class _Base(NamedTuple):
    """What a group's frailty is known by without its intervals, all (g,): log Z = centre + step w; the logarithm of what ``density`` leaves
    out; and between which w the mode is, whatever the intervals say."""

    centre: Any
    step: Any
    outside: Any
    density: Callable
    least: Any
    most: Any


def _gamma(variance: Any, failures: Any, expected: Any, between: Any) -> _Base:
    # known by failures and expected alone it is gamma again, with shape 1 / step²
    step = jnp.sqrt(variance / (1.0 + variance * failures))
    centre = jnp.log1p(variance * failures) - jnp.log1p(variance * expected)
    outside = jax.vmap(FRAILTIES["gamma"].log_moment, (None, 0, 0))(variance, failures, expected)
    most = jnp.log1p(between * step**2) / step
    return _Base(centre, step, outside, lambda w: log_standard_density(step, w), jnp.zeros_like(most), most)


def _lognormal(variance: Any, failures: Any, expected: Any, between: Any) -> _Base:
    sigma = jnp.sqrt(variance)

    def density(w: Any) -> Any:
        return failures * sigma * w - expected * jnp.exp(sigma * w) - 0.5 * w**2 - _HALF_LOG_2_PI

    # the slope of the logarithm is at least that of exp(-aZ) alone, 0 at no less than this since W(x) < log(1 + x), and at most that with
    # the intervals' failures at known ages
    least, most = -jnp.log1p(variance * expected) / sigma, sigma * (failures + between)
    nothing = jnp.zeros_like(failures)
    return _Base(nothing, sigma + nothing, nothing, density, least, most)


_BASES = {"gamma": _gamma, "lognormal": _lognormal}


class Intervals(NamedTuple):
    """What rows known within an interval collect in it, ``more`` (b,), how often each counts, ``weight`` (b,), and its ``group`` (b,)."""

    more: Any
    weight: Any
    group: Any

    def counted(self, n_groups: int) -> Any:
        """How many of them each group has (g,)."""
        return jax.ops.segment_sum(self.weight, self.group, n_groups)


def log_interval_moments(kind: str, variance: Any, failures: Any, expected: Any, intervals: Intervals) -> Any:
    r""":math:`\log E[Z^d e^{-aZ} \prod (1 - e^{-mZ})^w]` of each group (g,), less what depends on variance and d alone (``FRAILTIES``)."""
    terms, _ = _log_terms(kind, variance, failures, expected, intervals)
    closed = jax.vmap(FRAILTIES[kind].log_moment, (None, 0, 0))(variance, failures, expected)
    return jnp.where(intervals.counted(len(failures)) > 0, logsumexp(terms, axis=1), closed)


def nodes_and_shares(kind: str, variance: Any, failures: Any, expected: Any, intervals: Intervals) -> tuple[Any, Any]:
    """Values of the frailty of each group (g, NODES), ascending, and what share of what is known of it each stands for."""
    terms, log_z = _log_terms(kind, variance, failures, expected, intervals)
    return jnp.exp(log_z), jnp.exp(terms - logsumexp(terms, axis=1, keepdims=True))


def _log_terms(kind: str, *known: Any) -> tuple[Any, Any]:
    """The logarithm of each term of the trapezoidal sum and of Z there, (g, NODES) each."""
    # the integral does not depend on where its nodes are, so that its derivatives are those of the terms at fixed nodes
    mode, left, right = _range(kind, *jax.lax.stop_gradient(known))
    base, height = _heights(kind, *known)
    nodes = mode - left + (left + right) * jnp.asarray(_SHARES)[:, None]
    logs = jax.vmap(height)(nodes) + base.outside + jnp.log((left + right) / (NODES - 1))
    return logs.T, (base.centre + base.step * nodes).T


def _heights(kind: str, variance: Any, failures: Any, expected: Any, intervals: Intervals) -> tuple[_Base, Callable]:
    """What is known without the intervals; and the logarithm of the integrand of each group, each at its own place (g,)."""
    between = intervals.counted(len(failures))
    base = _BASES[kind](variance, failures, expected, between)

    def height(w: Any) -> Any:
        z = jnp.exp(base.centre + base.step * w)
        told = intervals.weight * log1mexp(-intervals.more * z[intervals.group])
        return base.density(w) + jax.ops.segment_sum(told, intervals.group, len(failures))

    return base, height


def _range(kind: str, *known: Any) -> tuple[Any, Any, Any]:
    """The mode (g,) of each concave height, and how far to either side of it to go."""
    base, height = _heights(kind, *known)
    slope = jax.grad(lambda w: height(w).sum())

    def halved(_: Any, ends: Any) -> Any:
        middle = 0.5 * (ends[0] + ends[1])
        rises = slope(middle) > 0
        return jnp.where(rises, middle, ends[0]), jnp.where(rises, ends[1], middle)

    low, high = jax.lax.fori_loop(0, HALVINGS, halved, (base.least, base.most))
    mode = 0.5 * (low + high)
    top = height(mode)

    def reach(side: float) -> Any:
        def longer(_: Any, length: Any) -> Any:
            return jnp.where(top - height(mode + side * length) < FALLEN, 2.0 * length, length)

        def closer(_: Any, length: Any) -> Any:
            place = mode + side * length
            return length - (top - height(place) - FALLEN) / (-side * slope(place))

        outside = jax.lax.fori_loop(0, DOUBLINGS, longer, jnp.full_like(mode, SHORTEST))
        return jax.lax.fori_loop(0, NEWTON_STEPS, closer, outside)

    return mode, reach(-1.0), reach(1.0)
