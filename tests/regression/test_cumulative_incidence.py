"""Incidence by quadrature, against closed forms, mpmath, and what is lost of survival."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from survjax.distributions import (
    CompetingRisks,
    DefectiveSubpopulation,
    Exponential,
    LogLogistic,
    Mixture,
    PiecewiseExponential,
    ScaledHazard,
    ScaledTime,
    Threshold,
    Weibull,
)
from survjax.regression.cumulative_incidence import incidences, probability_of, probability_of_spared

BATHTUB = CompetingRisks((Weibull(shape=0.7, scale=60.0), Weibull(shape=5.0, scale=90.0)))
TWO_KINDS = Mixture((Weibull(20.0, 5.0), Weibull(30.0, 100.0)), (0.05, 0.95))
INCIDENCES = jax.jit(lambda law, age, horizon: jnp.stack(incidences(law, age, horizon)))
COLLECTED = jax.jit(lambda law, age, horizon: law.cumulative_hazard_between(age, horizon))


def as_arrays(law):
    return jax.tree.map(lambda value: jnp.asarray(value, float), law)


@pytest.mark.parametrize("age", [0.0, 40.0])
@pytest.mark.parametrize("horizon", [0.0, 1e-9, 3.0, 60.0, 1e5])
def test_constant_hazards_share_what_is_lost_in_their_proportion(double, age, horizon):
    law = as_arrays(CompetingRisks((Exponential(30.0), Exponential(80.0))))
    total = 1 / 30.0 + 1 / 80.0
    expected = np.array([1 / 30.0, 1 / 80.0]) / total * -np.expm1(-total * horizon)
    # of a cumulative hazard below 1e-10 nothing but itself is looked at
    np.testing.assert_allclose(INCIDENCES(law, age, horizon), expected, rtol=1e-10)


@pytest.mark.parametrize(("age", "horizon"), [(0.0, 1e-4), (0.0, 50.0), (20.0, 5.0), (150.0, 30.0), (150.0, 1e4)])
def test_weibulls_of_one_shape_share_what_is_lost_in_a_proportion_without_age(double, age, horizon):
    law = as_arrays(CompetingRisks((Weibull(2.5, 30.0), Weibull(2.5, 80.0))))
    rates = np.array([30.0, 80.0]) ** -2.5
    expected = rates / rates.sum() * -np.expm1(-float(COLLECTED(law, age, horizon)))
    np.testing.assert_allclose(INCIDENCES(law, age, horizon), expected, rtol=1e-11)


def bathtub_by_mpmath(cause, age, horizon):
    mpmath.mp.dps = 30
    k, s = ((mpmath.mpf("0.7"), 60), (mpmath.mpf(5), 90))[cause]

    def collected(t):
        return (t / 60) ** mpmath.mpf("0.7") + (t / 90) ** 5

    age, end = mpmath.mpf(age), mpmath.mpf(age) + mpmath.mpf(horizon)
    edges = [mpmath.mpf(10) ** power for power in range(-30, 1, 2)] + [3, 10, 30, 60, 80, 90, 105, 120, 150, 160, 200, 400]
    inner = [age, *(edge for edge in edges if age < edge < end), end]
    return float(mpmath.quad(lambda t: k / s * (t / s) ** (k - 1) * mpmath.exp(collected(age) - collected(t)), inner))


@pytest.mark.parametrize(("age", "horizon"), [(0.0, 3.0), (0.0, 500.0), (30.0, 1e-6), (30.0, 60.0), (85.0, 0.5), (150.0, 100.0)])
def test_incidence_of_unlike_laws_agrees_with_mpmath(double, age, horizon):
    expected = [bathtub_by_mpmath(cause, age, horizon) for cause in (0, 1)]
    # 30 + 1e-6 keeps ten digits of the time ahead, where the hazard hardly moves
    np.testing.assert_allclose(INCIDENCES(as_arrays(BATHTUB), age, horizon), expected, rtol=1e-10)


def test_incidence_beside_a_mixture_agrees_with_mpmath(double):
    mpmath.mp.dps = 30

    def survival(t):
        return mpmath.mpf("0.05") * mpmath.exp(-((t / 5) ** 20)) + mpmath.mpf("0.95") * mpmath.exp(-((t / 100) ** 30))

    # by parts: the exponential's share is the integral of its hazard times both survivals
    edges = [0, 3, 4, 4.5, 5, 5.5, 6, 20, 60, 80, 90, 95, 100, 105, 110, 115]
    expected = float(mpmath.quad(lambda t: survival(t) * mpmath.exp(-t / 200) / 200, edges))
    found = INCIDENCES(as_arrays(CompetingRisks((TWO_KINDS, Exponential(200.0)))), 0.0, 115.0)
    np.testing.assert_allclose(found[1], expected, rtol=1e-11)


HARD = {
    "bathtub": BATHTUB,
    "sharp beside broad": CompetingRisks((Weibull(60.0, 40.0), Weibull(0.6, 100.0))),
    "a mixture": CompetingRisks((TWO_KINDS, Weibull(3.0, 150.0))),
    "mixtures scaled": CompetingRisks((ScaledHazard(TWO_KINDS, 2.5), ScaledTime(TWO_KINDS, -1.0))),
    "jumps": CompetingRisks((PiecewiseExponential(np.array([20.0, 50.0]), (0.01, 0.001, 0.08)), LogLogistic(3.0, 40.0))),
    "parts that cannot fail": CompetingRisks(
        (DefectiveSubpopulation(Weibull(3.0, 30.0), 0.3), DefectiveSubpopulation(Weibull(2.0, 60.0), 0.3))
    ),
    "after a threshold": CompetingRisks((Threshold(Weibull(0.7, 30.0), 20.0), Exponential(100.0))),
}


@pytest.mark.parametrize("name", HARD)
def test_incidences_and_survival_sum_to_one(double, name):
    law = as_arrays(HARD[name])
    for age in (0.0, 1.0, 25.0, 90.0, 150.0):
        for horizon in (1e-6, 1.0, 37.0, 300.0, 1e5):
            lost = -np.expm1(-float(COLLECTED(law, age, horizon)))
            np.testing.assert_allclose(float(INCIDENCES(law, age, horizon).sum()), lost, atol=1e-10, rtol=0, err_msg=f"{age}, {horizon}")


RATES = (1 / 30.0, 1 / 50.0, 1 / 200.0)  # of the cause asked for, and of two removed


@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0, 4.0, 20.0])
@pytest.mark.parametrize("horizon", [0.0, 0.5, 40.0, 400.0])
def test_units_spared_at_constant_hazards_are_those_of_the_closed_form(double, ratio, horizon):
    own, taken, total = RATES[0], sum(RATES[1:]), sum(RATES)
    late = np.exp(-ratio * own * horizon) * -np.expm1(-(total - ratio * own) * horizon) / (total - ratio * own)
    expected = taken * (-np.expm1(-total * horizon) / total - late)
    law = as_arrays(CompetingRisks(tuple(Exponential(1 / rate) for rate in RATES)))
    np.testing.assert_allclose(SPARED(law, 30.0, horizon, ratio), expected, atol=1e-10)


SPARED = jax.jit(probability_of_spared(0))


def test_units_spared_at_a_ratio_of_one_make_up_independence(double):
    law = as_arrays(CompetingRisks((Weibull(0.7, 60.0), Weibull(5.0, 90.0), Weibull(1.5, 120.0))))
    alone = jax.jit(probability_of(0, (1, 2)))
    for age in (0.0, 80.0):
        for horizon in (5.0, 40.0, 300.0):
            together = INCIDENCES(law, age, horizon)[0] + SPARED(law, age, horizon, 1.0)
            np.testing.assert_allclose(together, alone(law, age, horizon), atol=1e-10)


def test_the_more_the_spared_would_fail_the_closer_the_upper_bound(double):
    law = as_arrays(BATHTUB)
    gained = [float(SPARED(law, 10.0, 70.0, ratio)) for ratio in (0.0, 0.5, 1.0, 10.0, 1e3, 1e5)]
    removed = float(INCIDENCES(law, 10.0, 70.0)[1])
    assert gained[0] == 0.0
    assert np.all(np.diff(gained) > 0)
    assert gained[-1] < removed
    # a unit spared lives 1 / (ratio h) on: all but those spared in the last 1e-5 / h of the horizon have failed by its end
    assert gained[-1] == pytest.approx(removed, abs=1e-3)
