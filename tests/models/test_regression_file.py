"""Regressions on file, in a pickle and in words."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.models.checked_file import digest
from tests.models.test_regression import fleet

FRAME, LIFE = fleet(n=64)
MODELS = {
    "hazards": lambda: sj.ProportionalHazards(sj.Weibull()),
    "hazards of pieces": lambda: sj.ProportionalHazards(sj.PiecewiseExponential((50.0, 150.0)), "~ np.log(load + 5) + C(make)"),
    "times": lambda: sj.AcceleratedFailureTime(sj.LogNormal(), penalty=0.5, errors="robust"),
    "times, scale known": lambda: sj.AcceleratedFailureTime(sj.distributions.Weibull(scale=100.0)),
    "parameters": lambda: sj.ParameterRegression(sj.Weibull(), {"scale": "~ scale(load) + make", "shape": "~ ."}),
}


@pytest.fixture(scope="module")
def fitted():
    return {kind: make().fit(FRAME, LIFE) for kind, make in MODELS.items()}


def answers(model):
    """Everything that is asked, as arrays and tables."""
    return [
        model.summary(0.9),
        model.covariance_,
        model.parameters_.to_frame(),
        model.interval("survival", FRAME[:5], [5.0, 50.0]),
        model.predict_survival(FRAME, [1.0, 100.0]),
        model.predict_rul(FRAME[:7], 20.0, kind="median"),
        np.array([model.log_likelihood_, model.log_likelihood(FRAME, LIFE)]),
    ]


def assert_the_same(one, other):
    for a, b in zip(answers(one), answers(other), strict=True):
        (pd.testing.assert_frame_equal if isinstance(a, pd.DataFrame) else np.testing.assert_array_equal)(a, b)
    assert (one.notes_, one.stop_reason_, one.n_steps_, one.base_is_of_) == (
        other.notes_,
        other.stop_reason_,
        other.n_steps_,
        other.base_is_of_,
    )
    assert repr(one) == repr(other)


@pytest.mark.parametrize("kind", MODELS)
def test_a_loaded_regression_answers_as_the_saved_one_to_the_last_bit(kind, fitted, tmp_path):
    fitted[kind].save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    assert type(loaded) is type(fitted[kind])
    assert_the_same(loaded, fitted[kind])


@pytest.mark.parametrize("joint", [False, True])
def test_a_loaded_score_answers_as_the_saved_one_and_keeps_its_strength(joint, tmp_path):
    random = np.random.default_rng(6)
    x = random.normal(size=64)
    life = sj.Lifetimes(50.0 * random.weibull(1.5, 64) * np.exp(-0.5 * x))
    model = sj.HazardScaling(sj.Weibull(), joint=joint, penalty=0.1).fit({"x": x}, life)
    model.save(tmp_path / "score.json")
    loaded = sj.load(tmp_path / "score.json")
    assert (loaded.penalty_, loaded.base_is_of_) == (0.1, model.base_is_of_)
    np.testing.assert_array_equal(loaded.predict_survival({"x": x}, [10.0, 50.0]), model.predict_survival({"x": x}, [10.0, 50.0]))
    with pytest.raises(AttributeError, match="certificate"):
        _ = loaded.newton_decrement_


@pytest.mark.parametrize("kind", ["hazards of pieces", "parameters"])
def test_a_pickled_regression_answers_as_the_first(kind, fitted):
    assert_the_same(pickle.loads(pickle.dumps(fitted[kind])), fitted[kind])


def test_a_loaded_regression_can_be_fitted_again(fitted, tmp_path):
    fitted["hazards"].save(tmp_path / "model.json")
    again = sj.load(tmp_path / "model.json").fit(FRAME, LIFE)
    assert again.log_likelihood_ == fitted["hazards"].log_likelihood_


def test_the_file_can_be_read_by_a_person(fitted, tmp_path):
    fitted["hazards"].save(tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["model"] == "ProportionalHazards"
    assert content["parameters"] == fitted["hazards"].parameters_.to_dict()
    assert content["standard_errors"] == fitted["hazards"].standard_errors_.to_dict()
    assert content["predictors"][0]["design"]["names"] == ["load", "make[B]"]


def test_a_regression_without_a_fit_is_not_saved(tmp_path):
    with pytest.raises(sj.NotFitted):
        sj.ProportionalHazards(sj.Weibull()).save(tmp_path / "model.json")


def test_an_altered_file_is_refused(fitted, tmp_path):
    path = tmp_path / "model.json"
    fitted["hazards"].save(path)
    path.write_text(path.read_text().replace('"failures": 4', '"failures": 3', 1).replace('"steps": ', '"steps": 1', 1))
    with pytest.raises(sj.ModelFileError, match="was altered after it was written"):
        sj.load(path)


def put(*keys_and_value):
    def change(content):
        *keys, last, value = keys_and_value
        for key in keys:
            content = content[key]
        assert content[last] != value
        content[last] = value

    return change


def first_design(content):
    return content["predictors"][0]["design"]


NONSENSE = {
    "coefficient": (lambda c: c["coefficients"].__setitem__(0, 0.123), "parameters are not those of the coefficients"),
    "coefficient nan": (put("coefficients", 0, "nan"), "a coefficient is not finite"),
    "coefficients too few": (put("coefficients", [1.0]), "coefficients should have the shape"),
    "parameter": (put("parameters", "load", 0.5), "parameters are not those of the coefficients"),
    "parameter renamed": (lambda c: c["parameters"].update(force=c["parameters"].pop("load")), "not those of the predictors"),
    "standard error": (put("standard_errors", "load", 0.5), "standard errors are not those"),
    "covariance": (put("coefficient_covariance", 0, 1, 7.0), "the covariance of the coefficients is not symmetric"),
    "covariance missing": (lambda c: c.pop("coefficient_covariance"), "'coefficient_covariance' is missing"),
    "center": (lambda c: first_design(c)["center"].__setitem__(0, 9.0), "parameters are not those"),
    "spread": (lambda c: first_design(c)["spread"].__setitem__(0, -1.0), "does not fit together"),
    "predictor of another": (lambda c: c["predictors"][0].update(parameter="shape"), "has other predictors than these"),
    "predictor of none": (lambda c: c["predictors"][0].update(parameter="colour"), "no parameter that could follow covariates"),
    "no predictors": (put("predictors", []), "has other predictors than these"),
    "another kind": (put("model", "AcceleratedFailureTime"), "are not those"),
    "a univariate kind": (put("model", "Weibull"), "cannot be read as a model"),
    "law of another": (put("distribution", "distribution", "Gumbel"), "has no 'Gumbel'"),
    "failures": (put("fit", "failures", 1e9), "have failed"),
    "penalty": (put("fit", "penalty", -1.0), "penalty must be a number, 0 or more"),
    "log-likelihood": (put("fit", "log_likelihood", "nan"), "cannot be nan"),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_with_a_good_checksum_is_refused(case, fitted, tmp_path):
    change, message = NONSENSE[case]
    path = tmp_path / "model.json"
    fitted["hazards"].save(path)
    content = json.loads(path.read_text())
    change(content)
    content.pop("sha256")
    path.write_text(json.dumps({**content, "sha256": digest(content)}))
    with pytest.raises(sj.ModelFileError, match=message):
        sj.load(path)


def test_a_base_of_ones_own_is_read_back_with_its_class_alone(fitted, tmp_path):
    class Own(sj.distributions.Weibull):
        pass

    model = sj.ProportionalHazards(Own()).fit(FRAME, LIFE)
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json", distributions=[Own])
    assert loaded.parameters_.equals(model.parameters_)
    with pytest.raises(sj.ModelFileError, match=r"distributions=\[Own\]"):
        sj.load(tmp_path / "model.json")


# ---- in words


def test_a_fitted_regression_says_in_words_what_it_learned(fitted):
    said = repr(fitted["times"])
    assert said.startswith("AcceleratedFailureTime(base=LogNormal(), penalty=0.5, errors='robust') fitted to 64 units, ")
    assert "penalised" in said
    assert f"load {fitted['times'].parameters_['load']:.4g} (s.e. {fitted['times'].standard_errors_['load']:.2g})" in said
    assert repr(MODELS["times"]()) == "AcceleratedFailureTime(base=LogNormal(), penalty=0.5, errors='robust')"


def test_a_notebook_shows_the_summary_and_the_notes(fitted):
    shown = fitted["hazards"]._repr_html_()
    assert "hazard ratio" in shown
    assert f"{fitted['hazards'].parameters_['load']:.5g}" in shown
    assert MODELS["hazards"]()._repr_html_() is None


def test_rows_of_a_unit_count_as_one_unit():
    middle = 0.5 * (LIFE.entry + LIFE.durations)
    start, stop = np.concatenate([LIFE.entry, middle]), np.concatenate([middle, LIFE.durations])
    event = np.concatenate([np.zeros(64, bool), LIFE.event_observed])
    cut = sj.ProportionalHazards(sj.Weibull()).fit(
        pd.concat([FRAME, FRAME]), sj.Lifetimes(stop, event, entry=start), unit=np.tile(np.arange(64), 2)
    )
    assert "fitted to 64 units" in repr(cut)
    # Schwarz's n is that of the units, and does not grow with the rows that they are cut into
    assert cut.bic_ == pytest.approx(sj.ProportionalHazards(sj.Weibull()).fit(FRAME, LIFE).bic_, rel=1e-10)
