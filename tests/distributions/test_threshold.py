import matplotlib.pyplot as plt
import mpmath
import numpy as np
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.stats import lognorm, weibull_min

import survjax as sj
from survjax.distributions import (
    CompetingRisks,
    DefectiveSubpopulation,
    Exponential,
    Frechet,
    Gamma,
    GeneralizedGamma,
    Gompertz,
    InverseGaussian,
    LogLogistic,
    LogNormal,
    Threshold,
    Weibull,
)
from survjax.fitting.threshold_estimation import local_shape
from tests.conftest import shipped

DIGITS = mpmath.mp.dps = 30


def wear_out():
    """64 lives of a Weibull of shape 3.5 and scale 100 beyond 50."""
    return 50.0 + 100.0 * np.random.default_rng(8).weibull(3.5, 64)


def weibull_profile(times, threshold):
    """The log-likelihood of complete data at the best shape and scale: the shape solves its score equation."""
    beyond, unit = times - threshold, np.mean(times - threshold)
    logs = np.log(beyond / unit)

    def score(k):
        return np.sum((beyond / unit) ** k * logs) / np.sum((beyond / unit) ** k) - 1 / k - logs.mean()

    k = brentq(score, 0.01, 20.0, xtol=1e-14)
    scale = unit * np.mean((beyond / unit) ** k) ** (1 / k)
    return weibull_min.logpdf(times, k, threshold, scale).sum(), k, scale


def slopes(log_likelihood, model):
    """Central differences over 1e-4 standard errors to either side, per standard error."""
    estimate = model.parameters_.to_numpy()
    steps = 1e-4 * np.diag(model.standard_errors_)
    return [(log_likelihood(estimate + step) - log_likelihood(estimate - step)) / 2e-4 for step in steps]


def test_the_three_parameter_weibull_of_the_ball_bearings():
    # Lawless (1982) prints 14.88, 1.594 and 63.87 or so; the figures here are from a profile by scipy
    life = shipped("ball_bearings")
    best = minimize_scalar(lambda g: -weibull_profile(life.durations, g)[0], bounds=(0.0, 17.5), method="bounded", options={"xatol": 1e-9})
    value, shape, scale = weibull_profile(life.durations, best.x)
    model = sj.Threshold(sj.Weibull()).fit(life)
    np.testing.assert_allclose(model.log_likelihood_, value, rtol=1e-12)
    np.testing.assert_allclose(model.parameters_, [shape, scale, best.x], rtol=1e-5)  # of the root of 1e-12: the profile is flat there
    np.testing.assert_allclose(model.log_likelihood(life), value, rtol=1e-12)


def test_no_wald_interval_of_a_threshold_whose_local_shape_is_below_2(tmp_path):
    model = sj.Threshold(sj.Weibull()).fit(shipped("ball_bearings"))
    assert model.parameters_["shape"] < 2
    assert np.isnan(model.standard_errors_["threshold"])
    assert model.interval("parameters").loc["threshold", ["lower", "upper"]].isna().all()
    assert any("Smith 1985" in note and 'method="likelihood"' in note for note in model.notes_)
    known = sj.Threshold(sj.Weibull(), model.parameters_["threshold"]).fit(shipped("ball_bearings"))
    np.testing.assert_allclose(model.standard_errors_[["shape", "scale"]], known.standard_errors_[["shape", "scale"]], rtol=1e-6)
    np.testing.assert_allclose(model.interval("quantile", [0.1, 0.5]), known.interval("quantile", [0.1, 0.5]), rtol=1e-6)
    assert model.aic_ == pytest.approx(6 - 2 * model.log_likelihood_, rel=1e-12)
    model.save(tmp_path / "model.json")
    np.testing.assert_array_equal(sj.load(tmp_path / "model.json").standard_errors_, model.standard_errors_)


def test_a_regular_threshold_has_the_errors_of_the_observed_information(tmp_path):
    times = wear_out()
    model = sj.Threshold(sj.Weibull()).fit(times)
    assert model.parameters_["shape"] > 2
    estimate = model.parameters_.to_numpy()

    def negative(v):
        return -mpmath.fsum(
            mpmath.log(v[0] / v[1]) + (v[0] - 1) * mpmath.log((t - v[2]) / v[1]) - ((t - v[2]) / v[1]) ** v[0] for t in times.tolist()
        )

    information = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            order = tuple(int(k == i) + int(k == j) for k in range(3))
            information[i, j] = float(mpmath.diff(lambda *v: negative(v), tuple(map(mpmath.mpf, estimate)), order))
    np.testing.assert_allclose(model.covariance_, np.linalg.inv(information), rtol=1e-6)  # that before a last step of up to 1e-7
    model.save(tmp_path / "model.json")
    np.testing.assert_array_equal(sj.load(tmp_path / "model.json").covariance_, model.covariance_)
    assert model.interval("parameters").loc["threshold", "lower"] < estimate[2] < model.interval("parameters").loc["threshold", "upper"]


def test_truth_is_recovered_within_four_standard_errors():
    lives = sj.Threshold(sj.Weibull(3.0, 100.0), 40.0).sample(1024, seed=4)
    ends = np.random.default_rng(5).uniform(80, 250, 1024)
    model = sj.Threshold(sj.Weibull()).fit(np.minimum(lives, ends), lives <= ends)
    assert np.all(np.abs(model.parameters_ - [3.0, 100.0, 40.0]) < 4 * model.standard_errors_)


def test_a_censored_lognormal_is_at_rest_in_scipys_likelihood():
    life = shipped("krivtsov_units")
    model = sj.Threshold(sj.LogNormal()).fit(life)

    def log_likelihood(v):
        law = lognorm(v[1], v[2], np.exp(v[0]))
        return np.where(life.event_observed, law.logpdf(life.durations), law.logsf(life.durations)).sum()

    estimate = model.parameters_.to_numpy()
    np.testing.assert_allclose(model.log_likelihood_, log_likelihood(estimate), rtol=1e-12)
    np.testing.assert_allclose(slopes(log_likelihood, model), 0.0, atol=1e-5)  # third derivatives times the square of the step
    assert any("no bound as the threshold meets the first failure" in note for note in model.notes_)


def test_the_two_parameter_exponential_begins_at_the_first_failure():
    random = np.random.default_rng(1)
    lives = 50.0 + random.exponential(30.0, 64)
    durations, failed = np.minimum(lives, 100.0), lives < 100.0
    model = sj.Threshold(sj.Exponential()).fit(durations, failed)
    first = durations.min()
    scale = (durations - first).sum() / failed.sum()
    np.testing.assert_allclose(model.parameters_, [scale, first], rtol=1e-11)  # put 1e-12 below it, where its density is
    np.testing.assert_allclose(model.standard_errors_, [scale / np.sqrt(failed.sum()), np.nan], rtol=1e-9)
    np.testing.assert_allclose(model.log_likelihood_, -failed.sum() * (np.log(scale) + 1), rtol=1e-10)
    assert any("the threshold at the first failure" in note for note in model.notes_)


@pytest.mark.parametrize(
    ("data", "law", "message"),
    [
        ("krivtsov_units", sj.Weibull, "no bound as the threshold meets the first failure"),
        ("aarset_devices", sj.Weibull, "resolution="),
        ("mice", sj.LogNormal, "as the threshold runs to minus infinity"),
        ("waltons", sj.Weibull, "smallest extreme value"),
    ],
)
def test_where_no_threshold_is_the_best_the_reason_is_said(data, law, message):
    with pytest.raises(sj.NoFiniteMaximum, match=message):
        sj.Threshold(law()).fit(shipped(data))


def test_inspections_bound_the_likelihood():
    life = shipped("turbine_wheels")
    model = sj.Threshold(sj.Weibull()).fit(life)

    def log_likelihood(v):
        law = weibull_min(v[0], v[2], v[1])
        probability = np.where(life.lower > 0, law.sf(life.lower), 1.0) - law.sf(life.upper)
        return np.sum(life.counts() * np.log(probability))

    estimate = model.parameters_.to_numpy()
    np.testing.assert_allclose(model.log_likelihood_, log_likelihood(estimate), rtol=1e-12)
    np.testing.assert_allclose(slopes(log_likelihood, model), 0.0, atol=1e-5)  # third derivatives times the square of the step


def test_a_known_threshold_is_a_change_of_origin():
    times = wear_out()
    model, moved = sj.Threshold(sj.Weibull(), 45.0).fit(times), sj.Weibull().fit(times - 45.0)
    np.testing.assert_allclose(model.parameters_, [*moved.parameters_, 45.0], rtol=1e-12)
    np.testing.assert_allclose(model.log_likelihood_, moved.log_likelihood_, rtol=1e-12)
    np.testing.assert_allclose(model.predict_rul(60.0), moved.predict_rul(15.0), rtol=1e-12)
    np.testing.assert_allclose(model.predict_rul(20.0), 25.0 + moved.mean(), rtol=1e-12)
    assert model.predict_failure_probability(10.0, 30.0) == 0.0
    assert model.hazard(45.0) == model.density(3.0) == 0.0
    with pytest.raises(ValueError, match="upper must be more than 200, the threshold given; row 0"):
        sj.Threshold(sj.Weibull(), 200.0).fit(times)


def test_units_counts_and_an_entry_of_0_change_nothing_else():
    times = wear_out()
    model = sj.Threshold(sj.Weibull()).fit(times)
    hours = sj.Threshold(sj.Weibull()).fit(24 * times, entry=np.zeros(64))
    np.testing.assert_allclose(hours.parameters_, model.parameters_ * [1, 24, 24], rtol=1e-7)
    halves = sj.Threshold(sj.Weibull()).fit(np.repeat(times, 2), weights=np.full(128, 0.5))
    np.testing.assert_allclose(halves.parameters_, model.parameters_, rtol=1e-7)
    np.testing.assert_allclose(halves.standard_errors_, model.standard_errors_, rtol=1e-6)


def test_a_negative_threshold_leaves_a_share_that_failed_before_age_0(double):
    law = Threshold(Weibull(shape=2.0, scale=30.0), -10.0)

    def survival(t):
        return mpmath.e ** -(((mpmath.mpf(t) + 10) / 30) ** 2)

    np.testing.assert_allclose(law.survival(0.0), float(survival(0)), rtol=1e-15)
    assert law.quantile(0.01) < 0
    np.testing.assert_allclose(law.mean(), float(-10 + mpmath.quad(survival, [-10, 30, 300])), rtol=1e-13)
    alive = mpmath.quad(lambda t: survival(t) / survival(0), [0, 30, 300])
    np.testing.assert_allclose(law.given_survival(0.0).mean(), float(alive), rtol=1e-12)
    model = sj.Threshold(sj.Weibull(2.0, 30.0), -10.0)
    assert model.interval("quantile", [0.01]).loc[0, "lower"] == model.quantile(0.01)
    assert model.mean() == pytest.approx(float(law.mean()), rel=1e-13)


def test_the_local_shape_is_the_power_by_which_failures_begin(double):
    powers = {
        Weibull(1.3, 50.0): 1.3,
        Gamma(2.5, 3.0): 2.5,
        LogLogistic(0.8, 7.0): 0.8,
        Gompertz(0.1, 0.2): 1.0,
        GeneralizedGamma(1.0, 0.5, 0.5): 4.0,
        CompetingRisks((Weibull(3.0, 5.0), Weibull(1.5, 900.0))): 1.5,
        DefectiveSubpopulation(Weibull(2.2, 9.0), 0.3): 2.2,
        LogNormal(1.0, 3.0): np.inf,
        InverseGaussian(3.0, 0.1): np.inf,
        Frechet(2.0, 3.0): np.inf,
    }
    for law, power in powers.items():
        assert local_shape(law) == pytest.approx(power, rel=1e-9), law


def test_it_stands_around_the_whole():
    learned = sj.Threshold(sj.Weibull())
    for wrapped in (sj.Mixture([sj.Weibull(), learned]), sj.CompetingRisks([sj.Weibull(), learned]), sj.DefectiveSubpopulation(learned)):
        with pytest.raises(ValueError, match=r"must be around the whole: Threshold\("):
            wrapped.fit(wear_out())
    with pytest.raises(ValueError, match="a threshold of a threshold"):
        sj.Threshold(sj.Threshold(sj.Weibull(), 3.0)).fit(wear_out())
    with pytest.raises(ValueError, match="Normal is a law on the whole real line"):
        sj.Threshold(sj.Normal()).fit(wear_out())


def test_what_is_on_a_boundary_inside_stays_there(tmp_path):
    model = sj.Threshold(sj.DefectiveSubpopulation(sj.Exponential())).fit(wear_out())
    alone = sj.Threshold(sj.Exponential()).fit(wear_out())
    np.testing.assert_allclose(model.parameters_, [alone.parameters_["scale"], 1.0, alone.parameters_["threshold"]], rtol=1e-9)
    assert model.standard_errors_[["fraction_failing", "threshold"]].isna().all()
    model.save(tmp_path / "model.json")
    np.testing.assert_array_equal(sj.load(tmp_path / "model.json").parameters_, model.parameters_)


def test_one_cause_may_begin_at_a_known_age():
    risks = sj.CompetingRisks([sj.Exponential(), sj.Threshold(Exponential(), 80.0)]).fit(wear_out())
    times = wear_out()
    # a piecewise constant hazard: failures over the time spent in each piece
    early = (times <= 80).sum() / np.minimum(times, 80).sum()
    late = (times > 80).sum() / np.maximum(times - 80, 0).sum()
    np.testing.assert_allclose(1 / risks.parameters_[["scale_0", "scale_1"]], [early, late - early], rtol=1e-7)


def test_pictures_do_not_mind_ages_before_the_threshold():
    model = sj.Threshold(sj.Weibull()).fit(wear_out())
    for draw in (model.plot_survival, model.plot_hazard, model.plot_probability, model.plot_learning):
        ax = draw()
        assert np.all(np.isfinite([*ax.get_xlim(), *ax.get_ylim()]))
        plt.close(ax.figure)


def test_a_prior_on_the_threshold_is_kept_and_gives_it_an_error():
    lives = 50 + 30 * np.random.default_rng(3).weibull(1.3, 64)
    model = sj.Threshold(sj.Weibull()).fit(lives, prior={"threshold": (45.0, 1.0)})
    assert model.standard_errors_["threshold"] > 0
    assert "penalised by prior" in model.summary_
    with pytest.raises(ValueError, match="penalised by a prior"):
        _ = model.aic_


def test_without_failures_priors_on_all_make_a_fit_and_fewer_none():
    ages = np.array([10.0, 20.0, 30.0, 40.0])
    prior = {"shape": (2.0, 0.5), "scale": (100.0, 1.0), "threshold": (5.0, 2.0)}
    medians, deviations = np.array([np.log(2.0), np.log(100.0), 5.0]), np.array([0.5, 1.0, 2.0])

    def penalised(x):
        beyond = np.maximum(ages - x[2], 0.0) / np.exp(x[1])
        return np.sum(beyond ** np.exp(x[0])) + 0.5 * np.sum(((x - medians) / deviations) ** 2)

    best = minimize(penalised, medians, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-14}).x
    model = sj.Threshold(sj.Weibull()).fit(ages, np.zeros(4), prior=prior)
    # Nelder-Mead compares values: their rounding of 1e-15 hides steps of 1e-7
    np.testing.assert_allclose(model.parameters_, [*np.exp(best[:2]), best[2]], rtol=1e-6)
    assert model.notes_[0].startswith("penalised: prior on shape")
    for fewer in ("shape", "scale", "threshold"):
        with pytest.raises(sj.NoFiniteMaximum, match="give every parameter a prior"):
            sj.Threshold(sj.Weibull()).fit(ages, np.zeros(4), prior={name: one for name, one in prior.items() if name != fewer})
