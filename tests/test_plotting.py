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
