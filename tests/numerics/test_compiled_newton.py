"""Newton in a compiled loop: the same minima as step by step, and the same reasons to stop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Weibull
from survjax.fitting.inner_fit import fit_inside
from survjax.models import NAMED_MODELS
from survjax.numerics.compiled_newton import REASONS, minimise

pytestmark = pytest.mark.usefixtures("double")


def banana(point):
    value = 100.0 * (point[1] - point[0] ** 2) ** 2 + (1.0 - point[0]) ** 2
    return value, value


def test_many_starts_reach_the_minimum_of_a_bent_valley():
    starts = np.array([[-1.2, 1.0], [3.0, -3.0], [0.0, 0.0], [-2.0, 4.0]])
    arrived = jax.jit(lambda starts: jax.lax.map(lambda start: minimise(banana, start), starts))(starts)
    np.testing.assert_allclose(arrived.point, 1.0, rtol=1e-12)  # a last Newton step below 1e-7 leaves its square
    assert {REASONS[reason] for reason in arrived.reason} == {"converged"}
    assert np.all(arrived.n_steps < 40)


@pytest.mark.parametrize(
    ("total", "reason"),
    [
        (lambda point: (jnp.log(point[0]), jnp.abs(point[0])), "no_finite_start"),
        (lambda point: (-point[0], jnp.abs(point[0])), "step_limit"),
        (lambda point: (jnp.square(point[0]) + 0.0 * point[1], jnp.square(point[0])), "flat"),
    ],
)
def test_what_has_no_minimum_says_so(total, reason):
    arrived = jax.jit(lambda start: minimise(total, start))(np.array([-1.0, 0.5]))
    assert REASONS[arrived.reason] == reason
    assert not arrived.is_minimum


def test_a_fit_inside_a_program_is_the_fit():
    rng = np.random.default_rng(2)
    life = rng.weibull(1.7, 64)
    entry = np.where(rng.random(64) < 0.3, 0.3 * life, 0.0)
    width = np.where(rng.random(64) < 0.4, 0.2, 0.0)
    lower = np.where(width > 0.0, np.maximum(life - width, entry), life)
    lower[:4], upper = 0.0, np.where(rng.random(64) < 0.25, np.inf, np.where(width > 0.0, life + width, life))
    entry[:4], upper[:4] = 0.0, 0.4
    data = Lifetimes.from_intervals(lower, upper, entry=entry)
    assert data.n_failed > data.n_exact > 0
    assert data.n_running > 0
    fitted = NAMED_MODELS["Weibull"]().fit(data)
    real = np.ones(64, bool)
    fit = jax.jit(lambda *rows: fit_inside(Weibull(), *rows, within=True))
    arrived = fit(data.lower, data.upper, entry, real, np.array([0.0, 0.0]))
    assert arrived.is_minimum
    np.testing.assert_allclose(np.exp(arrived.point), fitted.parameters_, rtol=1e-10)  # two Newton methods, two last steps
    np.testing.assert_allclose(-arrived.value * data.n_failed, fitted.log_likelihood_, rtol=1e-12)
    # rows that are not real change nothing
    half = np.arange(64) < 32
    part = NAMED_MODELS["Weibull"]().fit(data[:32])
    np.testing.assert_allclose(np.exp(fit(data.lower, data.upper, entry, half, np.zeros(2)).point), part.parameters_, rtol=1e-10)


def test_a_fit_without_a_failure_has_no_minimum():
    ages = np.linspace(1.0, 2.0, 64)
    arrived = jax.jit(lambda *rows: fit_inside(Weibull(), *rows, None, ages > 0, np.zeros(2), within=False))(ages, np.full(64, np.inf))
    assert REASONS[arrived.reason] == "no_finite_start"
