"""Proportional hazards over any base."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.distributions import Distribution, ScaledHazard, UnitFrailty
from survjax.fitting.causes import is_labelled
from survjax.models.regression import Regression
from survjax.regression.predictors import Predictor, Predictors, uncentred
from survjax.regression.report import may_be_centred


def scored(template: Distribution, X: Any, formula: str | None, weights: np.ndarray) -> tuple[Predictors, list[np.ndarray]]:
    """The predictors of a law whose last coordinate is a score, and the columns (n, m) of X."""
    design, matrix = Design.learn_matrix(X, formula, weights=weights)
    design = design if may_be_centred(template) else uncentred(design)
    return Predictors(template, (Predictor(template.n_coordinates() - 1, "", design),)), [matrix]


def refuse_frailty_inside(base: Distribution, name: str) -> None:
    """Refuse a frailty that covariates would act on: it multiplies the hazard of a unit as its covariates have it.

    Raises
    ------
    ValueError
    """
    if isinstance(base, UnitFrailty) or any(isinstance(part, UnitFrailty) for part in base.parts()):
        raise ValueError(
            f"{name} over UnitFrailty would multiply hazards that frailty has been averaged out of. Put the frailty outside, where it "
            "multiplies the hazard of each unit: Frailty(ProportionalHazards(base)), without group one a unit."
        )


def refuse_bases(base: Distribution, name: str) -> None:
    """Refuse what a score cannot act on as a whole.

    Raises
    ------
    ValueError : a law on the whole real line; causes told apart.
    """
    if base.start_of_support < 0.0:
        raise ValueError(
            f"{name} is for positive lifetimes, and {type(base).__name__} lives on the whole real line. Take its positive counterpart, or "
            'ParameterRegression on its location: ParameterRegression(sj.Normal(), {"location": "~ temperature"}).'
        )
    if is_labelled(base):
        raise ValueError(
            f"{name} over causes told apart: covariates act on each cause in its own way. Fit one model a cause, CompetingEvents({{cause: "
            "model}), or ParameterRegression over the CompetingRisks."
        )


class ProportionalHazards(Regression):
    r"""A base hazard of any distribution, multiplied for each unit by the exponential of a linear function of its covariates.

    .. math:: h(t \mid x) = h_0(t)\,e^{x^\top\beta}

    A positive coefficient shortens life, as in R's coxph; exp(coefficient) is the hazard ratio for one more unit of the covariate.
    Inside, columns are standardised. Where a multiple of the base's hazard is of the base's kind (Exponential, Weibull, Gompertz,
    GompertzMakeham, PiecewiseExponential, RoystonParmar) the base is told as that of x = 0, as in R; of other bases, whose kind such a
    multiple leaves, it is that of a unit with every column at its mean, so that the model does not depend on where a covariate has its
    0 (``base_is_of_``). With parameters of the base given, the base is that of x = 0 literally.

    Parameters
    ----------
    base : a learner or distribution of positive lifetimes, mixtures and other wrappers included; values given to it are known.
    formula : as formulaic reads it, ``"~ temperature + C(brand)"``. None: every column of X, categories as indicator columns.
    penalty : ridge; half of it times the sum of squared coefficients of standardised columns is taken off the log-likelihood.
    errors : "model", from the observed information, or "robust", the sandwich (by ``unit`` where fit is given labels).

    References
    ----------
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, section 2.3.2.

    Examples
    --------
    >>> import survjax as sj
    >>> X = {"load": [1.0, 2.0, 3.0, 1.5, 2.5, 0.5]}
    >>> model = sj.ProportionalHazards(sj.Weibull()).fit(X, sj.Lifetimes([30, 21, 12, 28, 15, 40], [1, 1, 1, 1, 1, 0]))
    >>> model.coefficients_.index.to_list()
    ['load']
    """

    def __init__(self, base: Any, formula: str | None = None, *, penalty: float = 0.0, errors: str = "model") -> None:
        self.base = base
        self.formula = formula
        self.penalty = penalty
        self.errors = errors

    def _predictors(self, base: Distribution, X: Any, weights: np.ndarray) -> tuple[Predictors, list[np.ndarray]]:
        refuse_bases(base, "ProportionalHazards")
        if base.has_mass_at_start:
            raise ValueError("the dead on arrival have no hazard to multiply: use AcceleratedFailureTime, or leave ZeroInflated out.")
        refuse_frailty_inside(base, "ProportionalHazards")
        return scored(ScaledHazard(base, None), X, self.formula, weights)

    def _ratio(self) -> str:
        return "hazard ratio"
