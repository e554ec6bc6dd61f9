"""What any fit owes whatever the numbers: units, counts and order do not matter; what cannot be fitted is refused."""

from functools import partial

import numpy as np
import pytest
from scipy.optimize import approx_fprime

import survjax as sj
from tests.conftest import shipped


def simulated(n, seed=0):
    random = np.random.default_rng(seed)
    lives = np.where(random.uniform(size=n) < 0.3, 30 * random.weibull(1.0, n), 120 * random.weibull(4.0, n))
    ends = random.uniform(20, 200, n)
    return np.minimum(lives, ends), lives <= ends


MODELS = {"exponential": sj.Exponential, "weibull": sj.Weibull, "mixture": sj.WeibullMixture}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("unit", [1e-6, 1e-3, 24.0, 1e6])
def test_units_of_time_do_not_matter(kind, unit):
    durations, failed = simulated(256)
    entry = 0.1 * durations
    plain = MODELS[kind]().fit(durations, failed, entry=entry)
    scaled = MODELS[kind]().fit(unit * durations, failed, entry=unit * entry)
    powers = np.array([unit if name.startswith("scale") else 1.0 for name in plain.parameters_.index])
    np.testing.assert_allclose(scaled.parameters_, powers * plain.parameters_, rtol=1e-9)
    np.testing.assert_allclose(scaled.standard_errors_, powers * plain.standard_errors_, rtol=1e-8)
    np.testing.assert_allclose(scaled.log_likelihood_, plain.log_likelihood_ - failed.sum() * np.log(unit), rtol=1e-11)


@pytest.mark.parametrize("kind", MODELS)
def test_counts_are_repeated_rows(kind):
    durations, failed = simulated(64)
    counts = np.random.default_rng(1).integers(0, 5, 64)
    counted = MODELS[kind]().fit(durations, failed, weights=counts)
    repeated = MODELS[kind]().fit(np.repeat(durations, counts), np.repeat(failed, counts))
    np.testing.assert_allclose(counted.parameters_, repeated.parameters_, rtol=1e-9)
    np.testing.assert_allclose(
        counted.standard_errors_, repeated.standard_errors_, rtol=2e-7
    )  # the Hessian is a last step of at most 1e-7 away
    np.testing.assert_allclose([counted.log_likelihood_, counted.bic_], [repeated.log_likelihood_, repeated.bic_], rtol=1e-11)


@pytest.mark.parametrize("kind", MODELS)
def test_the_order_of_rows_does_not_matter(kind):
    durations, failed = simulated(256)
    order = np.random.default_rng(2).permutation(256)
    np.testing.assert_allclose(
        MODELS[kind]().fit(durations, failed).parameters_, MODELS[kind]().fit(durations[order], failed[order]).parameters_, rtol=1e-9
    )


@pytest.mark.parametrize("kind", MODELS)
def test_the_gradient_vanishes_at_the_optimum_and_the_hessian_is_the_information(kind):
    durations, failed = simulated(256)
    model = MODELS[kind]().fit(durations, failed)
    free = [name for name in model.parameters_.index if not name.startswith("weight_1")]

    def log_likelihood(values):
        given = dict(zip(free, values, strict=True))
        if kind != "mixture":
            return MODELS[kind](**given).log_likelihood(durations, failed)
        return sj.WeibullMixture(
            weight=[given["weight_0"], 1 - given["weight_0"]],
            shape=[given["shape_0"], given["shape_1"]],
            scale=[given["scale_0"], given["scale_1"]],
        ).log_likelihood(durations, failed)

    best = model.parameters_[free].to_numpy()
    steps = 1e-4 * best
    slopes = [
        (log_likelihood(best + e) - log_likelihood(best - e)) / (2 * s) * b for e, s, b in zip(np.diag(steps), steps, best, strict=True)
    ]
    np.testing.assert_allclose(slopes, 0.0, atol=1e-4)  # of some hundred units of log-likelihood a unit of log parameter
    hessian = np.array([approx_fprime(best, lambda v, i=i: approx_fprime(v, log_likelihood, steps)[i], steps) for i in range(len(best))])
    covariance = np.linalg.inv(-0.5 * (hessian + hessian.T))
    np.testing.assert_allclose(
        model.covariance_.loc[free, free], covariance, rtol=0.02, atol=0.02 * np.abs(covariance).max() * 1e-3
    )  # one-sided differences


def test_delayed_entry_raises_the_failure_rate():
    # left out, late entrants look as if they had been watched from birth: closed form for the exponential
    durations, failed = simulated(256)
    entry = 0.5 * durations
    model = sj.Exponential().fit(durations, failed, entry=entry)
    np.testing.assert_allclose(model.parameters_["scale"], (durations - entry).sum() / failed.sum(), rtol=1e-12)


def test_simulated_truth_is_recovered_within_four_standard_errors():
    truth = sj.WeibullMixture(weight=[0.3, 0.7], shape=[0.9, 5.0], scale=[40.0, 200.0])
    lives = truth.sample(1024, seed=11)
    ends = np.random.default_rng(12).uniform(50, 300, 1024)
    model = sj.WeibullMixture().fit(np.minimum(lives, ends), lives <= ends)
    assert np.all(np.abs(model.parameters_ - truth.parameters_) < 4 * model.standard_errors_)


REFUSED = {
    "all running": ([5.0, 6.0], [0, 0], {}, sj.NoFiniteMaximum, "none of the units has failed"),
    "one failure age": ([5.0, 5.0, 3.0], [1, 1, 0], {}, sj.NoFiniteMaximum, "all failures fall on one age, 5"),
    "one failure age, entered late": ([5.0, 5.0], [1, 1], {"entry": [1.0, 2.0]}, sj.NoFiniteMaximum, "all failures fall on one age, 5"),
    "negative": ([5.0, -6.0], [1, 0], {}, ValueError, "row 1 has durations=-6"),
    "failure at 0": ([5.0, 0.0], [1, 1], {}, ValueError, "row 1 has durations=0"),
    "negative entry": ([5.0, 6.0], [1, 1], {"entry": [0.0, -1.0]}, ValueError, "row 1 has entry=-1"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("kind", ["weibull", "mixture"])
def test_what_cannot_be_fitted_is_refused_and_nothing_changes(case, kind):
    durations, failed, more, error, message = REFUSED[case]
    if kind == "mixture" and case.startswith("one failure age"):
        message = "distinct failure ages"
    model = MODELS[kind]().fit(shipped("ball_bearings"))
    before = (model._fit, model.lifetimes_)
    with pytest.raises(error, match=message):
        model.fit(durations, failed, **more)
    assert (model._fit, model.lifetimes_) == before


def test_a_known_shape_does_not_help_where_nothing_failed():
    with pytest.raises(sj.NoFiniteMaximum, match="one-sided lower bound"):
        sj.Weibull(shape=2.0).fit([5.0, 6.0], [0, 0])


def test_one_failure_age_is_enough_when_a_unit_outlives_it_or_the_shape_is_known():
    model = sj.Weibull().fit([5.0, 5.0, 8.0], [1, 1, 0])
    assert model.converged_
    np.testing.assert_allclose(sj.Weibull(shape=2.0).fit([5.0]).parameters_["scale"], 5.0, rtol=1e-12)


def test_a_mixture_needs_as_many_failure_ages_as_it_has_parameters():
    with pytest.raises(sj.NoFiniteMaximum, match="5 parameters to learn needs at least 5 distinct failure ages; there are 4"):
        sj.WeibullMixture().fit([1.0, 2.0, 3.0, 4.0])
    with pytest.raises(sj.NoFiniteMaximum, match="4 components cannot be told apart by 3 units"):
        sj.WeibullMixture(4).fit([1.0, 2.0, 3.0])


def test_a_running_unit_of_age_0_says_nothing():
    durations, failed = simulated(63)
    plain = sj.Weibull().fit(durations, failed)
    more = sj.Weibull().fit(np.append(durations, 0.0), np.append(failed, False))
    np.testing.assert_allclose(more.parameters_, plain.parameters_, rtol=1e-12)


def test_a_fit_that_stops_short_raises_with_its_state_or_returns_it(monkeypatch):
    from survjax.fitting import estimation

    monkeypatch.setattr(estimation, "Descent", partial(estimation.Descent, max_steps=1))
    with pytest.raises(sj.NotConverged, match="step_limit") as caught:
        sj.Weibull().fit(shipped("waltons"))
    assert caught.value.state.reason == "step_limit"
    model = sj.Weibull().fit(shipped("waltons"), require_convergence=False)
    assert not model.converged_
    assert model.stop_reason_ == "step_limit"


def test_an_early_risk_set_of_one_that_fails_does_not_stop_a_fit():
    # under delayed entry Kaplan–Meier is 0 from there on, and gave later clusters of failures no share
    durations, failed = simulated(64)
    entry = 0.9 * durations
    entry[np.argmin(np.where(failed, durations, np.inf))] = 0.0
    for kind in ("weibull", "mixture"):
        assert MODELS[kind]().fit(durations, failed, entry=entry).converged_


def test_a_mask_by_weights_may_leave_few_rows():
    durations, failed = simulated(5000)
    weights = np.isin(np.arange(5000), np.random.default_rng(1).choice(5000, 40, replace=False)).astype(float)
    masked = sj.Weibull().fit(durations, failed, weights=weights)
    kept = sj.Weibull().fit(durations[weights > 0], failed[weights > 0])
    np.testing.assert_allclose(masked.parameters_, kept.parameters_, rtol=1e-9)


@pytest.mark.parametrize("seed", [195, 214])
def test_delayed_entry_converges_where_large_terms_cancel(seed):
    # late entries within a millionth of the duration: H(duration) - H(entry) loses digits that the value alone does not show
    random = np.random.default_rng(seed)
    n = int(random.choice([12, 20, 40]))
    lives = 100 * random.weibull(random.uniform(0.5, 6), n)
    durations = np.minimum(lives, random.uniform(20, 200, n))
    entry = durations * (1 - 10 ** random.uniform(-6, -0.1, n))
    model = sj.Weibull().fit(durations, lives <= durations, entry=entry)
    gradient = approx_fprime(
        np.log(model.parameters_.to_numpy()),
        lambda logs: sj.Weibull(*np.exp(logs)).log_likelihood(sj.Lifetimes(durations, lives <= durations, entry=entry)),
        1e-6,
    )
    assert np.abs(gradient).max() < 1e-3 * n


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
def test_a_hazard_like_one_over_age_among_late_comers_has_no_weibull(unit):
    # a hazard that falls faster than 1 / t from age 1 on has its supremum at shape 0; with one unit seen from the start not
    durations = unit * np.exp(0.5 * np.random.default_rng(4).weibull(0.7, 64))
    with pytest.raises(sj.NoFiniteMaximum, match="failure rate falls as fast as 1/age"):
        sj.Weibull().fit(durations, entry=np.full(64, unit))
    entry = np.full(64, unit)
    entry[0] = 0.0
    assert sj.Weibull().fit(durations, entry=entry).converged_


def test_a_known_scale_at_the_only_failure_age_leaves_the_shape_without_end():
    with pytest.raises(sj.NoFiniteMaximum, match="all failures fall on one age, 5"):
        sj.Weibull(scale=5.0).fit([5.0, 5.0, 5.0])
    assert sj.Weibull(scale=6.0).fit([5.0, 5.0, 5.0]).converged_


def test_a_component_known_to_be_absent_cannot_be_learned():
    with pytest.raises(sj.NoFiniteMaximum, match="component 0 is given a weight of 0"):
        sj.WeibullMixture(weight=[0.0, 1.0]).fit(*simulated(64))
    absent = sj.WeibullMixture(weight=[0.0, 1.0], shape=[2.0, None], scale=[9.0, None]).fit(*simulated(64))
    np.testing.assert_allclose(absent.log_likelihood_, sj.Weibull().fit(*simulated(64)).log_likelihood_, rtol=1e-12)


@pytest.mark.parametrize("other", [0.0659, 8.24])
def test_a_known_scale_under_delayed_entry_ends_at_the_higher_of_two_maxima(other):
    life = sj.Lifetimes([117, 72], [1, 0], entry=[0, 19], weights=[1, 13])
    fitted = sj.Weibull(scale=100.0).fit(life)
    assert fitted.log_likelihood_ >= sj.Weibull(shape=other, scale=100.0).log_likelihood(life) - 1e-9


def test_a_scale_far_beyond_the_ages_seen_is_said_to_be():
    # 28 early failures of 4,156 circuits in 1,370 hours: a Weibull has them live for ages
    notes = sj.Weibull().fit(shipped("integrated_circuits")).notes_
    assert any("times the last age seen, 1370" in note for note in notes)
    assert not any("last age seen" in note for note in sj.Weibull().fit(shipped("ball_bearings")).notes_)
