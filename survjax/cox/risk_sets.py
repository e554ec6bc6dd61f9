"""Who is at risk at each failure time: sums over risk sets, and over the times of each row, without a subtraction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

MANY_STRATA = 256  # beyond these a Python loop over strata costs more than the levels of dyadic blocks


class RiskSets:
    """Rows at risk over spans of failure times.

    Row i is at risk at the failure times ``first[i]``, ..., ``end[i] - 1``, numbered through all strata, stratum s having
    ``offsets[s]``, ..., ``offsets[s + 1] - 1``. Rows come by stratum, those of a stratum with ``end`` not increasing.

    Sums over risk sets that people enter late are usually had as the sum of all who left later less that of all who entered later. Where
    few are at risk among many that difference has no digits left. Here a row that enters late is instead a part of two sums within the one
    dyadic block of times whose middle its span crosses, from its first time up to the middle and from there to its last, and
    what is summed is never taken away again: log2(m) passes over the m times.
    """

    def __init__(self, first: np.ndarray, end: np.ndarray, stratum: np.ndarray, offsets: np.ndarray) -> None:
        self.n_rows, self.n_times = len(first), int(offsets[-1])
        at_risk = end > first
        late = at_risk & ((first > offsets[stratum]) | (len(offsets) - 1 > MANY_STRATA))
        early = at_risk & ~late
        self._early = slice(None) if early.all() else np.flatnonzero(early)
        self._segments = list(_segments(end[early], stratum[early], offsets))
        self._levels = list(_levels(first, end - 1, np.flatnonzero(late), self.n_times))

    def totals(self, values: np.ndarray, combine: np.ufunc = np.add, nothing: float = 0.0) -> np.ndarray:
        """Of each risk set the sum (or another combination) of its rows' values.

        values : (q, n). combine : np.add or np.maximum; ``nothing`` is what it gives for an empty risk set. Returns (q, m).
        """
        out = np.full((len(values), self.n_times), nothing)
        given = values if isinstance(self._early, slice) else values[:, self._early]
        for segment in self._segments:
            up_to = combine.accumulate(given[:, segment.rows], axis=1)
            out[:, segment.times] = np.take(up_to, segment.last_row, axis=1)
        for level in self._levels:
            placed = np.full((len(values), level.width), nothing)
            for row, of_row in zip(placed, values, strict=True):
                combine.at(row, level.first, of_row[level.rows])
                if level.half:
                    combine.at(row, level.last, of_row[level.rows])
            level.spread(placed, combine)
            combine(out, placed[:, : self.n_times], out=out)
        return out

    def collected(self, amounts: np.ndarray) -> np.ndarray:
        """Of each row the sum of the amounts at the times at which it is at risk: amounts (q, m), returns (q, n)."""
        out = np.zeros((len(amounts), self.n_rows))
        if self._segments:
            early = np.empty((len(amounts), sum(segment.rows.stop - segment.rows.start for segment in self._segments)))
            for segment in self._segments:
                early[:, segment.rows] = np.cumsum(amounts[:, segment.times], axis=1)[:, segment.last_time]
            out[:, self._early] = early
        for level in self._levels:
            reached = np.zeros((len(amounts), level.width))
            reached[:, : self.n_times] = amounts
            level.gather(reached)
            out[:, level.rows] = reached[:, level.first] + (reached[:, level.last] if level.half else 0.0)
        return out


class Segment(NamedTuple):
    """The rows of a stratum that are at risk from its first failure time on, and the times at which any of them is.

    last_row : (times,) the last of its rows still at risk. last_time : (rows,) the last time at which a row is at risk; both within it.
    """

    rows: slice
    times: slice
    last_row: np.ndarray
    last_time: np.ndarray


class Level(NamedTuple):
    """Rows whose spans cross the middle of a block of 2 * half times; half is 0 for spans of one time.

    rows : which. first, last : (rows,) the ends of their spans. width : the number of times, filled up to whole blocks.
    """

    rows: np.ndarray
    first: np.ndarray
    last: np.ndarray
    half: int
    width: int

    def spread(self, placed: np.ndarray, combine: np.ufunc) -> None:
        """Carry what was placed at the ends of spans to all their times, in place: (q, width)."""
        if self.half:
            before, after = self._halves(placed)
            combine.accumulate(before, axis=-1, out=before)
            combine.accumulate(after[..., ::-1], axis=-1, out=after[..., ::-1])

    def gather(self, amounts: np.ndarray) -> None:
        """Replace each amount by the sum from it to the middle of its block, in place: (q, width)."""
        if self.half:
            before, after = self._halves(amounts)
            np.cumsum(before[..., ::-1], axis=-1, out=before[..., ::-1])
            np.cumsum(after, axis=-1, out=after)

    def _halves(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        blocks = columns.reshape(len(columns), -1, 2, self.half)
        return blocks[:, :, 0], blocks[:, :, 1]


def _segments(end: np.ndarray, stratum: np.ndarray, offsets: np.ndarray) -> Iterator[Segment]:
    edges = np.searchsorted(stratum, np.arange(len(offsets)))
    for one, (begin, stop) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        if begin < stop:
            ends = end[begin:stop] - offsets[one]
            at_risk = np.cumsum(np.bincount(ends)[::-1])[-2::-1]  # how many outlast each of the times
            yield Segment(slice(begin, stop), slice(int(offsets[one]), int(offsets[one] + ends[0])), at_risk - 1, ends - 1)


def _levels(first: np.ndarray, last: np.ndarray, rows: np.ndarray, n_times: int) -> Iterator[Level]:
    first, last = first[rows], last[rows]
    crossed = np.frexp((first ^ last).astype(float))[1]  # the highest bit in which the ends differ, counted from 1; 0 where none
    for bit in np.unique(crossed).tolist():
        chosen = crossed == bit
        size = 1 << bit
        yield Level(rows[chosen], first[chosen], last[chosen], size // 2, -(-n_times // size) * size)
