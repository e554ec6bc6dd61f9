"""A repetition of a study shows of its lives what the study showed of the true ones."""

import jax
import numpy as np
import pytest

import survjax as sj
from survjax.adequacy.repeated_study import observe, study_of

pytestmark = pytest.mark.usefixtures("double")
LIVES = np.random.default_rng(1).weibull(2.0, 64) * 10


def repeated(life, lives, key=0, **options):
    study, rule = study_of(life, 0.0, **options)
    lower, upper = jax.jit(observe)(study, np.resize(lives, len(study.real)), 0.0, jax.random.key(key))
    return np.asarray(lower)[: len(life)], np.asarray(upper)[: len(life)], rule


def test_known_ends_stay_as_they_are():
    end = np.linspace(4.0, 14.0, 64)
    failed = end > LIVES
    life = sj.Lifetimes.from_intervals(np.minimum(LIVES, end), np.where(failed, LIVES, np.inf), observed_until=end)
    lower, upper, rule = repeated(life, LIVES)
    np.testing.assert_array_equal(lower, life.lower)
    np.testing.assert_array_equal(upper, life.upper)
    assert rule == "each unit is followed until its observed_until, or to where its observation ended"
    lower, upper, _ = repeated(life, LIVES[::-1])
    np.testing.assert_array_equal(np.where(np.isinf(upper), lower, end), end)
    np.testing.assert_array_equal(np.isfinite(upper), LIVES[::-1] <= end)


def test_without_running_units_every_unit_is_followed_until_it_fails():
    lower, upper, rule = repeated(sj.Lifetimes(LIVES), LIVES[::-1])
    np.testing.assert_array_equal(lower, LIVES[::-1])
    np.testing.assert_array_equal(upper, LIVES[::-1])
    assert rule == "every unit is followed until it fails"


def test_ends_are_drawn_from_the_estimate_of_where_observation_ended():
    # ages 2, 4+, 4+, 6, 6+, 8: of those alive at 4 two of five end there, at 6 one of the two that did not fail then
    life = sj.Lifetimes([2, 4, 4, 6, 6, 8], [1, 0, 0, 1, 0, 1])
    drawn = np.concatenate([repeated(life, np.full(64, 1e9), key)[0] for key in range(1000)])
    for age, chance in ((4.0, 2 / 5), (6.0, 3 / 5 * 1 / 2), (1e9, 3 / 5 * 1 / 2)):
        assert abs(np.mean(drawn == age) - chance) < 4 * np.sqrt(chance * (1 - chance) / len(drawn))


def test_a_unit_that_entered_late_ends_later():
    life = sj.Lifetimes([2, 4, 4, 6, 6, 8], [1, 0, 0, 1, 0, 1], entry=[0, 0, 0, 5, 5, 5])
    drawn = np.stack([repeated(life, np.full(64, 1e9), key)[0] for key in range(300)])
    assert set(np.unique(drawn[:, :3])) == {4.0}  # both that were alive at 4 ended there
    assert set(np.unique(drawn[:, 3:])) == {6.0, 1e9}


def test_common_inspections_keep_their_ages():
    grid = np.array([0.0, 3.0, 7.0, 9.0, 12.0])
    place = np.searchsorted(grid, LIVES)
    low, high = grid[place - 1], np.append(grid, np.inf)[place]
    life = sj.Lifetimes.from_intervals(low, high)
    assert life.n_running > 0
    lower, upper, rule = repeated(life, LIVES)
    np.testing.assert_array_equal(lower, low)
    np.testing.assert_array_equal(upper, high)
    assert rule.endswith("inspections at the ages that occur in the data")


def test_inspections_of_their_own_go_on_as_far_apart():
    phase, gap = np.linspace(0.5, 3.0, 64), 3.0
    visit = np.ceil((LIVES - phase) / gap)
    low, high = np.maximum(phase + gap * (visit - 1), 0.0), phase + gap * visit
    life = sj.Lifetimes.from_intervals(low, high)
    lower, upper, rule = repeated(life, LIVES[::-1])
    again = np.ceil((LIVES[::-1] - phase) / gap)
    regular = low > 0.0  # of the others the first inspection is all that is known
    np.testing.assert_allclose(lower[regular], np.maximum(phase + gap * (again - 1), 0.0)[regular], rtol=1e-12)
    np.testing.assert_allclose(upper[regular], (phase + gap * again)[regular], rtol=1e-12)
    assert np.all((lower < LIVES[::-1]) & (LIVES[::-1] <= upper))
    assert rule.endswith("as far apart as these")


def test_a_unit_inspected_once_is_inspected_then():
    seen = np.linspace(2.0, 15.0, 64)
    low, high = np.where(seen >= LIVES, 0.0, seen), np.where(seen >= LIVES, seen, np.inf)
    lower, upper, rule = repeated(sj.Lifetimes.from_intervals(low, high), LIVES)
    np.testing.assert_array_equal(lower, low)
    np.testing.assert_array_equal(upper, high)
    assert rule == "each unit is inspected once, at the age at which it was"


def test_of_watched_and_inspected_units_running_ones_are_one_or_the_other():
    grid = np.arange(0.0, 40.0, 4.0)
    inspected, end = np.arange(64) % 2 == 0, 12.0
    place = np.searchsorted(grid, LIVES)
    low, high = np.where(inspected, grid[place - 1], LIVES), np.where(inspected, grid[place], LIVES)
    running = np.greater(LIVES, end)
    assert running.sum() > 5
    life = sj.Lifetimes.from_intervals(np.where(running, end, low), np.where(running, np.inf, high))
    lower, upper, rule = repeated(life, np.full(64, 5.0))
    within = upper > lower
    np.testing.assert_array_equal(within[~running], inspected[~running])
    assert 0 < within[running].sum() < running.sum()
    np.testing.assert_array_equal(np.stack([lower, upper])[:, within], np.tile([[4.0], [8.0]], within.sum()))
    assert "as one drawn from those that failed" in rule


def test_where_something_is_known_running_units_keep_their_ends_and_failed_ones_have_one_after_their_failure():
    ends = np.linspace(20.0, 80.0, 64)
    running = np.arange(64) % 2 == 1
    life = sj.Lifetimes(np.where(running, ends, 0.5 * ends), ~running)
    lower, upper, rule = repeated(life, np.full(64, 1e6), alike=np.arange(64))
    assert rule.startswith("units that still ran keep their ends")
    np.testing.assert_array_equal(lower[running], ends[running])
    assert np.all(lower[~running] > life.lower[~running])
    assert set(lower[~running]) <= {*ends[running], 1e6}  # beyond the last end a unit is watched until it fails
    assert np.isinf(upper[running]).all()


def test_units_alike_that_were_stopped_at_one_age_tell_when_those_that_failed_would_have_been():
    stress = np.repeat([0, 1, 2], [24, 24, 16])
    ends = np.array([60.0, 25.0, np.inf])[stress]
    ages = np.linspace(1.0, 80.0, 64)[np.random.default_rng(4).permutation(64)]
    life = sj.Lifetimes(np.minimum(ages, ends), ages <= ends)
    lower, upper, _ = repeated(life, np.full(64, 1e6), alike=stress)
    np.testing.assert_array_equal(lower[stress < 2], ends[stress < 2])
    assert np.isinf(upper[stress < 2]).all()
    # at the third all failed, and it is not known when it would have been stopped: as others, or after them all, never before
    assert np.all(lower[stress == 2] > ages[stress == 2])
