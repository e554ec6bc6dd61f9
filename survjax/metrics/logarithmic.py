"""How probable the prediction held what came."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.metrics.judged import entered_late, read_plain, read_predicted


def log_score(life: Any, log_density: Any, log_survival: Any, log_survival_at_entry: Any = None) -> float:
    r"""The log-likelihood per unit of held-out lifetimes: log density of failures, log survival of running units.

    .. math:: \frac1n \sum_i \{\delta_i \log f_i(t_i) + (1 - \delta_i) \log S_i(t_i) - \log S_i(a_i)\}

    Higher is better, without bound; differences between models do not depend on the unit of time. It is highest in expectation for
    the true distribution however units are censored, as long as censoring tells nothing of the failure; minus infinity for a failure
    where the density is 0.

    For survjax's models ``model.score`` is this score, of every kind of row (``score(life)`` of a distribution, ``score(X, y)`` of a
    regression). This function is for models that give densities only.

    Parameters
    ----------
    life : the lifetimes of n units, failures at known ages and running units; weights count.
    log_density, log_survival : (n,) each, at the unit's own age; the density is looked at for failures only, survival for running
        units only.
    log_survival_at_entry : (n,) at the unit's entry, needed where units entered late.

    Raises
    ------
    ValueError : nan, another shape; failures within intervals or right truncation (use ``model.score``); late entry without
        ``log_survival_at_entry``.

    References
    ----------
    Gneiting & Raftery (2007), JASA 102.
    """
    life = read_plain(life, "log_score of densities")
    density, survival = read_predicted(log_density, life, "log_density"), read_predicted(log_survival, life, "log_survival")
    late = entered_late(life)
    if late == (log_survival_at_entry is None):
        raise ValueError(
            "some units entered late: pass log_survival_at_entry, at life.entry."
            if late
            else "log_survival_at_entry is for units that entered late, and none did; leave it out."
        )
    terms = np.where(life.event_observed, density, survival)
    if late:
        terms = terms - read_predicted(log_survival_at_entry, life, "log_survival_at_entry")
    seen = life.counts() > 0
    return float(life.counts()[seen] @ terms[seen] / life.n_units)
