"""How finely ages were recorded: an age in whole days is one within half a day of it, not one that is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from survjax.data.columns import read_column, refuse_rows

# Of the age. Within so little the density is level to 11 digits, while the difference of two survivals, and standard errors by
# it, keep no more than 8 (measured on 256 Weibull lives).
FINEST = 1e-5


def within_resolution(columns: Mapping[str, np.ndarray | None], resolution: Any) -> dict[str, np.ndarray]:
    """The ends (n,) of rows whose exact ages at failure t become intervals (t - r/2, t + r/2] within the window of the row.

    Parameters
    ----------
    columns : those of ``Lifetimes``; ``resolution`` : r, one number above 0, or (n,) with 0 where the age is known exactly.

    Raises
    ------
    TypeError, ValueError : no such numbers; too fine to matter. The message names the first such row.
    """
    lower, upper = np.asarray(columns["lower"]), np.asarray(columns["upper"])
    width = _read(resolution, len(lower))
    rounded = (lower == upper) & (width > 0)
    size = np.abs(lower)
    remedy = "Within so little an exact age says the same: leave resolution out for such rows (0 in a column of resolutions)."
    refuse_rows(rounded & (width < FINEST * size), width, "resolution", f"at least {FINEST:g} of the age at failure", remedy)
    entry, end, until = (columns.get(name) for name in ("entry", "right_truncation", "observed_until"))
    begin = lower - 0.5 * width
    if not np.any((lower < 0) & np.isfinite(lower)):
        begin = np.maximum(begin, 0.0)
    begin = begin if entry is None else np.maximum(begin, entry)
    last = lower + 0.5 * width
    last = last if end is None else np.minimum(last, end)
    # a unit seen to fail had not left observation; one said to have left before it failed contradicts itself, and stays at its age
    last = last if until is None else np.minimum(last, np.maximum(until, lower))
    return {"lower": np.where(rounded, begin, lower), "upper": np.where(rounded, last, upper)}


def _read(resolution: Any, n: int) -> np.ndarray:
    if np.ndim(resolution) == 0:
        width = np.repeat(read_column([resolution], "resolution"), n)
        if not width[0] > 0:
            raise ValueError(f"resolution must be more than 0; it is {width[0]:g}. Leave it out for ages that are known exactly.")
        return width
    width = read_column(resolution, "resolution")
    if len(width) != n:
        raise ValueError(f"resolution has {len(width):,} rows and there are {n:,}; give every row its own, or one number for all.")
    refuse_rows(width < 0, width, "resolution", "0 or more", "Use 0 for an age that is known exactly.")
    return width
