import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.special import exponential_rest, log_failed, log_ratio, log_weighted_sum, power_of_ratio

pytestmark = pytest.mark.usefixtures("double")
mpmath.mp.dps = 40


def test_powers_and_ratios_are_right_at_age_0_with_finite_derivatives():
    assert log_ratio(0.0, 2.0) == -jnp.inf
    assert power_of_ratio(0.0, 2.0, 0.01) == 0.0
    for argument in (1, 2):
        assert jax.grad(power_of_ratio, argument)(0.0, 2.0, 0.5) == 0.0
        assert jax.hessian(power_of_ratio, argument)(0.0, 2.0, 0.5) == 0.0


def test_weighted_sums_keep_what_underflows():
    assert log_weighted_sum([-2000.0, -2001.0], [0.5, 0.5]) == pytest.approx(-2000 + np.log(0.5 * (1 + np.exp(-1))), rel=1e-15)
    assert log_weighted_sum([jnp.array(-jnp.inf), jnp.array(-jnp.inf)], [0.5, 0.5]) == -jnp.inf


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
