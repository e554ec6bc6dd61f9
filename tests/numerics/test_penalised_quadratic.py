"""Quadratics under an elastic net: closed forms, and the conditions that only a minimum meets."""

import numpy as np
import pytest

from survjax.numerics.penalised_quadratic import penalised_minimum


def problem(seed: int, n: int = 30, q: int = 8):
    random = np.random.default_rng(seed)
    columns, target = random.normal(size=(n, q)), random.normal(size=n)
    return columns.T @ columns / n, -columns.T @ target / n


def test_without_curvature_between_coefficients_it_is_soft_thresholding():
    linear, diagonal = np.array([-3.0, 0.5, 2.0, -0.1]), np.array([1.0, 2.0, 4.0, 0.5])
    l1, l2 = np.array([0.0, 1.0, 1.0, 0.05]), np.array([0.0, 0.5, 1.0, 0.0])
    expected = -np.sign(linear) * np.maximum(np.abs(linear) - l1, 0.0) / (diagonal + l2)
    found = penalised_minimum(np.diag(diagonal), linear, l1, l2, np.zeros(4))
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_minimum_meets_its_conditions_wherever_it_is_begun(l1_ratio, seed):
    hessian, linear = problem(seed)
    l1, l2 = np.full(8, 0.1 * l1_ratio), np.full(8, 0.1 * (1 - l1_ratio))
    l1[0] = l2[0] = 0.0
    x = penalised_minimum(hessian, linear, l1, l2, np.zeros(8))
    slope = hessian @ x + linear + l2 * x
    kept = x != 0
    np.testing.assert_allclose(slope[kept], -(l1 * np.sign(x))[kept], atol=1e-14)  # a linear system of eight, well conditioned
    assert (np.abs(slope[~kept]) <= l1[~kept]).all()
    again = penalised_minimum(hessian, linear, l1, l2, np.random.default_rng(9).normal(size=8))
    np.testing.assert_allclose(again, x, atol=1e-13)


def test_two_columns_that_are_the_same_have_a_minimum_under_a_lasso():
    hessian, linear = np.ones((2, 2)), np.array([-1.0, -1.0])
    x = penalised_minimum(hessian, linear, np.full(2, 0.25), np.zeros(2), np.zeros(2))
    assert x.sum() == pytest.approx(0.75, rel=1e-12)
    assert (x >= 0).all()


def test_without_penalty_two_columns_that_are_the_same_have_none():
    with pytest.raises(np.linalg.LinAlgError):
        penalised_minimum(np.ones((2, 2)), np.array([-1.0, -1.0]), np.zeros(2), np.zeros(2), np.zeros(2))
