"""The goodness of fit: published percentage points, uniform p-values, power, and what it refuses."""

import numpy as np
import pytest
from scipy.stats import kstest

import survjax as sj
from survjax.adequacy.goodness import _repetitions
from tests.conftest import shipped

# Upper 5 % points of A² and W²: D'Agostino & Stephens (1986), tables 4.2 (nothing estimated), 4.14 (exponential, scale estimated) and
# 4.17 (extreme value, both estimated: a Weibull in log time), with their factors for n
POINTS = {
    "known": (sj.Weibull(2.0, 10.0), 2.492, None),
    "exponential": (sj.Exponential(), 1.321 / (1 + 0.6 / 256), 0.222 / (1 + 0.16 / 256)),
    "weibull": (sj.Weibull(), 0.757 / (1 + 0.2 / 16), 0.124 / (1 + 0.2 / 16)),
}


def weibull_lives(seed, n=256):
    return 10 * np.random.default_rng(seed).weibull(2.0, n)


@pytest.mark.parametrize("name", POINTS)
def test_repetitions_have_the_published_percentage_points(name):
    model, *points = POINTS[name]
    found = model.fit(weibull_lives(1)).goodness_of_fit(n_bootstrap=4000)
    assert found.n_failed_refits == 0
    for column, point in zip((0, 2), points, strict=True):
        if point is not None:
            # 4 standard errors of a share of 4,000, and the third digit of the table
            assert abs(np.mean(found.simulated[:, column] > point) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 4000) + 0.0005


def studies(design, rng, lives):
    n = len(lives)
    if design == "withdrawn":
        end = rng.uniform(0, 25, n)
        return sj.Lifetimes(np.minimum(lives, end), lives <= end)
    if design == "type I":
        end = rng.uniform(6, 14, n)
        return sj.Lifetimes.from_intervals(np.minimum(lives, end), np.where(lives <= end, lives, np.inf), observed_until=end)
    place = np.searchsorted(GRID, lives)
    return sj.Lifetimes.from_intervals(GRID[place - 1], np.append(GRID, np.inf)[place])


GRID = np.array([0.0, 4.0, 6.0, 8.0, 10.0, 13.0])


@pytest.mark.parametrize(("design", "n_sets"), [("withdrawn", 80), ("type I", 80), ("inspected", 5)])
def test_p_values_are_uniform_under_the_model_and_small_under_another(design, n_sets):
    p_values = []
    for seed in range(n_sets):
        rng = np.random.default_rng(seed)
        life = studies(design, rng, 10 * rng.weibull(2.0, 64))
        p_values.append(sj.Weibull().fit(life).goodness_of_fit(n_bootstrap=99, seed=seed).p_values)
    for column in np.transpose(p_values):
        assert kstest(column, "uniform").pvalue > 0.001  # of a fixed seed; benchmarks/goodness_of_fit.md has more sets
    rng = np.random.default_rng(1)
    early = np.where(rng.random(64) < 0.4, rng.weibull(1.0, 64), 10 * rng.weibull(6.0, 64))
    assert sj.Weibull().fit(studies(design, rng, early)).goodness_of_fit(n_bootstrap=99).p_values[0] <= 0.02


def test_a_study_with_as_many_units_finds_its_program_compiled():
    compiled = []
    for seed, n in ((0, 64), (1, 64), (2, 60)):  # other numbers of units, of failures and of those that still ran
        rng = np.random.default_rng(seed)
        life = studies("inspected", rng, 10 * rng.weibull(2.0, n))
        sj.Weibull().fit(life).goodness_of_fit(n_bootstrap=1)
        compiled.append(_repetitions._cache_size())
    assert compiled[0] == compiled[1] == compiled[2]


def test_the_p_value_counts_the_observed_study_among_the_repetitions():
    found = sj.Weibull().fit(weibull_lives(2, 64)).goodness_of_fit(n_bootstrap=99)
    as_far = (found.simulated >= found.distances).sum(axis=0)
    np.testing.assert_array_equal(found.table["p_value"], (1 + as_far) / 100)
    np.testing.assert_array_equal(found.table["distance"], found.distances)
    assert list(found.table.index) == ["Anderson–Darling", "Kolmogorov–Smirnov", "Cramér–von Mises"]
    assert found.range == (0.0, np.inf)
    assert "99 repetitions of the study under the fit" in repr(found)
    assert "<table" in found._repr_html_()


def test_the_result_depends_on_the_seed_alone_and_not_on_the_unit_of_time():
    lives = weibull_lives(3, 64)
    end = np.linspace(5.0, 20.0, 64)
    first, again, other = (
        sj.Weibull().fit(np.minimum(lives, end), lives <= end).goodness_of_fit(n_bootstrap=99, seed=s) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.simulated, again.simulated)
    assert np.all(first.simulated[0] != other.simulated[0])
    hours = sj.Weibull().fit(24 * np.minimum(lives, end), lives <= end).goodness_of_fit(n_bootstrap=99)
    np.testing.assert_allclose(hours.simulated, first.simulated, rtol=1e-7)  # where Newton's last steps end
    np.testing.assert_allclose(hours.distances, first.distances, rtol=1e-9)


def test_counts_are_repeated_units():
    ages, counts = [3.0, 5.0, 7.0, 9.0, 11.0], [2, 3, 0, 4, 1]
    counted = sj.Weibull().fit(ages, [1, 1, 1, 0, 1], weights=counts).goodness_of_fit(n_bootstrap=99)
    repeated = sj.Weibull().fit(np.repeat(ages, counts), np.repeat([1, 1, 1, 0, 1], counts)).goodness_of_fit(n_bootstrap=99)
    np.testing.assert_allclose(counted.distances, repeated.distances, rtol=1e-9)
    np.testing.assert_allclose(counted.simulated, repeated.simulated, rtol=1e-7)
    with pytest.raises(ValueError, match=r"weights must be whole numbers .* row 1 has weights=2.5"):
        sj.Weibull().fit(ages, weights=[1, 2.5, 1, 1, 1]).goodness_of_fit()


def test_late_entries_and_laws_on_the_whole_line_are_tested_over_the_range_that_is_known():
    transformers = sj.Weibull().fit(shipped("power_transformers"))
    late = transformers.goodness_of_fit(n_bootstrap=99)
    life = shipped("power_transformers")
    assert late.range[0] == life.entry.min()
    assert "units enter when they did, alive" in late.censoring_rule
    later = transformers.goodness_of_fit(n_bootstrap=99, start=20.0)
    assert later.range[0] >= 20.0
    found = sj.Normal().fit(np.random.default_rng(1).normal(0.0, 3.0, 64)).goodness_of_fit(n_bootstrap=99)
    assert found.range == (-np.inf, np.inf)
    assert found.p_values[0] > 0.05


def test_refits_that_fail_are_counted():
    # three units, of which one failed: every sixth repetition or so has no failure
    life = sj.Lifetimes.from_intervals([1.0, 2.0, 2.5], [1.0, np.inf, np.inf], observed_until=[3.0, 3.0, 3.0])
    found = sj.Exponential().fit(life).goodness_of_fit(n_bootstrap=400)
    h = 1 / 5.5  # the fitted rate
    nobody = np.exp(-h * (3.0 + 2.0 + 2.5))
    assert abs(found.n_failed_refits / 400 - nobody) < 4 * np.sqrt(nobody * (1 - nobody) / 400)
    assert len(found.simulated) == 400 - found.n_failed_refits
    assert f"{found.n_failed_refits} of which could not be fitted" in repr(found)


def test_a_loaded_model_needs_its_own_data(tmp_path):
    lives = weibull_lives(4, 64)
    model = sj.Weibull().fit(lives)
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    with pytest.raises(sj.NotFitted, match="pass life="):
        loaded.goodness_of_fit()
    found = loaded.goodness_of_fit(sj.Lifetimes(lives), n_bootstrap=99)
    np.testing.assert_allclose(found.distances, model.goodness_of_fit(n_bootstrap=99).distances, rtol=1e-9)
    with pytest.raises(ValueError, match="these are not the lifetimes of the fit"):
        loaded.goodness_of_fit(sj.Lifetimes(lives[1:]))


def test_what_cannot_be_tested_is_refused():
    lives = weibull_lives(5, 64)
    with pytest.raises(sj.NotFitted):
        sj.Weibull().goodness_of_fit(sj.Lifetimes(lives))
    model = sj.Weibull().fit(lives)
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="n_bootstrap must be a whole number of at least 1"):
            model.goodness_of_fit(n_bootstrap=wrong)
    with pytest.raises(ValueError, match="seed must be a whole number"):
        model.goodness_of_fit(seed=-1)
    for start in (np.nan, 1e9, "early"):
        with pytest.raises(ValueError, match="start"):
            model.goodness_of_fit(start=start)
    cut = sj.Lifetimes.from_intervals(lives, lives, right_truncation=np.full(64, 40.0))
    with pytest.raises(ValueError, match=r"row 0 could only be seen if it failed by 40"):
        sj.Weibull().fit(cut).goodness_of_fit()
    short = sj.Lifetimes.from_intervals(lives, lives, observed_until=np.full(64, lives.max() - 1e-3))
    with pytest.raises(ValueError, match=f"observed_until must be .* row {lives.argmax()} has"):
        sj.Weibull().fit(short).goodness_of_fit()


def test_fits_that_cannot_be_repeated_are_refused_with_what_to_do():
    lives = weibull_lives(5, 64)
    either = sj.Lifetimes.from_intervals([*lives, 0.0], [*lives, 1.0])
    with pytest.raises(ValueError, match=r"row 64 has lower=0 .* It may have been one of them or not"):
        sj.ZeroInflated(sj.Weibull()).fit(either).goodness_of_fit(n_bootstrap=9)
    causes = sj.Lifetimes.from_intervals(lives, lives, cause=np.where(np.arange(64) % 2, "seal", "bearing"))
    with pytest.raises(ValueError, match="one cause at a time"):
        sj.CompetingRisks({"seal": sj.Weibull(), "bearing": sj.Weibull()}).fit(causes).goodness_of_fit(n_bootstrap=9)


def test_with_units_dead_on_arrival_it_is_that_of_the_others():
    lives = weibull_lives(5, 64)
    life, others = sj.Lifetimes([*lives, 0.0, 0.0], [*(lives < 12.0), 1, 1]), sj.Lifetimes(lives, lives < 12.0)
    expected = sj.Weibull().fit(others).goodness_of_fit(n_bootstrap=99)
    for model in (sj.ZeroInflated(sj.Weibull()), sj.ZeroInflated(sj.Weibull(), 0.1)):
        found = model.fit(life).goodness_of_fit(n_bootstrap=99)
        np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-12)
        np.testing.assert_allclose(found.simulated, expected.simulated, rtol=1e-9)
        assert len(found.notes) == 1
        assert "dead on arrival there is no life to compare" in found.notes[0]
    nobody = (
        sj.ZeroInflated(sj.Weibull()).fit(others).goodness_of_fit(n_bootstrap=99)
    )  # a fraction of 0, which is no boundary of the others
    np.testing.assert_allclose(nobody.simulated, expected.simulated, rtol=1e-9)
    assert len(nobody.notes) == 1


def test_repetitions_of_a_penalised_fit_are_fitted_under_its_prior():
    lives = weibull_lives(6, 64)
    life = sj.Lifetimes(np.minimum(lives, 12.0), lives < 12.0)
    free, known = (model.fit(life).goodness_of_fit(n_bootstrap=99) for model in (sj.Weibull(), sj.Weibull(shape=2.0)))
    weak, strong = (sj.Weibull().fit(life, prior={"shape": (2.0, deviation)}).goodness_of_fit(n_bootstrap=99) for deviation in (1e4, 1e-6))
    # what a prior of 1e4 moves is 1e-8 of a standard error, what one of 1e-6 leaves is 1e-6 of the shape
    np.testing.assert_allclose(weak.simulated, free.simulated, rtol=1e-5)
    np.testing.assert_allclose(strong.simulated, known.simulated, rtol=1e-3)
    assert np.abs(strong.simulated / free.simulated - 1).max() > 0.1
    assert "each repetition is fitted under the prior of the fit" in repr(weak)


def test_knots_that_stay_in_the_repetitions_are_said_to():
    found = sj.RoystonParmar(n_knots=1).fit(weibull_lives(7, 64)).goodness_of_fit(n_bootstrap=19)
    assert any("the knots stay where they are" in note for note in found.notes)


def test_a_threshold_that_is_held_in_the_repetitions_is_said_to_be():
    life = 5 + np.random.default_rng(2).weibull(1.5, 64)
    assert "too large rather than too small" in str(sj.Threshold(sj.Weibull()).fit(life).goodness_of_fit(n_bootstrap=19))


def test_who_ran_on_into_the_last_interval_does_not_condemn_a_fit():
    """Turnbull puts the whole of those that ran on into the end of the last interval of failures: 93 % in half a month."""
    life = sj.Lifetimes.from_nevada([1000, 1000, 1000], [[2, 5, 9], [None, 2, 6], [None, None, 1]])
    found = sj.Weibull().fit(life).goodness_of_fit(n_bootstrap=19)
    assert found.distances[1] < 0.02
    assert found.range[1] < 3.0
