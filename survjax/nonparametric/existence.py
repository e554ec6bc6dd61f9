"""Whether units truncated on both sides put the masses of all candidate intervals in proportion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.nonparametric.ascent import climb_masses
from survjax.nonparametric.candidates import Candidates

LIKELIHOOD_ROUNDING = 1e-12  # relative, of sums over rows


class Stretch(NamedTuple):
    """The candidates first, ..., last - 1: every row that failed in them, for certain, could not have been seen to fail elsewhere.

    The masses of such a stretch can all be multiplied by one number without a change in what its rows say.
    """

    first: int
    last: int

    def holds(self, rows: Candidates) -> np.ndarray:
        """The rows that failed in it for certain, (n,)."""
        return (rows.first >= self.first) & (rows.last <= self.last)

    def divides(self, rows: Candidates) -> np.ndarray:
        """The rows of which it is not known whether they failed in it, (n,)."""
        return ~self.holds(rows) & (rows.first < self.last) & (rows.last > self.first)

    def candidates(self, m: int) -> np.ndarray:
        """Which of the m candidates are in it."""
        return (np.arange(m) >= self.first) & (np.arange(m) < self.last)


def masses_of_greatest_likelihood(candidates: Candidates, life: Lifetimes) -> np.ndarray:
    r"""The mass of each candidate, (m,), of greatest likelihood, windows having two ends.

    Where the whole line is the only ``Stretch``, a maximum exists: no mass that a row needs can go to 0. For failures at known ages
    it is then unique, and exists on no other condition (Xiao & Hudgens 2019, Biometrika 106: a graph is strongly connected).
    Otherwise the mass of a stretch may go to 0, which leaves its rows as they are among themselves, and the likelihood comes to that
    of the stretch by itself and of the rest without it. If it is known of every row whether it failed in the stretch, nothing does
    better; else the two likelihoods are compared.

    Raises
    ------
    NoFiniteMaximum : the likelihood is greatest as the mass of a stretch goes to 0, or whatever that mass is.
    NotConverged : the maximum was not reached.
    """
    stretches = closed_stretches(candidates)
    for stretch in stretches:
        if not stretch.divides(candidates).any():
            raise _no_maximum(stretch, candidates, life)
    failure = None
    try:
        mass = climb_masses(candidates)
    except NotConverged as error:
        failure, mass = error, error.state
    reached = candidates.log_likelihood(mass)
    for stretch in stretches:
        if _limit(stretch, candidates) >= reached - LIKELIHOOD_ROUNDING * abs(reached):
            raise _no_maximum(stretch, candidates, life) from failure
    if failure is not None:
        raise failure
    return mass


def closed_stretches(rows: Candidates) -> list[Stretch]:
    """The least stretch about the window of each row, distinct ones, without the whole line."""
    m = len(rows.left)
    whole, other = np.zeros(len(rows.first), bool), np.zeros(len(rows.first), bool)
    found: dict[Stretch, None] = {}
    while not (whole | other).all():
        # a window that holds the failures of a row whose stretch is the whole line has no other
        ends = np.full(m + 1, m + 1)
        np.minimum.at(ends, rows.first[whole], rows.last[whole])
        ends = np.minimum.accumulate(ends[::-1])[::-1]
        also = ~whole & (ends[rows.window_first] <= rows.window_last)
        if also.any():
            whole |= also
            continue
        row = int(np.argmin(whole | other))
        stretch = _least(rows, int(rows.window_first[row]), int(rows.window_last[row]))
        alike = (rows.window_first == rows.window_first[row]) & (rows.window_last == rows.window_last[row])
        if stretch == (0, m):
            whole |= alike
        else:
            other |= alike
            found[stretch] = None
    return list(found)


def _least(rows: Candidates, first: int, last: int) -> Stretch:
    while True:
        inside = (rows.first >= first) & (rows.last <= last)
        wider = int(rows.window_first[inside].min()), int(rows.window_last[inside].max())
        if wider == (first, last):
            return Stretch(first, last)
        first, last = wider


def _limit(stretch: Stretch, candidates: Candidates) -> float:
    """The greatest log-likelihood as the mass of the stretch goes to 0: of its rows by themselves, and of the rest without it."""
    inside, held = stretch.candidates(len(candidates.left)), stretch.holds(candidates)
    return _greatest(candidates.on(inside).only(held)) + _greatest(candidates.on(~inside).only(~held))


def _greatest(candidates: Candidates) -> float:
    """The least upper bound of the log-likelihood, whether or not it is reached."""
    limits = [_limit(stretch, candidates) for stretch in closed_stretches(candidates)]
    try:
        mass = climb_masses(candidates)
    except NotConverged as error:
        mass = error.state
    return max([candidates.log_likelihood(mass), *limits])


def _no_maximum(stretch: Stretch, candidates: Candidates, life: Lifetimes) -> NoFiniteMaximum:
    entry, end = life.entry, life.right_truncation
    assert entry is not None
    assert end is not None
    rows = np.flatnonzero(life.counts() > 0)
    held = stretch.holds(candidates)[candidates.which]
    own, rest = rows[held], rows[~held]
    begin, last = entry[own].min(), end[own].max()
    parts = []
    if stretch.first > 0:
        parts.append(f"(life.entry >= {begin:.17g})")
    if stretch.last < len(candidates.left):
        parts.append(f"(life.right_truncation <= {last:.17g})")
    where = " & ".join(parts)
    reach = (candidates.window_first < stretch.last) & (candidates.window_last > stretch.first)
    both = rows[~held & reach[candidates.which]]
    what = f"{_named(own)} could only be seen to fail between ages {begin:g} and {last:g}"
    if len(both):
        why = (
            f"{what}, while {_named(both)} could be seen to fail there too and need not have: the likelihood rises, or stays as it is, "
            "as the share of all lives that ends there goes to 0"
        )
    else:
        why = f"{what}, and {_named(rest)} only at other ages: the likelihood is the same whatever share of all lives ends there"
    return NoFiniteMaximum(
        f"the nonparametric estimate does not exist: {why} (rows count from 0). The data do not put the two groups in proportion. "
        f"Estimate them apart, with apart = {where}: Turnbull().fit(life[apart]) and Turnbull().fit(life.without(apart)). Or fit a "
        "distribution."
    )


def _named(rows: np.ndarray) -> str:
    if len(rows) <= 5:
        return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows))}"
    return f"{len(rows):,} rows (the first are {', '.join(map(str, rows[:3]))})"
