"""The training loop on a linear regression by least squares, of which the answer is known."""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
import pytest

import survjax as sj
from survjax.plotting import plot_learning_curve
from survjax.training import TrainingSettings, train, train_members
from survjax.training.loop import _epoch

RNG = np.random.default_rng(1)
X = RNG.normal(size=(256, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * RNG.normal(size=256)
ROWS = {"x": X, "y": Y}
START = {"slope": np.zeros(3), "constant": np.zeros(())}
HELD_OUT = np.arange(0, 256, 4)


def squared(parameters, rows, key):
    residual = rows["x"] @ parameters["slope"] + parameters["constant"] - rows["y"]
    return residual**2, {"size": jnp.abs(residual)}


def least_squares(x, y, weights=None):
    root = np.sqrt(np.ones(len(y)) if weights is None else weights)
    return np.linalg.lstsq(root[:, None] * np.column_stack([x, np.ones(len(x))]), root * y, rcond=None)[0]


def double(**changed):
    return TrainingSettings(**{"optimiser": "sgd", "learning_rate": 0.1, "precision": "double", "patience": None, **changed})


def test_steps_over_all_rows_at_once_arrive_at_least_squares():
    found = train(squared, START, ROWS, settings=double(batch_size=256, epochs=300))
    # gradient descent contracts by some 0.8 a step, so that 300 steps leave rounding
    np.testing.assert_allclose([*found.parameters["slope"], found.parameters["constant"]], least_squares(X, Y), atol=1e-12)
    assert found.reason == "all 300 epochs run"


def test_one_epoch_is_the_steps_written_out_by_hand():
    """An epoch of one incomplete batch: a single gradient step over the rows there are, padding counting nothing."""
    found = train(squared, START, {"x": X[:100], "y": Y[:100]}, settings=double(batch_size=128, epochs=1))
    residual = -Y[:100]
    np.testing.assert_allclose(found.parameters["slope"], -0.1 * 2 * X[:100].T @ residual / 100, rtol=1e-12)
    np.testing.assert_allclose(found.curve["training_loss"], [np.mean(residual**2)], rtol=1e-12)
    np.testing.assert_allclose(found.curve["training_size"], [np.mean(np.abs(residual))], rtol=1e-12)


def test_every_row_is_learned_from_once_an_epoch():
    """With a step of next to nothing the mean loss on the way is that of all rows at the start, the last batch being incomplete."""
    found = train(squared, START, {"x": X[:100], "y": Y[:100]}, settings=double(batch_size=64, epochs=1, learning_rate=1e-12))
    np.testing.assert_allclose(found.curve["training_loss"], [np.mean(Y[:100] ** 2)], rtol=1e-9)  # 1e-12 times the curvature


def test_a_row_of_weight_two_is_two_rows():
    weights = np.where(np.arange(256) < 100, 2.0, 1.0)
    found = train(squared, START, ROWS, settings=double(batch_size=256, epochs=300), weights=weights)
    expected = least_squares(X, Y, weights)
    np.testing.assert_allclose([*found.parameters["slope"], found.parameters["constant"]], expected, atol=1e-12)


def test_rows_of_weight_zero_move_nothing():
    """In batches of four rows, most of which weigh nothing, some batches are of no weight at all."""
    weights = np.where(np.arange(256) % 8 == 0, 1.0, 0.0)
    settings = double(batch_size=4, epochs=400, learning_rate=0.005)
    found = train(squared, START, ROWS, settings=settings, weights=weights)
    expected = least_squares(X, Y, weights)
    np.testing.assert_allclose([*found.parameters["slope"], found.parameters["constant"]], expected, atol=0.01)  # the noise of the steps
    with pytest.raises(ValueError, match="no row of any weight to learn from"):
        train(squared, START, ROWS, settings=settings, weights=np.zeros(256))


def test_a_loss_that_is_no_number_at_the_start_says_so():
    beyond = {"slope": np.full(3, 3.0), "constant": np.zeros(())}
    with pytest.raises(sj.NotConverged, match="rows held out is nan at the start"):
        train(failing_later, beyond, ROWS, settings=double(), held_out=HELD_OUT)


def test_the_best_epoch_is_kept_and_the_training_stops_after_patience():
    noisy = double(batch_size=8, epochs=200, learning_rate=0.3, patience=5)
    found = train(squared, START, ROWS, settings=noisy, held_out=HELD_OUT, seed=3)
    losses = found.curve.set_index("epoch")["validation_loss"]
    assert losses.idxmin() == found.best_epoch
    assert losses.index[-1] == found.best_epoch + 5
    assert found.reason == "no better for 5 epochs"
    residual = X[HELD_OUT] @ found.parameters["slope"] + found.parameters["constant"] - Y[HELD_OUT]
    np.testing.assert_allclose(losses.min(), np.mean(residual**2), rtol=1e-12)


def test_the_loss_held_out_at_the_start_is_epoch_0():
    found = train(squared, START, ROWS, settings=double(epochs=1), held_out=HELD_OUT)
    np.testing.assert_allclose(found.curve["validation_loss"][0], np.mean(Y[HELD_OUT] ** 2), rtol=1e-12)
    assert found.curve["epoch"].to_list() == [0, 1]


def test_a_seed_gives_the_same_network_and_another_seed_another():
    def slope(seed):
        return train(squared, START, ROWS, settings=TrainingSettings(epochs=3), held_out=HELD_OUT, seed=seed).parameters["slope"]

    np.testing.assert_array_equal(slope(1), slope(1))
    assert not np.array_equal(slope(1), slope(2))


def test_members_learn_from_their_own_rows():
    """Of three networks side by side, one of fewer rows than the others, each arrives at the least squares of its rows."""
    training = [np.arange(256), np.arange(40), np.arange(128, 256)]
    starts = jax.tree.map(lambda array: np.stack([array] * 3), START)
    found = train_members(squared, starts, ROWS, training=training, settings=double(batch_size=64, epochs=2_000, learning_rate=0.02))
    assert len({one.curve["training_loss"].iloc[-1] for one in found}) == 3
    for one, rows in zip(found, training, strict=True):
        expected = least_squares(X[rows], Y[rows])
        # batches of a quarter of the rows wander about the optimum by learning rate times noise, 0.02 x 0.1
        np.testing.assert_allclose([*one.parameters["slope"], one.parameters["constant"]], expected, atol=0.01)


def test_a_training_that_diverges_at_once_says_so():
    with pytest.raises(sj.NotConverged, match=r"diverged in epoch 1.*smaller learning_rate than 1000.*no epoch was better"):
        train(squared, START, ROWS, settings=double(learning_rate=1e3, batch_size=4), held_out=HELD_OUT)


def failing_later(parameters, rows, key):
    """A loss that falls up to a slope of 2, and is no number beyond."""
    return jnp.sqrt(2.0 - parameters["slope"][0]) + 0.0 * rows["y"], {}


def test_a_training_that_diverges_later_keeps_the_best_before():
    settings = double(learning_rate=0.8, batch_size=192, epochs=50)
    found = train(failing_later, START, ROWS, settings=settings, held_out=HELD_OUT)
    assert found.diverged
    assert "diverged in epoch" in found.reason
    assert "kept is epoch" in found.reason
    assert np.isfinite(found.parameters["slope"]).all()
    assert found.best_epoch == found.curve.set_index("epoch")["validation_loss"].idxmin()


def test_a_second_training_of_the_same_shapes_compiles_nothing():
    train(squared, START, ROWS, settings=TrainingSettings(epochs=1, learning_rate=0.01), held_out=HELD_OUT)
    before = _epoch._cache_size()
    train(squared, START, ROWS, settings=TrainingSettings(epochs=2, learning_rate=0.02), held_out=HELD_OUT[::-1], seed=5)
    assert _epoch._cache_size() == before


def test_networks_are_of_single_precision_and_the_users_setting_stays():
    before = jax.config.jax_enable_x64
    found = train(squared, START, ROWS, settings=TrainingSettings(epochs=1))
    assert found.parameters["slope"].dtype == np.float32
    assert jax.config.jax_enable_x64 == before


def test_an_optimiser_of_optax_is_taken():
    own = TrainingSettings(optax.sgd(0.1), batch_size=256, epochs=300, patience=None, precision="double")
    np.testing.assert_allclose(train(squared, START, ROWS, settings=own).parameters["slope"], least_squares(X, Y)[:3], atol=1e-12)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"optimiser": "newton"}, "optimiser must be"),
        ({"learning_rate": -1.0}, "learning_rate must be a positive number"),
        ({"optimiser": optax.sgd(0.1), "learning_rate": 0.1}, "has its learning rate"),
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"patience": 0}, "patience must be a whole number"),
        ({"precision": "half"}, "precision must be"),
    ],
)
def test_settings_that_say_nothing_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        TrainingSettings(**changed)


def test_weight_decay_shrinks_matrices_only():
    def loss(parameters, rows, key):
        return 0.0 * rows["y"] + 0.0 * parameters["matrix"].sum() + 0.0 * parameters["bias"].sum()

    start = {"matrix": np.ones((2, 2)), "bias": np.ones(2)}
    found = train(loss, start, ROWS, settings=double(optimiser="adam", learning_rate=0.1, weight_decay=0.5, batch_size=256, epochs=1))
    np.testing.assert_allclose(found.parameters["matrix"], 0.95, rtol=1e-12)  # 1 - 0.1 x 0.5
    np.testing.assert_array_equal(found.parameters["bias"], 1.0)


def test_the_curve_is_drawn_with_the_epoch_that_was_kept():
    found = train(squared, START, ROWS, settings=double(epochs=5), held_out=HELD_OUT)
    ax = plot_learning_curve(found.curve)
    (dot,) = [line for line in ax.lines if line.get_label() == "kept"]
    assert dot.get_xdata()[0] == found.best_epoch
    with pytest.raises(KeyError, match="no 'accuracy'; there are loss, size"):
        plot_learning_curve(found.curve, measure="accuracy")
    plt.close("all")
