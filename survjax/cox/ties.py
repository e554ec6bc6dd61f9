"""What failures at one age are taken for: each against all who were at risk, or one after another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

AT_ONCE = 1 << 20  # failures worked on together, so that memory does not follow the largest tie times the number of ages
RULES = ("efron", "breslow")


class Shares(NamedTuple):
    r"""Sums over the failures l of each failure time, (m,) each.

    With O the risk (the sum of partial hazards) of those who outlive the age, D that of those who fail at it, f the share of D still
    at risk at failure l, c = 1 (or the part of a failure that a fractional weight leaves over), S = O + f D and R = O + D = ``risk``:

    log_risk = sum c log S, hazard = sum c / S, hazard_of_failing = sum c f / S; and, since squares of risks may be beyond the range of
    numbers, as multiples of 1 / R^2: outliving, mixed and failing = sum c (R / S)^2 f^k for k = 0, 1, 2.
    """

    risk: np.ndarray
    log_risk: np.ndarray
    hazard: np.ndarray
    hazard_of_failing: np.ndarray
    outliving: np.ndarray
    mixed: np.ndarray
    failing: np.ndarray

    def times(self, factor: np.ndarray) -> Shares:
        """The sums with a factor (m,) for each failure time."""
        hazards = factor * self.log_risk, factor * self.hazard, factor * self.hazard_of_failing
        first = factor * self.outliving
        if self.failing is self.outliving:
            return Shares(self.risk, *hazards, first, first, first)
        return Shares(self.risk, *hazards, first, factor * self.mixed, factor * self.failing)


def shares(outliving: np.ndarray, failing: np.ndarray, count: np.ndarray, ties: str) -> Shares:
    """The sums for risks O and D and counts of failures, (m,) each; the counts are sums of weights, whole or not."""
    risk = outliving + failing
    hazard = count / risk
    tied = np.flatnonzero(count > 1) if ties == "efron" else np.zeros(0, dtype=int)
    if not tied.size:
        return Shares(risk, count * np.log(risk), hazard, hazard, count, count, count)
    sums = Shares(risk, *(column.copy() for column in (count * np.log(risk), hazard, hazard, count, count, count)))
    pieces = np.ceil(count[tied]).astype(int)
    before = np.cumsum(pieces) - pieces
    for group in np.split(np.arange(len(tied)), np.flatnonzero(np.diff(before // AT_ONCE)) + 1):
        _in_turn(sums, tied[group], pieces[group], outliving, failing, count)
    return sums


def _in_turn(sums: Shares, times: np.ndarray, pieces: np.ndarray, outliving: np.ndarray, failing: np.ndarray, count: np.ndarray) -> None:
    """Efron's sums for some of the times."""
    begins = np.cumsum(pieces) - pieces
    done = np.arange(int(pieces.sum())) - np.repeat(begins, pieces)
    of = np.repeat(count[times], pieces)
    part = np.minimum(of - done, 1.0)
    left = 1.0 - done / of
    risk = np.repeat(outliving[times], pieces) + left * np.repeat(failing[times], pieces)
    hazard = part / risk
    square = part * (np.repeat(sums.risk[times], pieces) / risk) ** 2
    terms = (part * np.log(risk), hazard, left * hazard, square, left * square, left**2 * square)
    for column, term in zip(sums[1:], terms, strict=True):
        column[times] = np.add.reduceat(term, begins)
