"""Conformal bounds cover what they say, however wrong the model that they correct."""

import numpy as np
import pytest

import survjax as sj
from survjax.neural.conformal import held_out, probabilities


def test_without_censoring_bounds_are_order_statistics():
    """Of 19 units the second smallest and the second largest: a new one is outside with probability 2 / 20 on either side."""
    reached = np.random.default_rng(0).permutation(np.arange(1, 20) / 20)
    told = held_out(sj.Lifetimes(np.arange(1.0, 20.0)), reached)
    assert probabilities(told, 0.8) == (2 / 20, 18 / 20)


def test_too_few_units_say_nothing_of_far_ends():
    told = held_out(sj.Lifetimes(np.arange(1.0, 6.0)), np.arange(1, 6) / 6)
    assert probabilities(told, 0.9) == (0.0, 1.0)


def test_bounds_of_a_wrong_law_cover_under_censoring():
    """Lives are exponential of rate 1, the law says rate 2, half are censored: shares outside are a tenth on either side."""
    random = np.random.default_rng(1)
    n = 8_000
    lives, ends = random.exponential(1.0, n), random.uniform(0.0, 4.0, n)
    life = sj.Lifetimes(np.minimum(lives, ends), lives <= ends)
    bounds = probabilities(held_out(life, -np.expm1(-2.0 * life.durations)), 0.8)
    lower, upper = (-np.log1p(-bound) / 2.0 for bound in bounds)
    # four standard errors: sqrt(0.1 x 0.9 / n) below; above, where one unit in 2.4 is still seen, twice that
    assert abs(-np.expm1(-lower) - 0.1) < 4 * np.sqrt(0.09 / n)
    assert abs(np.exp(-upper) - 0.1) < 8 * np.sqrt(0.09 / n)


def test_time_counts_from_entry():
    entry = np.linspace(0.0, 50.0, 100)
    late = held_out(sj.Lifetimes(entry + np.arange(1.0, 101.0), entry=entry), np.arange(1, 101) / 101)
    early = held_out(sj.Lifetimes(np.arange(1.0, 101.0)), np.arange(1, 101) / 101)
    np.testing.assert_array_equal(late.weight, early.weight)


def test_intervals_of_failure_cannot_tell():
    told = held_out(sj.Lifetimes.from_intervals([1.0, 2.0], [2.0, 2.0]), np.array([0.3, 0.4]))
    assert "within an interval" in told.reason
    assert told.reached.size == 0


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_a_higher_level_is_wider(level):
    told = held_out(sj.Lifetimes(np.arange(1.0, 101.0)), np.arange(1, 101) / 101)
    narrow, wide = probabilities(told, level), probabilities(told, 0.95)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
