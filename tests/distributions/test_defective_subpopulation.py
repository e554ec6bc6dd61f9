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
    assert not any("infinite" in note for note in model.notes_)
    assert model.interval("probability_of_failing", [50.0]).to_numpy().tolist() == [[1.0, 1.0, 1.0]]


MODEL = sj.DefectiveSubpopulation(sj.Weibull(shape=2.0, scale=30.0), 0.3)


def test_what_is_finite_where_the_mean_is_not_can_be_asked():
    ages = np.array([[0.0, 30.0]])
    left = 0.3 * np.exp(-((ages / 30) ** 2))
    np.testing.assert_allclose(MODEL.predict_probability_of_failing(ages), left / (0.7 + left), rtol=1e-14)
    np.testing.assert_allclose(MODEL.mean_if_failing(), float(30 * mpmath.gamma(1.5)), rtol=1e-13)
    mean_left = mpmath.quad(lambda u: mpmath.e ** (1 - ((30 + u) / 30) ** 2), [0, 30, 300])
    np.testing.assert_allclose(MODEL.predict_rul_if_failing(30.0), float(mean_left), rtol=1e-12)
    assert MODEL.mean() == MODEL.predict_rul(30.0) == np.inf


def test_intervals_of_the_probability_of_failing_are_made_on_the_scale_of_its_log_odds():
    model = sj.DefectiveSubpopulation(sj.LogNormal()).fit(shipped("integrated_circuits"))
    table = model.interval("probability_of_failing", [0.0, 500.0])
    fraction = model.parameters_["fraction_failing"]
    # at age 0 it is the fraction itself, whose limits are made so
    np.testing.assert_allclose(table.iloc[0], model.summary_.loc["fraction_failing", ["estimate", "lower", "upper"]], rtol=1e-6)
    np.testing.assert_allclose(table["estimate"], model.predict_probability_of_failing([0.0, 500.0]), rtol=1e-12)
    assert table["estimate"].iloc[1] < fraction
    assert ((table["lower"] < table["estimate"]) & (table["estimate"] < table["upper"])).all()
    assert model.interval("mean_if_failing")["estimate"].iloc[0] == pytest.approx(model.mean_if_failing(), rel=1e-12)
    with pytest.raises(ValueError, match="probability_of_failing is asked of a DefectiveSubpopulation"):
        sj.Weibull(2.0, 30.0).interval("probability_of_failing", 1.0)


def test_the_notes_say_that_the_mean_is_infinite_and_what_is_not(tmp_path):
    model = sj.DefectiveSubpopulation(sj.LogNormal()).fit(shipped("integrated_circuits"))
    infinite, finite = model.notes_[-2:]
    assert "The mean life is infinite, since a share of 0.993086 never fails" in infinite
    assert f"at a mean age of {model.mean_if_failing():.6g}" in infinite
    assert "alive at 1370" in finite
    assert f"a share of {model.predict_probability_of_failing(1370.0):.4g} will ever fail" in finite
    assert f"restricted to that age is {model.predict_rul(0.0, horizon=1370.0):.6g}" in finite
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    assert loaded.notes_ == model.notes_[:-1]  # without the data there is no last age
    assert loaded.predict_rul_if_failing(5.0) == model.predict_rul_if_failing(5.0)
