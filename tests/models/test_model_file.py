import dataclasses
import json
import pickle

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.models.checked_file import digest
from survjax.parameters import Duration
from tests.conftest import shipped


def plain_weibull():
    """The quantiles of one Weibull distribution: no mixture of two is likelier."""
    return 1000 * np.sqrt(-np.log1p(-(np.arange(20) + 0.5) / 20))


MODELS = {
    "weibull": lambda: sj.Weibull().fit(shipped("ball_bearings")),
    "known shape": lambda: sj.Weibull(shape=2.0).fit(shipped("generator_fans")),
    "mixture": lambda: sj.WeibullMixture(seed=3).fit(shipped("waltons")),
    "families": lambda: sj.Mixture([sj.Exponential(), sj.Weibull(shape=8.0)]).fit(shipped("waltons")),
    "plain model": lambda: sj.Model(sj.distributions.Weibull(shape=2.0)).fit(shipped("ball_bearings")),
    "fully known": lambda: sj.Weibull(2.0, 10.0),
    "a single law after all": lambda: sj.WeibullMixture().fit(plain_weibull()),
    "learners inside": lambda: sj.Mixture([sj.Model(sj.distributions.Weibull(2.0)), sj.Weibull()]).fit(shipped("waltons")),
    "nearly singular": lambda: sj.WeibullMixture(3).fit(shipped("generator_fans")),
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


def with_checksum(content):
    """As one writes it who knows how the checksum is made."""
    content.pop("sha256", None)
    return {**content, "sha256": digest(content)}


def put(*keys_and_value):
    def change(content):
        *keys, last, value = keys_and_value
        inner = content
        for key in keys:
            inner = inner[key]
        assert inner[last] != value
        inner[last] = value

    return change


def swap_covariance(content):
    content["covariance"][0][1] *= 2


def swap_both_covariances(content):
    for name in ("covariance", "coordinate_covariance"):
        content[name][0][1] = content[name][1][0] = 1e6


NONSENSE = {
    "parameter": (put("parameters", "shape", 2.2), "parameters are not those of the distribution at the coordinates"),
    "parameter by a little": (lambda c: c["parameters"].update(shape=c["parameters"]["shape"] * (1 + 3e-9)), "parameters are not those"),
    "parameter nan": (put("parameters", "shape", "nan"), "parameters are not those"),
    "parameter text": (put("parameters", "shape", "2.2"), "'2.2' stands where a number should"),
    "parameter boolean": (put("parameters", "shape", True), "True stands where a number should"),
    "parameter huge": (put("parameters", "shape", 10**400), "too large"),
    "parameter renamed": (lambda c: c["parameters"].update(form=c["parameters"].pop("shape")), "not those of the distribution"),
    "coordinate": (put("coordinates", 0, 0.5), "parameters are not those"),
    "coordinate nan": (put("coordinates", 0, "nan"), "a coordinate is not finite"),
    "coordinate beyond floats": (put("coordinates", 0, 1e308), "parameters that are not finite"),
    "coordinates too few": (put("coordinates", [1.0]), "coordinates should have the shape"),
    "known parameter": (put("distribution", "shape", -2.0), "must be a positive number"),
    "known and learned": (put("distribution", "shape", 2.0), "coordinates should have the shape"),
    "covariance asymmetric": (swap_covariance, "the covariance is not symmetric"),
    "covariance ragged": (put("covariance", 0, [1.0]), "covariance should have the shape"),
    "covariance negative": (put("covariance", 0, 0, -1.0), "negative variance"),
    "covariance infinite": (put("covariance", 0, 0, "inf"), "infinite entry"),
    "covariance nan": (put("covariance", 0, 0, "nan"), "does not follow from that of the coordinates"),
    "covariance larger": (put("covariance", 1, 1, 1e4), "does not follow from that of the coordinates"),
    "covariance huge": (put("coordinate_covariance", 0, 0, 1e308), "does not follow from that of the coordinates"),
    "correlation": (swap_both_covariances, "correlation beyond 1"),
    "covariance missing": (lambda c: c.pop("covariance"), "'covariance' is missing"),
    "standard errors": (put("standard_errors", "shape", 0.1), "standard errors are not the roots"),
    "log-likelihood nan": (put("fit", "log_likelihood", "nan"), "log-likelihood of 23 units cannot be nan"),
    "log-likelihood infinite": (put("fit", "log_likelihood", "-inf"), "cannot be -inf"),
    "more failures than units": (put("fit", "failures", 24.0), "of 23 units 24 have failed"),
    "negative units": (put("fit", "units", -1.0), "of -1 units"),
    "negative steps": (put("fit", "steps", -1), "number of steps must be a whole number"),
    "half a start": (put("fit", "starts", 1.5), "number of starts must be a whole number"),
    "true hits": (lambda c: c["fit"].update(starts_that_reached_it=True), "number of starts that reached it must be"),
    "learned": (put("fit", "parameters_learned", 3), "number of parameters learned"),
    "reason": (put("fit", "stop_reason", 5), "the reason to stop must be a word"),
    "converged without covariance": (put("coordinate_covariance", [["nan", "nan"], ["nan", "nan"]]), "has a covariance, and this one none"),
    "impossible argument": (put("arguments", "shape", -1.0), "shape of Weibull must be a positive number"),
    "notes": (put("fit", "notes", "none"), "notes must be a list of sentences"),
    "fit of another kind": (put("fit", [1]), "cannot be read as a model"),
    "unknown model": (put("model", "Weibul"), "has no 'Weibul'"),
    "other model": (put("model", "Exponential"), "unexpected keyword argument 'shape'"),
    "mixture of one": (lambda c: c.update(model="WeibullMixture", arguments={}), "has no distribution of the kind Weibull"),
    "unknown distribution": (put("distribution", "distribution", "Gumbel"), "has no 'Gumbel'"),
    "unknown argument": (put("arguments", {"colour": 2}), "unexpected keyword argument 'colour'"),
    "version 0": (put("format_version", 0), "must be a whole number from 1; it is 0"),
    "version -5": (put("format_version", -5), "must be a whole number from 1; it is -5"),
    "version True": (lambda c: c.update(format_version=True), "must be a whole number from 1; it is True"),
    "version as text": (put("format_version", "1"), "must be a whole number from 1; it is '1'"),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_with_a_good_checksum_is_refused(case, tmp_path):
    change, message = NONSENSE[case]
    path = tmp_path / "model.json"
    sj.Weibull().fit(shipped("ball_bearings")).save(path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(with_checksum(content)))
    with pytest.raises(sj.ModelFileError, match=message):
        sj.load(path)


def test_nan_is_for_components_without_weight_only(tmp_path):
    path = tmp_path / "model.json"
    model = MODELS["a single law after all"]()
    assert model.parameters_.isna().sum() == 2
    model.save(path)
    content = json.loads(path.read_text())
    content["parameters"]["shape_0"] = "nan"
    path.write_text(json.dumps(with_checksum(content)))
    with pytest.raises(sj.ModelFileError, match="parameters are not those"):
        sj.load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"format": "survjax model", "a": ' + "[" * 400 + "]" * 400 + "}", "is not a survjax model"),
        ('{"format": "survjax model", "format": "survjax model"}', "it has 'format' twice"),
        ('{"format": "survjax model", "format_version": 1, "x": NaN}', "NaN is not a number of JSON"),
        ("1" * 5000, "is not a survjax model"),
    ],
)
def test_odd_json_is_refused(text, message, tmp_path):
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(sj.ModelFileError, match=message):
        sj.load(path)


class Rayleigh(sj.distributions.Distribution):
    """A law of the user's own."""

    scale: Duration

    def log_survival(self, time):
        return -((time / self.scale) ** 2)

    def start(self, centre, spread):
        return {"scale": float(np.exp(centre))}


class OwnWeibull(sj.Weibull):
    """A learner of the user's own."""


UNSAVABLE = {
    "own learner": (lambda: OwnWeibull(2.0, 3.0), r"OwnWeibull is not one of them.*with pickle"),
    "remaining life": (lambda: sj.Model(sj.Weibull(2.0, 3.0).known().given_survival(1.0)), r"RemainingLife is not one of the distr"),
    "an odd argument": (lambda: sj.Weibull(2.0, 3.0).fit([1.0]).set_params(shape={1}), r"cannot hold \{1\}, of type set"),
}


@pytest.mark.parametrize("case", UNSAVABLE)
def test_what_load_could_not_make_again_is_not_saved(case, tmp_path):
    make, message = UNSAVABLE[case]
    path = tmp_path / "model.json"
    path.write_text("the model of yesterday")
    with pytest.raises(TypeError, match=message):
        make().save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]
    assert path.read_text() == "the model of yesterday"


def test_a_law_called_like_one_of_ours_is_not_saved(tmp_path):
    impostor = type("Weibull", (Rayleigh,), {"__annotations__": {"scale": Duration}, "__module__": __name__})
    with pytest.raises(TypeError, match=r"your distribution Weibull has the name of one of survjax's.*rename"):
        sj.Model(impostor(2.0)).save(tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


def test_a_fit_that_stopped_short_is_kept_as_it_is(tmp_path):
    never = sj.Weibull().fit(shipped("ball_bearings"))
    fit = dataclasses.replace(
        never._fit, reason="step_limit", coordinate_covariance=np.full((2, 2), np.nan), covariance=np.full((2, 2), np.nan)
    )
    never._fit = fit
    never.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    assert not loaded.converged_
    assert loaded.standard_errors_.isna().all()


def test_a_folder_is_not_written_over(tmp_path):
    (tmp_path / "models").mkdir()
    with pytest.raises(IsADirectoryError, match="give the name of a file"):
        sj.Weibull(2.0, 3.0).save(tmp_path / "models")
    assert [file.name for file in tmp_path.iterdir()] == ["models"]


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


def test_a_wrapper_around_a_boundary_is_kept(tmp_path):
    lives = 10 + 5 * np.random.default_rng(3).weibull(1.5, 64)
    model = sj.ZeroInflated(sj.Threshold(sj.Weibull())).fit(lives)
    model.save(tmp_path / "model.json")
    np.testing.assert_array_equal(sj.load(tmp_path / "model.json").parameters_, model.parameters_)
