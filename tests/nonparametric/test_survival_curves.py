"""Kaplan–Meier and Nelson–Aalen against R, by hand, and where they must refuse."""

import json
from pathlib import Path

import numpy as np
import pytest

import survjax as sj
from tests.conftest import shipped

R = json.loads((Path(__file__).parents[1] / "reference" / "nonparametric.json").read_text())
SETS = ["generator_fans", "integrated_circuits", "waltons", "krivtsov_units", "power_transformers"]
# R prints 15 digits; sums of up to 318 terms on both sides
AGREES = {"rtol": 1e-12, "atol": 1e-13}


def known(values):
    """R's numbers and where there are any: at survival 0 it has no error and no limits."""
    values = np.array(values, dtype=float)
    return values, ~np.isnan(values)


@pytest.mark.parametrize("name", SETS)
def test_kaplan_meier_and_its_loglog_limits_agree_with_r(name):
    reference = R[f"km:{name}"]
    table = sj.KaplanMeier().fit(shipped(name)).table_.loc[reference["time"]]
    columns = {
        "at_risk": "n_risk",
        "failures": "n_event",
        "survival": "surv",
        "standard_error": "se_greenwood_S",
        "lower": "lower_loglog",
        "upper": "upper_loglog",
    }
    for ours, theirs in columns.items():
        expected, there = known(reference[theirs])
        np.testing.assert_allclose(table[ours].to_numpy()[there], expected[there], **AGREES, err_msg=ours)


@pytest.mark.parametrize("name", SETS)
def test_nelson_aalen_agrees_with_r(name):
    reference = R[f"km:{name}"]
    table = sj.NelsonAalen().fit(shipped(name)).table_.loc[reference["time"]]
    np.testing.assert_allclose(table["cumulative_hazard"], reference["nelson_aalen"], **AGREES)
    np.testing.assert_allclose(table["standard_error"], reference["se_na"], **AGREES)


def test_ties_weights_and_delayed_entry_by_hand():
    # at risk at 3: all but the unit that enters at 3 (it is at risk from just after): 2 + 1 + 3 = 6, of which 2 fail; at 5: 1 + 3 + 4
    life = sj.Lifetimes([3, 4, 5, 6], [1, 0, 1, 0], entry=[0, 1, 2, 3], weights=[2, 1, 3, 4])
    curve = sj.KaplanMeier().fit(life)
    np.testing.assert_allclose(curve.survival([0, 2.9, 3, 4.9, 5, 6]), [1, 1, 4 / 6, 4 / 6, 4 / 6 * 4 / 7, 4 / 6 * 4 / 7], rtol=1e-15)
    hazard = sj.NelsonAalen().fit(life)
    np.testing.assert_allclose(hazard.cumulative_hazard([3, 5]), [2 / 6, 2 / 6 + 3 / 7], rtol=1e-15)


def test_counts_are_repeated_rows():
    counted = sj.KaplanMeier().fit([1, 2, 3], [1, 1, 0], weights=[2, 1, 3]).table_
    repeated = sj.KaplanMeier().fit([1, 1, 2, 3, 3, 3], [1, 1, 1, 0, 0, 0]).table_
    np.testing.assert_allclose(counted, repeated, rtol=1e-15)


def test_without_censoring_the_errors_are_binomial():
    curve = sj.KaplanMeier().fit(np.arange(1.0, 11.0))
    share = np.arange(9, 0, -1) / 10
    np.testing.assert_allclose(curve.table_["standard_error"].iloc[:9], np.sqrt(share * (1 - share) / 10), rtol=1e-14)
    assert curve.mean() == pytest.approx(5.5, rel=1e-15)
    assert curve.mean(horizon=2.5) == pytest.approx((1 + 2 + 8 * 2.5) / 10, rel=1e-15)


def test_half_of_ten_have_failed_at_the_fifth_failure_whatever_the_rounding():
    curve = sj.KaplanMeier().fit(np.arange(1.0, 11.0))
    np.testing.assert_array_equal(curve.quantile(np.arange(1, 11) / 10), np.arange(1.0, 11.0))
    assert curve.median() == 5.0


def test_limits_of_a_quantile_are_where_those_of_survival_reach_it():
    curve = sj.KaplanMeier().fit(shipped("waltons"))
    low, high = curve.interval("quantile", 0.5)[["lower", "upper"]].iloc[0]
    assert curve.interval("survival", low)["lower"].iloc[0] <= 0.5 < curve.interval("survival", np.nextafter(low, 0))["lower"].iloc[0]
    assert curve.interval("survival", high)["upper"].iloc[0] <= 0.5 < curve.interval("survival", np.nextafter(high, 0))["upper"].iloc[0]


def test_where_survival_is_zero_the_limits_are_zero_and_those_of_the_step_before():
    table = sj.KaplanMeier().fit([1.0, 2.0, 3.0]).table_
    assert (table["lower"].iloc[-1], table["upper"].iloc[-1]) == (0.0, table["upper"].iloc[-2])


def test_an_early_risk_set_of_one_that_fails_is_named_with_a_start():
    life = sj.Lifetimes([3, 9, 10, 12], [1, 1, 1, 0], entry=[1, 4, 5, 5])
    with pytest.raises(ValueError, match=r"at age 3 failed there.*start=3") as error:
        sj.KaplanMeier().fit(life)
    assert "3 rows enter later" in str(error.value)
    curve = sj.KaplanMeier().fit(life, start=3)
    assert curve.conditional_on_ == 4.0
    np.testing.assert_allclose(curve.survival([9, 10]), [2 / 3, 1 / 3], rtol=1e-15)
    assert sj.NelsonAalen().fit(life).cumulative_hazard(3) == 1.0


def test_a_start_conditions_on_survival_to_it():
    life = shipped("waltons")
    whole, late = sj.KaplanMeier().fit(life), sj.KaplanMeier().fit(life, start=40)
    np.testing.assert_allclose(late.survival([50, 60]), whole.survival([50, 60]) / whole.survival(40), rtol=1e-13)


@pytest.mark.parametrize("estimate", [sj.KaplanMeier, sj.NelsonAalen])
def test_intervals_and_right_truncation_are_sent_to_turnbull(estimate):
    with pytest.raises(ValueError, match=r"row 1 failed between 2 and 5.*Turnbull"):
        estimate().fit(sj.Lifetimes.from_intervals([1, 2], [1, 5]))
    with pytest.raises(ValueError, match=r"right truncation, which row 0 has.*Turnbull"):
        estimate().fit(sj.Lifetimes.from_intervals([1, 2], [1, 2], right_truncation=[4, 5]))


def test_a_selection_in_which_nobody_was_truncated_is_as_if_nobody_had_been():
    life = sj.Lifetimes.from_intervals([1, 2, 3], [1, 2, 3], right_truncation=[np.inf, np.inf, 5])
    np.testing.assert_array_equal(sj.KaplanMeier().fit(life[:2]).survival([1, 2]), sj.KaplanMeier().fit([1, 2]).survival([1, 2]))


def test_what_is_beyond_the_data_is_refused():
    curve = sj.KaplanMeier().fit([1, 2, 4], [1, 1, 0])
    with pytest.raises(ValueError, match="beyond 4, the last age under observation"):
        curve.survival([3, 4.5])
    with pytest.raises(ValueError, match=r"a share of 0\.9 has not failed"):
        curve.quantile(0.9)
    with pytest.raises(ValueError, match=r"mean\(horizon=4\)"):
        curve.mean()
    with pytest.raises(sj.NotFitted):
        sj.KaplanMeier().survival(1)
    with pytest.raises(ValueError, match="survival, cumulative_hazard, quantile"):
        curve.interval("hazard", 1)
    assert np.isinf(curve.interval("quantile", 0.5)["upper"].iloc[0])


def test_the_picture_shows_the_curve():
    ax = sj.KaplanMeier().fit(shipped("waltons")).plot()
    heights = ax.lines[0].get_ydata()
    assert (heights[0], heights[-1]) == (1.0, 0.0)


@pytest.mark.parametrize("estimate", [sj.KaplanMeier, sj.NelsonAalen, sj.Turnbull])
def test_without_a_failure_the_curve_is_flat_as_far_as_it_goes(estimate):
    curve = estimate().fit([1, 2, 3], [0, 0, 0])
    assert curve.survival(3) == 1.0
    np.testing.assert_array_equal(curve.plot().lines[0].get_ydata(), [1.0, 1.0])


def test_curves_on_the_whole_real_line_have_no_first_age():
    # survival(-6) was refused, and the mean counted from age 0
    curve = sj.KaplanMeier().fit([-5, -2, 1, 3], [1, 1, 0, 1])
    assert curve.conditional_on_ == -np.inf
    np.testing.assert_array_equal(curve.survival([-100, -5, 0, 2, 3]), [1, 0.75, 0.5, 0.5, 0])
    assert curve.mean() == pytest.approx(-5 + 3 * 0.75 + 5 * 0.5, rel=1e-15)
    assert (curve.mean(horizon=-6), curve.mean(horizon=-4)) == (-6.0, -5 + 0.75)
    np.testing.assert_array_equal(curve.quantile([0, 0.25, 0.5]), [-np.inf, -5, -2])
    ax = curve.plot()
    assert ax.get_xlim() == (-5.4, 3.0)
    assert ax.lines[0].get_xydata()[:2].tolist() == [[-5.4, 1.0], [-5.0, 0.75]]


@pytest.mark.parametrize("estimate", [sj.NelsonAalen, sj.Turnbull])
def test_other_curves_take_negative_ages_too(estimate):
    life = sj.Lifetimes([-5, -2, 1, 3], [1, 1, 0, 1])
    curve = estimate().fit(life)
    assert (curve.survival(-6), curve.plot().get_xlim()[0]) == (1.0, -5.4)
    with pytest.raises(ValueError, match="t must be 0 or more; it is -6"):
        estimate().fit([5, 2], [1, 1]).survival(-6)


def test_a_life_that_ended_some_time_before_leaves_no_warning_on_the_real_line():
    # the next number after -inf is finite, and back from there numpy warned of an overflow
    table = sj.Turnbull().fit(sj.Lifetimes.from_intervals([-np.inf, -3, 1], [-2, -1, np.inf])).table_
    assert table[["left", "right"]].to_numpy().tolist() == [[-3, -2], [1, np.inf]]
    assert np.isneginf(sj.Turnbull().fit(sj.Lifetimes.from_intervals([-np.inf, 1], [-2, 3])).table_["left"][0])


def test_an_estimate_says_in_a_line_what_became_of_the_units_the_median_and_where_it_ends():
    life = sj.Lifetimes([33, 44, 52, 61, 70], [1, 0, 1, 1, 0])
    assert repr(sj.KaplanMeier()) == "KaplanMeier()"
    limits = sj.KaplanMeier().fit(life).interval("quantile", 0.5).iloc[0]
    assert limits["upper"] == np.inf
    assert repr(sj.KaplanMeier().fit(life)) == (
        f"KaplanMeier(5 units: 3 failed, 2 censored; median 61 (95 %: {limits['lower']:g} to beyond the last age); "
        "26.67 % still running at 70, the last age)"
    )
    assert repr(sj.KaplanMeier().fit(life[:2])) == (
        "KaplanMeier(2 units: 1 failed, 1 censored; median 33 (95 %: 33 to beyond the last age); 50 % still running at 44, the last age)"
    )
    late = sj.NelsonAalen().fit(sj.Lifetimes([44, 52], [0, 0], entry=[5, 7]))
    assert repr(late).endswith("median not reached; 100 % still running at 52, the last age; given survival to 5)")
    inspected = sj.Turnbull().fit(sj.Lifetimes.from_intervals([0, 20, 30], [10, 30, np.inf]))
    assert repr(inspected) == (
        "Turnbull(3 units: 2 failed (2 within an interval), 1 censored; median between 20 and 30; 33.33 % still running at 30, "
        "after which it is not determined)"
    )
    assert inspected._repr_html_().startswith("<p>Turnbull(3 units")
    assert "<td>0.6667</td>" in inspected._repr_html_()
