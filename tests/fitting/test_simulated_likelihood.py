"""Random coefficients by simulation, against integrals known in closed form and against a known truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from survjax.fitting.simulated_likelihood import SimulatedLogLikelihood, normal_draws
from survjax.optimise import MeanOverRows, minimise

TRUTH = {"level": -3.5, "wear": 0.6, "load_mean": 1.0, "load_spread": 1.5}


def test_draws_come_in_pairs_of_opposite_signs_and_are_spread_like_a_normal():
    draws = normal_draws(500, 20, 2, seed=3)
    assert draws.shape == (500, 20, 2)
    np.testing.assert_array_equal(draws[:, :10], -draws[:, 10:])
    # quasi-random: the variance of 10,000 is off by less than a tenth of what independent draws would be, sqrt(2 / 10,000)
    np.testing.assert_allclose(draws.var(axis=(0, 1)), 1.0, atol=0.1 * np.sqrt(2 / 10_000))
    assert abs(np.corrcoef(draws[:, :10].reshape(-1, 2).T)[0, 1]) < 0.1 / np.sqrt(5_000)
    np.testing.assert_array_equal(draws, normal_draws(500, 20, 2, seed=3))
    assert not np.array_equal(draws, normal_draws(500, 20, 2, seed=4))


@pytest.mark.parametrize(("arguments", "message"), [((10, 7), "even number"), ((10, 0), "even number"), ((0, 4), "at least 1")])
def test_draws_that_cannot_be_made_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        normal_draws(*arguments)


def normal_given(parameters, draw, row):
    return jax.scipy.stats.norm.logpdf(row["y"], parameters["spread"] * draw[0], 1.0)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("y", [-1.5, 0.0, 2.0])
def test_a_normal_around_a_normal_is_a_normal(y):
    row = {"y": jnp.asarray(y), "draws": jnp.asarray(normal_draws(1, 4096)[0])}
    simulated = SimulatedLogLikelihood(normal_given)({"spread": jnp.asarray(0.7)}, row)
    # the error of 2,048 quasi-random pairs is of the order of 1 / 2,048
    np.testing.assert_allclose(simulated, norm.logpdf(y, 0.0, np.sqrt(1.0 + 0.7**2)), atol=1e-3)


@pytest.mark.usefixtures("double")
def test_the_sign_of_a_spread_does_not_matter_with_antithetic_draws():
    row = {"y": jnp.asarray(1.3), "draws": jnp.asarray(normal_draws(1, 16)[0])}
    log_likelihood = SimulatedLogLikelihood(normal_given)
    up, down = (log_likelihood({"spread": jnp.asarray(spread)}, row) for spread in (0.7, -0.7))
    np.testing.assert_allclose(up, down, rtol=1e-14)
    slope = jax.grad(lambda spread: log_likelihood({"spread": spread}, row))(jnp.asarray(0.0))
    np.testing.assert_allclose(slope, 0.0, atol=1e-15)


@pytest.mark.usefixtures("double")
def test_a_likelihood_that_underflows_keeps_its_logarithm():
    row = {"y": jnp.asarray(60.0), "draws": jnp.asarray(normal_draws(1, 4)[0])}
    expected = np.logaddexp.reduce(norm.logpdf(60.0, 0.1 * np.asarray(row["draws"])[:, 0])) - np.log(4)
    assert np.exp(expected) == 0.0
    np.testing.assert_allclose(SimulatedLogLikelihood(normal_given)({"spread": jnp.asarray(0.1)}, row), expected, rtol=1e-13)


def life_given(parameters, draw, row):
    """A discrete-time hazard: in each period at risk, failed or not, with a coefficient of the load that is the unit's own."""
    harm = parameters["load_mean"] + parameters["load_spread"] * draw[0]
    score = parameters["level"] + parameters["wear"] * row["log_period"] + harm * row["load"]
    return jnp.sum(row["at_risk"] * (row["failed"] * score - jax.nn.softplus(score)))


def loss(parameters, row):
    return -SimulatedLogLikelihood(life_given)(parameters, row)


def lives(n, n_periods, n_draws):
    random = np.random.default_rng(11)
    load = random.uniform(-1.0, 1.0, (n, n_periods))
    log_period = np.tile(np.log(np.arange(1.0, n_periods + 1.0)), (n, 1))
    harm = TRUTH["load_mean"] + TRUTH["load_spread"] * random.standard_normal(n)
    score = TRUTH["level"] + TRUTH["wear"] * log_period + harm[:, None] * load
    would_fail = random.uniform(size=load.shape) < 1.0 / (1.0 + np.exp(-score))
    at_risk = np.cumsum(would_fail, axis=1) - would_fail == 0
    columns = {"log_period": log_period, "load": load, "at_risk": at_risk * 1.0, "failed": at_risk * would_fail * 1.0}
    return columns | {"draws": normal_draws(n, n_draws)}


def test_a_discrete_time_hazard_with_a_random_coefficient_is_recovered():
    n = 2048
    start = {"level": 0.0, "wear": 0.0, "load_mean": 0.0, "load_spread": 1.0}
    found = minimise(MeanOverRows(loss), start, args=(lives(n, 12, 32),))
    assert found.converged
    errors = np.sqrt(np.diag(np.linalg.inv(n * found.hessian)))
    for name, error in zip(sorted(TRUTH), errors, strict=True):
        estimate = abs(found.parameters[name]) if name == "load_spread" else found.parameters[name]
        assert abs(estimate - TRUTH[name]) < 4 * error, name
        # and the errors say something: each is a fraction of what it belongs to
        assert error < 0.2 * abs(TRUTH[name]), name
    # spread 0 is stationary, and the data are far from it: twice 10 is beyond any chance of one parameter
    plain = minimise(MeanOverRows(loss), start | {"load_spread": 0.0}, method="BFGS", args=(lives(n, 12, 32),))
    assert abs(plain.parameters["load_spread"]) < 1e-6
    assert n * (plain.value - found.value) > 10.0
