"""Clusters, and limits of ages by which a share of units has failed, against R; bounds of a unit's own life against what they are."""

import json

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.cox.conftest import REFERENCE, case, read
from tests.cox.test_intervals import small

COX = sj.CoxProportionalHazards
R = json.loads((REFERENCE / "cox_units.json").read_text())


def of_litters(name):
    """X with a column of clusters, and y, of what R calls by this name."""
    if name == "rats_litters":
        frame = read("rats")
        return frame[["rx", "sex", "litter"]], case("rats")[1]
    X, y, _ = case("lung_shares" if name == "lung_tens_shares" else "lung")
    return X.assign(ten=[f"ten {k // 10}" for k in range(len(X))]), y


@pytest.mark.parametrize("name", [name for name in R if "litters" in name or "tens" in name])
def test_errors_of_clusters_are_those_of_r(name):
    data, ties = name.split(":")
    X, y = of_litters(data)
    cluster = X.columns[-1]
    model = COX(ties=ties).fit(X, y, cluster=cluster)
    # R writes 15 digits; its coefficients and ours end at the rounding floor of the same likelihood
    np.testing.assert_allclose(model.coefficients_, R[name]["coef"], rtol=1e-8)
    np.testing.assert_allclose(model.covariance_, R[name]["vcov"], rtol=1e-8)
    beside = COX(ties=ties).fit(X.drop(columns=cluster), y, cluster=X[cluster])
    pd.testing.assert_frame_equal(beside.covariance_, model.covariance_)
    assert beside.summary_.index.tolist() == model.summary_.index.tolist()


@pytest.mark.parametrize("name", [name for name in R if name.split(":")[0] in ("lung", "lung_late")])
def test_limits_of_quantiles_are_those_of_r(name):
    data, ties = name.split(":")
    X, y, _ = case(data)
    found = COX(ties=ties).fit(X, y).interval("quantile", X.iloc[:2], R[name]["p"])
    for position, unit in enumerate(R[name]["units"]):
        # ages of the data, so that they are the same or another age
        np.testing.assert_array_equal(found.xs(X.index[position], level=0), pd.DataFrame(unit))


def fitted(errors="model"):
    X, age, failed = small()
    return X, COX(errors=errors).fit(X, sj.Lifetimes(age, failed))


@pytest.mark.parametrize("errors", ["model", "robust"])
def test_limits_of_the_remaining_life_are_where_those_of_the_failure_probability_cross(errors):
    X, model = fitted(errors)
    units, age = X.iloc[[3, 10, 40]], np.array([0.0, 1.0, 4.0])
    table = model.interval("rul", units, age, kind=0.3, level=0.8)
    ages = model.baseline_cumulative_hazard_.index.to_numpy()
    for row, begin in enumerate(age):
        ahead = ages[ages > begin] - begin
        band = model.interval("failure_probability", units.iloc[[row]], begin, ahead, level=0.8)
        expected = [ahead[np.argmax(band[one] >= 0.3)] if (band[one] >= 0.3).any() else np.inf for one in ("estimate", "upper", "lower")]
        np.testing.assert_allclose(table.iloc[row], expected, rtol=1e-14)
    one = model.interval("rul", units, age, kind=0.3, level=0.9, side="upper")
    np.testing.assert_array_equal(one["upper"], table["upper"])
    np.testing.assert_array_equal(one["lower"], 0.0)
    one = model.interval("rul", units, age, kind=0.3, level=0.9, side="lower")
    np.testing.assert_array_equal(one["lower"], table["lower"])
    np.testing.assert_array_equal(one["upper"], np.inf)


def test_of_no_units_nothing_is_to_be_waited_for():
    X, model = fitted()
    np.testing.assert_array_equal(model.interval("quantile", X.iloc[:2], 0.0), 0.0)
    assert model.interval("median", X.iloc[[3]]).equals(model.interval("quantile", X.iloc[[3]], 0.5))


def test_what_the_data_do_not_reach_is_an_endless_limit_and_no_estimate():
    X, model = fitted()
    late = X.assign(load=-4.0)
    with pytest.raises(ValueError, match="lies beyond the data"):
        model.interval("median", late.iloc[[0]])
    bounds = model.predict_rul_interval(late.iloc[:3], 2.0)
    assert np.isinf(bounds["upper"]).all()


def test_the_interval_of_a_life_holds_as_many_as_it_says():
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(300):
        load = rng.normal(size=128)
        age = 10 * rng.exponential(np.exp(-0.7 * load))
        model = COX().fit({"load": load}, sj.Lifetimes(age))
        bounds = model.predict_rul_interval({"load": [0.0, 0.5]}, [0.0, 3.0], level=0.8)
        life = 10 * rng.exponential(np.exp([0.0, -0.35]))
        inside.append((bounds["lower"] < life) & (life <= bounds["upper"]))
    # four standard errors of 600 draws, nearly independent
    assert abs(np.mean(inside) - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 600)


def test_the_interval_of_a_life_is_that_of_survival_where_there_is_no_doubt():
    """2,048 units leave hardly any: quantiles of survival are within a step of the bounds."""
    rng = np.random.default_rng(4)
    load = rng.normal(size=2048)
    model = COX().fit({"load": load}, sj.Lifetimes(10 * rng.exponential(np.exp(-0.7 * load))))
    unit = {"load": [0.3]}
    bounds = model.predict_rul_interval(unit, 2.0, level=0.5)
    ages = np.append(0.0, model.baseline_cumulative_hazard_.index.to_numpy())
    for bound, share in zip(bounds.iloc[0], (0.25, 0.75), strict=True):
        plug_in = 2.0 + model.predict_rul(unit, 2.0, share)[0]
        assert abs(np.searchsorted(ages, 2.0 + bound) - np.searchsorted(ages, plug_in)) <= 10


def test_clusters_are_not_histories():
    X, age, failed = small()
    life = sj.Lifetimes(age, failed)
    with pytest.raises(ValueError, match="give one"):
        COX().fit(X, life, unit=np.arange(64), cluster=np.arange(64) // 2)
    with pytest.raises(ValueError, match="column 'plant' is missing in X"):
        COX().fit(X, life, cluster="plant")
    alone = COX(errors="robust").fit(X, life).covariance_
    pd.testing.assert_frame_equal(COX().fit(X, life, cluster=np.arange(64)).covariance_, alone)
