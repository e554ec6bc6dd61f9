"""Estimates of discrete-time hazards: against statsmodels, against integrals, against a known truth."""

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm

import survjax as sj
from survjax.discrete.estimation import columns_of, simulated_parts
from survjax.discrete.likelihood import UnitLogLikelihood, balanced_draws
from survjax.engine.columns import Columns
from survjax.engine.estimation import Problem
from survjax.frailty.groups import Groups
from survjax.models.precision import in_double_precision
from tests.discrete.conftest import PERIODS, TRUTH, history, read

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def unit_periods(frame):
    """A row a unit and month as statsmodels takes it: indicators of the month, then the load."""
    months = frame["stop"].to_numpy()[:, None] == np.arange(1.0, PERIODS + 1.0)
    return np.column_stack([months, frame["load"]]).astype(float)


@pytest.mark.parametrize(("link", "other"), [("logit", "Logit"), ("cloglog", "CLogLog")])
def test_without_random_coefficients_it_is_a_binary_regression_over_all_periods(link, other):
    frame = history(256, seed=1, spread=0.0)
    model = sj.DiscreteTimeHazard(periods=1.0, link=link).fit(frame[["load"]], read(frame), unit=frame["unit"])
    family = sm.families.Binomial(link=getattr(sm.families.links, other)())
    reference = sm.GLM(frame["failed"].to_numpy(float), unit_periods(frame), family=family).fit(tol=1e-14)
    np.testing.assert_allclose(model.log_likelihood_, reference.llf, rtol=0, atol=1e-8)
    np.testing.assert_allclose(model.parameters_, reference.params, rtol=1e-6, atol=1e-8)  # its own stop rule
    if link == "logit":  # of the other, statsmodels' errors are from the expected information
        np.testing.assert_allclose(model.standard_errors_, reference.bse, rtol=1e-6)
        assert model.summary_.loc["load", "odds ratio"] == np.exp(model.coefficients_["load"])
    assert model.log_likelihood(frame[["load"]], read(frame), unit=frame["unit"]) == pytest.approx(model.log_likelihood_, rel=1e-13)


def test_late_entry_at_bounds_of_periods_leaves_a_regression_without_random_coefficients_as_it_is(late_history):
    model = sj.DiscreteTimeHazard(periods=1.0).fit(late_history[["load"]], read(late_history), unit=late_history["unit"])
    reference = sm.Logit(late_history["failed"].to_numpy(float), unit_periods(late_history)).fit(disp=0, method="newton", tol=1e-14)
    np.testing.assert_allclose(model.log_likelihood_, reference.llf, rtol=0, atol=1e-8)


def test_a_truth_is_recovered_where_a_half_of_the_units_was_seen_only_since_they_survived(mixed):
    for name, value in TRUTH.items():
        assert abs(mixed.parameters_[name] - value) < 4 * mixed.standard_errors_[name], name
        # and the errors say something
        assert mixed.standard_errors_[name] < 0.25 * abs(value), name
    assert mixed.likelihood_ratios_.loc["load", "p"] < 1e-4
    assert mixed.converged_


def test_the_log_likelihood_hardly_moves_with_twice_the_draws(mixed):
    # what the note says was measured, not assumed: it is small beside what a parameter is worth
    assert 0.0 < abs(mixed.monte_carlo_change_) < 1.0
    assert f"{mixed.monte_carlo_change_:+.2g}" in mixed.notes_[-1]


# in months and parts of them: failed, running, came late, failed within an interval, came late within a month
AGE = np.array([3.0, 5.5, 6.0, 4.2, 2.5])
UPPER = np.array([3.0, np.inf, 6.0, 7.0, np.inf])
ENTRY = np.array([0.0, 0.0, 4.0, 1.0, 0.5])
LOAD = np.array([0.8, -0.3, 1.0, 0.4, -1.0])


def by_quadrature(model):
    """The log-likelihood by Gauss-Hermite quadrature over the coefficient of the load."""
    values = model.parameters_
    harm = values["load"] + values["spread[load]"] * NODES
    score = values["level"] + values["log_age"] * np.log(np.arange(1.0, PERIODS + 1.0)) + harm[:, None, None] * LOAD[:, None]
    hazard = np.logaddexp(0.0, score)  # -log(1 - h)

    def collected(ages):
        return (hazard * np.clip(ages[:, None] - np.arange(PERIODS), 0.0, 1.0)).sum(axis=-1)

    exact = np.array([AGE == UPPER])
    alive = np.where(exact, np.maximum(np.ceil(AGE) - 1.0, ENTRY), AGE)[0]
    gone = np.where(np.isinf(UPPER), 0.0, UPPER)
    failing = np.where(np.isinf(UPPER), 1.0, -np.expm1(collected(alive) - collected(gone)))
    seen = WEIGHTS @ (np.exp(-collected(alive)) * failing)
    return np.log(seen) - np.log(WEIGHTS @ np.exp(-collected(ENTRY)))


@in_double_precision
def test_the_simulated_likelihood_is_the_integral_with_late_entry_intervals_and_parts_of_periods(mixed):
    life = sj.Lifetimes.from_intervals(AGE, UPPER, entry=ENTRY)
    groups = Groups(tuple(range(5)), np.arange(5), np.zeros(5, dtype=bool), alone=True)
    fit = dataclasses.replace(mixed._fitted, n_draws=8_192)
    columns, _ = columns_of(fit.predictor, life, groups, LOAD[:, None])
    seen, entered = simulated_parts(fit, columns)
    # 4,096 quasi-random pairs for each of five units: an error of the order of 1 / 4,096
    np.testing.assert_allclose(seen - entered, by_quadrature(mixed), rtol=0, atol=1e-3)
    assert np.abs(entered).max() > 0.05  # so that the entry does matter


@in_double_precision
def test_gradient_and_hessian_are_those_of_differences(mixed):
    fit = mixed._fitted
    life = sj.Lifetimes.from_intervals(AGE, UPPER, entry=ENTRY)
    groups = Groups(tuple(range(5)), np.arange(5), np.zeros(5, dtype=bool), alone=True)
    columns, weights = columns_of(fit.predictor, life, groups, LOAD[:, None])
    rows = columns | {"draws": balanced_draws(5, 64, 1, 0)}
    problem = Problem.pose(UnitLogLikelihood("logit"), "row", fit.predictor.space()[0], Columns(rows, 5), weights, None)
    point = fit.coordinates + np.array([0.1, -0.2, 0.3, 0.2])
    here, step = problem.evaluate(point), 1e-5
    ends = [[problem.evaluate(point + sign * step * one) for sign in (1, -1)] for one in np.eye(4)]
    slopes = [(up.value[0] - down.value[0]) / (2 * step) for up, down in ends]
    curvatures = [(up.gradient[0] - down.gradient[0]) / (2 * step) for up, down in ends]
    # central differences: an error of about step^2 and of rounding over step
    np.testing.assert_allclose(here.gradient[0], slopes, rtol=0, atol=1e-9)
    np.testing.assert_allclose(here.hessian[0], curvatures, rtol=0, atol=1e-9)


def test_each_spread_by_itself_has_no_sign():
    draws = balanced_draws(3, 16, 2, seed=1)
    assert draws.shape == (3, 16, 2)
    for signs in ([-1, 1], [1, -1], [-1, -1]):
        as_sets = [np.array(sorted(map(tuple, one))) for one in (draws[1], draws[1] * signs)]
        np.testing.assert_array_equal(*as_sets)


def test_a_spread_that_the_data_do_not_ask_for_is_0_and_the_rest_as_without_it():
    frame = history(256, seed=1, spread=0.0)
    given = {"X": frame[["load"]], "y": read(frame), "unit": frame["unit"]}
    plain = sj.DiscreteTimeHazard(periods=1.0, baseline="log").fit(**given)
    model = sj.DiscreteTimeHazard(periods=1.0, baseline="log", random=["load"], n_draws=64).fit(**given)
    assert model.parameters_["spread[load]"] == 0.0
    np.testing.assert_allclose(model.parameters_.iloc[:3], plain.parameters_, rtol=1e-12)
    np.testing.assert_allclose(model.standard_errors_.iloc[:3], plain.standard_errors_, rtol=1e-9)
    assert np.isnan(model.standard_errors_["spread[load]"])
    assert model.likelihood_ratios_.loc["load"].to_list() == [0.0, 1.0]
    assert "boundary" in model.notes_[-1]
    lower, upper = model.spread_limits().loc["load"]
    assert lower == 0.0 < upper < 2.0
    at = ({"load": [0.5]}, 2.0, 3.0)
    np.testing.assert_allclose(model.interval("failure_probability", *at), plain.interval("failure_probability", *at), rtol=1e-9)


def test_weights_count_units_and_the_seed_makes_the_draws():
    frame = history(64, seed=5)
    once = frame[frame["start"] == frame.groupby("unit")["start"].transform("max")]  # one row a unit, whole life at its last load
    X, ages, failed = once[["load"]], once["stop"].to_numpy(), once["failed"].to_numpy()

    def fitted(seed, weights=None, n_draws=64):
        model = sj.DiscreteTimeHazard(periods=1.0, baseline="log", random=["Intercept"], n_draws=n_draws, seed=seed)
        return model.fit(X, sj.Lifetimes(ages, failed, weights=weights))

    first = fitted(0)
    np.testing.assert_array_equal(first.parameters_, fitted(0).parameters_)
    assert fitted(1).log_likelihood_ != first.log_likelihood_ or first.parameters_["spread[Intercept]"] == 0.0
    doubled = fitted(0, np.full(len(ages), 2.0))
    np.testing.assert_allclose(doubled.log_likelihood_, 2 * first.log_likelihood_, rtol=1e-12)
    np.testing.assert_allclose(doubled.parameters_, first.parameters_, rtol=1e-6)
