r"""What a hazard may be multiplied by that nobody recorded: gamma and lognormal frailties.

All that a likelihood or a prediction needs of a frailty Z is :math:`E[Z^n e^{-aZ}]`: n failures seen where a were expected (a sum of
cumulative hazards) leave Z with the density :math:`f(z)\,z^n e^{-az}` divided by it (Hougaard 2000, Analysis of Multivariate Survival
Data, sections 7.2 and 7.3).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp

from survjax.numerics import tilted_moments
from survjax.numerics.roots import root_from_below

SERIES_BELOW, SERIES_TERMS = 0.05, 13  # the last term is 0.05^13 / 13


class Frailty(NamedTuple):
    """A kind of frailty; all rules are of its variance (0: none varies), the failures n and the expected failures a, scalars.

    log_moment : log E[Z^n e^(-aZ)], without what depends on variance and n alone.
    ahead : (..., more) -> the cumulative hazard of a unit whose own base collects ``more`` from here on.
    log_mean : the logarithm of the mean frailty.
    needed : (..., collected) -> the cumulative hazard of the base at which ``ahead`` is this much.
    """

    log_moment: Callable
    ahead: Callable
    log_mean: Callable
    needed: Callable


def _log1p_by(variance, hazard):
    """log(1 + v h) / v, h where v is 0, with all derivatives; both at least 0."""
    x = variance * hazard
    small = x < SERIES_BELOW
    near = jnp.where(small, x, 0.0)
    series = sum((-near) ** k / (k + 1) for k in range(1, SERIES_TERMS)) + 1.0
    # not as a function of v h alone: its slope is in terms of the square, beyond all numbers where a heavy tail has collected 1e200
    far = jnp.log1p(jnp.where(small, 1.0, variance) * jnp.where(small, 1.0, hazard)) / jnp.where(small, 1.0, variance)
    return jnp.where(small, jnp.where(small, hazard, 0.0) * series, far)


def _expm1_over(x):
    """(exp(x) - 1) / x, 1 at 0, with all derivatives; x at least 0."""
    small = x < SERIES_BELOW
    near, far = jnp.where(small, x, 0.0), jnp.where(small, 1.0, x)
    series = sum(near**k / math.factorial(k + 1) for k in range(1, SERIES_TERMS)) + 1.0
    return jnp.where(small, series, jnp.expm1(far) / far)


# ---- gamma with mean 1: after n failures where a were expected it has the shape 1/v + n and the rate 1/v + a


def _gamma_log_moment(variance, failures, expected):
    return -failures * jnp.log1p(variance * expected) - _log1p_by(variance, expected)


def _gamma_ahead(variance, failures, expected, more):
    finite = more < jnp.inf
    share = jnp.where(finite, more, 0.0) / (1.0 + variance * expected)
    return jnp.where(finite, _log1p_by(variance, share) + failures * jnp.log1p(variance * share), jnp.inf)


def _gamma_log_mean(variance, failures, expected):
    return jnp.log1p(variance * failures) - jnp.log1p(variance * expected)


def _gamma_needed(variance, failures, expected, collected):
    finite = collected < jnp.inf
    share = jnp.where(finite, collected, 0.0) / (1.0 + variance * failures)
    return jnp.where(finite, (1.0 + variance * expected) * share * _expm1_over(variance * share), jnp.inf)


# ---- lognormal with median 1


def _varies(rule: Callable, at_zero: Callable) -> Callable:
    """The rule where the variance is positive, and what it is where nothing varies."""

    def both(variance, *arguments):
        positive = variance > 0
        return jnp.where(positive, rule(jnp.where(positive, variance, 1.0), *arguments), at_zero(*arguments))

    return both


_lognormal_log_moment = _varies(tilted_moments.log_moment, lambda failures, expected: -expected)
_lognormal_log_mean = _varies(tilted_moments.log_mean, lambda failures, expected: jnp.zeros_like(expected))


def _lognormal_fall(variance, failures, expected, more):
    finite = more < jnp.inf
    return jnp.where(finite, tilted_moments.fall(variance, failures, expected, jnp.where(finite, more, 1.0)), jnp.inf)


_lognormal_ahead = _varies(_lognormal_fall, lambda failures, expected, more: more)


def _lognormal_solve(variance, failures, expected, collected):
    # by Jensen's inequality what is needed is at least this, and log of the one is concave in log of the other
    inside = (collected > 0) & (collected < jnp.inf)
    log_collected = jnp.log(jnp.where(inside, collected, 1.0))
    least = log_collected - tilted_moments.log_mean(variance, failures, expected)

    def gap(log_more):
        return jnp.log(tilted_moments.fall(variance, failures, expected, jnp.exp(log_more))) - log_collected

    return jnp.where(inside, jnp.exp(root_from_below(gap, least)), jnp.where(collected > 0, jnp.inf, 0.0))


_lognormal_needed = _varies(_lognormal_solve, lambda failures, expected, collected: collected)


FRAILTIES: Mapping[str, Frailty] = {
    "gamma": Frailty(_gamma_log_moment, _gamma_ahead, _gamma_log_mean, _gamma_needed),
    "lognormal": Frailty(_lognormal_log_moment, _lognormal_ahead, _lognormal_log_mean, _lognormal_needed),
}


def check_frailty(name: object) -> None:
    """Refuse what is no frailty.

    Raises
    ------
    ValueError
    """
    if name not in FRAILTIES:
        raise ValueError(f"distribution is that of the frailty, {' or '.join(map(repr, FRAILTIES))}; got {name!r:.60}.")
