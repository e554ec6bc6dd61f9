"""Pictures show what they say: lines are the model's predictions, points the data's estimate."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.data.product_limit import product_limit
from survjax.plotting import plot_frailties
from survjax.plotting.canvas import name_of
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
    assert line(ax, "censored").tolist() == [[44, 3]]


def test_an_event_plot_tells_units_removed_from_those_that_run_where_that_is_known():
    ax = sj.Lifetimes.from_intervals([33, 44, 50], [33, np.inf, np.inf], observed_until=50).plot()
    assert line(ax, "removed unfailed").tolist() == [[44, 1]]
    assert line(ax, "still running").tolist() == [[50, 2]]


def test_an_event_plot_of_a_large_fleet_shows_every_so_many_rows():
    ax = shipped("hard_drives").plot(most=30)
    assert len(events(ax, "under observation").get_segments()) == 30
    assert ax.get_title(loc="left") == "30 of 52,422 rows"
    _, given = plt.subplots()
    assert sj.Lifetimes([1.0]).plot(ax=given) is given


def test_an_event_plot_of_lives_on_the_whole_real_line_begins_before_the_first_age_known():
    ax = sj.Lifetimes.from_intervals([-np.inf, -3.0], [5.0, -3.0]).plot()
    # -3 less a twentieth of the stretch from -3 to 5
    assert [segment[:, 0].tolist() for segment in events(ax, "under observation").get_segments()] == [[-3.4, -3], [-3.4, -3.4]]
    assert events(ax, "failed within").get_segments()[0][:, 0].tolist() == [-3.4, 5]
    # the line began at 0, so that the bar did
    within = events(sj.Lifetimes.from_intervals([-10.0], [5.0]).plot(), "failed within")
    assert within.get_segments()[0][:, 0].tolist() == [-10, 5]


NEGATIVE = sj.Lifetimes([-9.0, -7.5, -7.0, -4.0, -2.5, -2.0], [1, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(("plot", "what"), [("plot_survival", "survival"), ("plot_hazard", "hazard")])
def test_curves_of_negative_ages_cover_them(plot, what):
    model = sj.Normal(location=-5.0, scale=3.0)
    ax = getattr(model, plot)(NEGATIVE)
    drawn = line(ax, "Normal")
    # they began at 0, to the right of every age
    assert drawn[0, 0] < -9.0
    assert drawn[-1, 0] == -2.0
    assert ax.get_xlim() == (drawn[0, 0], -2.0)
    np.testing.assert_allclose(drawn[:, 1], getattr(model, what)(drawn[:, 0]), rtol=1e-12)


def test_the_estimate_beside_a_survival_curve_of_negative_ages_is_kaplan_meier():
    ax = sj.Normal(location=-5.0, scale=3.0).plot_survival(NEGATIVE)
    steps, curve = line(ax, "Kaplan–Meier"), sj.KaplanMeier().fit(NEGATIVE)
    np.testing.assert_allclose(steps[1:, 1], curve.survival(steps[1:, 0]), rtol=1e-14)
    assert (steps[0, 0], steps[0, 1]) == (ax.get_xlim()[0], 1.0)


def test_failure_rates_of_negative_ages_are_failures_by_exposure():
    ax = sj.Normal(location=-5.0, scale=3.0).plot_hazard(NEGATIVE)
    bars = ax.containers[0]
    middle, rate = bars[0].get_xydata().T
    half = np.diff(ax.get_xlim())[0] / 24
    inside = [np.sum(NEGATIVE.event_observed & (np.abs(NEGATIVE.durations - m) < half + 1e-9)) for m in middle]
    exposure = [np.clip(NEGATIVE.durations - (m - half), 0, 2 * half).sum() for m in middle]
    np.testing.assert_allclose(rate, np.array(inside) / exposure, rtol=1e-9)


def test_failures_within_intervals_are_spread_over_them_in_failure_rates():
    # two units that fail within (0, 12], twelve groups: a sixth of a failure in each, and on average 2 (1 - t / 12) units running
    ax = sj.Exponential(scale=6.0).plot_hazard(sj.Lifetimes.from_intervals([0, 0], [12, 12]))
    middle, rate = ax.containers[0][0].get_xydata().T
    np.testing.assert_allclose(middle, np.arange(12) + 0.5, rtol=1e-14)
    np.testing.assert_allclose(rate, 1 / (12 - middle), rtol=1e-12)


def test_the_dead_on_arrival_have_no_rate():
    ax = sj.Exponential(scale=6.0).plot_hazard(sj.Lifetimes([0, 0, 12], [1, 1, 0]))
    np.testing.assert_array_equal(ax.containers[0][0].get_ydata(), np.zeros(12))


def test_of_right_truncated_data_no_rates_are_drawn():
    life = sj.Lifetimes.from_intervals([2.0, 5.0], [2.0, 5.0], right_truncation=[6.0, 7.0])
    assert not sj.Exponential(scale=6.0).plot_hazard(life).containers


def test_turnbull_stands_beside_fits_to_intervals():
    life = sj.Lifetimes.from_intervals([0, 0, 5, 5, 10], [5, 5, 10, 10, np.inf])
    ax = sj.Exponential(scale=8.0).plot_survival(life)
    assert line(ax, "Turnbull").tolist() == [[0, 1.0], [5, pytest.approx(0.6)], [10, pytest.approx(0.2)], [10, pytest.approx(0.2)]]


@pytest.mark.parametrize(("life", "most"), [(sj.Lifetimes([1.0])[:0], 50), (sj.Lifetimes([1.0]), 0)])
def test_an_event_plot_of_nothing_is_refused(life, most):
    with pytest.raises(ValueError, match="nothing to draw"):
        life.plot(most=most)


def test_the_hazard_axis_under_right_truncation_is_that_of_the_curve():
    lives = np.linspace(1.0, 100.0, 64)
    life = sj.Lifetimes.from_intervals(lives, lives, right_truncation=100.5)
    ax = sj.Weibull(2.0, 100.0).plot_hazard(life)
    # it was that of rates that are not drawn, which are infinite at the end of the window
    assert ax.get_ylim()[1] <= 1.3 * 2.0 / 100.0


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (sj.Threshold(sj.Weibull(2.0, 90.0), threshold=1.0), "Threshold(Weibull)"),
        (sj.Model(sj.distributions.Weibull(2.0, 90.0)), "Weibull"),
        (sj.CompetingRisks([sj.Weibull(), sj.Threshold(sj.Exponential())]), "CompetingRisks(Weibull, Threshold(Exponential))"),
        (sj.Model(sj.distributions.Threshold(sj.distributions.Exponential(9.0), 1.0)), "Threshold(Exponential)"),
    ],
)
def test_a_legend_names_what_is_inside_a_wrapper(model, name):
    assert name_of(model) == name


def test_a_picture_has_that_name_in_its_legend():
    model = sj.Threshold(sj.Weibull(2.0, 90.0), threshold=1.0)
    assert len(line(model.plot_survival(shipped("ball_bearings")), "Threshold(Weibull)"))


@pytest.mark.parametrize("picture", ["plot_survival", "plot_hazard"])
def test_a_known_law_is_drawn_without_data(picture):
    model = sj.Weibull(shape=2.0, scale=100.0)  # as the law of one unit, model.of(X), is; asked for life=
    (line,) = getattr(model, picture)().get_lines()
    ages, heights = np.asarray(line.get_xydata()).T
    np.testing.assert_allclose(heights, np.exp(-((ages / 100) ** 2)) if picture == "plot_survival" else 2e-4 * ages, rtol=1e-12)
    np.testing.assert_allclose(ages[-1], 100 * np.sqrt(np.log(1000)), rtol=1e-12)  # by which 99.9 % have failed
    weak = sj.DefectiveSubpopulation(sj.Weibull(2.0, 100.0), fraction_failing=0.3)
    assert getattr(weak, picture)().get_xlim()[1] == pytest.approx(weak.quantile(0.2))  # half of them never fail


def test_the_axis_of_frailties_has_round_numbers():
    frailty = np.array([0.3, 0.6, 1.0, 1.6])
    table = pd.DataFrame({"frailty": frailty, "lower": 0.6 * frailty, "upper": 1.6 * frailty, "failures": 3.0}, index=list("abcd"))
    ax = plot_frailties(table)
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    shown = [label.get_text() for label in ax.get_xticklabels() if low <= label.get_position()[0] <= high]
    assert shown == ["0.2", "0.5", "1", "2"]  # were 10^0 alone
