"""Errors of remaining lives by hand."""

import numpy as np
import pytest

import survjax as sj
from survjax.metrics import alpha_lambda, mae, phm_score, rmse

TRUE, PREDICTED = np.array([10.0, 20.0, 30.0, 40.0]), np.array([13.0, 20.0, 17.0, 47.0])


def test_they_are_what_their_formulas_give():
    assert rmse(TRUE, PREDICTED) == pytest.approx(np.sqrt((9 + 0 + 169 + 49) / 4), rel=1e-15)
    assert mae(TRUE, PREDICTED) == pytest.approx(23 / 4, rel=1e-15)
    # an error of -13 costs e - 1, one of +10 would
    assert phm_score(TRUE, PREDICTED) == pytest.approx(np.exp(0.3) - 1 + np.e - 1 + np.exp(0.7) - 1, rel=1e-14)
    assert alpha_lambda(TRUE, PREDICTED) == 0.5
    assert alpha_lambda(TRUE, PREDICTED, alpha=0.35) == 0.75


def test_weights_are_repeated_rows():
    weights = np.array([1, 0, 2, 3])
    repeated = np.repeat(np.arange(4), weights)
    for metric in (rmse, mae, phm_score, alpha_lambda):
        assert metric(TRUE, PREDICTED, weights=weights) == pytest.approx(metric(TRUE[repeated], PREDICTED[repeated]), rel=1e-14)


def test_lifetimes_give_the_life_left_since_entry():
    life = sj.Lifetimes([15.0, 22.0, 31.0, 45.0], entry=[5, 2, 1, 5], weights=[1, 2, 3, 4])
    for metric in (rmse, mae, phm_score, alpha_lambda):
        assert metric(life, PREDICTED) == pytest.approx(metric(TRUE, PREDICTED, weights=[1, 2, 3, 4]), rel=1e-14)


def test_errors_beyond_all_floats_are_infinitely_bad():
    assert phm_score([1.0], [1e6]) == np.inf
    assert phm_score([1.0, 1.0], [1e6, 1.0], weights=[0, 1]) == 0.0


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match=r"row 1 is 4\+"):
        rmse(sj.Lifetimes([3.0, 4.0], [1, 0]), [1, 2])
    with pytest.raises(ValueError, match=r"predicted must be finite; row 1 has inf .*restricted mean"):
        mae([1.0, 2.0], [1.0, np.inf])
    with pytest.raises(ValueError, match="remaining must be finite; row 0 has -1"):
        mae([-1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="shapes"):
        mae([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="weights must be counts"):
        mae([1.0, 2.0], [1.0, 2.0], weights=[1, -1])
    with pytest.raises(TypeError, match="its own weights"):
        mae(sj.Lifetimes([3.0]), [1.0], weights=[1])
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        alpha_lambda([1.0], [1.0], alpha=0)
    with pytest.raises(ValueError, match="early and late must be positive"):
        phm_score([1.0], [1.0], late=0)
