import json
import pickle

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.conftest import shipped

MODELS = {
    "weibull": lambda: sj.Weibull().fit(shipped("ball_bearings")),
    "known shape": lambda: sj.Weibull(shape=2.0).fit(shipped("generator_fans")),
    "mixture": lambda: sj.WeibullMixture(seed=3).fit(shipped("waltons")),
    "families": lambda: sj.Mixture([sj.Exponential(), sj.Weibull(shape=8.0)]).fit(shipped("waltons")),
    "plain model": lambda: sj.Model(sj.distributions.Weibull(shape=2.0)).fit(shipped("ball_bearings")),
    "fully known": lambda: sj.Weibull(2.0, 10.0),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_loaded_model_answers_as_the_saved_one(kind, tmp_path):
    model = MODELS[kind]()
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    assert type(loaded) is type(model)
    pd.testing.assert_series_equal(loaded.parameters_, model.parameters_, check_exact=True)
    pd.testing.assert_frame_equal(loaded.summary_, model.summary_, check_exact=True)
    np.testing.assert_array_equal(loaded.predict_rul([1.0, 20.0]), model.predict_rul([1.0, 20.0]))
    pd.testing.assert_frame_equal(loaded.interval("survival", [5.0, 50.0]), model.interval("survival", [5.0, 50.0]), check_exact=True)
    if kind != "fully known":
        assert (loaded.log_likelihood_, loaded.bic_, loaded.notes_) == (model.log_likelihood_, model.bic_, model.notes_)
        assert loaded.fit(shipped("waltons")).converged_  # constructor arguments survive: it can be fitted again


def test_the_file_can_be_read_by_a_person(tmp_path):
    sj.Weibull().fit(shipped("ball_bearings")).save(tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["model"] == "Weibull"
    assert content["parameters"]["scale"] == pytest.approx(81.8746, abs=1e-3)
    assert content["survjax_version"] == sj.__version__
    assert np.shape(content["covariance"]) == (2, 2)


def truncated(text):
    return text[: len(text) // 2]


def tampered(text):
    return text.replace('"shape": 2.10', '"shape": 2.11', 1)


def newer(text):
    return text.replace('"format_version": 1', '"format_version": 2')


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (truncated, "truncated or not JSON"),
        (tampered, "was altered after it was written"),
        (newer, "Upgrade survjax"),
        (lambda text: "", "truncated or not JSON"),
        (lambda text: '{"a": 1}', "is not a survjax model"),
        (lambda text: "[1]", "is not a survjax model"),
    ],
)
def test_a_damaged_file_is_refused_with_its_reason(change, message, tmp_path):
    path = tmp_path / "model.json"
    sj.Weibull().fit(shipped("ball_bearings")).save(path)
    changed = change(path.read_text())
    assert changed != path.read_text()
    path.write_text(changed)
    with pytest.raises(sj.ModelFileError, match=message):
        sj.load(path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "binary").write_bytes(pickle.dumps(3) + b"\xff\xfe")
    with pytest.raises(sj.ModelFileError, match="not text"):
        sj.load(tmp_path / "binary")
    with pytest.raises(FileNotFoundError):
        sj.load(tmp_path / "missing.json")


def test_an_unfitted_model_is_not_saved(tmp_path):
    with pytest.raises(sj.NotFitted):
        sj.Weibull().save(tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


def test_what_needs_the_data_says_so_after_loading(tmp_path):
    sj.Weibull().fit(shipped("ball_bearings")).save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    with pytest.raises(sj.NotFitted, match="pass life="):
        loaded.plot_survival()
    with pytest.raises(sj.NotFitted, match="fit again"):
        _ = loaded.path_
    assert loaded.plot_survival(shipped("ball_bearings")).get_title(loc="left") == "Survival"


def test_a_pickle_holds_the_model_and_not_the_fleet():
    model = sj.Weibull().fit(shipped("hard_drives"))
    text = pickle.dumps(model)
    assert len(text) < 10_000
    twin = pickle.loads(text)
    pd.testing.assert_series_equal(twin.parameters_, model.parameters_, check_exact=True)
    assert twin.lifetimes_ is None
    assert model.lifetimes_ is not None
