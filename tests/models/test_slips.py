"""Slips that are made in a notebook, each with an answer that says what to write instead."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj

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
