"""What is peculiar to the laws on the whole real line: exact tails on both sides, and no first age."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.stats

import survjax as sj
from survjax.distributions import LargestExtremeValue, Logistic, Normal, SmallestExtremeValue
from tests.conftest import shipped

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 400
LAWS = {
    "normal": (Normal, mpmath.ncdf),
    "logistic": (Logistic, lambda z: 1 / (1 + mpmath.e**-z)),
    "smallest": (SmallestExtremeValue, lambda z: -mpmath.expm1(-(mpmath.e**z))),
    "largest": (LargestExtremeValue, lambda z: mpmath.e ** -(mpmath.e**-z)),
}


# of the largest extreme value nobody has failed to any precision 21 scales before: exp(-exp(21))
FAILED_SOME = [(name, z) for name in LAWS for z in (-21.0, -5.0, -0.3, 0.0, 0.4, 3.0, 6.5) if (name, z) != ("largest", -21.0)]


@pytest.mark.parametrize(("name", "z"), FAILED_SOME)
def test_both_tails_agree_with_mpmath(name, z):
    law, failed = LAWS[name]
    location, scale = 12.0, 4.0
    time = location + scale * z
    exact = -mpmath.log1p(-failed(mpmath.mpf(z)))
    computed = law(location, scale)
    np.testing.assert_allclose(computed.cumulative_hazard(time), float(exact), rtol=1e-12)
    np.testing.assert_allclose(computed.age_at(float(exact)), time, rtol=1e-12, atol=1e-12)
    hazard = mpmath.diff(lambda x: -mpmath.log1p(-failed(x)), mpmath.mpf(z)) / scale
    np.testing.assert_allclose(computed.hazard(time), float(hazard), rtol=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_quantiles_reach_a_failure_probability_of_1e_minus_100(name):
    law, failed = LAWS[name]
    time = law(0.0, 1.0).quantile(1e-100)
    # the relative error of the probability is that of z times its elasticity, about z^2 for the normal
    np.testing.assert_allclose(float(mpmath.log(failed(mpmath.mpf(float(time))))), -100 * np.log(10), rtol=1e-13)


STARTS = [(name, start) for name in LAWS for start in (-8.0, -1.0, 0.0, 5.0) if (name, start) != ("largest", -8.0)]


@pytest.mark.parametrize(("name", "start"), STARTS)
@pytest.mark.parametrize("length", [1e-12, 1e-3, 0.9, 1.1, 20.0])
def test_the_hazard_ahead_keeps_its_digits(name, start, length):
    law, failed = LAWS[name]
    z, u = mpmath.mpf(start), mpmath.mpf(length)
    exact = float(mpmath.log1p(-failed(z)) - mpmath.log1p(-failed(z + u)))
    standard = law(0.0, 1.0)
    if exact < 1e300:
        np.testing.assert_allclose(standard.cumulative_hazard_between(start, length), exact, rtol=2e-12)
        if exact < 700:
            np.testing.assert_allclose(standard.duration_after(start, exact), length, rtol=2e-12)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("age", [-3.0, 0.0, 4.0])
def test_the_mean_remaining_life_agrees_with_mpmath(name, age):
    law, failed = LAWS[name]
    with mpmath.workdps(40):
        total = mpmath.quad(lambda u: (1 - failed(age + u)) / (1 - failed(mpmath.mpf(age))), [0, 0.01, 0.1, 1, 3, 10, 30, 80])
    np.testing.assert_allclose(law(0.0, 1.0).given_survival(age).mean(), float(total), rtol=1e-11)


@pytest.mark.parametrize("name", LAWS)
def test_means_agree_with_the_mean_remaining_life_far_before(name):
    law = LAWS[name][0](5.0, 2.0)
    np.testing.assert_allclose(law.mean_after(-200.0) - 200.0, law.mean(), rtol=1e-10)


@pytest.mark.parametrize("name", LAWS)
def test_derivatives_are_finite_as_far_as_the_density_is_a_number(name):
    law = LAWS[name][0]
    for z in (-35.0, -6.0, 0.0, 6.0, 35.0):
        if (name == "largest" and z < -6) or (name == "smallest" and z > 6):
            continue
        for rule in ("log_survival", "log_density", "log_hazard"):
            hessian = jax.hessian(lambda v, rule=rule, z=z: getattr(law(v[0], v[1]), rule)(z))(jnp.array([0.0, 1.0]))
            assert np.all(np.isfinite(hessian)), (rule, z)


def test_log_failure_times_have_the_fit_of_failure_times(r_fits):
    """Of log time the smallest extreme value is the Weibull: R's location and log scale are the parameters themselves."""
    life = shipped("ball_bearings")
    reference = r_fits["fits"]["ball_bearings:weibull"]
    model = sj.SmallestExtremeValue().fit(sj.Lifetimes(np.log(life.durations)))
    np.testing.assert_allclose(model.log_likelihood_ - np.log(life.durations).sum(), reference["log_likelihood"], rtol=1e-8)
    np.testing.assert_allclose(model.parameters_["location"], reference["coef"]["(Intercept)"], rtol=1e-6)
    np.testing.assert_allclose(np.log(model.parameters_["scale"]), reference["coef"]["log_sigma"], rtol=1e-6)
    np.testing.assert_allclose(model.standard_errors_["location"], reference["se"]["(Intercept)"], rtol=1e-5)
    np.testing.assert_allclose(model.standard_errors_["scale"] / model.parameters_["scale"], reference["se"]["log_sigma"], rtol=1e-5)


def test_units_that_entered_late_stand_beside_units_seen_from_the_start():
    ages, begin = [-2.0, 0.5, 3.0, 1.0, 4.0], [-np.inf, -np.inf, -np.inf, -1.0, 2.0]
    mixed = sj.Lifetimes(ages, [1, 1, 0, 1, 1], entry=begin)
    model = sj.Normal(location=1.0, scale=2.0)
    z, late = (np.array(ages) - 1.0) / 2.0, (np.array(begin) - 1.0) / 2.0
    density, alive = scipy.stats.norm.logpdf(z) - np.log(2.0), scipy.stats.norm.logsf(z)
    expected = np.where([True, True, False, True, True], density, alive) - scipy.stats.norm.logsf(late)
    np.testing.assert_allclose(model.log_likelihood(mixed), expected.sum(), rtol=1e-13)  # scipy's logsf


def test_for_a_positive_law_an_entry_at_minus_infinity_is_an_entry_at_0():
    ages, events = [3.0, 5.0, 7.0, 9.0, 12.0], [1, 1, 0, 1, 1]
    of_none, of_0 = (sj.Lifetimes(ages, events, entry=[none, 2.0, none, none, 4.0]) for none in (-np.inf, 0.0))
    np.testing.assert_array_equal(sj.Weibull().fit(of_none).parameters_, sj.Weibull().fit(of_0).parameters_)
    bounds = [sj.weibayes_lower_bound(life, shape=2.0).scale for life in (of_none, of_0)]
    assert bounds[0] == bounds[1]
    for estimate in (sj.KaplanMeier, sj.Turnbull):
        tables = [estimate().fit(life).table_ for life in (of_none, of_0)]
        np.testing.assert_array_equal(*(table.to_numpy() for table in tables))
    lines = [life.plot().collections[0].get_segments() for life in (of_none, of_0)]
    np.testing.assert_array_equal(*lines)
