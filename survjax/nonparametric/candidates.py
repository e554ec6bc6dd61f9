"""Where a nonparametric maximum likelihood estimate can put mass: intervals that nothing known of any unit divides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes


class Candidates(NamedTuple):
    """Candidate intervals in order of age, and what each row of data covers of them.

    left, right : (m,) mass lies in (left, right], or at ``right`` where both are equal.
    first, last : (n,) a row's failure lies in the candidates first, ..., last - 1.
    window_first, window_last : (n,) the candidates in which it could have been seen to fail.
    weights : (n,) counts. Rows that cover the same candidates are one row.
    truncated : (n,) whether the window ends.
    which : of each of the lifetimes that have weight, the row that stands for it.
    """

    left: np.ndarray
    right: np.ndarray
    first: np.ndarray
    last: np.ndarray
    window_first: np.ndarray
    window_last: np.ndarray
    weights: np.ndarray
    truncated: np.ndarray
    which: np.ndarray

    def reversed(self) -> Candidates:
        """The same with age running backwards: right truncation becomes delayed entry."""
        m = len(self.left)
        return self._replace(
            first=m - self.last,
            last=m - self.first,
            window_first=m - self.window_last,
            window_last=m - self.window_first,
            truncated=self.window_first > 0,
        )

    def on(self, held: np.ndarray) -> Candidates:
        """The same rows with only some of the candidates, a mask (m,); the others hold no mass."""
        position = np.concatenate([[0], np.cumsum(held)])
        moved = {name: position[getattr(self, name)] for name in ("first", "last", "window_first", "window_last")}
        return self._replace(left=self.left[held], right=self.right[held], **moved)

    def only(self, rows: np.ndarray) -> Candidates:
        """Only some of the rows, a mask (n,), which then stand for no lifetimes in particular."""
        names = ("first", "last", "window_first", "window_last", "weights", "truncated")
        return self._replace(**{name: getattr(self, name)[rows] for name in names}, which=np.zeros(0, np.intp))

    def log_likelihood(self, mass: np.ndarray) -> float:
        """Of masses (m,): the sum of log P(failed where it failed) - log P(could have been seen to), by weight."""
        total = np.concatenate([[0.0], np.cumsum(mass)])
        inside, window = total[self.last] - total[self.first], total[self.window_last] - total[self.window_first]
        return float(self.weights @ (np.log(inside) - np.log(window)))


def candidate_intervals(life: Lifetimes) -> Candidates:
    """The innermost intervals of the data (Turnbull 1976), completed for truncation (Frydman 1994).

    A row's failure lies in a set, and mass outside its window never counts against it: so the parts of the line outside the windows
    are sets like the others. An interval from the left end of one set to the next right end, with no left end between, is
    never divided by the data, and mass elsewhere could be moved into one without loss. Candidates in no row's set are left out.
    """
    life = life[life.counts() > 0]
    # (l, u] is written as the closed set from the next number after l, so that one order holds for points and intervals.
    left = np.where(life.event_observed | np.isneginf(life.lower), life.lower, np.nextafter(life.lower, np.inf))
    right = life.upper
    entry = np.full(len(life), -np.inf) if life.entry is None else life.entry
    end = np.full(len(life), np.inf) if life.right_truncation is None else life.right_truncation
    window_left = np.where(np.isfinite(entry), np.nextafter(entry, np.inf), -np.inf)

    left_ends = np.unique(np.concatenate([left, np.nextafter(end[np.isfinite(end)], np.inf)]))
    right_ends = np.unique(np.concatenate([right, entry[np.isfinite(entry)]]))
    following = np.searchsorted(right_ends, left_ends)
    there = following < len(right_ends)
    left_ends, following = left_ends[there], right_ends[following[there]]
    innermost = np.append(left_ends[1:] > following[:-1], True)
    cell_left, cell_right = left_ends[innermost], following[innermost]
    first = np.searchsorted(cell_left, left)
    last = np.searchsorted(cell_right, right, side="right")
    held = covered(first, last, np.ones(len(first)), len(cell_left)) > 0
    cell_left, cell_right = cell_left[held], cell_right[held]

    ranges = np.stack(
        [
            np.searchsorted(cell_left, left),
            np.searchsorted(cell_right, right, side="right"),
            np.searchsorted(cell_left, window_left),
            np.searchsorted(cell_right, end, side="right"),
            np.isfinite(end),
        ],
        axis=1,
    )
    kinds, which = _distinct(ranges)
    weights = np.bincount(which, life.counts(), minlength=len(kinds))
    first, last, window_first, window_last, truncated = np.ascontiguousarray(kinds.T)
    shown = np.where(np.isin(cell_left, left[life.event_observed]) & (cell_left == cell_right), cell_left, np.nextafter(cell_left, -np.inf))
    return Candidates(shown, cell_right, first, last, window_first, window_last, weights, truncated.astype(bool), which)


def _distinct(ranges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows and the place of each row among them."""
    order = np.lexsort(ranges.T)
    ordered = ranges[order]
    new = np.append(True, np.any(ordered[1:] != ordered[:-1], axis=1))
    which = np.empty(len(ranges), dtype=np.intp)
    which[order] = np.cumsum(new) - 1
    return ordered[new], which


def never_outlived(rows: Candidates) -> np.ndarray:
    """The candidates that no unit was seen to outlive, (m,): all that is at risk there fails there."""
    return covered(rows.window_first, rows.first, (rows.weights > 0).astype(float), len(rows.left)) == 0


def open_after(rows: Candidates) -> np.ndarray:
    """The candidates that lie after the failure of some unit in its window, whose mass counts against it, (m,)."""
    return covered(rows.last, rows.window_last, (rows.truncated & (rows.weights > 0)).astype(float), len(rows.left)) > 0


def covered(first: np.ndarray, last: np.ndarray, values: np.ndarray, m: int) -> np.ndarray:
    """For every candidate the sum of the values of the rows that cover it, (m,)."""
    begun = np.bincount(first, values, minlength=m + 1)
    ended = np.bincount(last, values, minlength=m + 1)
    return np.cumsum(begun - ended)[:m]


def covered_together(first: np.ndarray, last: np.ndarray, values: np.ndarray, m: int) -> np.ndarray:
    """For every two candidates the sum of the values of the rows that cover both, (m, m)."""
    begun = np.bincount(first * (m + 1) + last, values, minlength=(m + 1) ** 2).reshape(m + 1, m + 1)
    both = np.cumsum(np.cumsum(begun, axis=0)[:, ::-1], axis=1)[:, ::-1]  # begun by j, not ended before k
    upper = both[:m, 1:]
    return np.triu(upper) + np.triu(upper, 1).T
