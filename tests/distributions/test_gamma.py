"""What is peculiar to the gamma and the generalised gamma: both tails, special cases, the limit q = 0, fits that R knows."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import survjax as sj
from survjax.distributions import Gamma, GeneralizedGamma, Weibull
from tests.conftest import shipped

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 60
TIMES = np.array([1e-30, 1e-3, 2.0, 25.0, 200.0, 3000.0])


@pytest.mark.parametrize(("shape", "scale"), [(0.05, 40.0), (1.0, 30.0), (2.5, 10.0), (400.0, 0.1)])
@pytest.mark.parametrize("share", [1e-8, 0.3, 1.0, 1.4, 5.0])
def test_the_gamma_agrees_with_mpmath(shape, scale, share):
    time = share * shape * scale
    x = mpmath.mpf(time) / mpmath.mpf(scale)
    failed, running = mpmath.gammainc(shape, 0, x, regularized=True), mpmath.gammainc(shape, x, mpmath.inf, regularized=True)
    law = Gamma(shape, scale)
    density = x ** (shape - 1) * mpmath.e**-x / mpmath.gamma(shape) / scale
    if failed > 1e-300:
        # log x is rounded to 4e-15 at most, and moves the tails by the shape times that
        np.testing.assert_allclose(
            law.cumulative_hazard(time), float(-mpmath.log1p(-failed) if failed < 0.5 else -mpmath.log(running)), rtol=2e-12
        )
        np.testing.assert_allclose(law.density(time), float(density), rtol=2e-12)
        np.testing.assert_allclose(law.hazard(time), float(density / running), rtol=2e-12)
    mean = shape * scale * mpmath.gammainc(shape + 1, x, mpmath.inf, regularized=True) / running - mpmath.mpf(time)
    np.testing.assert_allclose(law.given_survival(time).mean(), float(mean), rtol=2e-12)


def test_the_hazard_at_age_0_is_0_finite_or_infinite_by_shape():
    assert Gamma(2.0, 5.0).hazard(0.0) == 0.0
    np.testing.assert_allclose(Gamma(1.0, 5.0).hazard(0.0), 0.2, rtol=1e-14)
    assert Gamma(0.5, 5.0).hazard(0.0) == jnp.inf
    assert GeneralizedGamma(1.0, 1.0, 0.0).hazard(0.0) == 0.0
    np.testing.assert_allclose(GeneralizedGamma(np.log(5.0), 1.0, 1.0).hazard(0.0), 0.2, rtol=1e-14)


@pytest.mark.parametrize("rule", ["log_survival", "log_density", "log_hazard"])
def test_the_generalised_gamma_is_a_weibull_at_q_1_and_a_gamma_at_q_sigma(rule):
    weibull = Weibull(2.5, 30.0)
    np.testing.assert_allclose(
        getattr(GeneralizedGamma(np.log(30.0), 0.4, 1.0), rule)(TIMES[:5]), getattr(weibull, rule)(TIMES[:5]), rtol=2e-12, atol=1e-15
    )
    shape, scale = 6.25, 8.0
    log_mean = np.log(shape * scale)
    generalised = GeneralizedGamma(log_mean, 0.4, 0.4)
    np.testing.assert_allclose(getattr(generalised, rule)(TIMES), getattr(Gamma(shape, scale), rule)(TIMES), rtol=2e-12, atol=1e-15)


def test_it_is_a_lognormal_at_q_0():
    law = GeneralizedGamma(2.0, 0.7, 0.0)
    for time in (1e-4, 1.0, 7.0, 50.0, 1e7):
        w = (mpmath.log(mpmath.mpf(time)) - 2) / mpmath.mpf(0.7)
        np.testing.assert_allclose(
            law.cumulative_hazard(time), float(-mpmath.log(mpmath.ncdf(-w)) if w > 0 else -mpmath.log1p(-mpmath.ncdf(w))), rtol=1e-12
        )
        np.testing.assert_allclose(law.density(time), float(mpmath.npdf(w) / (mpmath.mpf(0.7) * time)), rtol=1e-12)
    np.testing.assert_allclose(law.mean(), np.exp(2.0 + 0.245), rtol=1e-13)


@jax.jit
def derivatives_in_q(q, time):
    """Of log survival: value, slope, bend and third derivative."""
    derivatives = [lambda q: GeneralizedGamma(2.0, 0.7, q).log_survival(time)]
    for _ in range(3):
        derivatives.append(jax.grad(derivatives[-1]))
    return jnp.stack([derivative(q) for derivative in derivatives])


@pytest.mark.parametrize("time", [2.0, 8.0, 40.0])
def test_it_passes_smoothly_through_q_0(time):
    """Value and curvature in q next to 0 are what the derivatives at 0 say; of order q^4 and q^2 is what they leave out."""
    value, slope, bend, third = np.asarray(derivatives_in_q(0.0, time))
    for q in (-1e-3, -1e-5, 1e-9, 1e-5, 1e-3):
        series = value + q * slope + q**2 / 2 * bend + q**3 / 6 * third
        beside = derivatives_in_q(q, time)
        np.testing.assert_allclose(beside[0], series, rtol=1e-12)
        np.testing.assert_allclose(beside[2], bend + q * third, rtol=1e-9 + 100 * q**2)


def test_the_mean_is_infinite_where_its_integral_diverges():
    assert GeneralizedGamma(1.0, 2.0, -0.5).mean() == jnp.inf
    assert GeneralizedGamma(1.0, 2.0, -0.6).given_survival(3.0).mean() == jnp.inf
    # the Frechet of shape 2: Gamma(1 - 1/2)
    np.testing.assert_allclose(GeneralizedGamma(0.0, 0.5, -1.0).mean(), np.sqrt(np.pi), rtol=1e-12)


@pytest.mark.parametrize("name", ["ball_bearings", "waltons"])
@pytest.mark.parametrize(("q", "law"), [(1.0, "weibull"), (0.0, "lognormal")])
def test_with_known_q_the_fit_is_that_of_r(name, q, law, r_fits):
    reference = r_fits["fits"][f"{name}:{law}"]
    model = sj.GeneralizedGamma(q=q).fit(shipped(name))
    np.testing.assert_allclose(model.log_likelihood_, reference["log_likelihood"], rtol=1e-8)
    np.testing.assert_allclose(model.parameters_["location"], reference["coef"]["(Intercept)"], rtol=1e-6)
    np.testing.assert_allclose(np.log(model.parameters_["scale"]), reference["coef"]["log_sigma"], atol=1e-6)
    np.testing.assert_allclose(model.standard_errors_["location"], reference["se"]["(Intercept)"], rtol=1e-5)
    np.testing.assert_allclose(model.standard_errors_["scale"] / model.parameters_["scale"], reference["se"]["log_sigma"], rtol=1e-5)


def test_the_gamma_fit_solves_its_equations():
    """Complete data: the mean is the sample's, and log k - digamma(k) is log mean less mean log."""
    life = shipped("ball_bearings")
    model = sj.Gamma().fit(life)
    shape, scale = model.parameters_["shape"], model.parameters_["scale"]
    np.testing.assert_allclose(shape * scale, life.durations.mean(), rtol=1e-12)
    gap = mpmath.log(shape) - mpmath.digamma(shape)
    np.testing.assert_allclose(float(gap), np.log(life.durations.mean()) - np.log(life.durations).mean(), rtol=1e-10)
