"""Sums over risk sets against the definition, and where a difference of sums would have no digits left."""

from fractions import Fraction

import numpy as np
import pytest

from survjax.cox import risk_sets
from survjax.cox.risk_sets import RiskSets


def spans(seed, n_strata, share_late):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 40, n_strata)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    stratum = np.sort(rng.integers(0, n_strata, 300))
    first = offsets[stratum] + np.where(rng.random(300) < share_late, rng.integers(0, sizes[stratum] + 1), 0)
    end = np.maximum(first, offsets[stratum] + rng.integers(0, sizes[stratum] + 1))
    order = np.lexsort((-end, stratum))
    return first[order], end[order], stratum, offsets


@pytest.mark.parametrize("many_strata", [256, 2])
@pytest.mark.parametrize("share_late", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("n_strata", [1, 3, 7])
def test_sums_are_those_of_the_definition(n_strata, share_late, many_strata, monkeypatch):
    monkeypatch.setattr(risk_sets, "MANY_STRATA", many_strata)
    first, end, stratum, offsets = spans(n_strata, n_strata, share_late)
    sets = RiskSets(first, end, stratum, offsets)
    times = np.arange(offsets[-1])
    at_risk = (times >= first[:, None]) & (times < end[:, None])
    rng = np.random.default_rng(0)
    values, amounts = rng.random((2, 300)), rng.random((2, len(times)))
    np.testing.assert_allclose(sets.totals(values), values @ at_risk, rtol=1e-13)
    np.testing.assert_allclose(sets.collected(amounts), amounts @ at_risk.T, rtol=1e-13)
    largest = np.where(at_risk, values[:, :, None], -np.inf).max(axis=1)
    np.testing.assert_array_equal(sets.totals(values, np.maximum, -np.inf), largest)


def test_a_small_risk_set_among_large_ones_keeps_its_digits():
    # rows of 1e30 leave before any of 1e-3 enters: less all that entered, of all that left, nothing would be left of these
    first = np.array([20, 15, 0, 0])
    end = np.array([40, 30, 10, 9])
    values = np.array([[1e-3, 2e-3, 1e30, 3e30]])
    totals = RiskSets(first, end, np.zeros(4, dtype=int), np.array([0, 40])).totals(values)[0]
    exact = [float(sum(Fraction(v) for v, a, b in zip(values[0], first, end, strict=True) if a <= k < b)) for k in range(40)]
    np.testing.assert_allclose(totals, exact, rtol=1e-15)
    amounts = np.where(np.arange(40) < 12, 1e30, 1e-3)[None]
    np.testing.assert_allclose(RiskSets(first, end, np.zeros(4, dtype=int), np.array([0, 40])).collected(amounts)[0, 0], 0.02, rtol=1e-14)
