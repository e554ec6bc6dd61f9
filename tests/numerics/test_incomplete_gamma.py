"""The incomplete gamma function in both tails and its derivatives, against mpmath."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.numerics.incomplete_gamma import (
    log_mean_power,
    log_standard_density,
    log_tails,
    mean_growth,
    stirling_rest,
)

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 50

SHAPES = (0.005, 0.02, 0.3, 1.0, 2.0, 5.9, 6.1, 30.0, 100.0, 1000.0, 10000.0)
# in units of 1 / sqrt(a) about x = a for large a
LOG_RATIOS = (-600.0, -100.0, -30.0, -10.0, -3.0, -1.0, -0.3, -1e-3, 0.0, 1e-3, 0.3, 1.0, 3.0, 5.0, 8.0)


def exact_tails(q, w):
    """log of both tails in mpmath, for q > 0; q < 0 is its mirror image, q = 0 the normal."""
    q, w = mpmath.mpf(q), mpmath.mpf(w)
    if q == 0:
        return mpmath.log(mpmath.ncdf(w)), mpmath.log(mpmath.ncdf(-w))
    if q < 0:
        return exact_tails(-q, -w)[::-1]
    a = q**-2
    x = a * mpmath.e ** (q * w)
    return mpmath.log(mpmath.gammainc(a, 0, x, regularized=True)), mpmath.log(mpmath.gammainc(a, x, regularized=True))


@pytest.mark.parametrize("a", SHAPES)
def test_both_tails_agree_with_mpmath(a):
    q = float(1 / np.sqrt(a))
    compared = 0
    for ratio in LOG_RATIOS:
        w = ratio * min(np.sqrt(a), 4.0)
        exact = [float(tail) for tail in exact_tails(q, w)]
        if min(exact) > -750:  # beyond, the other tail is 1 and this one no double
            # an absolute error of the logarithm is a relative one of the tail
            np.testing.assert_allclose(log_tails(q, w), exact, atol=5e-13, rtol=0)
            compared += 1
    assert compared >= 8


@pytest.mark.parametrize("q", [1e-12, 1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("w", [-30.0, -3.0, -0.1, 0.5, 2.0, 30.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_near_the_normal_the_tails_follow_the_integral_of_the_density(q, w, sign):
    q = sign * q

    def density(v):
        exponent = (mpmath.expm1(q * v) - q * v) / mpmath.mpf(q) ** 2
        return mpmath.e**-exponent

    with mpmath.workdps(60):
        outwards = 1 if w >= 0 else -1
        reach = 40 / (abs(w) * mpmath.e ** (-abs(q * w)) + 2)
        edges = [w + outwards * reach * k / 8 for k in range(9)]
        tail = abs(mpmath.quad(density, edges))
        rest = mpmath.mpf(float(stirling_rest(q)))
        exact = float(mpmath.log(tail) - rest - mpmath.log(2 * mpmath.pi) / 2)
    np.testing.assert_allclose(log_tails(q, w)[1 if w >= 0 else 0], exact, atol=1e-12)


def test_at_q_0_it_is_the_normal():
    for w in (-35.0, -5.0, -0.3, 0.0, 0.3, 5.0, 35.0):
        np.testing.assert_allclose(
            log_tails(0.0, w), [float(tail) for tail in exact_tails(0, w)], rtol=1e-12, atol=1e-16
        )  # as the nodes resolve it


@pytest.mark.parametrize("w", [-20.0, -2.0, -0.2, 0.3, 4.0, 20.0])
def test_the_series_in_q_is_met_at_0(w):
    """f_q(w) = phi(w) (1 - q w^3/6 + ...), of which the tails are elementary: d/dq of the upper tail is -(w^2 + 2) phi(w) / 6."""
    phi = mpmath.npdf(w)
    lower, upper = mpmath.ncdf(w), mpmath.ncdf(-w)
    slope = (mpmath.mpf(w) ** 2 + 2) * phi / 6
    computed = jax.jacfwd(log_tails)(0.0, w)
    np.testing.assert_allclose(computed, [float(slope / lower), float(-slope / upper)], rtol=1e-12)


@pytest.mark.parametrize(
    ("q", "w", "orders"),
    [
        (0.3, 2.0, ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (1, 2), (2, 1))),
        (0.3, -8.0, ((1, 0), (2, 0))),
        (-0.7, 2.0, ((1, 0), (2, 0), (1, 1))),
        (1.4, -1.0, ((1, 0), (2, 0), (1, 1))),
        (5.0, -0.1, ((1, 0), (2, 0), (1, 1))),
    ],
)
def test_derivatives_agree_with_mpmath(q, w, orders):
    for tail in (0, 1):
        for order in orders:
            derivative = lambda q, w, tail=tail: log_tails(q, w)[tail]  # noqa: E731
            for argument, times in enumerate(order):
                for _ in range(times):
                    derivative = jax.grad(derivative, argument)
            expected = float(mpmath.diff(lambda q, w, tail=tail: exact_tails(q, w)[tail], (q, w), order))
            # mpmath differentiates by differences of step 1e-17 or so: ten digits are left at third order
            np.testing.assert_allclose(derivative(q, w), expected, rtol=1e-9, atol=1e-12)


def test_mixed_derivatives_do_not_depend_on_their_order():
    for q, w in ((0.0, 1.0), (0.4, -3.0), (-1.1, 2.0)):
        one = jax.grad(jax.grad(lambda q, w: log_tails(q, w)[1], 0), 1)(q, w)
        other = jax.grad(jax.grad(lambda q, w: log_tails(q, w)[1], 1), 0)(q, w)
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_infinite_arguments_have_the_limits():
    for q in (-1.0, 0.0, 0.5):
        assert log_tails(q, -jnp.inf) == (-jnp.inf, 0.0)
        assert log_tails(q, jnp.inf) == (0.0, -jnp.inf)
    assert log_tails(1.0, 400.0)[1] < -1e170
    assert log_tails(1.0, 1e4) == (0.0, -jnp.inf)


def test_the_regularised_functions_are_those_of_mpmath():
    for a, x in ((0.5, 1e-200), (0.5, 3.0), (50.0, 1.0), (50.0, 400.0)):
        exact = [mpmath.gammainc(a, 0, x, regularized=True), mpmath.gammainc(a, x, regularized=True)]
        log_x = float(mpmath.log(mpmath.mpf(x)))
        # the rounding of log x, 1e-14 of it here, moves the logarithm of a tail by up to a or x times that
        tails = log_tails(1.0 / np.sqrt(a), np.sqrt(a) * (log_x - np.log(a)))
        np.testing.assert_allclose(tails, [float(mpmath.log(tail)) for tail in exact], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("q", [-3.0, -0.5, -0.1, 0.0, 0.01, 0.4, 0.42, 1.0, 10.0])
def test_stirlings_rest_agrees_with_mpmath(q):
    if q == 0:
        assert stirling_rest(q) == 0.0
        np.testing.assert_allclose(jax.hessian(stirling_rest)(q), 1 / 6, rtol=1e-14)  # q^2 / 12
        return
    a = mpmath.mpf(q) ** -2
    exact = mpmath.loggamma(a) - ((a - 0.5) * mpmath.log(a) - a + mpmath.log(2 * mpmath.pi) / 2)
    np.testing.assert_allclose(stirling_rest(q), float(exact), rtol=1e-11, atol=2e-14)  # a difference of logarithms of order 10


@pytest.mark.parametrize(
    ("q", "sigma"), [(0.5, 0.5), (1.0, 2.0), (0.2, 0.9), (-0.5, 0.5), (-0.5, 1.8), (1e-5, 1.0), (0.0, 0.7), (3.0, 0.1)]
)
@pytest.mark.parametrize("w", [-5.0, -0.5, 0.5, 3.0, 9.0])
def test_the_mean_growth_agrees_with_mpmath(q, sigma, w):
    def density(v):
        exponent = v**2 / 2 if q == 0 else (mpmath.expm1(q * v) - q * v) / mpmath.mpf(q) ** 2
        return mpmath.e**-exponent

    with mpmath.workdps(30):
        edges = [w + mpmath.mpf(2) ** k - mpmath.mpf(2) ** -6 for k in range(-6, 6)]
        edges += [200, 600, 2000] if q < 0 else []
        top = mpmath.quad(lambda v: mpmath.expm1(sigma * (v - w)) * density(v) / density(w), edges)
        tail = mpmath.quad(lambda v: density(v) / density(w), edges)
    np.testing.assert_allclose(mean_growth(q, sigma, w), float(top / tail), rtol=1e-11)


def test_a_mean_that_diverges_is_infinite():
    assert mean_growth(-0.5, 2.0, 1.0) == jnp.inf
    assert log_mean_power(-0.5, 2.0) == jnp.inf
    np.testing.assert_allclose(log_mean_power(0.0, 0.7), 0.245, rtol=1e-14)  # the lognormal's sigma^2 / 2


def test_the_density_integrates_to_1():
    for q in (-2.0, 0.0, 0.3, 4.0):
        lower, upper = log_tails(q, 0.4)
        np.testing.assert_allclose(jnp.exp(lower) + jnp.exp(upper), 1.0, rtol=1e-14)
        np.testing.assert_allclose(
            jax.grad(lambda w, q=q: jnp.exp(log_tails(q, w)[0]))(0.4), jnp.exp(log_standard_density(q, 0.4)), rtol=1e-12
        )


# ---- without its exponential decay
