"""Histories: rows that fit together within a unit, and those that do not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import survjax as sj
from survjax.covariates.histories import History, check_histories, held_in_words, stretches_in_words

UNIT, START, STOP, EVENT = ["b", "a", "a", "b"], [0.0, 50.0, 0.0, 10.0], [10.0, 80.0, 50.0, 40.0], [0, 1, 0, 0]


def test_rows_in_any_order_are_put_by_unit_and_start():
    checked = check_histories(UNIT, START, STOP, EVENT)
    np.testing.assert_array_equal(checked.codes, [0, 1, 1, 0])
    assert list(checked.labels) == ["b", "a"]
    np.testing.assert_array_equal(checked.order, [0, 3, 2, 1])


REFUSED = {
    "overlap": ({"start": [0, 40, 0, 10]}, r"rows 2 \(start=0, stop=50\) and 1 \(start=40, stop=80\) of unit 'a' overlap"),
    "gap": (
        {"start": [0, 60, 0, 10]},
        r"rows 2 \(start=0, stop=50\) and 1 \(start=60, stop=80\) of unit 'a' leave a gap .*gaps='allowed'",
    ),
    "twice": ({"start": [0, 0, 0, 10], "stop": [10, 50, 50, 40]}, "of unit 'a' overlap"),
    "event in the middle": ({"event": [0, 1, 1, 0]}, r"unit 'a' has an event in row 2 \(start=0, stop=50\), which is not its last"),
    "stop before start": ({"stop": [10, 80, 0, 40]}, r"stop must be after start; unit 'a' has \(start=0, stop=0\) in row 2"),
    "no unit": ({"unit": ["b", None, "a", "b"]}, "unit is missing in row 1"),
    "missing age": ({"start": [0, 50, np.nan, 10]}, "start must be finite numbers; row 2"),
    "no flag": ({"event": [0, 1, 2, 0]}, "event must be 1"),
    "lengths": ({"stop": [1.0]}, "stop has 1 rows and unit 4"),
}


@pytest.mark.parametrize(("changed", "said"), REFUSED.values(), ids=REFUSED)
def test_rows_that_do_not_fit_together_are_named(changed, said):
    rows = {"unit": UNIT, "start": START, "stop": STOP, "event": EVENT} | changed
    with pytest.raises(ValueError, match=said):
        check_histories(**rows)


def test_gaps_may_be_allowed_and_overlaps_may_not():
    check_histories(UNIT, [0, 60, 0, 10], STOP, EVENT, gaps="allowed")
    with pytest.raises(ValueError, match="overlap"):
        check_histories(UNIT, [0, 40, 0, 10], STOP, EVENT, gaps="allowed")
    with pytest.raises(ValueError, match="gaps must be one of 'refuse', 'allowed'"):
        check_histories(UNIT, START, STOP, EVENT, gaps=True)


def test_ages_that_differ_by_rounding_leave_no_gap():
    check_histories(["a", "a", "a"], [0.0, 0.1 + 0.2, 0.7], [0.3, 0.1 * 7, 1.0], [0, 0, 1])


def test_a_frame_of_rows_becomes_what_models_take():
    frame = pd.DataFrame({"drive": UNIT, "from": START, "to": STOP, "failed": EVENT, "load": [1.0, 2, 3, 4], "brand": list("xyyx")})
    history = History.from_frame(frame, "drive", "from", "to", "failed")
    expected = frame.iloc[[0, 3, 2, 1]].reset_index(drop=True)
    assert repr(history) == "History(4 rows of 2 units, 1 of which failed; 2 covariates: load, brand)"
    many = sj.History(pd.DataFrame(np.ones((4, 6)), columns=list("abcdef")), history.y, history.unit)
    assert "; 6 covariates: a, b, c, d, …)" in repr(many)
    pd.testing.assert_frame_equal(history.X, expected[["load", "brand"]])
    np.testing.assert_array_equal(history.unit, expected["drive"])
    np.testing.assert_array_equal(history.y.entry, expected["from"])
    np.testing.assert_array_equal(history.y.durations, expected["to"])
    np.testing.assert_array_equal(history.y.event_observed, expected["failed"] == 1)
    shown = history.to_frame()
    assert list(shown.columns) == ["unit", "start", "stop", "event", "load", "brand"]
    pd.testing.assert_frame_equal(History.from_frame(shown, "unit", "start", "stop", "event").to_frame(), shown)


def test_a_chosen_covariate_is_taken_and_one_that_is_not_there_is_named():
    frame = pd.DataFrame({"unit": UNIT, "start": START, "stop": STOP, "event": EVENT, "load": 1.0, "note": None})
    assert list(History.from_frame(frame, "unit", "start", "stop", "event", columns=["load"]).X.columns) == ["load"]
    with pytest.raises(ValueError, match="column 'lode' is missing in frame"):
        History.from_frame(frame, "unit", "start", "stop", "event", columns=["lode"])


def test_a_covariate_called_start_cannot_be_shown():
    frame = pd.DataFrame({"unit": UNIT, "a": START, "b": STOP, "event": EVENT, "start": 1.0})
    with pytest.raises(ValueError, match="a covariate is called 'start'"):
        History.from_frame(frame, "unit", "a", "b", "event").to_frame()


def cut(ages: np.ndarray, whole_life: sj.Lifetimes) -> tuple[np.ndarray, sj.Lifetimes]:
    """Each life cut in two at an age of its own."""
    twice, first = np.repeat(np.arange(len(whole_life)), 2), np.tile([True, False], len(whole_life))
    return twice, sj.Lifetimes(
        np.where(first, ages[twice], whole_life.durations[twice]),
        ~first & whole_life.event_observed[twice],
        entry=np.where(first, 0.0, ages[twice]),
    )


@pytest.mark.parametrize("whole_days", [False, True])
def test_rows_that_look_like_stretches_are_told_from_units_that_entered_late(whole_days):
    random = np.random.default_rng(4)
    durations, failed = 100.0 * random.weibull(2.0, 256) + 1.0, random.random(256) < 0.6
    ages = durations * random.uniform(0.1, 0.9, 256)
    if whole_days:
        durations, ages = np.ceil(durations) + 1, np.floor(ages) + 0.5
    _, rows = cut(ages, sj.Lifetimes(durations, failed))
    (said,) = stretches_in_words(rows)
    assert "256 of 512 rows begin at an age where another ends without failure" in said
    late = sj.Lifetimes(np.ceil(durations) + 1, failed, entry=np.floor(0.3 * durations))
    assert stretches_in_words(late) == []
    assert stretches_in_words(sj.Lifetimes(durations, failed)) == []


def test_a_history_brings_covariates_lifetimes_and_units_to_every_fit():
    random = np.random.default_rng(5)
    durations, failed, load = 100.0 * random.weibull(2.0, 64), random.random(64) < 0.6, random.uniform(0.5, 1.5, 64)
    twice, rows = cut(0.5 * durations, sj.Lifetimes(durations, failed))
    X = pd.DataFrame({"load": load[twice] * np.tile([1.0, 1.1], 64)})
    history = History(X, rows, twice)
    for model in (
        sj.ProportionalHazards(sj.Weibull(), errors="robust"),
        sj.HazardScaling(sj.Weibull()),
        sj.CoxProportionalHazards(errors="robust"),
    ):
        alone = clone(model).fit(history)
        apart = clone(model).fit(history.X, history.y, unit=history.unit)
        np.testing.assert_array_equal(alone.standard_errors_, apart.standard_errors_)
        with pytest.raises(TypeError, match=r"a History brings X, y and unit with it: fit\(history\) alone"):
            model.fit(history, history.y)
    without = sj.ProportionalHazards(sj.Weibull(), errors="robust")
    assert "pass unit=" in without.fit(history.X, history.y).notes_[0]
    (held,) = without.fit(history).notes_
    assert "hold the covariates of X as they are from then on" in held
    assert "along(path)" in held
    assert "sj.Landmarks" in held
    assert held in sj.HazardScaling(sj.Weibull()).fit(history).notes_
    assert held_in_words(None) == held_in_words(["a", "b"]) == []
    with pytest.raises(TypeError, match=r"unit must be a label for each row; got the text 'unit', and X is an array"):
        without.fit(history.X.to_numpy(), history.y, unit="unit")
    with pytest.raises(TypeError, match=r"X is a History.*elsewhere pass history.X"):
        without.predict(history)
    with pytest.raises(TypeError, match=r"rows of a History are stretches of lives.*fit\(history.y\)"):
        sj.Weibull().fit(history)


def test_the_latest_rows_are_those_of_units_that_run_and_bear_their_names():
    spans = {"start": [0, 5, 0, 0, 4], "stop": [5, 9, 7, 4, 6], "event": [0, 0, 1, 0, 0]}
    frame = pd.DataFrame({"unit": list("aabcc"), **spans, "load": [1.0, 2.0, 3.0, 4.0, 5.0]})
    history = History.from_frame(frame, "unit", "start", "stop", "event")
    now = history.latest()
    assert now.X["load"].to_dict() == {"a": 2.0, "c": 5.0}
    assert now.y.durations.tolist() == [9.0, 6.0]
    assert now.to_frame()["unit"].tolist() == ["a", "c"]
    with pytest.raises(ValueError, match="every unit of this history has failed"):
        History.from_frame(frame[2:3], "unit", "start", "stop", "event").latest()
