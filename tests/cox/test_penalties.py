"""Penalised fits: the first-order conditions are looked at from outside, and the limits are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import survjax as sj
from survjax.cox.ascent import maximise
from survjax.cox.partial_likelihood import PartialLikelihood
from survjax.cox.penalty import ElasticNet
from survjax.cox.rows import rows_at_risk
from tests.cox.test_partial_likelihood import fleet

COX = sj.CoxProportionalHazards


def correlated(n=256, p=8):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    life = sj.Lifetimes(np.ceil(10 * rng.exponential(np.exp(-X[:, 0] + 0.5 * X[:, 1]))), rng.random(n) < 0.7)
    return X * np.geomspace(0.01, 100, p), life


def objective(X, life, penalty, l1_ratio):
    inside = (X - X.mean(axis=0)) / X.std(axis=0)
    likelihood = PartialLikelihood(inside, rows_at_risk(life, np.zeros(len(X), dtype=int), 1), "efron")

    def cost(split):  # b = positive - negative part, so that the lasso is smooth in the two
        beta = split[: X.shape[1]] - split[X.shape[1] :]
        found = likelihood.evaluate(beta)
        slope = -found.gradient / len(X) + penalty * (1 - l1_ratio) * beta
        value = -found.value / len(X) + penalty * (l1_ratio * split.sum() + 0.5 * (1 - l1_ratio) * beta @ beta)
        return value, np.append(slope, -slope) + penalty * l1_ratio

    return cost


@pytest.mark.parametrize(("penalty", "l1_ratio"), [(0.05, 1.0), (0.2, 0.5), (0.002, 1.0), (0.1, 0.0)])
def test_the_elastic_net_is_where_a_bounded_optimiser_finds_it(penalty, l1_ratio):
    X, life = correlated()
    model = COX(penalty=256 * penalty, l1_ratio=l1_ratio).fit(X, life)
    cost = objective(X, life, penalty, l1_ratio)
    found = minimize(
        cost,
        np.full(16, 0.01),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * 16,
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000},
    )
    inside = model.coefficients_.to_numpy() * X.std(axis=0)
    # the optimiser stops at its own tolerance: its value is the higher, by no more than the square of its gradient
    value, slope = cost(np.append(np.maximum(inside, 0.0), np.maximum(-inside, 0.0)))
    assert value <= found.fun + 1e-13
    np.testing.assert_allclose(inside, found.x[:8] - found.x[8:], atol=2e-6)
    # Karush, Kuhn and Tucker: no slope where a part is not 0, none downwards where it is
    assert np.min(slope) > -1e-12
    assert np.max(np.abs(slope[np.append(inside > 0, inside < 0)])) < 1e-12
    assert model.optimality_ < 1e-12


def test_a_lasso_beyond_the_largest_gradient_leaves_nothing_and_below_it_something():
    X, life = correlated()
    inside = (X - X.mean(axis=0)) / X.std(axis=0)
    likelihood = PartialLikelihood(inside, rows_at_risk(life, np.zeros(256, dtype=int), 1), "efron")
    largest = np.abs(likelihood.evaluate(np.zeros(8)).gradient).max()
    assert not COX(penalty=1.0001 * largest, l1_ratio=1.0).fit(X, life).coefficients_.any()
    assert np.count_nonzero(COX(penalty=0.999 * largest, l1_ratio=1.0).fit(X, life).coefficients_) == 1


def test_a_weak_penalty_is_nearly_none():
    X, life = fleet()
    plain = COX().fit(X, life).coefficients_
    for l1_ratio in (0.0, 1.0):
        np.testing.assert_allclose(COX(penalty=1e-8, l1_ratio=l1_ratio).fit(X, life).coefficients_, plain, rtol=1e-7)


def test_a_lasso_has_no_standard_errors_and_says_so():
    X, life = fleet()
    model = COX(penalty=25.0, l1_ratio=1.0).fit(X, life)
    assert list(model.summary_.columns) == ["estimate", "hazard ratio"]
    with pytest.raises(ValueError, match="coefficients of a lasso have no standard errors"):
        _ = model.standard_errors_
    with pytest.raises(ValueError, match="this fit is penalised"):
        model.global_tests()
    with pytest.raises(ValueError, match="this one is penalised"):
        _ = model.aic_


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": -1.0}, "penalty must be 0"),
        ({"penalty": "strong"}, "penalty must be a number"),
        ({"penalty": np.inf}, "penalty must be 0"),
        ({"penalty": 1.0, "l1_ratio": 1.5}, "l1_ratio is the share"),
        ({"l1_ratio": 0.5}, "penalty is 0"),
        ({"ties": "exact"}, "ties must be"),
        ({"errors": "bootstrap"}, "errors must be"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    X, life = fleet()
    with pytest.raises(ValueError, match=message):
        COX(**options).fit(X, life)


def test_a_penalty_is_the_same_however_histories_are_cut():
    X, life = fleet(late=True)
    half = 0.5 * (life.entry + life.durations)
    rows = sj.Lifetimes(np.append(half, life.durations), np.append(np.zeros(256), life.event_observed), entry=np.append(life.entry, half))
    both = pd.concat([X, X], ignore_index=True)  # each row twice, so that means and deviations of the columns are the same
    for l1_ratio in (0.0, 0.5):
        expected = COX(penalty=10.0, l1_ratio=l1_ratio).fit(X, life).coefficients_
        np.testing.assert_allclose(COX(penalty=10.0, l1_ratio=l1_ratio).fit(both, rows).coefficients_, expected, rtol=1e-10)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_path_is_the_fits_at_its_strengths_with_a_bound_on_what_is_left(l1_ratio, ties):
    X, life = correlated()
    path = COX(l1_ratio=l1_ratio, ties=ties).path(X, life, n_strengths=12)
    kept = path.table["columns kept"]
    assert (kept.iloc[0] == 0) == (l1_ratio > 0)
    assert kept.iloc[-1] == 8
    assert path.table["duality gap"].between(-1e-11, 1e-6 * life.n_failed).all()
    spread = X.std(axis=0)
    for strength, row in list(path.coefficients.iterrows())[1::4]:
        model = COX(penalty=strength, l1_ratio=l1_ratio, ties=ties).fit(X, life)
        net = ElasticNet(strength * l1_ratio, strength * (1 - l1_ratio))
        most = model.log_likelihood_ - net.cost(model.coefficients_.to_numpy() * spread)
        found = path.table["log-likelihood"][strength] - net.cost(row.to_numpy() * spread)
        # 1e-11: the rounding of a log-likelihood of 800
        assert most - path.table["duality gap"][strength] - 1e-11 <= found <= most + 1e-11
        # near the maximum half the curvature, of 100 failures or so, times the square of what the coefficients are off
        np.testing.assert_allclose(row * spread, model.coefficients_ * spread, atol=2e-3)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_bound_holds_wherever_the_coefficients_are(l1_ratio, ties):
    X, life = correlated()
    likelihood = PartialLikelihood((X - X.mean(axis=0)) / X.std(axis=0), rows_at_risk(life, np.zeros(256, dtype=int), 1), ties)
    net = ElasticNet(8.0 * l1_ratio, 8.0 * (1 - l1_ratio))

    def lost(beta):
        found = likelihood.evaluate(beta)
        return found.value - net.cost(beta), net.duality_gap(beta, found.value, found.gradient, likelihood.upper_bound())

    best = maximise(likelihood, net, list("abcdefgh"), likelihood.evaluate(np.zeros(8))).beta
    most = lost(best)[0]
    rng = np.random.default_rng(2)
    for size in (0.0, 1e-6, 1e-3, 0.1, 1.0):
        value, gap = lost(best + size * rng.normal(size=8))
        assert most - value <= gap + 1e-11
    assert lost(best)[1] < 1e-8
    assert lost(best + 1e-6)[1] < 0.1  # of a log-likelihood of 800: it is no empty bound


def test_a_path_needs_strengths():
    X, life = correlated()
    for wrong in ({"n_strengths": 1}, {"smallest": 2.0}):
        with pytest.raises(ValueError, match="a path has at least 2 strengths"):
            COX(l1_ratio=1.0).path(X, life, **wrong)
