"""What one covariate does, the others held."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.table import read_table
from survjax.models.explanations import effect_of
from survjax.plotting.canvas import COMPONENTS, DATA, FIT, axes, finish, lines_of, part_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SAID = {
    "rul": "expected remaining life",
    "survival": "share still running",
    "failure_probability": "probability of failing within the horizon",
    "hazard": "failures per unit of time",
}
MOST_TICKS = 400


def plot_partial_effect(
    model: Any,
    column: Hashable,
    at: Any,
    values: Any = None,
    what: str = "rul",
    *,
    level: float = 0.95,
    ax: Axes | None = None,
    label: str | None = None,
    color: Any = None,
    **asked: Any,
) -> Axes:
    """``model.partial_effect`` as a picture: a line with its band, or for labels a point with its limits, for each time asked.

    Ticks at the foot are the units of ``at``; beyond them the line is extrapolated.
    Of several times, ``color`` is one for all or a list of one each.
    """
    effect, numbers = effect_of(model, column, at, values, what, level, asked)
    return draw_effect(effect, numbers, model, column, at, what, f"{100 * level:g} % confidence", asked, ax=ax, label=label, color=color)


def draw_effect(
    effect: pd.DataFrame,
    numbers: bool,
    model: Any,
    column: Hashable,
    at: Any,
    what: str,
    band: str,
    asked: dict[str, Any],
    *,
    ax: Axes | None = None,
    label: str | None = None,
    color: Any = None,
) -> Axes:
    """An effect by value, ``numbers`` or labels, with its limits, which the legend calls ``band``."""
    from matplotlib.ticker import LogLocator

    ax = axes(ax)
    times = _by_time(effect, asked)
    for (asked_at, part), (colour, style) in zip(times, lines_of(ax, color, len(times), (FIT, *COMPONENTS)), strict=True):
        said = part_of(label, f"{asked_at}{band}")
        estimate, lower, upper = (part[name].to_numpy() for name in ("estimate", "lower", "upper"))
        if numbers:
            grid = part.index.to_numpy(dtype=float)
            ax.fill_between(grid, lower, upper, color=colour, alpha=0.2, linewidth=0)
            ax.plot(grid, estimate, style, color=colour, label=said)
        else:
            limits = np.abs(np.stack([lower, upper]) - estimate)
            ax.errorbar([str(value) for value in part.index], estimate, yerr=limits, fmt="o", color=colour, capsize=3, label=said)
            ax.margins(x=0.2)
    if numbers:
        _ticks(ax, read_table(at).columns[str(column)], effect.index.get_level_values(0))
    if what.endswith("ratio"):
        ax.axhline(1.0, color=DATA, linewidth=0.8, linestyle=":")
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    return finish(ax, f"{type(model).__name__}: effect of {column}", str(column), SAID.get(what, what.replace("_", " ")))


def _by_time(effect: pd.DataFrame, asked: dict[str, Any]) -> list[tuple[str, pd.DataFrame]]:
    """The effect at each time that was asked, with what the legend calls it."""
    if effect.index.nlevels == 1:
        return [("", effect)]
    name, times = next((name, np.asarray(value)) for name, value in asked.items() if np.ndim(value) == 1)
    return [(f"{name} = {time:g}, ", effect[effect.index.get_level_values(1) == place].droplevel(1)) for place, time in enumerate(times)]


def _ticks(ax: Axes, seen: Any, shown: Any) -> None:
    """Where the units of the data are, at the foot of the picture, those within the values shown; of many units some."""
    values = np.sort(np.asarray(seen, dtype=float))
    values = values[(values >= shown.min()) & (values <= shown.max())]
    if len(values) > MOST_TICKS:
        values = values[np.linspace(0, len(values) - 1, MOST_TICKS).astype(int)]
    ax.plot(values, np.zeros(len(values)), "|", color=DATA, markersize=7, alpha=0.5, transform=ax.get_xaxis_transform(), clip_on=False)
