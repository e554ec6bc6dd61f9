"""Where there is no finite estimate, or none at all, the error says along what."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

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
    penalised = COX(penalty=2.0).fit(X, life)
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
    with pytest.raises(ValueError, match=r"both = 1 load \+ 2 heat \+ 7"):
        COX().fit(X.assign(both=X["load"] + 2 * X["heat"] + 7), life)
    ridge = COX(penalty=2.0).fit(X.assign(both=X["load"] + 2 * X["heat"] + 7), life)
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


def pairs_at_failures(X, life):
    """Of each unit that fails, its covariates less those of each other at risk then."""
    return np.array([X[i] - X[j] for i in np.flatnonzero(life.event_observed) for j in np.flatnonzero(life.durations > life.durations[i])])


def test_whether_there_is_a_maximum_is_what_linear_programming_says():
    rng = np.random.default_rng(11)
    endless = flat = 0
    for _ in range(100):
        n, p = int(rng.integers(5, 12)), int(rng.integers(1, 4))
        X = np.round(rng.normal(size=(n, p)), int(rng.integers(0, 3)))
        life = sj.Lifetimes(rng.permutation(n) + 1.0, (np.arange(n) < 2) | (rng.random(n) < 0.4))
        pairs = pairs_at_failures(X, life)
        if np.any(np.ptp(X, axis=0) == 0):
            continue
        if np.linalg.matrix_rank(pairs) < p:
            flat += 1
            with pytest.raises(ValueError, match=r"never differ|collinear"):
                COX().fit(X, life)
            continue
        # a direction in which no unit at risk lies beyond the one that fails, and some lie behind it
        gain = linprog(-pairs.sum(axis=0), A_ub=-pairs, b_ub=np.zeros(len(pairs)), bounds=[(-1, 1)] * p)
        if -gain.fun > 1e-7:
            endless += 1
            with pytest.raises(sj.NoFiniteMaximum):
                COX().fit(X, life)
        else:
            assert COX().fit(X, life).optimality_ < 1e-10
    assert flat > 3
    assert 15 < endless < 85 - flat
