"""Cox regression: the learner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from scipy.special import chdtrc, ndtri

from survjax.cox import predictions
from survjax.cox.concordance import concordance
from survjax.cox.fit import CoxFit, Kept, fit_cox, read_target, refuse_other_length
from survjax.cox.penalty import read_penalty
from survjax.cox.residuals import RESIDUALS
from survjax.cox.rows import rows_at_risk
from survjax.cox.schoenfeld import function_of_age, proportionality
from survjax.cox.ties import RULES
from survjax.errors import NotFitted
from survjax.models.arguments import check_level
from survjax.models.estimator import Estimator
from survjax.models.fit_in_words import estimates_in_words
from survjax.models.habits import in_survjax_words

if TYPE_CHECKING:
    import pandas as pd


class CoxProportionalHazards(Estimator):
    r"""Hazards that covariates multiply, over a baseline that is left open.

    .. math:: h(t \mid x) = h_s(t)\, \exp(x'\beta)

    with a baseline hazard of each stratum s. Coefficients have the sign of R's ``coxph``: a positive one raises the hazard, and exp of it
    is the hazard ratio of a unit one larger. Only the order of failures enters, so that nothing is known of ages beyond the data:
    for those use a parametric model.

    Parameters
    ----------
    formula : as formulaic reads it, ``"~ temperature + C(brand)"``; None: every column of X, categories as a column for each level beside
        the first. There is no intercept: it is the baseline's.
    ties : failures at the same age: "efron" (1977), or "breslow" (1974), which is faster to compute and biased to 0 where ties are many.
    penalty : strength of the elastic net, 0 for none: penalty * (l1_ratio * sum abs(b) + (1 - l1_ratio) / 2 * sum b^2) is taken off the
        log-likelihood, b being coefficients of covariates in standard deviations; so a ridge is R's ``ridge`` with theta = penalty, and
        lifelines' and glmnet's strengths, which are per unit, are to be multiplied by the number of units.
    l1_ratio : the share of the lasso, from 0 (ridge) to 1 (lasso).
    errors : "model", from the information (with weights that count units); or "robust", the sandwich of Lin & Wei (1989) over units,
        which holds without proportional hazards, and with weights that are those of a sample.

    Weights count units: a row of weight 3 is the same as three rows, also where failures are tied.

    References
    ----------
    Cox (1972), Journal of the Royal Statistical Society B 34. Therneau & Grambsch (2000), Modeling Survival Data.

    Examples
    --------
    >>> import survjax as sj
    >>> drives = sj.datasets.load_hard_drives()
    >>> life = sj.Lifetimes.from_frame(drives, duration="duration", event="event")
    >>> model = sj.CoxProportionalHazards("~ temperature").fit(drives, life)
    >>> model.coefficients_.round(3).to_dict()
    {'temperature': -0.149}
    """

    formula: str | None
    ties: str
    penalty: float
    l1_ratio: float
    errors: str
    _fit: CoxFit | None = None
    _kept: Kept | None = None

    has_density = False  # the baseline has steps: ``score`` is a concordance, and no log-likelihood of single units

    def __init__(
        self,
        formula: str | None = None,
        *,
        ties: Literal["efron", "breslow"] = "efron",
        penalty: float = 0.0,
        l1_ratio: float = 0.0,
        errors: Literal["model", "robust"] = "model",
    ) -> None:
        self.formula = formula
        self.ties = ties
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.errors = errors

    # ---- learning

    @in_survjax_words
    def fit(self, X: Any, y: Any = None, *, unit: Any = None, strata: Any = None) -> Self:
        """Learn coefficients and baselines.

        Parameters
        ----------
        X : (n, p) covariates: data frame, array or mapping of columns.
        y : (n,) a ``Lifetimes`` of failures at known ages and running units, with entry and weights; or a structured array (event, time) as
            scikit-survival's. Covariates that change have several rows a unit, each a (entry, duration] in which they stay.
        unit : (n,) labels, or the name of a column of X: which unit each row is of. Its rows are then checked to be one history, and robust
            errors are those of units. None: a unit each; rows of one history may come all the same, and only robust errors need to know.
        strata : (n,) labels, or the name of a column of X or a list of such: rows with a baseline of their own. Named columns are found
            again at prediction, and are no covariates (unless a formula says so); labels beside X are to be given again.

        Raises
        ------
        TypeError : X or y is nothing that can be read.
        ValueError : a constructor argument is malformed; a value is missing; failures known only within an interval; right truncation;
            other numbers of rows; a unit's rows overlap, leave gaps or go on after a failure; columns that are constant, collinear or
            the same for all units at risk together. Messages name row or column and remedy.
        NoFiniteMaximum : no failures; or without a penalty a coefficient would be infinite, as of a level without failures.
        NotConverged : the search stopped short.

        A fit that raises leaves the model as it was. One that does not keeps its columns of X, for ``residuals`` and
        ``schoenfeld_test``; pickles do without.
        """
        if self.ties not in RULES:
            raise ValueError(f'ties must be "efron" or "breslow"; got {self.ties!r}.')
        if self.errors not in ("model", "robust"):
            raise ValueError(f'errors must be "model" or "robust"; got {self.errors!r}.')
        penalty, l1_ratio = read_penalty(self.penalty, self.l1_ratio)
        self._fit, self._kept = fit_cox(X, y, unit, strata, self.formula, self.ties, penalty, l1_ratio, self.errors)
        return self

    @property
    def _fitted(self) -> CoxFit:
        if self._fit is None:
            raise NotFitted("CoxProportionalHazards has seen no data: call fit(X, y) first.")
        return self._fit

    def __sklearn_is_fitted__(self) -> bool:
        return self._fit is not None

    def __getstate__(self) -> dict[str, Any]:
        # a pickle holds the model, not the fleet
        return {name: value for name, value in vars(self).items() if name != "_kept"}

    # ---- what was learned

    @property
    def coefficients_(self) -> pd.Series:
        """Log hazard ratios (p,) by name, of one unit more of each covariate."""
        return self._series(self._fitted.maximum.beta / self._fitted.design.spread)

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors (p,) of ``coefficients_``. Raises as ``covariance_``."""
        return self._series(np.sqrt(np.diag(self.covariance_)))

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance (p, p) of ``coefficients_``; with a ridge the inverse of the penalised information (Gray 1992).

        Raises
        ------
        ValueError : the fit has a lasso, of which no covariance is known.
        """
        import pandas as pd

        fit = self._fitted
        if fit.covariance is None:
            raise ValueError("coefficients of a lasso have no standard errors: some are exactly 0. Use l1_ratio=0, or a bootstrap.")
        names = list(fit.design.names)
        return pd.DataFrame(fit.covariance / np.outer(fit.design.spread, fit.design.spread), index=names, columns=names)

    def _series(self, values: np.ndarray) -> pd.Series:
        import pandas as pd

        return pd.Series(values, index=list(self._fitted.design.names), dtype=float)

    @property
    def log_likelihood_(self) -> float:
        """The log partial likelihood, without the penalty."""
        return self._fitted.maximum.here.value

    @property
    def null_log_likelihood_(self) -> float:
        """The log partial likelihood with every coefficient 0."""
        return self._fitted.maximum.at_zero.value

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
        """One row a covariate: estimate (log hazard ratio), standard error, hazard ratio with its limits at ``level``, and p.

        Wald limits and p, the probability of so large an estimate were there no effect. With a lasso estimate and hazard ratio only.
        """
        import pandas as pd

        check_level(level)
        estimate = self.coefficients_
        with np.errstate(over="ignore"):  # of one unit more of a covariate in very small units the ratio is beyond all numbers
            if self._fitted.covariance is None:
                return pd.DataFrame({"estimate": estimate, "hazard ratio": np.exp(estimate)})
            error = self.standard_errors_
            reach = float(ndtri(0.5 * (1 + level))) * error
            return pd.DataFrame(
                {
                    "estimate": estimate,
                    "standard error": error,
                    "hazard ratio": np.exp(estimate),
                    "lower": np.exp(estimate - reach),
                    "upper": np.exp(estimate + reach),
                    "p": chdtrc(1.0, (estimate / error) ** 2),
                }
            )

    def __repr__(self) -> str:
        """The constructor's call; once fitted also what the fit rests on and the estimates with their standard errors."""
        if self._fit is None:
            return self.constructor()
        estimate = self.coefficients_
        errors = np.full(len(estimate), np.nan) if self._fit.covariance is None else self.standard_errors_.to_numpy()
        call = f"{self.constructor()} fitted to {self._fit.n_units:,.6g} units, {self._fit.n_failed:,.6g} failed"
        return estimates_in_words(call, list(estimate.index), estimate.to_numpy(), errors)

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
        kept = self._data() if X is None else predictions.likelihood_of(fit, X, read_target(y), strata)
        ages = function_of_age(transform, kept.life, kept.likelihood.rows.times.age)
        statistics, freedom, p = proportionality(kept.likelihood, fit.maximum.beta, ages, fit.penalty.ridge)
        return pd.DataFrame({"statistic": statistics, "df": freedom.astype(int), "p": p}, index=[*fit.design.names, "all"])

    def _data(self) -> Kept:
        if self._kept is None:
            raise ValueError("this model was loaded, and its data are not with it: fit it again, or pass X and y where they are taken.")
        return self._kept

    # ---- predictions

    def predict_partial_hazard(self, X: Any) -> np.ndarray:
        """The hazard of each row of X as a multiple of that of a unit at the mean of every covariate, (n,): exp((x - mean)'beta)."""
        with np.errstate(over="ignore"):
            return np.exp(predictions.log_partial_hazard(self._fitted, X))

    def predict_survival(self, X: Any, times: Any, *, strata: Any = None) -> np.ndarray:
        """P(T > t) of units with covariates X that stay as they are: (n,) for one time, (n, m) for m.

        Where every unit entered late it is given survival to the first entry.

        Raises
        ------
        ValueError : a time beyond the last age under observation (of the stratum); what ``Design.matrix`` refuses of X; unknown strata.
        """
        return predictions.survival(self._fitted, X, strata, times)

    def predict_failure_probability(self, X: Any, age: Any, horizon: Any, *, strata: Any = None) -> np.ndarray:
        """P(T <= age + horizon | T > age), (n,).

        Parameters
        ----------
        X : (n, p). age : one number or (n,), how old each unit is. horizon : one number or (n,), how far ahead; for every unit at m
            horizons pass (1, m), which gives (n, m).

        Raises
        ------
        ValueError : age + horizon lies beyond the last age under observation, or age before the first; the message names the row.
        """
        return predictions.failure_probability(self._fitted, X, strata, age, horizon)

    def predict_rul(self, X: Any, age: Any = 0.0, kind: Any = "median", horizon: Any = None, *, strata: Any = None) -> np.ndarray:
        """Remaining life of units that are alive at an age, (n,).

        Parameters
        ----------
        kind : "median", or a share (the time until so many like it have failed), or "mean", which needs a horizon.
        horizon : of the restricted mean E min(T - age, horizon); the whole mean is beyond any data with units that still run.

        Raises
        ------
        ValueError : it lies beyond the last age under observation; a mean without a horizon, or a horizon without a mean.
        """
        if isinstance(kind, str) and kind not in ("mean", "median"):
            raise ValueError(f'kind must be "mean", "median" or a probability between 0 and 1; got {kind!r}.')
        if isinstance(kind, str) and kind == "mean":
            if horizon is None:
                raise ValueError(
                    "the mean remaining life needs survival to its end, which Cox regression does not give: pass a horizon, for "
                    "E min(T - age, horizon), or use a parametric model."
                )
            return predictions.restricted_mean(self._fitted, X, strata, age, horizon)
        if horizon is not None:
            raise ValueError("a horizon restricts the mean; leave it out for the median or a quantile.")
        return predictions.remaining_quantile(self._fitted, X, strata, age, 0.5 if isinstance(kind, str) else kind)

    def predict(self, X: Any, age: Any = 0.0, *, strata: Any = None) -> np.ndarray:
        """Mean remaining life up to the last age under observation (of the stratum), E min(T, last age) - age given T > age, (n,).

        Exact, at a cost of units times ages at failure. What scikit-survival's ``predict`` gives, a score of risk, is
        ``predict_partial_hazard``.

        Raises
        ------
        ValueError : an age beyond the last under observation, or before the first.
        """
        return predictions.restricted_mean(self._fitted, X, strata, age, None)

    def score(self, X: Any, y: Any, *, strata: Any = None) -> float:
        """Harrell's concordance, as scikit-survival's ``score``: of pairs of which it is known, how often the one to fail first is of the
        higher hazard; 0.5 by chance, 1 at best.

        Within strata, with late entry and with several rows a unit over the risk sets as they are, as R's ``concordance``. The partial
        likelihood of other data, which lifelines' ``score`` gives, is ``log_likelihood(X, y)``.

        Raises
        ------
        ValueError : there is no such pair; and as ``fit`` of X and y.
        """
        fit = self._fitted
        life, score = read_target(y), predictions.log_partial_hazard(fit, X)
        refuse_other_length(len(score), life)
        rows = rows_at_risk(life, fit.strata.codes(X, len(life), strata), len(fit.strata.levels))
        return concordance(score[rows.order], rows).estimate

    def log_likelihood(self, X: Any, y: Any, *, strata: Any = None) -> float:
        """The log partial likelihood of other data at the coefficients learned. Arguments and errors as for ``fit``."""
        fit = self._fitted
        kept = predictions.likelihood_of(fit, X, read_target(y), strata)
        return kept.likelihood.evaluate(fit.maximum.beta).value
