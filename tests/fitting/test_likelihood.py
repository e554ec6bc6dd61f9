"""What every kind of row contributes, written out by hand for a known Weibull."""

import numpy as np
import pytest

import survjax as sj

KNOWN = sj.Weibull(shape=1.7, scale=50.0)


def survival(t):
    return np.exp(-((np.asarray(t, float) / 50.0) ** 1.7))


def density(t):
    return 1.7 / 50.0 * (t / 50.0) ** 0.7 * survival(t)


ROWS = {
    # name: (lower, upper, entry, right truncation, probability)
    "failed at a known age": (40.0, 40.0, 0.0, np.inf, density(40.0)),
    "still running": (40.0, np.inf, 0.0, np.inf, survival(40.0)),
    "failed between": (40.0, 60.0, 0.0, np.inf, survival(40.0) - survival(60.0)),
    "failed by": (0.0, 60.0, 0.0, np.inf, 1 - survival(60.0)),
    "entered late and failed": (40.0, 40.0, 15.0, np.inf, density(40.0) / survival(15.0)),
    "entered late and runs": (40.0, np.inf, 15.0, np.inf, survival(40.0) / survival(15.0)),
    "failed between entry and a later age": (0.0, 60.0, 15.0, np.inf, 1 - survival(60.0) / survival(15.0)),
    "only seen if failed": (40.0, 40.0, 0.0, 80.0, density(40.0) / (1 - survival(80.0))),
    "only seen if failed, late": (40.0, 40.0, 15.0, 80.0, density(40.0) / (survival(15.0) - survival(80.0))),
    "between, only seen if failed": (40.0, 60.0, 0.0, 80.0, (survival(40.0) - survival(60.0)) / (1 - survival(80.0))),
    "after, only seen if failed": (40.0, np.inf, 0.0, 80.0, (survival(40.0) - survival(80.0)) / (1 - survival(80.0))),
    "by, in a window": (0.0, 60.0, 15.0, 80.0, (survival(15.0) - survival(60.0)) / (survival(15.0) - survival(80.0))),
}


def row(name, weights=None):
    lower, upper, entry, end, _ = ROWS[name]
    return sj.Lifetimes.from_intervals([lower], [upper], entry=[entry], right_truncation=[end], weights=weights)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_contributes_the_logarithm_of_its_probability(name):
    np.testing.assert_allclose(KNOWN.log_likelihood(row(name)), np.log(ROWS[name][-1]), rtol=1e-12)
    np.testing.assert_allclose(KNOWN.log_likelihood(row(name, [2.5])), 2.5 * np.log(ROWS[name][-1]), rtol=1e-12)


def test_rows_of_all_kinds_add_up():
    lower, upper, entry, end, probability = map(np.array, zip(*ROWS.values(), strict=True))
    life = sj.Lifetimes.from_intervals(lower, upper, entry=entry, right_truncation=end)
    np.testing.assert_allclose(KNOWN.log_likelihood(life), np.log(probability).sum(), rtol=1e-12)


@pytest.mark.parametrize(
    "model", [sj.LogNormal(3.5, 0.8), sj.Gompertz(0.05, 0.002), sj.WeibullMixture(weight=[0.3, 0.7], shape=[0.8, 4.0], scale=[30.0, 90.0])]
)
def test_a_life_seen_in_two_stretches_is_seen_once(model):
    whole = sj.Lifetimes([55.0], [1])
    parts = sj.Lifetimes([20.0, 55.0], [0, 1], entry=[0.0, 20.0])
    np.testing.assert_allclose(model.log_likelihood(parts), model.log_likelihood(whole), rtol=1e-12)


def test_narrow_intervals_are_failures_at_a_known_age():
    ages = sj.Weibull(2.0, 100.0).quantile((np.arange(64) + 0.5) / 64)
    exact = sj.Weibull().fit(ages)
    width = 1e-4
    narrow = sj.Weibull().fit(sj.Lifetimes.from_intervals(ages - width / 2, ages + width / 2))
    np.testing.assert_allclose(narrow.parameters_, exact.parameters_, rtol=1e-7)  # of second order in the width
    np.testing.assert_allclose(narrow.log_likelihood_, exact.log_likelihood_ + 64 * np.log(width), rtol=1e-7)


def test_right_truncation_undoes_what_the_window_left_out():
    # only what failed before 80 is in the data: ignoring that makes the fleet look weaker than it is
    random = np.random.default_rng(11)
    lives = 50 * random.weibull(1.7, 4000)
    seen = lives[lives < 80.0]
    fitted = sj.Weibull().fit(sj.Lifetimes.from_intervals(seen, seen, right_truncation=np.full(len(seen), 80.0)))
    errors = (fitted.parameters_ - [1.7, 50.0]) / fitted.standard_errors_
    assert np.abs(errors).max() < 4.0
    assert sj.Weibull().fit(seen).parameters_["scale"] < 50.0 - 4 * fitted.standard_errors_["scale"]


def test_a_cut_censored_sample_has_the_likelihood_of_its_failures_and_their_share():
    # log L of a defective subpopulation at pi = d / (n F) is that of the truncated failures plus a binomial term
    failures, n, cut = np.array([3.0, 11.0, 17.0, 29.0, 40.0, 55.0]), 200, 60.0
    censored = sj.Lifetimes(np.append(failures, np.full(n - 6, cut)), np.append(np.ones(6), np.zeros(n - 6)))
    truncated = sj.Lifetimes.from_intervals(failures, failures, right_truncation=np.full(6, cut))
    share = 6 / n / (1 - survival(cut))
    defective = sj.DefectiveSubpopulation(KNOWN, fraction_failing=float(share))
    binomial = 6 * np.log(6 / n) + (n - 6) * np.log(1 - 6 / n)
    np.testing.assert_allclose(defective.log_likelihood(censored), KNOWN.log_likelihood(truncated) + binomial, rtol=1e-12)


def test_inspections_that_one_age_explains_have_no_finite_shape():
    with pytest.raises(sj.NoFiniteMaximum, match="if all failed at one age in between"):
        sj.Weibull().fit(sj.Lifetimes.from_intervals([10.0, 20.0, 30.0], [40.0, 50.0, np.inf]))
    assert sj.Weibull(shape=2.0).fit(sj.Lifetimes.from_intervals([10.0, 20.0, 30.0], [40.0, 50.0, np.inf])).converged_


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units_do_not_matter_for_intervals_either(unit):
    lower, upper = np.array([0.0, 10.0, 20.0, 30.0, 40.0, 25.0]), np.array([15.0, 30.0, 45.0, np.inf, np.inf, 25.0])
    plain = sj.Weibull().fit(sj.Lifetimes.from_intervals(lower, upper, entry=[0, 0, 5.0, 0, 0, 0]))
    scaled = sj.Weibull().fit(sj.Lifetimes.from_intervals(unit * lower, unit * upper, entry=unit * np.array([0, 0, 5.0, 0, 0, 0])))
    np.testing.assert_allclose(scaled.parameters_, plain.parameters_ * [1.0, unit], rtol=1e-9)
    np.testing.assert_allclose(scaled.log_likelihood_, plain.log_likelihood_ - np.log(unit), rtol=1e-10)
