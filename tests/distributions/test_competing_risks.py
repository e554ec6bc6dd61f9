import mpmath
import numpy as np
import pytest

import survjax as sj
from survjax.distributions import CompetingRisks, Weibull
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
