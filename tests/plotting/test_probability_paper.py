"""On its own paper a fit is a straight line, ticks are per cent, and points are what the data say."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

import survjax as sj
from survjax.distributions import LAWS
from tests.conftest import shipped
from tests.plotting.test_plotting import line

KNOWN = {
    "Exponential": (80.0,),
    "Weibull": (2.1, 82.0),
    "LogNormal": (4.1, 0.5),
    "LogLogistic": (3.0, 64.0),
    "Frechet": (1.7, 48.0),
    "Normal": (72.0, 37.0),
    "Logistic": (69.0, 20.0),
    "SmallestExtremeValue": (90.0, 45.0),
    "LargestExtremeValue": (56.0, 30.0),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def on_screen(ax, points):
    return ax.transData.transform(points)


@pytest.mark.parametrize("law", KNOWN)
def test_a_law_is_a_straight_line_on_its_own_paper(law):
    assert set(KNOWN) == {law.__name__ for law in LAWS if law.paper is not None}
    ax = getattr(sj, law)(*KNOWN[law]).plot_probability(shipped("ball_bearings"))
    drawn = line(ax, law)
    x, y = on_screen(ax, drawn[(drawn[:, 1] > 1e-9) & (drawn[:, 1] < 1 - 1e-9)]).T
    away = y - np.polyval(np.polyfit(x, y, 1), x)
    assert np.abs(away).max() < 1e-5 * np.ptp(y)  # a share of 1 - 1e-9 has seven digits left
    assert ax.get_title(loc="left") == f"{getattr(sj.distributions, law).paper.name} probability paper"


@pytest.mark.parametrize("law", KNOWN)
def test_ticks_are_per_cent_with_room_between_them(law):
    ax = getattr(sj, law)(*KNOWN[law]).plot_probability(shipped("ball_bearings"))
    ax.figure.canvas.draw()
    told = [label.get_text() for label in ax.get_yticklabels()]
    assert {"50 %", "90 %"} <= set(told)
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(above.y0 > below.y1 for below, above in itertools.pairwise(boxes))
    ages = [label.get_text() for label in ax.get_xticklabels()]
    assert len(ages) >= 4
    assert "100" in ages


@pytest.mark.parametrize("n", [2, 70, 130_000])
def test_a_single_failure_among_many_still_has_a_scale(n):
    # 1 of 70 lay between the ticks at 0.5 % and 1 %
    ax = sj.Weibull(2.0, 90.0).plot_probability(sj.Lifetimes([50.0, 60.0], [1, 0], weights=[1, n - 1]))
    low, high = ax.get_ylim()
    assert any(low <= tick <= high for tick in ax.get_yticks())


def test_points_are_kaplan_meier_half_way_up_each_step():
    life = shipped("ball_bearings")
    points = line(sj.Weibull(2.1, 82.0).plot_probability(life), "Kaplan–Meier")
    ages, ties = np.unique(life.durations, return_counts=True)
    np.testing.assert_allclose(points[:, 0], ages)
    np.testing.assert_allclose(points[:, 1], (np.cumsum(ties) - ties / 2) / 23)  # Hazen's positions where all have failed


def test_the_band_is_that_of_the_failure_probability():
    model = sj.Weibull().fit(shipped("ball_bearings"))
    ax = model.plot_probability(level=0.9)
    grid = line(ax, "Weibull")[:, 0]
    expected = 1 - model.interval("survival", grid, level=0.9)
    corners = ax.collections[0].get_paths()[0].vertices
    for name in ("lower", "upper"):
        there = [np.abs(corners - [t, f]).sum(axis=1).min() for t, f in zip(grid, expected[name], strict=True)]
        assert max(there) < 1e-12


def test_laws_that_no_paper_makes_straight_are_drawn_on_weibulls_or_the_one_asked_for():
    life = shipped("ball_bearings")
    gamma = sj.Gamma(4.0, 18.0)
    assert gamma.plot_probability(life).get_title(loc="left") == "Weibull probability paper"
    ax = gamma.plot_probability(life, paper="LogNormal")
    assert ax.get_title(loc="left") == "Lognormal probability paper"
    drawn = line(ax, "Gamma")
    np.testing.assert_allclose(drawn[:, 1], 1 - gamma.survival(drawn[:, 0]), rtol=1e-9)
    with pytest.raises(ValueError, match="no paper called 'gamma'; there are exponential, weibull, lognormal"):
        gamma.plot_probability(life, paper="gamma")


def test_ages_below_zero_have_a_place_on_linear_paper():
    life = sj.Lifetimes([-9.0, -7.0, -4.0, 2.0])
    ax = sj.Normal(location=-5.0, scale=4.0).plot_probability(life)
    assert line(ax, "Kaplan–Meier").tolist() == [[-9, 0.125], [-7, 0.375], [-4, 0.625], [2, 0.875]]
    ax.figure.canvas.draw()
    assert "−4" in [label.get_text() for label in ax.get_xticklabels()]


def test_interval_data_are_bars_over_turnbulls_intervals_half_way_up_each_step():
    life = sj.Lifetimes.from_intervals([0, 5, 5, 10, 20], [5, 10, 10, 20, np.inf])
    ax = sj.Weibull(1.5, 12.0).plot_probability(life)
    bars = next(artist for artist in ax.collections if artist.get_label() == "Turnbull").get_segments()
    left = ax.get_xlim()[0]  # an age of 0 is beyond logarithmic paper
    assert [segment[:, 0].tolist() for segment in bars] == [[left, 5], [5, 10], [10, 20]]
    np.testing.assert_allclose([segment[0, 1] for segment in bars], [0.1, 0.4, 0.7], rtol=1e-9)


def test_under_late_entry_points_are_on_the_scale_of_the_fit():
    model = sj.Weibull(2.0, 50.0)
    ax = model.plot_probability(sj.Lifetimes([40, 60, 70], [1, 1, 0], entry=[20, 25, 30]))
    before = 1 - model.survival(20)
    points = line(ax, "Kaplan–Meier (share before 20: the fit's)")
    np.testing.assert_allclose(points[:, 1], before + (1 - before) * np.array([1 / 6, 1 / 2]), rtol=1e-14)


def test_where_nobody_was_left_while_others_entered_later_points_begin_after_that():
    model = sj.Weibull(2.0, 50.0)
    ax = model.plot_probability(sj.Lifetimes([15, 40, 60, 70], [1, 1, 1, 0], entry=[10, 20, 25, 30]))
    before = 1 - model.survival(20)
    points = line(ax, "Kaplan–Meier (share before 20: the fit's)")
    np.testing.assert_allclose(points, [[40, before + (1 - before) / 6], [60, before + (1 - before) / 2]], rtol=1e-14)


def test_rows_that_are_not_truncated_leave_the_estimate_unconditional():
    life = sj.Lifetimes.from_intervals([10, 20, 30], [10, 20, 30], right_truncation=[60, 60, np.inf])
    points = line(sj.Weibull(2.0, 50.0).plot_probability(life), "Turnbull")
    np.testing.assert_allclose(points[:, 1], np.array([1, 3, 5]) / 6, rtol=1e-9)


def test_under_right_truncation_points_are_on_the_scale_of_the_fit():
    model = sj.Weibull(2.0, 50.0)
    life = sj.Lifetimes.from_intervals([10, 20, 30], [10, 20, 30], right_truncation=[60, 60, 60])
    points = line(model.plot_probability(life), "Turnbull (share after 60: the fit's)")
    np.testing.assert_allclose(points[:, 1], (1 - model.survival(60)) * np.array([1, 3, 5]) / 6, rtol=1e-9)


def test_a_rank_regression_is_drawn_through_median_ranks_and_named():
    life = sj.Lifetimes([16, 34, 53, 75, 93, 120])
    model = sj.Weibull(1.4, 76.0)
    learner = sj.Weibull().fit(life)
    with pytest.raises(ValueError, match="shape, scale of Weibull is known"):
        model.plot_probability(life, rank_regression=True)
    ax = learner.plot_probability(rank_regression=True)
    result = sj.rank_regression(sj.Weibull(), life)
    shape, scale = result.parameters
    drawn = line(ax, "rank regression (X on Y): shape 1.443, scale 76.08")
    np.testing.assert_allclose(drawn[:, 1], -np.expm1(-((drawn[:, 0] / scale) ** shape)), rtol=1e-12)
    np.testing.assert_allclose(line(ax, "median ranks"), result.points[["age", "median_rank"]], rtol=1e-14)
    other = learner.plot_probability(rank_regression="y on x", points="benard")
    assert line(other, "median ranks (Benard)")[0, 1] == pytest.approx(0.7 / 6.4, rel=1e-14)
    assert line(other, "rank regression (Y on X): shape 1.427, scale 76.35").shape == (200, 2)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"rank_regression": True, "points": "kaplan_meier"}, "a rank regression is a line through median ranks"),
        ({"points": "hazen"}, "points must be one of kaplan_meier, median_ranks, benard; got 'hazen'"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        sj.Weibull(1.4, 76.0).plot_probability(sj.Lifetimes([1.0, 2.0]), **asked)


def test_data_without_a_failure_have_no_place_and_failures_at_age_0_none_on_logarithmic_ages():
    model = sj.Weibull(1.4, 76.0)
    with pytest.raises(ValueError, match=r"there is no failure to put on the paper\."):
        model.plot_probability(sj.Lifetimes([1.0, 2.0], [0, 0]))
    with pytest.raises(ValueError, match="no failure to put on the paper after age 0"):
        model.plot_probability(sj.Lifetimes([0.0, 2.0], [1, 0]))
    assert line(model.plot_probability(sj.Lifetimes([0.0, 2.0])), "Kaplan–Meier (1 at age 0 not shown)").tolist() == [[2.0, 0.75]]
