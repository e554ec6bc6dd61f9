"""Competing events: fits cause by cause, what follows from them together, and what does not."""

import json
import pickle

import jax
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from sklearn.base import clone

import survjax as sj
from survjax.models.checked_file import digest

N = 1024
INDEPENDENT = "independence given X"


def fleet() -> tuple[pd.DataFrame, sj.Lifetimes]:
    """Units that fail, or are taken out before, both the sooner the higher the load; some are seen late, the rest run at age 120."""
    random = np.random.default_rng(5)
    load = random.normal(size=N)
    fails = 100.0 * random.weibull(2.5, N) * np.exp(-0.4 * load)
    removed = 140.0 * random.weibull(1.5, N) * np.exp(-0.2 * load)
    end = np.minimum(np.minimum(fails, removed), 120.0)
    cause = np.where(end == fails, "failure", "preemptive removal").astype(object)
    entry = np.where(random.random(N) < 0.2, 0.3 * end, 0.0)
    return pd.DataFrame({"load": load}, index=np.arange(N) + 10), sj.Lifetimes(end, end < 120.0, entry=entry, cause=cause)


@pytest.fixture(scope="module")
def data():
    return fleet()


@pytest.fixture(scope="module")
def events(data):
    models = {"failure": sj.ProportionalHazards(sj.Weibull()), "preemptive removal": sj.ProportionalHazards(sj.Weibull())}
    return sj.CompetingEvents(models).fit(*data)


@pytest.fixture(scope="module")
def constant():
    """Two constant hazards without covariates, for which everything has a closed form."""
    life = sj.Lifetimes([10.0, 20.0, 30.0, 25.0, 15.0], [1, 1, 1, 1, 0], cause=["a", "a", "b", "a", None])
    X = pd.DataFrame({"load": np.arange(5.0)})
    return sj.CompetingEvents({"a": sj.Exponential(), "b": sj.Exponential()}).fit(X, life), X


def test_each_model_is_fitted_as_if_other_events_censored(data, events):
    X, life = data
    for cause in events.causes_:
        own = sj.Lifetimes(life.durations, life.event_observed & (life.cause == cause), entry=life.entry)
        alone = sj.ProportionalHazards(sj.Weibull()).fit(X, own)
        np.testing.assert_array_equal(events.models_[cause].parameters_, alone.parameters_)
        np.testing.assert_array_equal(events.parameters_[cause], alone.parameters_)
    assert events.models["failure"]._fit is None


def test_without_covariates_it_is_the_joint_likelihood_of_competing_risks(data):
    X, life = data
    laws = {"failure": sj.Weibull(), "preemptive removal": sj.LogNormal()}
    apart, joint = sj.CompetingEvents(laws).fit(X, life), sj.CompetingRisks(laws).fit(life)
    assert apart.log_likelihood_ == pytest.approx(joint.log_likelihood_, rel=1e-12)
    assert apart.aic_ == pytest.approx(joint.aic_, rel=1e-12)
    np.testing.assert_allclose(apart.parameters_, joint.parameters_, rtol=1e-6)  # both stop within 1e-7 or so of the maximum
    np.testing.assert_allclose(apart.predict_survival(X[:2], 50.0), joint.survival(50.0), rtol=1e-8)
    assert apart.score(X, life) == pytest.approx(joint.score(life), rel=1e-12)


def test_incidence_agrees_with_aalen_and_johansen_within_four_standard_errors(data, events):
    X, life = data
    times = np.array([20.0, 40.0, 60.0, 80.0, 110.0])
    estimate = sj.AalenJohansen().fit(life)
    for cause, incidence in events.predict_cumulative_incidence(X, times).items():
        table = estimate.interval("cumulative_incidence", times, cause)
        assert np.all(np.abs(incidence.mean(axis=0) - table["estimate"]) < 4.0 * table["standard_error"])


def test_incidences_and_survival_sum_to_one(data, events):
    X, _ = data
    age = np.linspace(0.0, 100.0, 64)
    each = events.predict_cumulative_incidence(X[:64], [5.0, 50.0], age)
    left = events.predict_survival(X[:64], age[:, None] + [5.0, 50.0]) / events.predict_survival(X[:64], age[:, None])
    np.testing.assert_allclose(sum(each.values()) + left, 1.0, atol=1e-10)
    np.testing.assert_array_equal(each["failure"], events.predict_failure_probability(X[:64], age, [5.0, 50.0]))


def test_constant_hazards_have_closed_forms(constant):
    model, X = constant
    a, b = 3 / 100.0, 1 / 100.0
    np.testing.assert_allclose(
        model.predict_failure_probability(X, 7.0, 20.0, cause="a"), a / (a + b) * -np.expm1(-20.0 * (a + b)), rtol=1e-8
    )
    np.testing.assert_allclose(model.predict_survival(X, 20.0), np.exp(-20.0 * (a + b)), rtol=1e-8)
    np.testing.assert_allclose(model.predict_rul(X, 7.0, horizon=20.0), -np.expm1(-20.0 * (a + b)) / (a + b), rtol=1e-8)
    np.testing.assert_allclose(model.predict(X), 1 / (a + b), rtol=1e-8)
    without_b = model.predict_cause_removed(X, 7.0, 20.0, cause="a", assuming=INDEPENDENT)
    np.testing.assert_allclose(without_b, -np.expm1(-20.0 * a), rtol=1e-8)
    np.testing.assert_allclose(model.predict_cause_removed(X, 7.0, 20.0, cause="a", assuming=1.0), without_b, rtol=1e-9)


def test_the_interval_of_an_incidence_carries_the_doubt_of_every_model(constant):
    model, X = constant
    table = model.interval("cumulative_incidence", X[:2], 20.0, cause="a")
    # log rates are normal with variance 1 / events, independent of each other; F and its slopes in them written out
    a, b, t = 3 / 100.0, 1 / 100.0, 20.0
    total = a + b
    lost, left = -np.expm1(-total * t), np.exp(-total * t)
    F = a / total * lost
    in_log_a = a * (b / total**2 * lost + a / total * t * left)
    in_log_b = b * (-a / total**2 * lost + a / total * t * left)
    error = np.sqrt(in_log_a**2 / 3 + in_log_b**2 / 1) / ((1 - F) * -np.log1p(-F))
    limits = [1 - (1 - F) ** np.exp(sign * 1.959963984540054 * error) for sign in (-1, 1)]
    np.testing.assert_allclose(table.iloc[0], [F, *limits], rtol=1e-7)
    assert list(model.interval("survival", X[:2], 20.0).index) == [0, 1]
    same = model.interval("failure_probability", X[:2], 0.0, 20.0, cause="a")
    pd.testing.assert_frame_equal(same, table)


def test_bounds_contain_what_independence_and_any_ratio_say(data, events):
    X, _ = data
    age, horizons = np.linspace(0.0, 80.0, 64), [5.0, 50.0]
    bounds = events.peterson_bounds(X[:64], age, horizons)
    assert bounds.index[:3].tolist() == [(10, 0), (10, 1), (11, 0)]
    for assuming in (INDEPENDENT, 0.0, 0.4, 6.0):
        net = events.predict_cause_removed(X[:64], age, horizons, assuming=assuming).ravel()
        assert np.all(bounds["lower"] <= net + 1e-10)
        assert np.all(net <= bounds["upper"] + 1e-10)
    crude = events.predict_failure_probability(X[:64], age, horizons).ravel()
    np.testing.assert_array_equal(bounds["lower"], crude)


def test_units_taken_out_before_they_fail_make_independence_too_small_and_leave_the_bounds_right():
    random = np.random.default_rng(8)
    fails = 100.0 * random.weibull(3.0, N)
    noticed = random.random(N) < 0.6  # and taken out shortly before they would have failed
    life = sj.Lifetimes(np.where(noticed, 0.9 * fails, fails), cause=np.where(noticed, "removal", "failure"))
    X = pd.DataFrame({"row": np.arange(1.0)})
    model = sj.CompetingEvents({"failure": sj.Weibull(), "removal": sj.Weibull()}).fit(pd.DataFrame({"row": np.arange(float(N))}), life)
    truth = -np.expm1(-((80.0 / 100.0) ** 3.0))
    assumed = model.predict_cause_removed(X, 0.0, 80.0, assuming=INDEPENDENT)[0]
    bounds = model.peterson_bounds(X, 0.0, 80.0)
    assert assumed < truth - 0.1  # 0.1 is six standard errors of a share of 1,024 units
    assert bounds["lower"][0] < truth < bounds["upper"][0]
    assert any("Preemptive removals" in note and "cannot tell" in note for note in model.notes_)


def test_rows_of_one_life_say_what_the_whole_says(data, events):
    X, life = data
    entry = np.zeros(N) if life.entry is None else life.entry
    middle = 0.5 * (entry + life.durations)
    twice = np.repeat(np.arange(N), 2)
    first = np.tile([True, False], N)
    halves = sj.Lifetimes(
        np.where(first, middle[twice], life.durations[twice]),
        ~first & life.event_observed[twice],
        entry=np.where(first, entry[twice], middle[twice]),
        cause=life.cause[twice],
    )
    split = clone(events).fit(X.iloc[twice], halves, unit=twice)
    np.testing.assert_allclose(split.parameters_, events.parameters_, rtol=1e-6)
    with pytest.raises(ValueError, match=r"overlap|gap|follow|begin"):
        clone(events).fit(X.iloc[twice], halves, unit=np.zeros(2 * N))


def test_tables_bear_the_cause_first(events):
    assert events.summary_.index.names == ["cause", "parameter"]
    assert list(events.summary_.loc["failure"].index) == ["shape", "scale", "load"]
    pd.testing.assert_frame_equal(events.interval("parameters"), events.summary_[["estimate", "lower", "upper"]])


def test_clones_are_unfitted_and_pickles_predict(data, events):
    X, _ = data
    with pytest.raises(sj.NotFitted, match="fit"):
        clone(events).predict(X)
    back = pickle.loads(pickle.dumps(events))
    np.testing.assert_array_equal(back.predict_survival(X[:2], 40.0), events.predict_survival(X[:2], 40.0))
    assert back.lifetimes_ is None


def test_a_single_event_need_not_be_named():
    model = sj.CompetingEvents({"Failure": sj.Exponential(10.0)}).fit(
        {"load": [1.0, 2.0]}, lives()[[2, 2]]._with(cause=np.array([None] * 2))
    )
    probability = -np.expm1(-0.5)
    np.testing.assert_allclose(model.predict_failure_probability({"load": [1.0]}, 0.0, 5.0), probability, rtol=1e-9)
    known = model.interval("failure_probability", {"load": [1.0]}, 0.0, 5.0)  # nothing was learned: no doubt
    np.testing.assert_allclose(known.iloc[0], [probability] * 3, rtol=1e-9)


def test_a_loaded_model_answers_as_the_saved_one_to_the_last_bit(data, events, constant, tmp_path):
    X, life = data
    laws, own_X = constant
    for model, units in ((events, X[:5]), (laws, own_X)):
        model.save(tmp_path / "events.json")
        loaded = sj.load(tmp_path / "events.json")
        assert (repr(loaded), loaded.notes_, loaded.causes_) == (repr(model), model.notes_, model.causes_)
        pd.testing.assert_frame_equal(loaded.summary_, model.summary_)
        at = {"cause": model.causes_[0]}
        asked = ("cumulative_incidence", units, 20.0, 5.0)
        pd.testing.assert_frame_equal(loaded.interval(*asked, **at), model.interval(*asked, **at))
        np.testing.assert_array_equal(loaded.predict_rul(units, 5.0), model.predict_rul(units, 5.0))
    events.save(tmp_path / "events.json")
    assert sj.load(tmp_path / "events.json").score(X, life) == events.score(X, life)
    with pytest.raises(sj.NotFitted, match="pass horizon"):
        sj.load(tmp_path / "events.json").plot(X[:1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["events"].pop(), "not those of the events"),
        (lambda content: content["events"].reverse(), "not those of the events"),
        (lambda content: content["arguments"]["models"]["mapping"][0][1].update(scale=5.0), "'a' is another than the one asked for"),
        (lambda content: content["events"][0]["fitted"]["parameters"].update(scale=5.0), "parameters are not those"),
        (lambda content: content["events"][0]["fitted"].update(model="Weibull"), "cannot be read as a model"),
    ],
)
def test_a_file_whose_parts_do_not_belong_together_is_refused(change, message, constant, tmp_path):
    path = tmp_path / "events.json"
    constant[0].save(path)
    content = json.loads(path.read_text())
    del content["sha256"]
    change(content)
    path.write_text(json.dumps(content | {"sha256": digest(content)}))
    with pytest.raises(sj.ModelFileError, match=message):
        sj.load(path)


def test_a_label_that_no_file_can_hold_is_refused(tmp_path):
    model = sj.CompetingEvents({float("inf"): sj.Exponential(10.0), "inf": sj.Exponential(5.0)})
    fitted = model.fit({"load": [1.0, 2.0]}, sj.Lifetimes([3.0, 5.0], [0, 0], cause=[None, None]))
    with pytest.raises(TypeError, match="name the events by text"):
        fitted.save(tmp_path / "events.json")


def test_estimates_of_different_events_have_no_covariance(constant):
    model, _ = constant
    np.testing.assert_allclose(model.standard_errors_, [100 / 3 / np.sqrt(3), 100.0], rtol=1e-6)  # of a scale: itself / sqrt(events)
    np.testing.assert_allclose(model.covariance_, np.diag(model.standard_errors_**2), rtol=1e-12)
    assert model.bic_ == pytest.approx(2 * np.log(5) - 2 * model.log_likelihood_, rel=1e-12)


def test_the_picture_stacks_what_will_happen_to_one_unit(data, events):
    X, _ = data
    ax = events.plot(X[:1], age=20.0, stacked=True)
    ages, top = ax.lines[-1].get_data()
    survival = events.predict_survival(X[:1], [20.0, ages[-1]])[0]
    assert ages[[0, -1]] == pytest.approx([20.0, 120.0])
    assert top[-1] == pytest.approx(1.0 - survival[1] / survival[0], abs=1e-10)
    with pytest.raises(ValueError, match="X has 2 rows"):
        events.plot(X[:2])


def test_the_picture_shows_each_incidence_with_its_limits(data, events):
    X, _ = data
    ax = events.plot(X[:1], age=20.0, level=0.8, label="pump 1")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "80 % confidence",
        *(f"pump 1: {cause}" for cause in events.causes_),
    ]
    for cause, line, band in zip(events.causes_, ax.lines, ax.collections, strict=True):
        ahead = line.get_xdata() - 20.0
        limits = events.interval("cumulative_incidence", X[:1], ahead, age=20.0, cause=cause, level=0.8)
        np.testing.assert_allclose(line.get_ydata(), limits["estimate"], rtol=1e-9)
        corners = band.get_paths()[0].vertices[:, 1]
        for side in ("lower", "upper"):
            assert np.isclose(corners[:, None], limits[side].to_numpy(), rtol=1e-9).any(axis=0).all()


# ---- what is refused


def lives(**changed):
    return sj.Lifetimes(**({"durations": [3.0, 5.0, 8.0], "event_observed": [1, 1, 0], "cause": ["a", "b", None]} | changed))


@pytest.mark.parametrize(
    ("life", "message"),
    [
        (lives(cause=None), "no causes"),
        (lives(cause=["a", None, None]), "row 1 has cause=None.*label of their own"),
        (lives(cause=["a", "c", None]), "'a', 'b'; row 1 has cause='c'.*model of its own"),
        (lives(cause=["a", "a", None]), "no unit has ended by 'b'"),
        (lives(resolution=1.0), "row 0 has lower=2.5, upper=3.5.*CompetingRisks"),
        (
            sj.Lifetimes.from_intervals([3.0, 5.0], [3.0, 5.0], right_truncation=[np.inf, 9.0], cause=["a", "b"]),
            "row 1 has right_truncation=9",
        ),
    ],
)
def test_lifetimes_that_cannot_be_taken_apart_are_refused(life, message):
    model = sj.CompetingEvents({"a": sj.Exponential(), "b": sj.Exponential()})
    with pytest.raises(ValueError, match=message):
        model.fit(pd.DataFrame({"load": np.arange(float(len(life)))}), life)
    assert model._fit is None


def test_a_known_law_needs_no_events():
    model = sj.CompetingEvents({"a": sj.Exponential(), "b": sj.Exponential(50.0)}).fit(
        {"load": [1.0, 2.0, 3.0]}, lives(cause=["a", "a", None])
    )
    assert model.parameters_["b", "scale"] == 50.0


@pytest.mark.parametrize(
    ("models", "error", "message"),
    [
        ([sj.Weibull()], TypeError, "mapping"),
        ({"a": sj.KaplanMeier()}, TypeError, "the model of 'a' must be a regression"),
        ({"a": sj.Weibull(), None: sj.Weibull()}, ValueError, "must have a name"),
        ({"a": sj.Normal()}, ValueError, "the model of 'a'.*whole real line"),
        ({"a": sj.ZeroInflated(sj.Weibull())}, ValueError, "dead on arrival"),
        ({"a": sj.CompetingRisks({"x": sj.Weibull(), "y": sj.Weibull()})}, ValueError, "tells causes apart"),
    ],
)
def test_models_that_cannot_stand_for_an_event_are_refused(models, error, message):
    with pytest.raises(error, match=message):
        sj.CompetingEvents(models).fit({"load": [1.0, 2.0, 3.0]}, lives())


def test_what_is_assumed_must_be_said(constant):
    model, X = constant
    for assuming in (None, True, "independence", -1.0, np.inf):
        with pytest.raises(ValueError, match=r"Tsiatis 1975.*independence given X"):
            model.predict_cause_removed(X, 0.0, 5.0, cause="a", assuming=assuming)
    with pytest.raises(ValueError, match="removed must be one or several of 'b'"):
        model.predict_cause_removed(X, 0.0, 5.0, cause="a", removed="a", assuming=INDEPENDENT)
    with pytest.raises(ValueError, match="cause must be one of 'a', 'b'; got 'failure'"):
        model.predict_failure_probability(X, 0.0, 5.0, cause="failure")
    for ask in (model.predict_failure_probability, model.peterson_bounds):
        with pytest.raises(ValueError, match=r"of which event\? Pass cause=, one of 'a', 'b'"):
            ask(X, 0.0, 5.0)
    three = sj.CompetingEvents({name: sj.Exponential(10.0) for name in "abc"}).fit(X[:3], lives())
    with pytest.raises(ValueError, match="says nothing of what else"):
        three.predict_cause_removed(X, 0.0, 5.0, cause="a", removed="b", assuming=2.0)
    with pytest.raises(ValueError, match="times must be finite"):
        model.predict_cumulative_incidence(X, np.inf)
    with pytest.raises(TypeError, match="leave cause out"):
        model.interval("survival", X, 5.0, cause="a")
    with pytest.raises(TypeError, match="cumulative_incidence takes X, times, age"):
        model.interval("cumulative_incidence", X, 5.0, times=6.0, cause="a")
    with pytest.raises(TypeError, match="takes nothing away"):
        model.interval("failure_probability", X, 0.0, 5.0, cause="a", assuming=INDEPENDENT)
    with pytest.raises(TypeError, match="failure_probability takes X, age, horizon"):
        model.interval("failure_probability", X, 0.0, cause="a")


def test_a_model_without_an_estimate_is_named():
    life = lives(durations=[8.0, 5.0, 3.0], event_observed=[1, 1, 1], cause=["a", "b", "b"])
    with pytest.raises(sj.NoFiniteMaximum, match="the model of 'a': "):  # one failure, with nothing beyond it
        sj.CompetingEvents({"a": sj.Weibull(), "b": sj.Exponential()}).fit({"load": [1.0, 2.0, 3.0]}, life)


def test_intervals_of_more_rows_and_of_another_cause_compile_nothing(data, events):
    # 15 seconds for 120 rows, for 3 rows again, and again for the other cause
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: compiled.append(event) if event == "/jax/core/compile/backend_compile_duration" else None
    )
    X = data[0]
    first = events.interval("failure_probability", X[:3], 10.0, 20.0, cause="failure")
    compiled.clear()
    many = events.interval("failure_probability", X[:300], 10.0, 20.0, cause="failure")
    other = events.interval("cumulative_incidence", X[:70], 20.0, age=10.0, cause="preemptive removal")
    assert compiled == []
    pd.testing.assert_frame_equal(many[:3], first)
    expected = events.predict_cumulative_incidence(X[:70], 20.0, age=10.0)["preemptive removal"]
    np.testing.assert_allclose(other["estimate"], expected, rtol=1e-8)  # beyond rounding through the link, of numbers of order 0.1


def test_explanations_of_an_event_are_those_of_its_model(data, events):
    X, _ = data
    slope = events.parameters_["failure"]["load"]
    table = events.explain(X)
    np.testing.assert_allclose(table["load"], slope * (X["load"] - X["load"].mean()), rtol=1e-9, atol=1e-12)
    assert list(table.index) == list(X.index)
    other = events.explain(X[:2], X.iloc[[0]], cause="preemptive removal")
    step = events.parameters_["preemptive removal"]["load"] * np.diff(X["load"][:2])[0]
    np.testing.assert_allclose(other["load"], [0.0, step], rtol=1e-10, atol=1e-14)
    law = sj.CompetingEvents({"failure": sj.ProportionalHazards(sj.Weibull()), "preemptive removal": sj.Weibull()}).fit(*data)
    with pytest.raises(ValueError, match="the model of 'preemptive removal' follows no covariates"):
        law.explain(X, cause="preemptive removal")


def test_the_effect_of_a_covariate_on_an_event_is_its_incidence_with_the_others_held(data, events):
    X, _ = data
    effect = events.partial_effect("load", X, [-1.0, 0.0, 1.0], times=30.0, age=20.0, cause="preemptive removal")

    def hazard(cause, load, t):
        shape, scale, slope = events.parameters_[cause][["shape", "scale", "load"]]
        return np.exp(slope * load) * (t / scale) ** shape, np.exp(slope * load) * shape / t * (t / scale) ** shape

    for load, found in effect["estimate"].items():

        def density(t, load=load):
            total = sum(hazard(cause, load, t)[0] - hazard(cause, load, 20.0)[0] for cause in events.causes_)
            return hazard("preemptive removal", load, t)[1] * np.exp(-total)

        np.testing.assert_allclose(found, quad(density, 20.0, 50.0, epsabs=1e-13)[0], atol=1e-10)  # the error that the incidence promises
    at = pd.DataFrame({"load": [-1.0, 0.0, 1.0]})
    limits = events.interval("cumulative_incidence", at, 30.0, age=20.0, cause="preemptive removal")
    np.testing.assert_array_equal(effect, limits)
    ratio = events.partial_effect("load", X, [0.0, 1.0], "hazard ratio")
    np.testing.assert_allclose(
        ratio["estimate"].iloc[1] / ratio["estimate"].iloc[0], np.exp(events.parameters_["failure"]["load"]), rtol=1e-12
    )
    survival = events.partial_effect("load", X, [0.0], "survival", t=30.0)
    np.testing.assert_array_equal(survival["estimate"], events.predict_survival({"load": [0.0]}, 30.0))
    with pytest.raises(ValueError, match="no covariate 'heat'; there are load"):
        events.partial_effect("heat", X, times=30.0)
    with pytest.raises(TypeError, match="survival is not of one event"):
        events.partial_effect("load", X, [0.0], "survival", t=30.0, cause="failure")


def test_pictures_of_effects_say_of_which_event(data, events):
    for keywords in ({"times": [10.0, 30.0], "cause": "preemptive removal"}, {"what": "hazard ratio"}):
        ax = events.plot_partial_effect("load", data[0], **keywords)
        assert ax.get_title().endswith(f"on {keywords.get('cause', 'failure')}")
        assert len(ax.lines) >= 2
        plt.close(ax.figure)
