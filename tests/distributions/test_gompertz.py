"""What is peculiar to the Gompertz: a shape of either sign, units that never fail, the exponential between them."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import Exponential, Gompertz
from tests.distributions.exact import check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def exact_survival(shape, rate):
    return lambda time: mpmath.exp(-rate * (mpmath.expm1(shape * time) / shape if shape else time))


@pytest.mark.parametrize(("shape", "rate"), [(0.08, 0.002), (1e-9, 0.02), (0.0, 0.02), (5.0, 1e-12)])
def test_both_tails_agree_with_mpmath(shape, rate):
    check_against_mpmath(Gompertz(shape, rate), exact_survival(mpmath.mpf(shape), mpmath.mpf(rate)))


def test_a_defective_one_agrees_with_mpmath_as_far_as_it_goes():
    check_against_mpmath(Gompertz(-0.05, 0.02), exact_survival(mpmath.mpf(-0.05), mpmath.mpf(0.02)), [1e-100, 1e-12, 0.01, 0.3])


def test_below_0_a_share_never_fails():
    law = Gompertz(-0.05, 0.02)
    np.testing.assert_allclose(law.survival(jnp.inf), np.exp(-0.4), rtol=1e-15)
    assert law.quantile(0.99 * (1 - np.exp(-0.4))) < jnp.inf
    assert law.quantile(1.01 * (1 - np.exp(-0.4))) == jnp.inf
    assert law.mean() == law.mean_after(50.0) == law.restricted_mean_after(50.0, jnp.inf) == jnp.inf
    assert law.restricted_mean_after(0.0, 30.0) < 30.0
    assert law.hazard(jnp.inf) == 0.0


@pytest.mark.parametrize(("shape", "rate"), [(0.08, 0.002), (5.0, 1e-12), (0.3, 2.0), (1e-6, 0.02)])
@pytest.mark.parametrize("age", [0.0, 1.0, 30.0])
def test_the_mean_remaining_life_agrees_with_mpmath(shape, rate, age):
    b, x = mpmath.mpf(shape), mpmath.mpf(rate) / mpmath.mpf(shape) * mpmath.exp(mpmath.mpf(shape) * mpmath.mpf(age))
    # e^x E1(x), by its asymptotic series where mpmath's own is slow
    terms = [mpmath.mpf(1)]
    for n in range(1, 12):
        terms.append(-terms[-1] * n / x)
    exact = mpmath.fsum(terms) / x / b if x > 1e4 else mpmath.exp(x) * mpmath.e1(x) / b
    np.testing.assert_allclose(Gompertz(shape, rate).mean_after(age), float(exact), rtol=1e-13)


def test_at_shape_0_it_is_the_exponential():
    t = jnp.array([0.0, 1e-9, 3.0, 400.0])
    law, exponential = Gompertz(0.0, 0.02), Exponential(50.0)
    for rule in ("log_survival", "log_hazard", "mean_after"):
        np.testing.assert_allclose(getattr(law, rule)(t), getattr(exponential, rule)(t), rtol=1e-15)
    np.testing.assert_allclose(law.quantile(0.3), exponential.quantile(0.3), rtol=1e-15)


def test_derivatives_pass_smoothly_through_shape_0():
    def log_survival(shape):
        return Gompertz(shape, 0.02).log_survival(10.0)

    # -r (t + b t²/2 + b² t³/6)
    np.testing.assert_allclose(jax.grad(log_survival)(0.0), -0.02 * 50.0, rtol=1e-15)
    np.testing.assert_allclose(jax.grad(jax.grad(log_survival))(0.0), -0.02 * 1000.0 / 3.0, rtol=1e-15)
    for shape in (0.0499, 0.0501, -0.0499, -0.0501):  # either side of the end of the series
        exact = mpmath.diff(lambda b: -mpmath.mpf(0.02) * mpmath.expm1(10 * b) / b, mpmath.mpf(shape), 2)
        np.testing.assert_allclose(jax.grad(jax.grad(log_survival))(shape), float(exact), rtol=1e-14)


def test_a_change_of_unit_scales_a_shape_of_either_sign():
    changed = Gompertz(-0.05, 0.02).rescaled(10.0)
    np.testing.assert_allclose([changed.shape, changed.rate], [-0.005, 0.002], rtol=1e-15)
