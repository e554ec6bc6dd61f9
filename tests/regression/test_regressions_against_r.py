"""Coefficients, standard errors and log-likelihoods of accelerated failure time against R's survival."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survjax as sj

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "regressions.json").read_text())
BASES = {"weibull": sj.Weibull, "lognormal": sj.LogNormal, "loglogistic": sj.LogLogistic, "exponential": sj.Exponential}
# formulas of R in formulaic's words; the first level of text in sorted order is the reference in both
WORDS = {"I(log(voltage))": "np.log(voltage)", "I(1000/(temp + 273.15))": "{1000/(temp + 273.15)}"}
# every Weibull, and each other law where its program is compiled for the same shapes; benchmarks/regression_reference.py runs all
FITS = [
    fit
    for fit in REFERENCE["fits"]
    if fit["distribution"] == "weibull" or (fit["data"], fit["distribution"]) in {("lung", "lognormal"), ("mice", "loglogistic")}
]
# R's numerical Hessian fails where an intercept of 60 goes with a slope of -18: there the closed form below rules
WRONG_ERRORS = {"ifluid", "imotor", "capacitor", "tires"}


def formula_of(fit: dict) -> str:
    """The fit's formula in formulaic's words."""
    formula = fit["formula"]
    for theirs, ours in WORDS.items():
        formula = formula.replace(theirs, ours)
    return formula


def data(name: str) -> tuple[pd.DataFrame, sj.Lifetimes]:
    if name == "hard_drives":
        frame = sj.datasets.load_hard_drives()
        return frame, sj.Lifetimes.from_frame(frame, "duration", "event")
    columns = {key: pd.Series(column) for key, column in REFERENCE["data"][name].items()}
    lower, upper = columns.pop("lower"), columns.pop("upper").fillna(np.inf).astype(float)
    life = sj.Lifetimes.from_intervals(lower, upper, entry=columns.pop("entry", None), weights=columns.pop("weight", None))
    return pd.DataFrame(columns), life


@pytest.mark.parametrize("fit", FITS, ids=[f"{fit['data']}-{fit['distribution']}" for fit in FITS])
def test_accelerated_failure_time_is_rs(fit):
    frame, life = data(fit["data"])
    model = sj.AcceleratedFailureTime(BASES[fit["distribution"]](), formula_of(fit)).fit(frame, life)
    slopes = [name for name in fit["coefficients"] if name not in ("(Intercept)", "log_sigma")]
    theirs = np.array([fit["coefficients"][name] for name in slopes])
    errors = np.array([fit["standard errors"][name] for name in slopes])
    # what the issue asks; R's optimiser leaves gradients of up to 1e-6
    assert model.log_likelihood_ == pytest.approx(fit["log likelihood"], rel=1e-8)
    assert (np.abs(model.coefficients_ - theirs) <= 1e-6 * np.maximum(np.abs(theirs), errors)).all()
    if fit["data"] not in WRONG_ERRORS:
        # R's errors come from numerical derivatives, good to some 1e-4 of themselves
        np.testing.assert_allclose(model.standard_errors_[model.coefficients_.index], errors, rtol=1e-4)
    if fit["distribution"] == "weibull":
        base = model.parameters_
        assert np.log(base["scale"]) == pytest.approx(fit["coefficients"]["(Intercept)"], rel=1e-6)
        assert -np.log(base["shape"]) == pytest.approx(fit["coefficients"]["log_sigma"], rel=1e-6)


@pytest.mark.parametrize("name", sorted(WRONG_ERRORS))
def test_errors_are_those_of_the_closed_form_of_the_weibull(name):
    """Second derivatives of the log-likelihood d (log k - log t + z) - exp(z), z = k (log t - x'b), in log k and b, by hand."""
    fit = next(fit for fit in FITS if fit["data"] == name)
    frame, life = data(name)
    model = sj.AcceleratedFailureTime(sj.Weibull(), formula_of(fit)).fit(frame, life)
    design = model._fitted.predictors.each[0].design
    columns = np.column_stack([np.ones(len(life)), design.standardised(design.matrix(frame))])
    slopes = np.concatenate(
        [[np.log(model.parameters_["scale"]) + design.center @ model.coefficients_], model.coefficients_ * design.spread]
    )
    shape = model.parameters_["shape"]
    z = shape * (np.log(life.durations) - columns @ slopes)
    exposure, failed, counts = np.exp(z), life.event_observed, life.counts()
    twice_shape = failed * z - z * exposure - z**2 * exposure
    crossed = shape * (exposure - failed) + shape * z * exposure
    information = np.block(
        [
            [-counts @ twice_shape, -(counts * crossed) @ columns],
            [-((counts * crossed) @ columns)[:, None], columns.T @ (columns * (counts * shape**2 * exposure)[:, None])],
        ]
    )
    errors = np.sqrt(np.diag(np.linalg.inv(information)))[2:] / design.spread
    # the optimum is reached to 1e-7 of a standard error, the information to the square root of rounding
    np.testing.assert_allclose(model.standard_errors_[model.coefficients_.index], errors, rtol=1e-6)
