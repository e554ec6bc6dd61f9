"""What the likelihood of every distribution must obey, wrapped ones included: rows of all kinds, counts, units, windows."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import survjax as sj
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import (
    LAWS,
    CompetingRisks,
    DefectiveSubpopulation,
    Distribution,
    Exponential,
    ExponentiatedWeibull,
    Gamma,
    GeneralizedGamma,
    Gompertz,
    Logistic,
    LogLogistic,
    LogNormal,
    Mixture,
    PiecewiseExponential,
    RoystonParmar,
    SmallestExtremeValue,
    Weibull,
)
from survjax.distributions.fields import PART
from survjax.fitting.estimation import log_likelihood
from survjax.fitting.fit import fit_distribution
from survjax.parameters import Domain, Several
from tests.laws.registry import EXAMPLES, EXTREMES

pytestmark = pytest.mark.usefixtures("double")


def wrapped(base: Distribution, other: Distribution) -> dict[str, Distribution]:
    """Each wrapper over a law, with another one beside it where it takes several."""
    return {
        "mixture": Mixture((base, other), (0.4, 0.6)),
        "competing risks": CompetingRisks((base, other)),
        "defective subpopulation": DefectiveSubpopulation(base, 0.5),
        "defective mixture": DefectiveSubpopulation(Mixture((base, other), (0.4, 0.6)), 0.5),
    }


def as_arrays(law):
    return jax.tree.map(lambda value: jnp.asarray(value, float), law)


FIRST = {kind: next(name for name, law in EXAMPLES.items() if type(law) is kind) for kind in LAWS}  # one example a law
TWO_BASES = {"positive": (LogLogistic(shape=3.0, scale=50.0), Weibull(shape=0.8, scale=30.0))}
TWO_BASES["real line"] = (Logistic(location=0.0, scale=2.0), SmallestExtremeValue(location=1.0, scale=3.0))
WRAPPED = {f"{name}, {where}": law for where, pair in TWO_BASES.items() for name, law in wrapped(*pair).items()}
PRODUCT = {
    f"{name} of {FIRST[kind]}": law
    for kind in LAWS
    for name, law in wrapped(
        EXAMPLES[FIRST[kind]], TWO_BASES["positive" if EXAMPLES[FIRST[kind]].start_of_support == 0.0 else "real line"][1]
    ).items()
}
ALL = {**EXAMPLES, **WRAPPED, **PRODUCT}
# a program for each kind of row: those of the larger laws, of wrappers that WRAPPED has over other bases, and the whole product, are left
# to `make laws`
LEFT = {*EXTREMES, *PRODUCT, "mixture of weibulls", "competing risks"}


def left_but_for(*names):
    return [name if name in names else pytest.param(name, marks=pytest.mark.extreme) for name in ALL]


POINTS = left_but_for(*(name for name in ALL if name not in LEFT))

ages_by = jax.jit(lambda law, share: law.age_at(-jnp.log1p(-share)))


@pytest.fixture(params=POINTS, name="law")
def law_of_the_registry(request):
    return as_arrays(ALL[request.param])


# lower, upper, entry, right truncation: shares of those that ever fail that have failed by then; None: no such end
KINDS_OF_ROWS = [
    (0.1, 0.1, None, None),
    (0.5, 0.5, None, None),
    (0.9, 0.9, None, None),
    (0.2, None, None, None),
    (0.6, None, None, None),
    (0.3, 0.5, None, None),
    (0.05, 0.8, None, None),
    (None, 0.4, None, None),
    (0.6, 0.6, 0.15, None),
    (0.7, None, 0.2, None),
    (None, 0.7, 0.2, None),
    (0.4, 0.4, None, 0.8),
    (0.3, 0.3, 0.1, 0.9),
    (0.2, 0.5, 0.1, 0.9),
    (None, 0.5, None, 0.9),
]


def age(law, share):
    """The age by which this share has failed of those that ever fail, the dead on arrival apart."""
    dead, ever = float(law.failure_probability(law.start_of_support)), float(law.failure_probability(jnp.inf))
    return float(ages_by(law, dead + share * (ever - dead)))


@functools.cache
def mixed_rows(law_name):
    law = as_arrays(ALL[law_name])
    at = {share: age(law, share) for row in KINDS_OF_ROWS for share in row if share is not None}
    begin, end = law.start_of_support, np.inf
    missing = (begin, end, begin, end)
    return np.array([[absent if share is None else at[share] for share, absent in zip(row, missing, strict=True)] for row in KINDS_OF_ROWS])


@pytest.fixture(name="rows")
def rows_of_all_kinds(request, law):
    """(n, 4): lower, upper, entry, right truncation of rows of all kinds."""
    return mixed_rows(request.node.callspec.params["law"])


def lives(rows, weights=None):
    lower, upper, entry, end = np.asarray(rows).T
    # of a left-censored row under delayed entry the lower end is the entry
    return Lifetimes.from_intervals(lower, upper, entry=entry, right_truncation=end, weights=weights)


def total(law, rows, weights=None):
    return log_likelihood(law, lives(rows, weights))


@jax.jit
def log_rules(law, times):
    return law.log_density(times), law.log_survival(times)


def written_out(law, rows):
    """What each row contributes, from density and survival alone, without blocks or pads."""
    lower, upper, entry, end = rows.T
    density, before = log_rules(law, jnp.asarray(lower))
    after, enter, leave = (np.exp(log_rules(law, jnp.asarray(times))[1]) for times in (upper, entry, end))
    # a right end of none is no limit; of a part that never fails survival is not 0 there
    after, leave = np.where(np.isinf(upper), 0.0, after), np.where(np.isinf(end), 0.0, leave)
    if law.has_mass_at_start:  # who is seen from the start, and not known to have survived it, may have been dead on arrival
        enter, before = np.where(entry == 0.0, 1.0, enter), np.where(lower == 0.0, 0.0, before)
    alive = np.minimum(np.exp(before), enter)
    return np.log(np.where(lower == upper, np.exp(density), alive - after) / (enter - leave))


def test_every_kind_of_row_contributes_the_logarithm_of_its_probability(law, rows):
    np.testing.assert_allclose(total(law, rows), written_out(law, rows).sum(), rtol=1e-11)


def test_counts_are_repeated_rows(law, rows):
    counts = 1 + np.arange(len(rows)) % 3
    np.testing.assert_allclose(total(law, rows, counts), total(law, np.repeat(rows, counts, axis=0)), rtol=1e-13)


def test_a_change_of_unit_changes_densities_only(law, rows):
    if not law.knows_its_unit():
        return
    n_exact = np.count_nonzero(rows[:, 0] == rows[:, 1])
    for unit in (1e-6, 24.0):
        np.testing.assert_allclose(total(law.rescaled(unit), unit * rows), total(law, rows) - n_exact * np.log(unit), rtol=1e-11)


def test_a_row_split_at_any_age_is_the_row(law, rows):
    for row in rows[np.isinf(rows[:, 3])]:
        lower, upper, entry, end = row
        if not np.isfinite(lower):
            continue
        for share in (0.01, 0.5, 0.99):
            begin = entry if np.isfinite(entry) else age(law, 0.001)
            split = begin + share * (lower - begin)
            if not entry < split < lower:
                continue
            parts = np.array([[split, np.inf, entry, np.inf], [lower, upper, split, end]])
            # beside rows of every kind, so that one program serves all
            np.testing.assert_allclose(total(law, np.vstack([rows, parts])), total(law, np.vstack([rows, row[None]])), rtol=1e-12)


@pytest.mark.parametrize("law", left_but_for("loglogistic", "logistic", "three-parameter weibull"), indirect=True)
def test_a_cut_censored_sample_has_the_likelihood_of_its_truncated_failures_and_their_number(law, rows):
    """At pi = d / (n F(cut)) a defective subpopulation seen to an age has the likelihood of the failures before it and a binomial's."""
    if law.has_mass_at_start:  # which stands around a defective subpopulation, not inside
        return
    d, n = 6, 20
    cut = age(law, 0.6)
    share = d / n / float(law.failure_probability(cut))
    if share > 1.0:
        return
    failures = np.array([age(law, level) for level in (0.05, 0.15, 0.25, 0.35, 0.45, 0.55)])
    begin = law.start_of_support
    truncated = np.array([[time, time, begin, cut] for time in failures])
    censored = np.array([*([time, time, begin, np.inf] for time in failures), *([[cut, np.inf, begin, np.inf]] * (n - d))])
    of_failures = total(law, np.vstack([rows, truncated])) - total(law, rows)
    defective = DefectiveSubpopulation(law, jnp.asarray(share))
    of_sample = total(defective, np.vstack([rows, censored])) - total(defective, rows)
    binomial = d * np.log(d / n) + (n - d) * np.log(1 - d / n)
    np.testing.assert_allclose(of_sample, of_failures + binomial, rtol=1e-11)


NESTED = {
    "weibull of shape 1": (Weibull(1.0, 40.0), Exponential(40.0)),
    "gompertz of shape 0": (Gompertz(shape=0.0, rate=0.025), Exponential(40.0)),
    "equal pieces": (PiecewiseExponential([20.0, 50.0], (0.025, 0.025, 0.025)), Exponential(40.0)),
    "exponentiated weibull of power 1": (ExponentiatedWeibull(2.5, 40.0, 1.0), Weibull(2.5, 40.0)),
    "no inner knots": (RoystonParmar(0, (2.0 * np.log(5.0 / 40.0), 2.0), [5.0, 90.0]), Weibull(2.0, 40.0)),
    "mixture of the same": (Mixture((LogLogistic(3.0, 40.0),) * 2, (0.3, 0.7)), LogLogistic(3.0, 40.0)),
    "weakest of two alike": (CompetingRisks((Weibull(2.0, 40.0), Weibull(2.0, 40.0))), Weibull(2.0, 40.0 / np.sqrt(2.0))),
    "all can fail": (DefectiveSubpopulation(LogLogistic(3.0, 40.0), 1.0), LogLogistic(3.0, 40.0)),
    "generalised gamma, q 1": (GeneralizedGamma(location=np.log(40.0), scale=0.4, q=1.0), Weibull(2.5, 40.0)),
    "generalised gamma, q 0": (GeneralizedGamma(location=3.7, scale=0.4, q=0.0), LogNormal(3.7, 0.4)),
    "generalised gamma, q sigma": (GeneralizedGamma(location=np.log(40.0), scale=0.5, q=0.5), Gamma(4.0, 10.0)),
}


@pytest.mark.parametrize("name", NESTED)
def test_a_special_case_has_the_likelihood_of_the_law_it_is(name):
    general, special = (as_arrays(law) for law in NESTED[name])
    rows = mixed_rows("loglogistic")
    np.testing.assert_allclose(total(general, rows), total(special, rows), rtol=1e-11)


def to_be_learned(law):
    """The template that the law is one case of: every parameter open, constants and the ages they were given as they are."""
    changed = {}
    for name, kind in law.field_kinds().items():
        value = getattr(law, name)
        if kind is PART:
            changed[name] = tuple(map(to_be_learned, value)) if isinstance(value, tuple) else to_be_learned(value)
        elif isinstance(kind, Several) or (isinstance(kind, Domain) and isinstance(value, tuple)):
            changed[name] = (None,) * len(value)
        elif isinstance(kind, Domain):
            changed[name] = None
    return dataclasses.replace(law, **changed)


# mixtures are searched for, and recovered in tests/fitting/test_estimation.py
@pytest.mark.parametrize("name", FIRST.values())
def test_a_simulated_law_is_recovered_within_four_standard_errors(name):
    law = as_arrays(EXAMPLES[name])
    times = np.asarray(jax.jit(lambda law: law.sample(jax.random.key(5), (256,)))(law))
    ends = np.asarray(ages_by(law, jnp.asarray(np.random.default_rng(6).uniform(0.5, 1.0, 256))))
    fit = fit_distribution(to_be_learned(EXAMPLES[name]), sj.Lifetimes(np.minimum(times, ends), times <= ends))
    assert np.all(np.abs(fit.values - law.values()) < 4 * np.sqrt(np.diag(fit.covariance)))
