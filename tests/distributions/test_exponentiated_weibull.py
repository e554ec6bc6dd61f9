"""What is peculiar to the exponentiated Weibull: both tails against mpmath, the Weibull inside it."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import ExponentiatedWeibull, Weibull
from tests.distributions.exact import at, check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def exact_survival(shape, scale, power):
    return lambda time: -mpmath.expm1(power * mpmath.log(-mpmath.expm1(-((time / scale) ** shape))))


@pytest.mark.parametrize("values", [(2.0, 30.0, 0.3), (0.6, 30.0, 6.0), (1.5, 30.0, 200.0), (5.0, 30.0, 0.1)])
def test_both_tails_agree_with_mpmath(values):
    check_against_mpmath(ExponentiatedWeibull(*values), exact_survival(*map(mpmath.mpf, values)))


@pytest.mark.parametrize("values", [(2.0, 30.0, 0.3), (0.8, 30.0, 6.0)])
@pytest.mark.parametrize("age", [0.0, 20.0, 150.0])
def test_the_mean_remaining_life_agrees_with_mpmath(values, age):
    survival = exact_survival(*map(mpmath.mpf, values))
    edges = [0, 1e-6, 1, 10, 30, 100, 300, 1000, 5000]
    exact = mpmath.quad(lambda u: survival(age + u) if age + u else mpmath.mpf(1), edges) / (survival(mpmath.mpf(age)) if age else 1)
    np.testing.assert_allclose(
        at(ExponentiatedWeibull(*values), "mean_after", age), float(exact), rtol=1e-11
    )  # what the quadrature promises


def test_at_power_1_it_is_the_weibull():
    t = jnp.array([0.0, 1e-9, 3.0, 60.0, 400.0])
    law, weibull = ExponentiatedWeibull(2.5, 30.0, 1.0), Weibull(2.5, 30.0)
    for rule in ("log_survival", "log_hazard", "log_density"):
        np.testing.assert_allclose(at(law, rule, t), at(weibull, rule, t), rtol=1e-14)
    np.testing.assert_allclose(at(law, "mean_after", t), at(weibull, "mean_after", t), rtol=1e-11)
    np.testing.assert_allclose(at(law, "quantile", 0.01), at(weibull, "quantile", 0.01), rtol=1e-14)


def test_the_ends_of_the_hazard_follow_the_powers():
    assert ExponentiatedWeibull(2.0, 30.0, 0.3).hazard(0.0) == jnp.inf
    assert ExponentiatedWeibull(0.5, 30.0, 6.0).hazard(0.0) == 0.0
    assert ExponentiatedWeibull(0.5, 30.0, 6.0).hazard(jnp.inf) == 0.0
    np.testing.assert_allclose(ExponentiatedWeibull(2.0, 30.0, 0.5).hazard(0.0), 1.0 / 30.0, rtol=1e-15)
