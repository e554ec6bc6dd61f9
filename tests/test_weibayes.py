"""The Weibayes bound against its closed form, its coverage by simulation, and what it refuses."""

import numpy as np
import pytest
from scipy.stats import chi2

import survjax as sj

AGES, ENTRIES, COUNTS = np.array([500.0, 800.0, 1200.0]), np.array([0.0, 300.0, 0.0]), np.array([3.0, 2.0, 1.0])


@pytest.mark.parametrize("shape", [0.7, 2.0, 9.0])
def test_without_failures_it_is_the_closed_form(shape):
    bound = sj.weibayes_lower_bound(AGES, [0, 0, 0], shape=shape, level=0.9, entry=ENTRIES, weights=COUNTS)
    expected = ((COUNTS * (AGES**shape - ENTRIES**shape)).sum() / -np.log(0.1)) ** (1 / shape)
    np.testing.assert_allclose(bound.scale, expected, rtol=1e-13)
    assert (bound.n_units, bound.n_failed, bound.level) == (6.0, 0.0, 0.9)


def test_with_failures_it_is_that_of_chi_square():
    bound = sj.weibayes_lower_bound(AGES, [0, 1, 1], shape=2.0, entry=ENTRIES, weights=COUNTS)
    expected = (2 * (COUNTS * (AGES**2 - ENTRIES**2)).sum() / chi2.ppf(0.95, 2 * 3 + 2)) ** 0.5
    np.testing.assert_allclose(bound.scale, expected, rtol=1e-12)  # two implementations of the quantile


def test_what_follows_from_the_scale_is_bounded_with_it():
    bound = sj.weibayes_lower_bound([1000.0] * 20, [0] * 20, shape=2.0)
    at = np.array([100.0, 900.0])
    np.testing.assert_allclose(bound.survival(at), np.exp(-((at / bound.scale) ** 2)), rtol=1e-13)
    np.testing.assert_allclose(bound.quantile(0.1), bound.scale * (-np.log(0.9)) ** 0.5, rtol=1e-13)
    expected = 1 - np.exp((100 / bound.scale) ** 2 - (150 / bound.scale) ** 2)
    np.testing.assert_allclose(bound.predict_failure_probability(100.0, 50.0), expected, rtol=1e-11)
    # at the age that all have reached, (1 - level) to the power 1 / n
    np.testing.assert_allclose(bound.survival(1000.0), 0.05 ** (1 / 20), rtol=1e-13)


def test_several_shapes_give_a_row_each():
    shapes = [1.0, 2.0, 3.0]
    bound = sj.weibayes_lower_bound([1000.0] * 20, [0] * 20, shape=shapes)
    each = [sj.weibayes_lower_bound([1000.0] * 20, [0] * 20, shape=shape) for shape in shapes]
    np.testing.assert_array_equal(bound.scale, [one.scale for one in each])
    np.testing.assert_array_equal(bound.survival([10.0, 500.0]), [one.survival([10.0, 500.0]) for one in each])
    assert bound.predict_failure_probability(5.0, 10.0).shape == (3,)
    np.testing.assert_array_equal(bound.table.index, shapes)
    np.testing.assert_array_equal(bound.table["B10"], [one.quantile(0.1) for one in each])
    assert list(each[0].table.columns) == ["scale", "B1", "B10", "median"]


def test_it_says_that_it_is_a_bound_and_of_what():
    bound = sj.weibayes_lower_bound([1000.0] * 20, [0] * 20, shape=2.0)
    assert repr(bound) == "WeibayesLowerBound(with 95 % confidence scale > 2583.83, if the shape is 2; 0 of 20 units failed)"
    assert "scale &gt; 2583.83" in bound._repr_html_()
    assert not hasattr(bound, "parameters_")


@pytest.mark.parametrize(("shape", "unit"), [(50.0, 1e9), (50.0, 1e-9), (0.01, 1e9)])
def test_powers_of_large_ages_do_not_overflow(shape, unit):
    plain, scaled = (sj.weibayes_lower_bound(factor * AGES, [0, 0, 1], shape=shape, entry=factor * ENTRIES) for factor in (1.0, unit))
    np.testing.assert_allclose(scaled.scale, unit * plain.scale, rtol=1e-11)  # rounding, raised to the power 1 / shape of 100


@pytest.mark.parametrize(("shape", "until"), [(2.0, 0.1), (2.0, 0.8), (0.8, 0.3)])
def test_it_lies_below_the_true_scale_as_often_as_it_says(shape, until):
    # 20 units watched until fixed ages; the count of failures is what is random
    random, level, studies = np.random.default_rng(11), 0.9, 4000
    ends = until * np.linspace(0.5, 1.5, 20)
    lives = random.weibull(shape, (studies, 20))
    below = 0
    for row in lives:
        bound = sj.weibayes_lower_bound(np.minimum(row, ends), row <= ends, shape=shape, level=level)
        below += bound.scale <= 1.0
    error = np.sqrt(level * (1 - level) / studies)  # 0.005
    # conservative, since a number of failures is whole: where few or none are seen, the true scale is hardly ever below
    most = 1.0 if until == 0.1 else level + 0.04 + 4 * error
    assert level - 4 * error < below / studies <= most


REFUSED = {
    "no shape": ([5.0], {"shape": 0.0}, ValueError, "shape must be more than 0; row 0 has shape=0"),
    "text": ([5.0], {"shape": "two"}, TypeError, "shape must be numbers"),
    "empty": ([5.0], {"shape": []}, ValueError, "shape is empty"),
    "per cent": ([5.0], {"shape": 2.0, "level": 95}, ValueError, "level is the confidence"),
    "within intervals": (sj.Lifetimes([4.0, 5.0], [0, 1], resolution=1.0), {"shape": 2.0}, ValueError, "row 1 has upper=5.5 .* known ages"),
    "truncated": (
        sj.Lifetimes.from_intervals([4.0, 5.0], [4.0, 5.0], right_truncation=[np.inf, 9.0]),
        {"shape": 2.0},
        ValueError,
        "right_truncation must be infinite; row 1",
    ),
    "negative": ([-5.0, 6.0], {"shape": 2.0}, ValueError, "row 0 has durations=-5"),
    "unseen": (sj.Lifetimes([0.0, 0.0], [0, 0]), {"shape": 2.0}, ValueError, "no unit has been observed beyond age 0"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_it_cannot_bound_is_refused(kind):
    data, given, error, message = REFUSED[kind]
    with pytest.raises(error, match=message):
        sj.weibayes_lower_bound(data, **given)
