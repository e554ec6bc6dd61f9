"""Functions that JAX lacks, or has without the accuracy or the derivatives that lifetimes need."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln


def between_birth_and_end(rule, time, stand_in, at_birth, at_end):
    """``rule(time)`` at finite positive times, and what it tends to at 0 and at infinity, without nan in any derivative.

    The rule is evaluated at ``stand_in``, a harmless time, where it is not used: ``where`` differentiates both branches.
    """
    born, ended = time <= 0, time == jnp.inf
    value = rule(jnp.where(born | ended, stand_in, time))
    return jnp.where(born, at_birth, jnp.where(ended, at_end, value))


def log_ratio(time, scale):
    """log(time / scale), -inf at time 0, with derivatives in ``scale`` that stay finite there."""
    positive = time > 0
    return jnp.where(positive, jnp.log(jnp.where(positive, time, 1.0)), -jnp.inf) - jnp.log(scale)


def power_of_ratio(time, scale, exponent):
    """(time / scale)**exponent for a positive exponent, 0 at time 0 with the right first derivatives there."""
    positive = time > 0
    # at time 0 the scale itself stands in: anything else may overflow there and make the gradient nan
    logarithm = exponent * (jnp.log(jnp.where(positive, time, scale)) - jnp.log(scale))
    origin = jnp.where(positive, 0.0, time)
    # value 0, and the slope in time that the power has at 0: none, 1 / scale, or infinite
    steep = jnp.sqrt(jnp.where(positive | (exponent >= 1.0), 1.0, origin))
    at_origin = jnp.where(exponent > 1.0, 0.0, jnp.where(exponent == 1.0, origin / scale, steep))
    return jnp.where(positive, growing(logarithm), at_origin)


def growing(exponent):
    """exp(exponent), infinite and without slope from where its second derivatives would leave the number range (690 in double precision).

    For a cumulative hazard by its logarithm: what it leaves alive is 0 to any precision, and so are that survival's derivatives. By the
    chain rule they are 0 times those of the hazard, and 0 times infinity is nan: in a mixture, of whole fleets for one unit that is
    old for a sharp component.
    """
    most = math.log(jnp.finfo(jnp.result_type(exponent, float)).max)
    beyond = exponent > most - 3.0 * math.log(most)
    return jnp.where(beyond, jnp.inf, jnp.exp(jnp.where(beyond, 0.0, exponent)))


def hazard_times_survival(hazard, survival):
    """The density, 0 where no survival is left although the hazard may be infinite there."""
    alive = survival > 0
    return jnp.where(alive, jnp.where(alive, hazard, 1.0) * survival, 0.0)


def log_weighted_sum(logs, weights):
    """log of the sum of weight × exp(log) over two sequences of scalars; -inf where nothing is left.

    Written out term by term: ``logsumexp`` over a stacked axis of two costs three times the compile time and the run.
    """
    largest, terms = exponentials(logs, weights)
    total = sum(weight * term for weight, term in zip(weights, terms, strict=True))
    return largest + jnp.log(total)


def exponentials(logs, weights):
    """The largest log that has any weight (0 where all are -inf), and exp(log - largest) for each."""
    largest = functools.reduce(jnp.maximum, [jnp.where(weight > 0, log, -jnp.inf) for log, weight in zip(logs, weights, strict=True)])
    largest = jax.lax.stop_gradient(jnp.where(jnp.isfinite(largest), largest, 0.0))
    # what has no weight may be larger, and must not overflow, since 0 times inf is nan
    most = 0.98 * jnp.log(jnp.finfo(jnp.asarray(largest).dtype).max)
    bounds = [jnp.where(weight > 0, jnp.inf, most) for weight in weights]
    return largest, [jnp.exp(jnp.minimum(log - largest, bound)) for log, bound in zip(logs, bounds, strict=True)]


@jax.custom_jvp
def log1mexp(log):
    """log(1 - exp(log)) for log < 0, at full relative accuracy at both ends, with all its derivatives.

    One logarithm, the slowest function here: where exp(log) is small, what 1 - exp(log) lost to rounding is put back to first order.
    The derivatives are given by hand, since those of ``where`` take three times as long to compile.
    """
    probability, rest = jnp.exp(log), -jnp.expm1(log)
    return jnp.log(rest) + jnp.where(rest < 0.5, 0.0, (1.0 - rest - probability) / rest)


@log1mexp.defjvp
def _log1mexp_slope(primals, tangents):
    return log1mexp(*primals), -_odds(*primals) * tangents[0]


@jax.custom_jvp
def _odds(log):
    """p / (1 - p) of the probability p = exp(log)."""
    return jnp.exp(log) / -jnp.expm1(log)


@_odds.defjvp
def _odds_slope(primals, tangents):
    odds = _odds(*primals)
    return odds, odds * (1.0 + odds) * tangents[0]


def log_expm1(x):
    """log(exp(x) - 1) for x > 0, which neither overflows nor loses small x."""
    return x + log1mexp(-x)


def log_inverse_cloglog(x):
    """log(1 - exp(-exp(x))) for any real x: about x below, about -exp(-exp(x)) above."""
    low, high = x < -37.0, x > 7.0  # beyond them the value is x, or 0, to rounding
    inside = log1mexp(-jnp.exp(jnp.where(low | high, 0.0, x)))
    return jnp.where(low, x, jnp.where(high, 0.0, inside))


def cloglog(log):
    """log(-log(1 - exp(log))) for log < 0: the inverse of ``log_inverse_cloglog``."""
    low = log < -37.0
    return jnp.where(low, log, jnp.log(-log1mexp(jnp.where(low, -1.0, log))))


def expm1_ratio(x):
    """(exp(x) - 1) / x, 1 at 0, with derivatives that keep their digits there."""
    small = jnp.abs(x) < 0.5
    series = jnp.ones_like(x)
    near = jnp.where(small, x, 0.0)
    for n in range(15, 1, -1):
        series = 1.0 + series * near / n
    far = jnp.where(small, 1.0, x)
    return jnp.where(small, series, jnp.expm1(far) / far)


def log1p_ratio(x):
    """log(1 + x) / x for x > -1, 1 at 0, with derivatives that keep their digits there."""
    small = jnp.abs(x) < 0.05
    near = jnp.where(small, x, 0.0)
    series = jnp.zeros_like(x)
    for n in range(14, 0, -1):
        series = 1.0 / n - near * series
    far = jnp.where(small, 1.0, x)
    return jnp.where(small, series, jnp.log1p(far) / far)


_EXPONENTIAL_SERIES = [1.0 / math.factorial(k + 2) for k in range(14)]


def exponential_rest(z):
    """(exp(z) - 1 - z) / z**2, which is 1/2 at 0, with all its derivatives."""
    small = jnp.abs(z) < 0.5
    near, far = jnp.where(small, z, 0.0), jnp.where(small, 1.0, z)
    series = jnp.zeros_like(near)
    for coefficient in reversed(_EXPONENTIAL_SERIES):
        series = series * near + coefficient
    return jnp.where(small, series, (jnp.exp(far) - 1.0 - far) / far**2)


def log_failed(log_hazard):
    """log(1 - exp(-H)) from log H, any real number or infinite, at full relative accuracy and with all its derivatives.

    The logarithm of the share failed from that of the cumulative hazard; log(exp(H) - 1) is H more.
    """
    early = log_hazard < 0.0
    few = jnp.exp(jnp.where(early, log_hazard, 0.0))
    # 1 - exp(-1100) is 1
    many = jnp.exp(jnp.minimum(jnp.where(early, 0.0, log_hazard), 7.0))
    return jnp.where(early, log_hazard + jnp.log1p(-few * exponential_rest(-few)), jnp.log1p(-jnp.exp(-many)))


EULER = 0.5772156649015329
N_SERIES = 250
N_FRACTION = 120


def log_scaled_upper_gamma(a, log_x):
    r"""log of :math:`e^{x}\,\Gamma(a, x)`, the upper incomplete gamma function without its exponential decay.

    Parameters
    ----------
    a : 0.005 <= a <= 100.
    log_x : the logarithm of x, any real number or -inf; x itself may overflow.

    Notes
    -----
    Below x = a + 1 the power series of the lower function (Abramowitz & Stegun 1964, 6.5.29), above it the even part of
    Legendre's continued fraction (6.5.31) evaluated from its far end. Relative error of the exponential of the result
    against mpmath: at most 2e-12 over the domain above. Differentiable to any order in both arguments, which
    ``jax.scipy.special.gammaincc`` is not in ``a``.
    """
    below = log_x < jnp.log(a + 1.0)
    series = _log_scaled_upper_gamma_by_series(a, jnp.where(below, log_x, 0.0))
    fraction = _log_scaled_upper_gamma_by_fraction(a, jnp.where(below, jnp.log(a + 1.0), log_x))
    return jnp.where(below, series, fraction)


def _log_scaled_upper_gamma_by_series(a, log_x):
    finite = log_x > -jnp.inf
    x = jnp.where(finite, jnp.exp(jnp.where(finite, log_x, 0.0)), 0.0)

    def horner(index, total):
        return 1.0 + total * x / (a + (N_SERIES - index))

    total = jax.lax.fori_loop(0, N_SERIES, horner, jnp.ones_like(x + a))
    log_lower = a * jnp.where(finite, log_x, 0.0) - x - gammaln(a + 1.0) + jnp.log(total)
    return x + gammaln(a) + jnp.where(finite, jnp.log1p(-jnp.exp(jnp.where(finite, log_lower, -1.0))), 0.0)


def _log_scaled_upper_gamma_by_fraction(a, log_x):
    # Divided by x throughout, so that it holds where x overflows: only 1 / x appears.
    inverse = jnp.exp(-log_x)

    def backward(index, tail):
        n = 1.0 * (N_FRACTION - index)
        return 1.0 + (2.0 * n - 1.0 - a) * inverse - n * (n - a) * inverse**2 / tail

    start = 1.0 + (2.0 * N_FRACTION + 1.0 - a) * inverse
    return (a - 1.0) * log_x - jnp.log(jax.lax.fori_loop(0, N_FRACTION, backward, start))


def log_scaled_exponential_integral(log_x):
    r"""log of :math:`e^{x} E_1(x)`, x given by its logarithm; relative error of its exponential at most 1e-14.

    The power series (Abramowitz & Stegun 1964, 5.1.11) below x = 1, above it the continued fraction of the incomplete gamma
    function with a = 0.
    """
    below = log_x < 0.0
    near = jnp.where(below, log_x, 0.0)
    x = jnp.exp(near)
    total = jnp.zeros_like(x)
    for n in range(19, 0, -1):  # (-x)^n / (n n!) nested
        total = (1.0 / n - total) * x / n
    series = x + jnp.log(total - near - EULER)
    return jnp.where(below, series, _log_scaled_upper_gamma_by_fraction(jnp.zeros_like(log_x), jnp.where(below, 0.0, log_x)))
