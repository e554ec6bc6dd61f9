"""What is peculiar to the Gompertz-Makeham: both tails against mpmath, the Gompertz inside it."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import Gompertz, GompertzMakeham
from tests.distributions.exact import at, check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def exact_survival(shape, rate, makeham):
    return lambda time: mpmath.exp(-makeham * time - rate * mpmath.expm1(shape * time) / shape)


@pytest.mark.parametrize("values", [(0.08, 0.002, 0.01), (-0.08, 0.02, 0.01), (0.3, 1e-9, 2.0)])
def test_both_tails_agree_with_mpmath(values):
    check_against_mpmath(GompertzMakeham(*values), exact_survival(*map(mpmath.mpf, values)))


@pytest.mark.parametrize("values", [(0.08, 0.002, 0.01), (0.08, 0.002, 0.3)])
@pytest.mark.parametrize("age", [0.0, 20.0, 90.0])
def test_the_mean_remaining_life_agrees_with_mpmath(values, age):
    b, r, c = map(mpmath.mpf, values)
    x = r / b * mpmath.exp(b * age)
    exact = mpmath.exp(x) * x ** (c / b) * mpmath.gammainc(-c / b, x) / b
    np.testing.assert_allclose(at(GompertzMakeham(*values), "mean_after", age), float(exact), rtol=1e-11)  # what the quadrature promises


def test_without_accidents_it_is_the_gompertz():
    t = jnp.array([1e-9, 3.0, 60.0])
    law, gompertz = GompertzMakeham(0.08, 0.002, 1e-300), Gompertz(0.08, 0.002)
    for rule in ("log_survival", "log_hazard"):
        np.testing.assert_allclose(getattr(law, rule)(t), getattr(gompertz, rule)(t), rtol=1e-15)


def test_what_remains_when_ageing_dies_out_is_the_constant_hazard():
    law = GompertzMakeham(-0.08, 0.02, 0.01)
    np.testing.assert_allclose([law.hazard(jnp.inf), 1.0 / law.mean_after(1e4)], 0.01, rtol=1e-11)
    assert law.survival(jnp.inf) == 0.0
