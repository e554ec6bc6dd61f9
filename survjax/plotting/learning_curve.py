"""How a network learned: the loss of each epoch, of the rows learned from and of those held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from survjax.plotting.canvas import DATA, FIT, axes, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_learning_curve(curve: pd.DataFrame, *, measure: str = "loss", ax: Axes | None = None) -> Axes:
    """The ``learning_curve_`` of a model or the ``curve`` of a training: a line for rows learned from, one for rows held out.

    Parameters
    ----------
    curve : a row an epoch, with columns ``epoch``, ``training_<measure>`` and, where rows were held out, ``validation_<measure>``; with
        a column ``member`` of several networks, each drawn. A dot marks the epoch that was kept, that of the least loss held out.
    measure : "loss", or the name of a metric.

    Raises
    ------
    KeyError : the curve has no such measure.
    """
    ax = axes(ax)
    if f"training_{measure}" not in curve:
        there = ", ".join(name.removeprefix("training_") for name in map(str, curve.columns) if name.startswith("training_"))
        raise KeyError(f"the curve has no {measure!r}; there are {there}.")
    members = [own for _, own in curve.groupby("member")] if "member" in curve else [curve]
    for number, own in enumerate(members):
        for name, colour, words in (("training", DATA, "learned from"), ("validation", FIT, "held out")):
            if f"{name}_{measure}" in own:
                label = words if number == 0 else None
                ax.plot(own["epoch"], own[f"{name}_{measure}"], color=colour, linewidth=1.4, alpha=0.8, label=label)
        if "validation_loss" in own:
            best = own.iloc[[int(own["validation_loss"].argmin())]]
            ax.plot(best["epoch"], best[f"validation_{measure}"], "o", color=FIT, markersize=4, label="kept" if number == 0 else None)
    return finish(ax, "How the network learned" if len(members) == 1 else f"How {len(members)} networks learned", "epoch", measure)
