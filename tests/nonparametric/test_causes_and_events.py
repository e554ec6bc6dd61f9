"""Aalen–Johansen, the mean cumulative function and the log-rank test."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.conftest import shipped
from tests.nonparametric.test_survival_curves import R


def valve_seats():
    frame = sj.datasets.load_valve_seats()
    events = frame[frame["status"] == 1]
    return events["unit"], events["time"], frame.groupby("unit")["time"].max()


# ---- cumulative incidence


def test_incidences_and_survival_by_hand():
    life = sj.Lifetimes([1, 2, 2, 3, 4], [1, 1, 1, 0, 1], cause=["a", "b", "a", None, "b"])
    curve = sj.AalenJohansen().fit(life)
    np.testing.assert_allclose(curve.cumulative_incidence([1, 2, 4], "a"), [1 / 5, 2 / 5, 2 / 5], rtol=1e-14)
    np.testing.assert_allclose(curve.cumulative_incidence([1, 2, 4], "b"), [0, 1 / 5, 3 / 5], rtol=1e-14)


def test_all_causes_together_are_what_kaplan_meier_says_has_failed():
    life = shipped("power_transformers")
    life = sj.Lifetimes(life.durations, life.event_observed, entry=life.entry, cause=np.arange(len(life)) % 3)
    curve, whole = sj.AalenJohansen().fit(life), sj.KaplanMeier().fit(life)
    times = whole.table_.index.to_numpy()
    total = sum(curve.cumulative_incidence(times, cause) for cause in curve.causes_)
    np.testing.assert_allclose(total, 1 - whole.survival(times), rtol=1e-12)


def test_with_one_cause_the_error_is_greenwoods():
    life = shipped("waltons")
    one = sj.AalenJohansen().fit(sj.Lifetimes(life.durations, life.event_observed, cause=["wear"] * len(life))).table_
    greenwood = sj.KaplanMeier().fit(life).table_["standard_error"]
    np.testing.assert_allclose(one["standard_error[wear]"].iloc[:-1], greenwood.iloc[:-1], rtol=1e-9)  # differences of sums


def test_without_censoring_the_error_is_binomial():
    life = sj.Lifetimes(np.arange(1.0, 21.0), cause=["a", "b"] * 10)
    table = sj.AalenJohansen().fit(life).table_
    share = table["incidence[a]"].to_numpy()
    np.testing.assert_allclose(table["standard_error[a]"], np.sqrt(share * (1 - share) / 20), rtol=1e-12)


def test_incidences_on_the_whole_real_line_have_no_first_age():
    curve = sj.AalenJohansen().fit(sj.Lifetimes([-5, -2, 1, 3], cause=["a", "b", "a", "b"]))
    np.testing.assert_array_equal(curve.cumulative_incidence([-9, -5, 2], "a"), [0, 0.25, 0.5])
    assert curve.plot().get_xlim() == (-5.4, 3.0)


def test_a_missing_cause_and_no_causes_are_refused():
    with pytest.raises(ValueError, match="the cause of the failure in row 1 is missing"):
        sj.AalenJohansen().fit(sj.Lifetimes([1, 2, 3], [1, 1, 1], cause=["a", None, "b"]))
    with pytest.raises(ValueError, match="have no causes"):
        sj.AalenJohansen().fit(sj.Lifetimes([1, 2, 3]))
    with pytest.raises(KeyError, match="there are 'a', 'b'"):
        sj.AalenJohansen().fit(sj.Lifetimes([1, 2], cause=["a", "b"])).cumulative_incidence(1, "c")


# ---- recurrent events


def test_the_mean_cumulative_function_of_the_valve_seats_is_nelsons():
    table = sj.MeanCumulativeFunction().fit(*valve_seats()).table_.reset_index()
    np.testing.assert_allclose(table[["age", "at_risk", "events", "mean"]], R["mcf:valve_seats"]["rows"], rtol=1e-14)


def test_histories_give_the_function_that_their_columns_give():
    frame = sj.datasets.load_valve_seats()
    histories = sj.Recurrences.from_frame(frame, "unit", "time", "status")
    model = sj.MeanCumulativeFunction().fit(histories)
    np.testing.assert_allclose(model.table_.reset_index()[["age", "at_risk", "events", "mean"]], R["mcf:valve_seats"]["rows"], rtol=1e-14)
    assert model.table_.equals(sj.MeanCumulativeFunction().fit(*valve_seats()).table_)
    with pytest.raises(TypeError, match="a Recurrences carries its own end; leave end out"):
        sj.MeanCumulativeFunction().fit(histories, end={"a": 1})


def test_histories_whose_units_enter_late_keep_their_entries():
    histories = sj.Recurrences(["a", "b"], [2, 6], end={"a": 8, "b": 8}, entry={"a": 0, "b": 4})
    np.testing.assert_array_equal(sj.MeanCumulativeFunction().fit(histories).table_["at_risk"], [1, 2])


def test_histories_without_an_event_have_a_mean_of_none():
    model = sj.MeanCumulativeFunction().fit(sj.Recurrences([], [], end={"a": 5}))
    assert model.mean(4) == 0.0


def test_with_all_units_under_observation_the_error_is_that_of_a_mean():
    # 2, 1 and 0 events: mean 1, variance of a mean of three with divisor n: (1 + 0 + 1) / 9
    model = sj.MeanCumulativeFunction().fit(["a", "a", "b"], [1, 3, 2], {"a": 5, "b": 5, "c": 5})
    assert model.mean(5) == pytest.approx(1.0, rel=1e-15)
    assert model.interval("mean", 5)["standard_error"].iloc[0] == pytest.approx(np.sqrt(2) / 3, rel=1e-14)


def test_units_that_enter_late_are_not_at_risk_before():
    model = sj.MeanCumulativeFunction().fit(["a", "b"], [2, 6], {"a": 8, "b": 8}, entry={"a": 0, "b": 4})
    np.testing.assert_array_equal(model.table_["at_risk"], [1, 2])


@pytest.mark.parametrize(
    ("unit", "age", "end", "message"),
    [
        (["a"], [9], {"a": 5}, "row 0 is an event of unit 'a' at 9"),
        (["z"], [1], {"a": 5}, "row 0 is an event of unit 'z'"),
        (["a"], [1], {"a": 0}, "unit 'a' has entry=0, end=0"),
        (["a"], [1, 2], {"a": 5}, "unit has 1 rows and age 2"),
        (["a"], [1], pd.Series([5, 6], index=["a", "a"]), "unit 'a' twice"),
    ],
)
def test_bad_histories_are_named(unit, age, end, message):
    with pytest.raises(ValueError, match=message):
        sj.MeanCumulativeFunction().fit(unit, age, end)


# ---- comparing groups


@pytest.mark.parametrize("rho", [0, 1])
def test_the_log_rank_test_agrees_with_survdiff(rho):
    data, reference = R["ovarian"], R[f"survdiff:ovarian_rx:rho{rho}"]
    test = sj.log_rank_test(sj.Lifetimes(data["time"], data["failed"]), data["rx"], rho=rho)
    np.testing.assert_allclose(test.statistic, reference["chisq"], rtol=1e-12)
    np.testing.assert_allclose(test.table["observed"], reference["obs"], rtol=1e-12)
    np.testing.assert_allclose(test.table["expected"], reference["exp"], rtol=1e-12)
    assert test.degrees_of_freedom == reference["df"]


def test_counts_and_repeated_rows_give_one_test():
    counted = sj.log_rank_test(sj.Lifetimes([1, 2, 3, 4], weights=[2, 1, 3, 2]), ["a", "b", "a", "b"], gamma=1)
    repeated = sj.log_rank_test(sj.Lifetimes([1, 1, 2, 3, 3, 3, 4, 4]), list("aabaaabb"), gamma=1)
    assert counted.statistic == pytest.approx(repeated.statistic, rel=1e-14)


def test_two_units_by_hand():
    # one failure while both are at risk: observed 1, expected 1/2, variance 1/4
    test = sj.log_rank_test(sj.Lifetimes([1, 2]), ["a", "b"])
    assert test.statistic == pytest.approx(1.0, rel=1e-15)
    assert test.p_value == pytest.approx(0.31731050786291415, rel=1e-12)  # 2 (1 - Phi(1))


def test_groups_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="there is 1"):
        sj.log_rank_test(sj.Lifetimes([1, 2]), ["a", "a"])
    with pytest.raises(ValueError, match="row 1 is missing"):
        sj.log_rank_test(sj.Lifetimes([1, 2]), ["a", None])
    with pytest.raises(ValueError, match="nothing to compare"):
        sj.log_rank_test(sj.Lifetimes([1, 2], [0, 1]), ["a", "b"])


def test_two_lifetimes_are_compared_as_two_groups():
    one, other = sj.Lifetimes([5, 7, 9], [1, 0, 1], entry=[0, 1, 0]), sj.Lifetimes([6, 8], weights=[2, 1])
    both = sj.Lifetimes([5, 7, 9, 6, 8], [1, 0, 1, 1, 1], entry=[0, 1, 0, 0, 0], weights=[1, 1, 1, 2, 1])
    ours, by_label = sj.log_rank_test(one, other), sj.log_rank_test(both, [0, 0, 0, 1, 1])
    assert ours.statistic == by_label.statistic
    assert ours.table.equals(by_label.table)
    with pytest.raises(TypeError, match=r"log_rank_test\(life_a, life_b\); got list"):
        sj.log_rank_test([5, 7], [6, 8])


def test_what_estimates_of_causes_and_events_and_a_test_say_of_themselves():
    causes = sj.AalenJohansen().fit(sj.Lifetimes([1, 2, 3, 4], [1, 1, 0, 1], cause=["a", "b", None, "a"]))
    assert repr(causes) == "AalenJohansen(4 units: 3 failed, 1 censored; causes: a 2, b 1; failed by 4, the last age: 75 % of a, 25 % of b)"
    events = sj.MeanCumulativeFunction().fit(["a", "a", "b"], [1, 2, 3], {"a": 5, "b": 6, "c": 7})
    assert repr(events).startswith("MeanCumulativeFunction(3 units: 3 events; by 7, the last age, 1 a unit (95 %: 0.")
    test = sj.log_rank_test(sj.Lifetimes([1, 2]), ["x", "y"])  # 1 observed of x, 1/2 expected, variance 1/4; of y one, 3/2
    assert repr(test).splitlines() == [
        "LogRank(chi-squared 1 on 1 degree of freedom, p = 0.317)",
        "x: 1 of 1 failed, 0.5 expected; y: 1 of 1 failed, 1.5 expected",
    ]
    for shown in (causes, events, test):
        assert "<table" in shown._repr_html_()
