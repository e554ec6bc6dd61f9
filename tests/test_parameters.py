"""Each domain owns what a change of the unit of time does to its values, their coordinates and their limits."""

import jax
import numpy as np
import pytest

import survjax as sj
from survjax.parameters import DURATION, LOG_TIME, POSITIVE, RATE, REAL_RATE
from tests.conftest import shipped

pytestmark = pytest.mark.usefixtures("double")

VALUES = [(POSITIVE, 2.5), (DURATION, 30.0), (RATE, 0.02), (REAL_RATE, -0.3), (REAL_RATE, 0.0), (LOG_TIME, -1.5)]


@pytest.mark.parametrize(("domain", "value"), VALUES)
def test_values_and_coordinates_follow_a_change_of_unit_together(domain, value):
    there = domain.rescaled(value, 24.0)
    np.testing.assert_allclose(domain.from_real(domain.coordinate_rescaled(domain.to_real(value), 24.0)), there, rtol=1e-15)
    np.testing.assert_allclose(domain.rescaled(there, 1 / 24.0), value, rtol=1e-15)


@pytest.mark.parametrize(("domain", "value"), VALUES)
def test_the_slopes_are_the_derivatives(domain, value):
    assert jax.grad(lambda v: domain.rescaled(v, 24.0))(value) == domain.rescaled_slope(24.0)
    assert jax.grad(lambda c: domain.coordinate_rescaled(c, 24.0))(domain.to_real(value)) == domain.coordinate_slope(24.0)


def test_limits_stay_inside_the_domain():
    assert REAL_RATE.moved(-0.3, 0.1, 2.0) == pytest.approx(-0.1, rel=1e-14)
    assert LOG_TIME.moved(0.0, 0.5, -2.0) == -1.0
    np.testing.assert_allclose(DURATION.moved(30.0, 3.0, -2.0), 30.0 * np.exp(-0.2), rtol=1e-15)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_domain_admits_what_is_not_finite(value):
    assert not any(domain.admits(value) for domain, _ in VALUES)
    assert REAL_RATE.admits(-3.0)
    assert not RATE.admits(-3.0)


@pytest.mark.parametrize(("model", "shift", "factor"), [(sj.LogNormal, [np.log(24), 0], [1, 1]), (sj.Gompertz, [0, 0], [1 / 24, 1 / 24])])
def test_a_fit_in_hours_is_the_fit_in_days(model, shift, factor):
    life = shipped("waltons")
    days = model().fit(life)
    hours = model().fit(24.0 * life.durations, life.event_observed, weights=life.weights)
    # the same numbers inside but for the rounding of 24 t, which the inverse Hessian magnifies
    np.testing.assert_allclose(hours.parameters_, days.parameters_ * factor + shift, rtol=1e-9)
    np.testing.assert_allclose(hours.standard_errors_, days.standard_errors_ * factor, rtol=1e-7)
    in_hours, in_days = hours.interval("survival", [240.0, 1200.0]), days.interval("survival", [10.0, 50.0])
    np.testing.assert_allclose(in_hours, in_days, rtol=1e-7)
    limits = days.interval("parameters")
    np.testing.assert_allclose(hours.interval("parameters")["lower"], limits["lower"] * factor + shift, rtol=1e-7)
