"""What a fitted Cox model says of units: each has a multiple of the baseline hazard of its stratum."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from survjax.covariates.labels import columns_without
from survjax.covariates.table import read_table
from survjax.cox.baseline import Baseline, blocks
from survjax.cox.fit import CoxFit, Kept, refuse_other_length
from survjax.cox.partial_likelihood import PartialLikelihood
from survjax.cox.rows import rows_at_risk
from survjax.data.columns import refuse_different_indexes
from survjax.data.lifetimes import Lifetimes
from survjax.errors import BadRow
from survjax.models.explanations import one_row
from survjax.models.unit_laws import unit_arguments

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS = 20


class Asked(NamedTuple):
    """What is asked of units (n,).

    covariates : (n, p) in the user's units. log_factor : (n,) the logarithm of each unit's hazard as a multiple of the baseline of its
    stratum, ``code`` (n,). columns : the arguments, (n, m) each. shape : of the answer, (n,) or (n, m).
    """

    covariates: np.ndarray
    log_factor: np.ndarray
    code: np.ndarray
    columns: list[np.ndarray]
    shape: tuple[int, ...]


def asked(fit: CoxFit, X: Any, strata: Any, **arguments: Any) -> Asked:
    """Units and the arguments of a prediction, of which none is beyond what the data say.

    Raises
    ------
    ValueError : shapes, unknown strata and what else cannot be read. BadRow : ages that nobody was observed at; with all such rows.
    """
    refuse_different_indexes(X=X, age=arguments.get("age"))
    covariates = _matrix(fit, X)
    positive = bool(np.all(fit.begins >= 0))
    columns, shape = unit_arguments(len(covariates), 0.0 if positive else -np.inf, **arguments)
    code = fit.strata.codes(X, len(covariates), strata)
    given = dict(zip(arguments, columns, strict=True))
    if "t" in given:
        _refuse_beyond(fit, code, given["t"], "one of times", EARLIER)
    if "age" in given:
        _refuse_before(fit, code, given["age"])
        _refuse_beyond(fit, code, given["age"], "age", LEAVE_OUT)
    if "horizon" in given:
        _refuse_beyond(fit, code, given["age"] + given["horizon"], "age + horizon", SHORTER)
    return Asked(covariates, _log_factor(fit, covariates), code, columns, shape)


def log_partial_hazard(fit: CoxFit, X: Any) -> np.ndarray:
    """The linear predictor less that of a unit at the mean of every column, (n,)."""
    return _log_factor(fit, _matrix(fit, X))


def _log_factor(fit: CoxFit, matrix: np.ndarray) -> np.ndarray:
    total = np.zeros(len(matrix))
    # column by column, so that equal rows have equal sums to the last bit: pairs of them are ties
    for coefficient, column, center, spread in zip(fit.maximum.beta, matrix.T, fit.design.center, fit.design.spread, strict=True):
        total += coefficient * ((column - center) / spread)
    return total


def cumulative_hazard(fit: CoxFit, X: Any, strata: Any, times: Any) -> np.ndarray:
    """The cumulative hazard from the first age under observation: (n,) for one time, (n, m) for m."""

    def rule(curve: Baseline, log_factor: np.ndarray, t: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # a hazard beyond all numbers is certain failure
            return np.exp(curve.at(t) + log_factor)

    return _by_stratum(fit, asked(fit, X, strata, t=times), rule)


def failure_probability(fit: CoxFit, X: Any, strata: Any, age: Any, horizon: Any) -> np.ndarray:
    """P(T <= age + horizon | T > age)."""

    def rule(curve: Baseline, log_factor: np.ndarray, age: np.ndarray, horizon: np.ndarray) -> np.ndarray:
        return -np.expm1(-curve.between(age, age + horizon, log_factor))

    return _by_stratum(fit, asked(fit, X, strata, age=age, horizon=horizon), rule)


def quantile(fit: CoxFit, X: Any, strata: Any, p: Any) -> np.ndarray:
    """The age by which a share of units has failed, given survival to the first entry."""

    def rule(curve: Baseline, log_factor: np.ndarray, p: np.ndarray) -> np.ndarray:
        return curve.age_at(np.full(p.shape, curve.begin), _collected(p), log_factor)

    return _reached(_by_stratum(fit, asked(fit, X, strata, p=p), rule), "the age")


def remaining_quantile(fit: CoxFit, X: Any, strata: Any, age: Any, kind: Any) -> np.ndarray:
    """How long until a share of the units alive at an age have failed."""

    def rule(curve: Baseline, log_factor: np.ndarray, age: np.ndarray, share: np.ndarray) -> np.ndarray:
        return curve.age_at(age, _collected(share), log_factor) - age

    return _reached(_by_stratum(fit, asked(fit, X, strata, age=age, kind=kind), rule), "the remaining life")


def _collected(share: np.ndarray) -> np.ndarray:
    """The cumulative hazard by which a share has failed."""
    with np.errstate(divide="ignore"):
        return -np.log1p(-share)


def _reached(found: np.ndarray, what: str) -> np.ndarray:
    """What was found, if it is not beyond the data."""
    missed = found == np.inf
    if missed.any():
        rows = np.flatnonzero(missed if missed.ndim == 1 else missed.any(axis=1))
        raise BadRow(
            f"{what} asked for{_row_in_words(rows, len(found))} lies beyond the data: by the last age observed not that many units like it "
            f"have failed; {_rows_in_words(rows, len(found))}. Ask for a smaller share, for the restricted mean, "
            "predict_rul(X, age, 'mean', horizon), leave these rows out, or use a parametric model.",
            columns=("kind",),
            rows=rows,
        )
    return found


def restricted_mean(fit: CoxFit, X: Any, strata: Any, age: Any, horizon: Any) -> np.ndarray:
    """E min(T - age, horizon) given survival to the age; with None for a horizon it reaches to the last age under observation."""

    def rule(curve: Baseline, log_factor: np.ndarray, age: np.ndarray, *given: np.ndarray) -> np.ndarray:
        cells = np.broadcast_arrays(age, given[0] if given else curve.end - age, log_factor)
        return curve.restricted_mean(*(cell.ravel() for cell in cells)).reshape(cells[0].shape)

    return _by_stratum(fit, asked(fit, X, strata, age=age, **({} if horizon is None else {"horizon": horizon})), rule)


def _by_stratum(fit: CoxFit, what: Asked, rule: Callable[..., np.ndarray]) -> np.ndarray:
    """A rule of (baseline, log factor, *columns) for blocks of units of one stratum."""
    m = what.columns[0].shape[1]
    out = np.empty((len(what.code), m))
    for code in np.unique(what.code).tolist():
        rows = np.flatnonzero(what.code == code)
        for block in blocks(len(rows), m):
            some = rows[block]
            # what is the same for all units is looked up once
            cells = [column[:1] if column.strides[0] == 0 else column[some] for column in what.columns]
            out[some] = rule(fit.baselines[code], what.log_factor[some, None], *cells)
    return out.reshape(what.shape)


EARLIER = "Ask for earlier ages, or use a parametric model, survjax.ProportionalHazards."
LEAVE_OUT = "Leave these rows out (no horizon helps), or use a parametric model, survjax.ProportionalHazards, which says what may come."
SHORTER = (
    "Take a shorter horizon, in these rows or in all, or that of the restricted mean, predict_rul(X, age, 'mean', horizon); leave these "
    "rows out; or use a parametric model, survjax.ProportionalHazards."
)


def _refuse_beyond(fit: CoxFit, code: np.ndarray, ages: np.ndarray, name: str, remedy: str) -> None:
    ends = fit.ends[code]
    beyond = ages > ends[:, None]
    if beyond.any():
        rows = np.flatnonzero(beyond.any(axis=1))
        first, value = rows[0], ages[rows[0], np.argmax(beyond[rows[0]])]
        raise BadRow(
            f"{name}{_row_in_words(rows, len(code))} is {value:g}, beyond {ends[first]:g}, the last age under observation"
            f"{_stratum_in_words(fit, code[first])}, after which the data say nothing; {_rows_in_words(rows, len(code))}. {remedy}",
            columns=(name,),
            rows=rows,
            remedy=remedy,
        )


def _refuse_before(fit: CoxFit, code: np.ndarray, ages: np.ndarray) -> None:
    begins = fit.begins[code]
    early = np.broadcast_to(ages < begins[:, None], ages.shape)
    if early.any():
        rows = np.flatnonzero(early.any(axis=1))
        raise BadRow(
            f"age {ages[rows[0]].min():g}{_row_in_words(rows, len(code))} is before {begins[rows[0]]:g}, when the first unit"
            f"{_stratum_in_words(fit, code[rows[0]])} came under observation: of earlier ages nothing is known; "
            f"{_rows_in_words(rows, len(code))}. Ask from that age on, or leave these rows out.",
            columns=("age",),
            rows=rows,
        )


def _stratum_in_words(fit: CoxFit, code: int) -> str:
    return "" if len(fit.begins) == 1 else f" of stratum {fit.strata.levels[code]!r}"


def _row_in_words(rows: np.ndarray, n: int) -> str:
    return "" if len(rows) == n else f" of row {rows[0]}"


def _rows_in_words(rows: np.ndarray, n: int) -> str:
    if len(rows) == n:
        return "this is so in every row"
    listed = ", ".join(map(str, rows[:SHOWN_ROWS])) + (", ..." if len(rows) > SHOWN_ROWS else "")
    return f"this is so in {len(rows):,} of {n:,} rows, {listed} (counted from 0; the error's rows has them all)"


def contributions(fit: CoxFit, X: Any, relative_to: Any) -> pd.DataFrame:
    """What each column adds to the log hazard ratio of units (n, p), less what it adds for the unit of comparison."""
    import pandas as pd

    reference = fit.design.center if relative_to is None else _matrix(fit, one_row(relative_to, "relative_to"))
    parts = (_matrix(fit, X) - reference) / fit.design.spread * fit.maximum.beta
    return pd.DataFrame(parts, index=getattr(X, "index", None), columns=list(fit.design.names))


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
