"""scikit-learn's tools take Cox regression as their own, and lifelines' and scikit-survival's habits are met."""

import lifelines
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.validation import check_is_fitted

import survjax as sj
from tests.cox.test_partial_likelihood import fleet

COX = sj.CoxProportionalHazards


def test_clone_and_params_round_trip():
    model = COX("~ load", ties="breslow", penalty=0.5, l1_ratio=0.2, errors="robust")
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert repr(twin) == "CoxProportionalHazards(formula='~ load', ties='breslow', penalty=0.5, l1_ratio=0.2, errors='robust')"
    with pytest.raises(Exception, match="not fitted"):
        check_is_fitted(COX())
    check_is_fitted(COX().fit(*fleet()))


def test_a_structured_array_is_a_target():
    X, life = fleet()
    y = np.array(list(zip(life.event_observed, life.durations, strict=True)), dtype=[("event", bool), ("time", float)])
    pd.testing.assert_series_equal(COX().fit(X, y).coefficients_, COX().fit(X, life).coefficients_)


def test_a_formula_names_its_columns():
    X, life = fleet()
    brand = np.where(X["dust"] > 0, "b", "a")
    model = COX("~ np.abs(load) + C(brand)").fit(X.assign(brand=brand), life)
    plain = COX().fit(pd.DataFrame({"load": np.abs(X["load"]), "brand": (brand == "b").astype(float)}), life)
    np.testing.assert_allclose(model.coefficients_, plain.coefficients_, rtol=1e-12)
    assert list(model.summary_.index) == ["np.abs(load)", "C(brand)[T.b]"]
    np.testing.assert_allclose(model.predict(X.assign(brand=brand)), plain.predict({"load": np.abs(X["load"]), "brand": brand == "b"}))


def test_cross_validation_and_grid_search_judge_by_concordance():
    X, life = fleet()
    scores = cross_val_score(COX(), X, life, cv=4)
    assert np.all((scores > 0.55) & (scores < 1))
    search = GridSearchCV(COX(l1_ratio=1.0), {"penalty": [0.1, 1000.0]}, cv=4).fit(X, life)
    assert search.best_params_ == {"penalty": 0.1}


@pytest.mark.parametrize("late", [False, True])
def test_lifelines_says_the_same(late):
    X, life = fleet(late=late)
    frame = X.assign(time=life.durations, failed=life.event_observed, entry=0.0 if life.entry is None else life.entry)
    options = {"precision": 1e-14, "r_precision": 1e-15}  # or it stops at 1e-6 of the coefficients
    theirs = lifelines.CoxPHFitter().fit(
        frame, "time", "failed", entry_col="entry" if late else None, formula="load + heat + dust", fit_options=options
    )
    ours = COX().fit(X, life)
    np.testing.assert_allclose(ours.coefficients_, theirs.params_[["load", "heat", "dust"]], rtol=1e-9)
    np.testing.assert_allclose(ours.standard_errors_, theirs.standard_errors_[["load", "heat", "dust"]], rtol=1e-9)
    np.testing.assert_allclose(ours.log_likelihood_, theirs.log_likelihood_, rtol=1e-12)
    np.testing.assert_allclose(ours.aic_, theirs.AIC_partial_, rtol=1e-12)
    if not late:
        np.testing.assert_allclose(ours.predict_partial_hazard(X), theirs.predict_partial_hazard(X), rtol=1e-9)
        np.testing.assert_allclose(ours.score(X, life), theirs.concordance_index_, rtol=2e-2)  # they count ties of age otherwise
