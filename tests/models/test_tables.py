"""Estimates as tables, and Wald's limits of values in any domain."""

import numpy as np
import pytest
from scipy import stats

import survjax as sj
from survjax.models.intervals import wald_limits
from survjax.models.kept_fit import KeptFit
from survjax.models.tables import by_name, covariance_by_name, errors_by_name, p_of_zero
from survjax.parameters import POSITIVE, PROBABILITY, REAL

REACH = stats.norm.ppf(0.975)
EXACT = 1e-14  # a handful of operations on either side


def test_limits_are_those_of_the_scale_without_ends():
    values, errors = np.array([2.0, 3.0, 0.25]), np.array([0.5, 0.6, 0.05])
    lower, upper = wald_limits(values, errors, [REAL, POSITIVE, PROBABILITY], 0.95, "two")
    log_odds, error = np.log(1.0 / 3.0), 0.05 / (0.25 * 0.75)
    for limits, reach in ((lower, -REACH), (upper, REACH)):
        odds = np.exp(log_odds + reach * error)
        np.testing.assert_allclose(limits, [2.0 + reach * 0.5, 3.0 * np.exp(reach * 0.2), odds / (1.0 + odds)], rtol=EXACT)


@pytest.mark.parametrize(("side", "open_end"), [("lower", [np.inf, np.inf, 1.0]), ("upper", [-np.inf, 0.0, 0.0])])
def test_the_open_end_of_a_bound_is_that_of_the_range(side, open_end):
    limits = dict(zip(("lower", "upper"), wald_limits(np.full(3, 0.5), np.ones(3), [REAL, POSITIVE, PROBABILITY], 0.95, side), strict=True))
    np.testing.assert_array_equal(limits["upper" if side == "lower" else "lower"], open_end)


def test_known_values_are_their_own_limits_and_those_without_an_error_have_none():
    values, errors = np.array([[1.0, 2.0, 1.0], [1.0, 5.0, 3.0]]), np.array([[0.0, 1.0, np.nan], [np.nan, 1.0, 0.0]])
    lower, upper = wald_limits(values, errors, [POSITIVE, None, PROBABILITY], 0.95, "two")
    expected = [[1.0, 2.0, np.nan], [np.nan, 5.0, 3.0]]
    np.testing.assert_array_equal(lower, expected)
    np.testing.assert_array_equal(upper, expected)


def test_p_is_two_sided_and_keeps_its_digits_in_the_tail():
    # scipy's log of the normal tail, an implementation of its own
    estimate, error = np.array([0.0, 1.0, -3.0, 60.0]), np.array([1.0, 0.5, 1.0, 2.0])
    np.testing.assert_allclose(p_of_zero(estimate, error), 2.0 * np.exp(stats.norm.logsf(np.abs(estimate / error))), rtol=1e-12)


def test_writing_into_a_table_leaves_the_fit_alone():
    values, covariance = np.array([1.0, 2.0]), np.diag([4.0, 9.0])
    estimates, table = by_name(["a", "b"], values), covariance_by_name(["a", "b"], covariance)
    estimates["a"] = -1.0
    table.loc["a", "a"] = -1.0
    assert values[0] == 1.0
    assert errors_by_name(["a", "b"], covariance).to_dict() == {"a": 2.0, "b": 3.0}


def test_before_a_fit_the_face_names_itself_and_the_call():
    class Clock(KeptFit[int]):
        _fit_call = "fit(ages)"

    with pytest.raises(sj.NotFitted, match=r"Clock has not been fitted: call fit\(ages\) first"):
        _ = Clock()._fitted
    assert not Clock().__sklearn_is_fitted__()
