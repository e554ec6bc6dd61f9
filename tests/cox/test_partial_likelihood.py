"""What the likelihood must be whatever the numbers: its derivatives, and fits that say the same of the same data."""

import mpmath
import numpy as np
import pandas as pd
import pytest
from mpmath import mp

import survjax as sj
from survjax.cox.partial_likelihood import PartialLikelihood
from survjax.cox.rows import rows_at_risk

DIGITS = 40


def fleet(n=256, seed=0, whole=True, late=False):
    """Three covariates; ages whole, so that many are tied, and some units entering late."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["load", "heat", "dust"])
    age = 10 * rng.exponential(np.exp(-X.to_numpy() @ [1.0, 0.3, -0.5]))
    end = rng.exponential(20, n)
    lived = np.minimum(age, end) + 0.5
    lived = np.ceil(lived) if whole else lived
    entry = np.floor(lived * rng.random(n) * 0.9) if late else None
    return X, sj.Lifetimes(lived, age <= end, entry=entry)


def defined(beta, X, life, strata, ties):
    """The log partial likelihood by its definition, in 40 digits, with whole weights."""
    count = [int(w) for w in life.counts()]
    entry = np.full(len(life), -np.inf) if life.entry is None else life.entry
    eta = [mp.fsum(mp.mpf(b) * mp.mpf(x) for b, x in zip(beta, row, strict=True)) for row in X]
    total = mp.mpf(0)
    for stratum, age in sorted({(s, t) for s, t, d in zip(strata, life.durations, life.event_observed, strict=True) if d}):
        rows = [i for i in range(len(X)) if strata[i] == stratum and entry[i] < age <= life.durations[i]]
        dead = [i for i in rows if life.durations[i] == age and life.event_observed[i]]
        risk = mp.fsum(count[i] * mp.exp(eta[i]) for i in rows)
        failing = mp.fsum(count[i] * mp.exp(eta[i]) for i in dead)
        failures = sum(count[i] for i in dead)
        total += mp.fsum(count[i] * eta[i] for i in dead)
        for done in range(failures):
            total -= mp.log(risk - (mp.mpf(done) / failures * failing if ties == "efron" else 0))
    return total


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("late", [False, True])
def test_value_and_derivatives_are_those_of_the_definition(late, ties):
    X, life = fleet(40, seed=2, late=late)
    life = life.with_weights(1.0 + np.arange(40) % 3)
    strata = np.arange(40) % 2
    matrix = X.to_numpy()
    likelihood = PartialLikelihood(matrix, rows_at_risk(life, strata, 2), ties)
    beta = [0.7, -0.2, 0.4]
    found = likelihood.evaluate(np.array(beta))

    def value(*b):
        return defined(b, matrix, life, strata, ties)

    np.testing.assert_allclose(found.value, float(value(*beta)), rtol=1e-14)
    gradient = [mpmath.diff(value, beta, tuple(int(i == j) for j in range(3))) for i in range(3)]
    np.testing.assert_allclose(found.gradient, np.array(gradient, dtype=float), rtol=1e-12)
    second = [[-mpmath.diff(value, beta, tuple(int(i == k) + int(j == k) for k in range(3))) for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(found.information, np.array(second, dtype=float), rtol=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_partial_hazards_beyond_the_range_of_numbers_are_summed_all_the_same(ties):
    X, life = fleet(30, seed=3, late=True)
    matrix = X.to_numpy() * [2000.0, 1.0, 1.0]
    likelihood = PartialLikelihood(matrix, rows_at_risk(life, np.zeros(30, dtype=int), 1), ties)
    beta = np.array([1.0, -0.2, 0.4])
    assert np.ptp(matrix @ beta) > 3000  # exp of which no number holds
    found = likelihood.evaluate(beta)
    expected = defined(beta, matrix, life, np.zeros(30), ties)
    np.testing.assert_allclose(found.value, float(expected), rtol=1e-14)
    # the column centred: the gradient is the definition's by a difference in 40 digits
    slope = mpmath.diff(lambda b: defined([b, *beta[1:]], matrix, life, np.zeros(30), ties), beta[0])
    np.testing.assert_allclose(found.gradient[0], float(slope), rtol=1e-10, atol=1e-9)
    # one unit is nearly all of each risk set, so that covariates do not vary over it; of 22 failures times 4,000^2 rounding is left
    np.testing.assert_allclose(found.information, 0.0, atol=22 * 4000**2 * np.finfo(float).eps)


def coefficients(X, life, **keywords):
    options = {name: keywords.pop(name) for name in ("ties", "penalty", "l1_ratio") if name in keywords}
    return sj.CoxProportionalHazards(**options).fit(X, life, **keywords).coefficients_.to_numpy()


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_weight_counts_units(ties):
    X, life = fleet()
    counts = np.arange(256) % 4  # some rows stand for no unit
    repeated = np.repeat(np.arange(256), counts)
    by_weight = sj.CoxProportionalHazards(ties=ties).fit(X, life.with_weights(counts))
    by_row = sj.CoxProportionalHazards(ties=ties).fit(X.iloc[repeated], life[repeated])
    np.testing.assert_allclose(by_weight.coefficients_, by_row.coefficients_, rtol=1e-12)
    np.testing.assert_allclose(by_weight.covariance_, by_row.covariance_, rtol=1e-11)
    np.testing.assert_allclose(by_weight.log_likelihood_, by_row.log_likelihood_, rtol=1e-13)
    np.testing.assert_allclose(by_weight.score(X, life.with_weights(counts)), by_row.score(X.iloc[repeated], life[repeated]), rtol=1e-13)


def test_many_small_ties_are_worked_through_in_parts(monkeypatch):
    from survjax.cox import ties

    X, life = fleet()
    whole = coefficients(X, life)
    monkeypatch.setattr(ties, "AT_ONCE", 8)
    np.testing.assert_allclose(coefficients(X, life), whole, rtol=1e-12)


@pytest.mark.parametrize("late", [False, True])
def test_the_order_of_rows_and_columns_and_units_of_measure_say_nothing(late):
    X, life = fleet(late=late)
    found = coefficients(X, life)
    order = np.random.default_rng(1).permutation(256)
    np.testing.assert_allclose(coefficients(X.iloc[order], life[order]), found, rtol=1e-11)
    np.testing.assert_allclose(coefficients(X[["dust", "load", "heat"]], life), found[[2, 0, 1]], rtol=1e-11)
    np.testing.assert_allclose(coefficients(X, life.in_unit(24.0)), found, rtol=1e-11)
    np.testing.assert_allclose(coefficients(X * [1e-9, 1.0, 1e9], life) * [1e-9, 1.0, 1e9], found, rtol=1e-11)
    # a mean of 20,000 leaves 12 digits of the covariate itself
    np.testing.assert_allclose(coefficients(X.assign(load=X["load"] + 20_000.0), life), found, rtol=1e-10)


def test_a_history_cut_into_rows_is_the_same_history():
    X, life = fleet(late=True)
    half = np.ceil(0.5 * (life.entry + life.durations))
    cut = np.flatnonzero((half > life.entry) & (half < life.durations))
    assert len(cut) > 100
    early = sj.Lifetimes(half[cut], np.zeros(len(cut)), entry=life.entry[cut])
    entry = life.entry.copy()
    entry[cut] = half[cut]
    rows = sj.Lifetimes(
        np.append(early.durations, life.durations),
        np.append(early.event_observed, life.event_observed),
        entry=np.append(early.entry, entry),
    )
    unit = np.append(cut, np.arange(256))
    both = pd.concat([X.iloc[cut], X], ignore_index=True)
    np.testing.assert_allclose(coefficients(both, rows, unit=unit), coefficients(X, life), rtol=1e-10)
    robust = sj.CoxProportionalHazards(errors="robust")
    np.testing.assert_allclose(robust.fit(both, rows, unit=unit).standard_errors_, robust.fit(X, life).standard_errors_, rtol=1e-10)


@pytest.mark.parametrize("late", [False, True])
def test_many_strata_say_what_few_say(late, monkeypatch):
    from survjax.cox import risk_sets

    X, life = fleet(1024, late=late)
    stratum = np.arange(1024) % 16
    few = coefficients(X, life, strata=stratum)
    monkeypatch.setattr(risk_sets, "MANY_STRATA", 4)
    np.testing.assert_allclose(coefficients(X, life, strata=stratum), few, rtol=1e-11)


def test_an_outlier_that_fails_first_leaves_the_rest_as_without_it():
    X, life = fleet(whole=False)
    first = int(np.argmin(np.where(life.event_observed, life.durations, np.inf)))
    rest = np.delete(np.arange(256), first)
    outlier = X.copy()
    outlier.loc[first, "load"] = 1e5
    # its risk set has no other of any size: its own term is log(1)
    np.testing.assert_allclose(coefficients(outlier, life), coefficients(X.iloc[rest], life[rest]), rtol=1e-9)
