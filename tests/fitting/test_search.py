"""Mixtures: the best honest optimum, and what is said when there is none better than a single distribution."""

import jax
import numpy as np
import pytest
from scipy import stats

import survjax as sj
from survjax.distributions import Mixture, Weibull
from survjax.fitting.crowd import FailureAges
from tests.conftest import shipped


def test_aarset_ends_at_its_best_honest_maximum():
    model = sj.WeibullMixture().fit(shipped("aarset_devices"))
    # an independent R likelihood polished by Newton; the lower maximum is -217.515, the spikes on the 18s and 85s have no end
    np.testing.assert_allclose(model.log_likelihood_, -212.93228, atol=1e-5)
    np.testing.assert_allclose(model.parameters_[["shape_0", "scale_0", "shape_1", "scale_1"]], [0.8287, 29.892, 77.437, 84.836], rtol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_any_seed_finds_the_same_maximum(seed):
    model = sj.WeibullMixture(seed=seed).fit(shipped("waltons"))
    np.testing.assert_allclose(model.log_likelihood_, -638.651469445146, rtol=1e-9)


def test_ties_never_hold_a_spike():
    random = np.random.default_rng(5)
    durations = np.append(np.round(100 * random.weibull(1.5, 60), 1) + 0.1, [50.0] * 12)
    model = sj.WeibullMixture().fit(durations)
    assert model.parameters_[["shape_0", "shape_1"]].max() < 2000  # a tenth recorded: sharper than that is a spike
    spread = model.quantile(0.5)
    assert np.isfinite(spread)


def test_components_come_in_the_order_of_their_medians():
    model = sj.WeibullMixture(3).fit(shipped("hard_drives")[::52])
    parts = model.distribution_.components
    medians = [float(part.median()) for part in parts]
    assert medians == sorted(medians)


def test_weights_add_up_and_their_covariance_knows_it():
    model = sj.WeibullMixture().fit(shipped("waltons"))
    weights = ["weight_0", "weight_1"]
    assert model.parameters_[weights].sum() == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(model.covariance_.loc[weights, weights].to_numpy().sum(), 0.0, atol=1e-17)
    assert np.linalg.matrix_rank(model.covariance_, tol=1e-10) == 5
    assert model.aic_ == pytest.approx(10 - 2 * model.log_likelihood_)


def boundary_data():
    # evenly spread Weibull quantiles: nothing for a second component to explain
    n = 64
    return sj.Weibull(2.0, 100.0).quantile((np.arange(n) + 0.5) / n)


def test_no_mixture_better_than_one_is_said_so_and_is_that_one():
    single = sj.Weibull().fit(boundary_data())
    model = sj.WeibullMixture().fit(boundary_data())
    if model.parameters_["weight_0"] != 1.0:  # an interior maximum may lie a hair above: then it says so
        assert model.log_likelihood_ > single.log_likelihood_
        assert any("Not distinguishable" in note for note in model.notes_)
        return
    np.testing.assert_allclose(model.log_likelihood_, single.log_likelihood_, rtol=1e-12)


def test_the_boundary_is_usable():
    # a known component far below every age has no place in these data: what is left is one Weibull
    life = shipped("ball_bearings")
    single, model = sj.Weibull().fit(life), sj.Mixture([sj.Weibull(), sj.Weibull(None, 1e-3)]).fit(life)
    assert model.parameters_["weight_0"] == 1.0
    assert model.parameters_["weight_1"] == 0.0
    assert np.isnan(model.parameters_["shape_1"])
    assert np.isnan(model.standard_errors_[["weight_0", "shape_1"]]).all()
    assert (model.parameters_["scale_1"], model.standard_errors_["scale_1"]) == (1e-3, 0.0)  # known before, known after
    np.testing.assert_allclose(model.standard_errors_["shape_0"], single.standard_errors_["shape"], rtol=1e-9)
    for question in (lambda m: m.survival(50.0), lambda m: m.predict_rul(50.0), lambda m: m.quantile(0.2)):
        np.testing.assert_allclose(question(model), question(single), rtol=1e-9)
    band, alone = model.interval("survival", [50.0]), single.interval("survival", [50.0])
    np.testing.assert_allclose(band, alone, rtol=1e-8)
    assert any("component 0 has all the weight" in note for note in model.notes_)


def test_a_fit_is_never_below_the_single_distribution():
    for name in ("ball_bearings", "generator_fans", "krivtsov_units", "aarset_devices"):
        life = shipped(name)
        assert sj.WeibullMixture().fit(life).log_likelihood_ >= sj.Weibull().fit(life).log_likelihood_ - 1e-9


def test_a_supremum_at_infinity_is_named():
    # most circuits never fail: the likelihood rises towards a component with an infinite scale
    model = sj.WeibullMixture().fit(shipped("integrated_circuits"))
    assert any("parameter runs to infinity" in note for note in model.notes_)


def test_known_parameters_stay_in_the_users_order():
    model = sj.WeibullMixture(scale=[62.0, None]).fit(shipped("waltons"))
    assert model.parameters_["scale_0"] == 62.0
    assert model.standard_errors_["scale_0"] == 0.0
    assert model.parameters_["scale_1"] < 62.0  # not reordered although its median is the lower


def test_different_families_mix():
    model = sj.Mixture([sj.Exponential(), sj.Weibull(shape=8.0)]).fit(shipped("waltons"))
    assert list(model.parameters_.index) == ["weight_0", "scale_0", "weight_1", "shape_1", "scale_1"]
    # the free mixture contains it
    assert model.log_likelihood_ < sj.WeibullMixture().fit(shipped("waltons")).log_likelihood_


@pytest.mark.parametrize("n_starts", [1, 12])
def test_the_number_of_starts_can_be_set(n_starts):
    assert sj.WeibullMixture(n_starts=n_starts).fit(shipped("waltons")).n_starts_ == n_starts


def test_the_path_ends_at_the_parameters():
    model = sj.WeibullMixture().fit(shipped("waltons"))
    np.testing.assert_allclose(model.path_.iloc[-1], model.parameters_, rtol=1e-12)
    assert len(model.path_) == model.n_steps_ + 1


def test_a_mixture_of_one_is_the_single_distribution():
    life = shipped("ball_bearings")
    np.testing.assert_allclose(sj.WeibullMixture(1).fit(life).log_likelihood_, sj.Weibull().fit(life).log_likelihood_, rtol=1e-12)


def test_a_component_on_a_coarse_grid_is_not_sharper_than_the_grid():
    # whole months, eleven failures in two neighbouring ones: a shape of 149 puts half of them within 0.6 months
    ages = np.concatenate([np.arange(3.0, 58.0, 2.0), [59.0] * 5, [60.0] * 6, [64.0, 70.0, 75.0]])
    parameters = sj.WeibullMixture().fit(ages).parameters_
    for index in np.flatnonzero(parameters.filter(like="weight")):
        shape, scale = parameters[f"shape_{index}"], parameters[f"scale_{index}"]
        middle_half = scale * (np.log(4.0) ** (1 / shape) - np.log(4.0 / 3.0) ** (1 / shape))
        assert shape < 15.0 or middle_half >= 1.0


def test_a_scale_at_infinity_is_not_an_optimum():
    # seen from 60 starts as 58 different optima: a share that never fails, at a scale of 1e13
    random = np.random.default_rng(28)
    n = int(random.choice([12, 20, 40, 60]))
    lives = np.ceil(100 * random.weibull(random.uniform(0.5, 4), n))
    ends = random.uniform(10, 200, n)
    model = sj.Mixture([sj.Weibull(2.0, 80.0), sj.Exponential()]).fit(
        np.minimum(lives, ends), lives <= ends, weights=random.integers(0, 5, n)
    )
    assert not model.parameters_["scale_1"] > 1e6
    assert not any("Unidentified" in note for note in model.notes_)


def test_known_weights_never_end_below_one_distribution():
    lives = 100 * np.random.default_rng(6).weibull(2.0, 30)
    single = sj.Weibull().fit(lives)
    for weight in ([0.05, 0.95], [0.2, 0.8], [0.5, 0.5]):
        model = sj.WeibullMixture(weight=weight).fit(lives)
        assert model.log_likelihood_ >= single.log_likelihood_ - 1e-9
        np.testing.assert_allclose(model.parameters_[["weight_0", "weight_1"]], weight)
        assert np.isfinite(model.interval("survival", [50.0, 90.0]).to_numpy()).all()


def test_a_mixture_that_is_one_distribution_throughout_is_said_to_be(tmp_path):
    # regular quantiles of a Weibull: nothing to tell two halves apart
    ages = sj.Weibull(2.0, 100.0).quantile((np.arange(12) + 0.5) / 12)
    single, model = sj.Weibull().fit(ages), sj.WeibullMixture(weight=[0.02, 0.98]).fit(ages)
    assert any("all components are the same" in note for note in model.notes_)
    for index in (0, 1):
        np.testing.assert_allclose(model.parameters_[[f"shape_{index}", f"scale_{index}"]], single.parameters_, rtol=1e-9)
        np.testing.assert_allclose(model.standard_errors_[[f"shape_{index}", f"scale_{index}"]], single.standard_errors_, rtol=1e-9)
    np.testing.assert_allclose(model.interval("survival", [30.0, 90.0]), single.interval("survival", [30.0, 90.0]), rtol=1e-8)
    model.save(tmp_path / "model.json")
    np.testing.assert_allclose(sj.load(tmp_path / "model.json").covariance_, model.covariance_, rtol=1e-12)


def test_a_known_shape_is_never_a_spike():
    ages = np.append([50.0, 50.5], 100 * np.random.default_rng(1).weibull(1.0, 60))
    free = sj.Mixture([sj.Weibull(shape=60.0), sj.Weibull()]).fit(ages)
    contained = sj.Mixture([sj.Weibull(shape=60.0, scale=50.2), sj.Weibull()]).fit(ages)
    assert free.log_likelihood_ >= contained.log_likelihood_ - 1e-6


def test_two_alike_components_of_three_may_come_in_either_order():
    random = np.random.default_rng
    ages = np.concatenate([30 * random(1).weibull(3, 40), 100 * random(1).weibull(6, 40), 300 * random(1).exponential(size=20)])
    model = sj.Mixture([sj.Weibull(), sj.Weibull(), sj.Exponential()]).fit(ages)
    assert not any("Unidentified" in note for note in model.notes_)
    assert model.n_hits_ >= 3


@pytest.mark.parametrize("model", [sj.WeibullMixture(1), sj.Mixture([sj.Weibull()])])
def test_a_mixture_of_one_is_fitted_and_refused_as_that_one(model):
    single = sj.Weibull().fit([5.0, 9.0], [1, 0])
    model.fit([5.0, 9.0], [1, 0])
    np.testing.assert_allclose(model.parameters_, [1.0, *single.parameters_], rtol=1e-9)
    np.testing.assert_allclose(model.standard_errors_, [0.0, *single.standard_errors_], rtol=1e-9)
    with pytest.raises(sj.NoFiniteMaximum, match="failure rate falls as fast as 1/age"):
        model.fit([11, 12, 13, 20, 40, 80], [1, 1, 1, 1, 0, 0], entry=[10] * 6)


def test_spikes_among_the_starts_are_counted_where_no_mixture_was_found():
    ages = np.append([5.0] * 19, 5.0 * np.arange(2, 40))
    model = sj.WeibullMixture().fit(ages)
    if model.parameters_["weight_0"] == 1.0:
        assert any("starts ended in a spike" in note for note in model.notes_)
    assert model.parameters_[["shape_0", "shape_1"]].max() < 100


def one_population(seed, n=256):
    random = np.random.default_rng(seed)
    lives, ends = 800 * random.weibull(2.5, n), random.uniform(100, 1500, n)
    return sj.Lifetimes(np.minimum(lives, ends), lives <= ends)


def test_failures_that_chance_crowds_are_no_component():
    # of one Weibull; the highest maximum has a component of shape 170 on six failures
    life = one_population(3)
    model = sj.WeibullMixture().fit(life)
    assert model.parameters_[["shape_0", "shape_1"]].max() < 100
    assert model.log_likelihood_ >= sj.Weibull().fit(life).log_likelihood_ - 1e-9
    (passed_over,) = [note for note in model.notes_ if "passed over" in note]
    assert "rests on 6 failures between 348.685 and 355.468" in passed_over
    assert np.sum(life.event_observed & (life.durations > 348.684) & (life.durations < 355.469)) == 6


def test_a_prior_on_its_shape_returns_what_was_passed_over():
    model = sj.WeibullMixture().fit(one_population(3), prior={"shape_0": (170.0, 0.5)})
    assert model.parameters_["shape_0"] > 100


def test_a_crowd_that_chance_seldom_makes_is_a_component_and_named():
    # one Weibull again, but of such fleets one in two hundred has seven failures so close together
    model = sj.WeibullMixture().fit(one_population(7))
    assert model.parameters_["shape_0"] > 100
    (rests,) = [note for note in model.notes_ if "Component 0 rests on" in note]
    assert "7 failures between 628.234 and 630.957" in rests


@pytest.mark.parametrize("shape", [300.0, 1000.0])  # of shape 1000 the cumulative hazard of an age of 1500 is beyond all numbers
def test_a_small_population_that_fails_on_schedule_is_found(shape):
    random = np.random.default_rng([0, 7])
    n = 1024
    scheduled = random.uniform(size=n) < 0.1
    lives, ends = np.where(scheduled, 600 * random.weibull(shape, n), 800 * random.weibull(2.5, n)), random.uniform(100, 1500, n)
    model = sj.WeibullMixture().fit(np.minimum(lives, ends), lives <= ends)
    for name, true in {"weight_0": 0.1, "shape_0": shape, "scale_0": 600.0}.items():
        assert abs(model.parameters_[name] - true) < 4 * model.standard_errors_[name]
    assert not any("passed over" in note or "rests on" in note for note in model.notes_)


def test_how_often_chance_crowds_so_many_agrees_with_simulation():
    ages = np.sort(np.append(np.linspace(0.1, 2.0, 55), [1.0003, 1.0011, 1.0021, 1.0034, 1.0046]))
    narrow, wide, n = stats.weibull_min(400.0, scale=1.002), stats.weibull_min(2.0, scale=1.1), len(ages)
    point = np.array([np.log(400.0), np.log(1.002), np.log(2.0), np.log(1.1), np.log(0.08 / 0.92)])
    with jax.enable_x64(True):
        mixture = Mixture((Weibull(), Weibull()))
        crowd = FailureAges(ages, np.ones(n)).crowd(mixture, point, narrow.ppf([0.25, 0.5, 0.75]), 0, np.array([4.8, n - 4.8]))
    assert (crowd.component, crowd.failures, crowd.first, crowd.last) == (0, 5, 1.0003, 1.0046)
    np.testing.assert_allclose(crowd.weight, 0.08, rtol=1e-12)
    share = wide.cdf(1.0050) - wide.cdf(0.9999)  # ages told to 0.0008, the smallest gap
    # 4.8 failures are to the weight 0.08 as the expected ones are to 0.92 of the share
    np.testing.assert_allclose(crowd.expected, 60 * 0.92 * share, rtol=1e-9)
    fleets = np.sort(np.random.default_rng(0).uniform(size=(100_000, n)), axis=1)
    runs = (fleets[:, 4:] - fleets[:, :-4] < share).sum(axis=1)  # 60 * 0.92 are the 55.2 failures of the others
    assert abs(crowd.by_chance - runs.mean()) < 4 * runs.std() / np.sqrt(len(runs))
