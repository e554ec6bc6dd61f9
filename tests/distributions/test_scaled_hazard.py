"""A hazard multiplied by a factor far from 1: over a base that the unit's own life is nothing like."""

import numpy as np
import pytest

import survjax as sj
from survjax.distributions import ScaledHazard, Weibull
from survjax.models.precision import in_double_precision


@pytest.mark.parametrize(("scale", "score"), [(1e-5, -30.0), (1e9, 40.0)])
def test_the_density_of_a_unit_far_from_score_0_is_that_of_its_own_weibull(scale, score):
    ages = np.array([0.5, 5.0, 20.0, 60.0])
    laws = ScaledHazard(Weibull(2.0, scale), score), Weibull(2.0, scale * np.exp(-score / 2.0))
    found, wanted = in_double_precision(lambda: [law.log_density_from(ages, np.log(ages)) for law in laws])()
    # exponents of size 40 keep their rounding, 40 eps; by the base's density, whose hazard is 1e12, no digit was left
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def accelerated_test():
    rng = np.random.default_rng(0)
    celsius = rng.choice([60.0, 80.0, 100.0], 64)
    life = rng.weibull(2.0, 64) * np.exp(0.5 * (sj.relations.arrhenius(celsius) - 33.0)) * 100.0
    end = np.quantile(life, 0.7)
    return {"celsius": celsius}, sj.Lifetimes(np.minimum(life, end), life < end)


def test_proportional_hazards_with_a_known_shape_take_a_column_far_from_0():
    # over a Weibull of shape 2 they are accelerated time, coefficients times -2; the base of x = 0 lives at an infinite temperature
    X, y = accelerated_test()
    stretched = sj.AcceleratedFailureTime(sj.Weibull(shape=2.0), "~ arrhenius(celsius)").fit(X, y)
    multiplied = sj.ProportionalHazards(sj.Weibull(shape=2.0), "~ arrhenius(celsius)").fit(X, y)
    # both end within 1e-8 of the maximum
    np.testing.assert_allclose(multiplied.coefficients_, -2.0 * stretched.coefficients_, rtol=1e-7)
    assert multiplied.log_likelihood_ == pytest.approx(stretched.log_likelihood_, rel=1e-10)


def test_likelihood_limits_of_proportional_hazards_take_a_column_far_from_0():
    # the shape is one parameter of both models, and so are its limits, to the 1e-6 to which a walk finds them
    X, y = accelerated_test()
    limits = [
        kind(sj.Weibull(), "~ arrhenius(celsius)").fit(X, y).interval("parameters", X, method="likelihood").loc["shape"]
        for kind in (sj.ProportionalHazards, sj.AcceleratedFailureTime)
    ]
    np.testing.assert_allclose(limits[0], limits[1], rtol=1e-5)
