"""The lives of a fleet, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.lifetime_rows import LifetimeRows
from survjax.plotting.canvas import COMPONENTS, DATA, axes, finish, legend_of, part_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAILURE = COMPONENTS[0]


def plot_events(life: LifetimeRows, *, ax: Axes | None = None, most: int = 50, label: str | None = None, color: Any = None) -> Axes:
    """A line for each row from entry to its end: a dot where it failed, a bar where that is known only within, an arrow if it runs,
    a stroke where it was taken out unfailed.

    Parameters
    ----------
    life : the lifetimes, in order of their ends.
    most : how many rows are drawn; of more, every so many.
    color : of the failures. label : before the words of the legend.

    Raises
    ------
    ValueError : no rows, or ``most`` is less than 1.
    """
    if most < 1 or not len(life):
        raise ValueError(f"there is nothing to draw: {len(life):,} rows, of which most={most}.")
    last = np.where(np.isinf(life.upper), life.lower, life.upper)
    order = np.argsort(last, kind="stable")
    if len(order) > most:
        order = order[np.linspace(0, len(order) - 1, most).round().astype(int)]
    drawn, end = life[order], last[order]
    failed, exact = np.isfinite(drawn.upper), drawn.event_observed
    within = failed & ~exact
    left = _beginning(drawn, end)
    begin = np.full(len(drawn), left) if drawn.entry is None else np.maximum(drawn.entry, left)
    known = np.maximum(drawn.lower, begin)
    height = np.arange(len(drawn))

    ax = axes(ax)
    failure = FAILURE if color is None else color
    ax.hlines(height, begin, known, color=DATA, linewidth=1.0, alpha=0.7, label=part_of(label, "under observation"))
    if within.any():
        ax.hlines(
            height[within], known[within], end[within], color=failure, linewidth=4.0, alpha=0.45, label=part_of(label, "failed within")
        )
    if exact.any():
        ax.plot(end[exact], height[exact], "o", color=failure, markersize=4, label=part_of(label, "failed"))
    running = drawn.is_running()
    removed = ~failed & ~running
    if running.any():
        said = "censored" if drawn.observed_until is None else "still running"
        ax.plot(end[running], height[running], ">", color=DATA, markersize=4, label=part_of(label, said))
    if removed.any():
        ax.plot(end[removed], height[removed], "|", color=DATA, markersize=7, label=part_of(label, "removed unfailed"))
    ax.set_yticks([])
    rows = f"{len(drawn):,} of {len(life):,} rows" if len(drawn) < len(life) else f"{len(life):,} rows"
    finish(ax, rows, "age", "")
    legend_of(ax, loc="lower right")  # the short lives are below
    return ax


def _beginning(life: LifetimeRows, end: np.ndarray) -> float:
    """The age from which lines are drawn: 0, or a little before the first age known, since negative lives have no first one."""
    known = np.concatenate([life.lower[np.isfinite(life.lower)], end])
    first = float(known.min())
    return 0.0 if first >= 0.0 else first - 0.05 * (float(known.max()) - first or abs(first))
