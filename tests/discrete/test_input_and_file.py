"""Periods and rows, what is refused of them, and the file."""

import json
import pickle

import numpy as np
import pytest

import survjax as sj
from survjax.discrete.periods import pieces_of, read_periods
from survjax.frailty.groups import read_groups

LOAD = {"load": [0.1, 0.9, 0.4, 0.2, 0.7, 0.5]}
LIFE = sj.Lifetimes([1.0, 2.0, 1.0, 2.0, 2.0, 1.0], [1, 1, 0, 0, 0, 0])


def model(**arguments):
    return sj.DiscreteTimeHazard(**({"periods": 1.0} | arguments))


def test_rows_are_cut_into_periods():
    # unit a: two stretches that meet within a period, failed at 4.5; unit b: came at 1.5, still running at 2.5
    life = sj.Lifetimes([2.5, 4.5, 2.5], [0, 1, 0], entry=[0.0, 2.5, 1.5])
    pieces, failed = pieces_of(read_periods([2.0, 4.0, 5.0], life), life, read_groups(None, ["a", "a", "b"], life))
    found = {
        name: sorted((int(row), int(period), float(share)) for row, period, share in zip(*pieces[:2], column, strict=True) if share)
        for name, column in pieces._asdict().items()
        if name not in ("row", "period")
    }
    assert found == {
        "before": [(2, 0, 0.75)],
        "survived": [(0, 0, 1.0), (0, 1, 0.25), (1, 1, 0.75), (2, 0, 0.25), (2, 1, 0.25)],
        "failing": [(1, 2, 1.0)],
    }
    assert failed.tolist() == [False, True, False]


def test_ends_of_periods_are_met_in_spite_of_rounding():
    life = sj.Lifetimes([0.3, 0.9, 0.6], [1, 0, 1])
    periods = read_periods(0.3, life)
    assert periods.n == 3
    assert periods.ends[2] != 0.9
    pieces, _ = pieces_of(periods, life, read_groups(None, None, life))
    np.testing.assert_array_equal(pieces.survived[pieces.row == 1], [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(pieces.period[pieces.failing > 0], [0, 1])


def test_lives_beyond_the_last_period_count_as_running_at_its_end():
    X = {"load": np.linspace(0.0, 1.0, 64)}
    ages = np.tile([1.0, 2.0, 3.0, 4.0], 16)
    cut = model(periods=[1.0, 2.0]).fit(X, sj.Lifetimes(ages))
    same = model(periods=[1.0, 2.0]).fit(X, sj.Lifetimes(np.minimum(ages, 2.0), ages <= 2.0))
    np.testing.assert_array_equal(cut.parameters_, same.parameters_)
    assert "32 rows reach beyond the last period" in cut.notes_[-1]
    assert same.notes_ == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"periods": 0.0}, "length of a period"),
        ({"periods": [2.0, 1.0]}, "ages that rise"),
        ({"periods": []}, "got none"),
        ({"periods": 1e-4}, "take longer ones"),
        ({"link": "probit"}, "link must be one of 'logit', 'cloglog'"),
        ({"baseline": "smooth"}, "baseline must be one of"),
        ({"random": ["wear"]}, "no column of the score; there are Intercept, load"),
        ({"random": ["load", "load"]}, "twice"),
        ({"random": ["load", "Intercept"], "n_draws": 6}, "a multiple of 4"),
        ({"n_draws": 2.5}, "n_draws must be a whole number"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        model(**arguments).fit(LOAD, LIFE)


def test_random_as_text_is_refused():
    with pytest.raises(TypeError, match=r"write random=\['load'\]"):
        model(random="load").fit(LOAD, LIFE)


@pytest.mark.parametrize(
    ("ages", "failed", "message"),
    [
        ([1.0, 2.0, 1.0, 3.0, 2.0, 2.0], [1, 1, 0, 1, 0, 0], "nobody survived period 2, from age 2 to 3"),
        ([1.0, 2.0, 1.0, 3.0, 3.0, 3.0], [1, 0, 0, 1, 0, 0], "nobody failed in period 1"),
    ],
)
def test_a_period_that_tells_nothing_of_its_level_is_refused(ages, failed, message):
    with pytest.raises(sj.NoFiniteMaximum, match=message):
        model().fit(LOAD, sj.Lifetimes(ages, failed))


def test_separation_is_said():
    X = {"load": np.where(np.arange(64) < 8, 5.0, np.arange(64) / 64.0)}
    life = sj.Lifetimes(np.ones(64), np.arange(64) < 8)
    with pytest.raises(sj.NoFiniteMaximum, match="load"):
        model().fit(X, life)
    short = model().fit(X, life, require_convergence=False)
    assert not short.converged_
    assert short.standard_errors_.isna().all()
    with pytest.raises(sj.NotConverged, match="known at a maximum only"):
        short.predict_rul_interval(X)


@pytest.mark.parametrize(
    ("life", "unit", "message"),
    [
        (sj.Lifetimes([1.0, 2.0, 1.0], [1, 0, 1], entry=[0.0, 1.0, 0.0]), [1, 1, 2], "row 0 ends with a failure"),
        (sj.Lifetimes([1.0, 2.0, 1.0], [0, 1, 1], entry=[0.0, 1.5, 0.0]), [1, 1, 2], "begins at 1.5, where no row of its unit ended"),
        (sj.Lifetimes([1.0, 2.0, 1.0], [0, 1, 1], entry=[0.0, 1.0, 0.0], weights=[1, 2, 1]), [1, 1, 2], "row 1 has weight 2"),
        (sj.Lifetimes.from_intervals([1, 1, 1], [1, 1, np.inf], right_truncation=[3, 3, np.inf]), None, "right_truncation"),
        (sj.Lifetimes.from_intervals([1, 1, 1], [1, 5, np.inf]), None, "at most the end of the last period, 3"),
    ],
)
def test_rows_that_cannot_be_are_refused(life, unit, message):
    with pytest.raises(ValueError, match=message):
        model(periods=[1.0, 3.0]).fit({"load": [0.3, 0.1, 0.2]}, life, unit=unit)


def test_an_unfitted_model_says_so_and_a_fit_that_raises_changes_nothing(mixed):
    with pytest.raises(sj.NotFitted, match="call fit"):
        _ = model().parameters_
    before = mixed.parameters_
    with pytest.raises(ValueError, match="whole"):
        mixed.set_params(n_draws=0).fit(LOAD, LIFE)
    mixed.set_params(n_draws=64)
    np.testing.assert_array_equal(mixed.parameters_, before)


def test_a_loaded_model_says_the_same_to_the_last_bit(mixed, tmp_path):
    path = tmp_path / "model.json"
    mixed.save(path)
    loaded = sj.load(path)
    assert type(loaded) is sj.DiscreteTimeHazard
    assert repr(loaded) == repr(mixed)
    X = {"load": [0.5, -0.5]}
    np.testing.assert_array_equal(loaded.predict_failure_probability(X, 2.0, 3.0), mixed.predict_failure_probability(X, 2.0, 3.0))
    np.testing.assert_array_equal(loaded.summary(), mixed.summary())
    np.testing.assert_array_equal(loaded.interval("survival", X, [1.0, 3.0]), mixed.interval("survival", X, [1.0, 3.0]))
    assert loaded.notes_ == mixed.notes_
    with pytest.raises(ValueError, match=r"0\.95 only"):
        loaded.interval("parameters", level=0.8)
    assert loaded.monte_carlo_change_ == mixed.monte_carlo_change_


def test_a_pickle_and_a_history_are_taken(mixed, late_history):
    again = pickle.loads(pickle.dumps(mixed))
    np.testing.assert_array_equal(again.predict_rul({"load": [0.5]}, 1.0), mixed.predict_rul({"load": [0.5]}, 1.0))
    np.testing.assert_array_equal(again.summary(), mixed.summary())
    log = sj.History.from_frame(late_history, unit="unit", start="start", stop="stop", event="failed")
    plain = model(baseline="log").fit(log)
    assert plain.log_likelihood(log.X, log.y, unit=log.unit) == pytest.approx(plain.log_likelihood_, rel=1e-13)
    assert plain.score(log.X, log.y, unit=log.unit) == pytest.approx(plain.log_likelihood_ / len(set(log.unit)), rel=1e-13)
    assert 2.0 * (mixed.log_likelihood_ - plain.log_likelihood_) == pytest.approx(mixed.likelihood_ratios_.loc["load", "statistic"])


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("coordinates", [0.0, 0.0, 0.0, 0.0], "parameters are not those"),
        ("periods_end", [1.0, 1.0, 2.0], "ages that rise"),
        ("coordinate_covariance", [[1.0]], "should have the shape"),
    ],
)
def test_a_file_whose_parts_contradict_each_other_is_refused(mixed, tmp_path, part, value, message):
    from survjax.models.checked_file import digest

    path = tmp_path / "model.json"
    mixed.save(path)
    content = json.loads(path.read_text()) | {part: value}
    content.pop("sha256")
    path.write_text(json.dumps(content | {"sha256": digest(content)}))
    with pytest.raises(sj.ModelFileError, match=message):
        sj.load(path)


@pytest.mark.parametrize("given", [{}, {"periods": "month"}])
def test_periods_not_given_are_asked_for_with_their_unit(given):
    # was Python's word for a missing keyword, or for text that is no number
    with pytest.raises(TypeError, match=r"DiscreteTimeHazard needs periods=.*periods=30\.0 for months.*got (none|'month')"):
        sj.DiscreteTimeHazard(**given).fit(LOAD, LIFE)
