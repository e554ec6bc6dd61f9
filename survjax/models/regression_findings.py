"""What a fitted regression tells of itself: parameters, criteria, tables, words, a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from survjax.distributions import DefectiveSubpopulation, Distribution, ScaledHazard, ScaledTime
from survjax.models.arguments import check_level
from survjax.models.estimator import Estimator
from survjax.models.fit_in_words import fit_as_html, fit_in_words
from survjax.models.kept_fit import FitEnding
from survjax.models.of_landmarks import OfLandmarks
from survjax.models.precision import in_double_precision
from survjax.models.regression_intervals import interval_of_report
from survjax.models.tables import by_name, covariance_by_name, errors_by_name, p_of_zero, ratio_columns
from survjax.regression.estimation import RegressionFit
from survjax.regression.report import Report, base_is_of_zero, report

if TYPE_CHECKING:
    import pandas as pd


NEVER = (
    "Some units never fail, so that the mean life and every expected remaining life are infinite. What there is instead: "
    'predict_rul(X, age, horizon=), predict_rul(X, age, kind="median") where that many fail, and of a ParameterRegression '
    'interval("probability_of_failing", X, age).'
)


def _some_never_fail(law: Distribution) -> bool:
    while isinstance(law, (ScaledHazard, ScaledTime)):
        law = law.of
    return isinstance(law, DefectiveSubpopulation) and law.fraction_failing != 1.0


class RegressionFindings(FitEnding[RegressionFit], OfLandmarks, Estimator):
    """What every fitted regression tells; how it learns and predicts is the business of ``Regression``."""

    # ---- what was learned

    _reported: Report | None = None

    @property
    @in_double_precision
    def _report(self) -> Report:
        if self._reported is None:
            self._reported = report(self._fitted)
        return self._reported

    @property
    def parameters_(self) -> pd.Series:
        """Parameters of the base and coefficients, by name, in the units of X and of time.

        ``base_is_of_`` says of which unit the base is; ``parameters_at(X)`` tells the parameters of any.
        """
        return by_name(self._report.names, self._report.values)

    @property
    def coefficients_(self) -> pd.Series:
        """The coefficients of the covariates alone."""
        return self.parameters_[self._report.is_coefficient]

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors of ``parameters_``."""
        return errors_by_name(self._report.names, self._report.covariance)

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of ``parameters_`` (m, m)."""
        return covariance_by_name(self._report.names, self._report.covariance)

    @property
    def base_is_of_(self) -> str:
        """Of which unit the parameters of the base are: one with every covariate 0, or one with every column at its mean."""
        return "every covariate 0" if base_is_of_zero(self._fitted) else "every column at its mean"

    @property
    def log_likelihood_(self) -> float:
        """The log-likelihood of the data of the fit, densities per unit of time; without the penalty."""
        return self._fitted.log_likelihood

    @property
    def aic_(self) -> float:
        """Akaike's criterion. Refused with a penalty, and of landmarks of which units have several (ValueError)."""
        return 2.0 * self._n_free("aic_") - 2.0 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, n being the sum of the weights. Refused as ``aic_``."""
        return float(np.log(self._fitted.n_units)) * self._n_free("bic_") - 2.0 * self.log_likelihood_

    def _n_free(self, criterion: str) -> int:
        if self._fitted.penalty:
            raise ValueError(
                f"{criterion} compares fits of maximum likelihood, and this one is penalised. Compare scores of data held out."
            )
        self._refuse_criterion(criterion)
        return self._fitted.n_learned

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences."""
        return [*self._fitted.notes, *([NEVER] if _some_never_fail(self._fitted.predictors.template) else [])]

    @property
    def summary_(self) -> pd.DataFrame:
        """``summary()`` at 95 %."""
        return self.summary()

    @in_double_precision
    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and Wald limits at ``level`` of every parameter and coefficient, and p of a coefficient of 0.

        ``lower`` and ``upper`` are limits of the estimate; the hazard ratio or time ratio beside them has its own.
        """
        check_level(level)
        told = self._report
        table = interval_of_report(told, self._fitted.predictors.template, level, "two")
        errors = np.sqrt(np.diag(told.covariance))
        table.insert(1, "standard error", errors)
        if ratio := self._ratio():
            table = table.assign(**{name: column.where(told.is_coefficient) for name, column in ratio_columns(ratio, table).items()})
        return table.assign(p=np.where(told.is_coefficient, p_of_zero(told.values, errors), np.nan))

    def _ratio(self) -> str | None:
        """What the exponential of a coefficient is; None where that depends on the coefficient."""
        return None

    def _log_ratio(self, rows: Any, typical: Any) -> tuple[np.ndarray, np.ndarray]:
        """The logarithm of the ratio of units (n,) to a typical one, and its variance; both 0 for the typical one."""
        fit = self._fitted
        (one,) = fit.predictors.each
        where = fit.predictors.layout.slices()[one.coordinate]
        difference = one.columns(rows) - one.columns(typical)
        return difference @ fit.coefficients[where], np.einsum("na,ab,nb->n", difference, fit.covariance[where, where], difference)

    def __repr__(self) -> str:
        """The constructor's call; once fitted also the estimates with their standard errors and what they rest on."""
        if self._fit is None:
            return self.constructor()
        told = self._report
        counted = self._counted(self._fit.n_units, self._fit.n_failed)
        return fit_in_words(self.constructor(), self._fit, told.names, told.values, np.sqrt(np.diag(told.covariance)), counted)

    def _repr_html_(self) -> str | None:
        if self._fit is None:
            return None
        return fit_as_html(self.constructor(), self._fit, self.summary(), self.notes_, self._counted(self._fit.n_units, self._fit.n_failed))

    # ---- keeping

    def _beside_the_fit(self) -> dict[str, float]:
        """What a model file keeps besides the fit itself."""
        return {}

    def _with_what_was_beside(self, kept: Mapping[str, Any]) -> None:
        """Take up what ``_beside_the_fit`` gave to a file."""

    def save(self, path: str | Path) -> None:
        """Write the model as JSON that a person can read: how covariates are read, coefficients, covariance, how the fit went.

        ``survjax.load`` reads it. The data of the fit are not in the file.

        Raises
        ------
        TypeError : something in the model is not survjax's own, so that no file could bring it back.
        """
        from survjax.models.regression import Regression
        from survjax.models.regression_file import write_regression

        write_regression(cast(Regression, self), Path(path))
