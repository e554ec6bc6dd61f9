"""Where there is no finite estimate, or none at all, the error says along what."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.cox.test_partial_likelihood import fleet

COX = sj.CoxProportionalHazards


def test_a_level_without_failures_is_named_and_a_penalty_helps():
    X, life = fleet()
    brand = np.where(np.random.default_rng(5).random(256) < 0.2, "new", "common")
    X = X.assign(brand=brand)
    life = sj.Lifetimes(life.durations, life.event_observed & (brand != "new"))
    with pytest.raises(sj.NoFiniteMaximum, match=r"smallest brand\[new\] of all at risk, so that its coefficient would be minus infinity"):
        COX().fit(X, life)
    penalised = COX(penalty=0.01).fit(X, life)
    assert penalised.coefficients_["brand[new]"] < -1
    assert penalised.optimality_ < 1e-13


def test_a_covariate_that_gives_the_order_of_failures_is_named():
    X, _ = fleet(64)
    with pytest.raises(sj.NoFiniteMaximum, match="largest load of all at risk, so that its coefficient would be plus infinity"):
        COX().fit(X, sj.Lifetimes(100.0 - X["load"]))


def test_covariates_that_give_the_order_together_are_named():
    X, _ = fleet(64)
    with pytest.raises(sj.NoFiniteMaximum, match=r"largest value of \+1 load [+-]0\.\d+ heat"):
        COX().fit(X, sj.Lifetimes(100.0 - 2 * X["load"] - X["heat"]))


def test_separation_in_most_strata_but_not_in_all_has_an_estimate():
    # in stratum 0 the larger fails first, in stratum 1 twice so and once not: the likelihood of one coefficient has a maximum
    X = pd.DataFrame({"load": [3.0, 2.0, 1.0, 3.0, 2.0, 1.0]})
    life = sj.Lifetimes([1, 2, 3, 1, 3, 2])
    assert COX().fit(X, life, strata=[0, 0, 0, 1, 1, 1]).coefficients_["load"] > 0


def test_no_failures_are_no_data():
    X, life = fleet()
    with pytest.raises(sj.NoFiniteMaximum, match="no unit failed"):
        COX().fit(X, sj.Lifetimes(life.durations, np.zeros(256)))


def test_collinear_columns_are_named_with_their_sum():
    X, life = fleet()
    with pytest.raises(ValueError, match=r"heat = 0.5 both - 0.5 load - 3.5"):
        COX().fit(X.assign(both=X["load"] + 2 * X["heat"] + 7), life)
    ridge = COX(penalty=0.01).fit(X.assign(both=X["load"] + 2 * X["heat"] + 7), life)
    assert ridge.optimality_ < 1e-13


def test_a_covariate_of_the_stratum_is_no_covariate_within_it():
    X, life = fleet()
    X = X.assign(plant=np.arange(256) % 3)
    with pytest.raises(ValueError, match="units of one stratum that are at risk together never differ in height, so that its coefficient"):
        COX().fit(X.assign(height=0.1 + 0.3 * X["plant"]), life, strata="plant")
    with pytest.raises(ValueError, match="never differ in one combination of dust, height, so that their coefficients"):
        COX().fit(X.assign(height=X["dust"] + 0.3 * X["plant"]), life, strata="plant")


def test_a_covariate_that_differs_only_where_nobody_is_at_risk_is_named():
    X, life = fleet(64)
    X = X.assign(late=np.where(np.arange(64) == 0, 1.0, 0.0))
    durations = np.where(np.arange(64) == 0, 0.1, life.durations)  # the one unit left before the first failure
    with pytest.raises(ValueError, match="never differ in late"):
        COX().fit(X, sj.Lifetimes(durations, life.event_observed & (np.arange(64) > 0)))
