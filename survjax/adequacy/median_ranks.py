"""Median ranks: the share failed at which a probability plot puts each failure, suspensions taken into account."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy.special import betaincinv

from survjax.data.columns import refuse_rows
from survjax.data.lifetimes import Lifetimes
from survjax.errors import BadRow

Ranks = Literal["exact", "benard"]


class MedianRanks(NamedTuple):
    """One entry a failed unit, by age, (m,) each: its age, its adjusted rank among all units and the share failed to plot there."""

    age: np.ndarray
    rank: np.ndarray
    share: np.ndarray


def median_ranks(life: Lifetimes, ranks: Ranks = "exact") -> MedianRanks:
    r"""Median ranks of the failures, (m,), with Johnson's adjustment for suspensions.

    Of n units the failure that follows rank r, with k units under observation just before it, itself included, has rank
    :math:`r + (n + 1 - r)/(k + 1)`. Units that failed at one age have ranks of their own, one after the other; a suspension at the
    age of a failure comes after it.

    Parameters
    ----------
    life : failures at known ages and running units seen from the start; counts must be whole numbers.
    ranks : "exact": the median of the beta distribution (rank, n + 1 - rank); "benard": (rank - 0.3)/(n + 0.4), close to it.

    Raises
    ------
    ValueError : an unknown kind of ranks; no failure; a failure known only within an interval; delayed entry or right truncation; a
        count that is not whole. The message names the first such row and the remedy.

    References
    ----------
    Johnson (1964), The Statistical Treatment of Fatigue Experiments. Benard & Bos-Levenbach (1953), Statistica Neerlandica 7.
    """
    if ranks not in ("exact", "benard"):
        raise ValueError(f'ranks must be "exact" or "benard"; got {ranks!r}.')
    _refuse_what_has_no_rank(life)
    counts = life.counts().astype(np.int64)
    n = int(counts.sum())
    age = np.sort(np.repeat(life.durations[life.event_observed], counts[life.event_observed]))
    if not len(age):
        raise ValueError(f"none of the {n:,} units has failed: there is no rank to plot.")
    suspended = np.sort(np.repeat(life.durations[~life.event_observed], counts[~life.event_observed]))
    under_observation = n - np.arange(len(age)) - np.searchsorted(suspended, age, side="left")
    rank = (n + 1) * (1.0 - np.cumprod(under_observation / (under_observation + 1.0)))
    share = (rank - 0.3) / (n + 0.4) if ranks == "benard" else betaincinv(rank, n + 1 - rank, 0.5)
    return MedianRanks(age, rank, share)


def _refuse_what_has_no_rank(life: Lifetimes) -> None:
    instead = "Use fit, which takes such rows as they are."
    entry = np.zeros(len(life)) if life.entry is None else life.entry
    refuse_rows(np.isfinite(entry) & (entry != 0), entry, "entry", "0 for median ranks, which need every unit from the start", instead)
    if life.right_truncation is not None:
        cut = np.isfinite(life.right_truncation)
        refuse_rows(cut, life.right_truncation, "right_truncation", "inf for median ranks", instead)
    between = np.flatnonzero(~life.event_observed & np.isfinite(life.upper))
    if between.size:
        low, high = life.lower[between[0]], life.upper[between[0]]
        expected = "equal, a failure at a known age, or upper inf"
        raise BadRow(
            f"median ranks need failures at known ages; row {between[0]} failed between {low:g} and {high:g} ({between.size:,} such rows; "
            f"rows count from 0). {instead}",
            columns=("lower", "upper"),
            rows=between,
            expected=expected,
            remedy=instead,
        )
    counts = life.counts()
    refuse_rows(counts != np.round(counts), counts, "weights", "whole numbers of units for median ranks", instead)
