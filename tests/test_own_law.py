"""A user's own law: one scalar rule in a notebook, fitted, mixed and wrapped like any other."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

import survjax as sj
from survjax.distributions import Distribution
from survjax.parameters import Duration, Positive
from tests.conftest import shipped


class Own(Distribution):
    """A Weibull by another name, with nothing but its survival function."""

    steepness: Positive
    typical: Duration

    def log_survival(self, time):
        return -((time / self.typical) ** self.steepness)


def test_one_rule_is_enough_to_fit_and_to_predict():
    own, weibull = sj.Model(Own()).fit(shipped("ball_bearings")), sj.Weibull().fit(shipped("ball_bearings"))
    np.testing.assert_allclose(own.parameters_, weibull.parameters_, rtol=1e-7)
    np.testing.assert_allclose(own.standard_errors_, weibull.standard_errors_, rtol=1e-6)
    np.testing.assert_allclose(own.predict_rul(60.0), weibull.predict_rul(60.0), rtol=1e-7)
    np.testing.assert_allclose(own.quantile([0.01, 0.9]), weibull.quantile([0.01, 0.9]), rtol=1e-7)


def test_laws_with_parameters_of_the_same_names_never_share_a_program():
    # jit finds its programs by the structure of the arguments: structures that compare equal are one to it, by chance of a hash
    laws = [law(1.0, 2.0) for law in (sj.distributions.Weibull, sj.distributions.Frechet, sj.distributions.LogLogistic, Own)]
    for one, other in itertools.combinations(laws, 2):
        assert jax.tree.structure(one) != jax.tree.structure(other)
    assert jax.tree.structure(Own(1.0, 2.0)) == jax.tree.structure(Own(3.0, 4.0))


def test_it_may_be_a_component():
    life = shipped("waltons")
    mixed = sj.Mixture([Own(), sj.Weibull()], n_starts=10).fit(life)
    np.testing.assert_allclose(mixed.log_likelihood_, sj.WeibullMixture().fit(life).log_likelihood_, rtol=1e-9)
    assert jnp.isfinite(mixed.predict_rul(40.0))
