"""A fit of a user's likelihood in a file: back to the last bit, without its function until that is given back."""

import json

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.models.checked_file import digest

RANDOM = np.random.default_rng(11)
DATA = {"x": RANDOM.normal(size=(64, 2)), "group": np.arange(64) % 2}
DATA["y"] = 3.0 + DATA["x"] @ [1.0, -2.0] + RANDOM.normal(size=64)
SPACE = {
    "beta": sj.Real(["load", "age"]),
    "level": sj.Real(shape=2, start=1.0),
    "sigma": sj.Positive(start=2.0),
    "share": "probability",
    "offset": np.array([0.5, 0.25]),
    "turn": np.array([1, 0]),
    "unit": 1.5,
}


def log_density(parameters, row):
    mean = parameters["level"][parameters["turn"][row["group"]]] + row["x"] @ (parameters["beta"] + parameters["offset"])
    z = (row["y"] - mean) / (parameters["sigma"] * parameters["unit"])
    heads = jnp.where(row["group"] == 0, jnp.log(parameters["share"]), jnp.log1p(-parameters["share"]))
    return -0.5 * z**2 - jnp.log(parameters["sigma"]) + heads


@pytest.fixture(scope="module")
def fitted():
    return sj.MaximumLikelihood(log_density, SPACE).fit(DATA)


@pytest.fixture
def path(fitted, tmp_path):
    fitted.save(tmp_path / "own.json")
    return tmp_path / "own.json"


def variance(parameters):
    return {"variance": parameters["sigma"] ** 2}


def test_what_was_learned_comes_back_to_the_last_bit_without_the_function(fitted, path):
    again = sj.load(path)
    pd.testing.assert_series_equal(again.parameters_, fitted.parameters_, check_exact=True)
    pd.testing.assert_frame_equal(again.covariance_, fitted.covariance_, check_exact=True)
    pd.testing.assert_frame_equal(again.summary_, fitted.summary_, check_exact=True)
    pd.testing.assert_frame_equal(again.interval(variance, domain="positive"), fitted.interval(variance, domain="positive"))
    assert repr(again) == repr(fitted)
    for name in ("log_likelihood_", "aic_", "bic_", "converged_", "stop_reason_", "n_steps_", "n_starts_", "n_hits_", "notes_"):
        assert getattr(again, name) == getattr(fitted, name), name
    for name, value in fitted.estimates_.items():
        np.testing.assert_array_equal(again.estimates_[name], value)
    assert again.estimates_["turn"].dtype.kind == "i"
    assert len(again.path_) == 0
    again.save(path.with_name("again.json"))
    assert path.with_name("again.json").read_text() == path.read_text()


def test_what_needs_the_function_or_the_data_says_so(path):
    again = sj.load(path)
    for call in (lambda: again.fit(DATA), lambda: again.score(DATA)):
        with pytest.raises(TypeError, match=r"log_density is not in the file.*sj.load\(path, log_likelihood=log_density\)"):
            call()
    for method in ("likelihood", "bootstrap"):
        with pytest.raises(sj.NotFitted, match="neither a pickle nor a file holds them: fit again"):
            again.interval(method=method)


def test_the_function_given_back_scores_and_fits_as_before(fitted, path):
    again = sj.load(path, log_likelihood=log_density)
    assert again.score(DATA) == fitted.score(DATA)
    again.fit(DATA)
    pd.testing.assert_series_equal(again.parameters_, fitted.parameters_, check_exact=True)
    assert again.n_steps_ == fitted.n_steps_  # from the same start
    with pytest.raises(TypeError, match="log_likelihood must be a function"):
        sj.load(path, log_likelihood="log_density")


def test_a_function_for_a_model_of_another_kind_is_refused(tmp_path):
    sj.Weibull(shape=2.0, scale=1.0).save(tmp_path / "weibull.json")
    with pytest.raises(TypeError, match=r"belongs to a MaximumLikelihood, and .* holds a Weibull"):
        sj.load(tmp_path / "weibull.json", log_likelihood=log_density)


def test_a_fit_that_stopped_short_may_be_saved(tmp_path):
    model = sj.MaximumLikelihood(lambda parameters, row: -jnp.exp(-parameters["level"]) * row["y"] ** 2, {"level": "real"})
    model.fit(DATA, require_convergence=False).save(tmp_path / "short.json")
    again = sj.load(tmp_path / "short.json")
    assert again.stop_reason_ == "endless"
    assert again.standard_errors_.isna().all()


def test_what_no_file_can_hold_is_refused(tmp_path):
    with pytest.raises(sj.NotFitted):
        sj.MaximumLikelihood(log_density, SPACE).save(tmp_path / "no.json")
    own = type(sj.Positive)("a number of mine")
    model = sj.MaximumLikelihood(lambda parameters, row: -((row["y"] - parameters["level"]) ** 2), {"level": own}).fit(DATA)
    with pytest.raises(TypeError, match="survjax's own domains only"):
        model.save(tmp_path / "no.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content["estimates"].update({"sigma": 9.0}), "estimates are not those of the coordinates"),
        (lambda content: content["standard_errors"].update({"sigma": 9.0}), "standard_errors are not those"),
        (lambda content: content["coordinates"].pop(), "coordinates should have the shape"),
        (lambda content: content["arguments"]["parameters"][0].update({"domain": "os.system"}), "there is no domain 'os.system'"),
        (lambda content: content["arguments"].update({"per": "unit"}), "no arguments of MaximumLikelihood"),
        (lambda content: content["fit"].pop("notes"), "'notes' is missing"),
    ],
)
def test_a_file_whose_parts_do_not_fit_is_refused(path, change, said):
    content = json.loads(path.read_text())
    change(content)
    del content["sha256"]
    content["sha256"] = digest(content)
    path.write_text(json.dumps(content))
    with pytest.raises(sj.ModelFileError, match=said):
        sj.load(path)
