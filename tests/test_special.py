import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.special import log_ratio, log_scaled_upper_gamma, log_weighted_sum, power_of_ratio

pytestmark = pytest.mark.usefixtures("double")
mpmath.mp.dps = 40

SHAPES = (0.01, 0.1, 0.2, 0.5, 1.0, 1.3, 2.0, 5.0, 20.0, 100.0)
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


@pytest.mark.parametrize("a", SHAPES)
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


def test_powers_and_ratios_are_right_at_age_0_with_finite_derivatives():
    assert log_ratio(0.0, 2.0) == -jnp.inf
    assert power_of_ratio(0.0, 2.0, 0.01) == 0.0
    for argument in (1, 2):
        assert jax.grad(power_of_ratio, argument)(0.0, 2.0, 0.5) == 0.0
        assert jax.hessian(power_of_ratio, argument)(0.0, 2.0, 0.5) == 0.0


def test_weighted_sums_keep_what_underflows():
    assert log_weighted_sum([-2000.0, -2001.0], [0.5, 0.5]) == pytest.approx(-2000 + np.log(0.5 * (1 + np.exp(-1))), rel=1e-15)
    assert log_weighted_sum([jnp.array(-jnp.inf), jnp.array(-jnp.inf)], [0.5, 0.5]) == -jnp.inf
