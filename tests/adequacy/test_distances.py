"""Distances of an estimate from a law: textbook formulas, scipy, and direct integration of the definition."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

import survjax as sj
from survjax.adequacy.distances import distances_of_masses, distances_of_units, followed
from survjax.adequacy.goodness import _in_order
from survjax.data.product_limit import product_limit

# quad's own error, and that of a sum of n logarithms
INTEGRATED = {"rtol": 1e-9, "atol": 1e-12}


def of_units(age, failed, hazard, entry=None):
    order = np.lexsort((~failed, age))
    estimate = followed(age[order], failed[order], None if entry is None else np.sort(entry))
    begun = 0.0 if entry is None else hazard(estimate.begin)
    return distances_of_units(estimate, hazard(age[order]), begun)


def integrated(estimate, hazard, begin, end, n):
    """The definition, piece by piece between the ages at which the estimate steps; D at both sides of each step."""
    inner = estimate.time[(estimate.time > begin) & (estimate.time < end)]
    edges = np.concatenate([[begin], inner, [end]])
    squared = weighted = widest = 0.0
    given = estimate.at(np.array([begin]))[0]
    for low, high in itertools.pairwise(edges):
        share = 1.0 - estimate.at(np.array([low]))[0] / given
        u0, u1 = (-np.expm1(-(hazard(age) - hazard(begin))) for age in (low, high))
        squared += quad(lambda u, c=share: (c - u) ** 2, u0, u1, epsabs=0)[0] if u1 > u0 else 0.0
        weighted += quad(lambda u, c=share: (c - u) ** 2 / (u * (1 - u)), u0, u1, epsabs=0)[0] if u1 > u0 else 0.0
        widest = max(widest, abs(share - u0), abs(share - u1))
    return n * weighted, widest, n * squared


def exponential(age):
    return np.asarray(age) / 10.0


@pytest.mark.parametrize("n", [2, 37])
def test_complete_lives_have_the_textbook_statistics(n):
    life = 10 * np.random.default_rng(n).weibull(1.3, n)
    law = stats.expon(scale=10.0)
    found = of_units(life, np.ones(n, bool), exponential)
    np.testing.assert_allclose(found.kolmogorov_smirnov, stats.kstest(life, law.cdf).statistic, rtol=1e-12)
    np.testing.assert_allclose(found.cramer_von_mises, stats.cramervonmises(life, law.cdf).statistic, rtol=1e-11)
    u, i = np.sort(law.cdf(life)), np.arange(1, n + 1)
    textbook = -n - np.mean((2 * i - 1) * (np.log(u) + np.log1p(-u[::-1])))  # Anderson & Darling (1954)
    np.testing.assert_allclose(found.anderson_darling, textbook, rtol=1e-11)
    assert (found.begin, found.end) == (-np.inf, np.inf)


def test_lives_followed_to_the_rth_failure_have_the_statistics_of_pettitt_and_stephens():
    n, r = 40, 23
    life = np.sort(np.random.default_rng(3).exponential(10.0, n))
    z, i = -np.expm1(-life[:r] / 10.0), np.arange(1, r + 1)
    found = of_units(np.minimum(life, life[r - 1]), np.arange(n) < r, exponential)
    # D'Agostino & Stephens (1986), 4.7.3
    w2 = np.sum((z - (2 * i - 1) / (2 * n)) ** 2) + r / (12 * n**2) + n / 3 * (z[-1] - r / n) ** 3
    logs = np.sum((2 * i - 1) * (np.log(z) - np.log1p(-z))) / n + 2 * np.sum(np.log1p(-z))
    a2 = -logs - ((r - n) ** 2 * np.log1p(-z[-1]) - r**2 * np.log(z[-1]) + n**2 * z[-1]) / n
    np.testing.assert_allclose([found.anderson_darling, found.cramer_von_mises], [a2, w2], rtol=1e-11)
    assert found.end == life[r - 1]


def test_censored_lives_with_ties_and_late_entries_have_those_of_the_definition():
    rng = np.random.default_rng(5)
    entry = rng.uniform(0.0, 6.0, 60).round(1)
    age = (entry + rng.exponential(8.0, 60) + 0.05).round(1) + 0.1
    failed = rng.random(60) < 0.6
    for late in (None, entry):
        found = of_units(age, failed, exponential, late)
        estimate = product_limit(sj.Lifetimes(age, failed, entry=late))
        begin = 0.0 if late is None else entry.min()
        end = age.max() if estimate.survival[-1] > 0 else np.inf
        assert np.isfinite(end)
        np.testing.assert_allclose(found[:3], integrated(estimate, exponential, begin, end, 60), **INTEGRATED)
        assert found.end == end


def test_the_range_begins_after_the_last_age_at_which_nobody_was_left():
    # the first unit leaves at 2, the others enter from 3 on: what is known of ages beyond is conditional on survival to 3
    age, failed = np.array([2.0, 9.0, 12.0, 20.0]), np.array([True, True, False, True])
    entry = np.array([1.0, 3.0, 4.0, 3.5])
    found = of_units(age, failed, exponential, entry)
    assert found.begin == 3.0
    np.testing.assert_allclose(found[:3], of_units(age[1:], failed[1:], exponential, entry[1:])[:3], rtol=1e-14)


def test_masses_within_intervals_are_spread_as_the_law_has_them():
    # mass on (0, 4], at 6, on (7, 7 + 1e-7] and, where the estimate ends, somewhere beyond 15
    left, right = np.array([0.0, 6.0, 7.0, 15.0]), np.array([4.0, 6.0, 7.0 + 1e-7, np.inf])
    mass = np.array([0.3, 0.2, 0.1, 0.4])
    found = distances_of_masses(left / 10, right / 10, mass, 50.0, open_end=True, begin=0.0, end=15.0)
    u = -np.expm1(-np.array([0.0, 4.0, 6.0, 6.0, 7.0, 7.0 + 1e-7, 15.0]) / 10)
    share = np.array([0.0, 0.3, 0.3, 0.5, 0.5, 0.6, 0.6])
    squared = weighted = 0.0
    for a, b, c, d in zip(u[:-1], u[1:], share[:-1], share[1:], strict=True):
        if b > a:
            line = np.polynomial.Polynomial.fit([a, b], [c - a, d - b], 1)
            squared += quad(lambda x, line=line: line(x) ** 2, a, b, epsabs=0)[0]
            weighted += quad(lambda x, line=line: line(x) ** 2 / (x * (1 - x)), a, b, epsabs=0)[0]
    np.testing.assert_allclose(found[:3], [50 * weighted, np.abs(share - u).max(), 50 * squared], **INTEGRATED)


def test_masses_at_ages_are_the_steps_of_kaplan_and_meier():
    life = np.sort(np.random.default_rng(7).exponential(10.0, 30))
    masses = distances_of_masses(life / 10, life / 10, np.full(30, 1 / 30), 30.0, open_end=False, begin=0.0, end=np.inf)
    np.testing.assert_allclose(masses[:3], of_units(life, np.ones(30, bool), exponential)[:3], rtol=1e-11)


@pytest.mark.usefixtures("double")
def test_compiled_distances_are_those_of_numpy():
    rng = np.random.default_rng(9)
    entry = np.where(rng.random(64) < 0.5, 0.0, rng.uniform(0.0, 3.0, 64))
    age, failed = entry + rng.exponential(10.0, 64), rng.random(64) < 0.7

    @jax.jit
    def compiled(age, failed, entry):
        estimate = followed(*_in_order(age, failed), entry, jnp)
        return distances_of_units(estimate, estimate.age / 10.0, estimate.begin / 10.0, jnp)

    # an age is moved by its last bit there
    np.testing.assert_allclose(compiled(age, failed, np.sort(entry))[:3], of_units(age, failed, exponential, entry)[:3], rtol=1e-11)


@pytest.mark.usefixtures("double")
def test_ages_of_either_sign_are_put_in_order_with_failures_first():
    age = np.array([3.0, -2.0, -np.inf, 3.0, -2.0, 0.5, -7.0])
    failed = np.array([False, False, False, True, True, True, False])
    ordered, flags = jax.jit(_in_order)(age, failed)
    np.testing.assert_allclose(ordered, [-np.inf, -7.0, -2.0, -2.0, 0.5, 3.0, 3.0], rtol=1e-15)
    np.testing.assert_array_equal(flags, [False, False, True, False, True, True, False])
