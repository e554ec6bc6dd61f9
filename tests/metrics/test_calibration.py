"""D-calibration by its definition and by simulation; calibration curves against Kaplan–Meier."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import chi2, kstest

import survjax as sj
from survjax.metrics import calibration_curve, d_calibration


def test_units_are_counted_and_running_ones_spread_as_the_paper_says():
    # bins of 0.25: 0.1 in the first, 0.25 in the second; S(c) = 0.6 gives 0.1 / 0.6 to the third and 0.25 / 0.6 to those below
    life = sj.Lifetimes([1, 2, 3], [1, 1, 0], weights=[1, 2, 3])
    found = d_calibration(life, [0.1, 0.25, 0.6], n_bins=4)
    expected = np.array([1 + 3 * 0.25 / 0.6, 2 + 3 * 0.25 / 0.6, 3 * 0.1 / 0.6, 0.0])
    np.testing.assert_allclose(found.units, expected, rtol=1e-14)
    statistic = np.sum((expected - 1.5) ** 2) / 1.5
    assert found.statistic == pytest.approx(statistic, rel=1e-14)
    assert found.p_value == pytest.approx(chi2.sf(statistic, 3), rel=1e-12)


def test_edges_belong_to_the_bin_above_and_certainty_to_the_last():
    np.testing.assert_array_equal(d_calibration([1.0, 2.0, 3.0, 4.0], [1.0, 0.5, 0.499, 0.0], n_bins=2).units, [2, 2])
    # a running unit that was predicted dead lies in the first bin
    np.testing.assert_array_equal(d_calibration(sj.Lifetimes([1.0, 1.0], [0, 1]), [0.0, 1.0], n_bins=2).units, [1, 1])


def test_intervals_and_late_entry_are_spread_between_their_ends():
    life = sj.Lifetimes.from_intervals([1, 4, 5], [2, 4, np.inf], entry=[0, 3, 3])
    found = d_calibration(life, [0.9, 0.4, 0.3], survival_at_upper=[0.4, 0.4, 0.0], survival_at_entry=[1.0, 0.5, 0.5], n_bins=2)
    # 0.4 to 0.9; the point 0.8; 0 to 0.6
    np.testing.assert_allclose(found.units, [0.1 / 0.5 + 0.5 / 0.6, 0.4 / 0.5 + 1 + 0.1 / 0.6], rtol=1e-14)


def p_values(mean, longest, n_fleets=400, n=500, adjusted=False):
    rng = np.random.default_rng(6)
    found = []
    for _ in range(n_fleets):
        life, lost = rng.exponential(1.0, n), rng.uniform(0, longest, n)
        seen = sj.Lifetimes(np.minimum(life, lost), life <= lost)
        test = d_calibration(seen, np.exp(-seen.durations / mean))
        found.append(test.adjusted_p_value if adjusted else test.p_value)
    return np.array(found)


def test_under_the_truth_the_p_value_is_uniform():
    """400 fleets: the Kolmogorov distance of a uniform sample is below 1.63 / 20 = 0.08 in 99 of 100."""
    found = p_values(mean=1.0, longest=1e9)
    assert kstest(found, "uniform").statistic < 0.08


def test_under_the_truth_and_censoring_it_is_cautious():
    """A share of 0.05 has the standard error 0.011 in 400 fleets: not more than 4 of them above it."""
    found = p_values(mean=1.0, longest=2.0)
    assert np.mean(found < 0.05) <= 0.05 + 4 * 0.011
    assert found.mean() > 0.5


@pytest.mark.parametrize("longest", [1e9, 2.0, 0.5, 0.1])
def test_under_the_truth_the_adjusted_p_value_is_uniform_however_much_is_censored(longest):
    """Between 0 and 95 of 100 units censored, and as few as 25 failures; 1.63 / 20 as above."""
    assert kstest(p_values(mean=1.0, longest=longest, adjusted=True), "uniform").statistic < 0.08


def test_where_most_still_run_only_the_adjusted_test_finds_a_wrong_scale():
    """Of 10,000 units 5 in 100 failed, and their scale is put at four fifths of the true one."""
    settings = {"mean": 0.8, "longest": 0.1, "n_fleets": 50, "n": 10_000}
    assert np.mean(p_values(**settings) < 0.05) < 0.5
    assert np.mean(p_values(**settings, adjusted=True) < 0.05) > 0.9


def test_the_adjusted_test_puts_bins_together_until_five_failed_in_each():
    # from the top: 3 + 2 failures, then 1 in the rest, to which 4 running units belong from S = 0.5 on
    survival = np.array([0.95, 0.9, 0.8, 0.7, 0.55, 0.3, 0.5, 0.5, 0.5, 0.5])
    failed = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
    found = d_calibration(sj.Lifetimes(np.arange(1.0, 11.0), failed), survival, n_bins=4)
    # the two upper bins: five units there where five are expected
    np.testing.assert_allclose(found.units, [2, 3, 2, 3], rtol=1e-14)
    np.testing.assert_allclose(found.failures, [0, 1, 2, 3], rtol=1e-14)
    assert found.adjusted_p_value == pytest.approx(1.0, abs=1e-7)
    shifted = d_calibration(sj.Lifetimes(np.arange(1.0, 11.0), failed), np.append(survival[:6], [1.0] * 4), n_bins=4)
    # seven units there, covariance 6 failures of (1/2)^2 and 4 running units without departure
    assert shifted.adjusted_p_value == pytest.approx(chi2.sf((7 - 5) ** 2 / (6 / 4), 1), rel=1e-12)
    few = d_calibration(sj.Lifetimes([1.0, 2.0], [1, 0]), [0.5, 0.4])
    with pytest.raises(ValueError, match="1 failures are too few"):
        _ = few.adjusted_p_value


def test_a_wrong_scale_is_found():
    assert np.mean(p_values(mean=2.0, longest=2.0, n_fleets=100) < 0.01) > 0.95


def test_a_calibration_curve_is_kaplan_meier_in_groups():
    rng = np.random.default_rng(7)
    x = np.repeat([0.5, 1.0, 2.0], 200)
    life, lost = rng.exponential(1 / x), rng.uniform(0, 3, 600)
    seen = sj.Lifetimes(np.minimum(life, lost), life <= lost)
    table = calibration_curve(seen, np.exp(-x), 1.0, n_groups=3)
    assert list(table["units"]) == [200, 200, 200]
    np.testing.assert_allclose(table["predicted"], 1 - np.exp(-np.array([0.5, 1.0, 2.0])), rtol=1e-14)
    for group, rate in enumerate([0.5, 1.0, 2.0]):
        limits = sj.KaplanMeier().fit(seen[x == rate]).interval("survival", 1.0).iloc[0]
        np.testing.assert_allclose(table.loc[group, ["observed", "lower", "upper"]], 1 - limits[["estimate", "upper", "lower"]])
    assert ((table["lower"] < table["predicted"]) & (table["predicted"] < table["upper"])).all()


def test_the_picture_of_a_calibration_curve_shows_its_groups():
    life = sj.Lifetimes([1, 2, 3, 4, 5], [1, 1, 1, 1, 0])
    table = calibration_curve(life, [0.2, 0.3, 0.4, 0.8, 0.9], 3.0, n_groups=2)
    ax = sj.plotting.plot_calibration(table)
    points = ax.containers[0].lines[0]
    np.testing.assert_array_equal(points.get_xydata(), table[["predicted", "observed"]])
    plt.close(ax.figure)


def test_units_of_one_prediction_stay_together_and_weights_make_the_groups():
    life = sj.Lifetimes([1, 2, 3, 4, 5], [1, 1, 1, 1, 0], weights=[1, 1, 1, 1, 4])
    table = calibration_curve(life, [0.2, 0.2, 0.2, 0.2, 0.9], 3.0, n_groups=2)
    assert list(table["units"]) == [4, 4]
    np.testing.assert_allclose(table["observed"], [0.0, 0.75])
    assert len(calibration_curve(life, np.full(5, 0.5), 3.0, n_groups=4)) == 1


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match="pass survival_at_upper"):
        d_calibration(sj.Lifetimes.from_intervals([1], [2]), [0.5])
    with pytest.raises(ValueError, match="pass survival_at_entry"):
        d_calibration(sj.Lifetimes([3.0], entry=[1]), [0.5])
    with pytest.raises(ValueError, match=r"survival must not rise with age; row 0 has 0\.5 and later 0\.6"):
        d_calibration(sj.Lifetimes([3.0], entry=[1]), [0.6], survival_at_entry=[0.5])
    with pytest.raises(ValueError, match="n_bins must be a whole number of at least 2"):
        d_calibration([3.0], [0.5], n_bins=1)
    with pytest.raises(ValueError, match=r"probability about 0.5 \(use fewer groups\): t=9 .*beyond 3"):
        calibration_curve(sj.Lifetimes([2.0, 3.0], [1, 0]), [0.5, 0.5], 9.0)
    with pytest.raises(ValueError, match="the first entered at 1"):
        calibration_curve(sj.Lifetimes([2.0, 3.0], [1, 0], entry=[1, 1]), [0.5, 0.5], 2.0)
