"""A fitted learner shows what it learned; one that is not shows how it was made."""

from sklearn.base import clone

import survjax as sj
from tests.conftest import shipped

BEARINGS = shipped("ball_bearings")


def test_a_fit_shows_its_estimates_their_errors_and_what_they_rest_on():
    model = sj.Weibull().fit(BEARINGS)
    # R's survreg gives shape 2.102 and scale 81.87 for these 23 lives
    assert repr(model) == (
        "Weibull() fitted to 23 units, 23 failed, log-likelihood -113.692\n    shape 2.102 (s.e. 0.33), scale 81.87 (s.e. 8.6)"
    )
    assert repr(clone(model)) == model.constructor() == "Weibull()"
    known = repr(sj.Weibull(shape=2.0).fit(BEARINGS))
    assert "shape=2.0" in known
    assert "shape 2 " not in known


def test_learners_inside_a_learner_stand_as_they_were_made():
    fitted = sj.Weibull().fit(BEARINGS)
    assert repr(sj.Threshold(fitted)) == "Threshold(of=Weibull())"
    assert repr(sj.Mixture([fitted, sj.Exponential()])) == "Mixture(components=[Weibull(), Exponential()])"
    assert repr(sj.CompetingRisks({"seal": fitted})) == "CompetingRisks(components={'seal': Weibull()})"
    assert list(sj.compare([fitted, sj.Exponential()], BEARINGS).models) == ["Weibull", "Exponential"]


def test_a_fit_says_where_a_parameter_has_no_standard_error_and_that_a_prior_was_used():
    whole = repr(sj.DefectiveSubpopulation(sj.Weibull()).fit(BEARINGS))
    assert "fraction_failing 1 (no s.e.)" in whole
    held = repr(sj.Weibull().fit(BEARINGS, prior={"shape": (2.0, 0.5)}))
    assert "23 failed, with a prior, log-likelihood" in held


def test_a_notebook_shows_the_summary_and_the_notes():
    assert sj.Weibull()._repr_html_() is None
    html = sj.Weibull().fit(shipped("integrated_circuits"))._repr_html_()
    assert html.startswith("<p>Weibull() fitted to 4,156 units, 28 failed, log-likelihood")
    for shown in ("<th>shape</th>", "<th>standard error</th>", "<li>scale is"):
        assert shown in html


def test_a_loaded_model_shows_the_same(tmp_path):
    model = sj.Weibull().fit(BEARINGS)
    model.save(tmp_path / "model.json")
    assert repr(sj.load(tmp_path / "model.json")) == repr(model)
