"""Moments of a lognormal under an exponential tilt, against integrals of mpmath."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.numerics.tilted_moments import fall, log_mean, log_moment, nodes_and_shares

pytestmark = pytest.mark.usefixtures("double")

POWERS, TILTS = (0, 1, 6, 300), (0.01, 1.0, 40.0)
# absolute, of what the rule promises by variance
ACCURACY = {1e-4: 1e-13, 0.5: 1e-13, 2.0: 1e-13, 4.0: 2e-12}
MOMENT, FALL, MEAN = (jax.jit(rule) for rule in (log_moment, fall, log_mean))


@mpmath.workdps(30)
def exact(variance, power, tilt, integrand=lambda z: 1):
    """E[Z^n exp(-aZ) g(Z)] in mpmath, by the trapezoidal rule with steps so short that 25 digits stand."""
    sigma = mpmath.sqrt(variance)
    step = mpmath.mpf(1) / 40 / (1 + sigma * 2)
    # the standard normal variable lies within 14 of the mode of the integrand, which is between -14 and n sigma
    total = mpmath.mpf(0)
    peak = max(w * power * sigma - tilt * mpmath.exp(sigma * w) - w**2 / 2 for w in mpmath.linspace(-14, power * sigma + 1, 2000))
    for k in range(int(-30 / step), int((power * sigma + 14) / step)):
        w = k * step
        z = mpmath.exp(sigma * w)
        exponent = power * sigma * w - tilt * z - w**2 / 2
        if exponent > peak - 70:
            total += mpmath.exp(exponent) * integrand(z)
    return total * step / mpmath.sqrt(2 * mpmath.pi)


@pytest.mark.parametrize("variance", ACCURACY)
@pytest.mark.parametrize("power", [0, 1, 6])
def test_the_log_moment_is_that_of_mpmath(variance, power):
    for tilt in TILTS:
        expected = float(mpmath.log(exact(variance, power, tilt)))
        np.testing.assert_allclose(MOMENT(variance, float(power), tilt), expected, rtol=1e-13, atol=ACCURACY[variance])


def test_many_failures_leave_a_moment_as_exact():
    expected = float(mpmath.log(exact(0.5, 300, 40.0)))
    np.testing.assert_allclose(MOMENT(0.5, 300.0, 40.0), expected, rtol=1e-13)


def test_without_a_tilt_the_moment_is_in_closed_form():
    for variance in ACCURACY:
        np.testing.assert_allclose(MOMENT(variance, 3.0, 0.0), 4.5 * variance, rtol=1e-12)


@pytest.mark.parametrize("more", [1e-12, 1e-3, 0.3, 0.7, 30.0])
def test_the_fall_keeps_the_digits_of_a_short_step(more):
    with mpmath.workdps(30):
        share = exact(0.5, 2, 1.5, lambda z: mpmath.expm1(-mpmath.mpf(more) * z)) / exact(0.5, 2, 1.5)
        expected = float(-mpmath.log1p(share))
    np.testing.assert_allclose(FALL(0.5, 2.0, 1.5, more), expected, rtol=1e-13)


def test_the_mean_is_the_slope_of_the_fall_and_that_of_the_nodes():
    mean = float(exact(1.0, 3, 2.0) / exact(1.0, 2, 2.0))
    nodes, shares = nodes_and_shares(1.0, 2.0, 2.0)
    slope = jax.grad(fall, 3)(1.0, 2.0, 2.0, 0.0)
    np.testing.assert_allclose([jnp.exp(MEAN(1.0, 2.0, 2.0)), nodes @ shares, slope], mean, rtol=1e-13)


def test_derivatives_are_those_of_the_integral():
    # d/da log E = -mean, and in the variance of log Z, Z = exp(sigma w): half of E[(n - aZ)^2 - aZ] / E[1], by Stein's identity
    v, n, a = 0.7, 2.0, 1.3
    whole = exact(v, 2, a)
    by_variance = 0.5 * exact(v, 2, a, lambda z: (2 - mpmath.mpf(a) * z) ** 2 - mpmath.mpf(a) * z) / whole
    by_tilt = -exact(v, 3, a) / whole
    np.testing.assert_allclose(jax.grad(log_moment, (0, 2))(v, n, a), [float(by_variance), float(by_tilt)], rtol=1e-12)
    curvature = exact(v, 4, a) / whole - by_tilt**2
    np.testing.assert_allclose(jax.grad(jax.grad(log_moment, 2), 2)(v, n, a), float(curvature), rtol=1e-11)
