"""Accelerated failure time over any base."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.distributions import Distribution, PiecewiseExponential, ScaledTime
from survjax.fitting.limits import laws_within
from survjax.models.proportional_hazards import refuse_bases, scored
from survjax.models.regression import Regression
from survjax.regression.predictors import Predictors


class AcceleratedFailureTime(Regression):
    r"""Lifetimes of any distribution, stretched for each unit by the exponential of a linear function of its covariates.

    .. math:: T = e^{x^\top\beta}\,T_0, \qquad S(t \mid x) = S_0(t\,e^{-x^\top\beta})

    A positive coefficient lengthens life, as in R's survreg and lifelines (surpyval has the opposite sign); exp(coefficient) is the
    time ratio for one more unit of the covariate. The base is that of x = 0 (R's ``(Intercept)`` is the logarithm of a Weibull's
    ``scale``), except over laws with constants of their own in time, such as known scales, where
    means are not taken off inside and the base is that of x = 0 literally.

    Parameters
    ----------
    base : a learner or distribution of positive lifetimes, mixtures and other wrappers included; values given to it are known.
    formula : as formulaic reads it, ``"~ arrhenius(temperature) + C(brand)"``. None: every column of X.
    penalty : ridge; half of it times the sum of squared coefficients of standardised columns is taken off the log-likelihood.
    errors : "model", from the observed information, or "robust", the sandwich (by ``unit`` where fit is given labels).

    References
    ----------
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, section 2.3.3; Nelson (1990), Accelerated Testing.

    Examples
    --------
    >>> import survjax as sj
    >>> X = {"load": [1.0, 2.0, 3.0, 1.5, 2.5, 0.5]}
    >>> model = sj.AcceleratedFailureTime(sj.Weibull()).fit(X, sj.Lifetimes([30, 21, 12, 28, 15, 40], [1, 1, 1, 1, 1, 0]))
    >>> bool(model.coefficients_["load"] < 0)
    True
    """

    def __init__(self, base: Any, formula: str | None = None, *, penalty: float = 0.0, errors: str = "model") -> None:
        self.base = base
        self.formula = formula
        self.penalty = penalty
        self.errors = errors

    def _predictors(self, base: Distribution, X: Any, weights: np.ndarray) -> tuple[Predictors, list[np.ndarray]]:
        refuse_bases(base, "AcceleratedFailureTime")
        if any(isinstance(law, PiecewiseExponential) for law, _ in laws_within(base)):
            raise ValueError(
                "AcceleratedFailureTime over a PiecewiseExponential: as the pace of time changes, failures pass from one piece to the next "
                "and the likelihood jumps each time, so that it has no maximum to be found by its slopes. Take ProportionalHazards over "
                "it; or for accelerated time RoystonParmar, which is as flexible and smooth."
            )
        return scored(ScaledTime(base, None), X, self.formula, weights)

    def _ratio(self) -> str:
        return "time ratio"
