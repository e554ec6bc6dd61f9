"""The likelihood of groups, against integrals over the frailty, and its derivatives against differences."""

import jax
import numpy as np
import pytest

import survjax as sj
from survjax.frailty.groups import blocks_of, read_groups
from survjax.frailty.likelihood import GroupedProblem
from survjax.numerics.linear_sums import Layout

pytestmark = pytest.mark.usefixtures("double")

# three groups: failures, units that came late, one unit with two stretches (row 6 goes on where row 5 ended), weights
AGE = np.array([5.0, 9.0, 12.0, 4.0, 20.0, 6.0, 15.0, 8.0])
FAILED = np.array([1, 0, 1, 1, 1, 0, 1, 0], dtype=bool)
ENTRY = np.array([0.0, 3.0, 7.0, 1.0, 0.0, 2.0, 6.0, 0.0])
WEIGHT = np.array([1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5])
GROUP = ["a", "a", "a", "b", "b", "c", "c", "c"]
UNIT = [0, 1, 2, 3, 4, 5, 5, 6]
X = np.array([[0.2], [-1.0], [0.5], [1.0], [0.0], [-0.4], [0.9], [0.3]])
SHAPE, SCALE, SLOPE, VARIANCE = 1.7, 11.0, 0.6, 0.8
LIFE = sj.Lifetimes(AGE, FAILED, entry=ENTRY, weights=WEIGHT)


@pytest.fixture(name="problem", params=["gamma", "lognormal"], scope="module")
def posed(request):
    with jax.enable_x64(True):
        template = sj.distributions.ScaledHazard(sj.distributions.Weibull(), None)
        blocks = blocks_of(read_groups(GROUP, UNIT, LIFE), LIFE, X, 1.0)
        yield GroupedProblem.of(request.param, template, Layout((None, None, (0, 1))), blocks, LIFE.n_failed)


def point(shape=SHAPE, scale=SCALE, slope=SLOPE, variance=VARIANCE):
    return np.array([np.log(shape), np.log(scale), slope, np.log(variance)])


def by_integration(kind):
    """Group by group the integral over log z, on which the trapezoidal rule is exact to rounding."""
    log_z = np.linspace(-60.0, 8.0, 40_001)
    z = np.exp(log_z)
    log_density = {"gamma": log_z / VARIANCE - z / VARIANCE, "lognormal": -(log_z**2) / (2 * VARIANCE)}[kind]
    risk = np.exp(SLOPE * X[:, 0])
    collected, at_entry = (risk * (age / SCALE) ** SHAPE for age in (AGE, ENTRY))
    hazard = risk * SHAPE / SCALE * (AGE / SCALE) ** (SHAPE - 1)
    goes_on = np.arange(len(AGE)) == 6
    total = 0.0
    for label in "abc":
        own = np.array(GROUP) == label
        gone_through = WEIGHT * (collected - goes_on * at_entry)
        failures = (WEIGHT * FAILED)[own].sum()
        seen = log_density + failures * log_z - z * gone_through[own].sum()
        entered = log_density - z * (WEIGHT * at_entry)[own & ~goes_on].sum()
        total += np.logaddexp.reduce(seen) - np.logaddexp.reduce(entered) + (WEIGHT * FAILED * np.log(hazard))[own].sum()
    return total


def test_the_log_likelihood_is_that_of_integrals_over_the_frailty(problem):
    np.testing.assert_allclose(problem.log_likelihood(point()[:-1], VARIANCE), by_integration(problem.kind), rtol=1e-12)


def test_at_a_variance_of_0_it_is_that_of_independent_units(problem):
    law = sj.distributions.Weibull(shape=SHAPE, scale=SCALE)
    H, He = -np.asarray(law.log_survival(AGE)), -np.asarray(law.log_survival(ENTRY))
    risk = np.exp(SLOPE * X[:, 0])
    rows = FAILED * (np.log(risk) + np.asarray(law.log_hazard(AGE))) - risk * (H - He)
    np.testing.assert_allclose(problem.log_likelihood(point()[:-1], 0.0), WEIGHT @ rows, rtol=1e-13)
    np.testing.assert_allclose(problem.log_likelihood(point()[:-1], 1e-9), WEIGHT @ rows, rtol=1e-7)


def test_gradient_and_hessian_are_those_of_differences(problem):
    at = point()
    found = problem.sums(at)
    step = 1e-4 * np.eye(4)
    ahead, behind = ([problem.sums(at + sign * one) for one in step] for sign in (1.0, -1.0))
    # central differences: an error of the square of the step
    np.testing.assert_allclose(found.gradient, [(a.value - b.value) / 2e-4 for a, b in zip(ahead, behind, strict=True)], rtol=1e-6)
    np.testing.assert_allclose(
        found.hessian, [(a.gradient - b.gradient) / 2e-4 for a, b in zip(ahead, behind, strict=True)], rtol=1e-6, atol=1e-7
    )


def test_groups_cut_into_blocks_say_the_same(problem, monkeypatch):
    monkeypatch.setattr("survjax.frailty.groups.ROWS_OF_BLOCK", 3)
    blocks = blocks_of(read_groups(GROUP, UNIT, LIFE), LIFE, X, 1.0)
    cut = GroupedProblem.of(problem.kind, problem.template, problem.layout, blocks, LIFE.n_failed)
    assert len(blocks) == 3
    np.testing.assert_allclose(cut.sums(point()).value, problem.sums(point()).value, rtol=1e-14)
    for whole, parts in zip(problem.expected(point()[:-1], 3), cut.expected(point()[:-1], 3), strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-14)
