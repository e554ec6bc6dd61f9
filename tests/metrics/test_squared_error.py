"""Brier scores and the dynamic AUC against scikit-survival, their definitions and data without censoring."""

import numpy as np
import pytest

import survjax as sj
from survjax.metrics import brier_score, cumulative_dynamic_auc, integrated_brier_score
from tests.metrics.conftest import seen_from_start


def in_view(life, t, just_before):
    """P(C >= t) or P(C > t), one age after another."""
    share = 1.0
    for age in np.unique(life.durations[~life.event_observed & (life.counts() > 0)]):
        if age < t or (age == t and not just_before):
            lost = life.counts()[(life.durations == age) & ~life.event_observed].sum()
            share *= 1 - lost / (lost + life.counts()[life.durations > age].sum())
    return share


def test_they_agree_with_scikit_survival(theirs):
    train, test, times, survival = (theirs[name] for name in ("train", "test", "times", "survival"))
    # sums of 120 terms in another order
    np.testing.assert_allclose(brier_score(test, survival, times, train), theirs["brier"], rtol=1e-13)
    assert integrated_brier_score(test, survival, times, censoring=train) == pytest.approx(theirs["integrated_brier"], rel=1e-13)
    for risk, auc, mean in ((theirs["risk"], "auc", "mean_auc"), (1 - survival, "auc_by_time", "mean_auc_by_time")):
        found = cumulative_dynamic_auc(test, risk, times, train)
        np.testing.assert_allclose(found.auc, theirs[auc], rtol=1e-13)
        assert found.mean == pytest.approx(theirs[mean], rel=1e-13)


def test_ties_and_weights_are_as_the_definition_says(rough):
    life, risk = seen_from_start(rough[0]), rough[1]
    times = np.array([4.0, 9.0, 15.0])
    survival = np.exp(-np.outer(1 + risk, times) / 60)
    t, failed, counts = life.durations, life.event_observed, life.counts()
    for k, time in enumerate(times):
        cases = np.array([counts[i] / in_view(life, t[i], True) if failed[i] and t[i] <= time else 0.0 for i in range(len(t))])
        controls = counts * (t > time)
        column = survival[:, k]
        expected = (cases @ column**2 + controls @ (1 - column) ** 2 / in_view(life, time, False)) / counts.sum()
        assert brier_score(life, column, time) == pytest.approx(expected, rel=1e-13)
        order = (risk[:, None] > risk) + 0.5 * (risk[:, None] == risk)
        expected = cases @ order @ controls / (cases.sum() * controls.sum())
        assert cumulative_dynamic_auc(life, risk, [time]).auc[0] == pytest.approx(expected, rel=1e-13)


def test_without_censoring_it_is_the_mean_squared_error():
    ages, times = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.5, 9.0])
    survival = np.array([[0.9, 0.5, 0.1], [0.8, 0.4, 0.2], [0.7, 0.6, 0.0], [1.0, 0.9, 0.3]])
    expected = np.mean(((ages[:, None] > times) - survival) ** 2, axis=0)
    np.testing.assert_allclose(brier_score(ages, survival, times), expected, rtol=1e-15)
    assert integrated_brier_score(ages, survival, times) == pytest.approx(
        (1.5 * (expected[0] + expected[1]) + 6.5 * (expected[1] + expected[2])) / 2 / 8, rel=1e-15
    )


def test_weighting_undoes_censoring_and_the_truth_scores_best():
    rng = np.random.default_rng(5)
    life, lost = rng.exponential(10, 40_000), rng.exponential(12, 40_000)
    seen = sj.Lifetimes(np.minimum(life, lost), life <= lost)
    times = np.array([3.0, 8.0, 15.0])

    def score(data, mean):
        return brier_score(data, np.tile(np.exp(-times / mean), (len(life), 1)), times)

    # a mean of 40,000 terms below 1, weighted by up to 3.5: standard error below 0.004
    np.testing.assert_allclose(score(seen, 10), score(life, 10), atol=0.016)
    assert (score(seen, 10) < score(seen, 7)).all()
    assert (score(seen, 10) < score(seen, 14)).all()


def test_what_cannot_be_judged_is_refused():
    life = sj.Lifetimes([1.0, 2.0, 3.0], [1, 1, 0])
    with pytest.raises(ValueError, match="the time 3 is not before 3"):
        brier_score(life, np.full((3, 2), 0.5), [1, 3])
    with pytest.raises(ValueError, match=r"the time 3\.5 is not before 3"):
        brier_score(sj.Lifetimes([1.0, 2.0, 3.0], [1, 0, 1]), np.full(3, 0.5), 3.5)
    with pytest.raises(ValueError, match=r"between 0 and 1; it is 1.5 at position \(2, 0\)"):
        brier_score(life, [[0.5, 0.1], [0.5, 0.1], [1.5, 0.1]], [1, 2])
    with pytest.raises(ValueError, match=r"must have shape \(3, 2\)"):
        brier_score(life, np.full((2, 3), 0.5), [1, 2])
    with pytest.raises(ValueError, match="times must increase; position 1 has 1 after 2"):
        brier_score(life, np.full((3, 2), 0.5), [2, 1])
    with pytest.raises(ValueError, match="two times"):
        integrated_brier_score(life, np.full((3, 1), 0.5), [2])
    with pytest.raises(ValueError, match="nobody has failed then"):
        cumulative_dynamic_auc(life, [1, 2, 3], [0.5])
    with pytest.raises(ValueError, match="nobody still runs then"):
        cumulative_dynamic_auc([1.0, 2.0], [1, 2], [2.0])
    with pytest.raises(ValueError, match=r"life\[rows\]\.since\(s\)"):
        brier_score(sj.Lifetimes([1.0, 2.0], entry=[0, 1]), [0.5, 0.5], 1.0)


def test_late_entry_is_judged_from_an_age_on_as_the_refusal_says():
    life, s = sj.Lifetimes([4.0, 5.0, 8.0, 2.0], [1, 1, 0, 1], entry=[0, 1, 3, 0]), 3.0
    rows = (life.entry <= s) & (life.durations > s)
    # of three units the first has failed by s + 1.5
    assert brier_score(life[rows].since(s), [0.4, 0.5, 0.6], 1.5) == pytest.approx((0.4**2 + 0.5**2 + 0.4**2) / 3, rel=1e-15)
