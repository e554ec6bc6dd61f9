"""Mixtures, competing risks and defective subpopulations of laws on the whole real line."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

import survjax as sj
from survjax.distributions import CompetingRisks, DefectiveSubpopulation, Exponential, Logistic, Mixture, Normal, SmallestExtremeValue
from tests.conftest import shipped

LAWS = {
    "mixture": Mixture((Normal(location=-3.0, scale=1.0), Normal(location=4.0, scale=2.0)), (0.3, 0.7)),
    "competing risks": CompetingRisks((SmallestExtremeValue(location=2.0, scale=1.5), Logistic(location=1.0, scale=0.7))),
    "defective subpopulation": DefectiveSubpopulation(Normal(location=-3.0, scale=1.0), 0.4),
}


@pytest.fixture(params=LAWS, name="law")
def wrapper(request, double):
    return jax.tree.map(lambda value: jnp.asarray(value, float), LAWS[request.param])


def test_the_support_is_that_of_the_parts(law):
    assert law.start_of_support == -np.inf
    assert law.survival(-jnp.inf) == 1.0
    assert law.quantile(0.0) == -jnp.inf


def test_quantiles_invert_survival_in_both_tails(law):
    most = 0.4 if isinstance(law, DefectiveSubpopulation) else 1.0
    levels = most * np.array([1e-100, 1e-12, 0.01, 0.3, 0.5, 0.9, 1 - 1e-9])
    # the relative error of a probability of 1e-100 is that of z times its elasticity, about z^2 or 400 for the normal
    np.testing.assert_allclose(jax.jit(law.failure_probability)(jax.jit(law.quantile)(levels)), levels, rtol=2e-12)


def test_the_mean_is_an_integral_of_survival(law):
    survival = jax.jit(law.survival)
    above = quad(lambda t: float(survival(t)), 0.0, 60.0, epsabs=1e-12, epsrel=1e-11, limit=200)[0]
    below = quad(lambda t: 1 - float(survival(t)), -60.0, 0.0, epsabs=1e-12, epsrel=1e-11, limit=200)[0]
    expected = np.inf if isinstance(law, DefectiveSubpopulation) else above - below
    np.testing.assert_allclose(law.mean(), expected, rtol=1e-6)  # what the derived rule promises where quantiles bend


def test_looks_ahead_are_conditional_on_the_age_reached(law):
    @jax.jit
    def survival_and_quantile(age, length):
        remaining = law.given_survival(age)
        share = 0.2 * remaining.failure_probability(jnp.inf)  # of those that ever fail
        return remaining.survival(length), share, remaining.quantile(share), law.survival(age)

    for age in (-3.5, 0.0, 2.0):
        ahead, share, quantile, alive = survival_and_quantile(age, 1.5)
        np.testing.assert_allclose(ahead, law.survival(age + 1.5) / alive, rtol=1e-12)
        np.testing.assert_allclose(law.survival(age + quantile), (1 - share) * alive, rtol=1e-12)


@pytest.mark.parametrize(("n", "weight", "places"), [(256, 0.4, (-3.0, 1.0, 2.0, 0.7)), (1024, 0.2, (100.0, 3.0, 140.0, 12.0))])
def test_a_mixture_of_normals_agrees_with_scikit_learn(n, weight, places):
    from sklearn.mixture import GaussianMixture

    random = np.random.default_rng(n)
    low, narrow, high, broad = places
    ages = np.where(random.uniform(size=n) < weight, random.normal(low, narrow, n), random.normal(high, broad, n))
    model = sj.Mixture([sj.Normal(), sj.Normal()]).fit(ages)
    other = GaussianMixture(2, tol=1e-13, max_iter=100_000, n_init=3, reg_covar=0.0, random_state=0).fit(ages[:, None])
    order = np.argsort(other.means_.ravel())
    np.testing.assert_allclose(model.log_likelihood_, n * other.score(ages[:, None]), rtol=1e-11)
    # EM stops where the likelihood gains less than 1e-13 a unit: 1e-6 in parameters
    np.testing.assert_allclose(model.parameters_[["weight_0", "weight_1"]], other.weights_[order], rtol=1e-5)
    np.testing.assert_allclose(model.parameters_[["location_0", "location_1"]], other.means_.ravel()[order], rtol=1e-5)
    np.testing.assert_allclose(model.parameters_[["scale_0", "scale_1"]], np.sqrt(other.covariances_.ravel()[order]), rtol=1e-5)
    seen = ages[:50]
    np.testing.assert_allclose(model.predict_component(seen, np.ones(50)), other.predict_proba(seen[:, None])[:, order], atol=1e-5)
    np.testing.assert_allclose(model.mean(), ages.mean(), rtol=1e-8)  # the maximum of a normal mixture has the mean of the data
    np.testing.assert_allclose(model.interval("mean")["estimate"], ages.mean(), rtol=1e-8)


@pytest.mark.parametrize("unit", [1e-6, 1e5])
def test_units_and_origin_do_not_matter(unit):
    random = np.random.default_rng(4)
    ages = np.where(random.uniform(size=256) < 0.4, random.normal(-3, 1, 256), random.normal(2, 0.7, 256))
    failed = ages < 2.5
    plain = sj.Mixture([sj.Normal(), sj.Normal()]).fit(np.minimum(ages, 2.5), failed)
    moved = sj.Mixture([sj.Normal(), sj.Normal()]).fit(unit * (np.minimum(ages, 2.5) + 7.0), failed)
    scales, shifts = np.tile([1.0, unit, unit], 2), np.tile([0.0, 7.0 * unit, 0.0], 2)
    np.testing.assert_allclose(moved.parameters_, scales * plain.parameters_ + shifts, rtol=1e-7)
    np.testing.assert_allclose(moved.log_likelihood_, plain.log_likelihood_ - failed.sum() * np.log(unit), rtol=1e-10)


def in_logs(life):
    return sj.Lifetimes(np.log(life.durations), life.event_observed, weights=life.weights)


def test_of_log_times_extreme_values_are_the_weibulls():
    """A Weibull of shape k and scale s is exp of a smallest extreme value with location log s and scale 1 / k."""
    life = shipped("waltons")
    positive = sj.WeibullMixture().fit(life)
    logs = sj.Mixture([sj.SmallestExtremeValue(), sj.SmallestExtremeValue()]).fit(in_logs(life))
    jacobian = np.log(life.durations[life.event_observed]).sum()
    np.testing.assert_allclose(logs.log_likelihood_ - jacobian, positive.log_likelihood_, rtol=1e-10)
    for index in (0, 1):
        np.testing.assert_allclose(logs.parameters_[f"location_{index}"], np.log(positive.parameters_[f"scale_{index}"]), rtol=1e-7)
        np.testing.assert_allclose(logs.parameters_[f"scale_{index}"], 1 / positive.parameters_[f"shape_{index}"], rtol=1e-6)


def test_of_log_times_a_limited_failure_population_is_the_lognormal_one():
    # R 4.2.2, a hand-written likelihood polished by Newton (tests/distributions/test_defective_subpopulation.py)
    life = shipped("integrated_circuits")
    model = sj.DefectiveSubpopulation(sj.Normal()).fit(in_logs(life))
    failed = life.event_observed
    jacobian = np.sum(life.counts()[failed] * np.log(life.durations[failed]))
    np.testing.assert_allclose(model.log_likelihood_ - jacobian, -292.822520347902, rtol=1e-12)
    expected = {"fraction_failing": 0.00691429387572062, "location": 2.36800888026318, "scale": 2.48989801426288}
    np.testing.assert_allclose(model.parameters_[list(expected)], list(expected.values()), rtol=1e-7)
    assert model.mean() == np.inf
    np.testing.assert_allclose(model.quantile(0.5 * expected["fraction_failing"]), expected["location"], rtol=1e-6)


def test_of_log_times_competing_extreme_values_are_competing_weibulls():
    life = shipped("aarset_devices")
    positive = sj.CompetingRisks([sj.Weibull(), sj.Weibull()]).fit(life)
    logs = sj.CompetingRisks([sj.SmallestExtremeValue(), sj.SmallestExtremeValue()]).fit(in_logs(life))
    np.testing.assert_allclose(logs.log_likelihood_ - np.log(life.durations).sum(), positive.log_likelihood_, rtol=1e-10)
    np.testing.assert_allclose(logs.quantile([0.1, 0.9]), np.log(positive.quantile([0.1, 0.9])), rtol=1e-6)


@pytest.mark.parametrize("learner", [sj.Mixture, sj.CompetingRisks])
def test_positive_lifetimes_do_not_mix_with_the_real_line(learner):
    with pytest.raises(ValueError, match="must all be laws of positive lifetimes, or all laws on the whole real line: Weibull is the one"):
        learner([sj.Weibull(), sj.Normal()]).fit([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Exponential is the one, Logistic the other"):
        learner([Logistic(), Exponential()]).fit([1.0, 2.0, 3.0])
