"""How likely a unit is still in view: the censoring curve, by whose inverse rows are weighted."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.metrics.judged import read_plain, refuse_late_entry


class CensoringCurve(NamedTuple):
    """The share not yet lost to view, from each age at which some were.

    time, share : (m,) each. last : the last age under observation, beyond which nothing is known unless nobody was lost.
    """

    time: np.ndarray
    share: np.ndarray
    last: float

    def after(self, t: Any) -> np.ndarray:
        """P(C > t), shape of t."""
        return np.append(1.0, self.share)[np.searchsorted(self.time, t, side="right")]

    def before(self, t: Any) -> np.ndarray:
        """P(C >= t), shape of t: what a failure at t needed to be seen."""
        return np.append(1.0, self.share)[np.searchsorted(self.time, t, side="left")]

    def refuse_beyond(self, t: np.ndarray, share: np.ndarray, name: str) -> None:
        """Raise if at some age t (q,) the share (q,) is 0 or not known."""
        lost = (share == 0.0) | ((t > self.last) & (len(self.time) > 0))
        if lost.any():
            raise ValueError(
                f"{name} {t[lost].min():g} is not before {self.last:g}, where the last unit that tells the probability of censoring was "
                f"seen: what happens from there on has no weight. Judge up to an earlier age."
            )


def censoring_curve(life: Any, who: str) -> CensoringCurve:
    """The product-limit estimate of the ages at which units are lost to view; of failures at the same age it is known that they
    came first.

    Raises
    ------
    ValueError : interval-censored or right-truncated rows; late entry.
    """
    life = read_plain(life, who)
    refuse_late_entry(life, who)
    counts = life.counts()
    running = ~life.event_observed & (counts > 0)
    time, place = np.unique(life.durations[running], return_inverse=True)
    lost = np.bincount(place, counts[running], minlength=len(time))
    order = np.argsort(life.durations, kind="stable")
    total = np.append(0.0, np.cumsum(counts[order]))
    later = total[-1] - total[np.searchsorted(life.durations[order], time, side="right")]
    return CensoringCurve(time, np.cumprod(1.0 - lost / (lost + later)), float(life.durations[counts > 0].max()))


def case_weights(life: Lifetimes, curve: CensoringCurve, until: np.ndarray) -> np.ndarray:
    """The count of each failure up to the age ``until`` over the probability of having seen it, (n,); 0 for other rows."""
    seen = life.event_observed & (life.durations <= until)
    weights = np.zeros(len(life))
    weights[seen] = life.counts()[seen] / curve.before(life.durations[seen])
    return weights
