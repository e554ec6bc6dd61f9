"""Ages far beyond a sharp component: nothing of it is left there, and it must take no part in any derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from survjax.distributions import (
    ExponentiatedWeibull,
    Frechet,
    Gompertz,
    GompertzMakeham,
    LargestExtremeValue,
    Mixture,
    Normal,
    RoystonParmar,
    SmallestExtremeValue,
    Weibull,
)

pytestmark = pytest.mark.usefixtures("double")
# each with the standardised exponents 705, where only second derivatives overflow, and about 900 at the two ages
SHARP = {
    "Weibull": (Weibull(1000.0, 1.0), np.exp([0.705, 0.9])),
    "ExponentiatedWeibull": (ExponentiatedWeibull(1000.0, 1.0, 2.0), np.exp([0.705, 0.9])),
    "Frechet": (Frechet(1000.0, 1.0), np.exp([-0.705, -0.9])),
    "Gompertz": (Gompertz(300.0, 300.0 * np.exp(-300.0)), np.array([3.35, 4.0])),
    "GompertzMakeham": (GompertzMakeham(300.0, 300.0 * np.exp(-300.0), 0.1), np.array([3.35, 4.0])),
    "RoystonParmar": (
        RoystonParmar((0.5, 1.0, 2.0), (1000.0 * np.log(0.5), 1000.0, 0.01), np.array([0.5, 1.0, 2.0])),
        np.exp([0.705, 0.9]),
    ),
    "SmallestExtremeValue": (SmallestExtremeValue(1.0, 0.001), np.array([1.705, 1.9])),
    "LargestExtremeValue": (LargestExtremeValue(1.0, 0.001), np.array([0.295, 0.1])),
}


@pytest.mark.parametrize("name", SHARP)
@pytest.mark.parametrize("rule", ["log_density_from", "log_survival_from"])
def test_a_component_of_which_nothing_is_left_has_no_part_in_any_derivative(name, rule):
    sharp, ages = jax.tree.map(jnp.asarray, SHARP[name])
    on_the_line = sharp.start_of_support < 0
    broad = Normal(jnp.asarray(1.5), jnp.asarray(1.0)) if on_the_line else Weibull(jnp.asarray(2.5), jnp.asarray(1.5))

    def changed(law, logs):  # relative changes, as a fit makes them
        return law.with_values(law.values() * jnp.exp(logs))

    @jax.jit
    def derivatives(logs, age):
        def of_both(logs):
            law = Mixture((changed(sharp, logs[0]), changed(broad, logs[1])), (jnp.asarray(0.02), jnp.asarray(0.98)))
            return getattr(law, rule)(age, jnp.log(age))

        return jax.grad(of_both)(logs), jax.jacfwd(jax.grad(of_both))(logs)

    left = {"log_survival_from": sharp.log_survival(ages), "log_density_from": sharp.log_density(ages)}[rule]
    for age, log in zip(ages, left, strict=True):
        share = 1.0 if log == 0 else 0.0  # of a law with its far tail early all survive
        unchanged = jnp.zeros_like(sharp.values()), jnp.zeros(2)
        gradient, hessian = derivatives(unchanged, age)

        def of_rest(logs, age=age, share=share):
            return jnp.log(0.02 * share + 0.98 * jnp.exp(getattr(changed(broad, logs), rule)(age, jnp.log(age))))

        np.testing.assert_array_equal(gradient[0], 0.0)
        np.testing.assert_array_equal(hessian[0][0], 0.0)
        np.testing.assert_array_equal(hessian[0][1], 0.0)
        np.testing.assert_allclose(gradient[1], jax.grad(of_rest)(unchanged[1]), rtol=1e-12)
        np.testing.assert_allclose(hessian[1][1], jax.hessian(of_rest)(unchanged[1]), rtol=1e-11)


@pytest.mark.parametrize("rule", ["hazard", "density", "cumulative_hazard"])
@pytest.mark.parametrize("age", [0.705, 0.9])
def test_predictions_of_a_mixture_do_not_mind_a_component_long_gone(rule, age):
    broad, age = Weibull(jnp.asarray(2.5), jnp.asarray(1.5)), jnp.exp(age)

    def of_both(logs):
        sharp = Weibull(1000.0 * jnp.exp(logs[0]), jnp.exp(logs[1]))
        return getattr(Mixture((sharp, broad), (jnp.asarray(0.02), jnp.asarray(0.98))), rule)(age)

    # what is left is all of the other, of which it was 98 %
    left = {
        "hazard": broad.hazard(age),
        "density": 0.98 * broad.density(age),
        "cumulative_hazard": broad.cumulative_hazard(age) - np.log(0.98),
    }
    np.testing.assert_allclose(of_both(jnp.zeros(2)), left[rule], rtol=1e-14)
    np.testing.assert_array_equal(jax.grad(of_both)(jnp.zeros(2)), 0.0)


@pytest.mark.parametrize(
    "sharp",
    [Weibull(jnp.asarray(1000.0), jnp.asarray(1.0)), SmallestExtremeValue(jnp.asarray(1.0), jnp.asarray(0.001))],
    ids=lambda law: type(law).__name__,
)
def test_what_collects_beyond_all_numbers_is_infinite_and_not_nan(sharp):
    assert sharp.cumulative_hazard_between(2.5, 0.1) == jnp.inf
    assert sharp.cumulative_hazard_between(2.5, 0.0) == 0.0
    np.testing.assert_array_equal(jax.grad(lambda law: law.cumulative_hazard_between(2.5, 0.1))(sharp).values(), 0.0)
