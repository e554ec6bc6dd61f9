"""A saved Cox regression comes back to the last bit, and a file that was meddled with does not."""

import json

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.models.checked_file import digest
from tests.cox.test_partial_likelihood import fleet

COX = sj.CoxProportionalHazards
PLANT = np.where(np.arange(256) % 2, "north", "south")


def cases():
    X, life = fleet()
    late = sj.Lifetimes(life.durations + 10.0, life.event_observed, entry=np.full(256, 10.0))
    more = X.assign(plant=PLANT, line=np.arange(256) % 2 == 0, brand=np.where(X["dust"] > 0, "b", "a"))
    return {
        "plain": (COX(), X, life, {}),
        "formula": (COX("~ np.log(load + 9) + C(brand)", ties="breslow"), more, late, {}),
        "strata": (COX(), more, life, {"strata": ["plant", "line"]}),
        "numbers": (COX(errors="robust"), X.assign(line=np.arange(256) % 3, unit=np.arange(256)), life, {"strata": "line", "unit": "unit"}),
        "array": (COX(penalty=2.0), np.column_stack([X, np.arange(256) % 2]), life, {"strata": "x3"}),
        "lasso": (COX(penalty=9.0, l1_ratio=0.5), X, life.durations, {}),
    }


@pytest.mark.parametrize("name", list(cases()))
def test_a_loaded_model_says_the_same_to_the_bit(name, tmp_path):
    model, X, y, keywords = cases()[name]
    model.fit(X, y, **keywords)
    model.save(tmp_path / "cox.json")
    twin = sj.load(tmp_path / "cox.json")
    assert type(twin) is COX
    assert repr(twin) == repr(model)
    assert twin.get_params() == model.get_params()
    pd.testing.assert_frame_equal(twin.summary_, model.summary_, check_exact=True)
    pd.testing.assert_series_equal(twin.baseline_cumulative_hazard_, model.baseline_cumulative_hazard_, check_exact=True)
    assert twin.notes_ == model.notes_
    assert (twin.log_likelihood_, twin.null_log_likelihood_, twin.optimality_) == (
        model.log_likelihood_,
        model.null_log_likelihood_,
        model.optimality_,
    )
    ages = np.array([11.0, 14.0])
    np.testing.assert_array_equal(twin.predict_survival(X, ages), model.predict_survival(X, ages))
    np.testing.assert_array_equal(twin.predict(X, 12.0), model.predict(X, 12.0))
    np.testing.assert_array_equal(twin.predict_failure_probability(X, 11.0, ages), model.predict_failure_probability(X, 11.0, ages))
    life = y if isinstance(y, sj.Lifetimes) else sj.Lifetimes(y)
    assert twin.score(X, life) == model.score(X, life)
    assert twin.log_likelihood(X, life) == model.log_likelihood(X, life)
    pd.testing.assert_frame_equal(twin.schoenfeld_test(X, life), model.schoenfeld_test(), check_exact=True)
    if name in ("plain", "strata", "array"):
        for asked in (("survival", X, ages), ("failure_probability", X, 11.0, 2.0), ("coefficients",)):
            pd.testing.assert_frame_equal(twin.interval(*asked), model.interval(*asked), check_exact=True)
        pd.testing.assert_frame_equal(
            twin.interval("rul", X, 11.0, horizon=3.0), model.interval("rul", X, 11.0, horizon=3.0), check_exact=True
        )
    if name == "plain":
        pd.testing.assert_frame_equal(twin.global_tests(), model.global_tests(), check_exact=True)
    if name == "numbers":
        pd.testing.assert_frame_equal(twin.interval("coefficients"), model.interval("coefficients"), check_exact=True)
        with pytest.raises(ValueError, match=r"robust limits of predictions .* its data are not with it: fit it again"):
            twin.interval("survival", X, 11.0)
    with pytest.raises(ValueError, match="its data are not with it"):
        twin.residuals()
    twin.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "cox.json").read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["coefficients"].update(load=1.0), "coefficients are not those inside"),
        (lambda c: c["standard_errors"].update(load=1.0), "standard errors are not"),
        (lambda c: c["inside"]["coefficients"].pop(), "coefficients should have the shape"),
        (lambda c: c["inside"].update(covariance=None), "has a covariance if it has no lasso"),
        (lambda c: c["baselines"]["age"].reverse(), "ages at failure do not increase"),
        (lambda c: c["baselines"].update(offsets=[0, 3]), "strata are not those of the ages"),
        (lambda c: c["fit"].update(failures=1e9), "have failed"),
        (lambda c: c["fit"].update(ties="exact"), "ties or errors"),
        (lambda c: c.pop("design"), "'design' is missing"),
        (lambda c: c.update(model="compare"), "has no 'compare'"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(change, message, tmp_path):
    path = tmp_path / "cox.json"
    COX().fit(*fleet()).save(path)
    content = json.loads(path.read_text())
    content.pop("sha256")
    change(content)
    path.write_text(json.dumps({**content, "sha256": digest(content)}))
    with pytest.raises(sj.ModelFileError, match=message):
        sj.load(path)


def test_what_no_file_can_hold_is_refused(tmp_path):
    with pytest.raises(sj.NotFitted):
        COX().save(tmp_path / "cox.json")
    X, life = fleet()
    month = pd.to_datetime(np.where(np.arange(256) % 2, "2024-01-01", "2024-02-01"))
    with pytest.raises(TypeError, match="the strata have learned a Timestamp, which no file can hold"):
        COX().fit(X, life, strata=list(month)).save(tmp_path / "cox.json")
    assert not list(tmp_path.iterdir())
