"""The likelihood of a row is the library's, and what a network is trained by has the slopes of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import survjax as sj
from survjax.distributions import Mixture, PiecewiseExponential, Weibull
from survjax.neural.network import create
from survjax.neural.neural_fit import law_of_one
from survjax.neural.rows import log_probabilities, log_probability, network_loss, rows_of, told_by
from survjax.neural.step_hazard import StepHazard
from survjax.neural.trained_weibull import TrainedWeibull
from survjax.training import TrainingSettings, train

LIFE = sj.Lifetimes.from_intervals(
    [2.0, 5.0, 3.0, 0.0, 7.0, 12.0, 9.0, 4.0],
    [2.0, np.inf, 6.0, 4.0, 7.0, np.inf, 9.5, 4.0],
    entry=[0.0, 1.0, 0.0, 0.0, 3.0, 11.9, 2.0, 0.0],
    weights=[1, 2, 1, 1, 3, 1, 1, 1],
)
PLAIN = sj.Lifetimes([2.0, 5.0, 3.0, 7.0, 12.0], [1, 0, 1, 1, 0])
HAZARD = PiecewiseExponential(np.array([3.0, 6.0]), None), np.log([0.05, 0.2, 0.1])
MIXTURE = Mixture((Weibull(None, None), Weibull(None, None)), None), np.array([*np.log([0.7, 4.0, 3.0, 9.0]), -1.0])


@pytest.mark.parametrize(("template", "point"), [HAZARD, MIXTURE], ids=["hazard", "mixture"])
@pytest.mark.parametrize("life", [LIFE, PLAIN], ids=["any kind of row", "failures and running units"])
def test_rows_add_up_to_the_librarys_log_likelihood(template, point, life):
    with jax.enable_x64(True):
        known = jax.tree.map(np.asarray, template.bind(jnp.asarray(point)))
        own = log_probabilities(law_of_one, template, np.tile(point, (len(life), 1)), rows_of(life, 1.0))
    # differences of survivals are taken over the interval here, and of two logarithms there: a few roundings apart
    np.testing.assert_allclose(life.counts() @ own, sj.Model(known).log_likelihood(life), rtol=1e-13)


def test_times_in_another_unit_shift_densities_only():
    template, point = MIXTURE
    with jax.enable_x64(True):
        own = log_probabilities(law_of_one, template, np.tile(point, (5, 1)), rows_of(PLAIN, 1.0))
        moved = point + np.log(1 / 7.0) * np.array([0, 1, 0, 1, 0])
        scaled = log_probabilities(law_of_one, template, np.tile(moved, (5, 1)), rows_of(PLAIN, 7.0))
    np.testing.assert_allclose(scaled - np.log(7.0) * PLAIN.event_observed, own, rtol=1e-13)


@pytest.mark.parametrize("life", [LIFE, PLAIN], ids=["any kind of row", "failures and running units"])
def test_the_weibull_that_networks_are_trained_with_is_the_weibull(life):
    _, point = MIXTURE
    with jax.enable_x64(True):
        values = [
            log_probabilities(
                law_of_one, Mixture((law(None, None), law(None, None)), None), np.tile(point, (len(life), 1)), rows_of(life, 1.0)
            )
            for law in (Weibull, TrainedWeibull)
        ]
    np.testing.assert_allclose(values[1], values[0], rtol=1e-12)


def test_a_failure_far_beyond_a_very_narrow_component_has_the_hazard_of_the_other_in_single_precision():
    law = Mixture((TrainedWeibull(np.float32(109.0), np.float32(1.0)), TrainedWeibull(np.float32(1.0), np.float32(2.0))), (0.02, 0.98))
    # of the narrow one, hazard e^124, nobody is left
    np.testing.assert_allclose(law.log_hazard(np.float32(3.0)), -np.log(2.0), rtol=1e-6)


def test_a_narrow_component_is_outlived_by_a_unit_that_came_early_in_single_precision():
    law, start, length = TrainedWeibull(np.float32(31.0), np.float32(0.76)), np.float32(0.1), np.float32(3.0)
    # (3.1 / 0.76)^31 is 8e18; the power at the start, 1e-27, times the growth is beyond the range of the exponent's limit
    expected = (3.1 / 0.76) ** 31 - (0.1 / 0.76) ** 31
    # 31 times the rounding of a logarithm of 1.4, 1e-7
    np.testing.assert_allclose(law.cumulative_hazard_between(start, length), expected, rtol=2e-5)


def test_a_unit_far_beyond_a_narrow_component_has_finite_slopes_in_single_precision():
    narrow = np.array([np.log(200.0), 0.0, 0.0, 1.0, -5.0], np.float32)

    def slope(law):
        template = Mixture((law(None, None), law(None, None)), None)
        return jax.jit(jax.grad(lambda point, t: template.bind(point).log_survival_from(t, jnp.log(t))))(narrow, np.float32(5.0))

    # what is left is the wide component: d log S / d log k = -H log(t / scale), d log S / d log scale = H k, with k = 1 and scale e
    collected = 5.0 / np.e
    for law in (Weibull, TrainedWeibull):  # the first was nan
        np.testing.assert_allclose(slope(law)[:4], [0.0, 0.0, -collected * np.log(collected), collected], rtol=1e-5)


def test_the_hazard_that_networks_are_trained_with_is_the_piecewise_one():
    template, point = HAZARD
    for life in (LIFE, PLAIN):
        with jax.enable_x64(True):
            values = [
                log_probabilities(law_of_one, law, np.tile(point, (len(life), 1)), rows_of(life, 1.0))
                for law in (template, StepHazard(template.breaks))
            ]
        np.testing.assert_allclose(values[1], values[0], rtol=1e-14)  # sums of three terms in another order


def test_the_slope_of_the_loss_is_that_of_differences():
    template, start = HAZARD
    x = np.random.default_rng(0).normal(size=(len(LIFE), 2))
    with jax.enable_x64(True):
        network = jax.tree.map(lambda array: array[0], create("perceptron", (2,), 3, (4,), 0.0, 1, 1))
        leaves, structure = jax.tree.flatten(network)
        point = np.random.default_rng(1).normal(size=sum(leaf.size for leaf in leaves))
        rows = jax.tree.map(jnp.asarray, rows_of(LIFE, 1.0) | {"x": x})
        trained_as = StepHazard(template.breaks)

        @jax.jit
        @jax.value_and_grad
        def loss(point):
            parts = jnp.split(point, np.cumsum([leaf.size for leaf in leaves])[:-1])
            own = jax.tree.unflatten(structure, [part.reshape(leaf.shape) for part, leaf in zip(parts, leaves, strict=True)])
            return network_loss(trained_as, start, own, rows, None).sum()

        step = 1e-6
        differences = [(loss(point + step * one)[0] - loss(point - step * one)[0]) / (2 * step) for one in np.eye(len(point))]
        # of central differences: rounding 1e-16 / 1e-6 and curvature 1e-12, times a loss of some 30
        np.testing.assert_allclose(loss(point)[1], differences, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("life", [LIFE, PLAIN], ids=["any kind of row", "failures and running units"])
def test_a_mixture_has_finite_slopes_for_every_kind_of_row(life):
    _, point = MIXTURE
    template = Mixture((TrainedWeibull(None, None), TrainedWeibull(None, None)), None)
    with jax.enable_x64(True):
        rows = jax.tree.map(jnp.asarray, rows_of(life, 1.0))

        @jax.jit
        @jax.value_and_grad
        def loss(point):
            return jax.vmap(lambda row: log_probability(template.bind(point), row))(rows).sum()

        step = 1e-6
        differences = [(loss(point + step * one)[0] - loss(point - step * one)[0]) / (2 * step) for one in np.eye(5)]
        np.testing.assert_allclose(loss(point)[1], differences, rtol=1e-6, atol=1e-7)  # as above


def test_biases_alone_learn_failures_over_exposure():
    """A linear network of nothing, begun at other hazards, arrives at the maximum of the piecewise exponential likelihood."""
    random = np.random.default_rng(2)
    lives, ends = random.exponential(8.0, 256), random.uniform(0.0, 15.0, 256)
    life = sj.Lifetimes(np.minimum(lives, ends), lives <= ends)
    template, start = HAZARD
    with jax.enable_x64(True):
        network = jax.tree.map(lambda array: array[0], create("perceptron", (1,), 3, (), 0.0, 0, 1))
    loss = jax.tree_util.Partial(network_loss, StepHazard(template.breaks), start)
    settings = TrainingSettings("adam", 0.05, batch_size=256, epochs=600, patience=None, precision="double")
    found = train(loss, network, rows_of(life, 1.0) | {"x": np.zeros((256, 1))}, settings=settings)
    begins, ends = np.array([0.0, 3.0, 6.0]), np.array([3.0, 6.0, np.inf])
    exposure = [np.sum(np.minimum(np.maximum(life.durations - b, 0.0), e - b)) for b, e in zip(begins, ends, strict=True)]
    failures = [np.sum(life.event_observed & (life.durations >= b) & (life.durations < e)) for b, e in zip(begins, ends, strict=True)]
    rates = np.exp(start + found.parameters.layers[0].bias)
    np.testing.assert_allclose(rates, np.array(failures) / exposure, rtol=1e-6)  # Adam's steps die out as fast as the slope


def test_right_truncation_is_refused():
    life = sj.Lifetimes.from_intervals([1.0, 2.0], [1.0, 2.0], right_truncation=[np.inf, 5.0])
    with pytest.raises(ValueError, match=r"row 1 is truncated on the right.*ParameterRegression"):
        rows_of(life, 1.0)


def test_rows_that_say_nothing_are_not_learned_from():
    life = sj.Lifetimes([1.0, 0.0, 2.0], [1, 0, 0], weights=[1, 1, 0])
    assert told_by(life).tolist() == [True, False, False]
