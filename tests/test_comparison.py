"""Candidates side by side: what is fitted, in which order, and what is left out and why."""

import time

import numpy as np
import pandas as pd
import pytest
import tqdm

import survjax as sj
import survjax.comparison as comparison_module
from survjax.comparison import _bar
from tests.conftest import shipped


def test_candidates_come_in_the_order_of_their_aic():
    comparison = sj.compare(["Weibull", "LogNormal", sj.Exponential()], shipped("ball_bearings"), progress=False)
    table = comparison.table
    assert list(table.index) == ["LogNormal", "Weibull", "Exponential"]  # as R has it
    assert np.all(np.diff(table["aic"]) > 0)
    assert table["delta_aic"].iloc[0] == 0.0
    single = sj.Weibull().fit(shipped("ball_bearings"))
    np.testing.assert_allclose(
        table.loc["Weibull", ["log_likelihood", "aic", "bic"]].astype(float), [single.log_likelihood_, single.aic_, single.bic_]
    )
    # n = 23 and p = 2: 2 p (p + 1) / (n - p - 1) = 12 / 20
    np.testing.assert_allclose(table.loc["Weibull", "aicc"] - table.loc["Weibull", "aic"], 0.6, rtol=1e-12)
    assert type(comparison.best).__name__ == "LogNormal"
    assert "shape=" in table.loc["Weibull", "parameters"]


def test_what_cannot_be_fitted_is_left_out_with_the_reason():
    comparison = sj.compare({"one": sj.Weibull(), "two": sj.WeibullMixture()}, [5.0, 9.0, 12.0], [1, 1, 1], progress=False)
    assert list(comparison.models) == ["one"]
    assert "needs at least 5 distinct failure ages" in comparison.left_out["two"]
    assert "needs at least 5" in comparison.table.loc["two", "left_out"]
    assert comparison.table["n_parameters"].tolist() == [2, pd.NA]  # counts, though one is missing
    # one reason stood in a column of the table, 200 wide
    lines = repr(comparison).split("\n")
    assert max(map(len, lines)) <= 120
    assert lines[lines.index("left out:") + 1].startswith("  two: ")
    assert "<li>two: " in comparison._repr_html_()


def test_a_mixture_may_be_asked_for_by_name():
    comparison = sj.compare(["WeibullMixture", "Weibull"], shipped("aarset_devices"), progress=False)
    assert comparison.table.index[0] == "WeibullMixture"


def test_given_learners_stay_as_they_are():
    learner = sj.Weibull()
    sj.compare([learner], shipped("ball_bearings"), progress=False)
    assert not learner.__sklearn_is_fitted__()


def test_bad_candidates_are_named():
    life = shipped("ball_bearings")
    with pytest.raises(ValueError, match="no distribution goes by the name 'Weibul' alone"):
        sj.compare(["Weibul"], life)
    with pytest.raises(ValueError, match="two candidates are called Weibull"):
        sj.compare([sj.Weibull(), "Weibull"], life)
    for regressions in ([sj.ProportionalHazards(sj.Weibull())], {"cox": sj.CoxProportionalHazards()}):
        with pytest.raises(TypeError, match=r"Regressions are compared by .*sj.cross_validate\(\[model"):
            sj.compare(regressions, life)
    with pytest.raises(ValueError, match="there are no candidates"):
        sj.compare([], life)


def test_the_picture_shows_the_best_over_kaplan_meier():
    comparison = sj.compare(["Weibull", "LogNormal"], shipped("ball_bearings"), progress=False)
    ax = comparison.plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == "Kaplan–Meier"
    assert labels[1].startswith("LogNormal (AIC")


def test_the_bar_is_a_plain_one_that_asks_for_no_widgets():
    # tqdm.auto warns in every notebook without ipywidgets
    with _bar(3, shown=False) as bar:
        assert type(bar).__module__ == "tqdm.std"


def test_candidates_by_cause_are_not_ranked_beside_others():
    life = sj.Lifetimes.from_intervals([3.0, 5.0, 8.0, 9.0], [3.0, 5.0, 8.0, 9.0], cause=["a", "b", "a", "b"])
    with pytest.raises(ValueError, match="two describes ages and causes, the other candidates ages alone"):
        sj.compare({"two": sj.CompetingRisks({"a": sj.Weibull(), "b": sj.Weibull()}), "one": sj.Weibull()}, life)


def test_data_that_no_candidate_can_have_are_refused_and_so_is_what_is_no_learner():
    with pytest.raises(ValueError, match="row 0 has durations=-1"):
        sj.compare(["weibull", "Exponential"], [-1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="candidate 'k' must be a learner"):
        sj.compare({"k": 1}, [1.0, 2.0])


def test_an_interrupted_comparison_fits_no_more_candidates(monkeypatch):
    begun = []

    def fit(learner, life):
        begun.append(learner)
        time.sleep(0.05)

    def interrupt(bar, steps=1):
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison_module, "_fit", fit)
    monkeypatch.setattr(tqdm.tqdm, "update", interrupt)
    candidates = {str(place): sj.Weibull() for place in range(12)}
    with pytest.raises(KeyboardInterrupt):
        sj.compare(candidates, shipped("ball_bearings"), progress=False)
    time.sleep(0.3)
    # two at a time, of which those begun are finished; leaving the pool used to fit all twelve
    assert len(begun) < 6
