"""Concordance against scikit-survival, its definition pair by pair, and Kendall's tau."""

import numpy as np
import pytest
from scipy.stats import kendalltau

import survjax as sj
from survjax.metrics import concordance, uno_concordance
from survjax.numerics.dominance import weight_below
from tests.metrics.conftest import seen_from_start


def pair_by_pair(life, risk, weights):
    t, failed = life.durations, life.event_observed
    entry = np.full(len(t), -np.inf) if life.entry is None else life.entry
    right = pairs = 0.0
    for i in np.flatnonzero(failed):
        outlived = ((t > t[i]) | ((t == t[i]) & ~failed)) & (entry < t[i])
        order = (risk < risk[i]) + 0.5 * (risk == risk[i])
        right += weights[i] * (life.counts() * order)[outlived].sum()
        pairs += weights[i] * life.counts()[outlived].sum()
    return right / pairs


def test_both_agree_with_scikit_survival(theirs):
    # sums of a few thousand pairs, in another order
    assert concordance(theirs["test"], theirs["risk"]) == pytest.approx(theirs["concordance"], rel=1e-13)
    assert uno_concordance(theirs["train"], theirs["test"], theirs["risk"], horizon=120.0) == pytest.approx(theirs["uno"], rel=1e-13)


@pytest.mark.parametrize("late", [True, False])
def test_ties_weights_and_late_entry_are_as_the_definition_says(rough, late):
    life, risk = rough
    life = life if late else seen_from_start(life)
    assert concordance(life, risk) == pytest.approx(pair_by_pair(life, risk, life.counts()), rel=1e-13)


def test_unos_is_its_definition_where_ages_and_risks_are_tied(rough):
    life, risk = seen_from_start(rough[0]), rough[1]
    in_view = np.ones(len(life))  # P(C >= t), one age after another
    for age in np.unique(life.durations[~life.event_observed & (life.counts() > 0)]):
        lost = life.counts()[(life.durations == age) & ~life.event_observed].sum()
        in_view[life.durations > age] *= 1 - lost / (lost + life.counts()[life.durations > age].sum())
    expected = pair_by_pair(life, risk, np.where(life.durations < 15, life.counts() / in_view**2, 0.0))
    assert uno_concordance(life, life, risk, horizon=15) == pytest.approx(expected, rel=1e-13)


def test_without_censoring_and_ties_it_is_kendalls_tau():
    rng = np.random.default_rng(1)
    life = rng.exponential(size=100_000)
    risk = rng.normal(size=100_000) - np.log(life)
    assert concordance(life, risk) == pytest.approx(0.5 - 0.5 * kendalltau(life, risk).statistic, rel=1e-12)
    assert uno_concordance(life, life, risk) == pytest.approx(concordance(life, risk), rel=1e-12)


def test_a_predicted_life_goes_in_with_a_minus_and_one_prediction_for_all_gives_a_half():
    life = sj.Lifetimes([1.0, 2.0, 3.0], [1, 1, 0])
    assert concordance(life, -np.array([5.0, 7.0, np.inf])) == 1.0
    assert concordance(life, [5.0, 7.0, 9.0]) == 0.0
    assert concordance(life, np.zeros(3)) == 0.5


def test_counts_are_repeated_rows(rough):
    life, risk = rough
    repeated = np.repeat(np.arange(len(life)), life.counts().astype(int))
    alone = life[repeated].with_weights(np.ones(len(repeated)))
    assert concordance(alone, risk[repeated]) == pytest.approx(concordance(life, risk), rel=1e-13)


def test_structured_arrays_are_taken():
    y = np.array([(True, 1.0), (False, 2.0), (True, 3.0)], dtype=[("event", bool), ("time", float)])
    assert concordance(y, [2.0, 1.0, 0.0]) == 1.0


def test_unos_undoes_censoring_that_moves_harrells():
    """Late failures are of another order than early ones; the uncensored concordance before the horizon is what both should be."""
    rng = np.random.default_rng(3)
    x = rng.random(40_000)
    # the order is told early and not late: hazard 2 x before 1, 1 after
    exposure = rng.exponential(size=len(x))
    life = np.where(exposure < 2 * x, exposure / (2 * x), 1 + exposure - 2 * x)
    lost = rng.exponential(0.7, len(x))
    seen = sj.Lifetimes(np.minimum(life, lost), life <= lost)
    full = uno_concordance(life, life, x, horizon=2.0)
    # the standard error of a concordance of some 20,000 failures is about 0.003; 4 of them
    assert uno_concordance(seen, seen, x, horizon=2.0) == pytest.approx(full, abs=0.012)
    assert concordance(seen, x) > full + 0.012


def test_what_cannot_be_judged_is_refused():
    life = sj.Lifetimes([1.0, 2.0, 3.0], [1, 0, 0])
    with pytest.raises(ValueError, match="no two units can be compared"):
        concordance(sj.Lifetimes([1.0, 2.0, 3.0], [0, 0, 1]), [1, 2, 3])
    with pytest.raises(ValueError, match="risk must be one number for each of the 3 rows"):
        concordance(life, [1, 2])
    with pytest.raises(ValueError, match="nan"):
        concordance(life, [1, np.nan, 2])
    with pytest.raises(ValueError, match=r"row 1 failed between 1 and 4 .*log score"):
        concordance(sj.Lifetimes.from_intervals([1, 1], [1, 4]), [1, 2])
    with pytest.raises(ValueError, match="right truncation, which row 0 has"):
        concordance(sj.Lifetimes.from_intervals([1, 1], [1, 1], right_truncation=[4, 4]), [1, 2])
    with pytest.raises(ValueError, match=r"row 0 entered at 0\.5"):
        uno_concordance(life, sj.Lifetimes([1.0, 2.0], [1, 1], entry=[0.5, 0]), [1, 2])
    with pytest.raises(ValueError, match="the age at failure 5 is not before 3"):
        uno_concordance(life, sj.Lifetimes([1.0, 5.0, 6.0], [1, 1, 0]), [1, 2, 3])


def test_weight_below_is_the_sum_it_says():
    rng = np.random.default_rng(2)
    values, weights = rng.integers(0, 37, 500), rng.random(500)
    places, bounds = rng.integers(0, 501, 90), rng.integers(0, 38, 90)
    expected = [weights[:place][values[:place] < bound].sum() for place, bound in zip(places, bounds, strict=True)]
    np.testing.assert_allclose(weight_below(values, weights, places, bounds), expected, rtol=1e-12, atol=1e-13)


def test_lives_on_the_whole_real_line_enter_late_wherever_they_lie(rough):
    life, risk = rough
    moved = sj.Lifetimes(life.durations - 100, life.event_observed, entry=life.entry - 100, weights=life.weights)
    assert concordance(moved, risk) == pytest.approx(concordance(life, risk), rel=1e-14)
