"""The log-rank test and its weighted kin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.stats import chi2

from survjax.data.columns import read_labels
from survjax.data.lifetimes import Lifetimes
from survjax.data.product_limit import count_at_risk, product_limit
from survjax.nonparametric.rows import refuse_all_but_plain
from survjax.nonparametric.survival_curve import told_with_table

if TYPE_CHECKING:
    import pandas as pd


class LogRank(NamedTuple):
    """Result of a log-rank test.

    ``statistic``, chi-squared with ``degrees_of_freedom`` if the groups live alike; ``p_value``; ``table`` with (weighted) observed
    and expected failures and the units of each group; ``variance`` (k, k) of observed less expected.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    table: pd.DataFrame
    variance: np.ndarray

    def __repr__(self) -> str:
        freedom = f"{self.degrees_of_freedom} degree{'s' if self.degrees_of_freedom > 1 else ''} of freedom"
        groups = "; ".join(
            f"{name}: {row['observed']:.6g} of {row['units']:.6g} failed, {row['expected']:.4g} expected"
            for name, row in self.table.iterrows()
        )
        return f"LogRank(chi-squared {self.statistic:.4g} on {freedom}, p = {self.p_value:.3g})\n{groups}"

    def _repr_html_(self) -> str:
        return told_with_table(repr(self).partition("\n")[0], self.table)


def log_rank_test(life: Lifetimes, groups: Any, rho: float = 0.0, gamma: float = 0.0) -> LogRank:
    r"""Do groups of units live alike?

    Parameters
    ----------
    life : failures at known ages and running units, entered late or not, with counts.
    groups : (n,) labels; or a second ``Lifetimes``, and the two are groups 0 and 1.
    rho, gamma : failures at age t count :math:`S(t-)^\rho (1 - S(t-))^\gamma`, S being the Kaplan–Meier estimate of all: 0, 0 is the
        log-rank test, 1, 0 that of Peto & Peto, which looks early; gamma looks late.

    Raises
    ------
    TypeError : no ``Lifetimes``.
    ValueError : fewer than two groups with units, a missing label, no failure where two groups are at risk, failures known only
        within an interval or right truncation, a negative rho or gamma.

    References
    ----------
    Fleming & Harrington (1991), Counting Processes and Survival Analysis, 7.2. R's survdiff (gamma 0).
    """
    import pandas as pd

    if not isinstance(life, Lifetimes):
        raise TypeError(
            "log_rank_test compares the rows of a Lifetimes by their labels, log_rank_test(Lifetimes(durations, event_observed), groups), "
            f"or two Lifetimes, log_rank_test(life_a, life_b); got {type(life).__name__}."
        )
    if isinstance(groups, Lifetimes):
        life, groups = _together(life, groups)
    refuse_all_but_plain(life, "log_rank_test")
    if not (rho >= 0 and gamma >= 0):
        raise ValueError(f"rho and gamma must be 0 or more; got rho={rho!r}, gamma={gamma!r}.")
    labels = read_labels(groups, "groups")
    if len(labels) != len(life):
        raise ValueError(f"groups has {len(labels):,} rows and the lifetimes {len(life):,}; every unit needs a group.")
    missing = np.array([label is None for label in labels])
    if missing.any():
        raise ValueError(f"groups: row {int(np.flatnonzero(missing)[0])} is missing (rows count from 0). Drop such rows first.")
    seen = life.counts() > 0
    life, labels = life[seen], labels[seen]
    names, member = np.unique(labels.astype(str), return_inverse=True)
    first = [labels[np.argmax(member == index)] for index in range(len(names))]
    if len(names) < 2:
        raise ValueError(f"a log-rank test compares groups; there is {len(names)}.")
    pooled = product_limit(life)
    weight = pooled.survival_before() ** rho * (1.0 - pooled.survival_before()) ** gamma
    own = [_counts(life[member == index], pooled.time) for index in range(len(names))]
    failures, at_risk = (np.stack(part) for part in zip(*own, strict=True))
    share = at_risk / pooled.at_risk
    observed, expected = failures @ weight, (share * pooled.failures) @ weight
    others = np.where(
        pooled.at_risk > 1.0, (pooled.at_risk - pooled.failures) / np.where(pooled.at_risk > 1.0, pooled.at_risk - 1.0, 1.0), 0.0
    )
    spread = weight**2 * pooled.failures * others
    variance = np.diag(share @ spread) - (share * spread) @ share.T
    # Groups never at risk beside another tell nothing; the rest sum to zero, so one of them is left out.
    told = np.flatnonzero(np.diag(variance) > 0.0)[1:]
    if not len(told):
        raise ValueError("no failure occurred while units of two groups were at risk: there is nothing to compare.")
    difference = (observed - expected)[told]
    statistic = float(difference @ np.linalg.solve(variance[np.ix_(told, told)], difference))
    units = np.bincount(member, life.counts(), minlength=len(names))
    table = pd.DataFrame({"units": units, "observed": observed, "expected": expected}, index=pd.Index(first, name="group"))
    return LogRank(statistic, len(told), float(chi2.sf(statistic, len(told))), table, variance)


def _together(one: Lifetimes, other: Lifetimes) -> tuple[Lifetimes, np.ndarray]:
    """The rows of both, and which of the two each is of."""
    both = (one, other)
    for life in both:
        refuse_all_but_plain(life, "log_rank_test")
    entered = any(life.entry is not None for life in both)
    starts = [np.full(len(life), -np.inf if np.any(life.lower < 0) else 0.0) if life.entry is None else life.entry for life in both]
    rows = Lifetimes(
        np.concatenate([life.durations for life in both]),
        np.concatenate([life.event_observed for life in both]),
        entry=np.concatenate(starts) if entered else None,
        weights=np.concatenate([life.counts() for life in both]),
    )
    return rows, np.repeat([0, 1], [len(one), len(other)])


def _counts(life: Lifetimes, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many fail at, and are at risk at, each of the times."""
    own = product_limit(life)
    failures = np.zeros(len(times))
    failures[np.searchsorted(times, own.time)] = own.failures
    return failures, count_at_risk(life, times)
