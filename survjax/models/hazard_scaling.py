"""The hazard of a fleet, scaled for each unit by what is known of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.covariates.design import Design
from survjax.covariates.histories import held_in_words, stretches_in_words
from survjax.covariates.labels import take_labels
from survjax.covariates.table import read_table
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.fitting.existence import check_anything_failed, check_support
from survjax.fitting.fit import fit_distribution
from survjax.models.arguments import as_target, taken_as_failed
from survjax.models.habits import in_survjax_words
from survjax.models.mixtures import WeibullMixture
from survjax.models.outcome import refuse_outcome_in
from survjax.models.precision import in_double_precision
from survjax.models.proportional_hazards import ProportionalHazards, refuse_bases, refuse_frailty_inside
from survjax.models.regression import Regression
from survjax.regression.clusters import check_clusters, numbers_of
from survjax.regression.latent_score import Penalty, Solution
from survjax.regression.penalty_path import PenaltyPath
from survjax.regression.strengths import MANY, SMALLEST, HeldOut, held_out, solutions, strengths_of
from survjax.regression.two_stages import Stages, group_weights

if TYPE_CHECKING:
    import pandas as pd

LASSO = (
    "a lasso chose the columns: standard errors are those of the columns kept, given that these were kept; a coefficient of 0 has none, "
    "and none counts the choice or the shrinkage."
)
RIDGE = "penalised: coefficients are shrunk towards 0, and intervals lie about the shrunk ones."


class HazardScaling(Regression):
    r"""A base hazard learned from lifetimes alone, scaled for each unit by the exponential of a latent score of its covariates.

    .. math:: h(t \mid x) = e^{s}\,h_0(t), \qquad s = a + x^\top b

    Two stages. First ``base`` is fitted to the lifetimes, as if nothing were known of the units. Then, the base's cumulative hazard
    :math:`H_0` being known at each row's ages, the score is fitted. What a row then loses is, with d = 1 for a failure at a known age,
    :math:`L = H_0(t) - H_0(\mathrm{entry})` and :math:`D` the hazard over the interval in which a unit failed,

    .. math:: e^{s} L - d\,s - \log\{1 - \exp(-e^{s} D)\}

    (the last term for intervals only; of a left-censored row L is 0). **This is convex in (a, b)**: s is linear in them; an exponential
    times :math:`L \ge 0` and a linear function are convex; and with :math:`u = e^{s} D` the second derivative of the last term is
    :math:`u \{1 - (1 - u) e^{u}\} / (e^{u} - 1)^2 > 0`, since :math:`1 - u < e^{-u}`. So whatever base the data may have, mixtures with
    several maxima included, what covariates add has one minimum, and it is certified (``duality_gap_``, ``newton_decrement_``,
    ``gradient_norm_``). Right truncation takes a difference of two such terms away and is not convex: it is refused, except by ``joint``.

    A unit whose covariates change has a row for each stretch (start, stop] of its life; ``unit`` says which rows are whose.

    *What two stages cost.* A fleet of unlike units seems to age less than any of its units: the strong outlive the weak. The base of the
    first stage has that in it, and the second cannot take it out, so that coefficients come out too small and ageing too flat, the more
    so the more covariates matter; predictions of units are drawn towards those of the fleet. ``joint=True`` learns base and score
    together and has no such bias. By simulation (``benchmarks/two_stage_bias.md``: Weibull lives of shape 2, a third censored, a standard
    normal covariate with coefficient 1) two stages find 0.881 ± 0.002 and a shape of 1.584 ± 0.003, joint 1.006 ± 0.003 and 1.999 ± 0.004;
    with coefficient 0.25 it is 0.249 and 1.958.

    A positive coefficient shortens life, as in R's coxph. Inside, columns are standardised; ``parameters_`` has the base's parameters as
    the first stage left them (those of a score of 0), the ``Intercept``, and the coefficients, in the units of X.

    Parameters
    ----------
    base : a learner or distribution of positive lifetimes, mixtures and other wrappers included; values given to it are known. None:
        ``WeibullMixture()``.
    formula : as formulaic reads it, ``"~ temperature + C(brand)"``. None: every column of X, categories as indicator columns.
    joint : learn base and score together, by the likelihood of ``ProportionalHazards``: no convexity, no certificate, no lasso, no bias.
    penalty : the strength :math:`\lambda` of an elastic net, or "cv", the one that is best for units held out. As in glmnet it stands
        beside the *mean* negative log-likelihood a unit, and is on coefficients of standardised columns, the intercept free:
        :math:`\lambda \{\alpha \|b\|_1 + (1 - \alpha) \|b\|_2^2 / 2\}`. (``ProportionalHazards(penalty=)`` stands beside the total: its
        value is this one's times the number of units.)
    l1_ratio : :math:`\alpha`; 0 ridge, 1 lasso.
    folds : of the cross-validation, drawn by unit with fit's ``seed``. The base is that of all units: what is chosen is how much the
        score may do.
    errors : "sandwich", in which both stages are one set of estimating equations, by ``unit`` where fit is given labels (with ``joint``
        that of the one likelihood); or "bootstrap", 200 times through both stages.

    References
    ----------
    Newey & McFadden (1994), Large Sample Estimation and Hypothesis Testing, Handbook of Econometrics 4, section 6, on two stages;
    Zou & Hastie (2005), Journal of the Royal Statistical Society B 67, on the elastic net; Friedman, Hastie & Tibshirani (2010), Journal
    of Statistical Software 33, on its paths.

    Examples
    --------
    >>> import survjax as sj
    >>> X = {"load": [1.0, 2.0, 3.0, 1.5, 2.5, 0.5]}
    >>> model = sj.HazardScaling(sj.Weibull()).fit(X, sj.Lifetimes([30, 21, 12, 28, 15, 40], [1, 1, 1, 1, 1, 0]))
    >>> model.coefficients_.index.to_list()
    ['Intercept', 'load']
    >>> model.newton_decrement_ < 1e-9
    True
    """

    _solution: Solution | None = None
    _held_out: HeldOut | None = None
    _strength: float = 0.0

    def __init__(
        self,
        base: Any = None,
        formula: str | None = None,
        *,
        joint: bool = False,
        penalty: float | str = 0.0,
        l1_ratio: float = 0.0,
        folds: int = 10,
        errors: str = "sandwich",
    ) -> None:
        self.base = base
        self.formula = formula
        self.joint = joint
        self.penalty = penalty  # type: ignore[assignment]
        self.l1_ratio = l1_ratio
        self.folds = folds
        self.errors = errors

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
        """Learn the base from the lifetimes, then the score; with ``joint`` both together.

        Parameters
        ----------
        X : (n, m) what is known of each unit: data frame, array, or mapping of columns.
        y : a ``Lifetimes`` with n rows, or a structured array (event, time). Stretches of a life as for ``ProportionalHazards``.
        unit : (n,) labels of the units that the rows belong to, or the name of a column of X, which is then no covariate unless the formula
            names it; penalties, folds and errors then count units, not rows.
        cluster : (n,) labels, or the name of a column, of rows that depend on each other without being one history (landmarks of one
            unit), which penalties, folds and errors count as one.
        n_starts, seed : of the base's fit, where the likelihood may have several maxima; the seed also of folds and replicates. None: as
            the base has them.
        require_convergence : False returns a fit that stopped short, with its ``stop_reason_``.

        Raises
        ------
        TypeError, ValueError : malformed data; missing or constant columns; collinear ones, without a penalty; rows of X and y that
            do not match; right truncation, without ``joint``; what cannot go together.
        BadRow : what happened to a unit cannot happen under a known base.
        NoFiniteMaximum : no estimate exists; the message names the columns.
        NotConverged : the optimiser stopped short.

        A fit that raises leaves the model as it was.
        """
        self._check_settings()
        n_starts, seed = self._search(n_starts, seed)
        life = as_target(X, y)
        X, (unit, cluster) = take_labels(X, self._formulas(), unit=unit, cluster=cluster)
        if self.joint:
            joint = self._joint(life, unit if cluster is None else cluster)
            joint.fit(X, life, unit=unit, cluster=cluster, n_starts=n_starts, seed=seed, require_convergence=require_convergence)
            self._fit, self.lifetimes_, self._reported = joint._fit, life, None
            self._solution = self._held_out = None
            self._strength = float(self.penalty)
            return self
        n_units = life.n_units if unit is None else self._n_units(unit, life)
        stages = self._first_stage(X, life, unit, cluster, n_starts, seed, collinear=not self.penalty)
        chosen = None
        if self.penalty == "cv":
            counts = group_weights(stages.groups, stages.life.counts())
            chosen = held_out(stages.score, stages.hazard.log_hazard, stages.groups, counts, self.l1_ratio, self.folds, seed)
        strength = float(self.penalty) if chosen is None else chosen.best
        penalty = Penalty(strength, self.l1_ratio)
        fit, solution = stages.fit(penalty, errors=self.errors, seed=seed, require_convergence=require_convergence)
        if strength:
            fit.notes.insert(0, LASSO if self.l1_ratio and self.errors == "sandwich" else RIDGE)
        fit.notes[:0] = [*taken_as_failed(y), *(stretches_in_words(life) if unit is None else held_in_words(unit))]
        self._fit, self.lifetimes_, self._reported = dataclasses.replace(fit, n_units=n_units), life, None
        self._solution, self._held_out, self._strength = solution, chosen, strength
        return self

    def _joint(self, life: Lifetimes, unit: Any) -> ProportionalHazards:
        n_units = life.n_units
        if unit is not None and len(unit) == len(life):
            n_units = float(group_weights(numbers_of(unit), life.counts()).sum())
        return ProportionalHazards(self._base_learner(), self.formula, penalty=float(self.penalty) * n_units, errors="robust")

    def _first_stage(self, X: Any, life: Lifetimes, unit: Any, cluster: Any, n_starts: int | None, seed: int, *, collinear: bool) -> Stages:
        """The base from the lifetimes alone, and the problem of the second stage."""
        base = self._base_template()
        refuse_bases(base, "HazardScaling")
        refuse_frailty_inside(base, "HazardScaling")
        check_support(base, life)
        check_anything_failed(life, "Wait for failures, or add units that have failed.")
        _refuse_what_two_stages_cannot(base, life)
        self._check_rows(read_table(X).n, life)
        design, matrix = Design.learn_matrix(X, self.formula, intercept=True, weights=life.counts())
        if not design.has_intercept:
            raise ValueError(f"the score has an intercept, which the formula {self.formula!r} leaves out: drop its '- 1' or '0 +'.")
        refuse_outcome_in(design, matrix, life)
        if collinear:
            design.refuse_collinear(matrix if life.weights is None else matrix[life.counts() > 0])
        groups = unit if cluster is None else check_clusters(cluster, unit, len(life))
        first = fit_distribution(base, life, n_starts=n_starts, seed=seed)
        return Stages.of(first, design, design.standardised(matrix), life, groups)

    def _base_learner(self) -> Any:
        return WeibullMixture() if self.base is None else self.base

    def _check_settings(self) -> None:
        """Refuse settings that say nothing, or that contradict each other."""
        number = isinstance(self.penalty, (int, float)) and not isinstance(self.penalty, bool)
        if not (self.penalty == "cv" or (number and 0 <= self.penalty < np.inf)):
            raise ValueError(f'penalty must be a number, 0 or more, or "cv"; got {self.penalty!r}.')
        if not 0 <= self.l1_ratio <= 1:
            raise ValueError(f"l1_ratio must be between 0 (ridge) and 1 (lasso); got {self.l1_ratio!r}.")
        if self.l1_ratio and self.penalty == 0:
            raise ValueError(
                f"l1_ratio={self.l1_ratio:g} says of what kind a penalty is, and penalty is 0: give a strength, or leave it out."
            )
        if self.errors not in ("sandwich", "bootstrap"):
            raise ValueError(f'errors must be "sandwich" or "bootstrap"; got {self.errors!r}.')
        if self.joint and (self.l1_ratio or self.penalty == "cv"):
            raise ValueError('joint=True takes a ridge of given strength only; lasso, elastic net and penalty="cv" need two stages.')
        if self.joint and self.errors == "bootstrap":
            raise ValueError('errors="bootstrap" goes through two stages; joint=True has one: leave errors at "sandwich".')

    # ---- paths

    @in_double_precision
    def path(
        self,
        X: Any,
        y: Any,
        *,
        unit: Any = None,
        cluster: Any = None,
        n_strengths: int = MANY,
        smallest: float = SMALLEST,
        n_starts: int | None = None,
        seed: int | None = None,
    ) -> PenaltyPath:
        """The score at strengths from one that keeps no column (of a ridge: next to nothing) down to ``smallest`` of it.

        The base is fitted once; each strength begins where the one before ended. ``penalty`` is not looked at; ``l1_ratio`` is. The model
        is left as it was.

        Parameters
        ----------
        X, y, unit, cluster, n_starts, seed : as for ``fit``.
        n_strengths : how many, in even steps of their logarithm. smallest : the last, as a share of the first.

        Raises
        ------
        ValueError : as ``fit``; with ``joint``, which has no paths. NotConverged : some strength's certificate was not reached.
        """
        import pandas as pd

        if self.joint:
            raise ValueError("joint=True has no paths: they need the convex problem of two stages.")
        if not (isinstance(n_strengths, (int, np.integer)) and n_strengths >= 2 and 0 < smallest < 1):
            raise ValueError(f"a path has at least 2 strengths, and smallest is between 0 and 1; got {n_strengths!r} and {smallest!r}.")
        life = as_target(X, y)
        X, (unit, cluster) = take_labels(X, self._formulas(), unit=unit, cluster=cluster)
        if unit is not None:
            self._n_units(unit, life)
        stages = self._first_stage(X, life, unit, cluster, *self._search(n_starts, seed), collinear=False)
        strengths = strengths_of(stages.score, self.l1_ratio, n_strengths, smallest)
        found = solutions(stages.score, strengths, self.l1_ratio)
        design = stages.predictors.each[0].design
        index = pd.Index(strengths, name="strength")
        constant = float(stages.score.weights @ stages.hazard.log_hazard)
        table = pd.DataFrame(
            {
                "log-likelihood": [constant - one.loss * stages.score.n_units for one in found],
                "columns kept": [np.count_nonzero(one.coefficients[1:]) for one in found],
                "duality gap": [one.duality_gap for one in found],
                "steps": [one.n_steps for one in found],
            },
            index=index,
        )
        in_user_units = np.array([design.to_user @ one.coefficients for one in found])
        return PenaltyPath(pd.DataFrame(in_user_units, index=index, columns=list(design.names)), table)

    # ---- what was learned

    @property
    def _of_one_stage(self) -> bool:
        """Whether base and score were learned together: then the base is centred, and the score has no intercept."""
        return not self._fitted.predictors.each[0].design.has_intercept

    def _beside_the_fit(self) -> dict[str, float]:
        return {"strength": self._strength}

    def _with_what_was_beside(self, kept: Mapping[str, Any]) -> None:
        self._strength = float(kept["strength"])

    @property
    def penalty_(self) -> float:
        """The strength of the penalty, as given or as chosen."""
        _ = self._fitted
        return self._strength

    @property
    def cross_validation_(self) -> pd.DataFrame:
        """For each strength the mean log-likelihood of a unit held out, its standard error, and the columns kept; of penalty="cv".

        ``best`` marks the strength taken; ``one standard error`` the largest whose mean is within one standard error of the best
        (Breiman et al. 1984), which asks for less: fit again with it as ``penalty`` to have that.
        """
        import pandas as pd

        _ = self._fitted
        if self._held_out is None:
            raise AttributeError('nothing was cross-validated: fit with penalty="cv".')
        found = self._held_out
        return pd.DataFrame(
            {
                "score": found.mean,
                "standard error": found.error,
                "columns kept": found.kept,
                "best": found.strengths == found.best,
                "one standard error": found.strengths == found.strictest,
            },
            index=pd.Index(found.strengths, name="strength"),
        )

    def _certificate(self) -> Solution:
        _ = self._fitted
        if self._of_one_stage:
            raise AttributeError("joint=True has no certificate: base and score together are no convex problem.")
        if self._solution is None:
            raise AttributeError("a model file keeps no certificate: fit again to see it.")
        return self._solution

    @property
    def duality_gap_(self) -> float:
        """The penalised mean loss a unit is at most this much above its minimum (Fenchel duality). Without a penalty: AttributeError."""
        gap = self._certificate().duality_gap
        if gap is None:
            raise AttributeError("without a penalty there is no duality gap: see newton_decrement_.")
        return gap

    @property
    def newton_decrement_(self) -> float:
        """By how much, to second order, the penalised mean loss a unit is above its minimum."""
        return self._certificate().newton_decrement

    @property
    def gradient_norm_(self) -> float:
        """The largest component of the (sub)gradient of the penalised mean loss a unit, in coefficients of standardised columns."""
        return self._certificate().gradient_norm

    @property
    def base_is_of_(self) -> str:
        """Of which unit the parameters of the base are."""
        return super().base_is_of_ if self._of_one_stage else "a score of 0, the fleet as one"

    def _n_free(self, criterion: str) -> int:
        if not self._of_one_stage:
            raise ValueError(
                f"{criterion} compares maxima of the likelihood, and two stages do not reach it. Take joint=True, or compare scores of "
                "data held out."
            )
        return super()._n_free(criterion)

    def _refuse_two_stages(self, what: str, instead: str) -> None:
        _ = self._fitted
        if not self._of_one_stage:
            raise ValueError(
                f"the {what} is of one likelihood, and this base and score were learned in two stages. Take joint=True; or: {instead}."
            )

    def _ratio(self) -> str:
        return "hazard ratio"


def _refuse_what_two_stages_cannot(base: Distribution, life: Lifetimes) -> None:
    """Refuse rows for which the second stage is not convex, and bases without a hazard to scale."""
    if life.right_truncation is not None and np.isfinite(life.right_truncation).any():
        row = int(np.argmax(np.isfinite(life.right_truncation)))
        raise ValueError(
            f"row {row} is truncated on the right, at {life.right_truncation[row]:g}: the score's problem is then not convex. Use "
            "HazardScaling(base, joint=True), which learns base and score together."
        )
    if base.has_mass_at_start:
        raise ValueError("the dead on arrival have no hazard to scale: use AcceleratedFailureTime, or leave ZeroInflated out.")
