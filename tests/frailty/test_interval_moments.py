"""Groups with failures known only within intervals, against integrals over the frailty and against inclusion and exclusion."""

import itertools

import jax
import numpy as np
import pytest
from scipy.special import gammaln

import survjax as sj
from survjax.frailty.groups import blocks_of, read_groups
from survjax.frailty.interval_moments import Intervals, log_interval_moments, nodes_and_shares
from survjax.frailty.likelihood import GroupedProblem
from survjax.numerics.linear_sums import Layout

pytestmark = pytest.mark.usefixtures("double")
moments = jax.jit(log_interval_moments, static_argnums=0)
LOG_Z = np.linspace(-90.0, 40.0, 40_001)  # on which the trapezoidal rule is exact to rounding, but for variances below a thousandth

# failures and expected failures of a group, and what each of its intervals collects; the second group has none
CASES = [(0.0, 0.0, [0.5]), (2.0, 1.5, [1.0, 0.3, 2.0]), (0.0, 0.3, [0.2] * 30), (5.0, 3.0, [1e-4] * 10), (1.0, 20.0, [0.3] * 200)]


def log_density(kind, variance):
    if kind == "gamma":
        return LOG_Z / variance - np.exp(LOG_Z) / variance - np.log(variance) / variance - gammaln(1 / variance)
    return -(LOG_Z**2) / (2 * variance) - 0.5 * np.log(2 * np.pi * variance)


def by_integration(kind, variance, failures, expected, more):
    z = np.exp(LOG_Z)
    with np.errstate(over="ignore"):
        logs = log_density(kind, variance) + failures * LOG_Z - expected * z + sum(np.log(-np.expm1(-m * z)) for m in more)
    found = np.logaddexp.reduce(logs) + np.log(130.0 / 40_000)
    # what the closed form leaves out, too
    repeats = failures * np.log(variance) + gammaln(1 / variance + failures) - gammaln(1 / variance)
    return found - (repeats if kind == "gamma" else 0.0)


@pytest.mark.parametrize("kind", ["gamma", "lognormal"])
@pytest.mark.parametrize("variance", [0.01, 0.5, 4.0])
def test_a_moment_is_the_integral_over_the_frailty(kind, variance):
    for failures, expected, more in CASES:
        padded = Intervals(np.resize(more, 256), np.where(np.arange(256) < len(more), 1.0, 0.0), np.zeros(256, int))
        found = moments(kind, variance, np.array([failures, 1.0]), np.array([expected, 0.7]), padded)
        # sums of 40,000 terms
        np.testing.assert_allclose(found[0], by_integration(kind, variance, failures, expected, more), rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(found[1], by_integration(kind, variance, 1.0, 0.7, []), rtol=1e-11)


def test_of_few_intervals_a_gamma_moment_is_a_sum_of_both_signs():
    more, variance = np.array([0.4, 1.1, 0.7]), 0.8
    signs = list(itertools.product((0, 1), repeat=3))
    expected = np.log(sum((-1) ** sum(some) * (1 + variance * (1.5 + np.dot(some, more))) ** (-1 / variance - 2) for some in signs))
    padded = Intervals(np.resize(more, 256), np.where(np.arange(256) < 3, 1.0, 0.0), np.zeros(256, int))
    found = moments("gamma", variance, np.array([2.0, 1.0]), np.array([1.5, 0.7]), padded)
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)  # terms of both signs, which lose a digit


@pytest.mark.parametrize("kind", ["gamma", "lognormal"])
def test_nodes_have_the_moments_of_what_is_known(kind):
    more = [1.0, 0.3, 2.0]
    values, shares = jax.jit(nodes_and_shares, static_argnums=0)(
        kind, 0.5, np.array([2.0]), np.array([1.5]), Intervals(np.array(more), np.ones(3), np.zeros(3, int))
    )
    logs = log_density(kind, 0.5) + 2.0 * LOG_Z - 1.5 * np.exp(LOG_Z) + sum(np.log(-np.expm1(-m * np.exp(LOG_Z))) for m in more)
    weights = np.exp(logs - logs.max())
    np.testing.assert_allclose(np.sum(values * shares), weights @ np.exp(LOG_Z) / weights.sum(), rtol=1e-12)


# three groups: known ages, intervals from birth, from entry and later, units that ran, weights
LOWER = np.array([5.0, 9.0, 0.0, 4.0, 20.0, 6.0, 0.0, 8.0])
UPPER = np.array([5.0, np.inf, 7.0, 6.0, 20.0, 9.0, 15.0, np.inf])
ENTRY = np.array([0.0, 3.0, 0.0, 1.0, 0.0, 2.0, 4.0, 0.0])
WEIGHT = np.array([1.0, 2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.5])
GROUP = np.array(["a", "a", "a", "b", "b", "c", "c", "c"])
X = np.array([[0.2], [-1.0], [0.5], [1.0], [0.0], [-0.4], [0.9], [0.3]])
SHAPE, SCALE, SLOPE, VARIANCE = 1.7, 11.0, 0.6, 0.8
LIFE = sj.Lifetimes.from_intervals(LOWER, UPPER, entry=ENTRY, weights=WEIGHT)


@pytest.fixture(name="problem", params=["gamma", "lognormal"], scope="module")
def posed(request):
    with jax.enable_x64(True):
        template = sj.distributions.ScaledHazard(sj.distributions.Weibull(), None)
        blocks = blocks_of(read_groups(GROUP, None, LIFE), LIFE, X, 1.0)
        yield GroupedProblem.of(request.param, template, Layout((None, None, (0, 1))), blocks, LIFE.n_failed)


AT = np.array([np.log(SHAPE), np.log(SCALE), SLOPE, np.log(VARIANCE)])


def collected(age):
    return np.exp(SLOPE * X[:, 0]) * (age / SCALE) ** SHAPE


def test_the_log_likelihood_of_groups_is_that_of_integrals(problem):
    total, z = 0.0, np.exp(LOG_Z)
    exact = np.isfinite(UPPER) & (LOWER == UPPER)
    begun = np.maximum(LOWER, ENTRY)
    hazard = np.exp(SLOPE * X[:, 0]) * SHAPE / SCALE * (np.where(exact, LOWER, 1.0) / SCALE) ** (SHAPE - 1)
    for label in "abc":
        own = np.array([one == label for one in GROUP])
        seen = entered = log_density(problem.kind, VARIANCE)
        for row in np.flatnonzero(own):
            w = WEIGHT[row]
            entered = entered - w * z * collected(ENTRY)[row]
            if exact[row]:
                seen = seen + w * (np.log(hazard[row]) + LOG_Z - z * collected(LOWER)[row])
            elif np.isinf(UPPER[row]):
                seen = seen - w * z * collected(LOWER)[row]
            else:
                seen = seen + w * (np.log(-np.expm1(-z * (collected(UPPER)[row] - collected(begun)[row]))) - z * collected(begun)[row])
        total += np.logaddexp.reduce(seen) - np.logaddexp.reduce(entered)
    np.testing.assert_allclose(problem.log_likelihood(AT[:-1], VARIANCE), total, rtol=1e-11)
    with np.errstate(divide="ignore"):
        ends = np.where(exact, np.log(hazard), np.where(np.isinf(UPPER), 0.0, np.log(-np.expm1(collected(begun) - collected(UPPER)))))
    alone = WEIGHT @ (ends - collected(begun) + collected(ENTRY))
    np.testing.assert_allclose(problem.log_likelihood(AT[:-1], 0.0), alone, rtol=1e-12)
    np.testing.assert_allclose(problem.log_likelihood(AT[:-1], 1e-9), alone, rtol=1e-7)


def test_gradient_and_hessian_with_intervals_are_those_of_differences(problem):
    found, step = problem.sums(AT), 1e-4 * np.eye(4)
    ahead, behind = ([problem.sums(AT + sign * one) for one in step] for sign in (1.0, -1.0))
    # central differences: an error of the square of the step
    np.testing.assert_allclose(found.gradient, [(a.value - b.value) / 2e-4 for a, b in zip(ahead, behind, strict=True)], rtol=1e-6)
    differences = [(a.gradient - b.gradient) / 2e-4 for a, b in zip(ahead, behind, strict=True)]
    np.testing.assert_allclose(found.hessian, differences, rtol=1e-6, atol=1e-7)


# ---- as a learner


def inspected(n_groups, size, variance, seed):
    """Groups whose units are looked at every 8, some of which are seen to fail."""
    random = np.random.default_rng(seed)
    z = random.gamma(1 / variance, variance, n_groups)
    group = np.repeat(np.arange(n_groups), size)
    age = 30.0 * (random.exponential(size=len(group)) / z[group]) ** 0.5
    lower = 8.0 * np.floor(age / 8.0)
    seen = random.random(len(group)) < 0.25
    until = 48.0
    upper = np.where(lower >= until, np.inf, np.where(seen, age, lower + 8.0))
    return sj.Lifetimes.from_intervals(np.where(lower >= until, until, np.where(seen, age, lower)), upper), group


def test_inspected_groups_tell_the_truth_and_what_they_are(tmp_path):
    truth = {"shape": 2.0, "scale": 30.0, "frailty_variance": 0.8}
    life, group = inspected(256, 4, 0.8, 3)
    model = sj.Frailty(sj.Weibull()).fit(life, group=group)
    for name, value in truth.items():
        assert abs(model.parameters_[name] - value) < 4 * model.standard_errors_[name], name
    assert model.standard_errors_["frailty_variance"] < 0.25
    lower, upper = model.variance_limits()
    assert 0 < lower < model.frailty_variance_ < upper
    assert model.p_value_ < 1e-4
    assert model.log_likelihood(life, group=group) == pytest.approx(model.log_likelihood_, rel=1e-10)
    frailties = model.frailties_
    assert np.all((frailties["lower"] < frailties["frailty"]) & (frailties["frailty"] < frailties["upper"]))
    # on average over groups what is known of a gamma frailty has its mean, 1
    np.testing.assert_allclose(frailties["frailty"].mean(), 1.0, rtol=0.05)
    with pytest.raises(ValueError, match="group 7 was fitted beside failures that are known only within intervals"):
        model.predict_survival(None, 20.0, group=[7])
    model.save(tmp_path / "frailty.json")
    again = sj.load(tmp_path / "frailty.json")
    np.testing.assert_array_equal(again.frailties_, frailties)
    np.testing.assert_array_equal(again.predict_survival(None, 20.0), model.predict_survival(None, 20.0))
