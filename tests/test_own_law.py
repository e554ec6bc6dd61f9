"""A user's own law: one scalar rule in a notebook, fitted, mixed and wrapped like any other."""

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


def test_it_may_be_a_component():
    life = shipped("waltons")
    mixed = sj.Mixture([Own(), sj.Weibull()], n_starts=10).fit(life)
    np.testing.assert_allclose(mixed.log_likelihood_, sj.WeibullMixture().fit(life).log_likelihood_, rtol=1e-9)
    assert jnp.isfinite(mixed.predict_rul(40.0))
