"""Predictions of discrete-time hazards: against integrals over the coefficients, sums over ages, and differences."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import chi2, norm

import survjax as sj
from survjax.discrete.estimation import columns_of, simulated_parts
from survjax.discrete.mixed_hazard import MixedHazard
from survjax.frailty.groups import read_groups
from survjax.models.precision import in_double_precision
from survjax.numerics import blocks
from tests.discrete.conftest import history, read

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
MIXED = MixedHazard(np.array([1.0, 2.5, 4.0]), np.array([[0.1, 0.3, 0.2], [0.5, 0.1, 0.9]]))


def survival_by_hand(time):
    lengths = np.array([min(time, 1.0), np.clip(time - 1.0, 0.0, 1.5), max(time - 2.5, 0.0)])
    return np.exp(-MIXED.rates @ lengths).mean()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("time", [0.4, 1.0, 3.0, 11.0])
def test_the_mixture_of_steps_survives_as_the_average_of_its_parts(time):
    at = jnp.asarray(time)
    np.testing.assert_allclose(MIXED.survival(at), survival_by_hand(time), rtol=1e-14)
    slope = (survival_by_hand(time + 1e-6) - survival_by_hand(time)) / 1e-6  # from the right, where hazards may jump
    np.testing.assert_allclose(MIXED.density(at), -slope, rtol=1e-5)
    np.testing.assert_allclose(MIXED.quantile(1.0 - MIXED.survival(at)), time, rtol=1e-12)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("age", [0.0, 1.7, 6.0])
def test_the_mean_of_the_mixture_is_the_integral_of_its_survival(age):
    alive = survival_by_hand(age)
    kinks = [here for here in (1.0, 2.5) if here > age]
    restricted = quad(survival_by_hand, age, age + 3.0, points=[k for k in kinks if k < age + 3.0], epsabs=1e-12)[0] / alive
    whole = quad(survival_by_hand, age, age + 400.0, points=kinks, limit=500, epsabs=1e-12)[0] / alive
    np.testing.assert_allclose(MIXED.restricted_mean_after(jnp.asarray(age), jnp.asarray(3.0)), restricted, rtol=1e-9)
    np.testing.assert_allclose(MIXED.mean_after(jnp.asarray(age)), whole, rtol=1e-7)


@pytest.mark.usefixtures("double")
def test_a_short_look_ahead_keeps_its_digits():
    hazard = float(MIXED.hazard(jnp.asarray(3.0)))
    np.testing.assert_allclose(MIXED.cumulative_hazard_between(jnp.asarray(3.0), jnp.asarray(1e-14)), 1e-14 * hazard, rtol=1e-13)


def quadrature(model, load, age, horizon):
    """P(fails by age + horizon | alive at age), the coefficient averaged by Gauss-Hermite."""
    values = model.parameters_
    harm = values["load"] + values["spread[load]"] * NODES
    score = values["level"] + values["log_age"] * np.log(model.periods_) + harm[:, None] * load
    hazard = np.logaddexp(0.0, score)
    alive, later = (
        WEIGHTS @ np.exp(-(hazard * np.clip(at - np.arange(len(model.periods_)), 0.0, 1.0)).sum(axis=1)) for at in (age, age + horizon)
    )
    return 1.0 - later / alive


@pytest.mark.parametrize("age", [0.0, 2.0, 4.5])
def test_failure_probabilities_are_those_of_coefficients_that_survivors_have(mixed, age):
    loads = np.array([-1.0, 0.2, 1.0])
    found = mixed.predict_failure_probability({"load": loads}, age, np.array([1.0, 2.5]))
    expected = [[quadrature(mixed, load, age, horizon) for horizon in (1.0, 2.5)] for load in loads]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)  # 128 quasi-random pairs
    harshest = mixed.parameters_["level"] + mixed.parameters_["log_age"] * np.log(8.0) + mixed.parameters_["load"]
    assert age == 0.0 or found[2, 0] < 1.0 / (1.0 + np.exp(-harshest))  # those who are harmed most have gone


def test_remaining_lives_fit_the_failure_probabilities(mixed):
    X = {"load": [0.5, -0.5]}
    for p in (0.1, 0.5):
        ahead = mixed.predict_rul(X, 2.0, kind=p)
        np.testing.assert_allclose(np.diag(mixed.predict_failure_probability(X, 2.0, ahead)), p, rtol=1e-10)
    steps = np.linspace(0.0, 4.0, 4_001)
    survival = 1.0 - mixed.predict_failure_probability(X, 2.0, steps)
    expected = ((survival[:, 1:] + survival[:, :-1]) / 2).sum(axis=1) * 1e-3
    np.testing.assert_allclose(mixed.predict_rul(X, 2.0, horizon=4.0), expected, rtol=1e-6)  # the trapezoidal rule's
    table = mixed.predict_rul_interval(pd.DataFrame(X, index=["a", "b"]), 2.0, level=0.8)
    assert table.index.to_list() == ["a", "b"]
    plug_in = mixed.predict_rul(X, 2.0, kind=0.1), mixed.predict_rul(X, 2.0, kind=0.9)
    # parameters are well known: the interval is near that of the estimates, and wider
    np.testing.assert_allclose(table["lower"], plug_in[0], rtol=0.05)
    assert (table["upper"] > plug_in[1]).all()


def test_intervals_are_by_the_delta_method_with_the_draws_held(mixed):
    fit, step = mixed._fitted, 1e-5

    def link(point):
        model = sj.DiscreteTimeHazard(**mixed.get_params())
        model._fit = dataclasses.replace(fit, coordinates=point)
        return float(np.log(-np.log1p(-model.predict_failure_probability({"load": [0.6]}, 2.0, 3.0)[0])))

    slope = [(link(fit.coordinates + step * one) - link(fit.coordinates - step * one)) / (2 * step) for one in np.eye(4)]
    error = np.sqrt(slope @ fit.covariance_inside @ slope)
    found = mixed.interval("failure_probability", {"load": [0.6]}, 2.0, 3.0, level=0.9).iloc[0]
    reach = norm.ppf(0.95) * error
    expected = [-np.expm1(-np.exp(link(fit.coordinates) + sign * reach)) for sign in (0, -1, 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # of the differences


@in_double_precision
def test_limits_are_walds_and_of_a_spread_those_of_the_profile_likelihood():
    frame = history(256, seed=1)
    life = read(frame)
    model = sj.DiscreteTimeHazard(periods=1.0, random=["load"], baseline="log", n_draws=64).fit(frame[["load"]], life, unit=frame["unit"])
    table, values = model.interval("parameters", level=0.9), model.parameters_
    reach = norm.ppf(0.95) * model.standard_errors_
    np.testing.assert_allclose(table.loc["load", ["lower", "upper"]], values["load"] + reach["load"] * np.array([-1, 1]))
    lower, upper = table.loc["spread[load]", ["lower", "upper"]]
    assert lower < values["spread[load]"] < upper
    one_sided = model.interval("parameters", level=0.95, side="upper").loc["spread[load]"]
    np.testing.assert_allclose(one_sided, [values["spread[load]"], 0.0, upper], rtol=1e-9)
    # with the spread held at a limit, the best of the rest by another optimiser loses half of chi-squared's 90 % point
    fit = model._fitted
    columns, weights = columns_of(fit.predictor, life, read_groups(None, frame["unit"], life), frame[["load"]].to_numpy())

    def loss(rest, spread):
        point = np.append(rest, spread * fit.predictor.spread)
        seen, entered = simulated_parts(dataclasses.replace(fit, coordinates=point), columns)
        return -float(weights @ (seen - entered))

    for limit in (lower, upper):
        least = minimize(loss, fit.coordinates[:3], (limit,), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-5}).fun
        np.testing.assert_allclose(least + fit.log_likelihood, 0.5 * chi2.ppf(0.9, 1), rtol=1e-3)  # both searches' own stop rules


def test_another_number_of_units_compiles_nothing_again(mixed):
    mixed.predict_rul(pd.DataFrame({"load": np.zeros(3)}), 0.0, kind="median")
    compiled = blocks._map_blocks._cache_size()
    mixed.predict_rul(pd.DataFrame({"load": np.zeros(100)}), 0.0, kind="median")
    assert blocks._map_blocks._cache_size() == compiled
