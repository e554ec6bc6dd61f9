import matplotlib.pyplot as plt
import mpmath
import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.stats import weibull_min

import survjax as sj
from survjax.distributions import Weibull, ZeroInflated
from tests.conftest import shipped

DIGITS = mpmath.mp.dps = 30
LAW = ZeroInflated(Weibull(shape=2.0, scale=30.0), 0.25)


def fleet():
    """64 units, of which 5 were dead on arrival, 2 are still running at 0, and some of the others at 40."""
    random = np.random.default_rng(3)
    lives = np.concatenate([np.zeros(7), 30.0 * random.weibull(1.6, 57)])
    failed = lives < 40.0
    failed[:2] = False
    return np.minimum(lives, 40.0), failed


def exact_survival(t):
    return mpmath.mpf("0.75") * mpmath.e ** -((mpmath.mpf(t) / 30) ** 2)


def test_predictions_of_the_law_agree_with_mpmath(double):
    for age in (1e-9, 1.0, 30.0, 90.0):
        np.testing.assert_allclose(LAW.survival(age), float(exact_survival(age)), rtol=1e-13)
        np.testing.assert_allclose(LAW.density(age), float(-mpmath.diff(exact_survival, age)), rtol=1e-10)  # mpmath's differences
    np.testing.assert_allclose(LAW.mean(), float(mpmath.quad(exact_survival, [0, 30, 300])), rtol=1e-14)
    ahead = mpmath.quad(lambda u: exact_survival(12 + u) / exact_survival(12), [0, 30, 300])
    np.testing.assert_allclose(LAW.mean_after(12.0), float(ahead), rtol=1e-12)
    np.testing.assert_allclose(
        LAW.quantile(0.4), float(30 * mpmath.sqrt(mpmath.log(mpmath.mpf("0.75") / mpmath.mpf("0.6")))), rtol=1e-13
    )  # a difference of logs


def test_the_first_to_fail_are_those_that_never_worked(double):
    np.testing.assert_array_equal(LAW.quantile(np.array([0.0, 0.1, 0.25])), 0.0)
    assert LAW.quantile(0.26) > 0.0
    assert LAW.failure_probability(0.0) == 0.25
    # of a unit that did arrive alive
    np.testing.assert_allclose(LAW.given_survival(0.0).mean(), LAW.of.mean(), rtol=1e-15)
    sample = sj.ZeroInflated(sj.Weibull(2.0, 30.0), 0.25).sample(1000, seed=5)
    assert abs(np.mean(sample == 0.0) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1000)


def test_the_fraction_is_the_share_of_the_dead_and_the_law_that_of_the_others():
    durations, failed = fleet()
    model = sj.ZeroInflated(sj.Weibull()).fit(durations, failed)
    alone = sj.Weibull().fit(durations[durations > 0], failed[durations > 0])
    p = 5 / 64
    np.testing.assert_allclose(model.parameters_, [*alone.parameters_, p], rtol=1e-12)
    np.testing.assert_allclose(model.standard_errors_, [*alone.standard_errors_, np.sqrt(p * (1 - p) / 64)], rtol=1e-12)
    np.testing.assert_allclose(model.log_likelihood_, alone.log_likelihood_ + 5 * np.log(p) + 59 * np.log1p(-p), rtol=1e-12)
    np.testing.assert_allclose(model.log_likelihood(durations, failed), model.log_likelihood_, rtol=1e-12)  # by the one likelihood
    assert model.interval("survival", [0.0]).loc[0, "estimate"] == pytest.approx(1 - p, rel=1e-12)
    assert model.aic_ == pytest.approx(6 - 2 * model.log_likelihood_, rel=1e-12)
    assert model.mean() == pytest.approx((1 - p) * alone.mean(), rel=1e-12)


def test_a_unit_that_entered_late_says_nothing_of_the_fraction():
    durations, failed = fleet()
    entry = np.where(np.arange(64) > 40, 0.5 * durations, 0.0)  # those dead on arrival were there from the start
    model = sj.ZeroInflated(sj.Weibull()).fit(durations, failed, entry=entry)
    assert model.parameters_["fraction_dead_on_arrival"] == pytest.approx(5 / 41, rel=1e-12)
    life = sj.Lifetimes(durations, failed, entry=entry)

    def at(values):
        return sj.ZeroInflated(sj.Weibull(values[0], values[1]), values[2]).log_likelihood(life)

    np.testing.assert_allclose(approx_fprime(model.parameters_.to_numpy(), at, 1e-6), 0.0, atol=2e-3)  # first differences
    with pytest.raises(sj.NoFiniteMaximum, match="every unit came under observation late"):
        sj.ZeroInflated(sj.Weibull()).fit(durations[8:], failed[8:], entry=0.5 * durations[8:])


def inspected():
    """Inspections every ten units of time: what was found dead at the first may never have worked, but for three seen to fail."""
    durations, failed = fleet()
    lower = np.where(failed, 10.0 * np.floor(durations / 10.0), durations)
    upper = np.where(failed, lower + 10.0, np.inf)
    lower[2:4], upper[2:4] = 0.0, 0.0
    return lower, upper


def test_what_is_found_dead_at_the_first_inspection_may_never_have_worked():
    lower, upper = inspected()
    life = sj.Lifetimes.from_intervals(lower, upper)

    def negative(x):
        shape, scale, p = np.exp(x[0]), np.exp(x[1]), 1 / (1 + np.exp(-x[2]))
        law = weibull_min(shape, scale=scale)
        between = (1 - p) * (law.sf(lower) - law.sf(upper))
        terms = np.where(upper == 0.0, p, np.where((lower == 0.0) & np.isfinite(upper), p + between, between))
        return -np.log(terms).sum()

    oracle = minimize(negative, [0.3, 3.4, -2.5], method="BFGS", options={"gtol": 1e-7})
    model = sj.ZeroInflated(sj.Weibull()).fit(life)
    np.testing.assert_allclose(model.log_likelihood_, -oracle.fun, rtol=1e-9)
    shape, scale, fraction = model.parameters_
    np.testing.assert_allclose([np.log(shape), np.log(scale), np.log(fraction / (1 - fraction))], oracle.x, atol=1e-4)  # BFGS' own stop
    assert model.standard_errors_["fraction_dead_on_arrival"] > np.sqrt(fraction * (1 - fraction) / 64)  # less is known


def test_right_truncation_ties_the_fraction_to_the_law():
    durations, failed = fleet()
    seen = durations[failed]
    life = sj.Lifetimes.from_intervals(seen, seen, right_truncation=np.full(len(seen), 60.0))

    def negative(x):
        law, p = weibull_min(np.exp(x[0]), scale=np.exp(x[1])), 1 / (1 + np.exp(-x[2]))
        terms = np.where(seen == 0.0, np.log(p), np.log1p(-p) + law.logpdf(np.where(seen == 0.0, 1.0, seen)))
        return -(terms - np.log1p(-(1 - p) * law.sf(60.0))).sum()

    oracle = minimize(negative, [0.5, 3.0, -2.5], method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(sj.ZeroInflated(sj.Weibull()).fit(life).log_likelihood_, -oracle.fun, rtol=1e-9)


def test_where_nobody_was_dead_on_arrival_that_is_what_is_reported(tmp_path):
    alone = sj.Weibull().fit(shipped("ball_bearings"))
    model = sj.ZeroInflated(sj.Weibull()).fit(shipped("ball_bearings"))
    assert model.parameters_["fraction_dead_on_arrival"] == 0.0
    assert np.isnan(model.standard_errors_["fraction_dead_on_arrival"])
    np.testing.assert_allclose(model.interval("survival", [50.0]), alone.interval("survival", [50.0]), rtol=1e-12)
    assert any("fraction dead on arrival of 0" in note for note in model.notes_)
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    np.testing.assert_array_equal(loaded.standard_errors_, model.standard_errors_)
    assert loaded.aic_ == model.aic_


def test_what_says_nothing_of_the_living_is_refused():
    for life in (sj.Lifetimes([0.0, 0.0]), sj.Lifetimes.from_intervals([0.0, 0.0], [0.0, 5.0])):
        with pytest.raises(sj.NoFiniteMaximum, match="was dead on arrival, or may have been"):
            sj.ZeroInflated(sj.Weibull()).fit(life)
    with pytest.raises(sj.NoFiniteMaximum, match="every unit was dead on arrival"):
        sj.ZeroInflated(sj.Weibull(), 0.3).fit([0.0, 0.0])
    with pytest.raises(sj.NoFiniteMaximum, match="none of the units has failed"):
        sj.ZeroInflated(sj.Weibull()).fit([0.0, 5.0, 6.0], [1, 0, 0])


def test_other_laws_name_the_way_out():
    with pytest.raises(ValueError, match=r"row 1 has durations=0.*fit ZeroInflated\(Weibull\(\.\.\.\)\)"):
        sj.Weibull().fit([5.0, 0.0, 7.0])


def test_known_parameters_count_as_such():
    durations, failed = fleet()
    model = sj.ZeroInflated(sj.Weibull(), 0.1).fit(durations, failed)
    assert model.standard_errors_["fraction_dead_on_arrival"] == 0.0
    only = sj.ZeroInflated(sj.Weibull(1.6, 30.0)).fit(durations, failed)
    assert only.parameters_["fraction_dead_on_arrival"] == pytest.approx(5 / 64, rel=1e-12)
    known = sj.ZeroInflated(sj.Weibull(1.6, 30.0), 0.1)
    assert known.log_likelihood([0.0, 0.0, 0.0], [1, 0, 0]) == pytest.approx(np.log(0.1) + 2 * np.log(0.9), rel=1e-14)
    with pytest.raises(ValueError, match="fraction_dead_on_arrival of ZeroInflated must be a number from 0 to below 1"):
        sj.ZeroInflated(sj.Weibull(), 1.0).fit(durations, failed)
    with pytest.raises(ValueError, match="given as 0, and 5 rows failed at age 0"):
        sj.ZeroInflated(sj.Weibull(), 0.0).fit(durations, failed)


def test_units_and_counts_change_nothing_else():
    durations, failed = fleet()
    model = sj.ZeroInflated(sj.Weibull()).fit(durations, failed)
    hours = sj.ZeroInflated(sj.Weibull()).fit(24 * durations, failed)
    np.testing.assert_allclose(hours.parameters_, model.parameters_ * [1, 24, 1], rtol=1e-9)
    np.testing.assert_allclose(hours.log_likelihood_, model.log_likelihood_ - np.sum(failed & (durations > 0)) * np.log(24), rtol=1e-12)
    lower, upper = inspected()
    once = sj.ZeroInflated(sj.Weibull()).fit(sj.Lifetimes.from_intervals(lower, upper))
    collapsed = sj.ZeroInflated(sj.Weibull()).fit(sj.Lifetimes.from_intervals(lower, upper).collapse())
    np.testing.assert_allclose(collapsed.parameters_, once.parameters_, rtol=1e-8)
    monthly = sj.ZeroInflated(sj.Weibull()).fit(sj.Lifetimes.from_intervals(lower / 30, upper / 30))
    np.testing.assert_allclose(monthly.parameters_, once.parameters_ * [1, 1 / 30, 1], rtol=1e-8)


def test_a_mixture_keeps_its_own_search():
    durations, failed = shipped("waltons").durations, shipped("waltons").event_observed
    model = sj.ZeroInflated(sj.WeibullMixture()).fit(np.append(durations, [0.0, 0.0]), np.append(failed, [True, True]))
    alone = sj.WeibullMixture().fit(durations, failed)
    np.testing.assert_allclose(model.parameters_.iloc[:-1], alone.parameters_, rtol=1e-12)
    assert (model.n_starts_, model.n_hits_) == (alone.n_starts_, alone.n_hits_)


def test_it_stands_outside_all_others():
    for wrapped in (
        sj.Mixture([sj.Weibull(), LAW]),
        sj.CompetingRisks([sj.Weibull(), LAW]),
        sj.DefectiveSubpopulation(LAW),
        sj.Threshold(LAW),
    ):
        with pytest.raises(ValueError, match=r"the same population: ZeroInflated\("):
            wrapped.fit(*fleet())
    with pytest.raises(ValueError, match="Normal is a law on the whole real line"):
        sj.ZeroInflated(sj.Normal()).fit(*fleet())


def test_pictures_leave_the_dead_to_the_first_step():
    model = sj.ZeroInflated(sj.Weibull()).fit(*fleet())
    for draw in (model.plot_survival, model.plot_hazard, model.plot_probability, model.plot_learning):
        ax = draw()
        assert np.all(np.isfinite([*ax.get_xlim(), *ax.get_ylim()]))
        plt.close(ax.figure)


def test_the_search_of_a_mixture_inside_is_as_its_own_model_says():
    random = np.random.default_rng(1)
    ages = np.concatenate([10.0 * random.weibull(1.2, 30), 60.0 * random.weibull(5.0, 30), [0.0, 0.0, 0.0, 0.0]])
    inside = sj.Mixture([sj.Weibull(), sj.Weibull()], n_starts=3, seed=5)
    assert sj.ZeroInflated(inside).fit(ages).n_starts_ == 3
    assert sj.ZeroInflated(sj.Threshold(inside))._search() == sj.Threshold(inside)._search() == {"n_starts": 3, "seed": 5}
    assert sj.ZeroInflated(sj.Weibull())._search() == {}
    with pytest.raises(ValueError, match="n_starts"):
        sj.ZeroInflated(sj.Mixture([sj.Weibull(), sj.Weibull()], n_starts=0)).fit(ages)
