import jax
import jax.numpy as jnp
import numpy as np
import pytest

from survjax.optimise import MeanOverRows, minimise

RANDOM = np.random.default_rng(9)
DATA = {"x": RANDOM.normal(size=(100, 2)), "count": RANDOM.poisson(3.0, 100)}


def poisson(parameters, row):
    score = parameters["level"] + row["x"] @ parameters["slopes"]
    return jnp.exp(score) - row["count"] * score


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("block", [30, 512])
def test_blocks_add_up_to_the_whole_with_two_derivatives(block):
    parameters = {"level": jnp.asarray(0.5), "slopes": jnp.array([0.2, -0.1])}
    data = {"x": DATA["x"], "count": DATA["count"].astype(float)}

    def whole(parameters):
        return jnp.mean(jax.vmap(poisson, in_axes=(None, 0))(parameters, data))

    def in_blocks(parameters):
        return MeanOverRows(poisson, block=block)(parameters, data)

    for derived in (lambda f: f, jax.grad, lambda f: jax.jacfwd(jax.grad(f))):
        ours, theirs = (jax.tree.leaves(jax.jit(derived(f))(parameters)) for f in (in_blocks, whole))
        for own, other in zip(ours, theirs, strict=True):
            # sums of a hundred terms in another order
            np.testing.assert_allclose(own, other, rtol=1e-13, atol=1e-14)


def test_it_is_minimised_like_any_function_and_known_again():
    start = {"level": 0.0, "slopes": np.zeros(2)}
    newton = minimise(MeanOverRows(poisson, block=32), start, args=(DATA,), tolerance=1e-13)
    again = minimise(MeanOverRows(poisson, block=32), start, args=(DATA,), tolerance=1e-13)
    assert again.seconds_compiling == 0.0
    score = newton.parameters["level"] + DATA["x"] @ newton.parameters["slopes"]
    # the score equations of a Poisson regression
    np.testing.assert_allclose(np.exp(score).sum(), DATA["count"].sum(), rtol=1e-12)
    np.testing.assert_allclose(DATA["x"].T @ (np.exp(score) - DATA["count"]), 0.0, atol=1e-10)


def test_rows_that_are_nan_at_the_start_are_named():
    broken = DATA | {"x": np.where(np.arange(100)[:, None] == [17, 18], np.nan, DATA["x"])}
    with pytest.raises(ValueError, match=r"fun is nan at the start. The term of 2 rows is not finite: rows 17, 18\."):
        minimise(MeanOverRows(poisson), {"level": 0.0, "slopes": np.zeros(2)}, args=(broken,), method="BFGS")


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="columns of one length"):
        minimise(MeanOverRows(poisson), {"level": 0.0, "slopes": np.zeros(2)}, args=(DATA | {"count": DATA["count"][:99]},))
    with pytest.raises(ValueError, match="block must be at least 1"):
        MeanOverRows(poisson, block=0)
