"""From covariates and lifetimes to a fitted Cox model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from survjax.covariates.design import Design
from survjax.covariates.histories import check_histories
from survjax.covariates.labels import columns_without
from survjax.covariates.table import read_table
from survjax.cox.ascent import Maximum, maximise
from survjax.cox.baseline import Baseline, baselines
from survjax.cox.existence import nearly_flat, refuse_flat
from survjax.cox.partial_likelihood import PartialLikelihood, Rises
from survjax.cox.penalty import ElasticNet
from survjax.cox.rows import rows_at_risk
from survjax.cox.strata import Strata, learn_strata
from survjax.data.columns import ROWS_COUNT_FROM
from survjax.data.findings import negative_ages
from survjax.data.lifetimes import Lifetimes
from survjax.errors import BadRow, NoFiniteMaximum
from survjax.models.arguments import as_target, taken_as_failed
from survjax.models.hazard_scaling import RIDGE
from survjax.models.outcome import refuse_outcome_in
from survjax.regression.clusters import check_clusters, numbers_of

LASSO = "a lasso chose the columns: coefficients are shrunk towards 0, some to 0 exactly, and have no standard errors."


@dataclass(frozen=True, eq=False)
class CoxFit:
    """What a fit learned; coefficients are of standardised columns.

    Attributes
    ----------
    design, strata : how X is read. left_out : columns of X that are no covariates. ties : as asked.
    maximum, penalty : the coefficients and what they cost.
    errors : "model" or "robust". covariance : (p, p); None under a lasso, which has none.
    rises : of the baselines, those of a unit at the mean of every column; at ages ``age`` (m,), those of stratum s being
        ``offsets[s]``, ..., ``offsets[s + 1] - 1``. begins, ends : (S,) the first and last age under observation.
    n_rows, n_units, n_failed : counts. notes : what the reader should know.
    """

    design: Design
    strata: Strata
    left_out: tuple[str, ...]
    ties: str
    maximum: Maximum
    penalty: ElasticNet
    errors: str
    covariance: np.ndarray | None
    rises: Rises
    age: np.ndarray
    offsets: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    n_rows: int
    n_units: float
    n_failed: float
    notes: list[str]

    @cached_property
    def baselines(self) -> list[Baseline]:
        """The baseline of each stratum."""
        return baselines(self.rises.log, self.age, self.offsets, self.begins, self.ends)

    @property
    def designs(self) -> list[Design]:
        """How X is read, by each linear predictor: there is one."""
        return [self.design]

    @property
    def curvature(self) -> np.ndarray:
        """The penalised information (p, p) at the maximum."""
        return self.maximum.here.information + self.penalty.ridge * np.eye(len(self.maximum.beta))


@dataclass(frozen=True, eq=False)
class Kept:
    """What a fitted model keeps of its data.

    life : the rows. likelihood : with the columns of X in it. units : (n,) which unit each row is of, or which cluster; None: each its own.
    """

    life: Lifetimes
    likelihood: PartialLikelihood
    units: np.ndarray | None = None

    def by_unit(self, of_rows: np.ndarray) -> np.ndarray:
        """Sums over the rows of each unit, times their weights: (q, rows of the likelihood) to (q, units)."""
        rows = self.likelihood.rows
        weighted = of_rows * rows.weight
        if self.units is None:
            return weighted
        numbers = np.unique(self.units[rows.order], return_inverse=True)[1]
        return np.array([np.bincount(numbers, row) for row in weighted])

    def influence(self, beta: np.ndarray, curvature: np.ndarray) -> np.ndarray:
        """About how much the coefficients would change without each unit, (p, units)."""
        return np.linalg.solve(curvature, self.by_unit(self.likelihood.scores(beta)))


def read_target(X: Any, y: Any) -> Lifetimes:
    """Failures at known ages and running units, from a Lifetimes, a structured array (event, time) or ages at which all failed.

    Raises
    ------
    TypeError : X and y are in the wrong order.
    ValueError : a failure known only within an interval; right truncation.
    """
    life = Lifetimes.from_structured(y) if getattr(getattr(y, "dtype", None), "names", None) else as_target(X, y)
    between = np.flatnonzero(~life.event_observed & np.isfinite(life.upper))
    use = "Use a parametric model, survjax.ProportionalHazards, which takes them as they are."
    if between.size:
        row = int(between[0])
        raise ValueError(
            f"Cox regression needs failures at known ages: its likelihood is of their order. Row {row} failed between {life.lower[row]:g} "
            f"and {life.upper[row]:g} ({between.size:,} such rows; rows count from 0). {use}"
        )
    if life.right_truncation is not None:
        row = int(np.flatnonzero(np.isfinite(life.right_truncation))[0])
        raise ValueError(
            f"Cox regression cannot take right truncation, which row {row} has (rows count from 0): units that did not fail in time are "
            f"missing from its risk sets. {use}"
        )
    return life


def refuse_other_length(n: int, life: Lifetimes) -> None:
    """Raise unless X, of n rows, has as many as y."""
    if n != len(life):
        raise ValueError(f"X has {n:,} rows and y {len(life):,}; every row needs both.")


class Labels(NamedTuple):
    """Labels of rows as the user gave them, each (n,), the name of a column of X, or None."""

    unit: Any = None
    strata: Any = None
    cluster: Any = None


class Problem(NamedTuple):
    """What is to be fitted: how X is read, its columns in the user's units, the stratum of each row, what a model keeps, how many units."""

    design: Design
    strata: Strata
    left_out: tuple[str, ...]
    matrix: np.ndarray
    stratum: np.ndarray
    kept: Kept
    n_units: float


def read_problem(X: Any, y: Any, labels: Labels, formula: str | None, ties: str) -> Problem:
    """Rows at risk and their columns.

    Raises
    ------
    ValueError : as ``CoxProportionalHazards.fit``. NoFiniteMaximum : no failures.
    """
    life = read_target(X, y)
    n = X.shape[0] if hasattr(X, "shape") else read_table(X).n
    refuse_other_length(n, life)
    if not life.n_exact:
        raise NoFiniteMaximum("no unit failed, so nothing is known of what hazards go by. A fit needs failures.")
    groups, stratum = learn_strata(X, n, labels.strata)
    left_out = groups.names + tuple(name for name in (labels.unit, labels.cluster) if isinstance(name, str))
    unit, cluster = (read_table(X).pick((one,))[0] if isinstance(one, str) else one for one in (labels.unit, labels.cluster))
    clusters = None if cluster is None else numbers_of(check_clusters(cluster, unit, n))
    units = None if unit is None else _units(unit, life)
    counts = np.asarray(life.counts())
    n_units = float(counts.sum()) if units is None else float(counts[np.unique(units, return_index=True)[1]].sum())
    covariates = columns_without(X, left_out) if formula is None else X
    design, matrix = Design.learn_matrix(covariates, formula, weights=None if life.weights is None else counts)
    refuse_outcome_in(design, matrix, life)
    if cluster is not None and ties == "efron":
        _refuse_copies_of_a_failure(clusters, life, stratum)
    likelihood = PartialLikelihood(design.standardised(matrix), rows_at_risk(life, stratum, len(groups.levels)), ties)
    return Problem(design, groups, left_out, matrix, stratum, Kept(life, likelihood, units if cluster is None else clusters), n_units)


def fit_cox(
    X: Any, y: Any, labels: Labels, formula: str | None, ties: str, penalty: float, l1_ratio: float, errors: str
) -> tuple[CoxFit, Kept]:
    """Coefficients, their covariance, which is robust where there are clusters, and the baselines.

    Raises
    ------
    ValueError : as ``CoxProportionalHazards.fit``.
    """
    problem = read_problem(X, y, labels, formula, ties)
    errors = errors if labels.cluster is None else "robust"
    design, kept = problem.design, problem.kept
    life, likelihood, times = kept.life, kept.likelihood, kept.likelihood.rows.times
    counts = np.asarray(life.counts())
    net = ElasticNet(penalty * l1_ratio, penalty * (1.0 - l1_ratio))
    at_zero = likelihood.evaluate(np.zeros(len(design.names)))
    if not penalty and nearly_flat(at_zero.information):
        design.refuse_collinear(problem.matrix[counts > 0])
        refuse_flat(likelihood, at_zero.information, design.names)
    maximum = maximise(likelihood, net, design.names, at_zero)
    curvature = maximum.here.information + net.ridge * np.eye(len(design.names))
    covariance = None
    if not net.lasso:
        # robust: the sum of squares of each unit's part of the score, weights included (Lin & Wei 1989, JASA 84)
        influence = kept.influence(maximum.beta, curvature) if errors == "robust" else None
        covariance = np.linalg.inv(curvature) if influence is None else influence @ influence.T
    begins, ends = _observed(life, problem.stratum, len(problem.strata.levels))
    fit = CoxFit(
        design=design,
        strata=problem.strata,
        left_out=problem.left_out,
        ties=ties,
        maximum=maximum,
        penalty=net,
        errors=errors,
        covariance=covariance,
        rises=likelihood.rises(maximum.beta),
        age=times.age,
        offsets=times.offsets,
        begins=begins,
        ends=ends,
        n_rows=len(life),
        n_units=problem.n_units,
        n_failed=life.n_failed,
        notes=[*taken_as_failed(y), *map(str, negative_ages(life)), *([LASSO] if net.lasso else [RIDGE] if net.ridge else [])],
    )
    return fit, kept


def _units(labels: Any, life: Lifetimes) -> np.ndarray:
    """The number of the unit of each row, (n,), their histories being whole."""
    youngest = float(life.durations.min())
    # without entries every row begins at birth: at 0, or before all ages there are
    start = np.full(len(life), 0.0 if youngest > 0 else youngest - 1.0) if life.entry is None else life.entry
    return check_histories(labels, start, life.durations, life.event_observed).codes


def _refuse_copies_of_a_failure(clusters: np.ndarray | None, life: Lifetimes, stratum: np.ndarray) -> None:
    """Refuse rows of one cluster that fail together: landmarks of a unit, on the clock of age, all end with its one failure.

    Units of a site may fail at one age too; but then some site fails at several ages, which no unit does. Efron's rule
    takes tied failures for several of which one came first; Breslow's leaves each row's own estimating equation, which is right whatever
    the others do.
    """
    import pandas as pd

    failed = np.flatnonzero(life.event_observed & (life.counts() > 0))
    keys = pd.DataFrame({"cluster": np.asarray(clusters)[failed], "stratum": stratum[failed], "age": life.durations[failed]})
    again = failed[keys.duplicated()]
    if again.size and keys.groupby("cluster")["age"].nunique().max() == 1:
        raise BadRow(
            f"row {again[0]} fails at age {life.durations[again[0]]:g}, as another row of its cluster does ({again.size:,} such rows; "
            f"{ROWS_COUNT_FROM}): copies of one failure, as landmarks on the clock of age are, which Efron's rule for ties would take for "
            'several. Use CoxProportionalHazards(ties="breslow").',
            columns=("cluster",),
            rows=again,
        )


def _observed(life: Lifetimes, stratum: np.ndarray, n_strata: int) -> tuple[np.ndarray, np.ndarray]:
    """The first age at which a unit of each stratum was under observation, and the last."""
    seen = life.counts() > 0
    start = -np.inf if np.any(life.durations < 0) else 0.0
    begins, ends = np.full(n_strata, start if life.entry is None else np.inf), np.full(n_strata, -np.inf)
    if life.entry is not None:
        np.minimum.at(begins, stratum[seen], life.entry[seen])
    np.maximum.at(ends, stratum[seen], life.durations[seen])
    return begins, ends
