"""The score of a known hazard: its minimum by other means, its certificate, and its terms at extremes."""

import dataclasses

import mpmath
import numpy as np
import pytest

from survjax.regression.latent_score import LatentScore, Penalty
from survjax.regression.strengths import solutions, strengths_of

N, Q = 256, 6


def rows(intervals: bool = True, seed: int = 0) -> LatentScore:
    """Units of which some failed at a known age, some within an interval, some before they were first seen, and some still run."""
    random = np.random.default_rng(seed)
    columns = np.column_stack([np.ones(N), random.normal(size=(N, Q))])
    hazard = random.exponential(size=N) * np.exp(-columns @ np.array([0.2, 0.6, -0.4, 0.2, 0.0, 0.0, 0.0]))
    until = random.exponential(size=N)
    failed, lived = hazard < until, np.minimum(hazard, until)
    within = failed & (random.random(N) < 0.5) & intervals
    before = np.where(random.random(N) < 0.3, 0.0, 0.7 * lived)
    between = np.where(within, 1.3 * lived - before, 0.0)
    lived = np.where(within, before, lived)
    return LatentScore(columns, random.uniform(0.5, 2.0, N), lived, between, failed & ~within, within, float(N))


def mean_loss(score: LatentScore, coefficients: np.ndarray) -> float:
    """The negative log-likelihood a unit, written out again."""
    s = score.columns @ coefficients
    total = 0.0
    for i in range(N):
        term = np.exp(s[i]) * score.lived[i]
        if score.failed[i]:
            term -= s[i]
        if score.within[i]:
            term = -np.log(np.exp(-np.exp(s[i]) * score.lived[i]) - np.exp(-np.exp(s[i]) * (score.lived[i] + score.between[i])))
        total += score.weights[i] * term
    return total / score.n_units


@pytest.mark.parametrize("penalty", [Penalty(), Penalty(0.05, 0.0)])
def test_the_minimum_is_where_another_optimiser_finds_it(penalty):
    from scipy.optimize import minimize

    score = rows()
    found = score.minimise(penalty)
    assert found.reason == "converged"
    other = minimize(lambda c: mean_loss(score, c) + penalty.at(c), np.zeros(Q + 1), method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(found.coefficients, other.x, atol=1e-6)  # BFGS by differences stops so near
    assert found.loss + penalty.at(found.coefficients) == pytest.approx(other.fun, abs=1e-12)
    assert found.newton_decrement < 1e-11
    assert found.gradient_norm < 1e-5


def test_known_and_right_censored_lives_are_a_poisson_regression():
    """d s - e^s L is the Poisson log-likelihood of d events in an exposure L (Holford 1980), which scikit-learn fits by itself."""
    from sklearn.linear_model import PoissonRegressor

    score = rows(intervals=False)
    poisson = PoissonRegressor(alpha=0.0, tol=1e-12, max_iter=1000, solver="newton-cholesky")
    poisson.fit(score.columns[:, 1:], score.failed / score.lived, sample_weight=score.weights * score.lived)
    found = score.minimise(Penalty()).coefficients
    np.testing.assert_allclose(found, [poisson.intercept_, *poisson.coef_], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
@pytest.mark.parametrize("intervals", [False, True])
def test_a_lasso_meets_its_conditions_and_its_gap_is_closed(l1_ratio, intervals):
    score = rows(intervals)
    penalty = Penalty(0.2 * score.largest_strength(l1_ratio), l1_ratio)
    found = score.minimise(penalty)
    assert found.reason == "converged"
    b = found.coefficients
    step = 1e-5
    slopes = np.array(
        [(mean_loss(score, b + step * e) - mean_loss(score, b - step * e)) / (2 * step) for e in np.eye(Q + 1)]
    )  # to some 1e-10
    kept = b[1:] != 0
    assert 0 < kept.sum() < Q
    assert slopes[0] == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose((slopes[1:] + penalty.l2 * b[1:])[kept], -penalty.l1 * np.sign(b[1:])[kept], atol=1e-8)
    assert (np.abs(slopes[1:][~kept]) < penalty.l1).all()
    assert found.duality_gap is not None
    assert -1e-14 < found.duality_gap < 1e-10


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_the_gap_is_never_less_than_the_distance_from_the_minimum(l1_ratio):
    score = rows()
    penalty = Penalty(0.3 * score.largest_strength(max(l1_ratio, 0.1)), l1_ratio)
    least = score.minimise(penalty)
    value = least.loss + penalty.at(least.coefficients)
    random = np.random.default_rng(1)
    for size in (1e-6, 1e-3, 0.1, 1.0):
        there = score.at(score.recentred(least.coefficients + size * random.normal(size=Q + 1)), penalty)
        gap = score.duality_gap(there, penalty)
        assert there.value - value <= gap + 1e-14
        assert gap > 0


def test_from_the_largest_strength_on_no_column_is_kept_and_just_below_one_is():
    score = rows()
    largest = score.largest_strength(1.0)
    assert np.count_nonzero(score.minimise(Penalty(largest, 1.0)).coefficients[1:]) == 0
    assert np.count_nonzero(score.minimise(Penalty(0.999 * largest, 1.0)).coefficients[1:]) == 1


def test_a_path_is_at_each_strength_what_a_fit_from_nothing_is():
    score = rows()
    strengths = strengths_of(score, 1.0, 12, 1e-2)
    for strength, found in zip(strengths, solutions(score, strengths, 1.0), strict=True):
        alone = score.minimise(Penalty(strength, 1.0))
        # the path stops at a gap of 1e-7 per failure, which is the square of how far coefficients are off
        np.testing.assert_allclose(found.coefficients, alone.coefficients, atol=1e-3)
        assert (
            found.loss + Penalty(strength, 1.0).at(found.coefficients) - alone.loss - Penalty(strength, 1.0).at(alone.coefficients) < 1e-7
        )


def test_a_penalty_counts_against_the_mean_so_that_units_twice_over_change_nothing():
    score = rows()
    twice = dataclasses.replace(score, weights=2.0 * score.weights, n_units=2.0 * score.n_units)
    penalty = Penalty(0.05, 1.0)
    np.testing.assert_allclose(twice.minimise(penalty).coefficients, score.minimise(penalty).coefficients, rtol=1e-9)


@pytest.mark.parametrize("s", [-600.0, -40.0, -3.0, 0.0, 2.5, 40.0])
@pytest.mark.parametrize("between", [1e-12, 1e-3, 0.04, 0.06, 1.0, 30.0])
def test_the_term_of_an_interval_is_right_however_short_and_whatever_the_score(s, between):
    one = LatentScore(np.ones((1, 1)), np.ones(1), np.zeros(1), np.array([between]), np.zeros(1, bool), np.ones(1, bool), 1.0)
    scores = np.array([s])
    slope, curvature = one.derivatives(scores)
    with mpmath.workdps(700):  # 1 - (1 - u) e^u of u = 1e-272 is 1e-545
        u = mpmath.exp(mpmath.mpf(s)) * mpmath.mpf(between)
        expected = -mpmath.log(-mpmath.expm1(-u)), -u / mpmath.expm1(u), u * (1 - (1 - u) * mpmath.exp(u)) / mpmath.expm1(u) ** 2
        expected = [float(x) for x in expected]
    u_float = np.exp(s) * between
    # e^s has the rounding of s as a relative error, which u multiplies in the exponent
    tolerance = 1e-14 * (50.0 + min(u_float, 700.0) * max(abs(s), 1.0))
    np.testing.assert_allclose([one.losses(scores)[0], slope[0], curvature[0]], expected, rtol=tolerance, atol=1e-300)


def test_a_point_where_the_hazard_overflows_is_no_point():
    score = rows()
    assert score.at(np.array([800.0, *np.zeros(Q)]), Penalty()) is None


def test_a_base_that_is_wrong_by_a_factor_of_a_million_million_is_made_up_for_by_the_intercept():
    score = rows()
    slow = dataclasses.replace(score, lived=1e-12 * score.lived, between=1e-12 * score.between)
    here, there = score.minimise(Penalty()), slow.minimise(Penalty())
    assert there.coefficients[0] - here.coefficients[0] == pytest.approx(np.log(1e12), rel=1e-9)
    np.testing.assert_allclose(there.coefficients[1:], here.coefficients[1:], atol=1e-8)
