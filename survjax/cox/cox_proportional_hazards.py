"""Cox regression: the learner."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from survjax.covariates.histories import taken_apart
from survjax.cox import predictions
from survjax.cox.concordance import concordance
from survjax.cox.file import restore_cox, write_cox
from survjax.cox.findings import CoxFindings
from survjax.cox.fit import Labels, fit_cox, read_target, refuse_other_length
from survjax.cox.intervals import interval_of_coefficients, interval_of_lives, interval_of_units
from survjax.cox.path import path_of
from survjax.cox.penalty import read_penalty
from survjax.cox.rows import rows_at_risk
from survjax.cox.ties import RULES
from survjax.models.arguments import check_level
from survjax.models.explanations import effect_of
from survjax.models.habits import in_survjax_words
from survjax.regression.penalty_path import PenaltyPath
from survjax.regression.strengths import MANY, SMALLEST

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class CoxProportionalHazards(CoxFindings):
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
        log-likelihood, b being coefficients of covariates in standard deviations; so a ridge is R's ``ridge`` with
        theta = penalty (n - 1) / n (R divides by n - 1 in standard deviations), and lifelines' and glmnet's strengths, which are per unit,
        are to be multiplied by the number of units.
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
    labels_of_landmarks = "cluster"  # the argument of ``fit`` that says which rows are of one unit
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
    def fit(self, X: Any, y: Any = None, *, unit: Any = None, strata: Any = None, cluster: Any = None) -> Self:
        """Learn coefficients and baselines.

        Parameters
        ----------
        X : (n, p) covariates: data frame, array or mapping of columns. A ``History``, and ``Landmarks``, bring all: ``fit(history)``.
        y : (n,) a ``Lifetimes`` of failures at known ages and running units, with entry and weights; or a structured array (event, time) as
            scikit-survival's. Covariates that change have several rows a unit, each a (entry, duration] in which they stay.
        unit : (n,) labels, or the name of a column of X: which unit each row is of. Its rows are then checked to be one history, and robust
            errors are those of units. None: a unit each; rows of one history may come all the same, and only robust errors need to know.
        strata : (n,) labels, or the name of a column of X or a list of such: rows with a baseline of their own. Named columns are found
            again at prediction, and are no covariates (unless a formula says so); labels beside X are to be given again.
        cluster : (n,) labels, or the name of a column of X, of rows that depend on each other without being one history: landmarks of one
            unit, units of one site. Errors are then robust, over clusters, whatever ``errors`` says (R's ``cluster``). On the clock of age
            the landmarks of a unit fail together, which needs ties="breslow" (van Houwelingen & Putter 2012, on models of stacked
            landmarks).

        Raises
        ------
        TypeError : X or y is nothing that can be read.
        ValueError : a constructor argument is malformed; a value is missing; failures known only within an interval; right truncation;
            other numbers of rows; failures of one cluster at one age with ties="efron"; a unit's rows overlap, leave gaps or go on after a
            failure; columns that are constant, collinear or the same for all units at risk together. Messages name row or column and
            remedy.
        NoFiniteMaximum : no failures; or without a penalty a coefficient would be infinite, as of a level without failures.
        NotConverged : the search stopped short.

        A fit that raises leaves the model as it was. One that does not keeps its columns of X, for ``residuals`` and
        ``schoenfeld_test``; pickles do without.
        """
        self._check_settings()
        penalty, l1_ratio = read_penalty(self.penalty, self.l1_ratio)
        labels = Labels(unit, strata, cluster)
        self._fit, self._kept = fit_cox(X, y, labels, self.formula, self.ties, penalty, l1_ratio, self.errors)
        return self

    def _check_settings(self) -> None:
        if self.ties not in RULES:
            raise ValueError(f'ties must be "efron" or "breslow"; got {self.ties!r}.')
        if self.errors not in ("model", "robust"):
            raise ValueError(f'errors must be "model" or "robust"; got {self.errors!r}.')

    def path(
        self, X: Any, y: Any, *, unit: Any = None, strata: Any = None, n_strengths: int = MANY, smallest: float = SMALLEST
    ) -> PenaltyPath:
        """Coefficients at strengths of the penalty from one that keeps no column (of a ridge: next to nothing) down to ``smallest`` of it.

        Each strength begins where the one before ended. ``penalty`` is not looked at; ``l1_ratio`` is. The model is left as it was.

        Parameters
        ----------
        X, y, unit, strata : as for ``fit``.
        n_strengths : how many, in even steps of their logarithm. smallest : the last, as a share of the first.

        Returns
        -------
        As ``HazardScaling.path``; strengths are those of ``penalty`` here, beside the log-likelihood of all units, and the duality gap is
        the most by which the penalised log-likelihood of all units may be below its maximum: a millionth of the failures at most.

        Raises
        ------
        ValueError : as ``fit``. NotConverged : the search stopped short at some strength.
        """
        self._check_settings()
        return path_of(X, y, Labels(unit, strata), self.formula, self.ties, read_penalty(1.0, self.l1_ratio)[1], n_strengths, smallest)

    # ---- predictions

    def predict_partial_hazard(self, X: Any) -> np.ndarray:
        """The hazard of each row of X as a multiple of that of a unit at the mean of every covariate, (n,): exp((x - mean)'beta)."""
        with np.errstate(over="ignore"):
            return np.exp(predictions.log_partial_hazard(self._fitted, X))

    def predict_survival(self, X: Any, times: Any, *, strata: Any = None) -> np.ndarray:
        """P(T > t) of units with covariates X that stay as they are: (n,) for one time, (n, m) for m times or for (n, m), each unit's own.

        Where every unit entered late it is given survival to the first entry.

        Raises
        ------
        ValueError : a time beyond the last age under observation (of the stratum): all such rows are named, and in ``rows`` of the
            ``BadRow`` it then is; what ``Design.matrix`` refuses of X; unknown strata.
        """
        return np.exp(-self.predict_cumulative_hazard(X, times, strata=strata))

    def predict_cumulative_hazard(self, X: Any, times: Any, *, strata: Any = None) -> np.ndarray:
        """The integral of the hazard from the first entry to these ages: shapes and errors as ``predict_survival``."""
        answers = predictions.cumulative_hazard(self._fitted, X, strata, times)
        self._within_horizon("cumulative_hazard", {"t": times}, answers)
        return answers

    def predict_quantile(self, X: Any, p: Any, *, strata: Any = None) -> np.ndarray:
        """The first age by which a share p of units like each has failed: (n,) for one p, (n, m) for m. Errors as ``predict_rul``."""
        answers = predictions.quantile(self._fitted, X, strata, p)
        self._within_horizon("quantile", {}, answers)
        return answers

    def predict_failure_probability(self, X: Any, age: Any, horizon: Any, *, strata: Any = None) -> np.ndarray:
        """P(T <= age + horizon | T > age), (n,).

        Parameters
        ----------
        X : (n, p). age : one number or (n,), how old each unit is. horizon : one number; (m,) numbers, which makes the answer (n, m); or
            (n, m), each unit's own.

        Raises
        ------
        ValueError : age + horizon lies beyond the last age under observation, or age before the first; the message names all such rows.
        """
        answers = predictions.failure_probability(self._fitted, X, strata, age, horizon)
        self._within_horizon("failure_probability", {"age": age, "horizon": horizon}, answers)
        return answers

    def predict_rul(self, X: Any, age: Any = 0.0, kind: Any = "median", horizon: Any = None, *, strata: Any = None) -> np.ndarray:
        """Remaining life of units that are alive at an age, (n,).

        Parameters
        ----------
        kind : "median", or a share (the time until so many like it have failed), or "mean", which needs a horizon.
        horizon : of the restricted mean E min(T - age, horizon); the whole mean is beyond any data with units that still run.

        Raises
        ------
        ValueError : it lies beyond the last age under observation, of some rows, which are named; a mean without a horizon, or a horizon
            without a mean.
        """
        if isinstance(kind, str) and kind not in ("mean", "median"):
            raise ValueError(f'kind must be "mean", "median" or a probability between 0 and 1; got {kind!r}.')
        if isinstance(kind, str) and kind == "mean":
            if horizon is None:
                raise ValueError(
                    "the mean remaining life needs survival to its end, which Cox regression does not give: pass a horizon, for "
                    "E min(T - age, horizon), or use a parametric model."
                )
            means = predictions.restricted_mean(self._fitted, X, strata, age, horizon)
            self._within_horizon("rul_restricted", {"age": age, "horizon": horizon}, means)
            return means
        if horizon is not None:
            raise ValueError("a horizon restricts the mean; leave it out for the median or a quantile.")
        answers = predictions.remaining_quantile(self._fitted, X, strata, age, 0.5 if isinstance(kind, str) else kind)
        self._within_horizon("rul_quantile", {"age": age}, answers)
        return answers

    def predict(self, X: Any, age: Any = 0.0, *, strata: Any = None) -> np.ndarray:
        """Mean remaining life up to the last age under observation (of the stratum), E min(T, last age) - age given T > age, (n,).

        Exact, at a cost of units times ages at failure. What scikit-survival's ``predict`` gives, a score of risk, is
        ``predict_partial_hazard``.

        Raises
        ------
        ValueError : an age beyond the last under observation, or before the first.
        """
        if self._landmarks is not None and self._landmarks.clock == "age":  # on the other clock the last age is the horizon
            self._refuse_without_end("life up to the last age under observation")
        return predictions.restricted_mean(self._fitted, X, strata, age, None)

    def predict_rul_interval(self, X: Any, age: Any = 0.0, level: float = 0.95, *, strata: Any = None) -> pd.DataFrame:
        """An interval for the remaining life of each unit itself, uncertainty of coefficients and baseline included.

        Of units like each, alive at ``age``, a share ``level`` fails inside it, and half of the rest on either side; probabilities are
        averages over the normal distribution of the logarithm of the cumulative hazard ahead.

        Returns
        -------
        DataFrame with ``lower`` and ``upper``, one row a unit, with the index of X if it has one. ``upper`` is inf where it lies beyond the
        last age under observation; a ``lower`` that does is the time up to that age, which the unit outlasts with more confidence still.

        Raises
        ------
        ValueError : as ``predict_rul``; a lasso; robust errors of a model that was loaded.
        """
        check_level(level)
        limits = interval_of_lives(self._fitted, self._kept, X, strata, age, level)
        self._within_horizon("rul_quantile", {"age": age}, limits["upper"], endless_is_unknown=True)
        return limits

    def interval(
        self,
        what: str,
        X: Any = None,
        *at: Any,
        level: float = 0.95,
        method: str = "wald",
        side: str = "two",
        strata: Any = None,
        **keywords: Any,
    ) -> pd.DataFrame:
        """Estimate and Wald limits of a prediction for each unit, or of the coefficients.

        Parameters
        ----------
        what : "coefficients" (or "parameters"); or with X and exactly the arguments of that prediction: ("survival", X, times),
            ("cumulative_hazard", X, times), ("failure_probability", X, age, horizon), ("rul", X, age, horizon=100.0), the restricted mean;
            ("quantile", X, p), ("median", X), ("rul", X, age, kind="median").
        level : the confidence. side : "two", or "lower" or "upper" for a one-sided bound. strata : as for predictions.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``; one row a coefficient, or one a unit, with the index of X; where several times
        were asked one a unit and time, the position of the time as a second level of the index.

        Baseline and coefficients are both uncertain, and so are their limits (Tsiatis 1981, Annals of Statistics 9; as R's
        ``survfit.coxph``), made on the scale of the logarithm of the cumulative hazard, so that no probability leaves [0, 1]; those of a
        restricted mean on that of the log odds of its share of the horizon. With ``errors="robust"`` all of it is the sum of squares of
        what each unit adds, which R does for the coefficients only; it takes one pass over the data for each span of age, and of a
        restricted mean for each unit. Limits of a quantile are where those of survival cross it (Brookmeyer & Crowley 1982, Biometrics
        38), inf beyond the data. Under a ridge limits lie about the shrunk estimates and do not count the shrinkage: they cover less than
        they say. Over ages at which nobody failed the estimate is certain, as in R: this method knows no error there.

        Raises
        ------
        ValueError : what the prediction itself raises; a lasso; robust limits of a model that was loaded; another ``method``.
        """
        check_level(level)
        if method != "wald":
            raise ValueError(f'intervals of regressions are made by method="wald" (the delta method); got {method!r}.')
        if side not in ("two", "lower", "upper"):
            raise ValueError(f'side must be "two", "lower" or "upper"; got {side!r}.')
        if what in ("coefficients", "parameters"):
            if X is not None or at or keywords or strata is not None:
                raise TypeError(f"the interval of {what} takes no further arguments.")
            return interval_of_coefficients(self._fitted, level, side)
        if X is None:
            raise TypeError(
                f'the interval of {what} is one of units: pass X, what is known of them, then the arguments. Coefficients: "coefficients".'
            )
        table = interval_of_units(self._fitted, self._kept, what, X, strata, at, keywords, level, side)
        return self._limits_within_horizon(table, what, at, keywords, endless_is_unknown=True)

    def explain(self, X: Any, relative_to: Any = None) -> pd.DataFrame:
        """What each column adds to the logarithm of a unit's hazard ratio, against the average unit; a row adds up to the difference.

        Parameters
        ----------
        X : (n, m) units. relative_to : a unit to compare with, one row of X. None: every column at its mean, as in the fit.

        Returns
        -------
        DataFrame (n, columns) with the index of X.

        Raises
        ------
        ValueError : ``relative_to`` has not one row.
        """
        return predictions.contributions(self._fitted, X, relative_to)

    def partial_effect(
        self, column: Hashable, at: Any, values: Any = None, what: str = "hazard ratio", *, level: float = 0.95, **asked: Any
    ) -> pd.DataFrame:
        """What one covariate does, the others held, with Wald limits: as other regressions have it.

        Parameters
        ----------
        column, at, values, level : as ``ProportionalHazards.partial_effect`` takes them.
        what : "hazard ratio", to the typical unit, where it is 1; or a prediction that ``interval`` knows, its arguments by name:
            ``what="survival", t=100.0``, ``what="rul", age=50.0, horizon=100.0``.

        Raises
        ------
        ValueError : no such covariate; no values to be had from ``at``; a lasso; a prediction of a model with strata, of which each has its
            own.
        """
        self._refuse_strata(what)
        return effect_of(self, column, at, values, what, level, asked)[0]

    def plot_partial_effect(self, column: Hashable, at: Any, values: Any = None, what: str = "hazard ratio", **options: Any) -> Axes:
        """``partial_effect`` as a picture, whose arguments it takes, and ``ax``, ``label`` and ``color`` (matplotlib's)."""
        from survjax.plotting import plot_partial_effect

        self._refuse_strata(what)
        return plot_partial_effect(self, column, at, values, what, **options)

    def _refuse_strata(self, what: str) -> None:
        if len(self._fitted.begins) > 1 and what != self._ratio():
            raise ValueError(
                f"{what} differs from stratum to stratum: ask for the hazard ratio, which is the same in all, or for "
                f"interval({what!r}, X, ...) of rows, with their strata, that differ in this covariate alone."
            )

    def score(self, X: Any, y: Any = None, *, strata: Any = None) -> float:
        """Harrell's concordance, as scikit-survival's ``score``: of pairs of which it is known, how often the one to fail first is of the
        higher hazard; 0.5 by chance, 1 at best.

        Within strata, with late entry and with several rows a unit over the risk sets as they are, as R's ``concordance``. The partial
        likelihood of other data, which lifelines' ``score`` gives, is ``log_likelihood(X, y)``.

        Raises
        ------
        ValueError : there is no such pair; and as ``fit`` of X and y.
        """
        X, y, _ = taken_apart(X, y)
        fit = self._fitted
        life, score = read_target(X, y), predictions.log_partial_hazard(fit, X)
        refuse_other_length(len(score), life)
        rows = rows_at_risk(life, fit.strata.codes(X, len(life), strata), len(fit.strata.levels))
        return concordance(score[rows.order], rows).estimate

    def log_likelihood(self, X: Any, y: Any = None, *, strata: Any = None) -> float:
        """The log partial likelihood of other data at the coefficients learned. Arguments and errors as for ``fit``."""
        X, y, _ = taken_apart(X, y)
        fit = self._fitted
        kept = predictions.likelihood_of(fit, X, read_target(X, y), strata)
        return kept.likelihood.evaluate(fit.maximum.beta).value

    # ---- keeping

    def save(self, path: str | Path) -> None:
        """Write the model as JSON that a person can read: how covariates are read, coefficients, covariance, rises of the baselines.

        ``survjax.load`` reads it. The data of the fit are not in the file.

        Raises
        ------
        NotFitted : nothing was learned. TypeError : a stratum or a transform of the formula is something that no file can hold.
        """
        write_cox(self, Path(path))

    @classmethod
    def _from_content(cls, content: dict[str, Any]) -> Any:
        """The model that the content of a file describes."""
        return restore_cox(cls, content)
