"""Whether a finite maximum exists: each case that has none is refused with its reason, and its neighbour that has one is fitted."""

import numpy as np
import pytest
from scipy.optimize import brentq

import survjax as sj
from survjax.distributions import LAWS, Weibull
from survjax.fitting.limits import laws_within, spelled_out, tail_supremum

INF = np.inf


def between(lower, upper, **more):
    return sj.Lifetimes.from_intervals(np.array(lower, float), np.array(upper, float), **more)


def truncated(ages, at=4.0, **more):
    return between(ages, ages, right_truncation=np.full(len(ages), at), **more)


def refused(model, life, match):
    with pytest.raises(sj.NoFiniteMaximum, match=match):
        model.fit(life)


# ---- nothing survived


@pytest.mark.parametrize("entry", [None, [1.0, 2.0, 3.0]])
def test_units_all_found_failed_at_the_first_look_have_no_lives(entry):
    for model in (sj.Exponential(), sj.Weibull(shape=2.0), sj.Weibull()):
        refused(model, between([0, 0, 0], [5, 6, 7], entry=entry), "no unit is known to have survived")
    assert sj.Exponential().fit(between([0, 0, 3], [5, 6, 7])).converged_


# ---- right truncation


@pytest.mark.parametrize("shape", [1.0, 2.0])
def test_a_scale_under_right_truncation_exists_exactly_where_the_failures_come_early_in_their_windows(shape):
    # y = age^shape is exponential, cut at 4^shape: the slope of the likelihood at rate 0 changes sign at a mean of half of that
    half = (0.5 * 4.0**shape) ** (1 / shape)
    early, late = half * (1 - 1e-3), half * (1 + 1e-3)
    refused(sj.Weibull(shape=shape), truncated([late]), "later half of these windows")
    y, end = early**shape, 4.0**shape
    rate = brentq(lambda r: 1 / r - y - end * np.exp(-r * end) / -np.expm1(-r * end), 1e-6, 5.0, xtol=1e-15)
    fitted = sj.Weibull(shape=shape).fit(truncated([early])).parameters_["scale"]
    np.testing.assert_allclose(fitted, rate ** (-1 / shape), rtol=1e-6)  # a flat maximum: the slope there has lost nine digits


def test_the_criterion_under_right_truncation_counts_weights_entry_intervals_and_running_units():
    refused(sj.Exponential(), truncated([1.0, 3.5], weights=[1.0, 2.0]), "later half")
    assert sj.Exponential().fit(truncated([1.0, 3.5], weights=[1.0, 0.2])).converged_
    refused(sj.Exponential(), truncated([2.4], entry=[1.0], at=3.5), "later half")  # the middle of the window is 2.25
    assert sj.Exponential().fit(truncated([2.2], entry=[1.0], at=3.5)).converged_
    refused(sj.Exponential(), between([1.5], [2.9], right_truncation=[4.0]), "later half")
    assert sj.Exponential().fit(between([1.5], [2.3], right_truncation=[4.0])).converged_
    # units that run on without end say that the scale is large
    refused(sj.Exponential(), between([1.0, 1.5], [1.0, INF], right_truncation=[4.0, INF]), "later half")
    # one failure that would have been seen anyway says that it is not
    assert sj.Exponential().fit(between([3.0, 3.0], [3.0, 3.0], right_truncation=[4.0, INF])).converged_


def test_a_free_shape_under_right_truncation_is_held_against_a_power_of_age():
    ages = 4.0 * np.array([0.05, 0.6, 0.7, 0.8, 0.9])  # the power that fits best leaves a mean of (age / 4)^power above 1/2
    refused(sj.Weibull(), truncated(ages), "every failure is in the data only because")
    early = np.array([0.2, 0.5, 0.7, 1.0])
    assert sj.Weibull().fit(truncated(early)).converged_


def test_the_tail_that_is_compared_is_the_limit_of_the_weibull():
    ages = np.array([1.0, 2.0, 2.5, 3.5])
    highest, rate = tail_supremum(Weibull.edges, 0.0, truncated(ages))
    # density k t^(k-1) / 4^k has its maximum at k = n / sum log(4 / t)
    k = 4 / np.sum(np.log(4.0 / ages))
    np.testing.assert_allclose(highest, np.sum(np.log(k) + (k - 1) * np.log(ages) - k * np.log(4.0)), rtol=1e-9)
    np.testing.assert_allclose(rate, k, rtol=1e-5)  # where the search for a maximum stops
    far = sj.Weibull(shape=k, scale=1e6).log_likelihood(truncated(ages))
    np.testing.assert_allclose(highest, far, rtol=1e-9)


def test_the_tail_of_late_units_is_the_limit_of_the_weibull_as_its_shape_goes_to_0():
    durations, failed, entry = np.array([1.1, 1.2, 1.5, 2.0, 9.0]), np.array([1, 1, 1, 0, 1]), np.ones(5)
    life = sj.Lifetimes(durations, failed, entry=entry)
    highest, rate = tail_supremum(Weibull.edges, 0.0, life)
    c = failed.sum() / np.log(durations).sum()  # hazard c / t
    np.testing.assert_allclose(highest, np.sum(failed * np.log(c / durations)) - c * np.log(durations).sum(), rtol=1e-9)
    np.testing.assert_allclose(rate, -c, rtol=1e-6)
    # a Weibull of shape k and hazard c at age 1: its likelihood falls short of the limit by a term in k
    near = sj.Weibull(shape=0.01, scale=(0.01 / c) ** 100.0)
    assert abs(near.log_likelihood(life) - highest) < 0.1


def test_a_fraction_failing_cannot_be_told_from_failures_alone():
    refused(sj.DefectiveSubpopulation(sj.Weibull()), truncated([0.2, 0.5, 0.7, 1.0]), "say nothing of fraction_failing")


# ---- late entry


@pytest.mark.parametrize("law", [sj.LogNormal, sj.LogLogistic, sj.Frechet, sj.Normal])
def test_a_falling_hazard_among_late_comers_leaves_only_the_tail_of_a_law(law):
    refused(law(), sj.Lifetimes([1.1, 1.2, 1.5, 2, 9], entry=np.ones(5)), "every unit came under observation late")


# ---- looks, once a unit


@pytest.mark.parametrize(("law", "axis"), [(sj.Weibull, np.log), (sj.LogNormal, np.log), (sj.LogLogistic, np.log)])
def test_a_law_of_location_and_scale_widens_without_end_exactly_where_failures_were_found_no_later_than_the_living(law, axis):
    # found failed at 3 and 6, alive at 4 and x: the means of log age meet at x = 4.5
    refused(law(), between([0, 0, 4, 4.51], [3, 6, INF, INF]), "the distribution widens")
    assert law().fit(between([0, 0, 4, 4.4], [3, 6, INF, INF])).converged_


def test_on_the_real_line_it_is_the_mean_age_that_counts():
    life = [between([-INF, -INF, 4, x], [3, 6, INF, INF]) for x in (5.01, 4.9)]
    refused(sj.Normal(), life[0], "the distribution widens")
    assert sj.Normal().fit(life[1]).converged_


@pytest.mark.parametrize("law", [sj.Gompertz, sj.ExponentiatedWeibull])
def test_other_laws_that_can_widen_do_where_all_failures_were_found_before_the_living(law):
    refused(law(), between([0, 0, 5, 6], [2, 3, INF, INF]), "the distribution widens")


# ---- one age


def test_a_defective_subpopulation_narrows_on_one_age_whatever_runs_on():
    refused(sj.DefectiveSubpopulation(sj.Weibull()), sj.Lifetimes([5, 5, 8], [1, 1, 0]), "all failures fall on one age, 5")
    refused(sj.DefectiveSubpopulation(sj.Weibull()), between([3, 4, 7], [6, 7, INF]), "all failed at one age in between")
    known = sj.DefectiveSubpopulation(sj.Weibull(shape=2.0)).fit(sj.Lifetimes([5, 5, 8], [1, 1, 0]))
    assert known.converged_


def test_what_makes_a_law_narrow_must_be_free_and_its_place_too_or_just_there():
    one = sj.Lifetimes([5.0, 5.0])
    refused(sj.LogNormal(location=np.log(5.0)), one, "all failures fall on one age")
    assert sj.LogNormal(location=np.log(6.0)).fit(one).converged_
    assert sj.LogNormal(scale=0.5).fit(one).converged_
    refused(sj.Gamma(), one, "all failures fall on one age")
    assert sj.Gamma(scale=1.0).fit(one).converged_


def test_an_interval_that_ends_where_another_unit_still_ran_is_explained_the_better_the_narrower_a_law():
    refused(sj.Weibull(), between([3, 5], [5, INF]), "shape runs to infinity")


# ---- pieces of a hazard


def test_a_piece_without_failures_or_without_units_is_named():
    model = sj.PiecewiseExponential(breaks=[4.0, 6.0])
    refused(model, sj.Lifetimes([5, 8, 9], [1, 1, 0]), r"nobody failed in the piece from 0 to 4 \(rate_0\).*leave out the break at 4")
    refused(model, sj.Lifetimes([3, 5, 5.5], [1, 1, 0]), r"nobody was under observation in the piece from 6 to inf")
    refused(model, between([0, 7, 9], [3, 8, INF]), r"nobody failed in the piece from 4 to 6 \(rate_1\)")
    assert sj.PiecewiseExponential(breaks=[4.0, 6.0], rate=[0.1, None, None]).fit(sj.Lifetimes([5, 8, 9], [1, 1, 0])).converged_


def test_a_failure_on_a_break_belongs_to_the_piece_after_it():
    fitted = sj.PiecewiseExponential(breaks=[4.0]).fit(sj.Lifetimes([3.0, 4.0, 6.0], [1, 1, 0]))
    np.testing.assert_allclose(fitted.parameters_, [1 / 11.0, 1 / 2.0], rtol=1e-9)  # failures over time spent


# ---- edges of a law


def test_a_law_that_runs_to_a_simpler_one_says_which():
    ages = np.array([3.0, 5.0, 8.0])
    refused(sj.GompertzMakeham(), sj.Lifetimes(ages), "makeham runs to 0 .*the Gompertz law.*Use Gompertz")
    refused(sj.ExponentiatedWeibull(), sj.Lifetimes([5, 5, 5, 8, 8]), "shape runs to 0 .*the Frechet law.*Use Frechet")
    refused(sj.PiecewiseExponential([4.0, 6.0]), between([3, 4, 2], [6, 7, INF]), "rate_0 runs to 0 .*nobody fails")
    refused(sj.ExponentiatedWeibull(), sj.Lifetimes(np.arange(1, 11)), "a power of age up to the largest failure age")


def test_a_spline_under_right_truncation_whose_level_nothing_tells_is_named():
    # it ended as "flat", with no word of why
    rng = np.random.default_rng(0)
    lives, until = 100.0 * rng.weibull(2.0, 400), rng.uniform(20.0, 45.0, 400)
    seen = lives < until
    life = sj.Lifetimes.from_intervals(lives[seen], lives[seen], right_truncation=until[seen])
    refused(sj.RoystonParmar(n_knots=1), life, "gamma_0 runs to -infinity .*nothing says how many failures are still to come")


def test_a_fit_wanted_without_convergence_says_where_it_was_going():
    model = sj.GompertzMakeham().fit(sj.Lifetimes([3.0, 5.0, 8.0]), require_convergence=False)
    assert not model.converged_
    assert any("the Gompertz law" in note for note in model.notes_)


def test_the_likelihood_of_what_runs_to_the_gompertz_is_that_of_the_gompertz():
    life = sj.Lifetimes([3.0, 5.0, 8.0])
    with pytest.raises(sj.NoFiniteMaximum) as caught:
        sj.GompertzMakeham().fit(life)
    np.testing.assert_allclose(caught.value.state.log_likelihood, sj.Gompertz().fit(life).log_likelihood_, atol=1e-6)


def test_every_law_says_what_becomes_of_it_at_its_edges_by_names_it_has():
    for law in LAWS:
        assert law.edges is not None, law.__name__
        template = law(2, None) if law.__name__ == "RoystonParmar" else law([1.0, 2.0]) if law.__name__ == "PiecewiseExponential" else law()
        own = laws_within(template)[0][1]
        for limit in law.edges.limits:
            assert spelled_out([limit], own), law.__name__
        assert law.edges.place is None or law.edges.place in own


# ---- a unit of age 0


def test_a_running_unit_of_age_0_may_have_an_entry_at_0():
    life = sj.Lifetimes([0.0, 3.0, 5.0, 7.0], [0, 1, 1, 0], entry=[0.0, 0.0, 1.0, 0.0])
    plain = sj.Lifetimes([3.0, 5.0, 7.0], [1, 1, 0], entry=[0.0, 1.0, 0.0])
    np.testing.assert_allclose(sj.Weibull().fit(life).parameters_, sj.Weibull().fit(plain).parameters_, rtol=1e-12)
    with pytest.raises(ValueError, match="row 0"):
        sj.Lifetimes([1.0], [0], entry=[1.0])


def test_a_component_of_which_nobody_need_have_failed_is_named():
    """The exponential runs to a scale of infinity: the likelihood is that of the Weibull alone, -217.837 by scipy too."""
    lives = 100 * np.random.default_rng(1).weibull(1.8, 40)
    with pytest.raises(sj.NoFiniteMaximum, match=r"no higher than without component 0 \(Exponential\), -217\.837"):
        sj.CompetingRisks([sj.Exponential(), sj.Weibull()]).fit(lives)


def test_components_that_no_data_can_tell_apart_are_no_estimate():
    """Two Weibulls of one shape are one Weibull however their scales share it: standard errors of 1e5 were returned."""
    with pytest.raises(sj.NoFiniteMaximum, match="no higher than without component 0"):
        sj.CompetingRisks([sj.Weibull(), sj.Weibull()]).fit([1, 1.2, 5, 5, 9, 9.5, 30], [1, 1, 1, 1, 1, 0, 1])


def test_a_unit_alive_where_another_had_failed_leaves_no_age_for_all():
    """-2.231926 at shape 7.42 by scipy, above log 1/4 + 3 log 3/4 = -2.249341, to which narrowing on age 1 leads."""
    life = sj.Lifetimes.from_intervals([1, 0, 1], [np.inf, 1, 1.5], entry=[0.32, 0, 0.7], weights=[2, 1, 1])
    model = sj.Weibull().fit(life)
    np.testing.assert_allclose(model.log_likelihood_, -2.231926, atol=1e-6)


def test_exponentials_need_no_more_failure_ages_than_components():
    """They cannot narrow on an age. -9.97394 by scipy, against -16.02 of one exponential."""
    model = sj.Mixture([sj.Exponential(), sj.Exponential()]).fit([0.1, 0.1, 0.1, 3, 3, 8, 9, 10, 12], [1, 1, 1, 0, 0, 0, 0, 1, 1])
    np.testing.assert_allclose(model.log_likelihood_, -9.97394, atol=1e-5)


def test_late_units_with_causes_are_not_held_against_a_tail_that_knows_of_none():
    rng = np.random.default_rng(5)
    a, b, entry = 100 * rng.weibull(1.0, 400), 80 * rng.weibull(2.7, 400), rng.uniform(1, 60, 400)
    age = np.minimum(a, b)
    seen = age > entry
    cause = np.where(a < b, "a", "b")[seen]
    life = sj.Lifetimes.from_intervals(age[seen], age[seen], entry=entry[seen], cause=cause)
    both = sj.CompetingRisks({"a": sj.Weibull(), "b": sj.Weibull()}).fit(life)
    alone = [sj.Weibull().fit(sj.Lifetimes(age[seen], cause == label, entry=entry[seen])) for label in "ab"]
    np.testing.assert_allclose(both.parameters_, np.concatenate([model.parameters_ for model in alone]), rtol=1e-7)


def test_the_remedy_is_in_the_words_of_the_law():
    with pytest.raises(sj.NoFiniteMaximum, match=r"LogNormal\(scale=0\.5\)\) or a prior on it"):
        sj.LogNormal().fit([5.0, 5.0, 5.0])
    assert sj.LogNormal().fit([5.0, 5.0, 5.0], prior={"scale": (0.5, 0.5)}).converged_


def test_an_infinite_mean_is_said():
    notes = sj.Frechet().fit(1 / np.random.default_rng(1).weibull(0.8, 64)).notes_
    assert any("mean life is infinite" in note for note in notes)
    assert not any("infinite" in note for note in sj.Frechet().fit(1 / np.random.default_rng(1).weibull(3.0, 64)).notes_)


def test_lives_before_age_0_are_said():
    lives = 2700 * np.random.default_rng(3).weibull(1.8, 256)
    notes = sj.Normal().fit(lives, entry=np.zeros(256)).notes_
    assert any("of lives end before age 0" in note for note in notes)


def test_a_tail_that_is_left_out_as_too_low_is_too_low():
    rng = np.random.default_rng(2)
    entry = rng.uniform(1, 60, 256)
    age = np.maximum(100 * rng.weibull(1.5, 256), entry + 1e-3)
    lower = entry + np.floor((age - entry) / 20) * 20
    life = sj.Lifetimes.from_intervals(lower, np.where(lower > 120, np.inf, lower + 20), entry=entry)
    edges, reached = Weibull.edges, sj.Weibull().fit(life).log_likelihood_
    assert tail_supremum(edges, 0.0, life, reached) is None
    assert tail_supremum(edges, 0.0, life)[0] < reached
    assert tail_supremum(edges, 0.0, life, tail_supremum(edges, 0.0, life)[0] - 1e-3) is not None


# ---- tails beside priors


POWER_LAW = 4.0 * np.array([0.05, 0.6, 0.7, 0.8, 0.9])


def test_a_prior_on_the_shape_leaves_the_tail_in_which_the_scale_runs_away_its_penalty():
    # the limit k t^(k-1) / 4^k, penalised by a prior on k: one equation in one unknown
    prior, n, logs = (3.0, 1.0), len(POWER_LAW), np.log(POWER_LAW / 4.0).sum()
    k = brentq(lambda k: n / k + logs - np.log(k / prior[0]) / prior[1] ** 2 / k, 0.1, 10.0, xtol=1e-15)
    highest = n * np.log(k) + (k - 1) * np.log(POWER_LAW).sum() - k * n * np.log(4.0) - 0.5 * (np.log(k / prior[0]) / prior[1]) ** 2

    def height(rate):
        return 0.5 * (np.log(rate / prior[0]) / prior[1]) ** 2

    found, rate = tail_supremum(Weibull.edges, 0.0, truncated(POWER_LAW), penalties={"early": height, "late": None})
    np.testing.assert_allclose([found, rate], [highest, k], rtol=1e-5)  # where the search for a maximum stops
    np.testing.assert_allclose(found, highest, rtol=1e-9)
    with pytest.raises(sj.NoFiniteMaximum, match=r"comes ever closer as scale runs away.* or a prior on it"):
        sj.Weibull().fit(truncated(POWER_LAW), prior={"shape": prior})
    assert sj.Weibull().fit(truncated(POWER_LAW), prior={"shape": (0.5, 0.5), "scale": (4.0, 1.0)}).converged_
    assert sj.Weibull().fit(truncated(POWER_LAW), prior={"scale": (4.0, 1.0)}).converged_


def test_a_prior_on_what_does_not_run_away_lets_nothing_pass():
    life = between([*POWER_LAW, 1.0], [*POWER_LAW, INF], right_truncation=[4.0] * 5 + [INF])
    model = sj.DefectiveSubpopulation(sj.Weibull())
    refused(model, life, "later half|comes ever closer as scale runs away")
    with pytest.raises(sj.NoFiniteMaximum, match="comes ever closer as scale runs away"):
        model.fit(life, prior={"fraction_failing": (0.5, 1.0)})


def test_a_prior_on_what_would_have_to_run_away_makes_a_maximum():
    # every unit late, the rate of failure falls like 1 / age: both parameters of a Weibull run away, the scale of a Frechet alone
    late = sj.Lifetimes([1.1, 1.2, 1.5, 2.0, 9.0], entry=np.ones(5))
    refused(sj.Frechet(), late, "comes ever closer as scale runs away")
    with pytest.raises(sj.NoFiniteMaximum, match="comes ever closer as scale runs away"):
        sj.Frechet().fit(late, prior={"shape": (1.0, 1.0)})
    assert sj.Frechet().fit(late, prior={"scale": (0.5, 1.0)}).converged_
    for prior in ({"shape": (1.0, 1.0)}, {"shape": (1.0, 1.0), "scale": (1.0, 1.0)}):
        assert sj.Weibull().fit(late, prior=prior).converged_
