"""What has no maximum under covariates, and thresholds of which less may be said than of other parameters."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.models.test_regression import fleet

N = 64
X = pd.DataFrame({"load": np.tile(np.linspace(-1.5, 1.5, 16), 4)})
QUANTILES = -np.log1p(-(np.random.default_rng(1).permutation(N) + 0.5) / N)


def lives(shape):
    """Weibull lives after 20, scaled by a load; the later ones still running."""
    ages = 20.0 + 10.0 * QUANTILES ** (1.0 / shape) * np.exp(0.4 * X["load"].to_numpy())
    return sj.Lifetimes(np.minimum(ages, 45.0), ages < 45.0)


@pytest.mark.parametrize(
    "model",
    [
        sj.ProportionalHazards(sj.Threshold(sj.Weibull())),
        sj.AcceleratedFailureTime(sj.Threshold(sj.Weibull())),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_threshold_that_meets_the_first_failure_is_no_estimate(model):
    with pytest.raises(
        sj.NoFiniteMaximum, match=r"no bound as the threshold meets the first failure \(row \d+, at .*Give a known threshold"
    ):
        model.fit(X, lives(0.6), n_starts=1)


def test_a_threshold_of_a_law_that_begins_steeply_has_no_standard_error_and_others_are_given_it():
    life = lives(1.5)
    model = sj.ProportionalHazards(sj.Threshold(sj.Weibull())).fit(X, life, n_starts=1)
    assert any("Smith 1985" in note and "take it as known" in note for note in model.notes_)
    told = model.parameters_
    since = life.since(told["threshold"])
    given = sj.ProportionalHazards(sj.Weibull()).fit(X, since)
    names = ["shape", "scale", "load"]
    np.testing.assert_allclose(model.standard_errors_[names], given.standard_errors_[names], rtol=1e-5)  # as the stop rule leaves them
    assert np.isnan(model.standard_errors_["threshold"])
    assert model.interval("parameters").loc["threshold", ["lower", "upper"]].isna().all()
    band = model.interval("survival", X[:3], 30.0)
    np.testing.assert_allclose(band, given.interval("survival", X[:3], 30.0 - told["threshold"]), rtol=1e-5)
    profile = model.interval("parameters", X, method="likelihood").loc["threshold"]
    assert profile["lower"] < told["threshold"] < profile["upper"] <= life.lower.min()


def test_a_threshold_of_a_law_that_begins_smoothly_has_one(tmp_path):
    model = sj.ProportionalHazards(sj.Threshold(sj.Weibull())).fit(X, lives(3.0), n_starts=1)
    assert not model.notes_
    assert model.standard_errors_["threshold"] > 0


def test_a_file_keeps_that_a_threshold_has_no_standard_error(tmp_path):
    model = sj.ParameterRegression(sj.Threshold(sj.Weibull()), {"scale": "~ load"}).fit(X, lives(1.5), n_starts=1)
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    np.testing.assert_array_equal(loaded.standard_errors_, model.standard_errors_)
    assert loaded.notes_ == model.notes_


def test_where_coefficients_move_the_threshold_no_wald_limits_are_vouched_for():
    ages = (20.0 + 10.0 * QUANTILES ** (1.0 / 1.5)) * np.exp(0.4 * X["load"].to_numpy())
    model = sj.AcceleratedFailureTime(sj.Threshold(sj.Weibull())).fit(X, sj.Lifetimes(ages), n_starts=1)
    assert any("no Wald limits of this fit are to be relied on" in note for note in model.notes_)


def test_accelerated_time_over_pieces_is_refused_with_what_to_take():
    frame, life = fleet(n=64)
    for base in (sj.PiecewiseExponential([100.0]), sj.CompetingRisks([sj.PiecewiseExponential([100.0]), sj.Weibull()])):
        with pytest.raises(ValueError, match=r"likelihood jumps.*Take ProportionalHazards over it"):
            sj.AcceleratedFailureTime(base).fit(frame, life)


def test_a_level_of_which_every_unit_fails_is_named():
    make = np.tile(["A", "B"], 32)
    ages = 20.0 * QUANTILES**0.5
    never = (make == "A") & (np.arange(N) % 4 == 0)
    life = sj.Lifetimes(np.where(never, 80.0, ages), ~never)
    model = sj.ParameterRegression(sj.DefectiveSubpopulation(sj.Weibull()), {"fraction_failing": "~ make", "shape": "~ make"})
    with pytest.raises(
        sj.NoFiniteMaximum, match=r"coefficients run on, fraction_failing\[make\[T.B\]\], by which .* Leave those columns out"
    ):
        model.fit(pd.DataFrame({"make": make}), life, n_starts=1)
