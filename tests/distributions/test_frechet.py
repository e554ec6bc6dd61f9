"""What is peculiar to the Frechet: both tails against mpmath, a mean that may not exist."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import Frechet
from tests.distributions.exact import check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def exact_survival(shape, scale):
    return lambda time: -mpmath.expm1(-((time / scale) ** -shape))


@pytest.mark.parametrize(("shape", "scale"), [(3.0, 20.0), (1.05, 20.0), (40.0, 0.2)])
def test_both_tails_agree_with_mpmath(shape, scale):
    # rounding of log age, times the shape, times the 230 in the exponent at a failure probability of 1e-100
    check_against_mpmath(Frechet(shape, scale), exact_survival(mpmath.mpf(shape), mpmath.mpf(scale)), rtol=1e-11)


def test_both_tails_agree_with_mpmath_where_no_mean_exists():
    # at a cumulative hazard of 700 the age would be exp(875)
    check_against_mpmath(Frechet(0.8, 20.0), exact_survival(mpmath.mpf(0.8), mpmath.mpf(20)), [1e-100, 1e-12, 0.3, 30.0, 400.0])


@pytest.mark.parametrize("shape", [1.02, 1.5, 3.0, 40.0])
@pytest.mark.parametrize("x", [1e-200, 1e-5, 0.5, 1.3, 1.99, 5.0, 200.0])
def test_the_mean_remaining_life_agrees_with_mpmath(shape, x):
    k, age = mpmath.mpf(shape), 20.0 * x ** (-1.0 / shape)
    rounded = (mpmath.mpf(age) / 20) ** -k
    exact = 20 * mpmath.gammainc(1 - 1 / k, 0, rounded) / -mpmath.expm1(-rounded) - mpmath.mpf(age)
    # at a shape of 40 the remaining life of the old is a fortieth of their age
    np.testing.assert_allclose(Frechet(shape, 20.0).mean_after(age), float(exact), rtol=1e-12)


def test_the_mean_life_has_its_closed_form():
    np.testing.assert_allclose(Frechet(3.0, 20.0).mean(), float(20 * mpmath.gamma(mpmath.mpf(2) / 3)), rtol=1e-14)


@pytest.mark.parametrize("shape", [0.5, 1.0])
def test_a_mean_that_diverges_is_infinite(shape):
    law = Frechet(shape, 20.0)
    assert law.mean() == law.mean_after(10.0) == law.restricted_mean_after(10.0, jnp.inf) == jnp.inf
    assert law.restricted_mean_after(10.0, 5.0) < 5.0
