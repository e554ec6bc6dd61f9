r"""The incomplete gamma function in both tails, differentiable to any order in both arguments.

Everything rests on one density, that of the standardised logarithm w of a gamma variable (Prentice 1974, Biometrika, A
log gamma model and its maximum likelihood estimation),

.. math:: f_q(w) = C(q)\,e^{-E(w)}, \qquad E(w) = (e^{qw} - 1 - qw)/q^2, \qquad C(q) = e^{-r(q)}/\sqrt{2\pi}

in which :math:`a = 1/q^2` is the shape of the gamma, :math:`qw = \log(x/a)`, and r is the remainder of Stirling's formula.
It is smooth through q = 0, the normal density, and q may be negative, which mirrors it.

A tail is the integral of the density from w outwards. Its integrand falls steadily from its largest value, so that
Gauss-Legendre over the range in which it falls by exp(-38) meets it with 48 nodes, whatever the arguments; an exponential
tail that is long beside the unit of qw has its nodes spaced as a hyperbolic sine. The integral does not depend on where the
nodes lie, so they are not differentiated, and every derivative in q and w is that of the sum.

``jax.scipy.special.gammainc`` has no second derivative in a, and no digits in the tails.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from survjax.numerics.special import exponential_rest

_POINTS, _GAUSS = np.polynomial.legendre.leggauss(48)
_POINTS, _GAUSS = 0.5 * (_POINTS + 1.0), 0.5 * _GAUSS
_FALL = 38.0  # exp(-38) is a seventh of the rounding error
_HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)
# B_2k / (2k (2k - 1)): Abramowitz & Stegun 1964, 6.1.40
_STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400, 43867 / 244188, -174611 / 125400]
_SHIFT = 6
_LARGEST_EXPONENT = 300.0
_STEPS = 60  # Newton needs about six


def stirling_rest(q):
    r"""log Gamma(a) less :math:`(a - \tfrac12)\log a - a + \tfrac12\log 2\pi`, at :math:`a = 1/q^2`; 0 at q = 0."""
    large = q**2 < 1.0 / _SHIFT
    shifted = 1.0 / jnp.where(large, 1.0, q**2)
    above = shifted + _SHIFT
    inverse = jnp.where(large, q**2, 1.0 / above)
    series = jnp.zeros_like(inverse)
    for coefficient in reversed(_STIRLING):
        series = series * inverse**2 + coefficient
    pairs = shifted * (shifted + 5.0)
    product = pairs * (pairs + 4.0) * (pairs + 6.0)  # a (a + 1) ... (a + 5)
    moved = (above - 0.5) * jnp.log(above) - _SHIFT - (shifted - 0.5) * jnp.log(shifted) - jnp.log(product)
    return series * inverse + jnp.where(large, 0.0, moved)


def log_standard_density(q, w):
    """log f_q(w)."""
    return -_HALF_LOG_2_PI - stirling_rest(q) - w**2 * exponential_rest(q * w)


def log_tails(q, w):
    """log of the integral of f_q below w and of that above it.

    Relative error of the tails, and so absolute error of their logarithms, against mpmath: 3e-13 for |q| <= 15
    (a >= 0.0045) as far as the logarithm is -750. ``w`` may be infinite.
    """
    finite = jnp.abs(w) < jnp.inf
    safe = jnp.where(finite, w, 0.0)
    nearer = log_standard_density(q, safe) + log_integral_outwards(q, safe)
    other = jnp.log1p(-jnp.exp(nearer))
    upper = safe >= 0
    below, above = jnp.where(upper, other, nearer), jnp.where(upper, nearer, other)
    return (
        jnp.where(finite, below, jnp.where(w > 0, 0.0, -jnp.inf)),
        jnp.where(finite, above, jnp.where(w > 0, -jnp.inf, 0.0)),
    )


# Left to itself, automatic differentiation goes through the sum over nodes again and again. The derivatives in w are known,
# and those in q are moments over the same nodes: two orders of them are given, as the Hessian of a likelihood needs them.


@jax.custom_jvp
def log_integral_outwards(q, w):
    r"""log of :math:`\int_0^\infty e^{E(w) - E(w \pm v)}\,dv`, upwards for w >= 0 and downwards below."""
    return jnp.log(jnp.sum(_terms_outwards(q, w)[2]))


@log_integral_outwards.defjvp
def _(primals, tangents):
    q, w = primals
    value, in_q = _with_slope(q, w)
    return value, in_q * tangents[0] + _slope_in_w(q, w, value) * tangents[1]


@jax.custom_jvp
def _with_slope(q, w):
    """The same and its derivative in q."""
    return _with_slope_and_bend(q, w)[:2]


@_with_slope.defjvp
def _(primals, tangents):
    q, w = primals
    value, in_q, in_q_twice = _with_slope_and_bend(q, w)
    in_w = _slope_in_w(q, w, value)
    mixed = jax.jvp(lambda q: _slope_and_bend(q, w)[0], (q,), (jnp.ones_like(q),))[1] + _outwards(w) * jnp.exp(-value) * in_q
    return (value, in_q), (in_q * tangents[0] + in_w * tangents[1], in_q_twice * tangents[0] + mixed * tangents[1])


def _slope_in_w(q, w, value):
    return _slope_and_bend(q, w)[0] - _outwards(w) * jnp.exp(-value)


def _with_slope_and_bend(q, w):
    outwards, nodes, terms = _terms_outwards(q, w)
    slopes, bends = _fall_in_q(q, w + outwards * nodes)
    slope_here, bend_here = _fall_in_q(q, w)
    off = slope_here - slopes
    total, first, second = jnp.sum(terms), jnp.sum(terms * off), jnp.sum(terms * (bend_here - bends + off**2))
    first = first / total
    return jnp.log(total), first, second / total - first**2


def _fall_in_q(q, w):
    """The first and second derivative of E(w) in q."""

    def slope(q):
        return jax.jvp(lambda q: w**2 * exponential_rest(q * w), (q,), (jnp.ones_like(q),))[1]

    return jax.jvp(slope, (q,), (jnp.ones_like(q),))


def _outwards(w):
    return jnp.where(w >= 0, 1.0, -1.0)


def _terms_outwards(q, w):
    """+1 or -1 for the nearer tail, nodes v in it, and the terms of the integral."""
    outwards = _outwards(w)
    # beyond, the density underflows by far, and what the integral adds to its logarithm is lost in it
    far = q * w > _LARGEST_EXPONENT
    slope, bend = _slope_and_bend(q, jnp.where(far, _LARGEST_EXPONENT / jnp.where(far, q, 1.0), w))
    slope = outwards * slope
    nodes, weights = _nodes(q * outwards, slope, bend)
    return outwards, nodes, weights * jnp.exp(-_fall(q * outwards, slope, bend, nodes))


def _slope_and_bend(q, w):
    """E'(w) and E''(w)."""
    return w * (1.0 + q * w * exponential_rest(q * w)), jnp.exp(q * w)


def _fall(q, slope, bend, v):
    """E(w + v) - E(w)."""
    return slope * v + bend * v**2 * exponential_rest(q * v)


def _nodes(q, slope, bend):
    """Nodes and weights over the v from 0 to where ``_fall`` is about ``_FALL``, for a slope that is not negative."""
    q, slope, bend = jax.lax.stop_gradient((q, slope, bend))
    reach = _reach(q, slope, bend, _FALL)
    stretch = jnp.maximum(jnp.arcsinh(jnp.abs(q) * reach), 1e-3)
    grown = jnp.exp(stretch * jnp.asarray(_POINTS, reach.dtype))
    scale = 0.5 * reach / jnp.sinh(stretch)
    return scale * (grown - 1.0 / grown), scale * stretch * (grown + 1.0 / grown) * jnp.asarray(_GAUSS, reach.dtype)


def _reach(q, slope, bend, fall):
    """A v, not much too large, at which ``_fall`` is at least ``fall``."""
    size = jnp.abs(q)
    # for q > 0 the smaller of two bounds: by exp(z) - 1 - z >= z**2 / 2, and by solving for the exponential, twice over
    fast = 2.0 * fall / (slope + jnp.sqrt(slope**2 + 2.0 * fall * bend))
    curved = size > 0.05
    safe = jnp.where(curved, size, 1.0)
    for _ in range(2):
        fast = jnp.where(curved, jnp.minimum(fast, jnp.log1p((fall * safe**2 + safe * fast) / bend) / safe), fast)
    # for q < 0 by exp(-z) - 1 + z >= z**2 / (2 + z): a quadratic equation
    square, excess = slope * size + bend, 2.0 * slope - fall * size
    root = jnp.sqrt(excess**2 + 8.0 * fall * square)
    slow = jnp.where(excess > 0, 4.0 * fall / (root + jnp.abs(excess)), 0.5 * (root - excess) / square)
    return jnp.where(q >= 0, fast, slow)


def standard_quantile(q, cumulative_hazard):
    r"""The w at which the upper tail is exp(-cumulative_hazard), for a finite positive cumulative hazard.

    Newton's method on the logarithm of the tail that is small. A tail of a log-concave density is log-concave, so that the
    steps approach from one side; they begin where exp(-E), which bounds the tail, has the value.
    """
    late = cumulative_hazard > 0.7
    side = jnp.where(late, 1.0, -1.0)
    log_failed = jnp.log(-jnp.expm1(-jnp.where(late, 1.0, cumulative_hazard)))
    target = jnp.where(late, -cumulative_hazard, log_failed)

    def gap(w):
        below, above = log_tails(q, w)
        return jnp.where(late, above, below) - target

    def solve(gap, w):
        def improve(state):
            w, _, step = state
            value, slope = jax.jvp(gap, (w,), (jnp.ones_like(w),))
            moved = w - value / slope
            return moved, jnp.abs(moved - w) > 4.0 * jnp.finfo(w.dtype).eps * (1.0 + jnp.abs(w)), step + 1

        return jax.lax.while_loop(lambda state: state[1] & (state[2] < _STEPS), improve, (w, jnp.asarray(True), 0))[0]

    start = side * _reach(q * side, jnp.zeros_like(q), jnp.ones_like(q), -target)
    return jax.lax.custom_root(gap, jax.lax.stop_gradient(start), solve, lambda linear, value: value / linear(jnp.ones_like(value)))


def log_mean_power(q, sigma):
    r"""log of the mean of :math:`e^{\sigma W}`, W of density f_q: finite for sigma q > -1, infinite otherwise.

    :math:`\Gamma(a + \sigma/q)/\Gamma(a)\cdot q^{2\sigma/q}` with Stirling's formula taken out, so that q may be 0.
    """
    finite = sigma * q > -1.0
    z = jnp.where(finite, sigma * q, 0.0)
    lifted = q / jnp.sqrt(1.0 + z)
    value = sigma**2 * _logarithm_rest(z) - 0.5 * jnp.log1p(z) + stirling_rest(lifted) - stirling_rest(q)
    return jnp.where(finite, value, jnp.inf)


def _logarithm_rest(z):
    """((1 + z) log(1 + z) - z) / z**2, which is 1/2 at 0, with all its derivatives."""
    small = jnp.abs(z) < 0.1
    near, far = jnp.where(small, z, 0.0), jnp.where(small, 1.0, z)
    series = jnp.zeros_like(near)
    for n in reversed(range(16)):
        series = series * near + (-1.0) ** n / ((n + 1) * (n + 2))
    return jnp.where(small, series, ((1.0 + far) * jnp.log1p(far) - far) / far**2)


def mean_growth(q, sigma, w):
    r"""The mean of :math:`e^{\sigma(W - w)} - 1` given W > w; infinite for sigma q <= -1.

    Far out, where it is small, an integral of positive terms; elsewhere from the whole mean and the share of it above w.
    """
    finite = sigma * q > -1.0
    q = jnp.where(finite, q, 0.0)
    slope, bend = _slope_and_bend(q, w)
    steep = (slope > 2.0 * sigma) & (q * w < _LARGEST_EXPONENT)
    out = jnp.where(steep, w, 10.0 * sigma + 1.0)
    nearer = jnp.where(steep, 0.0, w)
    # the integrand falls more slowly by exp(sigma v), which the nodes must reach
    slope, bend = _slope_and_bend(q, out)
    nodes, weights = _nodes(q, slope - sigma, bend)
    terms = weights * jnp.exp(-_fall(q, slope, bend, nodes))
    far = jnp.sum(terms * jnp.expm1(sigma * nodes)) * jnp.exp(-log_integral_outwards(q, out))
    # the density times exp(sigma w) is that of the shape a + sigma / q
    lift = jnp.sqrt(1.0 + sigma * q)
    shift = sigma * (1.0 + sigma * q * _logarithm_rest(sigma * q)) / lift**2  # log(1 + sigma q) / q
    above = log_tails(q / lift, lift * (nearer - shift))[1] - log_tails(q, nearer)[1]
    near = jnp.expm1(log_mean_power(q, sigma) - sigma * nearer + above)
    return jnp.where(finite, jnp.where(steep, far, near), jnp.inf)
