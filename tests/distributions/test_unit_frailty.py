"""Unit frailty: the law against mpmath and integrals over the frailty; what every law obeys is in tests/laws."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import LogLogistic, LogNormal, UnitFrailty, Weibull
from tests.distributions.exact import check_against_mpmath

pytestmark = pytest.mark.usefixtures("double")

BASE = Weibull(shape=2.5, scale=10.0)


def test_gamma_frailty_agrees_with_mpmath():
    def survival(time):
        return (1 + mpmath.mpf(0.5) * (time / 10) ** mpmath.mpf(2.5)) ** -2

    check_against_mpmath(UnitFrailty(BASE, 0.5), survival)


@pytest.mark.parametrize("kind", ["gamma", "lognormal"])
def test_what_a_group_has_had_is_what_is_known_of_the_frailty(kind):
    v, failures, expected = 0.7, 3.0, 1.2
    law = jax.tree.map(lambda value: jnp.asarray(value, float), UnitFrailty(BASE, v, kind, failures, expected))
    log_z = np.linspace(-40.0, 8.0, 20_001)
    z = np.exp(log_z)
    log_density = {"gamma": log_z / v - z / v, "lognormal": -(log_z**2) / (2 * v)}[kind] + failures * log_z - expected * z
    weights = np.exp(log_density - log_density.max())
    weights /= weights.sum()
    ages = np.array([0.5, 4.0, 9.0, 15.0, 40.0])
    H = (ages / 10.0) ** 2.5
    survival = weights @ np.exp(-np.outer(z, H))
    density = (weights * z) @ np.exp(-np.outer(z, H)) * 0.25 * (ages / 10.0) ** 1.5
    np.testing.assert_allclose(jax.jit(law.survival)(ages), survival, rtol=1e-12)
    np.testing.assert_allclose(jax.jit(law.hazard)(ages), density / survival, rtol=1e-12)
    np.testing.assert_allclose(jax.jit(law.quantile)(1.0 - survival), ages, rtol=1e-11)


@pytest.mark.parametrize("kind", ["gamma", "lognormal"])
def test_at_a_variance_of_0_it_is_the_base_and_close_to_it_nearly(kind):
    ages = jnp.array([1e-3, 3.0, 12.0, 40.0])
    for variance, rtol in ((0.0, 1e-14), (1e-9, 1e-7)):
        law = UnitFrailty(BASE, jnp.asarray(variance), kind)
        np.testing.assert_allclose(law.log_survival(ages), BASE.log_survival(ages), rtol=rtol)
        np.testing.assert_allclose(law.log_hazard(ages), BASE.log_hazard(ages), rtol=rtol, atol=rtol)


def test_the_mean_of_a_heavy_tail_is_infinite():
    # (1 + v t^k)^(-1/v) has a finite mean where k > v; S of a lognormal frailty falls faster than any power of t
    assert UnitFrailty(BASE, 2.4).mean_is_finite()
    assert not UnitFrailty(BASE, 2.6).mean_is_finite()
    assert UnitFrailty(BASE, 9.0, "lognormal").mean_is_finite()
    assert not UnitFrailty(LogNormal(location=0.0, scale=1.0), 0.1).mean_is_finite()
    assert not UnitFrailty(LogLogistic(shape=0.9, scale=1.0), 0.0).mean_is_finite()


def test_another_kind_of_frailty_is_refused():
    with pytest.raises(ValueError, match="'gamma' or 'lognormal'"):
        UnitFrailty(BASE, 0.5, "normal").check()
