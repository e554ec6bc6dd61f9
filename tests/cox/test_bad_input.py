"""Data that cannot be, or not under this model, are refused with the row and the way out."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import survjax as sj
from tests.cox.test_partial_likelihood import fleet

COX = sj.CoxProportionalHazards


def test_failures_known_within_an_interval_belong_to_parametric_models():
    X, life = fleet()
    for lower, upper in ((life.durations - 0.5, life.durations), (0 * life.durations, life.durations)):
        with pytest.raises(ValueError, match=r"Row 0 failed between .* Use a parametric model, survjax.ProportionalHazards"):
            COX().fit(X, sj.Lifetimes.from_intervals(lower, upper))
    cut = sj.Lifetimes.from_intervals(life.durations, life.durations, right_truncation=life.durations + 1)
    with pytest.raises(ValueError, match="cannot take right truncation, which row 0 has"):
        COX().fit(X, cut)


def test_x_and_y_have_as_many_rows():
    X, life = fleet()
    model = COX().fit(X, life)
    for call in (COX().fit, model.score, model.log_likelihood, model.schoenfeld_test):
        with pytest.raises(ValueError, match="255"):
            call(X.iloc[1:], life)


def test_what_the_covariates_must_be():
    X, life = fleet()
    model = COX().fit(X, life)
    hole = X.copy()
    hole.loc[7, "heat"] = np.nan
    for call in (lambda x: COX().fit(x, life), model.predict, model.predict_partial_hazard):
        with pytest.raises(ValueError, match=r"'heat' .* row 7"):
            call(hole)
    with pytest.raises(ValueError, match="column 'dust' is missing"):
        model.predict(X[["load", "heat"]])
    np.testing.assert_array_equal(model.predict(X[["dust", "load", "heat"]]), model.predict(X))
    with pytest.raises(ValueError, match="column 'site' is 1 in every row"):
        COX().fit(X.assign(site=1.0), life)
    brands = COX().fit(X.assign(brand=np.where(X["load"] > 0, "a", "b")), life)
    with pytest.raises(ValueError, match="'c'"):
        brands.predict(X.assign(brand="c"))
    for y in (life, X, life.durations):
        with pytest.raises(TypeError, match="X is a Lifetimes: it comes second"):
            COX().fit(life, y)


@pytest.mark.parametrize(
    ("entry", "failed", "message"),
    [
        ([0, 4, 0], [0, 1, 1], r"rows 0 \(start=0, stop=5\) and 1 \(start=4, stop=9\) of unit 'a' overlap"),
        ([0, 6, 0], [0, 1, 1], r"rows 0 \(start=0, stop=5\) and 1 \(start=6, stop=9\) of unit 'a' leave a gap"),
        ([0, 5, 0], [1, 1, 1], r"unit 'a' has an event in row 0 \(start=0, stop=5\), which is not its last"),
    ],
)
def test_histories_are_whole(entry, failed, message):
    X = pd.DataFrame({"load": [1.0, 2.0, 3.0], "unit": ["a", "a", "b"]})
    life = sj.Lifetimes([5, 9, 7], failed, entry=entry)
    with pytest.raises(ValueError, match=message):
        COX().fit(X, life, unit="unit")
    with pytest.raises(ValueError, match=message):
        COX().fit(X[["load"]], life, unit=X["unit"])


def test_rows_of_a_unit_without_entries_overlap():
    with pytest.raises(ValueError, match=r"rows 0 .* and 1 .* of unit .*1.* overlap"):
        COX().fit(pd.DataFrame({"load": [1.0, 2.0, 3.0]}), sj.Lifetimes([5, 9, 7], [0, 1, 1]), unit=[1, 1, 2])


def test_labels_are_not_missing():
    X, life = fleet()
    for keyword in ("unit", "strata"):
        labels = np.array(["a", "b"] * 128, dtype=object)
        labels[3] = None
        with pytest.raises(ValueError, match=f"{keyword} is missing in row 3"):
            COX().fit(X, life, **{keyword: labels})
        with pytest.raises(ValueError, match="column 'plant' is missing"):
            COX().fit(X, life, **{keyword: "plant"})


def test_a_fit_that_raises_leaves_the_model_as_it_was():
    X, life = fleet()
    model = COX().fit(X, life)
    before = model.coefficients_
    with pytest.raises(ValueError, match="255"):
        model.fit(X.iloc[1:], life)
    pd.testing.assert_series_equal(model.coefficients_, before)
    with pytest.raises(sj.NotFitted):
        COX().predict(X)


def test_pairs_to_be_judged_by_are_needed():
    X, life = fleet()
    model = COX().fit(X, life)
    with pytest.raises(ValueError, match="there is no pair"):
        model.score(X.iloc[:3], sj.Lifetimes([1, 2, 3], [0, 0, 1]))
    with pytest.raises(ValueError, match="there is no pair"):
        model.score(X.iloc[:3], sj.Lifetimes([1, 2, 3], [0, 0, 0]))
    with pytest.raises(ValueError, match="no unit of these data failed"):
        model.log_likelihood(X.iloc[:3], sj.Lifetimes([1, 2, 3], [0, 0, 0]))


def test_every_kind_of_table_says_the_same():
    X, life = fleet()
    X = X.assign(plant=np.where(np.arange(256) % 2, "north", "south"), number=np.arange(256))
    expected = COX(errors="robust").fit(X, life, strata="plant", unit="number")
    assert list(expected.coefficients_.index) == ["load", "heat", "dust"]
    for table in (pl.from_pandas(X), pa.Table.from_pandas(X), {name: X[name].to_numpy() for name in X}):
        model = COX(errors="robust").fit(table, life, strata="plant", unit="number")
        pd.testing.assert_frame_equal(model.summary_, expected.summary_)
        np.testing.assert_array_equal(model.predict(table), expected.predict(X))
        assert model.score(table, life) == expected.score(X, life)
