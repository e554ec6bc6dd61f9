"""What a fitted Cox model says of units: each has a multiple of the baseline hazard of its stratum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from survjax.covariates.table import read_table
from survjax.cox.baseline import Baseline
from survjax.cox.fit import CoxFit, Kept, refuse_other_length
from survjax.cox.partial_likelihood import PartialLikelihood
from survjax.cox.rows import rows_at_risk
from survjax.cox.strata import columns_without
from survjax.data.columns import read_arguments, refuse_different_indexes
from survjax.data.lifetimes import Lifetimes

AT_ONCE = 1 << 21  # units times times worked on together


def log_partial_hazard(fit: CoxFit, X: Any) -> np.ndarray:
    """The linear predictor less that of a unit at the mean of every column, (n,)."""
    matrix = _matrix(fit, X)
    total = np.zeros(len(matrix))
    # column by column, so that equal rows have equal sums to the last bit: pairs of them are ties
    for coefficient, column, center, spread in zip(fit.maximum.beta, matrix.T, fit.design.center, fit.design.spread, strict=True):
        total += coefficient * ((column - center) / spread)
    return total


def survival(fit: CoxFit, X: Any, strata: Any, times: Any) -> np.ndarray:
    """P(T > t) given survival to the first age under observation: (n,) for one time, (n, m) for m."""
    factor = log_partial_hazard(fit, X)
    (ages,), shape = read_arguments(times=times)
    if len(shape) > 1:
        raise ValueError(f"times must be one number or one row of them; it has shape {shape}.")
    out = np.empty((len(factor), len(ages)))
    for curve, rows, label in _by_stratum(fit, X, len(factor), strata):
        _refuse_beyond(curve, ages[None], "one of times", label)
        log_hazard = curve.at(ages)
        n_at_once = max(1, AT_ONCE // max(len(ages), 1))
        for first in range(0, len(rows), n_at_once):
            some = rows[first : first + n_at_once]
            with np.errstate(over="ignore"):  # a hazard beyond all numbers is certain failure
                out[some] = np.exp(-np.exp(log_hazard + factor[some, None]))
    return out[:, 0] if shape == () else out


def failure_probability(fit: CoxFit, X: Any, strata: Any, age: Any, horizon: Any) -> np.ndarray:
    def rule(curve: Baseline, factor: np.ndarray, age: np.ndarray, horizon: np.ndarray) -> np.ndarray:
        return -np.expm1(-curve.between(age, age + horizon, factor))

    return _alive(fit, X, strata, rule, age=age, horizon=horizon)


def remaining_quantile(fit: CoxFit, X: Any, strata: Any, age: Any, share: Any) -> np.ndarray:
    """How long until a share of the units alive at an age have failed, (n,)."""

    def rule(curve: Baseline, factor: np.ndarray, age: np.ndarray, share: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return curve.age_at(age, -np.log1p(-share), factor) - age

    found = _alive(fit, X, strata, rule, age=age, kind=share)
    missed = np.argwhere(np.isinf(found))
    if len(missed):
        raise ValueError(
            f"the remaining life asked for of the unit in row {missed[0][0]} ends beyond the data: by the last age under observation "
            f"not that many like it have failed ({len(missed):,} such units; rows count from 0). Ask for a smaller share, for "
            'kind="mean" with a horizon, or use a parametric model.'
        )
    return found


def restricted_mean(fit: CoxFit, X: Any, strata: Any, age: Any, horizon: Any) -> np.ndarray:
    """E min(T - age, horizon) given survival to the age; with None for a horizon it reaches to the last age under observation."""

    def rule(curve: Baseline, factor: np.ndarray, age: np.ndarray, *given: np.ndarray) -> np.ndarray:
        return curve.restricted_mean(age, given[0] if given else curve.end - age, factor)

    return _alive(fit, X, strata, rule, age=age, **({} if horizon is None else {"horizon": horizon}))


def _alive(fit: CoxFit, X: Any, strata: Any, rule: Callable[..., np.ndarray], **arguments: Any) -> np.ndarray:
    """A rule of (baseline, log hazard factor, age, ...), row by row: arguments are one number, (n,), or (n, m) and (1, m)."""
    refuse_different_indexes(X=X, age=arguments["age"])
    factor = log_partial_hazard(fit, X)
    columns, shape = _by_row(len(factor), arguments)
    out = np.empty(shape)
    for curve, rows, label in _by_stratum(fit, X, len(factor), strata):
        given = [column[rows] for column in columns]
        begun = curve.begin if np.isfinite(curve.begin) else -np.inf
        early = np.argwhere(given[0] < begun)
        if len(early):
            raise ValueError(
                f"age {given[0][tuple(early[0])]:g} of row {rows[early[0][0]]} is before {begun:g}, when the first unit{label} came under "
                "observation: of earlier ages nothing is known. Ask from that age on."
            )
        _refuse_beyond(curve, given[0], "age", label, rows)
        if "horizon" in arguments:
            _refuse_beyond(curve, given[0] + given[1], "age + horizon", label, rows)
        wide = np.broadcast_to(factor[rows].reshape(-1, *[1] * (len(shape) - 1)), given[0].shape)
        flat = rule(curve, wide.ravel(), *(column.ravel() for column in given))
        out[rows] = flat.reshape(given[0].shape)
    return out


def _by_row(n: int, arguments: dict[str, Any]) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Arguments broadcast to (n,), or to (n, m) where one of them has two dimensions."""
    given = {}
    for name, value in arguments.items():
        (flat,), shape = read_arguments(**{name: value})
        given[name] = flat.reshape(shape)
        low, high = (0.0, 1.0) if name == "kind" else (-np.inf if name == "age" else 0.0, np.inf)
        wrong = np.argwhere((given[name] < low) | (given[name] > high))
        if len(wrong):
            what = "a probability between 0 and 1" if name == "kind" else "0 or more"
            raise ValueError(f"{name} must be {what}; it is {given[name][tuple(wrong[0])]:g}.")
    two = any(value.ndim == 2 for value in given.values())
    try:
        shape = np.broadcast_shapes((n, 1) if two else (n,), *(value.shape for value in given.values()))
    except ValueError:
        shape = ()
    if len(shape) not in (1, 2) or shape[0] != n:
        said = ", ".join(f"{name} {value.shape}" for name, value in given.items())
        raise ValueError(
            f"shapes do not fit to the {n:,} rows of X: {said}. For every unit at every horizon pass horizon[None, :]."
        ) from None
    return [np.broadcast_to(value, shape) for value in given.values()], shape


def _by_stratum(fit: CoxFit, X: Any, n: int, strata: Any) -> Iterator[tuple[Baseline, np.ndarray, str]]:
    """The baseline of each stratum asked for, the rows of it, and how to call it."""
    codes = fit.strata.codes(X, n, strata)
    for code in np.unique(codes).tolist():
        label = "" if len(fit.baselines) == 1 else f" of stratum {fit.strata.levels[code]!r}"
        yield fit.baselines[code], np.flatnonzero(codes == code), label


def _refuse_beyond(curve: Baseline, ages: np.ndarray, name: str, label: str, rows: np.ndarray | None = None) -> None:
    beyond = np.argwhere(ages > curve.end)
    if len(beyond):
        first = tuple(beyond[0])
        where = "" if rows is None else f" of row {rows[first[0]]}"
        raise ValueError(
            f"{name}{where} is {ages[first]:g}, beyond {curve.end:g}, the last age under observation{label}, after which "
            "the data say nothing. Ask for earlier ages, or use a parametric model, survjax.ProportionalHazards."
        )


def likelihood_of(fit: CoxFit, X: Any, life: Lifetimes, strata: Any) -> Kept:
    """The partial likelihood of other data, in the terms of a fit.

    Raises
    ------
    ValueError : other numbers of rows; no failures.
    """
    matrix = _matrix(fit, X)
    refuse_other_length(len(matrix), life)
    rows = rows_at_risk(life, fit.strata.codes(X, len(life), strata), len(fit.strata.levels))
    if not len(rows.dead):
        raise ValueError("no unit of these data failed, so they say nothing of what hazards go by.")
    return Kept(life, PartialLikelihood(fit.design.standardised(matrix), rows, fit.ties))


def _matrix(fit: CoxFit, X: Any) -> np.ndarray:
    """The columns of the linear predictor; of a bare array, which is taken by position, without those that are no covariates."""
    return fit.design.matrix(columns_without(X, fit.left_out) if read_table(X).array is not None else X)
