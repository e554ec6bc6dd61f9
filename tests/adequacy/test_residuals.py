"""Cox–Snell residuals: closed forms, every kind of row, and their picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import survjax as sj

KNOWN = sj.Weibull(shape=2.0, scale=10.0)


def test_residuals_are_the_hazard_collected_under_observation():
    life = sj.Lifetimes.from_intervals([5, 8, 6, 0], [5, np.inf, 9, 4], entry=[0, 2, 3, 1], weights=[1, 2, 1, 1])
    residuals = KNOWN.cox_snell_residuals(life)
    np.testing.assert_allclose(residuals.lower, [0.25, 0.64 - 0.04, 0.36 - 0.09, 0.0], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(residuals.upper, [0.25, np.inf, 0.81 - 0.09, 0.16 - 0.01], rtol=1e-13)
    np.testing.assert_array_equal(residuals.weights, life.weights)
    np.testing.assert_array_equal(residuals.event_observed, life.event_observed)
    assert residuals.entry is None


def test_a_failure_soon_after_a_late_entry_keeps_its_digits():
    entry, length = 1000.0, 2.0**-30
    residual = KNOWN.cox_snell_residuals(sj.Lifetimes([entry + length], entry=[entry])).lower
    np.testing.assert_allclose(residual, (2 * entry * length + length**2) / 100, rtol=1e-13)


def test_on_the_whole_line_they_are_those_of_its_law():
    times = np.array([-1.0, 0.0, 2.0])
    residuals = sj.Logistic(location=0.0, scale=1.0).cox_snell_residuals(sj.Lifetimes(times))
    np.testing.assert_allclose(residuals.lower, np.log1p(np.exp(times)), rtol=1e-14)


def test_right_truncation_stays_with_them():
    life = sj.Lifetimes.from_intervals([5.0], [5.0], right_truncation=[8.0])
    np.testing.assert_allclose(KNOWN.cox_snell_residuals(life).right_truncation, [0.64], rtol=1e-14)


def test_of_a_weibull_with_known_shape_they_sum_to_the_failures():
    # the likelihood equation of the scale, whatever the censoring and the entries
    rng = np.random.default_rng(1)
    lives, end, entry = 10 * rng.weibull(2, 64), rng.uniform(6, 20, 64), rng.uniform(0, 3, 64)
    seen = np.minimum(lives, end) > entry
    model = sj.Weibull(shape=2.0).fit(np.minimum(lives, end)[seen], (lives <= end)[seen], entry=entry[seen])
    residuals = model.cox_snell_residuals()
    np.testing.assert_allclose(residuals.lower.sum(), residuals.n_failed, rtol=1e-10)  # Newton's last step is squared


def test_a_model_without_data_asks_for_them():
    with pytest.raises(sj.NotFitted, match="pass life="):
        KNOWN.cox_snell_residuals()
    with pytest.raises(ValueError, match="durations must be 0 or more"):
        KNOWN.cox_snell_residuals(sj.Lifetimes([-1.0]))


def points(ax, label):
    return next(line for line in ax.get_lines() if line.get_label() == label).get_xydata()


def test_the_picture_shows_their_hazard_against_the_straight_line():
    rng = np.random.default_rng(2)
    lives, end = 10 * rng.weibull(2, 64), rng.uniform(6, 20, 64)
    ax = KNOWN.plot_residuals(sj.Lifetimes(np.minimum(lives, end), lives <= end))
    drawn = points(ax, "Nelson–Aalen")
    failures = np.sort(lives[lives <= end])
    at_risk = (np.minimum(lives, end) >= failures[:, None]).sum(axis=1)
    np.testing.assert_allclose(drawn, np.transpose([(failures / 10) ** 2, np.cumsum(1 / at_risk)]), rtol=1e-12)
    line = points(ax, "Weibull: unit exponential")
    np.testing.assert_array_equal(line[:, 0], line[:, 1])
    plt.close("all")


def test_of_inspected_units_it_shows_turnbulls_estimate():
    life = sj.Lifetimes.from_intervals([0, 4, 4, 8, 8], [4, 8, 8, np.inf, np.inf])
    drawn = points(KNOWN.plot_residuals(life), "Turnbull")
    np.testing.assert_allclose(drawn, [[0.16, -np.log(0.8)], [0.64, -np.log(0.4)]], rtol=1e-9)
    plt.close("all")


def test_residuals_under_right_truncation_are_drawn_on_the_scale_of_the_fit():
    rng = np.random.default_rng(3)
    sold, lives = rng.uniform(0, 36, 1024), 30 * rng.weibull(1.8, 1024)
    seen = sold + lives <= 36
    life = sj.Lifetimes.from_intervals(lives[seen], lives[seen], right_truncation=(36 - sold)[seen])
    points = next(line for line in sj.Weibull().fit(life).plot_residuals().lines if line.get_marker() == "o")
    residual, hazard = points.get_data()
    # they bent away to four times the line; left is what sampling leaves: 0.05 of the share failed is 4 errors of 500 units
    assert np.abs(np.expm1(-residual) - np.expm1(-hazard)).max() < 0.09
