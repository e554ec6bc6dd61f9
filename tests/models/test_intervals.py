"""How sure a fit is: confidence intervals of what it estimates, prediction intervals of what a unit will do, the summary."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.conftest import shipped

KNOWN = sj.Weibull(shape=2.5, scale=10.0)


def test_survival_intervals_are_the_delta_method_in_closed_form(bearings):
    t = np.array([20.0, 80.0])
    k, eta = bearings.parameters_
    # log(-log S) = k log(t / eta); gradient in (k, eta)
    gradient = np.stack([np.log(t / eta), np.full(2, -k / eta)], axis=1)
    error = np.sqrt(np.einsum("np,pq,nq->n", gradient, bearings.covariance_.to_numpy(), gradient))
    link = k * np.log(t / eta)
    band = bearings.interval("survival", t)
    np.testing.assert_allclose(band["upper"], np.exp(-np.exp(link - 1.959963984540054 * error)), rtol=1e-7)  # J is a last step of 1e-7 away
    np.testing.assert_allclose(band["lower"], np.exp(-np.exp(link + 1.959963984540054 * error)), rtol=1e-7)


ASKED = [
    ("survival", (30.0,), {}),
    ("hazard", (30.0,), {}),
    ("cumulative_hazard", (30.0,), {}),
    ("density", (30.0,), {}),
    ("quantile", (0.1,), {}),
    ("mean", (), {}),
    ("median", (), {}),
    ("failure_probability", (30.0, 10.0), {}),
    ("rul", (30.0,), {}),
    ("rul", (30.0,), {"kind": "median"}),
    ("rul", (30.0,), {"kind": 0.1}),
    ("rul", (30.0,), {"horizon": 12.0}),
]
METHODS = {"failure_probability": "predict_failure_probability", "rul": "predict_rul"}


@pytest.mark.parametrize(("what", "at", "keywords"), ASKED)
@pytest.mark.parametrize("fitted", ["bearings", "waltons"])
def test_intervals_hold_their_estimate_and_stay_in_range(what, at, keywords, fitted, request):
    model = request.getfixturevalue(fitted)
    row = model.interval(what, *at, **keywords).iloc[0]
    np.testing.assert_allclose(row["estimate"], getattr(model, METHODS.get(what, what))(*at, **keywords), rtol=1e-12)
    assert 0 <= row["lower"] < row["estimate"] < row["upper"]
    if what in ("survival", "failure_probability"):
        assert row["upper"] <= 1
    lower, upper = (model.interval(what, *at, side=side, level=0.975, **keywords).iloc[0] for side in ("lower", "upper"))
    np.testing.assert_allclose([lower["lower"], upper["upper"]], [row["lower"], row["upper"]], rtol=1e-12)
    end = 1.0 if what in ("survival", "failure_probability") else np.inf
    assert (lower["upper"], upper["lower"]) == (end, 0.0)


def test_intervals_narrow_to_nothing_where_there_is_nothing_to_be_unsure_of(bearings):
    np.testing.assert_array_equal(bearings.interval("survival", 0.0), [[1.0, 1.0, 1.0]])
    np.testing.assert_array_equal(bearings.interval("quantile", [0.0]), [[0.0, 0.0, 0.0]])
    known = KNOWN.interval("survival", [5.0])
    assert known["lower"].iloc[0] == known["upper"].iloc[0] == pytest.approx(KNOWN.survival(5.0), rel=1e-14)


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_one_sided_bounds_are_numbers_where_nothing_is_unsure(side, bearings):
    # 0 standard errors times infinity was nan
    np.testing.assert_array_equal(KNOWN.interval("survival", [5.0], side=side), np.full((1, 3), KNOWN.interval("survival", 5.0).iloc[0, 0]))
    np.testing.assert_array_equal(bearings.interval("survival", 0.0, side=side), [[1.0, 1.0, 1.0]])


def test_prediction_intervals_are_wider_than_the_plug_in_and_tend_to_it():
    age = 30.0
    small = sj.Weibull().fit(shipped("ball_bearings"))
    plug_in = [small.predict_rul(age, kind=p) for p in (0.05, 0.95)]
    lower, upper = small.predict_rul_interval(age, level=0.9).iloc[0]
    assert lower < plug_in[0] < plug_in[1] < upper
    # a higher level is a longer interval, and never absurdly so for 23 bearings (a first method was not monotone)
    levels = [0.5, 0.8, 0.9, 0.95, 0.99]
    bounds = [small.predict_rul_interval(age, level=level).iloc[0] for level in levels]
    assert np.all(np.diff([bound["upper"] for bound in bounds]) > 0)
    assert np.all(np.diff([bound["lower"] for bound in bounds]) < 0)
    assert bounds[-1]["upper"] < 2 * small.predict_rul(age, kind=0.995)
    known = KNOWN.predict_rul_interval([0.0, 5.0], level=0.9)
    np.testing.assert_allclose(known["lower"], KNOWN.predict_rul([0.0, 5.0], kind=0.05), rtol=1e-11)
    np.testing.assert_allclose(known["upper"], KNOWN.predict_rul([0.0, 5.0], kind=0.95), rtol=1e-11)


def test_the_summary_is_a_table_of_all_parameters(waltons):
    summary = waltons.summary_
    assert list(summary.columns) == ["estimate", "standard error", "lower", "upper"]
    assert list(summary.index) == ["weight_0", "shape_0", "scale_0", "weight_1", "shape_1", "scale_1"]
    assert ((summary["lower"] < summary["estimate"]) & (summary["estimate"] < summary["upper"])).all()
    # weights are complementary, and so are their logit limits
    np.testing.assert_allclose(summary.loc["weight_0", "lower"], 1 - summary.loc["weight_1", "upper"], rtol=1e-10)


def test_intervals_keep_the_index_of_a_series(bearings):
    # without it a join put another unit's interval beside a unit
    ages = pd.Series([10.0, 60.0], index=["pump 7", "pump 3"])
    for table in (bearings.interval("failure_probability", ages, 5.0), bearings.predict_rul_interval(ages)):
        assert list(table.index) == ["pump 7", "pump 3"]
    assert list(bearings.interval("survival", [10.0, 60.0]).index) == [0, 1]


def test_a_summary_without_values_raises_no_warning():
    x = np.sort(1000 * np.random.default_rng(6).weibull(2, 40))
    summary = sj.WeibullMixture().fit(np.minimum(x, x[6]), x < x[6]).summary_
    assert np.isfinite(summary["estimate"].iloc[:3]).all()


@pytest.mark.parametrize("unit", [1e-6, 168.0, 1e6])
def test_intervals_do_not_depend_on_the_unit_of_time(unit):
    # a sharp component overflowed in the branch not taken, and its nan gradient made intervals of width 0
    x = shipped("aarset_devices").durations
    weeks, other = sj.WeibullMixture().fit(x), sj.WeibullMixture().fit(x * unit)
    for age in (0.0, 1e-6, 1.0, 60.0):
        np.testing.assert_allclose(other.predict_rul_interval(age * unit) / unit, weeks.predict_rul_interval(age), rtol=1e-6)
    np.testing.assert_allclose(
        other.interval("failure_probability", 0.0, 85 * unit), weeks.interval("failure_probability", 0.0, 85.0), rtol=1e-6
    )


@pytest.mark.parametrize("age", [0.0, 5.0])
def test_the_life_of_a_unit_that_may_never_fail_has_no_upper_bound(age):
    # S(t) = 0.2 + 0.8 exp(-(t/10)^2): of 0.975 there is no quantile, that of 0.025 is found by hand
    left = 0.2 + 0.8 * np.exp(-((age / 10.0) ** 2))
    known = sj.DefectiveSubpopulation(sj.Weibull(2.0, 10.0), 0.8)
    lower, upper = known.predict_rul_interval(age).iloc[0]
    assert lower == pytest.approx(10.0 * np.sqrt(-np.log((0.975 * left - 0.2) / 0.8)) - age, rel=1e-12)
    assert upper == np.inf
    assert known.predict_rul_interval(age, level=1e-6).lt(np.inf).all(axis=None)


def test_bounds_of_a_life_are_in_order_where_some_never_fail():
    # the upper one was 0: the search began at a plug-in quantile that is infinite
    random = np.random.default_rng(5)
    lives = np.where(random.random(64) < 0.8, 10.0 * random.weibull(2.0, 64), np.inf)
    model = sj.DefectiveSubpopulation(sj.Weibull()).fit(np.minimum(lives, 60.0), lives <= 60.0)
    bounds = model.predict_rul_interval([0.0, 5.0, 20.0])
    assert (bounds["lower"] > 0.0).all()
    assert (bounds["upper"] == np.inf).all()
