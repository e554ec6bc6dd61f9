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


FEWEST_FAILURES = 5  # in each bin of the adjusted test; with fewer, 500 units of which 1 in 5 failed were refused at 0.05 in 10 of 100


class DCalibration(NamedTuple):
    """The test of D-calibration: Pearson's statistic, its p-value, and what they are made of.

    units, failures : (B,) units in each bin of survival, and how many of them failed. The first bin is that of survival near 0: units that
        lived longer than was predicted.
    covariance : (B, B) that of ``units`` under the model, estimated from the parts that the units fell into.
    """

    statistic: float
    p_value: float
    units: np.ndarray
    failures: np.ndarray
    covariance: np.ndarray

    @property
    def adjusted_p_value(self) -> float:
        """The p-value when departures are held against their own covariance, uniform under a true model however much is censored.

        Running units are spread over the bins and vary less than Pearson's statistic takes for granted: with 95 of 100 censored its
        p-value is near 1 whatever the model. Here the departures d of the units from n/B are judged by d' C^-1 d, C being their
        covariance, in bins put together, from survival 1 down, until 5 have failed in each. (Under a true model a part is the
        probability of ending in its bin given what was seen of the unit, so that its mean is 1/B if censoring tells nothing of failure.)

        Raises
        ------
        ValueError : too few failures for two such bins.
        """
        n_bins, filled, wide = len(self.units), 0.0, [np.zeros(len(self.units))]
        for k in reversed(range(n_bins)):
            wide[-1][k] = 1.0
            filled += self.failures[k]
            if filled >= FEWEST_FAILURES:
                wide.append(np.zeros(n_bins))
                filled = 0.0
        if not wide[-1].any():
            wide.pop()
        # the bins add up to all units: the last one follows from the others
        merge = np.array(wide[:-1])
        if not len(merge):
            raise ValueError(
                f"{self.failures.sum():g} failures are too few to tell whether survival is right: the adjusted test needs "
                f"{FEWEST_FAILURES} in a bin, and units beyond it. Judge more units."
            )
        departure = merge @ (self.units - self.units.sum() / n_bins)
        return float(chdtrc(len(merge), departure @ np.linalg.solve(merge @ self.covariance @ merge.T, departure)))


def d_calibration(
    life: Any, survival: Any, *, survival_at_upper: Any = None, survival_at_entry: Any = None, n_bins: int = 10
) -> DCalibration:
    r"""Whether survival predicted for the age at which each unit failed is spread evenly over [0, 1], as it must be if it is right.

    .. math:: X^2 = \sum_{k=1}^{B} \frac{(n_k - n/B)^2}{n/B}, \qquad X^2 \sim \chi^2_{B-1}

    A running unit is spread evenly over [0, S(t)], in which it will end: a part to each bin. A large p-value says that no fault
    was found; it does not say that the model tells units apart. Under a true model it is uniform without censoring, and larger with
    it: where most units still run look at ``adjusted_p_value`` of the result, which is uniform in any case. A model fitted to the
    same lifetimes looks better than it is.

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
    parts, counts, failed = _parts(low, high, n_bins), life.counts(), np.isfinite(life.upper)
    units, expected = counts @ parts, life.n_units / n_bins
    statistic = float(np.sum((units - expected) ** 2) / expected)
    departures = parts - 1.0 / n_bins
    covariance = (counts * departures.T) @ departures
    return DCalibration(statistic, float(chdtrc(n_bins - 1, statistic)), units, counts[failed] @ parts[failed], covariance)


def _wanted(needed: bool, given: Any, name: str, what: str) -> bool:
    if needed == (given is None):
        raise ValueError(f"some units {what}: pass {name}." if needed else f"{name} is for units that {what}, and none did; leave it out.")
    return needed


def _refuse_rising(later: np.ndarray, earlier: np.ndarray) -> None:
    rising = np.flatnonzero((later > earlier) | (earlier == 0.0) & (later != earlier))
    if rising.size:
        row = rising[0]
        raise ValueError(f"survival must not rise with age; row {row} has {earlier[row]:g} and later {later[row]:g} (rows count from 0).")


def _parts(low: np.ndarray, high: np.ndarray, n_bins: int) -> np.ndarray:
    """Which part of each row lies in each bin, (n, B), when it is spread evenly from low to high; without width, above its edge."""
    parts = np.zeros((len(low), n_bins))
    point = np.flatnonzero(low == high)
    parts[point, np.minimum((high[point] * n_bins).astype(int), n_bins - 1)] = 1.0
    wide = low < high
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    width = (high - low)[wide, None]
    parts[wide] = np.diff(np.minimum(np.maximum(edges - low[wide, None], 0.0), width) / width, axis=1)
    return parts


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
