"""Penalised likelihood: against closed forms and scipy, in any unit, and where the likelihood alone has no maximum."""

import pickle

import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import survjax as sj
from survjax.numerics.blocks import _sums_of_chunk
from tests.conftest import shipped

DIGITS = 30
WEAK = {"shape": (2.0, 0.5)}


def test_an_exponential_with_a_prior_on_its_scale_solves_one_equation():
    # slope in x = log scale: -r + T exp(-x) - (x - m) / s^2 = 0, curvature T exp(-x) + 1 / s^2
    durations, failed = np.array([33.0, 44.0, 52.0, 61.0, 70.0]), np.array([1, 0, 1, 1, 0])
    total, median, deviation = mpmath.mpf(260), mpmath.mpf(500), mpmath.mpf("0.4")
    x = mpmath.findroot(lambda x: -3 + total * mpmath.exp(-x) - (x - mpmath.log(median)) / deviation**2, 5)
    curvature = total * mpmath.exp(-x) + 1 / deviation**2
    model = sj.Exponential().fit(durations, failed, prior={"scale": (500.0, 0.4)})
    np.testing.assert_allclose(model.parameters_["scale"], float(mpmath.exp(x)), rtol=1e-12)
    # the curvature is taken before a last step of at most 1e-7
    np.testing.assert_allclose(model.standard_errors_["scale"], float(mpmath.exp(x) / mpmath.sqrt(curvature)), rtol=1e-6)
    np.testing.assert_allclose(model.log_likelihood_, float(-3 * x - total * mpmath.exp(-x)), rtol=1e-12)


def simulated(n=64, seed=0):
    random = np.random.default_rng(seed)
    lives, ends = 100 * random.weibull(2.5, n), random.uniform(20, 150, n)
    return np.minimum(lives, ends), lives <= ends


def test_a_weibull_fit_is_that_of_a_penalised_likelihood_written_by_hand():
    durations, failed = simulated()
    entry = 0.3 * durations

    def minus_penalised(x):
        k, eta = np.exp(x)
        log_density = np.log(k / eta) + (k - 1) * np.log(durations / eta)
        log_likelihood = (failed * log_density - (durations / eta) ** k + (entry / eta) ** k).sum()
        return 0.5 * ((x[0] - np.log(1.2)) / 0.2) ** 2 - log_likelihood

    best = minimize(minus_penalised, [0.5, 4.5], method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13})
    model = sj.Weibull().fit(durations, failed, entry=entry, prior={"shape": (1.2, 0.2)})
    # values that differ by less than their rounding of 1e-14 hide steps of 1e-7
    np.testing.assert_allclose(model.parameters_, np.exp(best.x), rtol=1e-6)
    penalty = 0.5 * (np.log(model.parameters_["shape"] / 1.2) / 0.2) ** 2
    np.testing.assert_allclose(model.log_likelihood_ - penalty, -best.fun, rtol=1e-12)
    # log_likelihood_ is that of the data alone
    np.testing.assert_allclose(model.log_likelihood_, model.log_likelihood(durations, failed, entry=entry), rtol=1e-12)


def test_a_prior_compiles_nothing():
    durations, failed = simulated()
    for model, prior in ((sj.Weibull(), WEAK), (sj.WeibullMixture(), {"shape_1": (2.0, 0.5)})):
        model.fit(durations, failed)
        before = _sums_of_chunk._cache_size()
        model.fit(durations, failed, prior=prior)
        assert _sums_of_chunk._cache_size() == before


def test_a_weak_prior_gives_way_to_the_data_and_a_strong_one_holds():
    durations, failed = simulated()
    free = sj.Weibull().fit(durations, failed)
    weak, strong = (sj.Weibull().fit(durations, failed, prior={"shape": (5.0, deviation)}) for deviation in (1e4, 1e-4))
    np.testing.assert_allclose(weak.parameters_, free.parameters_, rtol=1e-7)  # 1 / 1e4^2 against an information of some 40
    np.testing.assert_allclose(strong.parameters_["shape"], 5.0, rtol=1e-5)
    np.testing.assert_allclose(strong.parameters_["scale"], sj.Weibull(shape=5.0).fit(durations, failed).parameters_["scale"], rtol=1e-5)


LAWS = {
    "weibull": (sj.Weibull, {"shape": (2.0, 0.5), "scale": (300.0, 0.3)}, {"scale": 1.0}),
    "gompertz": (sj.Gompertz, {"shape": (0.05, 0.01), "rate": (0.002, 0.5)}, {"shape": -1.0, "rate": -1.0}),
    "lognormal": (sj.LogNormal, {"location": (5.0, 0.2), "scale": (0.7, 0.4)}, {}),
    "normal": (sj.Normal, {"location": (90.0, 5.0), "scale": (30.0, 0.4)}, {"location": 1.0, "scale": 1.0}),
    "fraction": (lambda: sj.DefectiveSubpopulation(sj.Weibull()), {"fraction_failing": (0.4, 0.5), "scale": (80.0, 0.5)}, {"scale": 1.0}),
}


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("unit", [1e-3, 24.0])
def test_units_of_time_do_not_matter(kind, unit):
    law, prior, powers = LAWS[kind]
    durations, failed = simulated()

    def changed(name, value, width):
        if kind == "lognormal" and name == "location":
            return value + np.log(unit), width
        factor = unit ** powers.get(name, 0.0)
        # what may be any number is its own coordinate: its deviation is in the unit too
        in_unit = (kind, name) in (("normal", "location"), ("gompertz", "shape"))
        return value * factor, width * (factor if in_unit else 1.0)

    plain = law().fit(durations, failed, prior=prior)
    scaled = law().fit(unit * durations, failed, prior={name: changed(name, *pair) for name, pair in prior.items()})
    expected = [changed(name, value, 1.0)[0] for name, value in plain.parameters_.items()]
    np.testing.assert_allclose(scaled.parameters_, expected, rtol=1e-8)
    np.testing.assert_allclose(scaled.log_likelihood_, plain.log_likelihood_ - failed.sum() * np.log(unit), rtol=1e-10)


def test_the_prior_of_a_parameter_that_may_be_any_number_is_in_its_own_unit():
    # normal lives of known scale: the mean of the data and the prior, weighted by their precisions
    durations = np.array([80.0, 95.0, 101.0, 120.0])
    model = sj.Normal(scale=20.0).fit(durations, prior={"location": (90.0, 5.0)})
    expected = (4 / 400 * durations.mean() + 90.0 / 25) / (4 / 400 + 1 / 25)
    np.testing.assert_allclose(model.parameters_["location"], expected, rtol=1e-12)
    np.testing.assert_allclose(model.standard_errors_["location"], (4 / 400 + 1 / 25) ** -0.5, rtol=1e-12)


EXISTS = {
    "one failure age": lambda prior: sj.Weibull().fit([5.0, 5.0, 3.0], [1, 1, 0], prior=prior),
    "perfect inspections": lambda prior: sj.Weibull().fit(sj.Lifetimes.from_intervals([0, 0, 3, 4], [6, 5, 9, np.inf]), prior=prior),
    "all entered late": lambda prior: sj.Weibull().fit([11, 12, 13, 20, 40, 80], [1, 1, 1, 1, 0, 0], entry=[10] * 6, prior=prior),
}


@pytest.mark.parametrize("kind", EXISTS)
def test_a_prior_on_the_shape_makes_a_maximum_where_there_is_none(kind):
    with pytest.raises(sj.NoFiniteMaximum, match=r'prior=\{"shape": \(2.0, 0.5\)\}'):
        EXISTS[kind](None)
    model = EXISTS[kind](WEAK)
    assert model.converged_
    assert np.all(np.isfinite(model.standard_errors_))


def test_of_one_failure_age_the_shape_solves_one_equation():
    # all at t: the scale is t, the likelihood n log k - n - n log t, the slope in log k is n - (log k - m) / s^2
    model = sj.Weibull().fit([5.0] * 3, prior=WEAK)
    np.testing.assert_allclose(model.parameters_, [2.0 * np.exp(3 * 0.25), 5.0], rtol=1e-12)


def test_without_failures_every_parameter_needs_a_prior():
    running = ([500.0, 800.0, 1200.0], [0, 0, 0])
    for prior in (None, WEAK, {"scale": (1000.0, 1.0)}):
        with pytest.raises(sj.NoFiniteMaximum, match=r"none of the units has failed.*sj.weibayes_lower_bound\(life, shape=2.0\)"):
            sj.Weibull().fit(*running, prior=prior)

    def minus_penalised(x):
        return (
            ((np.array(running[0]) / np.exp(x[1])) ** np.exp(x[0])).sum() + 2 * (x[0] - np.log(2)) ** 2 + 0.5 * (x[1] - np.log(1000.0)) ** 2
        )

    best = minimize(minus_penalised, np.log([2.0, 1000.0]), method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13})
    model = sj.Weibull().fit(*running, prior=WEAK | {"scale": (1000.0, 1.0)})
    np.testing.assert_allclose(model.parameters_, np.exp(best.x), rtol=1e-6)
    one = sj.Weibull(shape=2.0).fit(*running, prior={"scale": (1000.0, 1.0)})
    assert one.parameters_["scale"] > 1000.0  # nobody failed: longer than it was thought
    mixture = sj.WeibullMixture(weight=[0.3, 0.7]).fit(*running, prior=WEAK | {"scale": (1000.0, 1.0)})
    assert np.all(mixture.parameters_[["scale_0", "scale_1"]] > 1000.0)


def test_a_prior_on_the_scale_alone_does_not_keep_the_shape_from_running_away():
    with pytest.raises(sj.NoFiniteMaximum, match="all failures fall on one age"):
        sj.Weibull().fit([5.0, 5.0], prior={"scale": (7.0, 1.0)})


def test_priors_on_all_shapes_leave_a_mixture_no_spikes():
    # whole months, eleven of 42 failures in two neighbouring ones: without a prior every start ends in a spike
    ages = np.concatenate([np.arange(3.0, 58.0, 2.0), [59.0] * 5, [60.0] * 6, [64.0, 70.0, 75.0]])
    assert sj.WeibullMixture().fit(ages).parameters_["weight_0"] == 1.0
    model = sj.WeibullMixture().fit(ages, prior=WEAK)
    assert not any("spike" in note for note in model.notes_)
    assert model.n_hits_ >= 3

    def minus_penalised(x):
        k, z = np.exp(x[1:3, None]), np.log(ages) - x[3:, None]
        parts = np.log(k) - np.log(ages) + k * z - np.exp(k * z) - np.logaddexp(0.0, [[-x[0]], [x[0]]])
        return -np.logaddexp(*parts).sum() + 2 * ((x[1:3] - np.log(2)) ** 2).sum()

    p = model.parameters_
    at = np.array([np.log(p["weight_0"] / p["weight_1"]), *np.log(p[["shape_0", "shape_1", "scale_0", "scale_1"]])])
    best = minimize(minus_penalised, at, method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(best.x, at, atol=1e-5)  # slopes of differences, of 1e-8, stop it no nearer
    assert minus_penalised(at) <= best.fun + 1e-9
    # nor is another start of scipy's any higher
    steps = 0.7 * np.random.default_rng(0).normal(size=(8, 5))
    others = [minimize(minus_penalised, at + step, method="Nelder-Mead", options={"maxfev": 4000}).fun for step in steps]
    assert min(others) > best.fun - 1e-6


def test_components_with_priors_of_their_own_keep_their_places():
    random = np.random.default_rng(3)
    ages = np.concatenate([30 * random.weibull(0.8, 40), 100 * random.weibull(5, 80)])
    early, late = (0.8, 0.3), (4.0, 0.3)
    one = sj.WeibullMixture().fit(ages, prior={"shape_0": early, "shape_1": late})
    other = sj.WeibullMixture().fit(ages, prior={"shape_0": late, "shape_1": early})
    assert one.parameters_["scale_0"] < one.parameters_["scale_1"]
    assert other.parameters_["scale_0"] > other.parameters_["scale_1"]
    swapped = ["weight_1", "shape_1", "scale_1", "weight_0", "shape_0", "scale_0"]
    np.testing.assert_allclose(one.parameters_, other.parameters_[swapped], rtol=1e-8)
    np.testing.assert_allclose(one.log_likelihood_, other.log_likelihood_, rtol=1e-10)


def test_a_bare_name_stands_for_every_component():
    ages = shipped("waltons")
    one = sj.WeibullMixture().fit(ages, prior={"shape": (3.0, 1.0)})
    other = sj.WeibullMixture().fit(ages, prior={"shape_0": (3.0, 1.0), "shape_1": sj.Prior(median=3.0, deviation=1.0)})
    pd.testing.assert_frame_equal(one.summary_, other.summary_, check_exact=True)


def test_where_no_mixture_is_better_the_prior_of_what_is_left_stands():
    # nothing in these ages for a component of shape 30 and scale 1
    ages = sj.Weibull(2.0, 100.0).quantile((np.arange(64) + 0.5) / 64)
    model = sj.WeibullMixture().fit(ages, prior={"shape_0": (30.0, 0.01), "scale_0": (1.0, 0.01), "shape_1": (3.0, 0.2)})
    single = sj.Weibull().fit(ages, prior={"shape": (3.0, 0.2)})
    assert model.parameters_["weight_1"] == 1.0
    np.testing.assert_allclose(model.parameters_[["shape_1", "scale_1"]], single.parameters_, rtol=1e-9)
    np.testing.assert_allclose(model.log_likelihood_, single.log_likelihood_, rtol=1e-12)


def test_a_penalised_fit_says_so():
    model = sj.Weibull().fit(shipped("ball_bearings"), prior=WEAK)
    assert model.notes_[0].startswith("penalised: prior on shape, median 2, deviation 0.5 of its log.")
    assert model.summary_["penalised by prior"].to_dict() == {"shape": "median 2, deviation 0.5 of its log", "scale": ""}
    assert "penalised by prior" not in sj.Weibull().fit(shipped("ball_bearings")).summary_
    for criterion in ("aic_", "bic_"):
        with pytest.raises(ValueError, match=f"{criterion} compares fits of maximum likelihood"):
            getattr(model, criterion)


SAVED = {
    "weibull": lambda: sj.Weibull().fit(shipped("ball_bearings"), prior=WEAK),
    "mixture": lambda: sj.WeibullMixture().fit(shipped("waltons"), prior={"shape_1": (3.0, 1.0)}),
    "fraction of 1": lambda: sj.DefectiveSubpopulation(sj.Weibull()).fit(shipped("ball_bearings"), prior=WEAK),
    "fraction of 1, no prior": lambda: sj.DefectiveSubpopulation(sj.Weibull()).fit(shipped("ball_bearings")),
}


@pytest.mark.parametrize("kind", SAVED)
def test_a_penalised_fit_is_saved_and_loaded(kind, tmp_path):
    model = SAVED[kind]()
    model.save(tmp_path / "model.json")
    for loaded in (sj.load(tmp_path / "model.json"), pickle.loads(pickle.dumps(model))):
        pd.testing.assert_frame_equal(loaded.summary_, model.summary_, check_exact=True)
        assert (loaded.notes_, loaded.log_likelihood_) == (model.notes_, model.log_likelihood_)


def test_a_penalty_that_is_not_the_priors_is_not_loaded(tmp_path):
    model = sj.Weibull().fit(shipped("ball_bearings"), prior=WEAK)
    model._fit.penalty += 1e-3
    with pytest.raises(sj.ModelFileError, match="the penalty is not that of the prior"):
        model.save(tmp_path / "model.json")


def test_a_grid_search_passes_the_prior_on():
    model = sj.Weibull()
    search = GridSearchCV(model, {"shape": [None, 2.0]}, cv=3, error_score="raise")
    search.fit(shipped("ball_bearings"), prior={"scale": (80.0, 0.5)})
    assert search.best_estimator_.summary_["penalised by prior"]["scale"]
    assert clone(model).get_params() == {"shape": None, "scale": None}


REFUSED = {
    "no mapping": (sj.Weibull(), [(2.0, 0.5)], TypeError, "prior must map parameters"),
    "no pair": (sj.Weibull(), {"shape": 2.0}, TypeError, "prior of shape must be two numbers.*got 2.0"),
    "text": (sj.Weibull(), {"shape": ("2", 0.5)}, TypeError, "prior of shape must be two numbers"),
    "unknown name": (sj.Weibull(), {"beta": (2.0, 0.5)}, ValueError, "there is no parameter 'beta'; a prior may be given of shape, scale"),
    "known": (sj.Weibull(shape=2.0), WEAK, ValueError, "shape is known, so that a prior on it would say nothing"),
    "all known": (sj.Weibull(2.0, 9.0), WEAK, ValueError, "shape is known.*given of none here"),
    "negative median": (
        sj.Weibull(),
        {"shape": (-2.0, 0.5)},
        ValueError,
        "median of shape in its prior must be a positive number; it is -2",
    ),
    "deviation 0": (
        sj.Weibull(),
        {"shape": (2.0, 0.0)},
        ValueError,
        "deviation of shape .* To hold shape fixed, give it to the constructor",
    ),
    "endless deviation": (sj.Weibull(), {"shape": (2.0, np.inf)}, ValueError, "deviation of shape"),
    "weight": (sj.WeibullMixture(), {"weight_0": (0.5, 1.0)}, ValueError, "weight_0 can have no prior"),
    "twice": (sj.WeibullMixture(), {"shape": (2.0, 1.0), "shape_1": (3.0, 1.0)}, ValueError, "two things of shape_1"),
    "certain": (
        sj.DefectiveSubpopulation(sj.Weibull()),
        {"fraction_failing": (1.0, 1.0)},
        ValueError,
        "median of fraction_failing in its prior must be a number between 0 and 1",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_prior_is_refused(kind):
    model, prior, error, message = REFUSED[kind]
    with pytest.raises(error, match=message):
        model.fit([5.0, 6.0, 8.0, 9.0], prior=prior)
