"""Pairs of units: was the one that failed first predicted to?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.metrics.censoring import censoring_curve
from survjax.metrics.judged import entered_late, read_plain, read_predicted, refuse_late_entry
from survjax.numerics.dominance import weight_below


class Outlived(NamedTuple):
    """Of each of q failures, the weight of the units that outlived it, by their predicted risk.

    rows : (q,) which row failed. lower, tied, higher : (q,) weights of the units whose risk is lower, the same, higher.
    """

    rows: np.ndarray
    lower: np.ndarray
    tied: np.ndarray
    higher: np.ndarray

    def share(self, weights: np.ndarray) -> float:
        """The weighted share of pairs in the right order, ties counting half."""
        pairs = weights @ (self.lower + self.tied + self.higher)
        if not pairs > 0:
            raise ValueError(
                "no two units can be compared: a pair needs a failure and a unit that was in view then and outlived it. Judge more units, "
                "or up to a later age."
            )
        return float(weights @ (self.lower + 0.5 * self.tied) / pairs)


def concordance(life: Any, risk: Any) -> float:
    r"""Harrell's concordance: how often, of two units, the one predicted to fail sooner did.

    .. math:: C = \frac{\#\{t_i < t_j,\ \delta_i = 1,\ r_i > r_j\} + \tfrac12 \#\{t_i < t_j,\ \delta_i = 1,\ r_i = r_j\}}
                       {\#\{t_i < t_j,\ \delta_i = 1\}}

    From 0 to 1, higher is better; 0.5 is what guessing or one prediction for all gives. It tells order only, not whether the
    probabilities are right, and under much censoring it depends on who was censored: see ``uno_concordance``.

    Parameters
    ----------
    life : the ``Lifetimes`` of n units, a structured array (event, time), or (n,) ages at failure.
    risk : (n,) higher for a unit that should fail sooner, in any unit (scikit-survival's orientation). A predicted life or RUL goes in
        with a minus: ``concordance(life, -model.predict(X))``, which is what lifelines' ``concordance_index`` takes without.

    A running unit of the age at which another failed outlived it; two failures at one age are no pair. Weights count pairs. Late
    entry: a pair counts if the other unit had entered before the failure (R's ``concordance`` does so too).

    Raises
    ------
    ValueError : nan in risk, or another shape; no pair that can be compared; failures within intervals; right truncation.

    References
    ----------
    Harrell, Lee & Mark (1996), Statistics in Medicine 15.

    Examples
    --------
    >>> from survjax import Lifetimes, metrics
    >>> metrics.concordance(Lifetimes([10, 20, 30], [1, 1, 0]), risk=[3.0, 1.0, 2.0])
    0.6666666666666666
    """
    life = read_plain(life, "concordance")
    outlived = _outlived(life, read_predicted(risk, life, "risk"), life.event_observed)
    return outlived.share(life.counts()[outlived.rows])


def uno_concordance(life_train: Any, life_test: Any, risk: Any, horizon: float | None = None) -> float:
    r"""Uno's concordance: Harrell's, each failure weighted by the inverse square of the probability of having been in view.

    .. math:: C_\tau = \frac{\sum_{ij} \delta_i \hat G(t_i-)^{-2} 1(t_i < t_j, t_i < \tau)\,1(r_i > r_j)}
                            {\sum_{ij} \delta_i \hat G(t_i-)^{-2} 1(t_i < t_j, t_i < \tau)}

    Unlike Harrell's it estimates the same number whatever the censoring, as long as that does not depend on the unit. From 0 to 1,
    higher is better, ties in risk count half.

    Parameters
    ----------
    life_train : the lifetimes from which G, the probability of being in view, is estimated (Kaplan–Meier of the censoring).
    life_test, risk : as for ``concordance``. horizon : only failures before it count; None: all.

    Raises
    ------
    ValueError : as ``concordance``; late entry; a failure (before the horizon) at an age to which nobody of the training was followed.

    References
    ----------
    Uno, Cai, Pencina, D'Agostino & Wei (2011), Statistics in Medicine 30.
    """
    life = read_plain(life_test, "Uno's concordance")
    refuse_late_entry(life, "Uno's concordance")
    curve = censoring_curve(life_train, "Uno's concordance")
    seen = life.event_observed & (life.durations < (np.inf if horizon is None else horizon))
    outlived = _outlived(life, read_predicted(risk, life, "risk"), seen)
    ages = life.durations[outlived.rows]
    in_view = curve.before(ages)
    curve.refuse_beyond(ages, in_view, "the age at failure")
    return outlived.share(life.counts()[outlived.rows] / in_view**2)


def _outlived(life: Lifetimes, risk: np.ndarray, failures: np.ndarray) -> Outlived:
    n = len(life)
    distinct, rank = np.unique(risk, return_inverse=True)
    rows = np.flatnonzero(failures)
    # queries in the order of their ranks look at memory that lies together: a third of the time at a million rows
    rows = rows[np.argsort(rank[rows], kind="stable")]
    of_rows, counts = rank[rows], life.counts()
    # from the last to leave to the first; of those that leave at one age, running units outlive the failures
    order = np.lexsort((life.event_observed, -life.durations))
    leave = np.lexsort((~life.event_observed, life.durations))
    keys = life.durations[leave]
    first = np.searchsorted(keys, life.durations[rows], side="left")
    failed_at = np.append(0, np.cumsum(life.event_observed[leave]))
    end = np.searchsorted(keys, life.durations[rows], side="right")
    later = n - (first + failed_at[end] - failed_at[first])
    lower, up_to, all_of_them = _by_risk(rank[order], counts[order], later, of_rows, len(distinct))
    if life.entry is not None and entered_late(life):
        order = np.argsort(-life.entry, kind="stable")
        not_yet = n - np.searchsorted(np.sort(life.entry), life.durations[rows], side="left")
        late = _by_risk(rank[order], counts[order], not_yet, of_rows, len(distinct))
        lower, up_to, all_of_them = lower - late[0], up_to - late[1], all_of_them - late[2]
    return Outlived(rows, lower, up_to - lower, all_of_them - up_to)


def _by_risk(
    rank: np.ndarray, counts: np.ndarray, places: np.ndarray, of_rows: np.ndarray, n_ranks: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights before the places of rank below that of the row, of rank up to it, and of any rank."""
    total = np.append(0.0, np.cumsum(counts))[places]
    lower = weight_below(rank, counts, places, of_rows)
    if n_ranks == len(rank):  # no two risks alike: only a unit itself has its risk, and it does not outlive itself
        return lower, lower, total
    return lower, weight_below(rank, counts, places, of_rows + 1), total
