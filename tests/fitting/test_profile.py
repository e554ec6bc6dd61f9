"""Limits by the profile likelihood: R's, closed forms, scipy's profiles, and what they owe where a side is open."""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

import survjax as sj
from survjax.distributions import Distribution
from survjax.fitting.estimation import pose
from survjax.fitting.search import LANES
from survjax.fitting.weight_chart import WeightChart
from survjax.models.precision import in_double_precision
from survjax.models.template import as_template
from survjax.parameters import Duration, Location
from tests.conftest import shipped

R = json.loads((Path(__file__).parents[1] / "reference" / "profile_limits.json").read_text())
LAWS = {"weibull": sj.Weibull, "lognormal": sj.LogNormal}
FALL = chi2.ppf(0.95, 1)


def limits(model, **keywords):
    return model.interval("parameters", method="likelihood", **keywords)


def cut_at(life, age):
    return sj.Lifetimes(np.minimum(life.durations, age), life.event_observed & (life.durations <= age), weights=life.weights)


@pytest.mark.parametrize("entry", [name for name in R["fits"] if name.endswith("weibull")])
def test_weibull_limits_are_those_of_r(entry):
    table = limits(sj.Weibull().fit(shipped(entry.split(":")[0])))
    # R's root finder stops at 5e-9 in mu where sigma is large
    np.testing.assert_allclose(np.log(table.loc["scale", ["lower", "upper"]].to_numpy()), R["fits"][entry]["mu"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(-np.log(table.loc["shape", ["upper", "lower"]].to_numpy()), R["fits"][entry]["log_sigma"], rtol=0, atol=1e-9)


def test_a_location_that_may_be_any_number_has_the_limits_of_r():
    table, reference = limits(sj.LogNormal().fit(shipped("generator_fans"))), R["fits"]["generator_fans:lognormal"]
    np.testing.assert_allclose(table.loc["location", ["lower", "upper"]], reference["mu"], rtol=1e-9)
    np.testing.assert_allclose(np.log(table.loc["scale", ["lower", "upper"]].to_numpy()), reference["log_sigma"], atol=1e-9)


@pytest.mark.parametrize("entry", R["fraction_failing"])
def test_the_limits_of_a_fraction_failing_are_those_of_r_an_open_side_included(entry):
    name, law = entry.split(":")
    life = shipped("integrated_circuits")
    model = sj.DefectiveSubpopulation(LAWS[law]()).fit(life if name == "integrated_circuits" else cut_at(life, 100.0))
    row = limits(model).loc["fraction_failing", ["lower", "upper"]].to_numpy()
    np.testing.assert_allclose(row, R["fraction_failing"][entry], rtol=1e-9)
    assert (R["fraction_failing"][entry][1] == 1.0) == (row[1] == 1.0)


def test_the_exponential_has_the_roots_of_its_closed_form():
    life = shipped("generator_fans")
    n, total = life.n_failed, life.durations.sum()
    best = total / n

    def excess(scale):  # 2 (log L(best) - log L(scale)) - chi-squared
        return 2 * n * (np.log(scale / best) + best / scale - 1) - FALL

    row = limits(sj.Exponential().fit(life)).loc["scale"]
    expected = brentq(excess, best / 10, best, xtol=1e-12), brentq(excess, best, best * 10, xtol=1e-12)
    np.testing.assert_allclose(row[["lower", "upper"]], expected, rtol=1e-9)


def test_the_mean_of_a_normal_has_its_closed_form():
    # all failed: the profile of the mean m is -n/2 log(s² + (x̄ - m)²)
    x = shipped("ball_bearings").durations
    reach = x.std() * np.sqrt(np.expm1(FALL / len(x)))
    row = limits(sj.Normal().fit(x)).loc["location"]
    np.testing.assert_allclose(row[["lower", "upper"]], [x.mean() - reach, x.mean() + reach], rtol=1e-9)


def test_a_bound_on_one_side_is_an_end_of_a_wider_interval_and_the_other_end_is_open():
    model = sj.Weibull().fit(shipped("generator_fans"))
    both = limits(model, level=0.9)
    lower, upper = limits(model, level=0.95, side="lower"), limits(model, level=0.95, side="upper")
    np.testing.assert_allclose(lower["lower"], both["lower"], rtol=1e-9)
    np.testing.assert_allclose(upper["upper"], both["upper"], rtol=1e-9)
    assert (lower["upper"] == np.inf).all()
    assert (upper["lower"] == 0.0).all()


def test_a_fraction_on_the_boundary_has_its_lower_limit_by_profile_and_the_boundary_as_upper():
    life = sj.Lifetimes(100 * np.random.default_rng(0).weibull(2, 40))
    model = sj.DefectiveSubpopulation(sj.Weibull()).fit(life)
    assert model.parameters_["fraction_failing"] == 1.0
    row = limits(model).loc["fraction_failing"]
    assert row["upper"] == 1.0
    # everyone has failed: the likelihood of a fraction p is p to the n times that of the Weibull
    np.testing.assert_allclose(row["lower"], np.exp(-0.5 * FALL / 40), rtol=1e-9)
    np.testing.assert_allclose(limits(model).loc["shape"], limits(sj.Weibull().fit(life)).loc["shape"], rtol=1e-7)


def test_the_two_weights_of_a_mixture_mirror_each_other_and_its_limits_are_those_of_scipy():
    life = shipped("waltons")
    model = sj.WeibullMixture().fit(life)
    table = limits(model)
    np.testing.assert_allclose(
        table.loc["weight_0", ["lower", "upper"]], 1.0 - table.loc["weight_1", ["upper", "lower"]].to_numpy(), rtol=1e-8
    )
    t, d = life.durations, life.event_observed

    def fall(weight, point):
        def minus(logs):
            terms = []
            for share, shape, scale in zip((weight, 1 - weight), np.exp(logs[:2]), np.exp(logs[2:]), strict=True):
                log_s = -((t / scale) ** shape)
                terms.append(np.log(share) + log_s + np.where(d, np.log(shape / scale) + (shape - 1) * np.log(t / scale), 0.0))
            return -np.logaddexp(*terms).sum()

        return 2 * (model.log_likelihood_ + minimize(minus, point, method="BFGS", options={"gtol": 1e-6}).fun)

    start = np.log(model.parameters_[["shape_0", "shape_1", "scale_0", "scale_1"]].to_numpy())
    for end in ("lower", "upper"):
        np.testing.assert_allclose(fall(table.loc["weight_0", end], start), FALL, rtol=1e-6)  # BFGS' own stop


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_unit_of_time_does_not_matter(unit):
    life = shipped("generator_fans")
    plain = limits(sj.Weibull().fit(life))
    scaled = limits(sj.Weibull().fit(life.in_unit(1.0 / unit)))
    np.testing.assert_allclose(scaled.loc["shape"], plain.loc["shape"], rtol=1e-8)
    np.testing.assert_allclose(scaled.loc["scale"], unit * plain.loc["scale"], rtol=1e-8)


class Shifted(Distribution):
    """A Weibull of shape 3 that begins at a location, which no failure precedes."""

    location: Location
    scale: Duration

    def log_survival(self, time):
        return -(jnp.maximum((time - self.location) / self.scale, 0.0) ** 3)

    def log_hazard(self, time):
        age = time - self.location
        return jnp.where(age > 0, jnp.log(3.0) + 2.0 * jnp.log(jnp.where(age > 0, age, 1.0)) - 3.0 * jnp.log(self.scale), -jnp.inf)


def test_a_location_bounded_by_the_data_has_limits_below_the_first_failure():
    lives = 50.0 + 30.0 * np.random.default_rng(5).weibull(3.0, 24)
    model = sj.Model(Shifted()).fit(lives)
    table = limits(model)

    def fall(location):  # with all failed the scale has a closed form
        age = lives - location
        scale = np.mean(age**3) ** (1 / 3)
        return 2 * (model.log_likelihood_ - np.sum(np.log(3) + 2 * np.log(age) - 3 * np.log(scale) - (age / scale) ** 3))

    best = model.parameters_["location"]
    expected = [brentq(lambda x: fall(x) - FALL, best - 60, best), brentq(lambda x: fall(x) - FALL, best, lives.min() - 1e-9)]
    np.testing.assert_allclose(table.loc["location", ["lower", "upper"]], expected, rtol=1e-8)
    assert expected[1] < lives.min()


def test_known_parameters_are_their_own_limits():
    table = limits(sj.Weibull(shape=2.0).fit(shipped("generator_fans")))
    assert (table.loc["shape"] == 2.0).all()
    assert table.loc["scale", "lower"] < table.loc["scale", "estimate"] < table.loc["scale", "upper"]
    assert (limits(sj.Weibull(shape=2.0, scale=9.0)).loc["scale"] == 9.0).all()


def test_a_loaded_model_asks_for_the_lifetimes_and_refuses_others(tmp_path):
    life = shipped("generator_fans")
    model = sj.Weibull().fit(life)
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    with pytest.raises(sj.NotFitted, match="pass life="):
        limits(loaded)
    np.testing.assert_allclose(limits(loaded, life=life), limits(model), rtol=1e-9)
    with pytest.raises(ValueError, match="not the lifetimes of the fit"):
        limits(model, life=life.in_unit(2.0))


def test_what_has_no_profile_is_refused():
    model = sj.Weibull().fit(shipped("generator_fans"))
    with pytest.raises(ValueError, match="for 'survival' use method=\"wald\""):
        model.interval("survival", 10.0, method="likelihood")
    with pytest.raises(ValueError, match='method must be "wald" or "likelihood"'):
        model.interval("parameters", method="bayes")
    short = sj.GompertzMakeham().fit([3.0, 5.0, 8.0], require_convergence=False)
    with pytest.raises(ValueError, match="start from a maximum"):
        limits(short)


def test_the_limits_of_a_penalised_fit_are_those_of_its_penalised_likelihood():
    ages, median, deviation = np.array([20.0, 35.0, 50.0, 80.0]), 100.0, 0.4

    def penalised(log_scale):
        return -len(ages) * log_scale - ages.sum() * np.exp(-log_scale) - 0.5 * ((log_scale - np.log(median)) / deviation) ** 2

    best = minimize(lambda x: -penalised(x[0]), [4.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}).x[0]
    ends = [brentq(lambda x: 2 * (penalised(best) - penalised(x)) - FALL, best, end, xtol=1e-13) for end in (2.0, 7.0)]
    row = limits(sj.Exponential().fit(sj.Lifetimes(ages), prior={"scale": (median, deviation)})).loc["scale"]
    # the search stops within 1e-9 of the crossing in the root of the fall
    np.testing.assert_allclose(row[["lower", "upper"]], np.exp(ends), rtol=1e-7)


def test_a_threshold_at_the_first_failure_has_the_limit_of_its_closed_form():
    lives = 50 + 30 * np.random.default_rng(3).exponential(size=64)
    table = limits(sj.Threshold(sj.Exponential()).fit(lives))
    # 2 n log{(mean - threshold) / (mean - first)} = chi-squared; the fit stands 1e-12 of an age below the first failure
    lower = lives.mean() - (lives.mean() - lives.min()) * np.exp(FALL / 2 / 64)
    np.testing.assert_allclose(table.loc["threshold", ["lower", "upper"]], [lower, lives.min()], rtol=1e-9)
    known = limits(sj.Exponential().fit(lives - table.loc["threshold", "estimate"]))
    np.testing.assert_allclose(table.loc["scale"], known.loc["scale"], rtol=1e-7)


def test_a_threshold_without_a_wald_interval_has_a_likelihood_interval():
    lives = 50 + 30 * np.random.default_rng(3).weibull(1.3, 64)
    model = sj.Threshold(sj.Weibull()).fit(lives)
    assert np.isnan(model.standard_errors_["threshold"])
    lower, upper = limits(model).loc["threshold", ["lower", "upper"]]
    for place in (lower, upper):  # a fit with the threshold given there has fallen just so far
        there = sj.Threshold(sj.Weibull(), threshold=place).fit(lives)
        np.testing.assert_allclose(2 * (model.log_likelihood_ - there.log_likelihood_), FALL, rtol=1e-6)


def test_a_fraction_of_0_has_the_upper_limit_of_the_binomial():
    lives = 10 * np.random.default_rng(1).weibull(2.0, 64)
    row = limits(sj.ZeroInflated(sj.Weibull()).fit(lives)).loc["fraction_dead_on_arrival"]
    # -2 n log(1 - p) = chi-squared
    np.testing.assert_allclose(row.to_numpy(), [0.0, 0.0, -np.expm1(-FALL / 2 / 64)], rtol=1e-8)


def test_a_boundary_fit_keeps_its_limits_whatever_the_constructor_is_told_later_and_asks_for_its_own_data():
    ages, failed = np.minimum(10 * np.random.default_rng(1).weibull(2.0, 64), 20.0), np.ones(64)
    model = sj.DefectiveSubpopulation(sj.Weibull()).fit(ages, failed)
    assert model.parameters_["fraction_failing"] == 1.0
    before = limits(model)
    model.set_params(of=sj.Weibull(shape=2.0))
    np.testing.assert_array_equal(limits(model), before)
    with pytest.raises(ValueError, match="not the lifetimes of the fit"):
        limits(model, life=sj.Lifetimes(1.01 * ages, failed))


KNOWN = ((1.0, 10.0), (3.0, 60.0), (9.0, 150.0), (2.0, 400.0))


def densities(ages):
    return np.stack([shape / scale * (ages / scale) ** (shape - 1) * np.exp(-((ages / scale) ** shape)) for shape, scale in KNOWN])


@pytest.mark.parametrize("given", [None, 0.2])
def test_each_of_several_weights_has_the_limits_that_scipy_finds_with_the_others_free(given):
    random = np.random.default_rng(8)
    kind = random.choice(4, 256, p=[0.2, 0.3, 0.4, 0.1])
    shapes, scales = np.transpose(KNOWN)
    ages = scales[kind] * random.weibull(shapes[kind])
    model = sj.Mixture([sj.Weibull(*known) for known in KNOWN], weight=[given, None, None, None]).fit(ages)
    table, each = limits(model), densities(ages)
    free, left = ([0, 1, 2, 3], 1.0) if given is None else ([1, 2, 3], 1.0 - given)

    def log_likelihood(weights):
        return np.log(weights @ each).sum()

    def others(held, value):
        """The highest log-likelihood with one weight held: concave in the others, which a softmax keeps on their simplex."""

        def minus(x):
            weights = np.full(4, given or 0.0)
            shares = np.exp(np.append(x, 0.0))
            weights[[index for index in free if index != held]] = (left - value) * shares / shares.sum()
            weights[held] = value
            return -log_likelihood(weights)

        return -minimize(minus, np.zeros(len(free) - 2), method="BFGS", options={"gtol": 1e-7}).fun

    best = model.log_likelihood_
    for held in free:
        estimate = model.parameters_[f"weight_{held}"]
        for side, end in (("lower", 1e-6), ("upper", left - 1e-6)):
            limit = brentq(lambda value, held=held: 2 * (best - others(held, value)) - FALL, estimate, end, xtol=1e-12)
            # BFGS leaves a slope of 1e-7, and so a fall wrong by its square; brentq follows values of 1e3 known to 1e-13
            np.testing.assert_allclose(table.loc[f"weight_{held}", side], limit, rtol=1e-7)


@in_double_precision
def test_the_derivatives_of_a_chart_of_weights_are_those_of_its_values():
    ages = np.random.default_rng(9).weibull(1.0, 64) * 60.0
    whole = pose(as_template(sj.Mixture([sj.Weibull(), *(sj.Weibull(*known) for known in KNOWN[1:])])), sj.Lifetimes(ages), LANES)
    active = np.arange(LANES) == 0
    for which in range(4):
        chart = WeightChart.of(whole, np.array([2, 3, 4]), which)
        point = np.array([0.1, 0.2, -0.7, 0.4, 0.3])
        np.testing.assert_allclose(chart.to_whole(chart.from_whole(point)), point, atol=1e-15)

        def at(x, chart=chart):
            return chart.evaluate(np.tile(x, (LANES, 1)), active)

        steps = 1e-5 * np.eye(5)
        slope = [(at(point + step).value[0] - at(point - step).value[0]) / 2e-5 for step in steps]
        curve = [(at(point + step).gradient[0] - at(point - step).gradient[0]) / 2e-5 for step in steps]
        # central differences: the square of the step, and rounding by the step
        np.testing.assert_allclose(at(point).gradient[0], slope, atol=1e-9)
        np.testing.assert_allclose(at(point).hessian[0], curve, atol=1e-9)
