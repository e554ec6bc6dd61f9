import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import survjax as sj
from survjax.distributions import (
    CompetingRisks,
    DefectiveSubpopulation,
    Exponential,
    Logistic,
    LogLogistic,
    PiecewiseExponential,
    SmallestExtremeValue,
    Weibull,
)
from tests.conftest import shipped

BATHTUB = CompetingRisks((Weibull(shape=0.7, scale=60.0), Weibull(shape=5.0, scale=90.0)))
DIGITS = mpmath.mp.dps = 40


@pytest.mark.parametrize("age", [1e-9, 1.0, 30.0, 85.0, 200.0])
def test_hazards_add_and_survivals_multiply(double, age):
    hazards = [mpmath.mpf(k) / s * (mpmath.mpf(age) / s) ** (mpmath.mpf(k) - 1) for k, s in ((0.7, 60), (5, 90))]
    exponents = [(mpmath.mpf(age) / s) ** mpmath.mpf(k) for k, s in ((0.7, 60), (5, 90))]
    np.testing.assert_allclose(BATHTUB.hazard(age), float(sum(hazards)), rtol=1e-13)
    np.testing.assert_allclose(BATHTUB.log_survival(age), -float(sum(exponents)), rtol=1e-13)
    np.testing.assert_allclose(BATHTUB.log_density_from(age, np.log(age)), float(mpmath.log(sum(hazards)) - sum(exponents)), rtol=1e-12)


def test_quantiles_invert_survival(double):
    levels = np.array([1e-100, 1e-9, 0.01, 0.5, 0.99, 1 - 1e-12])
    np.testing.assert_allclose(BATHTUB.failure_probability(BATHTUB.quantile(levels)), levels, rtol=1e-12)


def test_the_mean_is_the_integral_of_survival(double):
    exact = mpmath.quad(lambda t: mpmath.e ** -((t / 60) ** mpmath.mpf("0.7") + (t / 90) ** 5), [0, 1e-3, 1, 20, 60, 90, 120, 200, 400])
    np.testing.assert_allclose(BATHTUB.mean(), float(exact), rtol=1e-6)  # what the derived rule promises where quantiles bend


def test_two_exponentials_are_one(double):
    two = sj.CompetingRisks([sj.Exponential(30.0), sj.Exponential(60.0)])
    np.testing.assert_allclose(two.survival([5.0, 50.0]), sj.Exponential(20.0).survival([5.0, 50.0]), rtol=1e-13)
    np.testing.assert_allclose(two.predict_rul([0.0, 40.0]), 20.0, rtol=1e-9)


def test_aarsets_devices_die_young_or_of_wear():
    model = sj.CompetingRisks([sj.Weibull(), sj.Weibull()]).fit(shipped("aarset_devices"))
    assert list(model.parameters_.index) == ["shape_0", "scale_0", "shape_1", "scale_1"]
    # a gradient of 0 and a negative Hessian by differences of an independent likelihood
    ages = shipped("aarset_devices").durations

    def log_likelihood(logs):
        (k, s), (m, r) = np.exp(logs).reshape(2, 2)
        hazard = k / s * (ages / s) ** (k - 1) + m / r * (ages / r) ** (m - 1)
        return np.sum(np.log(hazard) - (ages / s) ** k - (ages / r) ** m)

    best = np.log(model.parameters_.to_numpy())
    np.testing.assert_allclose(log_likelihood(best), model.log_likelihood_, rtol=1e-12)
    for direction in np.eye(4):
        assert log_likelihood(best + 1e-3 * direction) < log_likelihood(best)
        assert log_likelihood(best - 1e-3 * direction) < log_likelihood(best)
    assert model.log_likelihood_ > sj.Weibull().fit(shipped("aarset_devices")).log_likelihood_ + 30


def of_cause(index, low, high):
    """log of the integral of hazard times survival, by mpmath, for the bathtub."""
    k, s = ((mpmath.mpf("0.7"), 60), (mpmath.mpf(5), 90))[index]

    def density(t):
        return k / s * (t / s) ** (k - 1) * mpmath.e ** -((t / 60) ** mpmath.mpf("0.7") + (t / 90) ** 5)

    edges = [mpmath.mpf(10) ** power for power in range(-40, 6, 2)] + [10, 30, 60, 80, 90, 105, 120, 150, 200]
    return float(mpmath.log(mpmath.quad(density, [low, *sorted(edge for edge in edges if low < edge < high), high])))


@pytest.mark.parametrize(("low", "high"), [(0.0, 3.0), (0.0, 1e5), (1e-3, 1e-2), (10.0, 20.0), (85.0, 85.5), (50.0, 1e4), (150.0, 160.0)])
@pytest.mark.parametrize("cause", [0, 1])
def test_the_probability_of_a_cause_within_an_interval_agrees_with_mpmath(double, cause, low, high):
    computed = LOG_PROBABILITY_OF(as_arrays(BATHTUB), cause, low, high)
    np.testing.assert_allclose(computed, of_cause(cause, mpmath.mpf(low), mpmath.mpf(high)), atol=1e-9)  # what the rule promises


LOG_PROBABILITY_OF = jax.jit(lambda law, cause, low, high: law.log_probability_of(cause, low, high))
PAIRS = {
    "sharp beside broad": CompetingRisks((Weibull(shape=60.0, scale=40.0), Weibull(shape=0.6, scale=100.0))),
    "jumps": CompetingRisks((PiecewiseExponential([20.0, 50.0], (0.01, 0.001, 0.08)), LogLogistic(shape=3.0, scale=40.0))),
    "a part that cannot fail": CompetingRisks((DefectiveSubpopulation(Weibull(2.0, 30.0), 0.2), Exponential(80.0))),
    "real line": CompetingRisks((Logistic(location=40.0, scale=9.0), SmallestExtremeValue(location=60.0, scale=12.0))),
}


def as_arrays(law):
    return jax.tree.map(lambda value: jnp.asarray(value, float), law)


@pytest.mark.parametrize("name", PAIRS)
def test_the_probabilities_of_all_causes_add_up_to_what_is_lost_of_survival(double, name):
    law = as_arrays(PAIRS[name])
    for low, high in ((law.start_of_support, 25.0), (law.start_of_support, 300.0), (10.0, 90.0), (39.0, 39.5), (5.0, 1e4)):
        each = [float(LOG_PROBABILITY_OF(law, cause, low, high)) for cause in (0, 1)]
        lost = np.log(-np.expm1(float(law.log_survival(high) - law.log_survival(low)))) + float(law.log_survival(low))
        np.testing.assert_allclose(np.logaddexp(*each), lost, atol=1e-9)


@pytest.mark.parametrize("name", ["jumps", "real line"])
def test_the_probability_of_a_cause_has_the_derivatives_of_differences(double, name):
    law = as_arrays(PAIRS[name])
    values = law.values()

    def of(values):
        return law.with_values(values).log_probability_of(0, 10.0, 90.0)

    derived = jax.jit(lambda values: (of(values), jax.grad(of)(values), jax.hessian(of)(values)))
    _, gradient, hessian = derived(values)
    for index, value in enumerate(np.asarray(values)):
        step = 1e-5 * value * np.eye(len(values))[index]
        (up, slope_up, _), (down, slope_down, _) = derived(values + step), derived(values - step)
        np.testing.assert_allclose(gradient[index], (up - down) / (2e-5 * value), rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(hessian[index], (slope_up - slope_down) / (2e-5 * value), rtol=1e-5, atol=1e-7)


def test_a_mapping_and_a_list_with_labels_are_the_same():
    mapped = CompetingRisks({"a": Weibull(), "b": Exponential()})
    listed = CompetingRisks((Weibull(), Exponential()), causes=["a", "b"])
    assert jax.tree.structure(mapped) == jax.tree.structure(listed)
    assert mapped.bind(jnp.zeros(3)).causes == mapped.with_values(jnp.ones(3)).causes == ("a", "b")
    with pytest.raises(ValueError, match="named twice"):
        CompetingRisks((Weibull(), Exponential()), causes=["a", "a"]).check()
    with pytest.raises(ValueError, match="2 are needed, 1 were given"):
        CompetingRisks((Weibull(), Exponential()), causes=["a"]).check()
    with pytest.raises(ValueError, match="leave causes out"):
        CompetingRisks({"a": Weibull()}, causes=["a"])
