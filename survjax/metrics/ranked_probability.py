"""How far a predicted distribution lies from the age that came."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM
from survjax.metrics.judged import entered_late, read_life, read_probabilities, read_times, refuse_right_truncation

SAME = 1e-6  # relative: what single precision leaves of two predicted survivals that are equal


def crps(life: Any, survival: Any, times: Any, survival_at_entry: Any = None) -> float:
    r"""The continuous ranked probability score up to the last of ``times``, of censored lifetimes.

    .. math:: \frac1n \sum_i \left\{ \int_{t_1}^{l_i} F_i(t)^2\, dt + \int_{u_i}^{t_m} (1 - F_i(t))^2\, dt \right\}

    A unit is known to live at :math:`l_i` and to have failed by :math:`u_i`: equal for a failure at a known age, infinite
    :math:`u_i` for a running unit. In the unit of time; lower is better, 0 is perfect; of a failure long before :math:`t_m` and a
    sure prediction it is the absolute error.

    Without censoring before :math:`t_m` it is lowest in expectation for the true distribution. With censoring it favours distributions
    that fail a little too soon, the more the more is censored (a running unit never counts against S); ``log_score`` has no such bias
    and ``integrated_brier_score``, which is this score weighted for censoring and per unit of time, none if censoring does not
    depend on the unit.

    Parameters
    ----------
    life : the lifetimes of n units, of any kind but right-truncated; weights count.
    survival : (n, m) predicted P(T > t). times : (m,) increasing ages, at least two; survival is taken to run straight between them.
    survival_at_entry : (n,) predicted survival to entry, needed where units entered late: they are judged from entry on, by
        S(t) / S(entry).

    Raises
    ------
    ValueError : survival outside [0, 1] or of another shape, or above that at entry; late entry
        without ``survival_at_entry``; right truncation.

    References
    ----------
    Gneiting & Raftery (2007), JASA 102, on the score. Avati et al. (2020), Countdown Regression, UAI 2019, on censored times. Rindt, Hu,
    Steinsaltz & Sejdinovic (2022), AISTATS, on which scores of censored times are proper.
    """
    life = read_life(life)
    refuse_right_truncation(life, "the CRPS")
    at, _ = read_times(times)
    if len(at) < 2:
        raise ValueError("the CRPS needs at least two times, between which to integrate.")
    alive = read_probabilities(survival, (len(life), len(at)), "survival")
    entry = life.entry if life.entry is not None and entered_late(life) else np.full(len(life), -np.inf)
    at_entry = _survival_at_entry(survival_at_entry, entered_late(life), len(life))
    since = _given_entry(alive, at_entry, at, entry)
    # one that failed some time before upper, nothing else being known of it, has no part where it is known to live
    lower = np.maximum(life.lower, entry)
    total = np.zeros(len(life))
    for k in range(len(at) - 1):
        begin = np.minimum(np.maximum(at[k], entry), at[k + 1])
        width = at[k + 1] - begin
        first, last = since[:, k], since[:, k + 1]
        lived = _part(lower, begin, width)
        failed = _part(life.upper, begin, width)
        at_lower, at_upper = first + lived * (last - first), first + failed * (last - first)
        total += width * (lived * _mean_square(1.0 - first, 1.0 - at_lower) + (1.0 - failed) * _mean_square(at_upper, last))
    return float(life.counts() @ total / life.n_units)


def _survival_at_entry(given: Any, late: bool, n: int) -> np.ndarray:
    if not late:
        if given is not None:
            raise ValueError("survival_at_entry is for units that entered late, and none did; leave it out.")
        return np.ones(n)
    if given is None:
        raise ValueError("some units entered late and are judged from entry on: pass survival_at_entry, predicted survival to life.entry.")
    values = read_probabilities(given, (n,), "survival_at_entry")
    if not values.all():
        raise ValueError(f"survival_at_entry must be above 0, for the unit was seen to enter; row {np.flatnonzero(values == 0)[0]} has 0.")
    return values


def _given_entry(alive: np.ndarray, at_entry: np.ndarray, at: np.ndarray, entry: np.ndarray) -> np.ndarray:
    """Survival given entry, (n, m): 1 before it, where survival by that at entry may be out of the number range."""
    entered = at >= entry[:, None]
    rising = np.argwhere(entered & (alive > (1.0 + SAME) * at_entry[:, None]))
    if len(rising):
        row, k = rising[0]
        raise ValueError(
            f"survival cannot rise after entry: in row {row} ({ROWS_COUNT_FROM}) survival_at_entry is {at_entry[row]:g}, and survival at "
            f"{at[k]:g}, after the entry at {entry[row]:g}, is {alive[row, k]:g}. Predict both by one model."
        )
    return np.divide(alive, at_entry[:, None], out=np.ones_like(alive), where=entered)


def _part(age: np.ndarray, begin: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Which part of each stretch lies before the age."""
    whole = np.where(width > 0, width, 1.0)
    return np.minimum(np.maximum((age - begin) / whole, 0.0), 1.0)


def _mean_square(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The mean of the square of what runs straight from first to last."""
    return (first * first + first * last + last * last) / 3.0
