"""The frailties of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.plotting.canvas import DATA, FIT, finish, part_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
NARROW = 1e3  # of an axis, from end to end, for which decades are too few numbers


def plot_frailties(frailties: pd.DataFrame, ax: Axes | None = None, most: int = 40, *, label: str | None = None, color: Any = None) -> Axes:
    """The frailties of groups in order, each with its limits: a caterpillar.

    Parameters
    ----------
    frailties : what ``Frailty.frailties()`` gives. most : how many groups are drawn; of more, as many from either end.
    color : of the groups whose limits leave out 1. label : before the words of the legend.
    """
    table = frailties.sort_values("frailty")
    n = len(table)
    if n > most:
        table = table.take(np.r_[: most // 2, n - (most - most // 2) : n])
    places = np.arange(len(table))
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(7.0, 1.6 + 0.17 * len(table)), layout="constrained")
    # a group whose limits leave out 1 stands out
    apart = ((table["lower"] > 1.0) | (table["upper"] < 1.0)).to_numpy()
    for marked, colour, said in ((~apart, DATA, "1 within the limits"), (apart, FIT if color is None else color, "1 outside")):
        some = table[marked]
        if len(some):
            ax.hlines(places[marked], some["lower"], some["upper"], color=colour, linewidth=1.4, alpha=0.7)
            ax.plot(some["frailty"], places[marked], "o", color=colour, markersize=4, label=part_of(label, said))
    ax.axvline(1.0, color=DATA, linewidth=0.8, linestyle="--")
    _round_numbers(ax)
    ax.set_ylim(-0.8, len(table) - 0.2)
    ax.set_yticks(places, [f"{group}  ({failed:g})" for group, failed in table["failures"].items()], fontsize=8)
    shown = "" if n <= most else f", the {most // 2} lowest and {most - most // 2} highest of {n}"
    return finish(ax, f"Frailty of each group{shown}", "frailty (times the hazard)", "group (failures)")


def _round_numbers(ax: Axes) -> None:
    """A logarithmic axis with 0.2, 0.5, 1, 2 on it, where its decades alone would leave most of it without a number; far apart, decades."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    ax.set_xscale("log")
    low, high = ax.get_xlim()
    if high < NARROW * low:
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        ax.xaxis.set_minor_formatter(NullFormatter())
