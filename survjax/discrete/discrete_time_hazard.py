"""The hazard in discrete time, with random coefficients, as a learner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.covariates.covariate import INTERCEPT
from survjax.covariates.design import Design
from survjax.covariates.histories import taken_apart
from survjax.covariates.labels import take_labels
from survjax.covariates.table import read_table
from survjax.data.columns import refuse_different_indexes
from survjax.data.lifetimes import Lifetimes
from survjax.discrete import predictions
from survjax.discrete.estimation import BASELINES, Predictor, columns_of, fit_discrete, simulated_parts
from survjax.discrete.file import restore_discrete, write_discrete
from survjax.discrete.findings import DiscreteFindings
from survjax.discrete.likelihood import LINKS
from survjax.discrete.periods import read_periods
from survjax.discrete.spread_profile import SpreadProfile
from survjax.fitting.existence import check_anything_failed
from survjax.frailty.groups import Groups, read_groups
from survjax.models.arguments import as_target, check_level, check_side, check_whole_number, taken_as_failed
from survjax.models.habits import in_survjax_words
from survjax.models.intervals import limits_of_link
from survjax.models.outcome import refuse_outcome_in
from survjax.models.precision import in_double_precision
from survjax.models.predictions import PREDICTIONS, arguments_of
from survjax.models.regression import Regression
from survjax.models.regression_intervals import index_of_units
from survjax.models.unit_laws import unit_arguments
from survjax.models.unit_predictions import UnitPredictions
from survjax.regression.clusters import check_clusters, numbers_of

if TYPE_CHECKING:
    import pandas as pd


class DiscreteTimeHazard(UnitPredictions, DiscreteFindings):
    r"""The probability of failing in a period of age, given survival until it begins; some coefficients may be each unit's own.

    .. math:: \operatorname{logit} h_{ik} = \alpha_k + x_{ik}'\beta_i, \qquad \beta_{ij} \sim N(b_j, \sigma_j^2)\ \text{for random j},
              \quad \beta_{ij} = b_j\ \text{for the others}

    or with log(-log(1 - h)) on the left. Without random coefficients this is a logistic regression over all periods of all units. With
    them a unit's likelihood is averaged over draws, quasi-random and with every pattern of signs (simulated maximum likelihood); a
    coefficient stays a unit's own over all its rows. Where a unit came under observation late, its coefficients are those of units that
    survived until then: the average over draws is divided by that of survival to entry, the covariates of its first row taken to have
    held before.

    A failure counts as one in its period, whenever it was in it. A period spent in part (by a unit taken out within it, or whose row begins
    within it) counts as the part it is, the hazard rate being constant within: the unit survives a share f of it with (1 - h)^f.

    Predictions are averages over the coefficients a new unit may have, for one alive at an age over those it may still have, having
    survived until then with the covariates of X. Beyond the last period the hazard stays what it is in it.

    Parameters
    ----------
    formula : as formulaic reads it, ``"~ load + C(brand)"``. None: every column of X. Columns are standardised inside.
    periods : the length of a period, or the ages at which periods end; what happens after the last is not looked at.
    random : names of columns (``"load"``, ``"brand[b]"``) of which each unit has a coefficient of its own, normal, independent of others;
        ``"Intercept"`` for the level of the unit. None: every coefficient is the same for all units. A column is taken as measured: where
        it is 0, units do not differ in its effect.
    n_draws : of coefficients for each unit, a multiple of 2^(number of random ones).
    link : "logit", or "cloglog", with which covariates multiply hazard rates (proportional hazards, in groups of ages).
    baseline : "periods": a level for each. "log": a line in the logarithm of the age at which the period ends, ``level`` and ``log_age``.
    seed : of the draws.

    References
    ----------
    Allison (1982), Sociological Methodology 13, on hazards in discrete time; Prentice & Gloeckler (1978), Biometrics 34, on the
    complementary log-log; Train (2009), Discrete Choice Methods with Simulation, chapters 6, 9 and 10.

    Examples
    --------
    >>> import numpy as np, survjax as sj
    >>> random = np.random.default_rng(0)
    >>> load = np.tile([0.0, 1.0], 100)
    >>> life = sj.Lifetimes(random.geometric(np.where(load > 0, 0.4, 0.2)))
    >>> model = sj.DiscreteTimeHazard(periods=1.0, baseline="log").fit({"load": load}, life)
    >>> low, high = model.predict_failure_probability({"load": [0.0, 1.0]}, age=2.0, horizon=1.0)
    >>> bool(low < high)
    True
    """

    labels_of_landmarks = "cluster"
    lifetimes_: Lifetimes | None = None

    def __init__(
        self,
        formula: str | None = None,
        *,
        periods: float | Sequence[float] | None = None,
        random: Sequence[str] | None = None,
        n_draws: int = 128,
        link: str = "logit",
        baseline: str = "periods",
        seed: int = 0,
    ) -> None:
        self.formula = formula
        self.periods = periods
        self.random = random
        self.n_draws = n_draws
        self.link = link
        self.baseline = baseline
        self.seed = seed

    # ---- learning

    @in_survjax_words
    @in_double_precision
    def fit(self, X: Any, y: Any = None, *, unit: Any = None, cluster: Any = None, require_convergence: bool = True) -> Self:
        """Learn levels, coefficients and their spreads by maximum (simulated) likelihood.

        Parameters
        ----------
        X : (n, m) what is known of each unit, or held in each row: data frame, array, or mapping of columns.
        y : a ``Lifetimes`` with n rows, or a structured array (event, time); late entry, failures within intervals and weights (counts of
            units) are taken.
        unit : (n,) labels, or the name of a column of X (which is then no covariate unless the formula names it), of units that have
            several rows (start, stop], ``entry`` being the start, in which covariates differ. They must follow on each other; only the
            first may begin late. None: every row is a unit. A ``History`` brings X, y and unit.
        cluster : (n,) labels, or the name of a column of X, of rows that depend on each other without being one history: landmarks of one
            unit, units of one site. Errors are then robust, by cluster; the likelihood counts rows as if they were independent.
            ``Landmarks`` bring X, y and cluster.
        require_convergence : False returns a fit that stopped short, with its ``stop_reason_``.

        Raises
        ------
        TypeError, ValueError : malformed data or arguments; missing, constant or collinear columns; rows that do not match; random
            coefficients, which are a unit's own over all its rows, with clusters.
        BadRow : right truncation; rows of a unit that do not follow on each other, or go on after its failure.
        NoFiniteMaximum : no estimate exists, as where nobody failed in a period. NotConverged : the optimiser stopped short.

        A fit that raises leaves the model as it was.
        """
        self._check_arguments()
        life = as_target(X, y)
        X, (unit, cluster) = take_labels(X, [self.formula], unit=unit, cluster=cluster)
        check_anything_failed(life)
        Regression._check_rows(read_table(X).n, life)
        design, matrix = Design.learn_matrix(X, self.formula, weights=life.counts())
        refuse_outcome_in(design, matrix, life)
        design.refuse_collinear(matrix[life.counts() > 0])
        predictor = Predictor(design, read_periods(self.periods, life), self.baseline, self.link, self._random(design))
        groups = self._groups(unit, life)
        clusters = None if cluster is None else numbers_of(check_clusters(cluster, unit, len(life)))
        if clusters is not None and predictor.random:
            raise ValueError(
                "rows of a cluster, as landmarks of one unit are, overlap, so that no coefficient is drawn once for all of them: leave out "
                "random=, or give unit= for rows that are stretches of one life."
            )
        fit, problem = fit_discrete(predictor, life, groups, matrix, self.n_draws, self.seed, require_convergence, clusters)
        beyond = int(np.count_nonzero(life.lower > predictor.periods.ends[-1]))
        if beyond:
            fit.notes.append(
                f"{beyond:,} rows reach beyond the last period, and count as running at its end, {predictor.periods.ends[-1]:g}."
            )
        fit.notes[:0] = taken_as_failed(y)
        self._fit, self.lifetimes_ = fit, life
        self._profile = SpreadProfile(fit, problem) if predictor.random else None
        return self

    def _check_arguments(self) -> None:
        if self.link not in LINKS:
            raise ValueError(f"link must be one of {', '.join(map(repr, LINKS))}; got {self.link!r}.")
        if self.baseline not in BASELINES:
            raise ValueError(f"baseline must be one of {', '.join(map(repr, BASELINES))}; got {self.baseline!r}.")
        if isinstance(self.random, str):
            raise TypeError(f"random is a list of names; got the text {self.random!r}: write random=[{self.random!r}].")
        check_whole_number(self.n_draws, "n_draws", 1)
        check_whole_number(self.seed, "seed", 0)

    def _random(self, design: Design) -> tuple[str, ...]:
        """The names of columns with random coefficients.

        Raises
        ------
        ValueError : one is no column, or is named twice; a column has the name of a level.
        """
        names = tuple(self.random or ())
        for name in names:
            if name != INTERCEPT and name not in design.names:
                raise ValueError(
                    f"random names {name!r}, which is no column of the score; there are {', '.join((INTERCEPT, *design.names))}."
                )
            if names.count(name) > 1:
                raise ValueError(f"random names {name!r} twice.")
        taken = next((name for name in design.names if name in ("level", "log_age") or name.startswith(("level_", "spread["))), None)
        if taken is not None:
            raise ValueError(f"a column is called {taken!r}, as a parameter of the model is or may be; rename it.")
        return names

    # ---- predictions

    @in_double_precision
    def _predict(self, name: str, X: Any, **arguments: Any) -> np.ndarray:
        matrix, columns, shape = self._asked(X, arguments)
        return predictions.predict(self._fitted, PREDICTIONS[name].value, matrix, columns).reshape(shape)

    def _asked(self, X: Any, arguments: dict[str, Any]) -> tuple[np.ndarray, list[np.ndarray], tuple[int, ...]]:
        """The design's columns (n, p) of units, what is asked of them as columns (n, m), and the shape of the answer."""
        refuse_different_indexes(X=X, age=arguments.get("age"))
        matrix = self._fitted.predictor.design.matrix(X)
        columns, shape = unit_arguments(len(matrix), **arguments)
        return matrix, columns, shape

    @in_double_precision
    def predict_rul_interval(self, X: Any, age: Any = 0.0, level: float = 0.95) -> pd.DataFrame:
        """An interval for the remaining life of each unit itself, uncertainty of its own coefficients and of the parameters included.

        Parameters
        ----------
        X : (n, m) covariates. age : one number, or (n,). level : the probability that the life is to end within.

        Returns
        -------
        DataFrame with ``lower`` and ``upper``, one row a unit, with the index of X if it has one.
        """
        import pandas as pd

        check_level(level)
        matrix, (ages,), _ = self._asked(X, {"age": age})
        shares = {"lower": 0.5 * (1 - level), "upper": 0.5 * (1 + level)}
        bounds = {name: predictions.life_bounds(self._fitted, share, matrix, ages[:, 0]) for name, share in shares.items()}
        self._within_horizon("rul_quantile", {"age": age}, bounds["upper"])
        return pd.DataFrame(bounds, index=getattr(X, "index", None))

    @in_double_precision
    def interval(self, what: str, X: Any = None, *at: Any, level: float = 0.95, side: str = "two", **keywords: Any) -> pd.DataFrame:
        """Estimate and limits of a prediction for each unit by the delta method, draws held fixed, or of the parameters.

        Parameters
        ----------
        what : "parameters"; or with X and exactly the arguments of that prediction: ("survival", X, times),
            ("failure_probability", X, age, horizon), ("rul", X, age, horizon=100.0), ("quantile", X, p), …
        level : the confidence. side : "two", or "lower" or "upper" for a one-sided bound.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``; one row a parameter, or one a unit, with the index of X; where several times
        were asked one a unit and time. Limits of a spread are by its profile likelihood (``spread_limits``).

        Raises
        ------
        ValueError : limits of spreads at another level than 0.95 of a model that was loaded, whose data are elsewhere.
        """
        check_level(level)
        check_side(side)
        if what == "parameters":
            if X is not None or at or keywords:
                raise TypeError("the interval of parameters takes no further arguments.")
            return self._intervals(level, side)
        if X is None:
            raise TypeError(f"the interval of {what} is one of units: pass X, what is known of them, then the arguments.")
        name, arguments = arguments_of(what, at, keywords)
        if name not in PREDICTIONS:
            raise ValueError(f"{what} is asked of a DefectiveSubpopulation, not of a hazard in discrete time.")
        matrix, columns, shape = self._asked(X, arguments)
        link, error = predictions.link_with_error(self._fitted, PREDICTIONS[name].link, matrix, columns)
        table = limits_of_link(PREDICTIONS[name], link, error, level, side)
        table.index = index_of_units(len(matrix), shape, getattr(X, "index", None))
        return self._limits_within_horizon(table, what, at, keywords)

    # ---- other data under the same fit

    @in_double_precision
    def log_likelihood(self, X: Any, y: Any = None, *, unit: Any = None) -> float:
        """The log-likelihood of any units under the fitted model: of which period each failed in, simulated as in ``fit``."""
        X, y, unit = taken_apart(X, y, unit)
        _, (unit,) = take_labels(X, (), unit=unit)
        life, fit = as_target(X, y), self._fitted
        matrix = fit.predictor.design.matrix(X)
        Regression._check_rows(len(matrix), life)
        columns, weights = columns_of(fit.predictor, life, self._groups(unit, life), matrix)
        seen, entered = simulated_parts(fit, columns)
        return float(weights @ (seen - entered))

    @staticmethod
    def _groups(unit: Any, life: Lifetimes) -> Groups:
        if unit is None:
            n = len(life)
            return Groups(tuple(range(n)), np.arange(n), np.zeros(n, dtype=bool), alone=True)
        return read_groups(None, unit, life)

    def score(self, X: Any, y: Any = None, *, unit: Any = None) -> float:
        """Log-likelihood per unit (of weight; of several rows with one label that of the first). X may be a ``History``."""
        X, y, unit = taken_apart(X, y, unit)
        _, (unit,) = take_labels(X, (), unit=unit)
        life = as_target(X, y)
        first = np.unique(self._groups(unit, life).codes, return_index=True)[1]
        return self.log_likelihood(X, life, unit=unit) / float(life.counts()[first].sum())

    # ---- keeping

    def save(self, path: str | Path) -> None:
        """Write the model as JSON that a person can read: periods, how covariates are read, estimates, covariance.

        ``survjax.load`` reads it. The data of the fit are not in the file; draws are made again from the seed.

        Raises
        ------
        NotFitted : nothing was learned. TypeError : a transform of the formula is something that no file can hold.
        """
        write_discrete(self, Path(path))

    @classmethod
    def _from_content(cls, content: dict[str, Any]) -> Any:
        """The model that the content of a file describes."""
        return restore_discrete(cls, content)
