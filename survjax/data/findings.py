"""What looks odd in lifetimes before they are fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Finding:
    """Something in the data that deserves a look: what, and in which rows (counted from 0)."""

    message: str
    rows: tuple[int, ...]

    def __str__(self) -> str:
        return self.message


def findings(ages: np.ndarray, exact: np.ndarray, n_exact: float) -> list[Finding]:
    """What looks odd in ages (n,), of which those marked are exact ages at failure of ``n_exact`` units."""
    found = []
    n = len(ages)
    negative = np.flatnonzero(ages < 0)
    if negative.size:
        found.append(
            Finding(
                f"{len(negative)} of {n:,} ages are negative, the first in row {negative[0]} ({ages[negative[0]]:g}): check the sign, or "
                "the order of the two dates it came from. Only distributions on the whole real line can be fitted to them.",
                tuple(int(row) for row in negative),
            )
        )
    few = max(1, n // 1000)
    order = np.argsort(ages)
    tail = ages[order[-(few + 1) :]] if n > 20 else np.ones(1)
    gaps = np.flatnonzero(tail[1:] > 1.25 * np.maximum(tail[:-1], 0))
    if gaps.size:
        rows = order[-(len(tail) - 1 - gaps[0]) :]
        listed = ", ".join(f"{age:g}" for age in ages[rows][:6]) + (", …" if len(rows) > 6 else "")
        found.append(
            Finding(
                f"{len(rows)} of {n:,} rows stand far beyond the rest ({listed}; the next is {tail[gaps[0]]:g}): are these ages right?",
                tuple(int(row) for row in np.sort(rows)),
            )
        )
    distinct = np.unique(ages[exact])
    if n_exact >= 50 and len(distinct) * 10 < n_exact:
        found.append(
            Finding(
                f"{n_exact:,.6g} failures fall on {len(distinct):,} distinct ages: the ages are coarsely rounded, and a mixture "
                "may sit on one of them. Say how finely they were recorded: fit(life, resolution=1.0) for whole days, "
                'and rounded="down", too, if these are completed days.',
                (),
            )
        )
    return found
