"""Slips that are made in a notebook, each with an answer that says what to write instead."""

import re

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.covariates.design import Design
from survjax.models.habits import INSTEAD, OF_COX, OF_WEIBULL, instead_of
from survjax.names_elsewhere import LIFELINES
from survjax.regression.predictors import Predictor
from survjax.regression.recession import _said

N = 64


@pytest.fixture(scope="module")
def pumps():
    random = np.random.default_rng(11)
    frame = pd.DataFrame({"load": random.uniform(0.4, 1.2, N)})
    frame["days"] = 100.0 * random.weibull(2.0, N) / frame["load"]
    frame["failed"] = random.random(N) < 0.7
    return frame


@pytest.fixture(scope="module")
def life(pumps):
    return sj.Lifetimes.from_frame(pumps, duration="days", event="failed")


@pytest.fixture(scope="module")
def model(pumps, life):
    return sj.AcceleratedFailureTime(sj.Weibull(), "~ load").fit(pumps, life)


@pytest.mark.parametrize("kind", [sj.AcceleratedFailureTime, sj.ProportionalHazards])
def test_durations_alone_are_failures_and_the_fit_says_so(pumps, kind):
    model = kind(sj.Weibull(), "~ load").fit(pumps, pumps["days"])
    assert "every unit was taken as failed" in model.notes_[0]
    assert model.log_likelihood_ == kind(sj.Weibull(), "~ load").fit(pumps, sj.Lifetimes(pumps["days"])).log_likelihood_


def test_lifetimes_come_after_what_is_known_of_the_units(pumps, life):
    with pytest.raises(TypeError, match=r"X is a Lifetimes: it comes second, fit\(X, y\)"):
        sj.AcceleratedFailureTime(sj.Weibull(), "~ load").fit(life, pumps)


def test_a_column_of_ages_in_the_place_of_times_is_not_asked_of_every_unit(pumps, model):
    with pytest.raises(ValueError, match="Or are age and horizon in the wrong order"):
        model.predict_failure_probability(pumps, 90.0, pumps["days"])
    with pytest.raises(ValueError, match=r"the answer \(64, 64\).* pass t.to_numpy\(\)\[:, None\]"):
        model.predict_survival(pumps, pumps["days"])
    own = model.predict_survival(pumps, pumps["days"].to_numpy()[:, None])
    of_all = model.predict_survival(pumps, pumps["days"].to_numpy())
    np.testing.assert_array_equal(own[:, 0], np.diag(of_all))


@pytest.mark.parametrize("name", ["goodness_of_fit", "plot_residuals", "cox_snell_residuals"])
def test_the_x_of_the_fit_is_asked_for_again(model, name):
    with pytest.raises(TypeError, match=rf"AcceleratedFailureTime.{name}\(X\) was called without X, .* the X of the fit is not kept"):
        getattr(model, name)()


def test_a_prediction_names_the_argument_that_is_missing(pumps, model):
    asked = r"AcceleratedFailureTime.predict_failure_probability\(X, age, horizon\) was called without "
    with pytest.raises(TypeError, match=asked + "horizon, how far ahead of the age to look.$"):
        model.predict_failure_probability(pumps, 90.0)
    with pytest.raises(TypeError, match=asked + "age, one number"):
        model.predict_failure_probability(pumps, horizon=90.0)
    with pytest.raises(TypeError, match=r"NeuralHazard.predict_survival\(X, times\) was called without times"):
        sj.NeuralHazard().predict_survival(pumps)


def test_the_limits_of_a_summary_stand_beside_what_they_are_limits_of(model):
    assert list(model.summary_) == [
        "estimate",
        "standard error",
        "lower",
        "upper",
        *(f"time ratio{one}" for one in ("", " lower", " upper")),
        "p",
    ]


def test_an_interval_of_a_parameter_is_found_under_parameters(model):
    with pytest.raises(TypeError, match='Parameters: "parameters"'):
        model.interval("shape")


def test_a_fitted_cox_regression_shows_its_coefficients(pumps, life):
    cox = sj.CoxProportionalHazards("~ load")
    assert repr(cox) == "CoxProportionalHazards(formula='~ load')"
    cox.fit(pumps, life)
    told = f"load {cox.coefficients_['load']:.4g} (s.e. {cox.standard_errors_['load']:.2g})"
    assert repr(cox) == f"CoxProportionalHazards(formula='~ load') fitted to 64 units, {life.n_failed:.0f} failed\n    {told}"
    assert "(no s.e.)" in repr(sj.CoxProportionalHazards("~ load", penalty=0.01, l1_ratio=1.0).fit(pumps, life))


def test_fitted_competing_events_show_the_model_of_each(pumps):
    y = sj.Lifetimes(pumps["days"], np.ones(N), cause=np.where(pumps["failed"], "failure", "removal"))
    model = sj.CompetingEvents({"failure": sj.Weibull(), "removal": sj.Exponential()})
    assert repr(model) == "CompetingEvents(models={'failure': Weibull(), 'removal': Exponential()})"
    lines = repr(model.fit(pumps[["load"]], y)).splitlines()
    assert [line.split(" fitted to 64 units")[0] for line in lines if not line.startswith("  ")][1:] == [
        "'failure': Weibull()",
        "'removal': Exponential()",
    ]
    with pytest.raises(TypeError, match="times must be a column of numbers; got str 'failure'"):
        model.predict_cumulative_incidence(pumps[["load"]], "failure", 90.0)


# ---- what is written out of habit with other packages

NAMED = r"Write life = sj.Lifetimes.from_frame(frame, duration='days', event='failed'), then "
LEARNERS = {
    "hazards": (sj.ProportionalHazards(sj.Weibull(), "~ load"), "fit(frame, life)."),
    "times": (sj.AcceleratedFailureTime(sj.Weibull()), "fit(frame.drop(columns=['days', 'failed']), life)."),
    "score": (sj.HazardScaling(sj.Weibull(), "~ load"), "fit(frame, life)."),
    "events": (sj.CompetingEvents({"failure": sj.Weibull()}), "fit(frame.drop(columns=['days', 'failed']), life)."),
    "Cox": (sj.CoxProportionalHazards("~ load"), "fit(frame, life)."),
    "law": (sj.Weibull(), "fit(life)."),
}


@pytest.mark.parametrize("kind", LEARNERS)
@pytest.mark.parametrize(
    "arguments",
    [
        (["days", "failed"], {}),
        ([], {"duration_col": "days", "event_col": "failed"}),
        ([], {"duration": "days", "event": "failed"}),
        (["days"], {"event_col": "failed"}),
    ],
    ids=["by position", "lifelines", "from_frame", "mixed"],
)
def test_names_of_columns_are_answered_with_the_call_to_write(kind, arguments, pumps):
    learner, then = LEARNERS[kind]
    given, named = arguments
    with pytest.raises(TypeError, match=re.escape(NAMED + then)):
        learner.fit(pumps, *given, **named)


def test_the_call_to_write_works(pumps):
    life = sj.Lifetimes.from_frame(pumps, duration="days", event="failed")
    assert sj.AcceleratedFailureTime(sj.Weibull()).fit(pumps.drop(columns=["days", "failed"]), life).converged_


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda f: ((f["days"], f["failed"]), {}), "then fit(X, life), X being what is known of each unit"),
        (lambda f: ((f["days"].tolist(), f["failed"].astype(int).tolist()), {}), "then fit(X, life)"),
        (lambda f: ((f[["load"]], f["days"], f["failed"]), {}), "Write life = sj.Lifetimes(durations, event_observed), then fit(X, life)"),
        (lambda f: ((f,), {}), 'duration="...", event="..."), then fit(frame, life)'),
        (lambda f: ((), {}), "takes (X, y, unit="),
        (
            lambda f: ((f, sj.Lifetimes(f["days"])), {"sample_weight": f["load"]}),
            "sj.Lifetimes(durations, event_observed, weights=weights)",
        ),
        (lambda f: ((f, sj.Lifetimes(f["days"])), {"formula": "load"}), "There is no formula: a formula goes to the constructor"),
    ],
    ids=["ages and events", "lists of them", "after X", "no y", "nothing", "weights", "formula"],
)
def test_arguments_of_other_packages_are_answered(arguments, message, pumps):
    given, named = arguments(pumps)
    with pytest.raises(TypeError, match=re.escape(message)):
        sj.ProportionalHazards(sj.Weibull(), "~ load").fit(*given, **named)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda f: ((f,), {}), "then fit(life)"),
        (lambda f: (("days", "failed"), {}), "durations is the text 'days': pass the column itself, frame['days']"),
        (lambda f: ((f["days"], f["failed"], f["load"]), {}), "After event_observed everything is by name"),
        (lambda f: ((f["days"], f["failed"]), {"label": "pumps"}), "There is no label: name a curve in its picture"),
    ],
    ids=["frame", "names", "third by position", "label"],
)
def test_arguments_of_other_packages_are_answered_by_laws_too(arguments, message, pumps):
    given, named = arguments(pumps)
    with pytest.raises(TypeError, match=re.escape(message)):
        sj.Weibull().fit(*given, **named)


@pytest.mark.parametrize(
    ("name", "of_a_regression", "of_a_law"),
    [
        ("print_summary", "model.summary_", "model.summary_"),
        ("predict_survival_function", "model.predict_survival(X, times)", "model.survival(times)"),
        ("predict_median", 'model.predict_rul(X, kind="median")', "model.median()"),
        ("concordance_index_", "sj.metrics.concordance(life, -model.predict(X))", "sj.metrics.concordance"),
    ],
)
def test_attributes_of_other_packages_are_answered(name, of_a_regression, of_a_law, pumps, life, model):
    for fitted, answer in ((model, of_a_regression), (sj.Weibull().fit(life), of_a_law)):
        with pytest.raises(AttributeError, match=re.escape(f"has no {name}; write {answer}")):
            getattr(fitted, name)
        assert not hasattr(fitted, name)


def test_what_is_written_in_their_place_is_there(pumps, model):
    for kind, without in ((sj.AcceleratedFailureTime, []), (sj.Weibull, ["plot_partial_effects_on_outcome"])):
        assert [name for name in INSTEAD if not instead_of(kind, name) and not hasattr(kind, name)] == without
    np.testing.assert_array_equal(model.predict_rul(pumps, kind="median"), model.predict_quantile(pumps, 0.5))


@pytest.mark.parametrize(
    ("kind", "name", "answer"),
    [
        (sj.CoxProportionalHazards, "check_assumptions", "schoenfeld_test()"),
        (sj.CoxProportionalHazards, "log_likelihood_ratio_test", "global_tests()"),
        (sj.CoxProportionalHazards, "baseline_survival_", "baseline_cumulative_hazard_ (survival is exp of minus it)"),
        (sj.CoxProportionalHazards, "params_", "coefficients_"),
        (sj.Weibull, "rho_", 'parameters_["shape"]'),
        (sj.Weibull, "lambda_", 'parameters_["scale"]'),
        (sj.LogNormal, "plot", "plot_survival()"),
    ],
)
def test_attributes_of_one_kind_of_model_are_answered_for_that_kind(kind, name, answer):
    with pytest.raises(AttributeError, match=re.escape(f"{kind.__name__} has no {name}; write model.{answer}.")):
        getattr(kind(), name)


def test_what_is_written_in_their_place_is_there_for_each_kind():
    assert instead_of(sj.LogNormal, "rho_") is None
    assert [name for name in OF_WEIBULL if not instead_of(sj.Weibull, name)] == []
    assert [name for name in OF_COX if not instead_of(sj.CoxProportionalHazards, name)] == []


@pytest.mark.parametrize("name", LIFELINES)
def test_a_model_of_lifelines_is_answered_with_the_call_that_makes_it_here(name):
    with pytest.raises(AttributeError, match=re.escape(f"has no attribute {name!r}; lifelines' {name} is {LIFELINES[name]}")):
        getattr(sj, name)
    here = eval(LIFELINES[name], {"sj": sj})
    assert callable(getattr(here, "fit", here))


def test_other_attributes_that_are_not_there_keep_their_errors(model):
    with pytest.raises(AttributeError, match="'AcceleratedFailureTime' object has no attribute 'print_sumary'"):
        _ = model.print_sumary
    with pytest.raises(sj.NotFitted, match="call fit"):
        _ = sj.AcceleratedFailureTime(sj.Weibull()).parameters_


def test_lifetimes_in_the_place_of_covariates_are_refused_by_predictions(life, model):
    with pytest.raises(TypeError, match="X is a Lifetimes, which says nothing of covariates"):
        model.predict(life)


@pytest.mark.parametrize(
    "model", [sj.ProportionalHazards(sj.Weibull()), sj.HazardScaling(sj.Weibull()), sj.ParameterRegression(sj.Weibull(), {"scale": "~ ."})]
)
def test_a_frame_that_still_has_the_ages_in_it_is_refused(model, pumps):
    # was fitted, and found that units of a great age live long
    with pytest.raises(ValueError, match=r"column 'days' of X is the ages of y.*X.drop"):
        model.fit(pumps[["load", "days"]], sj.Lifetimes(pumps["days"]))


def test_a_curve_of_a_law_is_asked_of_a_regression_with_x_and_the_other_way_about(life, model):
    with pytest.raises(AttributeError, match=r"has no survival; write model.predict_survival\(X, times\)"):
        model.survival(5.0)
    with pytest.raises(AttributeError, match=r"has no sample; write model.of\(X\).sample"):
        model.sample(5, 0)
    with pytest.raises(AttributeError, match=r"Weibull has no predict_survival; write model.survival\(times\)"):
        sj.Weibull().fit(life).predict_survival(5.0)


@pytest.mark.parametrize(
    "y", [lambda f: (f["days"], f["failed"]), lambda f: np.column_stack([f["days"], f["failed"]])], ids=["tuple", "array"]
)
def test_a_pair_of_columns_is_no_y(y, pumps):
    with pytest.raises(TypeError, match=r"y must be a Lifetimes; got .* of two columns. Write fit\(X, sj.Lifetimes"):
        sj.ProportionalHazards(sj.Weibull(), "~ load").fit(pumps, y(pumps))


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("weibull", r"got 'weibull'. Pass one such as sj.Weibull\(\)"),
        (sj.Weibull, r"add \(\)"),
        (sj.CoxProportionalHazards(), "A regression is none"),
    ],
)
def test_a_base_that_is_no_law_is_answered(base, message, pumps, life):
    with pytest.raises(TypeError, match=message):
        sj.ProportionalHazards(base, "~ load").fit(pumps, life)


def test_without_failures_a_regression_has_no_prior_to_offer(pumps):
    with pytest.raises(sj.NoFiniteMaximum, match=r"none of the units has failed.*no estimate exists. Wait for failures"):
        sj.ProportionalHazards(sj.Weibull(), "~ load").fit(pumps, sj.Lifetimes(pumps["days"], np.zeros(N)))


def test_of_many_columns_that_run_on_for_ever_a_few_are_named():
    X = pd.DataFrame({f"site {k}": [0.0, 1.0, float(k == 3)] for k in range(10)})
    said = _said(Predictor(0, "", Design.learn(X, None)), np.ones(10))
    assert said.startswith("the columns site 0, site 1, site 2, site 3, site 4, site 5 and 4 more tell units of which none failed")


def test_a_long_combination_of_columns_is_cut_short(pumps):
    sites = np.arange(N) % 16
    X = pd.DataFrame({f"site {k}": (sites == k).astype(float) for k in range(16)})
    with pytest.raises(ValueError, match=r"site 15 is a combination of site 0, site 1, site 2, site 3, site 4, site 5 and 9 more"):
        sj.ProportionalHazards(sj.Exponential()).fit(X, sj.Lifetimes(pumps["days"]))
