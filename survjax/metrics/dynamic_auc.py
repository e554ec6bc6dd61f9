"""At an age: do the units that failed by then have the higher risk?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.data.product_limit import product_limit
from survjax.metrics.censoring import case_weights, censoring_curve
from survjax.metrics.judged import read_plain, read_predicted, read_times, refuse_late_entry


class DynamicAUC(NamedTuple):
    """The area at each time (m,), and its mean over them, weighted by the share that failed since the time before."""

    auc: np.ndarray
    mean: float


def cumulative_dynamic_auc(life: Any, risk: Any, times: Any, censoring: Any = None) -> DynamicAUC:
    r"""The area under the ROC curve that parts the units failed by an age from those still running then.

    .. math:: AUC(t) = \frac{\sum_{ij} 1(t_i \le t < t_j)\,\delta_i\,\hat G(t_i-)^{-1}\,\{1(r_i > r_j) + \tfrac12 1(r_i = r_j)\}}
                            {\sum_{ij} 1(t_i \le t < t_j)\,\delta_i\,\hat G(t_i-)^{-1}}

    From 0 to 1, higher is better, 0.5 for guessing. It tells order only.

    Parameters
    ----------
    life, times, censoring : as for ``brier_score``; times (m,).
    risk : (n,), higher for a unit that should fail sooner; or (n, m), one column a time, such as ``1 - survival``.

    Returns
    -------
    DynamicAUC : ``auc`` (m,), and ``mean``, in which each time weighs what the Kaplan–Meier curve of ``life`` fell since the one before
        (the first: since the start).

    Raises
    ------
    ValueError : as ``brier_score``; at a time nobody has failed, or nobody still runs.

    References
    ----------
    Uno, Cai, Tian & Wei (2007), JASA 102. Hung & Chiang (2010), Canadian Journal of Statistics 38.
    """
    who = "the dynamic AUC"
    life = read_plain(life, who)
    refuse_late_entry(life, who)
    at, _ = read_times(times)
    risks = _risks(risk, life, len(at))
    curve = censoring_curve(life if censoring is None else censoring, who)
    curve.refuse_beyond(at, curve.after(at), "the time")
    failed = case_weights(life, curve, at[-1])
    auc = np.empty(len(at))
    for k, t in enumerate(at):
        if k == 0 or len(risks) > 1:
            distinct, rank = np.unique(risks[min(k, len(risks) - 1)], return_inverse=True)
        by_then = life.durations <= t
        cases = np.bincount(rank[by_then], failed[by_then], minlength=len(distinct))
        controls = np.bincount(rank[~by_then], life.counts()[~by_then], minlength=len(distinct))
        if not (cases.sum() > 0 and controls.sum() > 0):
            raise ValueError(f"times={t:g}: {'nobody still runs' if cases.sum() > 0 else 'nobody has failed'} then. Judge at other ages.")
        auc[k] = cases @ (np.cumsum(controls) - 0.5 * controls) / (cases.sum() * controls.sum())
    fallen = -np.diff(np.append(1.0, product_limit(life).at(at)))
    return DynamicAUC(auc, float(auc @ fallen / fallen.sum()))


def _risks(risk: Any, life: Lifetimes, m: int) -> list[np.ndarray]:
    """The columns of risk: one for all times, or one for each."""
    array = np.asarray(risk)
    if array.ndim != 2:
        return [read_predicted(risk, life, "risk")]
    if array.shape[1] != m:
        raise ValueError(f"risk must be (n,), or have one column for each of the {m} times; it has shape {array.shape}.")
    return [read_predicted(column, life, "risk") for column in array.T]
