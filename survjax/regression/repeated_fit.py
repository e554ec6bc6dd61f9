"""A fit's own problem, to be solved again: for other lifetimes of the same units, or with some coefficient held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.fitting.estimation import unit_of_time
from survjax.regression.estimation import Ascent, RegressionFit, RegressionProblem, as_arrays, problem_of
from survjax.regression.predictors import Predictors


@dataclass(frozen=True, eq=False)
class RepeatedFit:
    """Where a fit ended, in the unit of time in which an optimiser works.

    Attributes
    ----------
    inner : the predictors in that unit. point (q,) : the coefficients there. ridge (q,) : of each.
    """

    inner: Predictors
    unit: float
    point: np.ndarray
    ridge: np.ndarray

    @classmethod
    def of(cls, fit: RegressionFit, life: Lifetimes) -> RepeatedFit:
        predictors = fit.predictors
        unit = unit_of_time(predictors.template, life) if predictors.follow_unit_of_time() else 1.0
        inner = predictors.with_template(as_arrays(predictors.template.rescaled(1.0 / unit)))
        point = predictors.rescaled(fit.coefficients, 1.0 / unit)[0]
        slopes = inner.slopes()
        # one strength for all slopes is what a ridge is, so that what it takes off tells it
        strength = 2.0 * fit.penalty / float(np.sum(point[slopes] ** 2)) if fit.penalty else 0.0
        return cls(inner, unit, point, strength * slopes)

    def problem(self, covariates: np.ndarray, life: Lifetimes, as_many_as: int = 0) -> RegressionProblem:
        return problem_of(self.inner, life, covariates, self.unit, self.ridge, as_many_as)

    def to(self, covariates: np.ndarray, life: Lifetimes, as_many_as: int = 0) -> np.ndarray | None:
        """The coefficients (q,), in the user's unit, that the fit finds for other lifetimes; None where it does not arrive."""
        found = Ascent.of(self.problem(covariates, life, as_many_as), self.point)
        return self.inner.rescaled(found.point, self.unit)[0] if found.arrived else None
