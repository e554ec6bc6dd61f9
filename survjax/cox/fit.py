"""From covariates and lifetimes to a fitted Cox model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.covariates.histories import check_histories
from survjax.covariates.table import read_table
from survjax.cox.ascent import Maximum, maximise
from survjax.cox.baseline import Baseline, baselines
from survjax.cox.existence import nearly_flat, refuse_flat
from survjax.cox.partial_likelihood import PartialLikelihood
from survjax.cox.penalty import ElasticNet
from survjax.cox.rows import rows_at_risk
from survjax.cox.strata import Strata, columns_without, learn_strata
from survjax.data.lifetimes import Lifetimes
from survjax.errors import NoFiniteMaximum
from survjax.models.arguments import as_lifetimes


@dataclass(frozen=True, eq=False)
class CoxFit:
    """What a fit learned; coefficients are of standardised columns.

    Attributes
    ----------
    design, strata : how X is read. left_out : columns of X that are no covariates. ties : as asked.
    maximum, penalty : the coefficients and what they cost.
    covariance : (p, p); None under a lasso, which has none.
    baselines : one for each stratum, of a unit at the mean of every column. n_rows, n_units, n_failed : counts.
    """

    design: Design
    strata: Strata
    left_out: tuple[str, ...]
    ties: str
    maximum: Maximum
    penalty: ElasticNet
    covariance: np.ndarray | None
    baselines: list[Baseline]
    n_rows: int
    n_units: float
    n_failed: float


@dataclass(frozen=True, eq=False)
class Kept:
    """What a fitted model keeps of its data: the lifetimes, and the likelihood with the columns of X in it."""

    life: Lifetimes
    likelihood: PartialLikelihood


def read_target(y: Any) -> Lifetimes:
    """Failures at known ages and running units, from a Lifetimes, a structured array (event, time) or ages at which all failed.

    Raises
    ------
    ValueError : a failure known only within an interval; right truncation.
    """
    life = Lifetimes.from_structured(y) if getattr(getattr(y, "dtype", None), "names", None) else as_lifetimes(y)
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


def fit_cox(
    X: Any, y: Any, unit: Any, strata: Any, formula: str | None, ties: str, penalty: float, l1_ratio: float, errors: str
) -> tuple[CoxFit, Kept]:
    """Coefficients, their covariance and the baselines.

    Raises
    ------
    ValueError : as ``CoxProportionalHazards.fit``.
    """
    life = read_target(y)
    n = X.shape[0] if hasattr(X, "shape") else read_table(X).n
    refuse_other_length(n, life)
    if not life.n_exact:
        raise NoFiniteMaximum("no unit failed, so nothing is known of what hazards go by. A fit needs failures.")
    groups, stratum = learn_strata(X, n, strata)
    left_out = groups.names + ((unit,) if isinstance(unit, str) else ())
    units = None if unit is None else _units(X, unit, life)
    counts = np.asarray(life.counts())
    covariates = columns_without(X, left_out) if formula is None else X
    design, matrix = Design.learn_matrix(covariates, formula, weights=None if life.weights is None else counts)
    rows = rows_at_risk(life, stratum, len(groups.levels))
    likelihood = PartialLikelihood(design.standardised(matrix), rows, ties)
    n_units = float(counts.sum()) if units is None else float(counts[np.unique(units, return_index=True)[1]].sum())
    net = ElasticNet(penalty * l1_ratio, penalty * (1.0 - l1_ratio))
    at_zero = likelihood.evaluate(np.zeros(len(design.names)))
    if not penalty and nearly_flat(at_zero.information):
        design.refuse_collinear(matrix[counts > 0])
        refuse_flat(likelihood, at_zero.information, design.names)
    maximum = maximise(likelihood, net, design.names, at_zero)
    covariance = None
    if not net.lasso:
        covariance = np.linalg.inv(maximum.here.information + net.ridge * np.eye(len(design.names)))
        if errors == "robust":
            covariance = _sandwich(likelihood, maximum.beta, covariance, units)
    steps = likelihood.log_hazard(maximum.beta)
    curves = baselines(steps, rows.times.age, rows.times.offsets, *_observed(life, stratum, len(groups.levels)))
    fit = CoxFit(design, groups, left_out, ties, maximum, net, covariance, curves, n, n_units, life.n_failed)
    return fit, Kept(life, likelihood)


def _units(X: Any, unit: Any, life: Lifetimes) -> np.ndarray:
    """The number of the unit of each row, (n,), their histories being whole."""
    labels = read_table(X).pick((unit,))[0] if isinstance(unit, str) else unit
    youngest = float(life.durations.min())
    # without entries every row begins at birth: at 0, or before all ages there are
    start = np.full(len(life), 0.0 if youngest > 0 else youngest - 1.0) if life.entry is None else life.entry
    return check_histories(labels, start, life.durations, life.event_observed).codes


def _sandwich(likelihood: PartialLikelihood, beta: np.ndarray, naive: np.ndarray, units: np.ndarray | None) -> np.ndarray:
    """The robust covariance of Lin & Wei (1989), JASA 84: sum of squares of each unit's part of the score, weights included."""
    influence = naive @ (likelihood.scores(beta) * likelihood.rows.weight)
    if units is not None:
        numbers = np.unique(units[likelihood.rows.order], return_inverse=True)[1]
        influence = np.array([np.bincount(numbers, row) for row in influence])
    return influence @ influence.T


def _observed(life: Lifetimes, stratum: np.ndarray, n_strata: int) -> tuple[np.ndarray, np.ndarray]:
    """The first age at which a unit of each stratum was under observation, and the last."""
    seen = life.counts() > 0
    start = -np.inf if np.any(life.durations < 0) else 0.0
    begins, ends = np.full(n_strata, start if life.entry is None else np.inf), np.full(n_strata, -np.inf)
    if life.entry is not None:
        np.minimum.at(begins, stratum[seen], life.entry[seen])
    np.maximum.at(ends, stratum[seen], life.durations[seen])
    return begins, ends
