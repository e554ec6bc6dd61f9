import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.numerics.special import (
    exponential_rest,
    log1mexp,
    log_failed,
    log_ratio,
    log_scaled_upper_gamma,
    log_weighted_sum,
    power_of_ratio,
)

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def test_powers_and_ratios_are_right_at_age_0_with_finite_derivatives():
    assert log_ratio(0.0, 2.0) == -jnp.inf
    assert power_of_ratio(0.0, 2.0, 0.01) == 0.0
    for argument in (1, 2):
        assert jax.grad(power_of_ratio, argument)(0.0, 2.0, 0.5) == 0.0
        assert jax.hessian(power_of_ratio, argument)(0.0, 2.0, 0.5) == 0.0


def test_weighted_sums_keep_what_underflows():
    assert log_weighted_sum([-2000.0, -2001.0], [0.5, 0.5]) == pytest.approx(-2000 + np.log(0.5 * (1 + np.exp(-1))), rel=1e-15)
    assert log_weighted_sum([jnp.array(-jnp.inf), jnp.array(-jnp.inf)], [0.5, 0.5]) == -jnp.inf


@pytest.mark.parametrize("log", [-800.0, -40.0, -1.0, -0.7, -0.69, -1e-3, -1e-12])
def test_the_log_of_the_complement_agrees_with_mpmath_in_value_and_derivatives(log):
    survival = mpmath.e ** mpmath.mpf(log)
    odds = survival / (1 - survival)
    expected = [mpmath.log1p(-survival), -odds, -odds * (1 + odds), -odds * (1 + odds) * (1 + 2 * odds)]
    derivative = log1mexp
    for value in expected:
        np.testing.assert_allclose(derivative(log), float(value), rtol=1e-14)
        derivative = jax.grad(derivative)


def test_the_log_of_the_complement_has_its_limits():
    assert log1mexp(0.0) == -jnp.inf
    assert log1mexp(-jnp.inf) == 0.0


@pytest.mark.parametrize("log_hazard", [-700.0, -40.0, -1.0, -1e-9, 0.0, 0.3, 3.0, 6.5])
def test_the_log_of_the_share_failed_agrees_with_mpmath_in_value_and_derivatives(log_hazard):
    def exact(y):
        return mpmath.log(-mpmath.expm1(-(mpmath.e**y)))

    derivative = log_failed
    for order in range(3):
        expected = float(mpmath.diff(exact, log_hazard, order)) if order else float(exact(mpmath.mpf(log_hazard)))
        np.testing.assert_allclose(derivative(log_hazard), expected, rtol=1e-13, atol=1e-15)
        derivative = jax.grad(derivative)


def test_the_share_failed_has_its_limits_with_finite_derivatives():
    assert log_failed(-jnp.inf) == -jnp.inf
    assert log_failed(jnp.inf) == 0.0
    assert jax.hessian(log_failed)(800.0) == 0.0
    assert jax.grad(log_failed)(-2000.0) == 1.0


@pytest.mark.parametrize("z", [-800.0, -3.0, -0.5, -0.49, -1e-9, 0.0, 1e-3, 0.51, 40.0])
def test_the_rest_of_the_exponential_agrees_with_mpmath(z):
    with mpmath.workdps(60):
        exact = (mpmath.expm1(z) - z) / mpmath.mpf(z) ** 2 if z else mpmath.mpf(1) / 2
    np.testing.assert_allclose(exponential_rest(z), float(exact), rtol=2e-15)


UPPER_SHAPES = (0.01, 0.1, 0.2, 0.5, 1.0, 1.3, 2.0, 5.0, 20.0, 100.0)
LOG_X = (-300.0, -20.0, -3.0, -0.5, 0.0, 0.1, 0.7, 1.2, 2.0, 3.1, 4.62, 6.0, 9.0, 30.0)


def scaled_upper_gamma(a, log_x):
    x = mpmath.e ** mpmath.mpf(log_x)
    if log_x <= 9:
        return mpmath.gammainc(mpmath.mpf(a), x) * mpmath.e**x
    # far out mpmath's own function is slow: x^(a-1) (1 + (a-1)/x + (a-1)(a-2)/x^2 + ...), exact to far beyond 40 digits here
    terms = [mpmath.mpf(1)]
    for n in range(1, 12):
        terms.append(terms[-1] * (mpmath.mpf(a) - n) / x)
    return x ** (mpmath.mpf(a) - 1) * mpmath.fsum(terms)


@pytest.mark.parametrize("a", UPPER_SHAPES)
def test_scaled_upper_gamma_agrees_with_mpmath(a):
    expected = [float(mpmath.log(scaled_upper_gamma(a, log_x))) for log_x in LOG_X]
    computed = jax.vmap(lambda log_x: log_scaled_upper_gamma(a, log_x))(jnp.array(LOG_X))
    # 2e-12 in the logarithm is what the docstring promises of the function; the log itself may be large
    np.testing.assert_allclose(computed, expected, atol=2e-12, rtol=2e-15)


@pytest.mark.parametrize(("a", "log_x"), [(0.3, -1.0), (0.3, 2.0), (2.5, 0.5), (2.5, 3.0)])
def test_scaled_upper_gamma_has_two_derivatives_in_both_arguments(a, log_x):
    def value(a, log_x):
        return mpmath.log(scaled_upper_gamma(a, log_x))

    for order in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2)):
        derivative = log_scaled_upper_gamma
        for argument, times in enumerate(order):
            for _ in range(times):
                derivative = jax.grad(derivative, argument)
        expected = float(mpmath.diff(value, (a, log_x), order))
        np.testing.assert_allclose(derivative(a, log_x), expected, rtol=1e-9, atol=1e-10)  # mpmath differentiates numerically
