"""The one learner of regressions: fit, predictions for each unit, intervals, tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.covariates.histories import check_histories, held_in_words, stretches_in_words, taken_apart
from survjax.covariates.labels import take_labels
from survjax.covariates.table import read_table
from survjax.data.columns import refuse_different_indexes
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, Mixture
from survjax.fitting.estimation import placed
from survjax.fitting.existence import check_anything_failed, check_support
from survjax.models.accelerated_tests import AcceleratedTests
from survjax.models.arguments import as_target, check_level, check_side, check_whole_number, taken_as_failed
from survjax.models.explanations import contributions, effect_of
from survjax.models.habits import in_survjax_words
from survjax.models.model import Model
from survjax.models.one_component import safer_description
from survjax.models.outcome import refuse_outcome_in
from survjax.models.planned_path import PlannedPath
from survjax.models.precision import in_double_precision
from survjax.models.predictions import PREDICTIONS, no_arguments
from survjax.models.regression_diagnostics import RegressionDiagnostics
from survjax.models.regression_findings import RegressionFindings
from survjax.models.regression_intervals import interval_of_report, interval_of_units, profile_of_report
from survjax.models.unit_laws import coordinates_of_units, life_bounds, predict_units, unit_arguments
from survjax.models.unit_predictions import UnitPredictions
from survjax.numerics.pytrees import in_plain_numbers
from survjax.regression.clusters import check_clusters, sandwich
from survjax.regression.estimation import fit_regression, log_likelihood_of_units
from survjax.regression.predictors import Predictors

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Regression(UnitPredictions, RegressionFindings, RegressionDiagnostics, AcceleratedTests):
    """What every regression over a lifetime distribution can do; each kind says how covariates act (``_predictors``)."""

    base: Any
    penalty: float
    errors: str
    lifetimes_: Lifetimes | None = None
    labels_of_landmarks = "cluster"  # the argument of ``fit`` that says which rows are of one unit

    def _predictors(self, base: Distribution, X: Any, weights: np.ndarray) -> tuple[Predictors, list[np.ndarray]]:
        raise TypeError(f"{type(self).__name__} owes _predictors(base, X, weights): which coordinates of which law follow the covariates.")

    # ---- learning

    @in_survjax_words
    @in_double_precision
    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        unit: Any = None,
        cluster: Any = None,
        n_starts: int | None = None,
        seed: int | None = None,
        require_convergence: bool = True,
    ) -> Self:
        """Learn how covariates act, and what the base leaves open, by maximum likelihood.

        Parameters
        ----------
        X : (n, m) what is known of each unit: data frame, array, or mapping of columns.
        y : a ``Lifetimes`` with n rows, or a structured array (event, time). A unit whose covariates change has a row for each stretch
            (start, stop] of its life: ``entry`` is the start, and all rows but the last end without failure. A ``History`` has all of
            it: ``fit(history)``, and so have ``Landmarks``: ``fit(landmarks)``.
        unit : (n,) labels of the units that the rows belong to, or the name of a column of X, which is then no covariate unless a formula
            names it. They are checked: stretches must follow on each other, and only the last may end with a failure. With
            ``errors="robust"`` rows of one unit are one cluster.
        cluster : (n,) labels, or the name of a column as for ``unit``, of rows that depend on each other without being one history:
            landmarks of one unit, units of one site. Errors are then robust, by cluster, whatever ``errors`` says; the likelihood counts
            rows as if they were independent. A weight counts rows of the cluster.
        n_starts, seed : how often to begin, where the likelihood may have several maxima; the random starts among these. None: as the
            base has them, ``WeibullMixture(n_starts=40)``, where a grid search sets them as ``base__n_starts``.
        require_convergence : False returns a fit that stopped short, with its ``stop_reason_``.

        Raises
        ------
        TypeError, ValueError : malformed data; missing or constant columns; collinear ones, without a penalty; rows of X and y that
            do not match.
        NoFiniteMaximum : no estimate exists; the message names the columns.
        NotConverged : the optimiser stopped short.

        A fit that raises leaves the model as it was.

        With covariates that change, the hazard at age t is that of the law at the covariates in force at t, whatever they were before: a
        row (start, stop] adds the hazard of its own law to the failures, and that law's cumulative hazard from start to stop to the
        exposure. Under proportional hazards this is Cox's model (Kalbfleisch & Prentice 2002, section 6.3). Under accelerated time and
        parameters by formula it means that a unit goes over to the hazard of another law at its present age, as in R's flexsurv; it is not
        the model of Cox & Oakes (1984, section 5.2), in which age itself runs at the pace of the stress and what was used up is kept. The
        two are one where covariates do not change, and for a constant hazard.
        """
        base = self._base_template()
        life = as_target(X, y).beginning_at(base.start_of_support)
        X, (unit, cluster) = take_labels(X, self._formulas(), unit=unit, cluster=cluster)
        if self.errors not in ("model", "robust"):
            raise ValueError(f'errors must be "model" or "robust"; got {self.errors!r}.')
        if not (isinstance(self.penalty, (int, float)) and 0 <= self.penalty < np.inf):
            raise ValueError(f"penalty must be a number, 0 or more; got {self.penalty!r}.")
        check_support(base, life)
        check_anything_failed(life, "Wait for failures, or add units that have failed.")
        base = placed(base, life)
        self._check_rows(read_table(X).n, life)
        predictors, matrices = self._predictors(base, X, life.counts())
        for one, matrix in zip(predictors.each, matrices, strict=True):
            refuse_outcome_in(one.design, matrix, life)
        if not self.penalty:
            for one, matrix in zip(predictors.each, matrices, strict=True):
                one.design.refuse_collinear(matrix[life.counts() > 0] if life.weights is not None else matrix)
        groups = unit if cluster is None else check_clusters(cluster, unit, len(life))
        n_units = life.n_units if unit is None else self._n_units(unit, life)
        covariates = predictors.side_by_side([one.design.standardised(m) for one, m in zip(predictors.each, matrices, strict=True)])
        n_starts, seed = self._search(n_starts, seed)
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
        stretches = stretches_in_words(life) if unit is None and cluster is None else held_in_words(unit)
        safer = (
            safer_description(fit, base, lambda one: self._predictors(one, X, life.counts()), life) if self._can_be_over_one(base) else []
        )
        fit = dataclasses.replace(fit, n_units=n_units, notes=[*taken_as_failed(y), *stretches, *safer, *fit.notes])
        if (self.errors == "robust" or cluster is not None) and fit.converged:
            fit = dataclasses.replace(fit, covariance=sandwich(fit, covariates, life, groups, of_units=cluster is None))
        self._fit, self.lifetimes_, self._reported = fit, life, None
        return self

    def _can_be_over_one(self, mixture: Distribution) -> bool:
        """Whether this regression can be asked of one component of a mixture."""
        return isinstance(mixture, Mixture)

    def _formulas(self) -> list[str | None]:
        """The formulas by which covariates act, None for all columns of X."""
        return [getattr(self, "formula", None)]

    def _base_template(self) -> Distribution:
        from survjax.models.template import as_template

        return as_template(self._base_learner())

    def _search(self, n_starts: int | None, seed: int | None) -> tuple[int | None, int]:
        """How often to begin and from which seed: as ``fit`` was told, else as the base learner was."""
        base = self._base_learner()
        of_base = base._search() if isinstance(base, Model) else {}
        n_starts = of_base.get("n_starts") if n_starts is None else check_whole_number(n_starts, "n_starts (None to choose it)", 1)
        return n_starts, of_base.get("seed", 0) if seed is None else check_whole_number(seed, "seed", 0)

    def _base_learner(self) -> Any:
        return self.base

    def _refuse_two_stages(self, what: str, instead: str) -> None:
        """Refuse what needs one likelihood of all that was learned; of this kind there is one."""

    @staticmethod
    def _check_rows(n: int, life: Lifetimes) -> None:
        if n != len(life):
            raise ValueError(f"X has {n} rows and y {len(life)}; they must be of the same units in the same order.")

    @staticmethod
    def _n_units(unit: Any, life: Lifetimes) -> float:
        """How many units the rows are of, by the weights of their last rows, once the rows are found to fit together."""
        start = np.zeros(len(life)) if life.entry is None else life.entry
        histories = check_histories(unit, start, life.lower, np.isfinite(life.upper))
        of = histories.codes[histories.order]
        last = histories.order[np.append(of[1:] != of[:-1], True)]
        return float(life.counts()[last].sum())

    # ---- predictions

    @in_double_precision
    def predict_rul_interval(self, X: Any, age: Any = 0.0, level: float = 0.95) -> pd.DataFrame:
        """An interval for the remaining life of each unit itself, uncertainty of the parameters included; as ``Model`` has it.

        Returns
        -------
        DataFrame with ``lower`` and ``upper``, one row a unit, with the index of X if it has one.
        """
        import pandas as pd

        check_level(level)
        refuse_different_indexes(X=X, age=age)
        fit, covariates = self._fitted, self._covariates(X)
        (ages,), _ = unit_arguments(len(covariates), fit.predictors.template.start_of_support, age=age)
        shares = {"lower": 0.5 * (1 - level), "upper": 0.5 * (1 + level)}
        bounds = {name: life_bounds(fit, share, covariates, ages[:, 0]) for name, share in shares.items()}
        self._within_horizon("rul_quantile", {"age": age}, bounds["upper"])
        return pd.DataFrame(bounds, index=getattr(X, "index", None))

    @in_double_precision
    def interval(
        self,
        what: str,
        X: Any = None,
        *at: Any,
        level: float = 0.95,
        method: str = "wald",
        side: str = "two",
        life: Any = None,
        **keywords: Any,
    ) -> pd.DataFrame:
        """Estimate and limits of a prediction for each unit, or of the parameters.

        Parameters
        ----------
        what : "parameters"; or with X and exactly the arguments of that prediction: ("survival", X, times), ("hazard", X, times),
            ("failure_probability", X, age, horizon), ("rul", X, age, kind="median"), ("quantile", X, p), …
        level : the confidence. side : "two", or "lower" or "upper" for a one-sided bound.
        method : "wald", the delta method. "likelihood", of "parameters" only: limits by the profile likelihood
            (``survjax.regression.profile``), infinite or at the end of the range where the data leave a side open; it needs the data of the
            fit, ``interval("parameters", X, method="likelihood")``.
        life : for method "likelihood", the lifetimes of the fit. None: those ``fit`` was given, which a loaded model has not.

        Raises
        ------
        NotFitted : nothing was fitted; for method "likelihood" also: the data of the fit are not at hand.
        ValueError : unknown words; a method for what it cannot do; robust errors or two stages, of which there is no one likelihood; other
            data than those of the fit. NotConverged : no maximum was reached.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``; one row a parameter, or one a unit, with the index of X; where several times
        were asked one a unit and time, the position of the time as a second level of the index.
        """
        check_level(level)
        if method not in ("wald", "likelihood"):
            raise ValueError(f'method must be "wald" or "likelihood"; got {method!r}.')
        check_side(side)
        if method == "likelihood":
            if what != "parameters":
                raise ValueError(f'likelihood intervals are those of "parameters"; for {what!r} use method="wald".')
            no_arguments(what, at, keywords)
            return self._likelihood_limits(X, life, level, side)
        if life is not None:
            raise ValueError("life is not used by Wald intervals, which need only the fit; leave it out.")
        if what == "parameters":
            if X is not None or at or keywords:
                raise TypeError("the interval of parameters takes no further arguments.")
            return interval_of_report(self._report, self._fitted.predictors.template, level, side)
        if X is None:
            raise TypeError(
                f'the interval of {what} is one of units: pass X, what is known of them, then the arguments. Parameters: "parameters".'
            )
        table = interval_of_units(self._fitted, what, self._covariates(X), at, keywords, level, side, getattr(X, "index", None))
        return self._limits_within_horizon(table, what, at, keywords)

    def _likelihood_limits(self, X: Any, life: Any, level: float, side: str) -> pd.DataFrame:
        """Profile limits of the parameters; X and life are those of the fit."""
        if X is None:
            raise TypeError('likelihood limits need the data of the fit: interval("parameters", X, method="likelihood").')
        self._refuse_two_stages("profile likelihood", 'method="wald" has limits of both stages')
        if self.errors == "robust":
            raise ValueError(
                'errors="robust" says that rows depend on each other, of which the likelihood knows nothing: use method="wald", or fit '
                'with errors="model".'
            )
        covariates, life = self._covariates(X), self._units_of(X, life)
        self._check_same_data(X, life)
        return profile_of_report(self._fitted, self._report, covariates, life, level, side)

    @in_double_precision
    def along(
        self,
        path: Any,
        *,
        covariates: str | None = None,
        unit: Hashable | None = "unit",
        start: Hashable = "start",
        stop: Hashable = "stop",
        hold_last: bool = False,
    ) -> PlannedPath:
        """Predictions for units whose covariates change as planned: survival, failure probability and remaining life along the path.

        Parameters
        ----------
        path : data frame with a row for each span (start, stop] of ages of a unit, without gaps, and the covariates planned for it.
        covariates : "external", which has to be said: their course does not depend on whether the unit runs (load, weather). "internal"
            is refused.
        unit, start, stop : names of the columns. Where all rows are of one unit, and there is no such column, pass unit=None.
        hold_last : whether a unit's last row is in force without end. If not, nothing is said beyond it.

        Raises
        ------
        ValueError : internal covariates; rows that overlap or leave a gap; and what predictions refuse in X; a model of landmarks with a
            horizon. KeyError : no such column.
        """
        self._refuse_without_end("a path")
        return PlannedPath(self, path, unit=unit, start=start, stop=stop, covariates=covariates, hold_last=hold_last)

    # ---- explanations

    @in_double_precision
    def explain(self, X: Any, relative_to: Any = None) -> pd.DataFrame:
        """What each covariate adds to a unit's score, against the average unit: on the log scale, so that a row adds up to the difference.

        The columns of one covariate, the levels of a category or the terms of a curve, are taken together; a product of two stands apart,
        as ``load:make``.

        The score is the logarithm of the hazard ratio (``ProportionalHazards``) or time ratio (``AcceleratedFailureTime``), or of each
        parameter with a formula its own, on the scale without ends of that parameter.

        Parameters
        ----------
        X : (n, m) units. relative_to : a unit to compare with, one row of X. None: the average of the fit, every column at its mean.

        Returns
        -------
        DataFrame (n, covariates) with the index of X; under a ``ParameterRegression`` columns are (parameter, covariate).

        Raises
        ------
        ValueError : no average unit is known, since the model takes no means off; ``relative_to`` has not one row.
        """
        table = contributions(self._fitted, X, relative_to)
        return table if self._ratio() is None else table.droplevel(0, axis=1)

    @in_double_precision
    def partial_effect(
        self, column: Hashable, at: Any, values: Any = None, what: str = "rul", *, level: float = 0.95, **asked: Any
    ) -> pd.DataFrame:
        """What one covariate does, the others held: a prediction at each of its values, with Wald limits.

        It is what the model says of units that differ in this covariate alone, not what changing it would do to one.

        Parameters
        ----------
        column : name of a covariate, as X has it.
        at : units at which the others are held, as X: of several rows a typical one is made, numbers at their (lower) median, labels the
            most common.
        values : of the column. None: every level; of numbers up to 12 different ones in ``at``, else 41 from the 1 % to the 99 % quantile.
        what : "rul", or any other prediction that ``interval`` knows, its arguments by name: ``what="survival", t=100.0``, ``what="rul",
            age=50.0, horizon=100.0``. "hazard ratio" or "time ratio", where the model has one: to the typical unit, where it is 1.
        level : the confidence.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``, by value; where several times were asked by value and position of the time.

        Raises
        ------
        ValueError : no such covariate; a ratio that the model does not have; no values to be had from ``at``.
        """
        return effect_of(self, column, at, values, what, level, asked)[0]

    @in_double_precision
    def plot_partial_effect(self, column: Hashable, at: Any, values: Any = None, what: str = "rul", **options: Any) -> Axes:
        """``partial_effect`` as a picture, whose arguments it takes, and ``ax``, ``label`` and ``color`` (matplotlib's)."""
        from survjax.plotting import plot_partial_effect

        return plot_partial_effect(self, column, at, values, what, **options)

    @in_double_precision
    def of(self, X: Any) -> Model:
        """The distribution of one unit, X of one row, as a model with everything known: for its curves and pictures.

        Raises
        ------
        ValueError : X has not one row; the model learned from landmarks with a horizon.
        """
        covariates = self._covariates(X)
        if len(covariates) != 1:
            raise ValueError(f"of(X) is of one unit, and X has {len(covariates)} rows: pass one, for instance X.iloc[[3]].")
        self._refuse_without_end("the distribution of one unit")
        fit = self._fitted
        return Model(in_plain_numbers(fit.predictors.template.bind(coordinates_of_units(fit, covariates)[0])))

    @in_double_precision
    def _predict(self, name: str, X: Any, **arguments: Any) -> np.ndarray:
        refuse_different_indexes(X=X, age=arguments.get("age"))
        fit, covariates = self._fitted, self._covariates(X)
        columns, shape = unit_arguments(len(covariates), fit.predictors.template.start_of_support, **arguments)
        return predict_units(fit, PREDICTIONS[name].value, covariates, columns).reshape(shape)

    def _covariates(self, X: Any) -> np.ndarray:
        return self._fitted.predictors.covariates(X)

    # ---- likelihood

    @in_double_precision
    def log_likelihood(self, X: Any, y: Any = None) -> float:
        """The log-likelihood of any units under the fitted model; of units whose covariates change X may be their ``History``."""
        X, y, _ = taken_apart(X, y)
        base = self._base_template()
        life = as_target(X, y).beginning_at(base.start_of_support)
        check_support(base, life)
        covariates = self._covariates(X)
        self._check_rows(len(covariates), life)
        return log_likelihood_of_units(self._fitted, covariates, life)

    def score(self, X: Any, y: Any = None, *, unit: Any = None) -> float:
        """Log-likelihood per unit (of weight): what a grid search maximises.

        Parameters
        ----------
        X, y : units, or a ``History`` alone. unit : which unit each row is of, as for ``fit``; None: each row counts as one.
        """
        X, y, unit = taken_apart(X, y, unit)
        life = as_target(X, y)
        _, (unit,) = take_labels(X, self._formulas(), unit=unit)
        return self.log_likelihood(X, life) / (life.n_units if unit is None else self._n_units(unit, life))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "lifetimes_"}
