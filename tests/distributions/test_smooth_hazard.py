"""The age from birth, for laws with a smooth hazard: what a quantile asks for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from survjax.distributions import BirnbaumSaunders, InverseGaussian, LogNormal

LAWS = [LogNormal(location=4.15, scale=0.52), BirnbaumSaunders(shape=0.54, scale=63.0), InverseGaussian(mean_life=72.0, shape=230.0)]


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def equations(jaxpr):
    """How many there are, those inside loops and branches too: what XLA has to compile."""
    inner = [value for equation in jaxpr.eqns for value in equation.params.values()]
    closed = [value.jaxpr for value in inner if hasattr(value, "jaxpr") and hasattr(value.jaxpr, "eqns")]
    return len(jaxpr.eqns) + sum(equations(each) for each in closed)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_a_quantile_does_not_carry_the_look_ahead_of_short_durations(law):
    of_quantile = equations(jax.make_jaxpr(jax.grad(law.quantile))(0.1).jaxpr)
    of_duration = equations(jax.make_jaxpr(jax.grad(lambda total: law.duration_after(0.0, total)))(0.1).jaxpr)
    assert of_quantile < 0.7 * of_duration


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_the_age_from_birth_is_the_duration_after_age_0(law):
    total = jnp.array([0.0, 1e-12, 0.01, 1.0, 50.0, jnp.inf])
    ages = np.asarray(law.age_at(total))
    # the same formula on both ways; a root is found to four units in the last place
    np.testing.assert_allclose(ages, [law.duration_after(0.0, each) for each in total], rtol=4e-15)
    assert ages[0] == 0.0
    assert np.isinf(ages[-1])
