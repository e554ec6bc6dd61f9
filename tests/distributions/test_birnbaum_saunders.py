"""What is peculiar to the Birnbaum-Saunders: both tails and the mean against mpmath."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import BirnbaumSaunders
from tests.distributions.exact import at, check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def exact_survival(shape, scale):
    return lambda time: mpmath.erfc((mpmath.sqrt(time / scale) - mpmath.sqrt(scale / time)) / shape / mpmath.sqrt(2)) / 2


@pytest.mark.parametrize(("shape", "scale"), [(0.5, 30.0), (0.02, 30.0), (4.0, 30.0)])
def test_both_tails_agree_with_mpmath(shape, scale):
    check_against_mpmath(BirnbaumSaunders(shape, scale), exact_survival(mpmath.mpf(shape), mpmath.mpf(scale)))


@pytest.mark.parametrize("shape", [0.5, 2.0])
@pytest.mark.parametrize("z", [-3.0, 0.0, 4.0])
def test_the_mean_remaining_life_agrees_with_mpmath(shape, z):
    age = 30.0 * np.exp(2.0 * np.arcsinh(0.5 * shape * z))
    a, scale = mpmath.mpf(shape), mpmath.mpf(30)
    score = (mpmath.sqrt(age / scale) - mpmath.sqrt(scale / mpmath.mpf(age))) / a

    def duration(x):
        return (scale * mpmath.exp(2 * mpmath.asinh(a * x / 2)) - age) * mpmath.npdf(x)

    exact = mpmath.quad(duration, [score, score + 1, score + 3, score + 8, score + 20]) / (mpmath.erfc(score / mpmath.sqrt(2)) / 2)
    np.testing.assert_allclose(
        at(BirnbaumSaunders(shape, 30.0), "mean_after", age), float(exact), rtol=1e-11
    )  # what the quadrature promises


@pytest.mark.parametrize("shape", [0.02, 0.5, 4.0])
def test_the_mean_life_has_its_closed_form(shape):
    np.testing.assert_allclose(at(BirnbaumSaunders(shape, 30.0), "mean_after", 0.0), 30.0 * (1 + shape**2 / 2), rtol=1e-11)


def test_the_hazard_falls_to_its_limit():
    law = BirnbaumSaunders(2.0, 30.0)
    np.testing.assert_allclose([law.hazard(jnp.inf), law.hazard(1e12)], 1.0 / (2 * 4 * 30), rtol=1e-7)  # of first order in scale / age
