import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess

from survjax.numerics.newton import Descent, Evaluation, judge, propose


def evaluator(value, gradient, hessian):
    def evaluate(points, active):
        return Evaluation(*(np.array([f(point) for point in points]) for f in (value, gradient, hessian)))

    return evaluate


ROSENBROCK = evaluator(rosen, rosen_der, rosen_hess)


def test_rosenbrock_ends_where_scipys_exact_trust_region_ends():
    start = np.array([-1.2, 1.0, 0.7])
    ours = Descent(ROSENBROCK, start[None]).run()
    theirs = minimize(rosen, start, jac=rosen_der, hess=rosen_hess, method="trust-exact", options={"gtol": 1e-12})
    assert ours.reasons == ["converged"]
    np.testing.assert_allclose(ours.points[0], theirs.x, atol=1e-9)  # scipy's own gradient tolerance


def test_several_starts_descend_as_they_would_alone():
    starts = np.random.default_rng(3).normal(size=(5, 3))
    together = Descent(ROSENBROCK, starts).run()
    for lane, start in enumerate(starts):
        alone = Descent(ROSENBROCK, start[None]).run()
        np.testing.assert_array_equal(together.points[lane], alone.points[0])
        assert together.n_steps[lane] == alone.n_steps[0]


def test_a_saddle_is_left():
    # x^2 - y^2 + y^4 / 2 has a saddle at 0 and minima at y = +-1
    saddle = evaluator(
        lambda p: p[0] ** 2 - p[1] ** 2 + p[1] ** 4 / 2,
        lambda p: np.array([2 * p[0], -2 * p[1] + 2 * p[1] ** 3]),
        lambda p: np.diag([2.0, -2 + 6 * p[1] ** 2]),
    )
    descent = Descent(saddle, np.array([[1.0, 1e-4]])).run()
    np.testing.assert_allclose(descent.points[0], [0.0, 1.0], atol=1e-10)


def test_a_flat_valley_is_not_called_a_minimum():
    valley = evaluator(lambda p: (p[0] + p[1]) ** 2, lambda p: 2 * (p[0] + p[1]) * np.ones(2), lambda p: np.full((2, 2), 2.0))
    assert Descent(valley, np.array([[1.0, 2.0]])).run().reasons == ["flat"]


def test_a_start_that_is_not_finite_is_named_and_stays_alone():
    def log_value(p):
        return p[0] - np.log(p[0]) if p[0] > 0 else np.nan

    logarithm = evaluator(log_value, lambda p: 1 - 1 / p, lambda p: np.diag(1 / p**2))
    descent = Descent(logarithm, np.array([[-1.0], [3.0]])).run()
    assert descent.reasons == ["no_finite_start", "converged"]
    np.testing.assert_allclose(descent.points[1], 1.0, rtol=1e-12)


def test_the_number_of_steps_is_bounded():
    assert Descent(ROSENBROCK, np.array([[-1.2, 1.0, 0.7]]), max_steps=3).run().reasons == ["step_limit"]


def test_the_path_begins_at_the_start_and_ends_at_the_optimum():
    start = np.array([-1.2, 1.0, 0.7])
    descent = Descent(ROSENBROCK, start[None]).run()
    np.testing.assert_array_equal(descent.paths[0][0], start)
    np.testing.assert_array_equal(descent.paths[0][-1], descent.points[0])


def test_the_last_step_leaves_no_visible_error():
    # stopping at a small decrement without it left a shape wrong by 6e-6 while the value looked right
    quartic = evaluator(lambda p: (p[0] - 2) ** 4 + p[0] ** 2, lambda p: 4 * (p - 2) ** 3 + 2 * p, lambda p: np.diag(12 * (p - 2) ** 2 + 2))
    root = np.roots([4, -24, 50, -32])
    expected = float(root[np.isreal(root)].real[0])
    np.testing.assert_allclose(Descent(quartic, np.array([[9.0]])).run().points[0, 0], expected, rtol=1e-14)


@pytest.mark.parametrize("radius", [0.1, 100.0])
def test_the_step_rule_is_a_pure_function_of_arrays_of_either_module(radius):
    random = np.random.default_rng(5)
    gradient, square = random.normal(size=(4, 3)), random.normal(size=(4, 3, 3))
    hessian = square + np.swapaxes(square, 1, 2)
    radii = np.full(4, radius)
    host = propose(gradient, hessian, radii)
    with jax.enable_x64(True):
        device = propose(jnp.asarray(gradient), jnp.asarray(hessian), jnp.asarray(radii), xp=jnp)
        np.testing.assert_allclose(device.step, host.step, rtol=1e-8, atol=1e-12)
        taken, following = judge(jnp.zeros(4), -0.5 * device.promised, 1e-15, device, jnp.asarray(radii), xp=jnp)
    assert np.all(taken)
    assert np.all(np.linalg.norm(host.step, axis=1) <= radius * (1 + 1e-9))
    assert np.all(host.promised > 0)
    np.testing.assert_allclose(following, radii)  # half the promise kept: neither longer nor shorter
