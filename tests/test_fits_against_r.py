"""Fits of every shipped set against R. Tolerances: what R's own stop rule and 15 printed digits deserve."""

import numpy as np
import pytest

import survjax as sj
from tests.conftest import shipped

# not recurrent events, nor accelerated tests, which are held against R with their stress in tests/regression, nor the litters of
# tests/frailty, nor readings of sensors
OTHERS = ("valve_seats", "glass_capacitors", "motor_insulation", "insulating_fluid", "rats", "turbofan")
SETS = [name for name in sj.datasets.NAMES if name not in OTHERS]
MPMATH_ERRORS = (0.0163616566013041, 0.19508859921446323, 0.13042907080752936, 0.14499059856682453, 0.3944577979740718)


def location_and_log_scale(model):
    """Of log time, with their standard errors, whatever the law calls them."""
    found, error = model.parameters_, model.standard_errors_
    if "location" in found:
        return [found["location"], np.log(found["scale"])], [error["location"], error["scale"] / found["scale"]]
    return [np.log(found["scale"]), -np.log(found["shape"])], [error["scale"] / found["scale"], error["shape"] / found["shape"]]


@pytest.mark.parametrize("law", [sj.Weibull, sj.LogNormal, sj.LogLogistic])
@pytest.mark.parametrize("name", SETS)
def test_a_location_and_scale_law_agrees_with_survreg(name, law, r_fits):
    reference = r_fits["fits"][f"{name}:{law.__name__.lower()}"]
    model = law().fit(shipped(name))
    estimates, errors = location_and_log_scale(model)
    np.testing.assert_allclose(model.log_likelihood_, reference["log_likelihood"], rtol=1e-8)
    # an absolute error of log scale is a relative one of the scale
    np.testing.assert_allclose(estimates, [reference["coef"][part] for part in ("(Intercept)", "log_sigma")], atol=1e-6)
    np.testing.assert_allclose(errors, [reference["se"][part] for part in ("(Intercept)", "log_sigma")], rtol=1e-5)
    assert model.converged_


@pytest.mark.parametrize("name", [name for name in SETS if name != "power_transformers"])
def test_exponential_agrees_with_survreg(name, r_fits):
    reference = r_fits["fits"][f"{name}:exponential"]
    model = sj.Exponential().fit(shipped(name))
    np.testing.assert_allclose(model.log_likelihood_, reference["log_likelihood"], rtol=1e-8)
    np.testing.assert_allclose(np.log(model.parameters_["scale"]), reference["coef"]["(Intercept)"], atol=1e-6)
    np.testing.assert_allclose(model.standard_errors_["scale"] / model.parameters_["scale"], reference["se"]["(Intercept)"], rtol=1e-5)


@pytest.mark.parametrize("name", [name for name in SETS if name != "power_transformers"])
def test_the_b10_life_and_its_interval_agree_with_r(name, r_fits):
    reference = r_fits["fits"][f"{name}:weibull"]
    if "B10" not in reference:
        pytest.fail("the reference has no B10 for this set")
    row = sj.Weibull().fit(shipped(name)).interval("quantile", 0.1).iloc[0]
    np.testing.assert_allclose(row["estimate"], reference["B10"], rtol=3e-6)  # parameters to 1e-6, raised to 1/shape
    np.testing.assert_allclose([row["lower"], row["upper"]], reference["B10_ci95_log"], rtol=3e-5)


def test_the_mixture_of_waltons_agrees_with_r(r_fits):
    reference = r_fits["waltons:mixture"]
    model = sj.WeibullMixture().fit(shipped("waltons"))
    np.testing.assert_allclose(model.log_likelihood_, reference["log_likelihood"], rtol=1e-8)
    for name in ("weight", "shape", "scale"):
        np.testing.assert_allclose([model.parameters_[f"{name}_{i}"] for i in (0, 1)], reference[name], rtol=1e-6)
    # R's own standard errors of this fit (finite differences) are 1.5 % off. These are the inverse of the Hessian by central
    # differences of 1e-8 of the log-likelihood in 40 digits (mpmath), in the coordinates named.
    log_scale_1, log_scale_0, log_shape_1, log_shape_0, log_odds = MPMATH_ERRORS
    errors = model.standard_errors_ / model.parameters_
    np.testing.assert_allclose(
        errors[["scale_1", "scale_0", "shape_1", "shape_0"]], [log_scale_1, log_scale_0, log_shape_1, log_shape_0], rtol=1e-5
    )
    weight = model.parameters_["weight_0"]
    np.testing.assert_allclose(model.standard_errors_["weight_0"] / (weight * (1 - weight)), log_odds, rtol=1e-5)


def test_the_exponential_has_its_closed_form():
    life = shipped("generator_fans")
    scale = life.durations.sum() / life.n_failed
    model = sj.Exponential().fit(life)
    np.testing.assert_allclose(model.parameters_["scale"], scale, rtol=1e-13)
    np.testing.assert_allclose(
        model.standard_errors_["scale"], scale / np.sqrt(life.n_failed), rtol=2e-7
    )  # the Hessian is a last step of 1e-8 away
    np.testing.assert_allclose(model.log_likelihood_, -life.n_failed * (np.log(scale) + 1), rtol=1e-13)


def test_a_known_shape_has_its_closed_form():
    life = shipped("generator_fans")
    scale = (np.sum(life.durations**2.0) / life.n_failed) ** 0.5  # Weibayes: Abernethy, The New Weibull Handbook
    model = sj.Weibull(shape=2.0).fit(life)
    np.testing.assert_allclose(model.parameters_["scale"], scale, rtol=1e-13)
    assert model.parameters_["shape"] == 2.0
    assert model.standard_errors_["shape"] == 0.0
    np.testing.assert_allclose(model.standard_errors_["scale"], scale / 2 / np.sqrt(life.n_failed), rtol=2e-7)


def test_the_inverse_gaussian_has_its_closed_form():
    times = shipped("ball_bearings").durations
    shape = len(times) / np.sum(1.0 / times - 1.0 / times.mean())  # Chhikara & Folks (1989), chapter 5: all have failed
    model = sj.InverseGaussian().fit(times)
    np.testing.assert_allclose(model.parameters_, [times.mean(), shape], rtol=1e-12)
    errors = [np.sqrt(times.mean() ** 3 / shape / len(times)), shape * np.sqrt(2.0 / len(times))]
    np.testing.assert_allclose(model.standard_errors_, errors, rtol=2e-7)  # the Hessian is a last step of 1e-8 away


def test_a_known_location_leaves_the_scale_its_closed_form():
    times = shipped("ball_bearings").durations
    model = sj.LogNormal(location=4.0).fit(times)
    np.testing.assert_allclose(model.parameters_, [4.0, np.sqrt(np.mean((np.log(times) - 4.0) ** 2))], rtol=1e-12)
    assert model.standard_errors_["location"] == 0.0
