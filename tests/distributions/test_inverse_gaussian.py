"""What is peculiar to the inverse Gaussian: both tails and the mean against mpmath."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import InverseGaussian
from tests.distributions.exact import at, check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def exact_survival(mean, shape):
    def survival(time):
        z, other = (mpmath.sqrt(shape / time) * (time / mean + sign) for sign in (-1, 1))
        root_two = mpmath.sqrt(2)
        return mpmath.erfc(z / root_two) / 2 - mpmath.exp(2 * shape / mean) * mpmath.erfc(other / root_two) / 2

    return survival


@pytest.mark.parametrize(("mean", "shape"), [(20.0, 40.0), (20.0, 0.2), (20.0, 4000.0)])
def test_both_tails_agree_with_mpmath(mean, shape):
    hazards = [1e-100, 1e-3, 0.7, 30.0, 700.0]  # its tails are slow in 400 digits
    check_against_mpmath(InverseGaussian(mean, shape), exact_survival(mpmath.mpf(mean), mpmath.mpf(shape)), hazards)


@pytest.mark.parametrize("shape", [0.2, 40.0, 4000.0])
@pytest.mark.parametrize("level", [1e-3, 0.5, 3.0, 100.0, 600.0])
def test_the_mean_remaining_life_agrees_with_mpmath(shape, level):
    law = InverseGaussian(20.0, shape)
    age = float(at(law, "duration_after", 0.0, level))
    with mpmath.workdps(340):  # it is a difference of two tails
        mean, lam, start = mpmath.mpf(20), mpmath.mpf(shape), mpmath.mpf(age)
        z, other = (mpmath.sqrt(lam / start) * (start / mean + sign) / mpmath.sqrt(2) for sign in (-1, 1))
        tail, image = mpmath.erfc(z), mpmath.exp(2 * lam / mean) * mpmath.erfc(other)
        exact = float(mean * (tail + image) / (tail - image) - start)
    # for the old the mean remaining life is a difference of two numbers that are larger by the cumulative hazard
    np.testing.assert_allclose(law.mean_after(age), exact, rtol=1e-14 * (10 + level))


def test_the_mean_remaining_life_is_an_integral_of_the_density():
    law = InverseGaussian(20.0, 40.0)

    def remaining(time):
        return (time - 25) * mpmath.sqrt(40 / (2 * mpmath.pi * time**3)) * mpmath.exp(-((time - 20) ** 2) / (20 * time))

    exact = mpmath.quad(remaining, [25, 30, 50, 100, 300, 1500]) / exact_survival(mpmath.mpf(20), mpmath.mpf(40))(mpmath.mpf(25))
    np.testing.assert_allclose(law.mean_after(25.0), float(exact), rtol=1e-13)


def test_the_mean_is_the_parameter_and_the_hazard_falls_to_its_limit():
    law = InverseGaussian(20.0, 40.0)
    assert law.mean() == 20.0
    np.testing.assert_allclose([law.hazard(jnp.inf), law.hazard(1e10)], 40.0 / (2 * 20.0**2), rtol=1e-7)  # of first order in 1 / age
