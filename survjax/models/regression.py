"""The one learner of regressions: fit, predictions for each unit, intervals, tables."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.covariates.table import read_table
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.errors import NotFitted
from survjax.fitting.estimation import placed
from survjax.fitting.existence import check_anything_failed, check_support
from survjax.models.arguments import as_lifetimes, check_level
from survjax.models.estimator import Estimator
from survjax.models.model import Model
from survjax.models.precision import in_double_precision
from survjax.models.predictions import PREDICTIONS, rul_arguments
from survjax.models.unit_laws import coordinates_of_units, life_bounds, predict_units, unit_arguments
from survjax.regression.clusters import sandwich
from survjax.regression.estimation import RegressionFit, fit_regression, log_likelihood_of_units
from survjax.regression.predictors import Predictors
from survjax.regression.report import Report, base_is_of_zero, report

if TYPE_CHECKING:
    import pandas as pd


class Regression(Estimator):
    """What every regression over a lifetime distribution can do; each kind says how covariates act (``_predictors``)."""

    base: Any
    penalty: float
    errors: str
    _fit: RegressionFit | None = None
    lifetimes_: Lifetimes | None = None

    def _predictors(self, base: Distribution, X: Any, weights: np.ndarray) -> tuple[Predictors, list[np.ndarray]]:
        raise NotImplementedError

    # ---- learning

    @in_double_precision
    def fit(
        self, X: Any, y: Any, *, unit: Any = None, n_starts: int | None = None, seed: int = 0, require_convergence: bool = True
    ) -> Self:
        """Learn how covariates act, and what the base leaves open, by maximum likelihood.

        Parameters
        ----------
        X : (n, m) what is known of each unit: data frame, array, or mapping of columns.
        y : a ``Lifetimes`` with n rows, or a structured array (event, time). A unit whose covariates change has a row for each stretch
            (start, stop] of its life: ``entry`` is the start, and all rows but the last end without failure.
        unit : (n,) labels of the units that the rows belong to. They are then checked: stretches must follow on each other, and only
            the last may end with a failure. With ``errors="robust"`` rows of one unit are one cluster.
        n_starts, seed : how often to begin, where the likelihood may have several maxima; the random starts among these.
        require_convergence : False returns a fit that stopped short, with its ``stop_reason_``.

        Raises
        ------
        TypeError, ValueError : malformed data; missing or constant columns; collinear ones, without a penalty; rows of X and y that
            do not match.
        NoFiniteMaximum : no estimate exists; the message names the columns.
        NotConverged : the optimiser stopped short.

        A fit that raises leaves the model as it was.
        """
        life = as_lifetimes(X, y)
        if self.errors not in ("model", "robust"):
            raise ValueError(f'errors must be "model" or "robust"; got {self.errors!r}.')
        if not (isinstance(self.penalty, (int, float)) and 0 <= self.penalty < np.inf):
            raise ValueError(f"penalty must be a number, 0 or more; got {self.penalty!r}.")
        base = self._base_template()
        check_support(base, life)
        check_anything_failed(life)
        base = placed(base, life)
        self._check_rows(read_table(X).n, life)
        predictors, matrices = self._predictors(base, X, life.counts())
        if not self.penalty:
            for one, matrix in zip(predictors.each, matrices, strict=True):
                one.design.refuse_collinear(matrix[life.counts() > 0] if life.weights is not None else matrix)
        if unit is not None:
            self._check_histories(unit, life)
        covariates = predictors.side_by_side([one.design.standardised(m) for one, m in zip(predictors.each, matrices, strict=True)])
        fit = fit_regression(
            base,
            predictors,
            covariates,
            life,
            ridge=float(self.penalty),
            n_starts=n_starts,
            seed=seed,
            require_convergence=require_convergence,
        )
        if self.errors == "robust" and fit.converged:
            fit = dataclasses.replace(fit, covariance=sandwich(fit, covariates, life, unit))
        self._fit, self.lifetimes_, self._reported = fit, life, None
        return self

    def _base_template(self) -> Distribution:
        from survjax.models.template import as_template

        return as_template(self.base)

    @staticmethod
    def _check_rows(n: int, life: Lifetimes) -> None:
        if n != len(life):
            raise ValueError(f"X has {n} rows and y {len(life)}; they must be of the same units in the same order.")

    @staticmethod
    def _check_histories(unit: Any, life: Lifetimes) -> None:
        from survjax.covariates.histories import check_histories

        start = np.zeros(len(life)) if life.entry is None else life.entry
        check_histories(unit, start, life.lower, np.isfinite(life.upper))

    @property
    def _fitted(self) -> RegressionFit:
        if self._fit is None:
            raise NotFitted(f"{type(self).__name__} has not been fitted: call fit(X, y) first.")
        return self._fit

    def __sklearn_is_fitted__(self) -> bool:
        return self._fit is not None

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

        ``base_is_of_`` says of which unit the base is.
        """
        return self._series(self._report.values)

    @property
    def coefficients_(self) -> pd.Series:
        """The coefficients of the covariates alone."""
        return self.parameters_[self._report.is_coefficient]

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors of ``parameters_``."""
        return self._series(np.sqrt(np.diag(self._report.covariance)))

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of ``parameters_`` (m, m)."""
        import pandas as pd

        names = list(self._report.names)
        return pd.DataFrame(self._report.covariance.copy(), index=names, columns=names)

    def _series(self, values: np.ndarray) -> pd.Series:
        import pandas as pd

        return pd.Series(values.copy(), index=list(self._report.names), dtype=float)

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
        """Akaike's criterion. Refused with a penalty (ValueError)."""
        return 2.0 * self._n_free("aic_") - 2.0 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, n being the sum of the weights. Refused with a penalty (ValueError)."""
        return float(np.log(self._fitted.n_units)) * self._n_free("bic_") - 2.0 * self.log_likelihood_

    def _n_free(self, criterion: str) -> int:
        if self._fitted.penalty:
            raise ValueError(
                f"{criterion} compares fits of maximum likelihood, and this one is penalised. Compare scores of data held out."
            )
        return self._fitted.n_learned

    @property
    def converged_(self) -> bool:
        return self._fitted.converged

    @property
    def stop_reason_(self) -> str:
        """Why the optimiser stopped: ``converged``, ``at_rounding_floor``, ``flat``, ``step_limit``, …"""
        return self._fitted.reason

    @property
    def n_steps_(self) -> int:
        return self._fitted.n_steps

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences."""
        return list(self._fitted.notes)

    @property
    def summary_(self) -> pd.DataFrame:
        """Estimate, standard error, ratio and 95 % limits of every parameter."""
        return self.summary()

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and Wald limits at ``level`` of every parameter and coefficient, and p of a coefficient of 0."""
        from scipy.special import ndtr

        table = self.interval("parameters", level=level)
        told = self._report
        errors = np.sqrt(np.diag(told.covariance))
        table.insert(1, "standard error", errors)
        with np.errstate(invalid="ignore", divide="ignore"):
            table["p"] = np.where(told.is_coefficient, 2.0 * ndtr(-np.abs(told.values / errors)), np.nan)
        ratio = self._ratio()
        if ratio:
            ratios = np.full(len(told.values), np.nan)
            ratios[told.is_coefficient] = np.exp(told.values[told.is_coefficient])
            table.insert(2, ratio, ratios)
        return table

    def _ratio(self) -> str | None:
        """What the exponential of a coefficient is; None where that depends on the coefficient."""
        return None

    # ---- predictions

    def predict_survival(self, X: Any, times: Any) -> np.ndarray:
        """P(T > t) for each unit of X: (n,) for one time, (n, m) for m times or for (n, m) times, each unit's own."""
        return self._predict("survival", X, t=times)

    def predict_hazard(self, X: Any, times: Any) -> np.ndarray:
        """The failure rate of each unit at these ages, per unit of time: shapes as ``predict_survival``."""
        return self._predict("hazard", X, t=times)

    def predict_cumulative_hazard(self, X: Any, times: Any) -> np.ndarray:
        """The integral of the hazard from 0 to these ages: shapes as ``predict_survival``."""
        return self._predict("cumulative_hazard", X, t=times)

    def predict_density(self, X: Any, times: Any) -> np.ndarray:
        """The density of the lifetime, per unit of time: shapes as ``predict_survival``."""
        return self._predict("density", X, t=times)

    def predict_quantile(self, X: Any, p: Any) -> np.ndarray:
        """The age by which a share p of units like each has failed: (n,) for one p, (n, m) for m."""
        return self._predict("quantile", X, p=p)

    def predict_failure_probability(self, X: Any, age: Any, horizon: Any) -> np.ndarray:
        """P(fails within ``horizon`` | alive at ``age``) for each unit.

        Parameters
        ----------
        X : (n, m) covariates.
        age : one number, or (n,) the age of each unit. horizon : one number; (m,) numbers, which makes the answer (n, m); or (n, m).
        """
        return self._predict("failure_probability", X, age=age, horizon=horizon)

    def predict_rul(self, X: Any, age: Any = 0.0, kind: Any = "mean", horizon: Any = None) -> np.ndarray:
        """Remaining useful life of each unit (n,), alive at ``age``.

        Parameters
        ----------
        X : (n, m) covariates. age : one number, or (n,).
        kind : "mean", "median", or a probability p: the remaining life that a share p of such units does not reach.
        horizon : with kind "mean", the restricted mean E min(T - age, horizon).
        """
        name, arguments = rul_arguments(age, kind, horizon)
        return self._predict(name, X, **arguments)

    def predict(self, X: Any, age: Any = 0.0) -> np.ndarray:
        """Expected remaining useful life of each unit (n,), alive at ``age``."""
        return self.predict_rul(X, age)

    @in_double_precision
    def predict_rul_interval(self, X: Any, age: Any = 0.0, level: float = 0.95) -> pd.DataFrame:
        """An interval for the remaining life of each unit itself, uncertainty of the parameters included; as ``Model`` has it.

        Returns
        -------
        DataFrame with ``lower`` and ``upper``, one row a unit, with the index of X if it has one.
        """
        import pandas as pd

        check_level(level)
        fit, covariates = self._fitted, self._covariates(X)
        (ages,), _ = unit_arguments(len(covariates), age=age)
        shares = {"lower": 0.5 * (1 - level), "upper": 0.5 * (1 + level)}
        bounds = {name: life_bounds(fit, share, covariates, ages[:, 0]) for name, share in shares.items()}
        return pd.DataFrame(bounds, index=getattr(X, "index", None))

    @in_double_precision
    def interval(self, what: str, X: Any = None, *at: Any, level: float = 0.95, side: str = "two", **keywords: Any) -> pd.DataFrame:
        """Estimate and Wald limits of a prediction for each unit, or of the parameters.

        Parameters
        ----------
        what : "parameters"; or with X and exactly the arguments of that prediction: ("survival", X, times), ("hazard", X, times),
            ("failure_probability", X, age, horizon), ("rul", X, age, kind="median"), ("quantile", X, p), …
        level : the confidence. side : "two", or "lower" or "upper" for a one-sided bound.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``; one row a parameter, or one a unit, with the index of X; where several times
        were asked one a unit and time, the position of the time as a second level of the index.
        """
        from survjax.models.regression_intervals import interval_of_report, interval_of_units

        check_level(level)
        if side not in ("two", "lower", "upper"):
            raise ValueError(f'side must be "two", "lower" or "upper"; got {side!r}.')
        if what == "parameters":
            if X is not None or at or keywords:
                raise TypeError("the interval of parameters takes no further arguments.")
            return interval_of_report(self._report, self._fitted.predictors.template, level, side)
        if X is None:
            raise TypeError(f"the interval of {what} is one of units: pass X, what is known of them, then the arguments.")
        return interval_of_units(self._fitted, what, self._covariates(X), at, keywords, level, side, getattr(X, "index", None))

    @in_double_precision
    def of(self, X: Any) -> Model:
        """The distribution of one unit, X of one row, as a model with everything known: for its curves and pictures.

        Raises
        ------
        ValueError : X has not one row.
        """
        import jax

        covariates = self._covariates(X)
        if len(covariates) != 1:
            raise ValueError(f"of(X) is of one unit, and X has {len(covariates)} rows: pass one, for instance X.iloc[[3]].")
        fit = self._fitted
        return Model(jax.tree.map(float, fit.predictors.template.bind(coordinates_of_units(fit, covariates)[0])))

    @in_double_precision
    def _predict(self, name: str, X: Any, **arguments: Any) -> np.ndarray:
        covariates = self._covariates(X)
        columns, shape = unit_arguments(len(covariates), **arguments)
        return predict_units(self._fitted, PREDICTIONS[name].value, covariates, columns).reshape(shape)

    def _covariates(self, X: Any) -> np.ndarray:
        return self._fitted.predictors.covariates(X)

    # ---- likelihood

    @in_double_precision
    def log_likelihood(self, X: Any, y: Any) -> float:
        """The log-likelihood of any units under the fitted model."""
        life = as_lifetimes(X, y)
        check_support(self._base_template(), life)
        covariates = self._covariates(X)
        self._check_rows(len(covariates), life)
        return log_likelihood_of_units(self._fitted, covariates, life)

    def score(self, X: Any, y: Any) -> float:
        """Log-likelihood per unit (of weight): what a grid search maximises."""
        life = as_lifetimes(X, y)
        return self.log_likelihood(X, life) / life.n_units

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "lifetimes_"}
