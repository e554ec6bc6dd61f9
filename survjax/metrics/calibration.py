"""Are predicted probabilities what comes about?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import chdtrc

from survjax.data.lifetimes import Lifetimes
from survjax.metrics.judged import entered_late, read_life, read_plain, read_probabilities, refuse_right_truncation
from survjax.models.arguments import check_whole_number
from survjax.nonparametric import KaplanMeier

if TYPE_CHECKING:
    import pandas as pd


class DCalibration(NamedTuple):
    """The test of D-calibration: Pearson's statistic, its p-value, and the units in each of the bins of survival, (B,).

    The first bin is that of survival near 0: units that lived longer than was predicted.
    """

    statistic: float
    p_value: float
    units: np.ndarray


def d_calibration(
    life: Any, survival: Any, *, survival_at_upper: Any = None, survival_at_entry: Any = None, n_bins: int = 10
) -> DCalibration:
    r"""Whether survival predicted for the age at which each unit failed is spread evenly over [0, 1], as it must be if it is right.

    .. math:: X^2 = \sum_{k=1}^{B} \frac{(n_k - n/B)^2}{n/B}, \qquad X^2 \sim \chi^2_{B-1}

    A running unit is spread evenly over [0, S(t)], in which it will end: a part to each bin.
    A large p-value says that no fault was found; it does not say that the model tells units apart. Between 0 and 1; under a true
    model uniform without censoring, and larger with it, since parts vary less than units (the test is then cautious). A model fitted
    to the same lifetimes looks better than it is.

    Parameters
    ----------
    life : the lifetimes of n units; weights count.
    survival : (n,) predicted survival at the unit's own age: at failure, or reached so far; for a failure within an interval at its
        lower end.
    survival_at_upper : (n,) predicted survival at ``life.upper``, needed where failures are known within intervals, which are spread
        evenly between the two; looked at for them only.
    survival_at_entry : (n,) predicted survival at ``life.entry``, needed where units entered late: survival given entry is judged.
    n_bins : B, at least 2.

    Raises
    ------
    ValueError : a probability outside [0, 1]; one of the two missing; survival that rises with age; right truncation.

    References
    ----------
    Haider, Hoehn, Davis & Greiner (2020), Journal of Machine Learning Research 21.
    """
    life = read_life(life)
    refuse_right_truncation(life, "D-calibration")
    check_whole_number(n_bins, "n_bins", 2)
    high = read_probabilities(survival, (len(life),), "survival")
    low = np.where(life.event_observed, high, 0.0)
    between = ~life.event_observed & np.isfinite(life.upper)
    if _wanted(between.any(), survival_at_upper, "survival_at_upper", "failed within intervals"):
        low[between] = read_probabilities(survival_at_upper, (len(life),), "survival_at_upper")[between]
    if _wanted(entered_late(life), survival_at_entry, "survival_at_entry", "entered late"):
        entered = read_probabilities(survival_at_entry, (len(life),), "survival_at_entry")
        _refuse_rising(high, entered)
        high, low = high / entered, low / entered
    _refuse_rising(low, high)
    units = _spread(low, high, life.counts(), n_bins)
    expected = life.n_units / n_bins
    statistic = float(np.sum((units - expected) ** 2) / expected)
    return DCalibration(statistic, float(chdtrc(n_bins - 1, statistic)), units)


def _wanted(needed: bool, given: Any, name: str, what: str) -> bool:
    if needed == (given is None):
        raise ValueError(f"some units {what}: pass {name}." if needed else f"{name} is for units that {what}, and none did; leave it out.")
    return needed


def _refuse_rising(later: np.ndarray, earlier: np.ndarray) -> None:
    rising = np.flatnonzero((later > earlier) | (earlier == 0.0) & (later != earlier))
    if rising.size:
        row = rising[0]
        raise ValueError(f"survival must not rise with age; row {row} has {earlier[row]:g} and later {later[row]:g} (rows count from 0).")


def _spread(low: np.ndarray, high: np.ndarray, counts: np.ndarray, n_bins: int) -> np.ndarray:
    """The weight in each bin when each row is spread evenly from low to high; one without width lies in the bin above its edge."""
    point = low == high
    place = np.minimum((high[point] * n_bins).astype(int), n_bins - 1)
    units = np.bincount(place, counts[point], minlength=n_bins)
    low, high, counts = low[~point], high[~point], counts[~point]
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    below = [counts @ (np.minimum(np.maximum(edge - low, 0.0), high - low) / (high - low)) for edge in edges]
    return units + np.diff(below)


def calibration_curve(life: Any, survival: Any, horizon: float, *, n_groups: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Predicted against observed probability of failing by an age, in groups of units of like prediction.

    Parameters
    ----------
    life : the lifetimes of n units. Weights count; late entry goes into the Kaplan–Meier estimates.
    survival : (n,) predicted survival at ``horizon``. horizon : the age.
    n_groups : groups of about equal numbers of units; units of equal prediction stay together, so that there may be fewer.
    level : of the pointwise limits of what was observed (log-log, Greenwood's variance).

    Returns
    -------
    DataFrame, one row a group by rising prediction: ``units``; ``predicted``, the mean predicted probability of failing by the horizon;
    ``observed``, one minus the Kaplan–Meier estimate of the group, with ``lower`` and ``upper``. A calibrated model lies on the line
    observed = predicted; ``survjax.plotting.plot_calibration`` draws it.

    Raises
    ------
    ValueError : survival outside [0, 1] or of another shape; a group nobody of which is followed to the horizon, or of which
        everybody entered late; failures within intervals; right truncation.

    References
    ----------
    Harrell, Lee & Mark (1996), Statistics in Medicine 15.
    """
    import pandas as pd

    life = read_plain(life, "a calibration curve")
    check_whole_number(n_groups, "n_groups", 1)
    failing = 1.0 - read_probabilities(survival, (len(life),), "survival")
    groups = _groups(failing, life.counts(), n_groups)
    return pd.DataFrame([_observed(life[rows], failing[rows], horizon, level) for rows in groups]).rename_axis("group")


def _groups(failing: np.ndarray, counts: np.ndarray, n_groups: int) -> list[np.ndarray]:
    """Rows of each group, by rising prediction."""
    _, place = np.unique(failing, return_inverse=True)
    units = np.bincount(place, counts)
    middle = (np.cumsum(units) - 0.5 * units) / counts.sum()
    group = np.minimum((middle * n_groups).astype(int), n_groups - 1)[place]
    return [rows for k in range(n_groups) if counts[rows := np.flatnonzero(group == k)].sum() > 0]


def _observed(life: Lifetimes, failing: np.ndarray, horizon: float, level: float) -> dict[str, float]:
    predicted = float(life.counts() @ failing / life.n_units)
    curve = KaplanMeier().fit(life)
    if curve.conditional_on_ > 0:
        raise ValueError(
            f"of the units with predicted probability about {predicted:.3g} the first entered at {curve.conditional_on_:g}: what happened "
            "to such units before is not known. Use fewer groups, or judge from an age on: life.since(age)."
        )
    try:
        limits = curve.interval("survival", horizon, level=level).iloc[0]
    except ValueError as error:
        raise ValueError(f"of the units with predicted probability about {predicted:.3g} (use fewer groups): {error}") from None
    return {
        "units": life.n_units,
        "predicted": predicted,
        "observed": 1.0 - limits["estimate"],
        "lower": 1.0 - limits["upper"],
        "upper": 1.0 - limits["lower"],
    }
