"""Median-rank regression: by hand, against NumPy, against a published example."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import norm

import survjax as sj

# ReliaSoft, Life Data Analysis Reference, "Weibull: rank regression on Y": six units, beta 1.4302, eta 76.318, rho 0.9956
SIX = sj.Lifetimes([16, 34, 53, 75, 93, 120])


def test_a_published_weibull_example():
    line = sj.rank_regression(sj.Weibull(), SIX, regress="y on x")
    # printed from median ranks of four digits
    np.testing.assert_allclose(line.parameters, [1.4302, 76.318], rtol=1e-4)
    np.testing.assert_allclose(line.correlation, 0.9956, rtol=1e-4)


@pytest.mark.parametrize("regress", ["x on y", "y on x"])
def test_three_points_by_hand(regress):
    # Benard's shares of three are a, 1/2 and 1 - a with a = 7/34; on normal paper their heights are -z, 0 and z, and the
    # mean age is the location: x on y gives (40 - 10) z / (2 z^2), y on x its slope the other way round
    z = NormalDist().inv_cdf(1 - 0.7 / 3.4)
    location, scale = sj.rank_regression(sj.Normal(), sj.Lifetimes([10, 19, 40]), regress=regress, ranks="benard").parameters
    squares = (10 - 23) ** 2 + (19 - 23) ** 2 + (40 - 23) ** 2
    np.testing.assert_allclose(location, 23.0, rtol=1e-14)
    np.testing.assert_allclose(scale, 30 / (2 * z) if regress == "x on y" else squares / (30 * z), rtol=1e-13)


PAPERS = {  # log age or age, and the height of a share, each law's own
    "Weibull": (np.log, lambda p: np.log(-np.log(1 - p)), lambda mu, sigma: (1 / sigma, np.exp(mu))),
    "Frechet": (np.log, lambda p: -np.log(-np.log(p)), lambda mu, sigma: (1 / sigma, np.exp(mu))),
    "LogLogistic": (np.log, lambda p: np.log(p / (1 - p)), lambda mu, sigma: (1 / sigma, np.exp(mu))),
    "LogNormal": (np.log, norm.ppf, lambda mu, sigma: (mu, sigma)),
    "Normal": (np.asarray, norm.ppf, lambda mu, sigma: (mu, sigma)),
    "Logistic": (np.asarray, lambda p: np.log(p / (1 - p)), lambda mu, sigma: (mu, sigma)),
    "SmallestExtremeValue": (np.asarray, lambda p: np.log(-np.log(1 - p)), lambda mu, sigma: (mu, sigma)),
    "LargestExtremeValue": (np.asarray, lambda p: -np.log(-np.log(p)), lambda mu, sigma: (mu, sigma)),
}


@pytest.mark.parametrize("law", PAPERS)
def test_lines_are_those_that_numpy_draws_through_the_same_points(law):
    place, height, parameters = PAPERS[law]
    life = sj.Lifetimes([31, 40, 55, 70, 70, 82, 95], [1, 0, 1, 1, 1, 0, 1])
    line = sj.rank_regression(getattr(sj, law)(), life)
    x, z = place(line.points["age"].to_numpy()), height(line.points["median_rank"].to_numpy())
    sigma, mu = np.polyfit(z, x, 1)
    np.testing.assert_allclose(line.parameters, parameters(mu, sigma), rtol=1e-11)  # polyfit's QR against sums of five terms
    np.testing.assert_allclose(line.correlation, np.corrcoef(x, z)[0, 1], rtol=1e-12)
    slope, intercept = np.polyfit(x, z, 1)
    other = sj.rank_regression(getattr(sj, law)(), life, regress="y on x")
    np.testing.assert_allclose(other.parameters, parameters(-intercept / slope, 1 / slope), rtol=1e-11)


def test_the_line_of_an_exponential_passes_through_the_origin():
    height = -np.log([2.7 / 3.4, 0.5, 0.7 / 3.4])
    ages = np.array([4.0, 9.0, 30.0])
    line = sj.rank_regression(sj.Exponential(), sj.Lifetimes(ages), ranks="benard")
    np.testing.assert_allclose(line.parameters["scale"], ages @ height / (height @ height), rtol=1e-13)
    line = sj.rank_regression(sj.Exponential(), sj.Lifetimes(ages), ranks="benard", regress="y on x")
    np.testing.assert_allclose(line.parameters["scale"], ages @ ages / (ages @ height), rtol=1e-13)


def test_points_on_a_line_give_that_line_either_way():
    shares = sj.rank_regression(sj.Weibull(), SIX).points["median_rank"]
    lives = sj.Weibull(shape=2.5, scale=40.0).quantile(shares)
    for regress in ("x on y", "y on x"):
        line = sj.rank_regression(sj.Weibull(), sj.Lifetimes(lives), regress=regress)
        np.testing.assert_allclose(line.parameters, [2.5, 40.0], rtol=1e-12)
        np.testing.assert_allclose(line.correlation, 1.0, rtol=1e-13)


def test_what_a_model_has_learned_is_not_looked_at_and_its_line_is_a_law():
    line = sj.rank_regression(sj.Weibull().fit(SIX), SIX)
    assert line.parameters.to_dict() == sj.rank_regression(sj.distributions.Weibull(), SIX).parameters.to_dict()
    shape, scale = line.parameters
    np.testing.assert_allclose(sj.Model(line.distribution).survival(50.0), np.exp(-((50 / scale) ** shape)), rtol=1e-14)


REFUSED = {
    "no paper": (lambda: sj.rank_regression(sj.Gamma(), SIX), TypeError, "Gamma is a straight line on no probability paper.*Weibull"),
    "known": (lambda: sj.rank_regression(sj.Weibull(shape=2.0), SIX), ValueError, "shape of Weibull is known"),
    "one age": (lambda: sj.rank_regression(sj.Weibull(), sj.Lifetimes([5, 5, 9], [1, 1, 0])), ValueError, "two distinct ages"),
    "age 0": (lambda: sj.rank_regression(sj.Weibull(), sj.Lifetimes([0, 5, 9])), ValueError, "a failure at age 0 has no place"),
    "another way": (lambda: sj.rank_regression(sj.Weibull(), SIX, regress="x"), ValueError, "regress must be"),
    "an interval": (
        lambda: sj.rank_regression(sj.Weibull(), sj.Lifetimes.from_intervals([1], [2])),
        ValueError,
        "row 0 failed between 1 and 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_such_line_is_refused(case):
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()
