"""What a fitted shared frailty tells of itself: parameters, the test of its variance, the groups, tables, words, a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from survjax.frailty.estimation import FrailtyFit, Profile
from survjax.frailty.posterior import kendall_tau, limits_of_nodes, mean_of_nodes, posterior_limits, posterior_means
from survjax.models.arguments import check_level
from survjax.models.estimator import Estimator
from survjax.models.fit_in_words import fit_as_html, fit_in_words
from survjax.models.kept_fit import KeptFit
from survjax.models.of_landmarks import OfLandmarks
from survjax.models.precision import in_double_precision
from survjax.models.regression import Regression
from survjax.models.regression_intervals import interval_of_report
from survjax.models.tables import by_name, covariance_by_name, errors_by_name, p_of_zero
from survjax.regression.report import Report, base_is_of_zero, report, tell

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

VARIANCE, TAU = "frailty_variance", "kendall_tau"
KEPT_LEVEL = 0.95  # of the limits of the variance that a model file keeps
ALONE = (
    "Every group is one unit, so that the variance is told by nothing but the shape of the base and the way covariates lose their grip "
    "with age: another base with another variance, or with none, may fit as well."
)
AT_ZERO = (
    "The likelihood is highest at a variance of 0: nothing in these data says that groups differ, and the estimates are those without "
    "frailty. The variance has no standard error there; its upper limit is that of the profile likelihood."
)
AVERAGED = (
    "interval(..., group=) covers the uncertainty of the estimates: the frailty of a group is averaged over what it may be, so that the "
    "limits are none of that group's own probability; between which factors of its hazard that lies, frailties() has."
)


class FrailtyFindings(KeptFit[FrailtyFit], OfLandmarks, Estimator):
    """What every fitted shared frailty tells; how it learns and predicts is the business of ``Frailty``."""

    base: Any
    distribution: str
    _fit_call = "fit(X, y, group=labels)"
    _profile: Profile | None = None

    # ---- parameters

    @in_double_precision
    def _report(self) -> Report:
        return report(self._fitted.fit)

    @in_double_precision
    def _told(self) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Names (m + 1,), values and covariance of all parameters, the variance of the frailty last."""
        fit = self._fitted
        told = tell(fit.fit)
        slopes = np.zeros((len(told.names) + 1, len(fit.covariance)))
        slopes[:-1, :-1] = told.slopes
        slopes[-1, -1] = fit.variance
        covariance = slopes @ fit.covariance @ slopes.T
        if fit.at_boundary:
            covariance[-1, :] = covariance[:, -1] = np.nan
        return [*told.names, VARIANCE], np.append(told.values, fit.variance), covariance

    @property
    def parameters_(self) -> pd.Series:
        """Parameters of the base, coefficients, and ``frailty_variance``, by name, in the units of X and of time."""
        names, values, _ = self._told()
        return by_name(names, values)

    @property
    def coefficients_(self) -> pd.Series:
        """The coefficients of the covariates alone: what one more unit does to units of the same frailty."""
        return self.parameters_.iloc[:-1][self._report().is_coefficient]

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors of ``parameters_``, from the observed information; nan for a variance at its boundary, 0, which has none."""
        names, _, covariance = self._told()
        return errors_by_name(names, covariance)

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of ``parameters_`` (m, m)."""
        names, _, covariance = self._told()
        return covariance_by_name(names, covariance)

    @property
    @in_double_precision
    def base_is_of_(self) -> str:
        """Of which unit the base is, at a frailty of 1: one with every covariate 0, or one with every column at its mean."""
        return "every covariate 0" if base_is_of_zero(self._fitted.fit) else "every column at its mean"

    # ---- the frailty

    @property
    def frailty_variance_(self) -> float:
        """Of a gamma frailty with mean 1, or of the logarithm of a lognormal one; theta in R's coxph."""
        return self._fitted.variance

    @property
    def likelihood_ratio_(self) -> float:
        """Twice by how much the log-likelihood is higher than without frailty; 0 at the boundary."""
        return self._fitted.statistic

    @property
    def p_value_(self) -> float:
        """Of the hypothesis that groups do not differ, by the likelihood ratio.

        Under it the statistic is 0 in half of all samples and chi-squared with one degree of freedom in the other (Self & Liang 1987,
        Journal of the American Statistical Association 82), as long as there are many groups.
        """
        from scipy.special import chdtrc

        statistic = self._fitted.statistic
        return 0.5 * float(chdtrc(1.0, statistic)) if statistic > 0.0 else 1.0

    @property
    @in_double_precision
    def kendall_tau_(self) -> float:
        """Kendall's rank correlation of the lives of two units of one group with the same covariates."""
        return kendall_tau(self._fitted.kind, self._fitted.variance)

    @in_double_precision
    def variance_limits(self, level: float = 0.95) -> tuple[float, float]:
        """Limits of ``frailty_variance_`` by its profile likelihood; the lower one is 0 where groups may be alike.

        Raises
        ------
        ValueError : another level than 0.95 of a model that was loaded, whose data are elsewhere.
        """
        check_level(level)
        limits = self._fitted.limits
        if level not in limits:
            if self._profile is None:
                raise ValueError(
                    f"this model was loaded, and keeps the limits of the variance at {KEPT_LEVEL:g} only: fit it again to have others."
                )
            limits[level] = self._profile.limits(level)
        return limits[level]

    @property
    def frailties_(self) -> pd.DataFrame:
        """``frailties()`` at 95 %."""
        return self.frailties()

    @in_double_precision
    def frailties(self, level: float = 0.95) -> pd.DataFrame:
        """What the frailty of each group is likely to be, given its failures and survivals.

        Returns
        -------
        DataFrame with a row a group, by its label: ``frailty`` (the mean, by which the group's hazards are multiplied), ``lower`` and
        ``upper`` (between which it lies with probability ``level``, the estimates taken as the truth), ``failures`` at known ages and
        ``expected``, how many failures a frailty of 1 would have brought (while units were known to run: what became of those that failed
        within intervals is in ``frailty`` and its limits alone).
        """
        import pandas as pd

        check_level(level)
        fit, groups = self._fitted, self._fitted.groups
        if fit.at_boundary:
            means = lower = upper = np.ones(len(groups.labels))
        elif groups.nodes is not None:
            means, (lower, upper) = mean_of_nodes(groups.nodes), limits_of_nodes(groups.nodes, level)
        else:
            means = posterior_means(fit.kind, fit.variance, groups.failures, groups.expected)
            lower, upper = posterior_limits(fit.kind, fit.variance, groups.failures, groups.expected, level)
        columns = {"frailty": means, "lower": lower, "upper": upper, "failures": groups.failures, "expected": groups.expected}
        return pd.DataFrame(columns, index=pd.Index(list(groups.labels), name="group"))

    def plot_frailties(
        self, ax: Axes | None = None, level: float = 0.95, most: int = 40, *, label: str | None = None, color: Any = None
    ) -> Axes:
        """The frailties of the groups in order, each with its limits, on a logarithmic scale.

        Parameters
        ----------
        ax : where to draw; None: a figure of its own. most : how many groups are drawn: of more, those at both ends.
        label, color : before the words of the legend, and of the groups whose limits leave out 1.
        """
        from survjax.plotting import plot_frailties

        return plot_frailties(self.frailties(level), ax=ax, most=most, label=label, color=color)

    # ---- the fit

    @property
    def log_likelihood_(self) -> float:
        """The log-likelihood of the data of the fit, frailties averaged out, densities per unit of time."""
        return self._fitted.fit.log_likelihood

    @property
    def aic_(self) -> float:
        """Akaike's criterion; the variance counts as a parameter."""
        return 2.0 * (self._fitted.fit.n_learned + 1) - 2.0 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, n being the sum of the weights."""
        return float(np.log(self._fitted.fit.n_units)) * (self._fitted.fit.n_learned + 1) - 2.0 * self.log_likelihood_

    @property
    def converged_(self) -> bool:
        return self._fitted.fit.converged

    @property
    def stop_reason_(self) -> str:
        """Why the optimiser stopped: ``converged``, ``at_rounding_floor``, ``flat``, ``step_limit``, …"""
        return self._fitted.fit.reason

    @property
    def n_steps_(self) -> int:
        return self._fitted.fit.n_steps

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences."""
        fit = self._fitted
        said = [(AT_ZERO, fit.at_boundary), (ALONE, fit.alone), (AVERAGED, not (fit.at_boundary or fit.alone))]
        return [*fit.fit.notes, *(sentence for sentence, holds in said if holds)]

    @property
    def summary_(self) -> pd.DataFrame:
        """``summary()`` at 95 %."""
        return self.summary()

    @in_double_precision
    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and limits of every parameter, and p of a coefficient of 0 and of a variance of 0.

        Limits are Wald's, but those of the variance, and of Kendall's tau in the last row, are of the profile likelihood.
        """
        check_level(level)
        told = self._report()
        table = self._intervals(level, "two")
        errors = self.standard_errors_.to_numpy()
        table.insert(1, "standard error", errors)
        table["p"] = [*np.where(told.is_coefficient, p_of_zero(told.values, errors[:-1]), np.nan), self.p_value_]
        ratio = self.base._ratio() if isinstance(self.base, Regression) else None
        if ratio:
            ratios = np.full(len(errors), np.nan)
            ratios[:-1][told.is_coefficient] = np.exp(told.values[told.is_coefficient])
            table.insert(4, ratio, ratios)
        ends = [kendall_tau(self._fitted.kind, limit) if np.isfinite(limit) else 1.0 for limit in self.variance_limits(level)]
        table.loc[TAU] = dict.fromkeys(table.columns, np.nan) | {"estimate": self.kendall_tau_, "lower": ends[0], "upper": ends[1]}
        return table

    def _intervals(self, level: float, side: str) -> pd.DataFrame:
        """Estimate and limits of all parameters; those of the variance by profile likelihood."""
        fit = self._fitted
        table = interval_of_report(self._report(), fit.fit.predictors.template, level, side)
        lower, upper = self.variance_limits(level if side == "two" else 2.0 * level - 1.0)
        table.loc[VARIANCE] = [fit.variance, 0.0 if side == "upper" else lower, np.inf if side == "lower" else upper]
        return table

    def __repr__(self) -> str:
        """The constructor's call; once fitted also the estimates with their standard errors and what they rest on."""
        if self._fit is None:
            return self.constructor()
        names, values, covariance = self._told()
        return fit_in_words(self.constructor(), self._fit.fit, names, values, np.sqrt(np.diag(covariance)))

    def _repr_html_(self) -> str | None:
        return None if self._fit is None else fit_as_html(self.constructor(), self._fit.fit, self.summary(), self.notes_)

    # ---- keeping

    def save(self, path: str | Path) -> None:
        """Write the model as JSON that a person can read: covariates, coefficients, covariance, what is known of each group.

        ``survjax.load`` reads it. The data of the fit are not in the file.

        Raises
        ------
        TypeError : something in the model is not survjax's own, or a label of a group is neither text nor a number.
        """
        from survjax.models.frailty import Frailty
        from survjax.models.frailty_file import write_frailty

        write_frailty(cast(Frailty, self), Path(path))

    def __getstate__(self) -> dict[str, Any]:
        if self._fit is not None and self._profile is not None:
            self.variance_limits(KEPT_LEVEL)
        return {name: value for name, value in vars(self).items() if name not in ("lifetimes_", "_profile")}
