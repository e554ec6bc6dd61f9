"""What is peculiar to the log-logistic: both tails against mpmath, a mean that may not exist."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import LogLogistic
from tests.distributions.exact import check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def exact_survival(shape, scale):
    return lambda time: 1 / (1 + (time / scale) ** shape)


@pytest.mark.parametrize(("shape", "scale"), [(3.0, 50.0), (1.1, 50.0), (40.0, 0.2)])
def test_both_tails_agree_with_mpmath(shape, scale):
    check_against_mpmath(LogLogistic(shape, scale), exact_survival(mpmath.mpf(shape), mpmath.mpf(scale)))


def test_both_tails_agree_with_mpmath_where_no_mean_exists():
    # at a cumulative hazard of 700 the age would be exp(1000)
    check_against_mpmath(LogLogistic(0.7, 50.0), exact_survival(mpmath.mpf(0.7), mpmath.mpf(50)), [1e-100, 1e-12, 0.3, 30.0, 400.0])


def exact_remaining_mean(shape, scale, age):
    shape, scale, age = mpmath.mpf(shape), mpmath.mpf(scale), mpmath.mpf(age)
    alive = 1 / (1 + (age / scale) ** shape)
    return scale * mpmath.betainc(1 - 1 / shape, 1 + 1 / shape, 0, alive) / alive - age


@pytest.mark.parametrize("shape", [1.02, 1.5, 3.0, 40.0])
@pytest.mark.parametrize("share", [1e-6, 0.3, 0.999, 1.001, 3.0, 1e5])
def test_the_mean_remaining_life_agrees_with_mpmath(shape, share):
    exact = float(exact_remaining_mean(shape, 50.0, 50.0 * share))
    np.testing.assert_allclose(LogLogistic(shape, 50.0).mean_after(50.0 * share), exact, rtol=1e-12)


def test_the_mean_life_has_its_closed_form():
    np.testing.assert_allclose(LogLogistic(3.0, 50.0).mean(), 50.0 * (np.pi / 3) / np.sin(np.pi / 3), rtol=1e-14)


@pytest.mark.parametrize("shape", [0.5, 1.0])
def test_a_mean_that_diverges_is_infinite(shape):
    law = LogLogistic(shape, 50.0)
    assert law.mean() == law.mean_after(10.0) == law.restricted_mean_after(10.0, jnp.inf) == jnp.inf
    assert law.restricted_mean_after(10.0, 5.0) < 5.0


def test_the_hazard_at_age_0_is_0_finite_or_infinite_by_shape():
    assert LogLogistic(2.0, 5.0).hazard(0.0) == 0.0
    np.testing.assert_allclose(LogLogistic(1.0, 5.0).hazard(0.0), 0.2, rtol=1e-15)
    assert LogLogistic(0.5, 5.0).hazard(0.0) == jnp.inf
