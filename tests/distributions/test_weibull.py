"""What is peculiar to the Weibull: R's numbers, closed forms of the derivatives, the far tail of the remaining life."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import Weibull

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40
WEAR_OUT = Weibull(shape=2.5, scale=10.0)

# R: pweibull(t, 2.5, 10, lower = FALSE, log = TRUE)
R_LOG_SURVIVAL = {1.0: -0.00316227766016838, 10.0: -1.0, 400.0: -10119.2885125388}


@pytest.mark.parametrize(("time", "expected"), R_LOG_SURVIVAL.items())
def test_log_survival_agrees_with_r(time, expected):
    np.testing.assert_allclose(WEAR_OUT.log_survival(time), expected, rtol=1e-14)  # R prints 15 digits


def exact_remaining_mean(shape, scale, age):
    shape, scale, age = (mpmath.mpf(value) for value in (shape, scale, age))
    x = (age / scale) ** shape
    if x < 4000:
        return scale / shape * mpmath.e**x * mpmath.gammainc(1 / shape, x)
    terms = [mpmath.mpf(1)]
    for n in range(1, 12):
        terms.append(terms[-1] * (1 / shape - n) / x)
    return scale / shape * x ** (1 / shape - 1) * mpmath.fsum(terms)


@pytest.mark.parametrize(
    ("shape", "scale", "age"),
    [
        (5, 10, 60),
        (10, 5, 60),
        (0.3, 100, 1e4),
        (0.5, 1, 0),
        (1, 3, 50),
        (2, 10, 9),
        (2, 10, 11),
        (30, 10, 9.5),
        (0.2, 1, 1e-6),
        (3, 1e6, 10),
    ],
)
def test_the_mean_remaining_life_agrees_with_mpmath(shape, scale, age):
    computed = Weibull(float(shape), float(scale)).given_survival(float(age)).mean()
    np.testing.assert_allclose(computed, float(exact_remaining_mean(shape, scale, age)), rtol=1e-11)


def test_the_mean_remaining_life_beyond_the_range_of_exp():
    # x = (1e4)^100 overflows; MRL -> scale / shape * x^(1/shape - 1), log: ln(1/100) - 99 ln(1e4)
    with np.errstate(all="raise"):
        mean = Weibull(100.0, 1.0).given_survival(1e4).mean()
    assert mean == 0.0 or np.log(mean) == pytest.approx(np.log(0.01) - 99 * np.log(1e4), rel=1e-12)


@pytest.mark.parametrize("log_survival", [-1e-12, -1.0, -700.0, -1e5])
def test_survival_and_quantile_agree_with_mpmath(log_survival):
    time = mpmath.mpf(10) * mpmath.mpf(-log_survival) ** (1 / mpmath.mpf(2.5))
    np.testing.assert_allclose(WEAR_OUT.duration_after(0.0, -log_survival), float(time), rtol=1e-14)
    np.testing.assert_allclose(WEAR_OUT.log_survival(float(time)), log_survival, rtol=1e-14)


@pytest.mark.parametrize("start", [1e-8, 0.1, 3.0, 60.0])
@pytest.mark.parametrize("length", [1e-12, 1e-3, 5.0, 1e3])
def test_cumulative_hazard_between_agrees_with_mpmath(start, length):
    k, eta, a, u = (mpmath.mpf(value) for value in (2.5, 10.0, start, length))
    exact = ((a + u) / eta) ** k - (a / eta) ** k
    # where the look ahead exceeds the age it is a plain difference, which loses at most a few bits
    np.testing.assert_allclose(WEAR_OUT.cumulative_hazard_between(start, length), float(exact), rtol=1e-12)
    np.testing.assert_allclose(WEAR_OUT.duration_after(start, float(exact)), length, rtol=1e-12)


def test_the_hazard_at_age_0_is_0_finite_or_infinite_by_shape():
    assert Weibull(2.0, 5.0).hazard(0.0) == 0.0
    np.testing.assert_allclose(Weibull(1.0, 5.0).hazard(0.0), 0.2, rtol=1e-15)
    assert Weibull(0.5, 5.0).hazard(0.0) == jnp.inf


def test_derivatives_of_the_hazard_agree_with_their_closed_forms():
    k, eta, t = 2.5, 10.0, 7.0
    h, log = k / eta * (t / eta) ** (k - 1), np.log(t / eta)

    def hazard(values):
        return Weibull(values[0], values[1]).hazard(t)

    values = jnp.array([k, eta])
    np.testing.assert_allclose(jax.grad(hazard)(values), [h * (1 / k + log), -h * k / eta], rtol=1e-13)
    mixed = -h * (2 / eta + k * log / eta)
    np.testing.assert_allclose(
        jax.hessian(hazard)(values), [[h * (2 * log / k + log**2), mixed], [mixed, h * k * (k + 1) / eta**2]], rtol=1e-13
    )


@pytest.mark.parametrize(("shape", "slope"), [(2.0, 0.0), (1.0, -0.01), (0.6, -np.inf)])
def test_the_slopes_at_birth_are_those_of_the_power(shape, slope):
    law = Weibull(shape=shape, scale=100.0)
    assert jax.grad(law.survival)(0.0) == pytest.approx(slope, rel=1e-12)
    # d/da of the mean remaining life is hazard times mean less 1
    expected = {2.0: -1.0, 1.0: 0.0, 0.6: np.inf}[shape]
    assert jax.grad(law.mean_after)(0.0) == pytest.approx(expected, abs=1e-12)
    assert np.isfinite(jax.hessian(lambda values: law.with_values(values).mean_after(0.0))(law.values())).all()


def test_hazard_and_density_have_derivatives_at_birth():
    # h = (k / eta) (t / eta)^(k - 1)
    for shape, hazard, in_scale in ((1.0, 0.1, -0.01), (2.0, 0.0, 0.0), (5.0, 0.0, 0.0)):
        law = Weibull(shape=shape, scale=10.0)
        for rule in ("hazard", "density"):

            def at_birth(values, rule=rule, law=law):
                return getattr(law.with_values(values), rule)(0.0)

            assert at_birth(law.values()) == pytest.approx(hazard, abs=1e-15)
            assert jax.grad(at_birth)(law.values())[1] == pytest.approx(in_scale, abs=1e-15)
            assert np.isfinite(jax.hessian(at_birth)(law.values())).all()
    assert jax.grad(Weibull(shape=2.0, scale=10.0).hazard)(0.0) == pytest.approx(0.02, rel=1e-12)
    assert Weibull(shape=0.7, scale=10.0).hazard(0.0) == np.inf
