"""NeuralHazard and NeuralMixture: begin at the fit to the lifetimes alone, learn what covariates do, and say what they cannot."""

import json

import jax
import matplotlib.pyplot as plt
import numpy as np
import optax
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import survjax as sj
from survjax.distributions import PiecewiseExponential, Weibull
from survjax.models.checked_file import digest
from survjax.neural.ensemble import _are_stretches
from survjax.neural.members import draw
from survjax.neural.neural_fit import calibrated
from survjax.neural.neural_hazard import breaks_between_failures
from survjax.neural.rows import rows_of
from survjax.numerics import blocks

N = 1024
RNG = np.random.default_rng(3)
GROUP = np.arange(N) % 2
X = pd.DataFrame({"group": np.where(GROUP, "b", "a"), "noise": RNG.normal(size=N)})
LIVES = RNG.exponential(10.0 / (1.0 + 3.0 * GROUP))
ENDS = RNG.uniform(0.0, 20.0, N)
LIFE = sj.Lifetimes(np.minimum(LIVES, ENDS), LIVES <= ENDS)
AT = [1.0, 4.0, 10.0]
# few distinct shapes, since each is compiled anew
QUICK = {"hidden": (8,), "members": 2, "epochs": 6, "n_intervals": 3, "learning_rate": 0.005}
MIXTURE = sj.NeuralMixture(1, hidden=(8,), members=2, epochs=4, learning_rate=0.01)
STILL = {"learning_rate": 1e-9, "epochs": 1, "members": 2, "hidden": (8,)}


@pytest.fixture(scope="module")
def quick():
    return sj.NeuralHazard(**QUICK).fit(X, LIFE)


def test_a_hazard_begins_at_the_piecewise_exponential_fit():
    model = sj.NeuralHazard(n_intervals=3, calibrate=False, **STILL).fit(X, LIFE)
    alone = sj.PiecewiseExponential(model.breaks_).fit(LIFE)
    # one epoch of steps of 1e-9
    np.testing.assert_allclose(model.predict_survival(X[:2], AT), np.tile(alone.survival(AT), (2, 1)), rtol=1e-6)
    np.testing.assert_allclose(model.score(X, LIFE), alone.score(LIFE), rtol=1e-7)


def test_a_mixture_begins_at_the_univariate_mixture():
    model = sj.NeuralMixture(2, calibrate=False, **STILL).fit(X, LIFE)
    alone = sj.WeibullMixture(2).fit(LIFE)
    np.testing.assert_allclose(model.predict_survival(X[:2], AT), np.tile(alone.survival(AT), (2, 1)), rtol=1e-6)
    np.testing.assert_allclose(model.log_likelihood_, alone.log_likelihood_, rtol=1e-7)


def test_two_groups_have_the_hazards_of_their_own_lifetimes():
    """A linear network of one binary covariate can be the fit of each group; 1,024 rows and early stopping leave some tenths of that."""
    model = sj.NeuralHazard("~ group", n_intervals=3, hidden=(), members=2, epochs=60, learning_rate=0.02).fit(X, LIFE)
    middle = np.array([0.5 * model.breaks_[0], model.breaks_.mean(), 2.0 * model.breaks_[1]])
    found = model.predict_hazard({"group": ["a", "b"]}, middle)
    for group, hazard in zip("ab", found, strict=True):
        own = sj.PiecewiseExponential(model.breaks_).fit(LIFE[(X["group"] == group).to_numpy()])
        errors = own.standard_errors_ / own.parameters_
        # within two standard errors of each group's own estimate: stopping early keeps groups nearer to each other than they are
        assert np.all(np.abs(np.log(hazard / own.hazard(middle))) < 2 * errors)
    assert found[1, 0] / found[0, 0] > 2.0


def test_a_fitted_network_says_what_it_rests_on(quick):
    failed = LIFE.n_failed
    assert (
        repr(quick)
        == f"{quick.constructor()} fitted to 1,024 units, {failed:g} failed, 2 networks, log-likelihood {quick.log_likelihood_:.6g}"
    )
    assert repr(clone(quick)) == quick.constructor()


def test_another_number_of_rows_compiles_nothing_again(quick):
    quick.predict_rul(X[:3])
    compiled = blocks._map_blocks._cache_size()
    quick.predict_rul(X[:300])
    quick.predict_rul(X)
    assert blocks._map_blocks._cache_size() == compiled


def test_default_breaks_lie_between_failures_so_that_every_piece_has_one_in_any_unit_of_time():
    """A break at a failure came, in another unit, a rounding after it, and its piece had no failure left."""
    failed = np.array([46.53, 105.88, 263.75, 312.11, 375.58, 462.11, 594.58, 661.83, 864.47, 1033.85, 1056.06, 1162.71])
    breaks = breaks_between_failures(sj.Lifetimes(failed), 10)
    assert len(breaks) == 9
    for unit in np.random.default_rng(0).uniform(100.0, 1000.0, 100):
        assert np.all(np.bincount(np.searchsorted(breaks * (1.0 / unit), failed / unit, side="right"), minlength=10) > 0)


def test_predictions_are_those_of_one_law_a_unit(quick):
    law = quick.of(X.iloc[[1]])
    one = X.iloc[[1]]
    np.testing.assert_allclose(quick.predict_survival(one, AT)[0], law.survival(AT), rtol=1e-13)
    np.testing.assert_allclose(quick.predict_rul(one, 2.0), law.predict_rul(2.0), rtol=1e-13)
    np.testing.assert_allclose(quick.predict_rul(one, 2.0, horizon=5.0), law.predict_rul(2.0, horizon=5.0), rtol=1e-13)
    np.testing.assert_allclose(quick.predict_failure_probability(one, 2.0, 3.0), law.predict_failure_probability(2.0, 3.0), rtol=1e-13)
    interval = quick.predict_rul_interval(one, 2.0, 0.8)
    np.testing.assert_allclose(interval.to_numpy()[0], [law.predict_rul(2.0, 0.1), law.predict_rul(2.0, 0.9)], rtol=1e-12)
    assert interval.index.tolist() == [1]


def test_an_ensemble_of_mixtures_has_the_mean_of_their_survivals():
    model = clone(MIXTURE).fit(X, LIFE)
    fit = model._fit
    with jax.enable_x64(True):
        laws = [[Weibull(*np.exp(own)) for own in unit] for unit in fit.coordinates(fit.inputs.inside(X[:2]))]
        expected = [[float(np.mean([law.survival(t) for law in unit])) for t in AT] for unit in laws]
    np.testing.assert_allclose(model.predict_survival(X[:2], AT), expected, rtol=1e-13)


def test_a_seed_gives_the_same_model(quick):
    again = clone(quick).fit(X, LIFE)
    np.testing.assert_array_equal(again.predict_survival(X, AT), quick.predict_survival(X, AT))
    other = clone(quick).set_params(seed=1).fit(X, LIFE)
    assert not np.array_equal(other.predict_survival(X, AT), quick.predict_survival(X, AT))


@pytest.mark.parametrize("kind", [sj.NeuralHazard(**QUICK), MIXTURE])
def test_a_saved_model_predicts_the_same_bits(kind, tmp_path):
    model = clone(kind).fit(X, LIFE)
    model.save(tmp_path / "model.json")
    again = sj.load(tmp_path / "model.json")
    assert repr(again) == repr(model)
    assert again.notes_ == model.notes_
    np.testing.assert_array_equal(again.predict_survival(X, AT), model.predict_survival(X, AT))
    conformal = [one.predict_rul_interval(X[:3], 0.0, 0.8, method="conformal") for one in (model, again)]
    pd.testing.assert_frame_equal(*conformal)
    pd.testing.assert_frame_equal(again.learning_curve_, model.learning_curve_)


def test_an_optimiser_of_optax_cannot_be_in_a_file(quick, tmp_path):
    model = clone(quick).set_params(optimiser=optax.adam(0.01), learning_rate=None).fit(X, LIFE)
    with pytest.raises(TypeError, match="cannot hold an optimiser of optax"):
        model.save(tmp_path / "model.json")
    model.set_params(optimiser="adam").save(tmp_path / "model.json")
    np.testing.assert_array_equal(sj.load(tmp_path / "model.json").predict_survival(X, AT), model.predict_survival(X, AT))


def test_a_file_whose_networks_do_not_fit_is_refused(quick, tmp_path):
    path = tmp_path / "model.json"
    quick.save(path)
    content = json.loads(path.read_text())
    content["arguments"]["hidden"] = [9]
    del content["sha256"]
    content["sha256"] = digest(content)
    path.write_text(json.dumps(content))
    with pytest.raises(sj.ModelFileError, match="an array of the networks has the shape"):
        sj.load(path)


def test_the_epoch_kept_is_that_of_the_least_loss_of_units_held_out(quick):
    curve = quick.learning_curve_
    best = curve.loc[curve.groupby("member")["validation_loss"].idxmin()]
    assert ", ".join(map(str, best["epoch"])) in quick.notes_[0]
    ax = quick.plot_learning_curve()
    assert ax.get_title(loc="left") == "How 2 networks learned, a colour each"
    assert ax.get_ylabel() == "minus log-likelihood a row"
    learned, held, _ = ax.get_lines()[:3]
    assert learned.get_color() == held.get_color() != ax.get_lines()[3].get_color()
    plt.close("all")


def test_the_loss_is_minus_the_log_likelihood_a_row_in_the_users_unit_of_time():
    model = sj.NeuralHazard(n_intervals=3, calibrate=False, **STILL).fit(X, LIFE)
    rows = np.concatenate([np.arange(N)])
    held = model.learning_curve_.query("epoch == 0")["validation_loss"]
    alone = sj.PiecewiseExponential(model.breaks_).fit(LIFE)
    folds = draw(rows, np.isfinite(LIFE.upper), np.ones(N, bool), 2, "folds", 0)
    expected = [-alone.score(LIFE[fold]) for fold in folds.held_out]
    np.testing.assert_allclose(held, expected, rtol=1e-5)  # single precision


def test_grid_search_chooses_by_the_likelihood_held_out():
    target = np.array([*zip(LIFE.event_observed, LIFE.durations, strict=True)], dtype=[("event", bool), ("time", float)])
    search = GridSearchCV(sj.NeuralHazard(**QUICK), {"learning_rate": [1e-6, 0.02]}, cv=2).fit(X, target)
    assert search.best_params_ == {"learning_rate": 0.02}


def test_a_learning_rate_too_large_says_so():
    with pytest.raises(sj.NotConverged, match=r"diverged in epoch 1.*smaller learning_rate than 1e\+06.*better than the start"):
        sj.NeuralHazard(**{**QUICK, "learning_rate": 1e6, "optimiser": "sgd"}).fit(X, LIFE)


def test_late_entry_intervals_and_weights_are_learned_from():
    entry = np.where(np.arange(N) % 3 == 0, 0.2 * LIFE.durations, 0.0)
    upper = np.where(
        LIFE.event_observed & (np.arange(N) % 5 == 0), LIFE.durations + 0.5, np.where(LIFE.event_observed, LIFE.durations, np.inf)
    )
    life = sj.Lifetimes.from_intervals(LIFE.durations, upper, entry=entry, weights=np.where(np.arange(N) < 100, 2.0, 1.0))
    model = sj.NeuralHazard(**QUICK).fit(X, life)
    assert model.score(X, life) > sj.PiecewiseExponential(model.breaks_).fit(life).score(life)
    with pytest.raises(ValueError, match="no conformal interval: some failures are known only within an interval"):
        model.predict_rul_interval(X, method="conformal")


def test_held_out_units_correct_the_level_of_a_network_kept_too_low():
    """Calibrated hazards of held-out units add up to their failures."""
    template = PiecewiseExponential(np.array([3.0]), None)
    low = np.log([0.02, 0.03])
    with jax.enable_x64(True):
        level, refuted = calibrated(template, np.tile(low, (N, 1)), rows_of(LIFE, 1.0), LIFE.counts(), np.arange(N))
        as_pairs = calibrated(template, np.tile(low, (N, 1)), rows_of(LIFE, 1.0), LIFE.counts(), np.arange(N) // 2)[1]
    time = LIFE.durations
    collected = 0.02 * np.minimum(time, 3.0) + 0.03 * np.maximum(time - 3.0, 0.0)
    expected = np.log(LIFE.n_failed / collected.sum())
    score = LIFE.event_observed - collected
    np.testing.assert_allclose(level, expected, atol=1e-4)  # the search stops at 1e-5
    np.testing.assert_allclose(refuted, score.sum() ** 2 / np.sum(score**2), rtol=1e-7)  # slopes by differences, to 1e-8
    np.testing.assert_allclose(as_pairs, score.sum() ** 2 / np.sum(score.reshape(-1, 2).sum(axis=1) ** 2), rtol=1e-7)


@pytest.mark.parametrize("network", ["recurrent", "convolutional"])
def test_windows_of_readings_are_learned_from(network, tmp_path):
    """Hazards go with the mean of the second channel."""
    random = np.random.default_rng(5)
    windows = random.normal(size=(256, 6, 2)) + np.array([0.0, 1.0]) * random.normal(size=(256, 1, 1))
    life = sj.Lifetimes(random.exponential(np.exp(-1.5 * windows[:, :, 1].mean(axis=1))))
    model = sj.NeuralHazard(network=network, hidden=(8, 4), n_intervals=2, members=2, epochs=40, batch_size=64, learning_rate=0.01)
    model.fit(windows, life)
    assert np.corrcoef(np.log(model.predict_rul(windows)), windows[:, :, 1].mean(axis=1))[0, 1] < -0.8
    model.save(tmp_path / "windows.json")
    np.testing.assert_array_equal(sj.load(tmp_path / "windows.json").predict_rul(windows[:5]), model.predict_rul(windows[:5]))


@pytest.mark.parametrize("network", ["recurrent", "convolutional"])
def test_what_is_known_beside_windows_is_learned_from(network, tmp_path):
    """Hazards go with the mean of a channel and, as much, with the make of the unit."""
    random = np.random.default_rng(5)
    readings = random.normal(size=(256, 6, 2)) + np.array([0.0, 1.0]) * random.normal(size=(256, 1, 1))
    make = pd.DataFrame({"make": random.choice(["a", "b"], 256)}, index=np.arange(1000, 1256))
    score = readings[:, :, 1].mean(axis=1) + 2.0 * (make["make"] == "b").to_numpy()
    life = sj.Lifetimes(random.exponential(np.exp(-1.5 * score)))
    windows = sj.ReadingWindows(readings, make)
    model = sj.NeuralHazard(network=network, hidden=(8, 4), n_intervals=2, members=2, epochs=40, batch_size=64, learning_rate=0.01)
    model.fit(windows, life)
    assert np.corrcoef(np.log(model.predict_rul(windows)), score)[0, 1] < -0.8
    changed = sj.ReadingWindows(readings, make.assign(make="b"))
    assert np.all(model.predict_rul(changed)[make["make"] == "a"] < model.predict_rul(windows)[make["make"] == "a"])
    assert model.predict_rul_interval(windows[:3]).index.tolist() == [1000, 1001, 1002]
    model.save(tmp_path / "windows.json")
    np.testing.assert_array_equal(sj.load(tmp_path / "windows.json").predict_rul(windows[:5]), model.predict_rul(windows[:5]))
    with pytest.raises(TypeError, match=r"learned from windows and, beside them, make\[b\]: pass sj.ReadingWindows"):
        model.predict_rul(readings)
    with pytest.raises(ValueError, match="make"):
        model.fit(sj.ReadingWindows(readings, make.assign(make="a")), life)


def test_windows_with_something_beside_them_are_for_networks_over_windows(quick):
    windows = sj.ReadingWindows(np.random.default_rng(0).normal(size=(4, 3, 1)), {"load": [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(ValueError, match='give network="recurrent" or "convolutional"'):
        clone(quick).fit(sj.ReadingWindows(np.resize(windows.readings, (N, 3, 1)), X), LIFE)
    with pytest.raises(ValueError, match=r"and is a table. Of Landmarks: fit\(rows.windows\(20\)"):
        sj.NeuralHazard(network="recurrent").fit(X, LIFE)
    with pytest.raises(TypeError, match='which only network="recurrent" and "convolutional" take'):
        quick.predict_rul(windows)
    with pytest.raises(ValueError, match="there are 4 windows and 3 rows beside them"):
        sj.ReadingWindows(windows.readings, {"load": [1.0, 2.0, 3.0]})


def test_rows_of_a_unit_are_held_out_together(quick):
    model = clone(quick).fit(X, LIFE, unit=np.arange(N) // 4)
    assert not np.array_equal(model.predict_survival(X, AT), quick.predict_survival(X, AT))


def test_intervals_need_a_bootstrap():
    folds = sj.NeuralHazard(**QUICK).fit(X, LIFE)
    with pytest.raises(ValueError, match=r'2 of resample=\'folds\': fit with resample="bootstrap", members=20'):
        folds.interval("survival", X, 3.0)
    model = sj.NeuralHazard(**{**QUICK, "members": 10, "resample": "bootstrap"}).fit(X, LIFE)
    table = model.interval("survival", X[:2], AT)
    assert list(table.columns) == ["estimate", "lower", "upper"]
    assert len(table) == 6
    np.testing.assert_allclose(table["estimate"], model.predict_survival(X[:2], AT).reshape(-1), rtol=1e-12)
    assert (table["lower"] < table["estimate"]).all()
    assert (table["estimate"] < table["upper"]).all()
    assert table["upper"].max() <= 1.0
    # of ten networks the limits are those of Student, R: qt(0.975, 9) = 2.262157162740992
    with jax.enable_x64(True):
        rates = np.exp(model._fitted.coordinates(model._fitted.inputs.inside(X[:1]))[0])
    begins = np.array([0.0, *model.breaks_])
    collected = rates @ np.clip(4.0 - begins, 0.0, np.diff(begins, append=np.inf))
    one = model.interval("survival", X[:1], 4.0).iloc[0]
    reach = np.log(np.log(one["lower"]) / np.log(one["estimate"]))
    np.testing.assert_allclose(reach, 2.262157162740992 * np.log(collected).std(ddof=1), rtol=1e-10)
    assert "no confidence interval of the truth" in " ".join(model.notes_)


def test_a_partial_effect_is_the_mean_of_predictions_of_units_with_the_covariate_set(quick):
    # it was an AttributeError
    effect = quick.partial_effect("group", X, what="survival", t=AT)
    expected = [quick.predict_survival(X[::4].assign(group=value), AT).mean(axis=0) for value in "ab"]
    np.testing.assert_allclose(effect["estimate"], np.ravel(expected), rtol=1e-12)  # means of 256 in another order
    assert effect.index.tolist() == [(value, place) for value in "ab" for place in range(3)]
    own = quick.partial_effect("noise", X[:50], [-1.0, 2.0])
    np.testing.assert_allclose(own["estimate"], [quick.predict_rul(X[:50].assign(noise=value)).mean() for value in (-1.0, 2.0)], rtol=1e-12)
    assert (own["lower"] < own["upper"]).all()
    ax = quick.plot_partial_effect("noise", X, [-1.0, 0.0, 1.0])
    assert ax.get_legend_handles_labels()[1] == ["mean of units; band: range of 2 networks"]
    plt.close("all")


def test_partial_effects_that_cannot_be_say_why(quick):
    with pytest.raises(ValueError, match="no covariate 'wind'; there are group, noise"):
        quick.partial_effect("wind", X)
    with pytest.raises(ValueError, match="age must be one number"):
        quick.partial_effect("noise", X, age=np.zeros(N))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("explain", "partial_effect"), ("summary_", "partial_effect"), ("parameters_", "partial_effect"), ("goodness_of_fit", "score")],
)
def test_what_networks_do_not_have_is_answered_with_what_they_have(quick, name, remedy):
    with pytest.raises(AttributeError, match=rf"NeuralHazard has no {name}; write model\.{remedy}\("):
        getattr(quick, name)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"network": "transformer"}, "network must be one of"),
        ({"hidden": 8}, r"sizes of the hidden layers, for instance \(32,\)"),
        ({"hidden": (0,)}, "each size of hidden must be"),
        ({"network": "recurrent", "hidden": ()}, "needs a hidden layer"),
        ({"dropout": 1.0}, "dropout must be a share"),
        ({"members": 0}, "members must be"),
        ({"resample": "jackknife"}, "resample must be"),
        ({"breaks": [3.0, 1.0]}, "must be a row of positive ages that rise"),
        ({"breaks": [900.0]}, "rate_1"),
        ({"formula": "~ wind"}, "wind"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        sj.NeuralHazard(**{**QUICK, **changed}).fit(X, LIFE)


def test_windows_that_cannot_be_read_are_refused():
    windows = np.zeros((20, 3, 2))
    model = sj.NeuralHazard(network="recurrent", **QUICK)
    life = sj.Lifetimes(np.arange(1.0, 21.0))
    with pytest.raises(ValueError, match="channel 0 is 0 in every reading"):
        model.fit(windows, life)
    windows[:] = np.random.default_rng(0).normal(size=windows.shape)
    windows[4, 1, 0] = np.nan
    with pytest.raises(ValueError, match="nan in row 4, reading 1, channel 0"):
        model.fit(windows, life)
    with pytest.raises(ValueError, match=r"an array of windows \(n, window, channels\)"):
        model.fit(windows[:, 0], life)
    with pytest.raises(ValueError, match='give network="recurrent"'):
        sj.NeuralHazard(**QUICK).fit(windows, life)
    with pytest.raises(ValueError, match="a formula is of columns"):
        sj.NeuralHazard("~ a", network="recurrent", **QUICK).fit(windows, life)


def test_lives_beyond_the_last_age_seen_are_spoken_of():
    early = sj.Lifetimes(np.minimum(LIFE.durations, 5.0), LIFE.event_observed & (LIFE.durations <= 5.0))
    model = sj.NeuralHazard(**QUICK).fit(X, early)
    share = model.predict_survival(X, 5.0).mean()
    assert (
        f"{100 * share:.0f} % of such lives reach beyond 5, the last age seen, where the hazard of the last piece goes on"
        in model.notes_[-1]
    )


def test_what_is_not_fitted_says_so():
    with pytest.raises(sj.NotFitted, match=r"call fit\(X, y\) first"):
        sj.NeuralHazard().predict(X)


def test_stretches_of_one_life_are_told_from_landmarks():
    entry = [0.0, 3.0, 0.0, 2.0]
    unit = np.array([0, 0, 1, 1])
    stretches = sj.Lifetimes([3.0, 5.0, 4.0, 4.0], [0, 1, 1, 1], entry=entry)
    landmarks = sj.Lifetimes([5.0, 5.0, 4.0, 4.0], [0, 0, 1, 1], entry=entry)
    assert _are_stretches(stretches, unit)
    assert not _are_stretches(landmarks, unit)
    assert not _are_stretches(stretches, np.arange(4))


def test_a_unit_so_far_from_all_that_was_learned_that_it_has_no_hazard_is_refused_by_its_row(quick):
    # predictions were nan
    far = X.iloc[:2].assign(noise=[0.0, 1e6])
    with pytest.raises(ValueError, match="row 1 of X lies so far"):
        quick.predict_failure_probability(far, 5.0, 1.0)


def test_a_network_of_landmarks_keeps_their_horizon_and_counts_their_units(tmp_path):
    random = np.random.default_rng(5)
    unit, time = np.repeat(np.arange(N // 4), 4), np.tile([0.0, 1.0, 2.0, 3.0], N // 4)
    log = pd.DataFrame({"unit": unit, "time": time, "noise": random.normal(size=N)})
    units = pd.DataFrame({"unit": range(N // 4), "duration": 3.0 + random.uniform(0.1, 1.0, N // 4), "event_observed": GROUP[: N // 4]})
    rows = sj.Landmarks(log, units, clock="remaining", horizon=0.5)
    model = sj.NeuralHazard(**QUICK).fit(rows)
    failed = np.sum((units["event_observed"] == 1) & (units["duration"] <= 3.5))
    assert f"fitted to 1,024 rows of 256 units, {failed} failed" in repr(model)
    model.save(tmp_path / "network.json")
    for one in (model, sj.load(tmp_path / "network.json")):
        now = one.landmarks_.latest(log)
        assert one.predict_failure_probability(now.X, now.entry, 0.5).shape == (N // 4,)
        for beyond in (lambda one=one, now=now: one.predict_rul(now.X), lambda one=one, now=now: one.predict_rul_interval(now.X)):
            with pytest.raises(ValueError, match=r"horizon=0\.5"):
                beyond()
        with pytest.raises(ValueError, match=r"horizon=0\.5"):
            one.predict_failure_probability(now.X, now.entry, 0.6)
