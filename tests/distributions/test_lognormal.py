"""What is peculiar to the lognormal: both tails against mpmath, closed forms of the mean, its unit."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import LogNormal
from tests.distributions.exact import check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40


def exact_survival(location, scale):
    return lambda time: mpmath.erfc((mpmath.log(time) - location) / scale / mpmath.sqrt(2)) / 2


@pytest.mark.parametrize(("location", "scale"), [(3.2, 0.6), (-1.5, 2.5), (9.0, 0.03)])
def test_both_tails_agree_with_mpmath(location, scale):
    check_against_mpmath(LogNormal(location, scale), exact_survival(mpmath.mpf(location), mpmath.mpf(scale)))


# R: plnorm(t, 1, 0.5, lower = FALSE), the normal tail at 0, 1.96 and 6
R_SURVIVAL = {0.0: 0.5, 1.959963984540054: 0.025, 6.0: 9.86587645037698e-10}


@pytest.mark.parametrize(("z", "expected"), R_SURVIVAL.items())
def test_survival_agrees_with_r(z, expected):
    np.testing.assert_allclose(LogNormal(1.0, 0.5).survival(np.exp(1.0 + 0.5 * z)), expected, rtol=1e-14)


def exact_remaining_mean(location, scale, age):
    location, scale, age = mpmath.mpf(location), mpmath.mpf(scale), mpmath.mpf(age)
    z = (mpmath.log(age) - location) / scale
    tail = mpmath.erfc((z - scale) / mpmath.sqrt(2)) / mpmath.erfc(z / mpmath.sqrt(2))
    return mpmath.exp(location + scale**2 / 2) * tail - age


@pytest.mark.parametrize("scale", [0.03, 0.6, 2.5])
@pytest.mark.parametrize("z", [-30.0, -2.0, 0.0, 0.4, 3.0, 30.0])
def test_the_mean_remaining_life_agrees_with_mpmath(scale, z):
    age = np.exp(2.0 + scale * z)
    with mpmath.workdps(60):
        exact = float(exact_remaining_mean(2.0, scale, age))
    # at a scale of 0.03 the remaining life of the old is a thousandth of their age
    np.testing.assert_allclose(LogNormal(2.0, scale).mean_after(age), exact, rtol=1e-12)


def test_the_mean_life_has_its_closed_form():
    np.testing.assert_allclose(LogNormal(2.0, 0.6).mean(), np.exp(2.0 + 0.18), rtol=1e-15)


def test_a_change_of_unit_shifts_the_location():
    changed = LogNormal(2.0, 0.6).rescaled(24.0)
    np.testing.assert_allclose([changed.location, changed.scale], [2.0 + np.log(24.0), 0.6], rtol=1e-15)


def test_nothing_is_nan_at_the_ends():
    law = jax.tree.map(jnp.asarray, LogNormal(2.0, 0.6))
    for time in (0.0, jnp.inf):
        for rule in ("survival", "log_survival", "hazard", "density", "cumulative_hazard"):
            value, gradient = jax.value_and_grad(lambda v, rule=rule, time=time: getattr(law.with_values(v), rule)(time))(law.values())
            assert not jnp.isnan(value), (rule, time)
            assert not jnp.isnan(gradient).any(), (rule, time)
