"""Covariates that change: what is learned from them, and what a plan of them says."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.integrate import quad

import survjax as sj
from tests.models.test_regression import fleet

PATH = pd.DataFrame(
    {
        "unit": ["b", "a", "a", "b", "a"],
        "start": [10.0, 0.0, 40.0, 60.0, 100.0],
        "stop": [60.0, 40.0, 100.0, 200.0, 150.0],
        "load": [1.0, 2.0, 3.0, 1.5, 0.5],
    }
)


@pytest.fixture(scope="module")
def data():
    frame, life = fleet(n=64)
    return frame[["load"]], life


@pytest.fixture(scope="module")
def hazards(data):
    return sj.ProportionalHazards(sj.Weibull()).fit(*data)


def along(model, path=PATH, **keywords):
    return model.along(path, covariates="external", **keywords)


def rows_of(unit, path=PATH):
    return path[path["unit"] == unit].sort_values("start")


def weibull_hazard_between(model, unit, begin, end):
    """The sum of exp(load b) {(e/scale)^shape - (s/scale)^shape} over the parts of rows between two ages."""
    told, total = model.parameters_, 0.0
    for row in rows_of(unit).itertuples():
        ends = np.array([max(row.start, begin), max(min(row.stop, end), row.start, begin)])
        total += np.exp(told["load"] * row.load) * np.diff((ends / told["scale"]) ** told["shape"])[0]
    return total


def test_survival_along_a_path_is_the_closed_form_of_a_weibull(hazards):
    plan = along(hazards)
    assert list(plan.units) == ["b", "a"]
    times = [10.0, 40.0, 59.0, 130.0]
    expected = [[np.exp(-weibull_hazard_between(hazards, "b", 10.0, t)) for t in times]]
    expected += [[np.exp(-weibull_hazard_between(hazards, "a", 0.0, t)) for t in times]]
    np.testing.assert_allclose(plan.predict_survival(times), expected, rtol=1e-12)
    np.testing.assert_allclose(plan.predict_survival(50.0), plan.predict_survival([50.0])[:, 0], rtol=1e-15)


def test_failure_ahead_is_conditional_on_survival_to_the_age(hazards):
    plan = along(hazards)
    expected = [[-np.expm1(-weibull_hazard_between(hazards, u, a, a + h)) for h in (1e-6, 50.0)] for u, a in (("b", 55.0), ("a", 90.0))]
    # one millionth of an hour at the age of 90 keeps the digits that 90 + 1e-6 has
    np.testing.assert_allclose(plan.predict_failure_probability([55.0, 90.0], [1e-6, 50.0]), expected, rtol=1e-7)
    survived = plan.predict_survival([90.0, 140.0])
    np.testing.assert_allclose(plan.predict_failure_probability(90.0, 50.0), 1.0 - survived[:, 1] / survived[:, 0], rtol=1e-11)


def test_remaining_life_along_a_path_is_the_integral_of_the_lognormal_survival(data):
    model = sj.AcceleratedFailureTime(sj.LogNormal()).fit(*data)
    told = model.parameters_

    def survival(t, begin):
        total = 0.0
        for row in rows_of("a").itertuples():
            ends = [max(row.start, begin), max(min(row.stop, t), row.start, begin)]
            # R's meanlog moves by load b
            total -= np.diff(stats.lognorm.logsf(ends, told["scale"], scale=np.exp(told["location"] + told["load"] * row.load)))[0]
        return np.exp(-total)

    expected = sum(quad(survival, *ends, args=(30.0,), epsabs=1e-12)[0] for ends in ((30.0, 40.0), (40.0, 100.0), (100.0, 140.0)))
    found = along(model).predict_rul(30.0, 110.0)[1]
    assert found == pytest.approx(expected, rel=1e-10)


def test_a_path_that_changes_nothing_says_what_the_model_says(hazards):
    same = PATH.assign(load=1.3)
    plan = along(hazards, same, hold_last=True)
    X = {"load": [1.3, 1.3]}
    np.testing.assert_allclose(plan.predict_survival(150.0)[1], hazards.predict_survival(X, 150.0)[1], rtol=1e-12)
    np.testing.assert_allclose(plan.predict_rul([20.0, 70.0]), hazards.predict_rul(X, [20.0, 70.0]), rtol=1e-9)
    np.testing.assert_allclose(
        plan.predict_rul(20.0, [30.0, 500.0]),
        hazards.interval("rul", X, 20.0, horizon=[30.0, 500.0])["estimate"].to_numpy().reshape(2, 2),
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        plan.predict_failure_probability(20.0, 500.0), hazards.predict_failure_probability(X, 20.0, 500.0), rtol=1e-12
    )


def test_a_path_without_a_column_of_units_is_told_how_to_be_of_one(hazards):
    one = rows_of("a").drop(columns="unit")
    with pytest.raises(KeyError, match=r"unit='unit' is not a column; .* Where all rows are of one unit pass unit=None"):
        along(hazards, one)
    with pytest.raises(ValueError, match=r"^the path ends at 150, and 151 was asked"):
        along(hazards, one, unit=None).predict_survival(151.0)
    with pytest.raises(ValueError, match=r"^the path of unit 7 ends at 150, and 151 was asked"):
        along(hazards, one.assign(unit=7)).predict_survival(151.0)


def test_rows_without_a_unit_are_of_one(hazards):
    alone = rows_of("a").drop(columns="unit")
    np.testing.assert_array_equal(along(hazards, alone, unit=None).predict_survival(120.0), along(hazards).predict_survival(120.0)[1:])


def test_internal_covariates_are_refused_and_external_ones_must_be_declared(hazards):
    with pytest.raises(ValueError, match=r"Landmark models predict from such readings: see survjax\.Landmarks"):
        hazards.along(PATH, covariates="internal")
    with pytest.raises(ValueError, match='must be "external" or "internal"'):
        hazards.along(PATH)


def test_beyond_the_path_nothing_is_said_unless_the_last_row_is_held(hazards):
    plan = along(hazards)
    with pytest.raises(ValueError, match=r"unit 'a' ends at 150, and 150\.5 was asked.*hold_last=True"):
        plan.predict_survival(150.5)
    with pytest.raises(ValueError, match="unit 'a' ends at 150"):
        plan.predict_rul(100.0, 60.0)
    with pytest.raises(ValueError, match="path without end"):
        plan.predict_rul(20.0)
    with pytest.raises(ValueError, match="unit 'b' begins at 10, and 5 was asked"):
        plan.predict_failure_probability(5.0, 1.0)
    with pytest.raises(ValueError, match="finite"):
        along(hazards, hold_last=True).predict_survival(np.inf)
    assert plan.predict_survival(0.1 * 1500).shape == (2,)
    held = along(hazards, hold_last=True)
    longer = along(hazards, PATH.assign(stop=[60.0, 40.0, 100.0, 400.0, 400.0]))
    np.testing.assert_array_equal(held.predict_survival([150.0, 400.0]), longer.predict_survival([150.0, 400.0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.assign(stop=[60.0, 45.0, 100.0, 200.0, 150.0]), "overlap"),
        (lambda path: path.assign(stop=[60.0, 35.0, 100.0, 200.0, 150.0]), "leave a gap"),
        (lambda path: path[:0], "path is empty"),
        (lambda path: path.assign(load=[1.0, np.nan, 3.0, 1.5, 0.5]), "'load' of X is missing"),
    ],
)
def test_a_path_that_is_none_is_refused(hazards, change, message):
    with pytest.raises(ValueError, match=message):
        along(hazards, change(PATH))


# ---- learning from covariates that change


def test_hazards_under_a_load_that_changes_are_recovered_within_four_standard_errors():
    """Each unit runs under one load until a moment of its own and under another after; the age of failure by inversion, by hand."""
    random = np.random.default_rng(20)
    n, shape, scale, slope = 512, 1.7, 100.0, 0.8
    moment, loads = random.uniform(20.0, 80.0, n), random.normal(size=(n, 2))
    first, second = np.exp(slope * loads).T
    due = random.exponential(size=n)
    at_moment = first * (moment / scale) ** shape
    early = scale * (due / first) ** (1 / shape)
    beyond = np.where(due > at_moment, (due - at_moment) / second + (moment / scale) ** shape, 1.0)
    late = scale * beyond ** (1 / shape)
    lives = np.where(due <= at_moment, early, late)
    ends = np.minimum(lives, 150.0)
    went_on = ends > moment
    frame = pd.DataFrame(
        {
            "unit": np.concatenate([np.arange(n), np.flatnonzero(went_on)]),
            "start": np.concatenate([np.zeros(n), moment[went_on]]),
            "stop": np.concatenate([np.minimum(ends, moment), ends[went_on]]),
            "event": np.concatenate([~went_on, (lives < 150.0)[went_on]]),
            "load": np.concatenate([loads[:, 0], loads[went_on, 1]]),
        }
    )
    history = sj.History.from_frame(frame, "unit", "start", "stop", "event")
    model = sj.ProportionalHazards(sj.Weibull()).fit(history.X, history.y, unit=history.unit)
    truth = pd.Series({"shape": shape, "scale": scale, "load": slope})
    assert (np.abs(model.parameters_[truth.index] - truth) < 4.0 * model.standard_errors_[truth.index]).all()
    # the first load alone, held for the whole life, tells a weaker tale: more than 4 standard errors off
    naive = sj.ProportionalHazards(sj.Weibull()).fit({"load": loads[:, 0]}, sj.Lifetimes(ends, lives < 150.0))
    assert slope - naive.parameters_["load"] > 4.0 * naive.standard_errors_["load"]


def test_a_stretched_life_goes_over_to_the_hazard_of_another_law_at_its_present_age(data):
    """The likelihood of rows under accelerated time, written out: log h(t e^-s) - s at failure, less H from start to stop under s."""
    frame = pd.DataFrame({"unit": [1, 1, 2, 2], "start": [0.0, 30.0, 0.0, 50.0], "stop": [30.0, 90.0, 50.0, 70.0]})
    frame["event"], frame["load"] = [0, 1, 0, 1], [2.0, 1.0, 1.5, 3.0]
    history = sj.History.from_frame(frame, "unit", "start", "stop", "event")
    model = sj.AcceleratedFailureTime(sj.Weibull()).fit(*data)
    told = model.parameters_
    at = frame[["start", "stop"]].to_numpy() * np.exp(-told["load"] * frame["load"].to_numpy())[:, None] / told["scale"]
    exposure = np.diff(at ** told["shape"], axis=1)[:, 0]
    log_hazard = np.log(told["shape"] / frame["stop"]) + told["shape"] * np.log(at[:, 1])
    expected = np.sum(frame["event"] * log_hazard - exposure)
    assert model.log_likelihood(history.X, history.y) == pytest.approx(expected, rel=1e-12)


def test_a_path_that_ends_a_unit_for_certain_leaves_the_remaining_lives_as_they_are(hazards):
    # a running total over rows lost the hazards of all rows beside one of 1e17, of the same unit or of one before
    plan = pd.DataFrame({"start": [0.0, 50.0, 1e12], "stop": [50.0, 1e12, 2e12], "load": [1.0, 2.0, 3.0]})
    both = pd.concat([plan.assign(unit="a"), plan[:2].assign(unit="b")])
    short = along(hazards, plan[:1].assign(unit="c")).predict_rul(0.0, 50.0)[0]
    after = along(hazards, plan[1:2].assign(unit="c"), hold_last=True).predict_rul(50.0)[0]
    expected = short + along(hazards, both).predict_survival(50.0)[0] * after
    # quadrature gives each part to 1e-10
    np.testing.assert_allclose(along(hazards, both, hold_last=True).predict_rul(0.0), expected, rtol=1e-9)


# ---- how sure


class Told:
    """A model as the closed form sees it: only its parameters."""

    def __init__(self, parameters):
        self.parameters_ = parameters


def by_differences(model, function):
    """log of a function of the parameters as they are told, and its standard error by the delta method."""
    told, steps = model.parameters_, 1e-4 * model.standard_errors_
    slopes = []
    for name in told.index:
        there, back = told.copy(), told.copy()
        there[name], back[name] = told[name] + steps[name], told[name] - steps[name]
        slopes.append((np.log(function(Told(there))) - np.log(function(Told(back)))) / (2 * steps[name]))
    return np.log(function(model)), np.sqrt(np.array(slopes) @ model.covariance_.to_numpy() @ np.array(slopes))


REACH = 1.959963984540054
DIFFERENCES = 1e-6  # the tolerance of central differences with steps of 1e-4 standard errors


def test_bands_along_a_path_are_those_of_the_closed_form(hazards):
    plan = along(hazards)
    found = plan.interval("survival", [40.0, 130.0])
    assert list(found.index) == [("b", 0), ("b", 1), ("a", 0), ("a", 1)]
    np.testing.assert_array_equal(found["estimate"].to_numpy().reshape(2, 2), plan.predict_survival([40.0, 130.0]))
    for unit, begin in (("b", 10.0), ("a", 0.0)):
        log_hazard, error = by_differences(hazards, lambda model, u=unit, b=begin: weibull_hazard_between(model, u, b, 130.0))
        expected = np.exp(-np.exp(log_hazard + REACH * error * np.array([0.0, 1.0, -1.0])))
        np.testing.assert_allclose(found.loc[(unit, 1)], expected, rtol=DIFFERENCES)
    ahead = plan.interval("failure_probability", [55.0, 90.0], 50.0, side="upper")
    log_hazard, error = by_differences(hazards, lambda model: weibull_hazard_between(model, "a", 90.0, 140.0))
    np.testing.assert_allclose(ahead.loc["a", "upper"], -np.expm1(-np.exp(log_hazard + 1.6448536269514722 * error)), rtol=DIFFERENCES)
    np.testing.assert_array_equal(ahead["lower"], 0.0)
    np.testing.assert_array_equal(along(hazards).interval("survival", plan.begins[0], level=0.9).loc["b"], 1.0)


def test_bands_of_the_remaining_life_along_a_path_are_those_of_its_integral(hazards):
    def life(model):
        def survival(t):
            return np.exp(-weibull_hazard_between(model, "a", 20.0, t))

        return sum(quad(survival, *span, epsabs=1e-11)[0] for span in ((20.0, 40.0), (40.0, 100.0), (100.0, 140.0)))

    log_life, error = by_differences(hazards, life)
    found = along(hazards).interval("rul", 20.0, horizon=120.0).loc["a"]
    np.testing.assert_allclose(found, np.exp(log_life + REACH * error * np.array([0.0, -1.0, 1.0])), rtol=DIFFERENCES)


def test_on_a_path_without_change_bands_are_those_of_the_unit(hazards):
    path = PATH.assign(load=2.0)
    row = pd.DataFrame({"load": [2.0]})
    plan = hazards.along(path[path["unit"] == "a"], covariates="external", hold_last=True)
    for at in (("survival", 70.0), ("failure_probability", 30.0, 60.0), ("rul", 30.0), ("cumulative_hazard", 400.0)):
        found = plan.interval(*at)
        np.testing.assert_allclose(found, hazards.interval(at[0], row, *at[1:]), rtol=1e-9)


def test_what_has_no_band_along_a_path_is_refused(hazards):
    plan = along(hazards)
    with pytest.raises(ValueError, match="no interval of 'quantile' along a path; there are survival, cumulative_hazard"):
        plan.interval("quantile", 0.5)
    with pytest.raises(ValueError, match="hold_last=True"):
        plan.interval("rul", 60.0)
    with pytest.raises(TypeError, match="horizon"):
        plan.interval("failure_probability", 60.0)
    with pytest.raises(ValueError, match="begins at 10"):
        plan.interval("survival", 5.0)
