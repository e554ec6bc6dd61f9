"""Why a prediction is what it is."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.special import gamma

import survjax as sj
from tests.models.test_regression import fleet

FRAME, LIFE = fleet(n=64)
REACH = 1.959963984540054


@pytest.fixture(scope="module")
def hazards():
    return sj.ProportionalHazards(sj.Weibull()).fit(FRAME, LIFE)


@pytest.fixture(scope="module")
def times():
    return sj.AcceleratedFailureTime(sj.Weibull()).fit(FRAME, LIFE)


def test_contributions_are_coefficients_times_distances_from_the_mean(hazards):
    table = hazards.explain(FRAME)
    columns = np.column_stack([FRAME["load"], FRAME["make"] == "B"]).astype(float)
    np.testing.assert_allclose(table, (columns - columns.mean(axis=0)) * hazards.coefficients_.to_numpy(), rtol=1e-11, atol=1e-13)
    assert list(table.columns) == ["load", "make"]
    # a row adds up to the log of the ratio of hazards of two units
    hazard = hazards.predict_hazard(FRAME, 70.0)
    np.testing.assert_allclose(np.diff(table.sum(axis=1)), np.diff(np.log(hazard)), rtol=1e-9, atol=1e-12)


def test_contributions_against_a_unit_are_0_for_that_unit_and_keep_the_index(times):
    some = FRAME[:3].set_axis(["p", "q", "r"])
    table = times.explain(some, relative_to=some.iloc[[1]])
    assert list(table.index) == ["p", "q", "r"]
    np.testing.assert_array_equal(table.loc["q"], 0.0)
    median = times.predict_quantile(some, 0.5)
    np.testing.assert_allclose(table.sum(axis=1), np.log(median / median[1]), rtol=1e-10, atol=1e-13)


def test_the_columns_of_one_covariate_are_taken_together():
    plants = FRAME.assign(plant=np.array(["P", "Q", "R", "S"])[np.arange(64) % 4])
    model = sj.AcceleratedFailureTime(sj.Weibull()).fit(plants, LIFE)
    table, told = model.explain(plants), model.coefficients_
    assert list(table.columns) == ["load", "make", "plant"]
    of_level = np.append(0.0, told[["plant[Q]", "plant[R]", "plant[S]"]])
    np.testing.assert_allclose(table["plant"], of_level[np.arange(64) % 4] - of_level.mean(), rtol=1e-9, atol=1e-12)
    # and by formula, where a product of two covariates is of both
    model = sj.AcceleratedFailureTime(sj.Weibull(), "~ load + np.exp(load) + C(plant) + C(plant):load").fit(plants, LIFE)
    table, told = model.explain(plants), model.coefficients_
    assert list(table.columns) == ["load", "plant", "plant:load"]
    terms = told["load"] * plants["load"] + told["np.exp(load)"] * np.exp(plants["load"])
    np.testing.assert_allclose(table["load"], terms - terms.mean(), rtol=1e-8, atol=1e-10)
    score = np.log(model.predict_quantile(plants, 0.5))
    np.testing.assert_allclose(table.sum(axis=1), score - score.mean(), rtol=1e-8, atol=1e-10)


def test_contributions_to_each_parameter_stand_apart():
    model = sj.ParameterRegression(sj.Weibull(), {"scale": "~ load + make", "shape": "~ load"}).fit(FRAME, LIFE)
    table = model.explain(FRAME)
    assert list(table.columns) == [("shape", "load"), ("scale", "load"), ("scale", "make")]
    expected = model.parameters_["shape[load]"] * (FRAME["load"] - FRAME["load"].mean())
    np.testing.assert_allclose(table["shape", "load"], expected, rtol=1e-10, atol=1e-13)


def test_a_model_that_takes_no_means_off_asks_what_to_compare_with():
    model = sj.ProportionalHazards(sj.Weibull(shape=1.6)).fit(FRAME, LIFE)
    with pytest.raises(ValueError, match="relative_to="):
        model.explain(FRAME)
    np.testing.assert_allclose(
        model.explain(FRAME, relative_to={"load": 0.0, "make": "A"})["load"], FRAME["load"] * model.coefficients_["load"], rtol=1e-11
    )
    with pytest.raises(ValueError, match="has 64 rows"):
        model.explain(FRAME, relative_to=FRAME)


def test_the_effect_on_mean_life_is_that_of_the_weibull(times):
    table = times.partial_effect("load", {"load": 2.0, "make": "B"}, [1.0, 2.5])
    told = times.parameters_
    expected = told["scale"] * np.exp(told["load"] * np.array([1.0, 2.5]) + told["make[B]"]) * gamma(1.0 + 1.0 / told["shape"])
    np.testing.assert_allclose(table["estimate"], expected, rtol=1e-10)
    assert table.index.name == "load"
    pd.testing.assert_frame_equal(
        table.reset_index(drop=True), times.interval("rul", pd.DataFrame({"load": [1.0, 2.5], "make": ["B", "B"]}), 0.0)
    )


def test_a_hazard_ratio_has_the_limits_of_its_coefficient(hazards):
    table = hazards.partial_effect("load", FRAME, [1.0, 3.0], "hazard ratio")
    typical = np.sort(FRAME["load"])[31]
    distance = np.array([1.0, 3.0]) - typical
    estimate, error = hazards.coefficients_["load"], hazards.standard_errors_["load"]
    np.testing.assert_allclose(table["estimate"], np.exp(distance * estimate), rtol=1e-11)
    np.testing.assert_allclose(table["upper"], np.exp(distance * estimate + REACH * error * np.abs(distance)), rtol=1e-10)
    at_typical = hazards.partial_effect("load", FRAME, [typical], "hazard ratio")
    np.testing.assert_array_equal(at_typical, 1.0)


def test_values_are_those_of_the_data_or_the_levels(hazards):
    table = hazards.partial_effect("load", FRAME, what="survival", t=100.0)
    assert len(table) == 41
    np.testing.assert_allclose(table.index[[0, -1]], np.quantile(FRAME["load"], [0.01, 0.99]), rtol=1e-14)
    assert list(hazards.partial_effect("make", FRAME, what="survival", t=100.0).index) == ["A", "B"]
    several = hazards.partial_effect("make", FRAME, what="survival", t=[100.0, 200.0])
    assert list(several.index) == [("A", 0), ("A", 1), ("B", 0), ("B", 1)]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("colour", FRAME), "no covariate 'colour'; there are load, make"),
        (("load", FRAME[:1]), "pass values="),
        (("load", FRAME[["load"]]), "'make' is missing in at"),
        (("load", FRAME, []), "values is empty"),
        (("load", FRAME, [1.0], "time ratio"), "has no time ratio"),
        (("make", FRAME, ["Z"]), "make is 'Z'"),
    ],
)
def test_an_effect_that_cannot_be_had_is_refused(hazards, asked, message):
    with pytest.raises(ValueError, match=message):
        hazards.partial_effect(*asked)


def test_the_picture_shows_the_table(hazards):
    ax = hazards.plot_partial_effect("load", FRAME, what="survival", t=[50.0, 200.0])
    table = hazards.partial_effect("load", FRAME, what="survival", t=[50.0, 200.0])
    for place, line in enumerate(ax.lines[:2]):
        np.testing.assert_array_equal(line.get_ydata(), table["estimate"].xs(place, level=1))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["t = 50, 95 % confidence", "t = 200, 95 % confidence"]
    labelled = hazards.plot_partial_effect("make", FRAME, what="hazard ratio")
    assert [tick.get_text() for tick in labelled.get_xticklabels()] == ["A", "B"]
    assert labelled.get_yscale() == "log"
    plt.close("all")
