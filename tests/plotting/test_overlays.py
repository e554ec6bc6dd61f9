"""Pictures on the same axes: each in its own colour and of its own name, and all of them in view."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba

import survjax as sj
import survjax.plotting
from survjax.plotting.canvas import COMPONENTS, DATA, FIT
from tests.conftest import shipped

MAKES = {"A": sj.Lifetimes([4, 6, 9, 11, 15]), "B": sj.Lifetimes([5, 8, 17, 30, 44], [1, 1, 1, 0, 1])}
# an animation and a row of panels are figures of their own
WHOLE_FIGURES = {"plot_learning_animation", "plot_scores", "CrossValidation.plot"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fits():
    return {"one": sj.Weibull().fit(shipped("waltons")), "two": sj.WeibullMixture().fit(shipped("waltons"))}


def lines(ax, label):
    return [line for line in ax.get_lines() if line.get_label() == label]


def legend(ax):
    """Colour of each entry by its text."""
    return [
        (text.get_text(), to_hex(_colour(mark))) for text, mark in zip(ax.get_legend().texts, ax.get_legend().legend_handles, strict=True)
    ]


def _colour(mark):
    return mark.get_color() if hasattr(mark, "get_color") else mark.get_facecolor()


def pictures():
    named = [getattr(sj, name) for name in sj.__all__]
    owners = [one for one in named if inspect.isclass(one)] + [type(sj.Weibull(shape=1.0, scale=1.0))]
    found = {
        f"{owner.__name__}.{name}": method for owner in owners for name, method in inspect.getmembers(owner) if name.startswith("plot")
    }
    found |= {name: getattr(survjax.plotting, name) for name in survjax.plotting.__all__}
    whole = {name for name in found if name in WHOLE_FIGURES or name.rpartition(".")[2] in WHOLE_FIGURES}
    return {name: picture for name, picture in found.items() if name not in whole}


def test_every_picture_takes_axes_a_label_and_a_colour():
    assert {"Weibull.plot_survival", "KaplanMeier.plot", "plot_calibration"} <= set(pictures())
    for name, picture in pictures().items():
        taken = set(inspect.signature(picture).parameters)
        assert {"ax", "label", "color"} <= taken or "options" in taken, name


@pytest.mark.parametrize("estimate", [sj.KaplanMeier, sj.NelsonAalen, sj.Turnbull])
def test_curves_of_two_groups_are_told_apart_by_colour_and_both_in_view(estimate):
    ax = None
    for make, life in MAKES.items():
        ax = estimate().fit(life).plot(ax=ax, label=make)
    assert legend(ax) == [("95 % confidence", DATA), ("A", FIT), ("B", COMPONENTS[0])]
    assert [to_rgba(band.get_facecolor()[0], 1.0) for band in ax.collections] == [to_rgba(FIT), to_rgba(COMPONENTS[0])]
    # the shorter lives are drawn last as well
    assert estimate().fit(MAKES["A"]).plot(ax=ax).get_xlim() == (0.0, 44.0)


def test_a_colour_is_the_one_asked_for_and_its_band_has_it_too():
    ax = sj.KaplanMeier().fit(MAKES["A"]).plot(color="tab:red")
    assert lines(ax, "Kaplan–Meier")[0].get_color() == "tab:red"
    assert to_rgba(ax.collections[0].get_facecolor()[0], 1.0) == to_rgba("tab:red")


def test_curves_of_one_name_are_each_in_the_legend():
    ax = None
    for life in MAKES.values():
        ax = sj.KaplanMeier().fit(life).plot(ax=ax)
    assert legend(ax)[1:] == [("Kaplan–Meier", FIT), ("Kaplan–Meier", COMPONENTS[0])]


def test_ten_groups_have_ten_colours():
    _, ax = plt.subplots()
    for make in range(10):
        sj.KaplanMeier().fit(MAKES["A"]).plot(ax=ax, label=str(make))
    assert len({lines(ax, str(make))[0].get_color() for make in range(10)}) == 10


@pytest.mark.parametrize("plot", ["plot_survival", "plot_probability"])
def test_two_fits_to_the_same_data_share_its_estimate_in_grey(fits, plot):
    _, ax = plt.subplots()
    for name, fit in fits.items():
        getattr(fit, plot)(ax=ax, label=name)
    (estimate,) = lines(ax, "Kaplan–Meier")
    assert estimate.get_color() == DATA
    assert [lines(ax, name)[0].get_color() for name in fits] == [FIT, COMPONENTS[0]]


def test_two_fits_to_the_same_data_share_its_failure_rates_in_grey(fits):
    _, ax = plt.subplots()
    for name, fit in fits.items():
        fit.plot_hazard(ax=ax, label=name)
    (rates,) = ax.containers
    assert {to_hex(part.get_color() if part is rates[0] else part.get_color()[0]) for part in (rates[0], *rates[2])} == {DATA}


def test_beside_fits_to_two_groups_each_estimate_has_the_colour_of_its_fit():
    waltons = sj.datasets.load_waltons()
    _, ax = plt.subplots()
    for name, group in waltons.groupby("group"):
        sj.Weibull().fit(group["duration"], group["event"]).plot_survival(ax=ax, label=name)
    assert [line.get_color() for line in lines(ax, "Kaplan–Meier")] == [FIT, COMPONENTS[0]]
    assert ("Kaplan–Meier", DATA) in legend(ax)


def test_a_fit_on_paper_already_drawn_keeps_to_it(fits):
    ax = fits["one"].plot_probability()
    sj.LogNormal().fit(shipped("waltons")).plot_probability(ax=ax)
    assert ax.get_title(loc="left") == "Weibull probability paper"


def test_components_in_one_colour_are_told_apart_by_their_styles(fits):
    ax = fits["two"].plot_components(label="fleet", color="tab:red")
    parts = [lines(ax, f"fleet: component {index}")[0] for index in (0, 1)]
    assert {part.get_color() for part in parts} == {"tab:red"}
    assert len({part.get_linestyle() for part in [*parts, lines(ax, "fleet")[0]]}) == 3


def test_a_long_label_is_written_in_several_lines():
    ax = sj.KaplanMeier().fit(MAKES["A"]).plot(label="pumps of the second series, delivered before the change of supplier")
    assert [text.count("\n") for text, _ in legend(ax)] == [0, 1]


@pytest.mark.parametrize(
    ("color", "message"),
    [
        ("no colour", r'one of matplotlib\'s, such as "tab:orange".*got \'no colour\''),
        (["red", 3], "got 3"),
        (["red", "blue", "green"], "a list of one for each of the 2 lines; got 3"),
    ],
)
def test_colours_that_are_none_or_too_many_are_refused(color, message):
    causes = sj.Lifetimes([1, 2, 3, 4], cause=["seal", "seal", "bearing", "bearing"])
    with pytest.raises(ValueError, match=message):
        sj.AalenJohansen().fit(causes).plot(color=color)


def test_incidences_are_drawn_with_their_limits():
    causes = sj.Lifetimes([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], cause=["seal", "seal", "bearing", "seal", "bearing", None])
    estimate = sj.AalenJohansen().fit(causes)
    ax = estimate.plot(level=0.8)
    assert [text for text, _ in legend(ax)] == ["80 % confidence", "bearing", "seal"]
    at = np.array([2.5, 4.5, 5.5])
    for cause, band in zip(estimate.causes_, ax.collections, strict=True):
        limits = estimate.interval("cumulative_incidence", at, cause, level=0.8)
        corners = band.get_paths()[0].vertices
        for age, lower, upper in zip(at, limits["lower"], limits["upper"], strict=True):
            for height in (lower, upper):
                assert np.isclose(corners[:, 1], height, rtol=1e-12).any(), (cause, age)
    only = estimate.plot(cause="seal", label="plant 1")
    assert [text for text, _ in legend(only)] == ["95 % confidence", "plant 1: seal"]
    with pytest.raises(KeyError, match="no unit failed of 'gear'"):
        estimate.plot(cause="gear")


def test_a_fit_over_a_kaplan_meier_already_drawn_leaves_that_as_it_is(fits):
    ax = sj.KaplanMeier().fit(shipped("waltons")).plot()
    fits["one"].plot_survival(ax=ax)
    (estimate,) = lines(ax, "Kaplan–Meier")
    assert estimate.get_color() == FIT
    assert lines(ax, "Weibull")[0].get_color() == COMPONENTS[0]
