"""By which age enough has happened, the doubt of the estimates allowed for: limits of quantiles, and bounds of a unit's own life."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from survjax.cox.cells import Cells, of_cells, of_spans
from survjax.cox.doubt import Doubts
from survjax.cox.predictions import Asked
from survjax.models.intervals import reach_of

if TYPE_CHECKING:
    import pandas as pd

_NODES, _DENSITIES = np.polynomial.hermite_e.hermegauss(64)
_SHARES = _DENSITIES / _DENSITIES.sum()


class Enough(NamedTuple):
    """The logarithm of a cumulative hazard that is to be reached, by one that lies ``reach`` standard errors above the estimate."""

    log_hazard: np.ndarray
    reach: float

    def __call__(self, some: np.ndarray, link: np.ndarray, error: np.ndarray) -> np.ndarray:
        return np.where(error > 0.0, link + self.reach * np.where(error > 0.0, error, 1.0), link) >= self.log_hazard[some]


class EnoughOnAverage(NamedTuple):
    """A share of units that is to have failed, averaged over the normal distribution of the logarithm of the cumulative hazard.

    As ``survjax.fitting.inference.remaining_life_bound`` averages (Lawless & Fredette 2005, Biometrika 92).
    """

    share: float

    def __call__(self, some: np.ndarray, link: np.ndarray, error: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # a hazard beyond all numbers is certain failure
            failed = -np.expm1(-np.exp(link[:, None] + error[:, None] * _NODES))
        return failed @ _SHARES >= self.share


def _first_age(doubts: Doubts, cells: Cells, start: np.ndarray, enough: Enough | EnoughOnAverage) -> np.ndarray:
    """The first age at failure after ``start`` (c,) by which enough has happened, inf where that is by none; found by halving.

    enough : of (cells, link, error), the logarithm of the hazard since ``start`` and its standard error, whether it is. Where a band comes
    back, so that it is so at an age and not at a later one, this is one of the ages at which it begins to be.
    """
    curve = doubts.fit.baselines[cells.stratum]
    low, high = curve.failures_up_to(start), np.full(len(start), len(curve.age))
    while (open_ := np.flatnonzero(low < high)).size:
        middle = (low[open_] + high[open_]) // 2
        some = cells._replace(unit=cells.unit[open_], log_factor=cells.log_factor[open_])
        reached = enough(open_, *of_spans(doubts, some, start[open_], curve.age[middle]))
        high[open_] = np.where(reached, middle, high[open_])
        low[open_] = np.where(reached, low[open_], middle + 1)
    return np.append(curve.age, np.inf)[low]


def interval_of_crossings(
    doubts: Doubts, what: Asked, columns: list[np.ndarray], estimate: np.ndarray, level: float, side: str
) -> pd.DataFrame:
    """Estimate and limits of quantiles of life, or of remaining life: where the limits of the cumulative hazard reach what it takes.

    (Brookmeyer & Crowley 1982, Biometrics 38; as R's ``quantile`` of ``survfit``.) An upper limit beyond the data is inf.

    columns : shares, flat; or ages and shares. estimate : of the same cells.
    """
    import pandas as pd

    below, above = reach_of(level, side)
    shares = columns[-1]
    with np.errstate(divide="ignore"):
        log_hazard = np.log(-np.log1p(-shares))
    # what is reached but for the roundings of a sum is reached, as in the estimate
    log_hazard -= 4.0 * len(doubts.fit.age) * np.finfo(float).eps

    def limits(doubts: Doubts, cells: Cells, start: np.ndarray, log_hazard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lower = start if np.isinf(below) else _first_age(doubts, cells, start, Enough(log_hazard, below))
        upper = _first_age(doubts, cells, start, Enough(log_hazard, -above))
        sure = np.isneginf(log_hazard)
        return np.where(sure, start, lower), np.where(sure, start, upper)

    start = columns[0] if len(columns) == 2 else np.repeat(doubts.fit.begins[what.code], what.columns[0].shape[1])
    lower, upper = of_cells(doubts, what, [start, log_hazard], limits)
    passed = start if len(columns) == 2 else 0.0
    return pd.DataFrame({"estimate": estimate, "lower": lower - passed, "upper": upper - passed})


def bounds_of_lives(doubts: Doubts, what: Asked, level: float) -> dict[str, np.ndarray]:
    """Between which remaining lives a unit's own ends with probability ``level``, doubt of the estimates included, (n,) each.

    An upper bound beyond the data is inf; a lower one is then the last age under observation, which the life outlasts with more than that
    probability.
    """

    def bounds(doubts: Doubts, cells: Cells, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = (_first_age(doubts, cells, age, EnoughOnAverage(0.5 * (1.0 + sign * level))) for sign in (-1.0, 1.0))
        return np.minimum(lower, doubts.fit.ends[cells.stratum]), upper

    age = what.columns[0].reshape(-1)
    lower, upper = of_cells(doubts, what, [age], bounds)
    return {"lower": lower - age, "upper": upper - age}
