"""Gamma frailty of the rats by litter, against coxph of R's survival (make_frailty.R).

A hazard that is constant between the ages at failure, with units censored in between put back to the age at failure before, has the
likelihood of the hazard of any shape that coxph maximises, ties taken as Breslow does.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survjax as sj

R = json.loads((Path(__file__).parents[1] / "reference" / "frailty.json").read_text())
JUST_AFTER = 1.0 + 1e-9  # a break: failures at its age belong to the piece before


def rats(quarters):
    frame = sj.datasets.load_rats()
    age = 13.0 * np.ceil(frame["duration"] / 13.0) if quarters else frame["duration"].astype(float)
    X = pd.DataFrame({"rx": frame["treated"], "male": (frame["sex"] == "m").astype(int)})
    return X, age.to_numpy(), frame["event"].to_numpy() == 1, frame["litter"].to_numpy()


def of_any_shape(age, failed):
    """The base of pieces, and the lifetimes whose likelihood under it is Breslow's."""
    ages = np.unique(age[failed])
    before = np.append(0.0, ages)[np.searchsorted(ages, age, side="right")]
    return sj.PiecewiseExponential(list(ages[:-1] * JUST_AFTER)), sj.Lifetimes(np.where(failed, age, before), failed)


@pytest.fixture(scope="module")
def fitted():
    X, age, failed, litter = rats(quarters=True)
    base, life = of_any_shape(age, failed)
    return sj.Frailty(sj.ProportionalHazards(base)).fit(X, life, group=litter)


def test_variance_coefficients_and_likelihood_are_those_of_coxph(fitted):
    r = R["quarters"]
    # R's theta is the maximum of a profile known to 1e-14 of 170, flat to the root of that; breaks are shifted by 1e-9
    np.testing.assert_allclose(fitted.frailty_variance_, r["theta"], rtol=1e-6)
    np.testing.assert_allclose(fitted.coefficients_, list(r["coef"].values()), rtol=1e-7)
    np.testing.assert_allclose(0.5 * fitted.likelihood_ratio_, r["rise"], rtol=1e-8)


def test_the_frailties_of_the_litters_are_those_of_coxph(fitted):
    np.testing.assert_allclose(np.log(fitted.frailties_["frailty"]), R["quarters"]["log_frailties"], rtol=1e-6, atol=1e-8)


def test_without_frailty_it_is_coxph_and_with_a_weibull_survreg(fitted):
    X, age, failed, litter = rats(quarters=False)
    model = sj.Frailty(sj.ProportionalHazards(sj.Weibull())).fit(X, sj.Lifetimes(age, failed), group=litter)
    # survreg stops at a relative 1e-12
    np.testing.assert_allclose(model.log_likelihood_ - 0.5 * model.likelihood_ratio_, R["weibull"]["loglik"], rtol=1e-11)
    assert model.p_value_ == pytest.approx(0.106, abs=1e-3)
    assert model.variance_limits()[0] == 0.0
