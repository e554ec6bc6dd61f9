"""The rows of each unit: a history without holes, that ends where the unit fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes


def refuse_broken(life: Lifetimes, unit: np.ndarray, labels: Sequence[Any]) -> None:
    """Raise unless the rows (start, stop] of every unit follow upon each other and only its last row is a failure.

    unit : (n,) the number of the unit of each row, of which ``labels`` are the names.

    Raises
    ------
    ValueError : two rows overlap, or leave a gap, or a unit goes on after it failed. The message names both rows.
    """
    entry = np.full(len(life), -np.inf) if life.entry is None else life.entry
    order = np.lexsort((life.durations, entry, unit))
    before, after = order[:-1], order[1:]
    same = unit[before] == unit[after]
    start, stop = entry[after], life.durations[before]
    for wrong, what, remedy in (
        (life.event_observed[before], "goes on after it failed", "A failure ends a history; give the unit a new name once it is renewed."),
        (start < stop, "is under observation twice at the same age", "Rows are (entry, duration]: end each where the next begins."),
        (start > stop, "has a gap", "Give the rows after the gap a unit of their own, or add what was known in between."),
    ):
        found = np.flatnonzero(same & wrong)
        if found.size:
            one, next_one = int(before[found[0]]), int(after[found[0]])
            begun = "the start" if life.entry is None else f"{life.entry[next_one]:g}"
            raise ValueError(
                f"unit {labels[unit[one]]!r} {what}: row {one} ends at {life.durations[one]:g}"
                f"{' with a failure' if life.event_observed[one] else ''}, and row {next_one} begins at {begun} "
                f"({found.size:,} such pairs; rows count from 0). {remedy}"
            )
