"""What a fitted Cox regression tells of itself: coefficients, tables, tests of its assumptions, a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from survjax.cox import predictions
from survjax.cox.fit import CoxFit, Kept, read_target
from survjax.cox.intervals import interval_of_coefficients
from survjax.cox.residuals import RESIDUALS
from survjax.cox.schoenfeld import function_of_age, proportionality
from survjax.models.arguments import check_level
from survjax.models.estimator import Estimator
from survjax.models.fit_in_words import estimates_in_words, table_as_html
from survjax.models.kept_fit import KeptFit
from survjax.models.of_landmarks import OfLandmarks
from survjax.models.tables import by_name, covariance_by_name, errors_by_name, p_of_zero, ratio_columns

if TYPE_CHECKING:
    import pandas as pd


class CoxFindings(KeptFit[CoxFit], OfLandmarks, Estimator):
    """What a fitted Cox regression tells; how it learns and predicts is the business of ``CoxProportionalHazards``."""

    _kept: Kept | None = None

    def __getstate__(self) -> dict[str, Any]:
        # a pickle holds the model, not the fleet
        return {name: value for name, value in vars(self).items() if name != "_kept"}

    # ---- what was learned

    @property
    def coefficients_(self) -> pd.Series:
        """Log hazard ratios (p,) by name, of one unit more of each covariate."""
        return by_name(self._fitted.design.names, self._fitted.maximum.beta / self._fitted.design.spread)

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors (p,) of ``coefficients_``. Raises as ``covariance_``."""
        return errors_by_name(self._fitted.design.names, self.covariance_.to_numpy())

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance (p, p) of ``coefficients_``; with a ridge the inverse of the penalised information (Gray 1992).

        Raises
        ------
        ValueError : the fit has a lasso, of which no covariance is known.
        """
        fit = self._fitted
        if fit.covariance is None:
            raise ValueError("coefficients of a lasso have no standard errors: some are exactly 0. Use l1_ratio=0, or a bootstrap.")
        return covariance_by_name(fit.design.names, fit.covariance / np.outer(fit.design.spread, fit.design.spread))

    @property
    def log_likelihood_(self) -> float:
        """The log partial likelihood, without the penalty."""
        return self._fitted.maximum.here.value

    @property
    def null_log_likelihood_(self) -> float:
        """The log partial likelihood with every coefficient 0."""
        return self._fitted.maximum.at_zero.value

    @property
    def aic_(self) -> float:
        """Akaike's criterion of the partial likelihood, for Cox regressions of the same data only.

        Refused with a penalty, and of landmarks of which units have several (ValueError).
        """
        fit = self._fitted
        if fit.penalty.lasso or fit.penalty.ridge:
            raise ValueError("aic_ compares fits of maximum likelihood, and this one is penalised. Compare scores of data held out.")
        self._refuse_criterion("aic_")
        return 2.0 * len(fit.maximum.beta) - 2.0 * self.log_likelihood_

    @property
    def n_steps_(self) -> int:
        """How many Newton steps the fit took."""
        return self._fitted.maximum.n_steps

    @property
    def optimality_(self) -> float:
        """How far the fit is from a maximum: the largest violation of its first-order conditions, per unit of weight.

        The conditions are those of the penalised log-likelihood of standardised covariates (Karush, Kuhn and Tucker's with a lasso); they
        are sufficient, since it is concave.
        """
        return self._fitted.maximum.violation / self._fitted.n_units

    @property
    def baseline_cumulative_hazard_(self) -> pd.Series:
        """The cumulative hazard of a unit at the mean of every covariate, by age at failure; with strata by stratum and age."""
        import pandas as pd

        fit = self._fitted
        curves = [pd.Series(np.exp(curve.log_hazard), index=pd.Index(curve.age, name="age")) for curve in fit.baselines]
        if len(curves) == 1:
            return curves[0].rename("cumulative_hazard")
        names = [*(fit.strata.names if len(fit.strata.names) > 1 else ["stratum"]), "age"]
        return pd.concat(dict(zip(fit.strata.levels, curves, strict=True)), names=names).rename("cumulative_hazard")

    @property
    def summary_(self) -> pd.DataFrame:
        """``summary()`` at 95 %."""
        return self.summary()

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """One row a covariate: estimate (log hazard ratio) and hazard ratio, each with its Wald limits at ``level``, standard error and p.

        p is the probability of so large an estimate were there no effect. With a lasso estimate and hazard ratio only.
        """
        import pandas as pd

        check_level(level)
        with np.errstate(over="ignore"):  # of one unit more of a covariate in very small units the ratio is beyond all numbers
            if self._fitted.covariance is None:
                return pd.DataFrame({"estimate": self.coefficients_, "hazard ratio": np.exp(self.coefficients_)})
            table = interval_of_coefficients(self._fitted, level, "two")
            error = self.standard_errors_
            table.insert(1, "standard error", error)
            return table.assign(**ratio_columns("hazard ratio", table), p=p_of_zero(table["estimate"], error))

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences."""
        return list(self._fitted.notes)

    def _ratio(self) -> str:
        return "hazard ratio"

    def _log_ratio(self, rows: Any, typical: Any) -> tuple[np.ndarray, np.ndarray]:
        """The logarithm of the hazard ratio of units (n,) to a typical one, and its variance; both 0 for the typical one."""
        fit, covariance = self._fitted, self.covariance_.to_numpy()
        difference = fit.design.matrix(rows) - fit.design.matrix(typical)
        return difference @ self.coefficients_.to_numpy(), np.einsum("na,ab,nb->n", difference, covariance, difference)

    def __repr__(self) -> str:
        """The constructor's call; once fitted also what the fit rests on and the estimates with their standard errors."""
        if self._fit is None:
            return self.constructor()
        estimate = self.coefficients_
        errors = np.full(len(estimate), np.nan) if self._fit.covariance is None else self.standard_errors_.to_numpy()
        return estimates_in_words(self._heading(), list(estimate.index), estimate.to_numpy(), errors)

    def _repr_html_(self) -> str | None:
        return None if self._fit is None else table_as_html(self._heading(), self.summary(), self.notes_)

    def _heading(self) -> str:
        return f"{self.constructor()} fitted to {self._counted(self._fitted.n_units, self._fitted.n_failed)}"

    def global_tests(self) -> pd.DataFrame:
        """Whether any covariate has an effect: likelihood ratio, Wald and score tests, each with statistic, degrees of freedom and p.

        Raises
        ------
        ValueError : the fit is penalised.
        """
        import pandas as pd

        fit = self._fitted
        if fit.penalty.lasso or fit.penalty.ridge:
            raise ValueError("these tests are of maximum likelihood, and this fit is penalised. Fit with penalty=0.")
        assert fit.covariance is not None  # only a lasso has none
        beta, zero = fit.maximum.beta, fit.maximum.at_zero
        statistics = [
            2.0 * (self.log_likelihood_ - self.null_log_likelihood_),
            float(beta @ np.linalg.solve(fit.covariance, beta)),
            float(zero.gradient @ np.linalg.solve(zero.information, zero.gradient)),
        ]
        table = pd.DataFrame({"statistic": statistics, "df": len(beta)}, index=["likelihood ratio", "Wald", "score"])
        return table.assign(p=chdtrc(table["df"], table["statistic"]))

    # ---- whether it holds

    def residuals(self, kind: str = "martingale") -> pd.DataFrame:
        """Residuals of the rows of the fit.

        Parameters
        ----------
        kind : "martingale": failures less those expected, (n, 1). "deviance": the same with a more even spread, (n, 1).
            "score": each row's part of the gradient, (n, p). "dfbeta": about how much the coefficients would change without the row,
            (n, p). "schoenfeld": of each failure its covariates less their mean over the risk set, (d, p), by age. "scaled_schoenfeld": the
            same in terms of coefficients at that age, (d, p), which proportional hazards leave flat (Grambsch & Therneau 1994).

        Raises
        ------
        ValueError : no such kind; a model that was loaded, whose data are elsewhere.

        Rows are per unit, whatever their weight, as those of R's ``residuals.coxph``, in the user's units.
        """
        if kind not in RESIDUALS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, RESIDUALS))}; got {kind!r}.")
        return RESIDUALS[kind](self._fitted, self._data())

    def schoenfeld_test(self, X: Any = None, y: Any = None, *, strata: Any = None, transform: str = "km") -> pd.DataFrame:
        """Whether hazards are proportional: score tests of coefficients that change with age, one a covariate and one of all.

        Parameters
        ----------
        X, y, strata : other data than those of the fit, as for ``fit``. None: the data of the fit.
        transform : the function of age by which coefficients may change: "km" (one less Kaplan–Meier's survival), "rank", "identity" or
            "log"; as in R's ``cox.zph``, whose numbers these are.

        Returns a frame with statistic, df and p. A small p speaks against proportional hazards.

        Raises
        ------
        ValueError : no such transform; a logarithm of age 0; what ``fit`` raises of X and y.
        """
        import pandas as pd

        fit = self._fitted
        if (X is None) != (y is None):
            raise ValueError("pass X and y, or neither for the data of the fit.")
        kept = self._data() if X is None else predictions.likelihood_of(fit, X, read_target(X, y), strata)
        ages = function_of_age(transform, kept.life, kept.likelihood.rows.times.age)
        statistics, freedom, p = proportionality(kept.likelihood, fit.maximum.beta, ages, fit.penalty.ridge)
        return pd.DataFrame({"statistic": statistics, "df": freedom.astype(int), "p": p}, index=[*fit.design.names, "all"])

    def _data(self) -> Kept:
        if self._kept is None:
            raise ValueError("this model was loaded, and its data are not with it: fit it again, or pass X and y where they are taken.")
        return self._kept
