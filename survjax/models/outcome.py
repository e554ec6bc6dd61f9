"""The outcome among the columns of X: what no model can know of a unit that still runs."""

from __future__ import annotations

import numpy as np

from survjax.covariates.design import Design
from survjax.data.lifetimes import Lifetimes

FEWEST_UNITS, FEWEST_OF_EACH = 20, 5  # with fewer, two values may agree with what failed by chance


def refuse_outcome_in(design: Design, matrix: np.ndarray, life: Lifetimes) -> None:
    """Refuse a column of a design (of n rows, in the user's units) that is the ages of y, or has two values that say which units failed.

    The latter is looked for among 20 rows of any weight or more, of which at least 5 have failed and 5 have not.

    Raises
    ------
    ValueError : the message names the column.
    """
    seen = life.counts() > 0
    failed = np.isfinite(life.upper) & seen
    running = ~failed & seen
    told = seen.sum() >= FEWEST_UNITS and min(failed.sum(), running.sum()) >= FEWEST_OF_EACH
    one, other = int(np.argmax(failed)), int(np.argmax(running))
    for place, column in enumerate(matrix.T):
        # the first rows decide nearly always
        if np.array_equal(column[:8], life.lower[:8]) and np.array_equal(column, life.lower) and np.ptp(column) > 0:
            raise ValueError(_refusal(design, place, "is the ages of y, which no model can know of a unit that still runs"))
        if told and column[one] != column[other] and _are(column[one], column, failed) and _are(column[other], column, running):
            raise ValueError(_refusal(design, place, "says which units failed: it is the outcome, which no model can know beforehand"))


def _refusal(design: Design, place: int, what: str) -> str:
    name = design.reader.of_names[place]
    remedy = f"Leave it out: X.drop(columns=[{name!r}, ...]), or a formula that names the columns to use."
    return f"column {name!r} of X {what}. {remedy}"


def _are(value: float, column: np.ndarray, rows: np.ndarray) -> bool:
    return bool(np.all(column[rows][:8] == value) and np.all(column[rows] == value))
