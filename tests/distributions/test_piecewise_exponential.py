"""What is peculiar to the piecewise exponential: its closed forms, its fit, and the ages it is given."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import survjax as sj
from survjax.distributions import Exponential, PiecewiseExponential
from tests.conftest import shipped

pytestmark = pytest.mark.usefixtures("double")
BREAKS, RATES = np.array([10.0, 30.0]), np.array([0.01, 0.1, 0.02])


def law():
    return PiecewiseExponential(BREAKS, tuple(np.asarray(rate) for rate in RATES))


@pytest.mark.parametrize(
    ("time", "hazard", "collected"), [(0.0, 0.01, 0.0), (5.0, 0.01, 0.05), (10.0, 0.1, 0.1), (20.0, 0.1, 1.1), (40.0, 0.02, 2.3)]
)
def test_hazard_and_cumulative_hazard_are_steps_and_their_sums(time, hazard, collected):
    np.testing.assert_allclose(law().hazard(time), hazard, rtol=1e-15)
    np.testing.assert_allclose(law().cumulative_hazard(time), collected, rtol=1e-14)
    if collected:
        np.testing.assert_allclose(law().age_at(collected), time, rtol=1e-14)


def test_a_look_ahead_across_breaks_and_its_inverse():
    np.testing.assert_allclose(law().cumulative_hazard_between(5.0, 30.0), 0.05 + 2.0 + 0.1, rtol=1e-14)
    np.testing.assert_allclose(law().duration_after(5.0, 2.15), 30.0, rtol=1e-14)
    np.testing.assert_allclose(law().cumulative_hazard_between(5.0, 1e-12), 1e-14, rtol=1e-14)
    np.testing.assert_allclose(law().duration_after(25.0, 1e-14), 1e-13, rtol=1e-14)


def test_the_mean_is_the_sum_over_the_pieces():
    expected = (1 - np.exp(-0.1)) / 0.01 + np.exp(-0.1) * (1 - np.exp(-2.0)) / 0.1 + np.exp(-2.1) / 0.02
    np.testing.assert_allclose(law().mean(), expected, rtol=1e-14)
    gradient = jax.grad(lambda values: law().with_values(values).mean())(jnp.asarray(RATES))
    assert np.all(np.isfinite(gradient))


def test_one_piece_is_the_exponential():
    alone = PiecewiseExponential([], (0.05,))
    for rule in ("log_survival", "log_hazard", "log_density"):
        np.testing.assert_allclose(getattr(alone, rule)(7.0), getattr(Exponential(20.0), rule)(7.0), rtol=1e-14)


def test_its_parameters_are_numbered_and_its_rates_and_breaks_follow_the_unit():
    template = sj.distributions.PiecewiseExponential([10.0, 30.0])
    assert list(template.parameters()) == ["rate_0", "rate_1", "rate_2"]
    assert template.n_coordinates() == 3
    changed = law().rescaled(24.0)
    np.testing.assert_allclose(changed.breaks, BREAKS * 24)
    np.testing.assert_allclose(changed.values(), RATES / 24)


def test_the_fit_is_failures_over_time_in_each_piece():
    life = shipped("generator_fans")
    breaks = np.array([2000.0, 5000.0])
    model = sj.PiecewiseExponential(breaks).fit(life)
    edges = [0.0, *breaks, np.inf]
    for index, (begin, end) in enumerate(itertools.pairwise(edges)):
        failures = np.sum(life.event_observed & (life.durations >= begin) & (life.durations < end))
        spent = np.clip(life.durations, begin, min(end, life.durations.max())) - begin
        np.testing.assert_allclose(model.parameters_[f"rate_{index}"], failures / spent.sum(), rtol=1e-12)
        np.testing.assert_allclose(
            model.standard_errors_[f"rate_{index}"], np.sqrt(failures) / spent.sum(), rtol=1e-6
        )  # the Hessian is a last step away


@pytest.mark.parametrize("seed", range(6))
def test_failures_at_a_break_are_of_the_piece_that_begins_there_whatever_the_unit(seed):
    # ages in tens, breaks among them: the unit inside once took some to the other side, by rounding
    durations = np.ceil(10 * np.random.default_rng(seed).weibull(1.5, 64)) * 10
    model = sj.PiecewiseExponential([50.0, 100.0]).fit(durations)
    for index, (begin, end) in enumerate([(0.0, 50.0), (50.0, 100.0), (100.0, np.inf)]):
        failures = np.sum((durations >= begin) & (durations < end))
        spent = np.clip(durations - begin, 0.0, end - begin).sum()
        np.testing.assert_allclose(model.parameters_[f"rate_{index}"], failures / spent, rtol=1e-12)  # the optimum is in closed form


def test_a_known_rate_stays_and_bad_breaks_are_refused():
    model = sj.PiecewiseExponential([5000.0], rate=[None, 1e-5]).fit(shipped("generator_fans"))
    assert model.parameters_["rate_1"] == 1e-5
    with pytest.raises(ValueError, match=r"rise; breaks\[1\] is 10 after 30"):
        sj.PiecewiseExponential([30.0, 10.0]).fit(shipped("generator_fans"))
    with pytest.raises(ValueError, match="3 rates were given"):
        sj.PiecewiseExponential([30.0], rate=[1.0, 2.0, 3.0]).fit(shipped("generator_fans"))


def test_it_survives_a_file(tmp_path):
    model = sj.PiecewiseExponential([2000.0, 5000.0]).fit(shipped("generator_fans"))
    again = sj.load(model.save(tmp_path / "model.json") or tmp_path / "model.json")
    np.testing.assert_array_equal(again.survival([100.0, 3000.0]), model.survival([100.0, 3000.0]))


def test_what_breaks_hold_does_not_stand_in_the_way_of_questions_to_the_fit():
    # the numbers of a law were all taken for single ones, so that these raised
    life = shipped("generator_fans")
    model = sj.PiecewiseExponential([2000.0, 5000.0]).fit(life)
    np.testing.assert_array_equal(model.distribution_.breaks, [2000.0, 5000.0])
    np.testing.assert_allclose(model.log_likelihood(life), model.log_likelihood_, rtol=1e-12)
    both = sj.Mixture([sj.PiecewiseExponential([2000.0, 5000.0]), sj.Weibull()], weight=[0.5, 0.5])
    assert both.fit(life).converged_
    load = {"load": np.linspace(0.0, 1.0, len(life))}
    regression = sj.ProportionalHazards(sj.PiecewiseExponential([2000.0, 5000.0])).fit(load, life)
    one = regression.of({"load": 0.5})
    np.testing.assert_allclose(one.survival(3000.0), regression.predict_survival({"load": 0.5}, 3000.0)[0], rtol=1e-12)
    spline = sj.RoystonParmar(1).fit(life)
    np.testing.assert_allclose(spline.score(life), spline.log_likelihood_ / life.n_units, rtol=1e-12)
