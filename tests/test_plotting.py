"""Pictures show what they say: lines are the model's predictions, points the data's estimate."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import survjax as sj
from survjax.product_limit import product_limit
from tests.conftest import shipped


@pytest.fixture(scope="module")
def model():
    return sj.WeibullMixture().fit(shipped("waltons"))


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def line(ax, label):
    return next(line for line in ax.get_lines() if line.get_label() == label).get_xydata()


def test_probability_paper_is_straight_for_a_weibull_and_points_are_kaplan_meier():
    life = shipped("ball_bearings")
    ax = sj.Weibull().fit(life).plot_probability()
    fitted = line(ax, "Weibull")
    heights = ax.get_yaxis().get_transform().transform(fitted[:, 1])
    inside = (fitted[:, 1] > 1e-9) & (fitted[:, 1] < 1 - 1e-9)
    bends = np.diff(heights[inside], 2) / np.ptp(heights[inside])
    assert np.abs(bends).max() < 1e-6  # equal steps of log age, equal steps on paper
    points = line(ax, "Kaplan–Meier")
    ages, ties = np.unique(life.durations, return_counts=True)
    np.testing.assert_allclose(points[:, 0], ages)
    np.testing.assert_allclose(points[:, 1], (np.cumsum(ties) - ties / 2) / 23)  # Hazen's positions where all have failed


@pytest.mark.parametrize(("plot", "what"), [("plot_survival", "survival"), ("plot_hazard", "hazard")])
def test_curves_are_the_models_own(model, plot, what):
    drawn = line(getattr(model, plot)(), "WeibullMixture")
    np.testing.assert_allclose(drawn[:, 1], getattr(model, what)(drawn[:, 0]), rtol=1e-12)


def test_components_add_up_to_the_density(model):
    ax = model.plot_components()
    parts = sum(line(ax, f"component {index}")[:, 1] for index in (0, 1))
    np.testing.assert_allclose(parts, line(ax, "WeibullMixture")[:, 1], rtol=1e-12)


def test_learning_begins_at_the_start_and_ends_at_the_fit(model):
    ax = model.plot_learning()
    last = next(line for line in ax.get_lines() if str(line.get_label()).startswith("optimum")).get_xydata()
    np.testing.assert_allclose(last[:, 1], model.density(last[:, 0]), rtol=1e-12)
    animation = model.plot_learning_animation()
    html = animation.to_jshtml()
    assert html.count("data:image/png") == len(model.path_)


def test_a_picture_goes_where_it_is_told(model):
    _, ax = plt.subplots()
    assert model.plot_survival(ax=ax) is ax
    assert model.plot_hazard(shipped("ball_bearings"), ax=ax) is ax


def test_the_product_limit_has_its_textbook_values():
    # Kaplan & Meier (1958): with units 1, 2+, 3, 3, 5+, 6 the survival is 5/6, 5/6 * 2/4, 0
    life = sj.Lifetimes([1, 2, 3, 3, 5, 6], [1, 0, 1, 1, 0, 1])
    estimate = product_limit(life)
    np.testing.assert_allclose(estimate.survival, [5 / 6, 5 / 12, 0.0])
    np.testing.assert_allclose(estimate.at_risk, [6, 4, 1])
    np.testing.assert_allclose(estimate.log_variance[:2], [1 / 30, 1 / 30 + 2 / 8])
    late = product_limit(sj.Lifetimes([1, 2, 3, 3, 5, 6], [1, 0, 1, 1, 0, 1], entry=[0, 0, 0, 0, 0, 3]))
    np.testing.assert_allclose(late.at_risk, [5, 3, 1])  # the last entered at 3: at risk from just after
    counted = product_limit(sj.Lifetimes([1, 2, 3, 5, 6], [1, 0, 1, 0, 1], weights=[1, 1, 2, 1, 1]))
    np.testing.assert_allclose(counted.survival, estimate.survival)


def events(ax, label):
    return next(artist for artist in [*ax.collections, *ax.get_lines()] if artist.get_label() == label)


def test_an_event_plot_has_a_line_for_each_unit_and_a_mark_for_its_end():
    life = sj.Lifetimes.from_intervals([33, 44, 10, 0], [33, np.inf, 20, 25], entry=[5, 0, 0, 2])
    ax = life.plot()
    # in order of their ends: (10, 20], (2, 25], 33, 44+
    assert [segment[:, 0].tolist() for segment in events(ax, "under observation").get_segments()] == [[0, 10], [2, 2], [5, 33], [0, 44]]
    assert [segment.tolist() for segment in events(ax, "failed within").get_segments()] == [[[10, 0], [20, 0]], [[2, 1], [25, 1]]]
    assert line(ax, "failed").tolist() == [[33, 2]]
    assert line(ax, "still running").tolist() == [[44, 3]]


def test_an_event_plot_of_a_large_fleet_shows_every_so_many_rows():
    ax = shipped("hard_drives").plot(most=30)
    assert len(events(ax, "under observation").get_segments()) == 30
    assert ax.get_title(loc="left") == "30 of 52,422 rows"
    _, given = plt.subplots()
    assert sj.Lifetimes([1.0]).plot(ax=given) is given


def test_an_event_plot_of_lives_on_the_whole_real_line_stays_finite():
    ax = sj.Lifetimes.from_intervals([-np.inf, -3.0], [5.0, -3.0]).plot()
    assert [segment[:, 0].tolist() for segment in events(ax, "under observation").get_segments()] == [[-3, -3], [-3, -3]]
    assert events(ax, "failed within").get_segments()[0][:, 0].tolist() == [-3, 5]


@pytest.mark.parametrize(("life", "most"), [(sj.Lifetimes([1.0])[:0], 50), (sj.Lifetimes([1.0]), 0)])
def test_an_event_plot_of_nothing_is_refused(life, most):
    with pytest.raises(ValueError, match="nothing to draw"):
        life.plot(most=most)
