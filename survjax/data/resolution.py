"""How finely ages were recorded: an age in whole days is one within half a day of it, or within the day after, not one known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from survjax.data.columns import read_column, refuse_rows

Rounded = Literal["nearest", "down"]

# Of the age. Within so little the density is level to 11 digits, while the difference of two survivals, and standard errors by
# it, keep no more than 8 (measured on 256 Weibull lives).
FINEST = 1e-5


def within_resolution(columns: Mapping[str, np.ndarray | None], resolution: Any, rounded: Rounded = "nearest") -> dict[str, np.ndarray]:
    """The columns of rows whose ages were rounded, with what the record tells: ``lower``, ``upper``, ``observed_until`` if given, (n,).

    Exact ages at failure t become (t - r/2, t + r/2], or (t, t + r] where they were rounded down, within the window of the row. Running
    units of an age rounded down were on average half of r older; so much is added, or they would be taken out of the risk set before
    failures recorded alike.

    Parameters
    ----------
    columns : those of ``Lifetimes``; ``resolution`` : r, one number above 0, or (n,) with 0 where the age is known exactly.

    Raises
    ------
    TypeError, ValueError : no such numbers; too fine to matter; another word for ``rounded``; a right truncation before an age rounded
        down can have been over. The message names the first such row.
    """
    if rounded not in get_args(Rounded):
        raise ValueError(f'rounded must be "nearest" or "down" (to completed units of the resolution); got {rounded!r}.')
    lower, upper = np.asarray(columns["lower"]), np.asarray(columns["upper"])
    width = _read(resolution, len(lower))
    exact = (lower == upper) & (width > 0)
    size = np.abs(lower)
    remedy = "Within so little an exact age says the same: leave resolution out for such rows (0 in a column of resolutions)."
    refuse_rows(exact & (width < FINEST * size), width, "resolution", f"at least {FINEST:g} of the age at failure", remedy)
    entry, end, until = (columns.get(name) for name in ("entry", "right_truncation", "observed_until"))
    before, after = (0.5, 0.5) if rounded == "nearest" else (0.0, 1.0)
    begin, last = lower - before * width, lower + after * width
    begin = begin if entry is None else np.maximum(begin, entry)
    if rounded == "down":
        if end is not None:
            remedy = "Where it was rounded down, too, add the resolution to it."
            refuse_rows(exact & (end <= lower), end, "right_truncation", "more than an age at failure that was rounded down", remedy)
        running = np.isinf(upper) & (width > 0)
        told = np.where(exact, last, np.where(running, lower + 0.5 * width, lower))
        # an end of observation before that was rounded down likewise
        until = None if until is None else np.where(exact | running, np.maximum(until, told), until)
        lower = np.where(running, told, lower)
    elif until is not None:
        # a unit seen to fail had not left observation; one said to have left before it failed contradicts itself, and stays at its age
        last = np.minimum(last, np.maximum(until, lower))
    last = last if end is None else np.minimum(last, end)
    told_of = {"lower": np.where(exact, begin, lower), "upper": np.where(exact, last, upper)}
    return told_of if until is None else told_of | {"observed_until": until}


def refuse_rounded_alone(resolution: Any, rounded: str) -> None:
    """Raise if it is said how ages were rounded, and not to what."""
    if resolution is None and rounded != "nearest":
        raise ValueError(f"rounded={rounded!r} says how ages were rounded, and nothing says to what: give resolution=, 1.0 for whole days.")


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
