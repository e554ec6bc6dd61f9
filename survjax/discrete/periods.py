"""Periods of age, and how much of each a unit was seen in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from survjax.data.columns import refuse_rows
from survjax.data.lifetimes import Lifetimes
from survjax.distributions.piecewise_exponential import check_ages
from survjax.errors import BadRow, NoFiniteMaximum
from survjax.frailty.groups import Groups

SAME_AGE = 4 * np.finfo(float).eps  # 0.9 is the end of the third period of 0.3, which is 0.8999999999999999
MOST_PERIODS = 1_000


@dataclass(frozen=True, eq=False)
class Periods:
    """Periods of age, the first from 0.

    Attributes
    ----------
    ends (k,) : the ages at which they end.
    """

    ends: np.ndarray

    @property
    def n(self) -> int:
        return len(self.ends)

    @property
    def begins(self) -> np.ndarray:
        return np.append(0.0, self.ends[:-1])

    def snapped(self, ages: np.ndarray) -> np.ndarray:
        """Ages that are ends of periods but for rounding, as these."""
        nearest = self.ends[np.clip(np.searchsorted(self.ends, ages), 0, self.n - 1)]
        before = self.ends[np.clip(np.searchsorted(self.ends, ages) - 1, 0, self.n - 1)]
        for end in (nearest, before):
            ages = np.where(np.abs(ages - end) <= SAME_AGE * end, end, ages)
        return ages


def read_periods(given: float | Sequence[float] | None, life: Lifetimes) -> Periods:
    """Periods of one length, up to the last age of the lifetimes; or with these ends.

    Raises
    ------
    TypeError : nothing, or a word. ValueError : no length, nor ages that rise; more periods than ``MOST_PERIODS``.
    """
    if given is None or isinstance(given, str):
        raise TypeError(
            "DiscreteTimeHazard needs periods=, in the unit of the ages: the length of a period, periods=30.0 for months where ages "
            f"are days, or the ages at which periods end, such as [30, 60, 90]; got {'none' if given is None else repr(given)}."
        )
    if np.ndim(given) > 0:
        ends = np.asarray(given, dtype=float)
        if not ends.size:
            raise ValueError("periods must be the length of a period, or the ages at which periods end; got none.")
        check_ages(ends, "periods", "DiscreteTimeHazard")
        return Periods(ends)
    length = float(given)  # type: ignore[arg-type]
    if not 0.0 < length < np.inf:
        raise ValueError(f"periods must be the length of a period, or the ages at which periods end; got {given!r}.")
    last = max(float(life.lower.max()), float(np.max(life.upper, where=np.isfinite(life.upper), initial=0.0)))
    number = max(int(np.ceil(min(last / length, 1e9) * (1.0 - SAME_AGE))), 1)
    if number > MOST_PERIODS:
        raise ValueError(
            f"periods={length:g} makes {number:,} periods up to age {last:g}, and {MOST_PERIODS:,} are the most: take longer ones."
        )
    return Periods(length * np.arange(1.0, number + 1.0))


class Pieces(NamedTuple):
    """Which part of which period each row was seen in; several pieces a row.

    row, period (m,) : whole numbers. before, survived, failing (m,) : the share of the period that the unit had survived before it came
    under observation, that it survived under observation, and within which it failed; of each piece one is above 0.
    """

    row: np.ndarray
    period: np.ndarray
    before: np.ndarray
    survived: np.ndarray
    failing: np.ndarray


def pieces_of(periods: Periods, life: Lifetimes, groups: Groups) -> tuple[Pieces, np.ndarray]:
    """The pieces of all rows, and which rows (n,) ended in a failure that counts.

    Of a failure at a known age it counts in which period it was. What happened after the last period is not looked at: who reached
    its end is running there.

    Raises
    ------
    BadRow : right truncation; a failure within an interval that reaches beyond the last period; a failure that is not its unit's last
        row; rows of one unit with different weights.
    """
    n, last = len(life), float(periods.ends[-1])
    if life.right_truncation is not None:
        cut = np.isfinite(life.right_truncation)
        refuse_rows(cut, life.right_truncation, "right_truncation", "infinite for a hazard in discrete time", "")
    entry = np.zeros(n) if life.entry is None else np.maximum(periods.snapped(life.entry), 0.0)
    lower, upper = periods.snapped(life.lower), periods.snapped(life.upper)
    exact = life.event_observed
    beyond = ~exact & np.isfinite(upper) & (upper > last) & (np.maximum(lower, entry) < last)
    refuse_rows(beyond, life.upper, "upper", f"at most the end of the last period, {last:g}", "Give periods that reach as far.")
    ended = np.isfinite(upper) & (np.where(exact, lower, upper) <= last)
    _refuse_life_after_failure(groups, life, np.isfinite(upper), entry)
    home = np.searchsorted(periods.ends, np.where(exact & ended, lower, 0.0))
    begins, ends = periods.begins[home], periods.ends[home]
    alive_until = np.minimum(np.maximum(np.where(exact & ended, begins, lower), entry), last)
    gone_by = np.where(ended, np.where(exact, ends, upper), alive_until)
    nothing = np.zeros(n)
    spans = {
        "before": (nothing, np.where(groups.continues, 0.0, np.minimum(entry, last))),
        "survived": (np.minimum(entry, last), alive_until),
        "failing": (alive_until, gone_by),
    }
    cut_up = {name: _cut(periods, *span) for name, span in spans.items()}
    shares = {
        name: np.concatenate([share if name == kind else np.zeros_like(share) for kind, (_, _, share) in cut_up.items()]) for name in spans
    }
    rows, period = (np.concatenate([one[place] for one in cut_up.values()]) for place in (0, 1))
    return Pieces(rows, period, **shares), ended


def _cut(periods: Periods, begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, period and share of the period of each piece of spans (n,) of age, empty ones left out."""
    first = np.searchsorted(periods.ends, begin, side="right")
    behind = np.searchsorted(periods.ends, end, side="left") + 1
    count = np.where(end > begin, behind - first, 0)
    row = np.repeat(np.arange(len(begin)), count)
    period = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    begins, ends = periods.begins[period], periods.ends[period]
    return row, period, (np.minimum(end[row], ends) - np.maximum(begin[row], begins)) / (ends - begins)


def _refuse_life_after_failure(groups: Groups, life: Lifetimes, failed: np.ndarray, entry: np.ndarray) -> None:
    order = np.lexsort((entry, groups.codes))
    followed = np.append(groups.codes[order][1:] == groups.codes[order][:-1], False)
    early = order[followed & failed[order]]
    if early.size:
        row = int(early.min())
        raise BadRow(
            f"row {row} ends with a failure, and its unit runs on in another row (rows count from 0). A unit fails once: end its rows "
            "there, or give it a new label after the repair.",
            columns=("event_observed",),
            rows=early,
        )
    counts = life.counts()
    first = np.unique(groups.codes, return_index=True)[1]
    odd = np.flatnonzero(counts != counts[first][groups.codes])
    if odd.size:
        raise BadRow(
            f"row {odd[0]} has weight {counts[odd[0]]:g} and another row of its unit another (rows count from 0). Rows of a unit have one "
            "weight, how many such units there were.",
            columns=("weights",),
            rows=odd,
        )


def refuse_periods_that_tell_nothing(periods: Periods, pieces: Pieces, weights: np.ndarray) -> None:
    """Refuse data under which the level of some period has no finite estimate; weights (m,) of the pieces.

    Raises
    ------
    NoFiniteMaximum : nobody was seen in a period, nobody failed in it, or all did.
    """
    survived, failing = (np.bincount(pieces.period, weights * share, minlength=periods.n) for share in (pieces.survived, pieces.failing))
    for index, (begin, end) in enumerate(zip(periods.begins, periods.ends, strict=True)):
        what = (
            "nobody was under observation in"
            if survived[index] + failing[index] == 0
            else "nobody failed in"
            if failing[index] == 0
            else "nobody survived"
            if survived[index] == 0
            else ""
        )
        if what:
            raise NoFiniteMaximum(
                f"{what} period {index}, from age {begin:g} to {end:g}, so that its level has no finite estimate. Merge it with a "
                f"neighbour, periods=[ages at which they end]; end the periods at {begin:g}, after which lives count as running; or let "
                'the level follow a line in the logarithm of age: baseline="log".'
            )
