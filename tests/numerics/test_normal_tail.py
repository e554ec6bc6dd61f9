"""The tails of the normal distribution against mpmath in 60 digits."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.numerics.normal_tail import log_mills_ratio, log_upper, upper_quantile

pytestmark = pytest.mark.usefixtures("double")

Z = (-37.0, -20.0, -8.0, -3.0, -1.0, -0.3, -1e-8, 0.0, 1e-8, 0.2, 0.9, 1.7, 3.0, 5.5, 12.0, 37.0, 150.0, 1e3, 1e6)


def exact_log_upper(z):
    z = mpmath.mpf(z)
    if z > 100:  # the asymptotic series, exact far beyond 60 digits here
        terms = [mpmath.mpf(1)]
        for n in range(1, 25):
            terms.append(-terms[-1] * (2 * n - 1) / z**2)
        return -z * z / 2 - mpmath.log(mpmath.sqrt(2 * mpmath.pi) * z) + mpmath.log(mpmath.fsum(terms))
    if z < 0:
        return mpmath.log1p(-mpmath.erfc(-z / mpmath.sqrt(2)) / 2)
    return mpmath.log(mpmath.erfc(z / mpmath.sqrt(2)) / 2)


@pytest.fixture(autouse=True)
def sixty_digits():
    with mpmath.workdps(330):  # far below 0 the logarithm is that of 1 - 1e-300
        yield


@pytest.mark.parametrize("z", Z)
def test_the_log_survival_keeps_its_digits_in_both_tails(z):
    # XLA's log1p is good for 4e-15 around -0.4; the exponent z²/2 is rounded before exp sees it
    np.testing.assert_allclose(log_upper(z), float(exact_log_upper(z)), rtol=4e-15 + 4e-16 * min(z, 0.0) ** 2)


@pytest.mark.parametrize("x", [z for z in Z if z >= 0])
def test_mills_ratio_keeps_its_digits(x):
    exact = exact_log_upper(x) + mpmath.mpf(x) ** 2 / 2 + mpmath.log(mpmath.sqrt(2 * mpmath.pi))
    np.testing.assert_allclose(log_mills_ratio(x), float(exact), atol=1e-15, rtol=2e-16)


@pytest.mark.parametrize("z", Z)
def test_two_derivatives_of_the_log_survival_keep_their_digits(z):
    hazard = mpmath.exp(-(mpmath.mpf(z) ** 2) / 2 - exact_log_upper(z)) / mpmath.sqrt(2 * mpmath.pi)
    rtol = 4e-15 + 4e-16 * min(z, 0.0) ** 2
    np.testing.assert_allclose(jax.grad(log_upper)(z), float(-hazard), rtol=rtol)
    # at 0, the end of its interval, the second derivative of a series of 29 terms magnifies rounding by some 29⁴ / 1e3
    np.testing.assert_allclose(jax.grad(jax.grad(log_upper))(z), float(-hazard * (hazard - z)), rtol=rtol + 5e-13)


@pytest.mark.parametrize("hazard", [1e-300, 1e-100, 1e-12, 0.01, 0.5, float(np.log(2)), 0.7, 3.0, 40.0, 700.0, 1e6])
def test_quantiles_invert_the_log_survival_in_both_tails(hazard):
    z = float(upper_quantile(hazard))
    wanted = float(mpmath.findroot(lambda x: mpmath.log(-exact_log_upper(x) / mpmath.mpf(hazard)), z if z else 0.1))
    np.testing.assert_allclose(z, wanted, rtol=1e-15, atol=3e-16)  # near the median it is a small difference


@pytest.mark.parametrize("hazard", [1e-100, 1e-12, 0.01, 0.5, 0.7, 3.0, 40.0, 700.0, 1e6])
def test_quantiles_have_two_derivatives(hazard):
    z = mpmath.mpf(float(upper_quantile(hazard)))
    slope = mpmath.sqrt(2 * mpmath.pi) * mpmath.exp(z**2 / 2 + exact_log_upper(z))
    # z is a rounded number, and slope goes with exp(z²/2)
    np.testing.assert_allclose(jax.grad(upper_quantile)(hazard), float(slope), rtol=1e-12)
    bend = slope**2 * (z - 1 / slope)
    np.testing.assert_allclose(jax.grad(jax.grad(upper_quantile))(hazard), float(bend), rtol=1e-12)


def test_quantiles_work_on_arrays():
    hazards = jnp.array([0.01, 0.7, 300.0])
    np.testing.assert_allclose(-log_upper(upper_quantile(hazards)), hazards, rtol=1e-15)
