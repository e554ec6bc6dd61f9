"""Directions in which a coefficient may run on for ever, because the likelihood never falls."""

from __future__ import annotations

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.regression.predictors import Predictor, Predictors

MOST_NAMES = 6  # of columns that are told in one sentence
FAR = 6.0  # a standardised coefficient beyond is looked at: may it run on for ever?
STILL_GOING = 0.1  # over the later half of the steps
LEAST = 1e-7  # of a direction of length 1: what is smaller is the solver's own inaccuracy


def direction_without_end(predictors: Predictors, covariates: np.ndarray, life: Lifetimes) -> str | None:
    """The columns that tell units that failed from units that did not without exception, in words; None where there are none.

    A score s that multiplies hazards contributes d s - exp(s) H for a unit with exposure H, d = 1 for a failure. In a direction
    in which the score of no unit that was seen alive rises and that of no failed unit falls, the likelihood never falls: there is no
    finite maximum. (A unit that had failed when first looked at was not seen alive.) The same holds of the opposite direction for a
    score that stretches time. A constant is among the directions, since what is left to
    learn of the base makes up for it. Such a direction is found by linear programming.
    """
    for predictor, first in _with_places(predictors):
        columns = covariates[:, first : first + len(predictor.names)]
        if not predictor.design.has_intercept:
            columns = np.column_stack([columns, np.ones(len(columns))])
        direction = _recession(columns, life)
        if direction is not None:
            return _said(predictor, direction[: len(predictor.names)])
    return None


def _with_places(predictors: Predictors) -> list[tuple[Predictor, int]]:
    first, found = 0, []
    for predictor in predictors.each:
        found.append((predictor, first))
        first += len(predictor.names)
    return found


def _recession(columns: np.ndarray, life: Lifetimes) -> np.ndarray | None:
    """A direction that lowers no failed unit's predictor and raises none of one seen alive, and moves some; None if there is none."""
    from scipy.optimize import linprog

    counted = life.counts() > 0
    failed = counted & np.isfinite(life.upper)
    begin = np.zeros(len(life)) if life.entry is None else life.entry
    unseen = failed & ~life.event_observed & (life.lower <= np.maximum(begin, 0.0))
    # those of units still running may fall, of those that failed unseen may rise, of other failures do neither
    ways = np.concatenate([columns[counted & ~failed], -columns[unseen]])
    free, fixed = np.unique(ways, axis=0), np.unique(columns[failed & ~unseen], axis=0)
    if not len(free):
        return None
    answer = linprog(
        free.sum(axis=0),
        A_ub=free,
        b_ub=np.zeros(len(free)),
        A_eq=fixed if len(fixed) else None,
        b_eq=np.zeros(len(fixed)) if len(fixed) else None,
        bounds=[(-1.0, 1.0)] * columns.shape[1],
        method="highs",
    )
    if not answer.success or answer.fun > -LEAST * max(1, len(free)):
        return None
    return answer.x


def running_on(predictors: Predictors, path: np.ndarray) -> str | None:
    """Which coefficients of a parameter a fit that stopped short was running on with, in words; None where there are none.

    Parameters
    ----------
    path (s, q) : of coefficients of standardised columns.
    """
    lately = path[-1] - path[len(path) // 2]
    going = (np.abs(path[-1]) > FAR) & (np.abs(lately) > STILL_GOING)
    for predictor in predictors.each:
        where = predictors.layout.slices()[predictor.coordinate]
        running = np.flatnonzero(going[where])
        if predictor.label and np.any(running >= predictor.design.has_intercept):
            named = ", ".join(predictor.names[place] for place in running if place >= predictor.design.has_intercept)
            return (
                f"the likelihood keeps rising as coefficients run on, {named}, by which {predictor.label} goes to an end of its range for "
                "some units and not for others (a level of which every unit fails, or none). Leave those columns out of that formula, "
                "merge levels, or give a penalty."
            )
    return None


def _said(predictor: Predictor, direction: np.ndarray) -> str:
    moving = np.flatnonzero(np.abs(direction) > LEAST * np.abs(direction).max())
    named = ", ".join(predictor.names[index] for index in moving[:MOST_NAMES])
    named += f" and {len(moving) - MOST_NAMES} more" if len(moving) > MOST_NAMES else ""
    those = f"the columns {named} tell" if len(moving) > 1 else f"the column {named} tells"
    return (
        f"{those} units of which none failed (or none was seen alive) from the others, so that the coefficients run on for ever and the "
        "likelihood rises with them (a level without failures, or a combination of columns like one). Merge levels, leave columns out, "
        "or give a penalty."
    )
