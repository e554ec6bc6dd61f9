import mpmath
import numpy as np
import pytest

import survjax as sj
from survjax.distributions import DefectiveSubpopulation, Weibull
from tests.conftest import shipped

DIGITS = mpmath.mp.dps = 40
LAW = DefectiveSubpopulation(Weibull(shape=2.0, scale=30.0), 0.3)


def exact_survival(t):
    return 1 - mpmath.mpf(0.3) * (1 - mpmath.e ** -((mpmath.mpf(t) / 30) ** 2))


@pytest.mark.parametrize("age", [1e-6, 1.0, 30.0, 150.0])
def test_survival_and_density_agree_with_mpmath(double, age):
    np.testing.assert_allclose(LAW.log_survival(age), float(mpmath.log(exact_survival(age))), rtol=1e-13)
    np.testing.assert_allclose(LAW.density(age), float(-mpmath.diff(exact_survival, age)), rtol=1e-10)  # mpmath's differences


def test_those_without_the_defect_never_fail(double):
    assert LAW.survival(np.inf) == pytest.approx(0.7, rel=1e-15)
    assert LAW.mean() == np.inf
    assert LAW.quantile(0.31) == np.inf
    np.testing.assert_allclose(LAW.failure_probability(LAW.quantile(np.array([1e-20, 0.1, 0.2999]))), [1e-20, 0.1, 0.2999], rtol=1e-12)
    left = 0.3 * np.exp(-1.0)
    np.testing.assert_allclose(LAW.probability_of_ever_failing(30.0), left / (0.7 + left), rtol=1e-14)


def test_the_restricted_mean_is_the_integral_of_survival(double):
    exact = mpmath.quad(lambda u: exact_survival(20 + u) / exact_survival(20), [0, 10, 50, 100])
    np.testing.assert_allclose(LAW.restricted_mean_after(20.0, 100.0), float(exact), rtol=1e-11)


# R 4.2.2, a hand-written likelihood polished by Newton: log-likelihood, fraction and its standard error, then mu and sigma of log time
R_FITS = {
    "weibull": (-293.032887984164, 0.00674445094918746, 0.00127037003486063, 3.34523347519351, 2.01622569153107),
    "lognormal": (-292.822520347902, 0.00691429387572062, 0.00131486636050085, 2.36800888026318, 2.48989801426288),
}


@pytest.mark.parametrize("law", R_FITS)
def test_a_limited_failure_population_agrees_with_r(law):
    log_likelihood, fraction, error, mu, sigma = R_FITS[law]
    model = sj.DefectiveSubpopulation(sj.Weibull() if law == "weibull" else sj.LogNormal()).fit(shipped("integrated_circuits"))
    np.testing.assert_allclose(model.log_likelihood_, log_likelihood, rtol=1e-12)
    np.testing.assert_allclose(model.parameters_["fraction_failing"], fraction, rtol=1e-7)
    np.testing.assert_allclose(model.standard_errors_["fraction_failing"], error, rtol=1e-5)
    p = model.parameters_
    seen = (np.log(p["scale"]), 1 / p["shape"]) if law == "weibull" else (p["location"], p["scale"])
    np.testing.assert_allclose(seen, (mu, sigma), rtol=1e-7)


def test_where_all_can_fail_that_is_what_is_reported(tmp_path):
    single = sj.Weibull().fit(shipped("ball_bearings"))
    model = sj.DefectiveSubpopulation(sj.Weibull()).fit(shipped("ball_bearings"))
    assert model.parameters_["fraction_failing"] == 1.0
    assert np.isnan(model.standard_errors_["fraction_failing"])
    np.testing.assert_allclose(model.parameters_[["shape", "scale"]], single.parameters_, rtol=1e-9)
    np.testing.assert_allclose(model.interval("survival", [50.0]), single.interval("survival", [50.0]), rtol=1e-9)
    assert any("fraction failing of 1" in note for note in model.notes_)
