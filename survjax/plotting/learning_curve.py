"""How a network learned: the loss of each epoch, of the rows learned from and of those held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from survjax.plotting.canvas import DATA, axes, colour_of, data_colour, finish, part_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_learning_curve(
    curve: pd.DataFrame, *, measure: str = "loss", ax: Axes | None = None, label: str | None = None, color: Any = None
) -> Axes:
    """The ``learning_curve_`` of a model or the ``curve`` of a training: a line for rows learned from, one for rows held out.

    Parameters
    ----------
    curve : a row an epoch, with columns ``epoch``, ``training_<measure>`` and, where rows were held out, ``validation_<measure>``; with
        a column ``member`` of several networks, each drawn. A dot marks the epoch that was kept, that of the least loss held out.
    measure : "loss", or the name of a metric.
    label, color : of all lines; that of rows learned from is then dashed.

    Raises
    ------
    KeyError : the curve has no such measure.
    """
    ax = axes(ax)
    if f"training_{measure}" not in curve:
        there = ", ".join(name.removeprefix("training_") for name in map(str, curve.columns) if name.startswith("training_"))
        raise KeyError(f"the curve has no {measure!r}; there are {there}.")
    colour = colour_of(ax, color)
    looks = (("training", data_colour(colour, label, color), "learned from"), ("validation", colour, "held out"))
    members = [own for _, own in curve.groupby("member")] if "member" in curve else [curve]
    for number, own in enumerate(members):
        for name, its, words in looks:
            if f"{name}_{measure}" in own:
                said = part_of(label, words) if number == 0 else None
                style = "--" if name == "training" and its is not DATA else "-"
                ax.plot(own["epoch"], own[f"{name}_{measure}"], style, color=its, linewidth=1.4, alpha=0.8, label=said)
        if "validation_loss" in own:
            best = own.iloc[[int(own["validation_loss"].argmin())]]
            ax.plot(best["epoch"], best[f"validation_{measure}"], "o", color=colour, markersize=4, label="kept" if number == 0 else None)
    return finish(ax, "How the network learned" if len(members) == 1 else f"How {len(members)} networks learned", "epoch", measure)
