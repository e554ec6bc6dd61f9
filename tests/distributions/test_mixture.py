"""What is peculiar to mixtures: weights that move with age, quantiles without a formula, names and order of parameters."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import Exponential, Mixture, Weibull

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 60
PARTS = ((0.25, 0.8, 30.0), (0.75, 5.0, 150.0))  # weights that add up to 1 in binary too
LAW = Mixture(tuple(Weibull(np.asarray(k), np.asarray(s)) for _, k, s in PARTS), tuple(np.asarray(w) for w, _, _ in PARTS))


def exact_survival(t):
    return mpmath.fsum(w * mpmath.e ** -((mpmath.mpf(t) / s) ** k) for w, k, s in PARTS)


@pytest.mark.parametrize("time", [1e-6, 1.0, 100.0, 400.0, 4000.0])
def test_survival_and_hazard_agree_with_mpmath(time):
    survival = exact_survival(time)
    density = mpmath.fsum(w * k / s * (mpmath.mpf(time) / s) ** (k - 1) * mpmath.e ** -((mpmath.mpf(time) / s) ** k) for w, k, s in PARTS)
    np.testing.assert_allclose(LAW.log_survival(time), float(mpmath.log(survival)), rtol=1e-12, atol=1e-17)
    np.testing.assert_allclose(LAW.hazard(time), float(density / survival), rtol=1e-12)


@pytest.mark.parametrize("log_survival", [-1e-10, -0.3, -3.0, -40.0])
def test_quantiles_agree_with_mpmath(log_survival):
    target = mpmath.mpf(log_survival)
    low, high = 1e-15, 1e5
    exact = mpmath.findroot(lambda t: mpmath.log(exact_survival(t)) - target, (low, high), solver="illinois", tol=1e-30, maxsteps=500)
    np.testing.assert_allclose(LAW.duration_after(0.0, -log_survival), float(exact), rtol=1e-12)


@pytest.mark.parametrize("age", [0.0, 5.0, 120.0, 260.0])
def test_the_mean_remaining_life_agrees_with_mpmath(age):
    parts = [(w * mpmath.e ** -((mpmath.mpf(age) / s) ** k), mpmath.mpf(k), mpmath.mpf(s)) for w, k, s in PARTS]
    integrals = [
        w / mpmath.e ** -((mpmath.mpf(age) / s) ** k) * s / k * mpmath.gammainc(1 / k, (mpmath.mpf(age) / s) ** k) for w, k, s in parts
    ]
    np.testing.assert_allclose(LAW.given_survival(age).mean(), float(mpmath.fsum(integrals) / exact_survival(age)), rtol=1e-11)


def test_weights_move_towards_the_component_that_lasts():
    # by Bayes: w0 S0 / S
    expected = 0.25 * np.exp(-((100 / 30) ** 0.8)) / float(exact_survival(100.0))
    np.testing.assert_allclose(LAW.weights_after(100.0), [expected, 1 - expected], rtol=1e-13)
    np.testing.assert_allclose(LAW.weights_after(0.0), [0.25, 0.75])


def test_a_mixture_of_one_is_that_one():
    alone, law = Mixture((Weibull(2.0, 10.0),), (1.0,)), Weibull(2.0, 10.0)
    for rule in ("log_survival", "log_hazard", "log_density"):
        np.testing.assert_allclose(getattr(alone, rule)(7.0), getattr(law, rule)(7.0), rtol=1e-14)
    np.testing.assert_allclose(alone.quantile(0.3), law.quantile(0.3), rtol=1e-14)


def test_a_component_of_weight_0_changes_nothing_and_leaves_derivatives_finite():
    def log_density(scale):
        return Mixture(
            (Weibull(jnp.asarray(2.0), scale), Weibull(jnp.asarray(3.0), jnp.asarray(50.0))), (jnp.asarray(1.0), jnp.asarray(0.0))
        ).log_density(7.0)

    np.testing.assert_allclose(jax.grad(log_density)(10.0), jax.grad(lambda s: Weibull(2.0, s).log_density(7.0))(10.0), rtol=1e-13)


def test_parameters_are_named_component_by_component():
    template = Mixture((Weibull(), Exponential()))
    assert list(template.parameters()) == ["weight_0", "shape_0", "scale_0", "weight_1", "scale_1"]
    assert template.n_coordinates() == 4


def test_known_weights_leave_the_rest_to_be_shared():
    template = Mixture((Weibull(), Weibull(), Weibull()), (0.5, None, None))
    bound = template.bind(jnp.array([0.0] * 6 + [np.log(3.0)]))
    np.testing.assert_allclose([float(w) for w in bound.weights], [0.5, 0.375, 0.125], rtol=1e-14)


def test_binding_and_reading_values_are_inverse():
    values = LAW.values()
    np.testing.assert_array_equal(LAW.with_values(values).values(), values)


def test_a_component_without_weight_changes_nothing():
    alone = Weibull(shape=2.0, scale=1.0)
    for other in (Weibull(shape=2.0, scale=1000.0), Weibull(shape=0.001, scale=1000.0)):  # outlives it; has a mean beyond all numbers
        both = Mixture((alone, other), (1.0, 0.0))
        for rule in ("survival", "hazard", "cumulative_hazard", "density", "mean_after"):
            for age in (0.5, 27.0, 40.0):
                np.testing.assert_allclose(getattr(both, rule)(age), getattr(alone, rule)(age), rtol=1e-12)
        np.testing.assert_allclose(both.given_survival(20.0).median(), alone.given_survival(20.0).median(), rtol=1e-12)


@pytest.mark.parametrize("age", [1e60, 1e200, 1e300, np.inf])
def test_no_age_is_too_great_for_an_answer(age):
    both = Mixture((Weibull(shape=2.0, scale=1.0), Weibull(shape=3.0, scale=10.0)), (0.5, 0.5))
    assert both.survival(age) == 0.0
    assert both.density(age) == 0.0
    assert both.hazard(age) > 1e59
    assert both.mean_after(age) < 1e-59


def test_an_infinite_hazard_at_birth_is_infinite():
    falling = Mixture((Weibull(shape=0.7, scale=10.0), Weibull(shape=4.0, scale=100.0)), (0.3, 0.7))
    assert falling.hazard(0.0) == np.inf
    assert falling.density(0.0) == np.inf
    assert np.isfinite(jax.grad(lambda values: LAW.with_values(values).hazard(1e-9))(LAW.values())).all()
