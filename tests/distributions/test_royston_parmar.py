"""What is peculiar to the Royston-Parmar law: the spline, the Weibull in it, knots from the data, where it falls."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import survjax as sj
from survjax.distributions import RoystonParmar, Weibull
from tests.conftest import shipped

pytestmark = pytest.mark.usefixtures("double")
DIGITS = mpmath.mp.dps = 40
KNOTS, GAMMA = np.array([5.0, 20.0, 45.0, 90.0]), (-3.0, 1.2, 0.15, -0.1)


def law():
    return RoystonParmar(2, tuple(np.asarray(g) for g in GAMMA), KNOTS)


def exact_log_cumulative_hazard(time):
    """Royston & Parmar 2002, from its definition."""
    x = mpmath.log(mpmath.mpf(time))
    knots = [mpmath.log(mpmath.mpf(float(knot))) for knot in KNOTS]
    value = GAMMA[0] + GAMMA[1] * (x - knots[0])
    for coefficient, knot in zip(GAMMA[2:], knots[1:-1], strict=True):
        share = (knots[-1] - knot) / (knots[-1] - knots[0])
        parts = [max(x - k, mpmath.mpf(0)) ** 3 for k in (knot, knots[0], knots[-1])]
        value += mpmath.mpf(coefficient) * (parts[0] - share * parts[1] - (1 - share) * parts[2])
    return value


@pytest.mark.parametrize("time", [1e-9, 1.0, 10.0, 30.0, 60.0, 200.0, 1e5])
def test_it_agrees_with_its_definition(time):
    exact = mpmath.e ** exact_log_cumulative_hazard(time)
    # the logarithm, of order 30 at most, is rounded
    np.testing.assert_allclose(law().cumulative_hazard(time), float(exact), rtol=1e-13)
    hazard = mpmath.diff(lambda t: mpmath.e ** exact_log_cumulative_hazard(t), mpmath.mpf(time))
    np.testing.assert_allclose(law().hazard(time), float(hazard), rtol=1e-12)


@pytest.mark.parametrize("start", [1.0, 19.9999999, 60.0, 1000.0])
@pytest.mark.parametrize("length", [1e-9, 1e-3, 30.0])
def test_a_short_look_ahead_keeps_its_digits(start, length):
    exact = float(mpmath.e ** exact_log_cumulative_hazard(mpmath.mpf(start) + length) - mpmath.e ** exact_log_cumulative_hazard(start))
    np.testing.assert_allclose(law().cumulative_hazard_between(start, length), exact, rtol=1e-12)
    np.testing.assert_allclose(law().duration_after(start, exact), length, rtol=1e-12)


def test_beyond_the_last_knot_it_is_a_weibull():
    log_times = jnp.log(jnp.array([200.0, 400.0, 800.0]))
    log_hazards = jnp.log(law().cumulative_hazard(jnp.exp(log_times)))
    np.testing.assert_allclose(jnp.diff(log_hazards)[0], jnp.diff(log_hazards)[1], rtol=1e-13)


def test_without_inner_knots_it_is_the_weibull():
    weibull = Weibull(2.5, 30.0)
    straight = RoystonParmar(0, (2.5 * np.log(10.0 / 30.0), 2.5), [10.0, 50.0])
    times = np.array([1e-9, 1.0, 30.0, 200.0])
    for rule in ("log_survival", "log_hazard", "log_density"):
        np.testing.assert_allclose(getattr(straight, rule)(times), getattr(weibull, rule)(times), rtol=1e-13)


def test_where_the_spline_falls_the_density_is_0_and_nothing_is_nan():
    falling = jnp.array([-3.0, -1.0, 0.0, 0.0])

    def log_density(gamma):
        return law().with_values(gamma).log_density(30.0)

    assert log_density(falling) == -jnp.inf
    assert np.all(np.isfinite(jax.grad(log_density)(falling)))


def test_knots_are_placed_at_quantiles_of_log_failure_time():
    placed = RoystonParmar(1, None).with_knots(np.log([1.0, 10.0, 100.0, 1000.0]))
    np.testing.assert_allclose(placed.knots, [1.0, np.sqrt(1000.0), 1000.0], rtol=1e-13)
    assert placed.n_coordinates() == 3
    assert law().with_knots(np.log([1.0, 2.0])).knots is KNOTS
    with pytest.raises(ValueError, match="at least 4 distinct failure times; there are 2"):
        RoystonParmar(2, None).with_knots(np.log([1.0, 1.0, 2.0]))


def test_a_change_of_unit_moves_the_knots_alone():
    changed = law().rescaled(24.0)
    np.testing.assert_allclose(changed.values(), GAMMA)
    np.testing.assert_allclose(changed.log_survival(24.0 * 33.0), law().log_survival(33.0), rtol=1e-13)
    assert law().knows_its_unit()


@pytest.mark.parametrize("name", ["ball_bearings", "waltons"])
def test_without_inner_knots_the_fit_is_rs_weibull(name, r_fits):
    reference = r_fits["fits"][f"{name}:weibull"]
    first = 20.0
    model = sj.RoystonParmar(0, knots=[first, 60.0]).fit(shipped(name))
    shape = np.exp(-reference["coef"]["log_sigma"])
    np.testing.assert_allclose(model.log_likelihood_, reference["log_likelihood"], rtol=1e-8)
    np.testing.assert_allclose(model.parameters_["gamma_1"], shape, rtol=1e-6)
    expected = shape * (np.log(first) - reference["coef"]["(Intercept)"])
    np.testing.assert_allclose(model.parameters_["gamma_0"], expected, rtol=1e-6)
    np.testing.assert_allclose(model.standard_errors_["gamma_1"] / shape, reference["se"]["log_sigma"], rtol=1e-5)


def test_inner_knots_raise_the_likelihood_at_a_point_where_its_slope_is_0():
    life = shipped("waltons")
    straight = sj.RoystonParmar(0, knots=[10.0, 70.0]).fit(life)
    bent = sj.RoystonParmar(1, knots=[10.0, 45.0, 70.0]).fit(life)
    assert bent.converged_
    assert bent.log_likelihood_ > straight.log_likelihood_ + 1


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="n_knots of RoystonParmar must be a whole number"):
        sj.RoystonParmar(-1, gamma=[1.0], knots=[1.0]).fit(shipped("waltons"))
    with pytest.raises(ValueError, match="knots of RoystonParmar has 3 entries"):
        sj.RoystonParmar(1, knots=[1.0, 2.0]).fit(shipped("waltons"))
