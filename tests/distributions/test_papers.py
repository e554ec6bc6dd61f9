"""Each law is a straight line on its own paper."""

import numpy as np
import pytest

import survjax as sj
from survjax.distributions import LAWS, Gamma

STRAIGHT = [law for law in LAWS if law.paper is not None]


def test_these_laws_have_a_paper():
    names = "Exponential Weibull LogNormal LogLogistic Frechet Normal Logistic SmallestExtremeValue LargestExtremeValue"
    assert {law.__name__ for law in STRAIGHT} == set(names.split())


@pytest.mark.parametrize("law", STRAIGHT, ids=lambda law: law.__name__)
def test_a_line_on_the_paper_is_the_law_made_from_it(law):
    location, scale = (0.0, 1.7) if law.paper.from_origin else (3.0, 0.4)
    share = np.array([1e-6, 0.01, 0.3, 0.5, 0.9, 0.999])
    age = law.paper.age(location + scale * law.paper.height(share))
    # two roundings of a height of up to 14, in the exponent for a logarithmic paper
    np.testing.assert_allclose(sj.Model(law.from_line(location, scale)).quantile(share), age, rtol=1e-13)
    np.testing.assert_allclose(law.paper.share(law.paper.height(share)), share, rtol=1e-13)
    np.testing.assert_allclose(law.paper.place(age), location + scale * law.paper.height(share), rtol=1e-13)


def test_a_law_without_a_paper_is_no_line():
    assert Gamma.paper is None
    with pytest.raises(TypeError, match="Gamma is a straight line on no probability paper"):
        Gamma.from_line(0.0, 1.0)
