"""How a network learned: the loss of each epoch, of the rows learned from and of those held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from survjax.plotting.canvas import DATA, SEVERAL, axes, colour_of, finish, part_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_learning_curve(
    curve: pd.DataFrame,
    *,
    measure: str = "loss",
    said: str | None = None,
    ax: Axes | None = None,
    label: str | None = None,
    color: Any = None,
) -> Axes:
    """The ``learning_curve_`` of a model or the ``curve`` of a training: a line for rows learned from, one for rows held out.

    Parameters
    ----------
    curve : a row an epoch, with columns ``epoch``, ``training_<measure>`` and, where rows were held out, ``validation_<measure>``; with
        a column ``member`` of several networks, each drawn in a colour of its own, which its two lines share. A dot marks the epoch
        that was kept, that of the least loss held out.
    measure : "loss", or the name of a metric. said : what the axis calls it; None: the measure.
    label, color : of all lines; that of rows learned from is then dashed, as it is where there are several networks.

    Raises
    ------
    KeyError : the curve has no such measure.
    """
    ax = axes(ax)
    if f"training_{measure}" not in curve:
        there = ", ".join(name.removeprefix("training_") for name in map(str, curve.columns) if name.startswith("training_"))
        raise KeyError(f"the curve has no {measure!r}; there are {there}.")
    members = [own for _, own in curve.groupby("member")] if "member" in curve else [curve]
    pairs = len(members) > 1 and label is None and color is None
    colours = [SEVERAL[number % len(SEVERAL)] for number in range(len(members))] if pairs else [colour_of(ax, color)] * len(members)
    dashed = pairs or label is not None or color is not None
    looks: list[tuple[str, str, dict[str, Any]]] = [
        ("training", "learned from", {"linestyle": "--" if dashed else "-", "linewidth": 1.0, "alpha": 0.6})
    ]
    if f"validation_{measure}" in curve:
        looks.append(("validation", "held out", {"linestyle": "-", "linewidth": 1.6}))
    for number, (own, colour) in enumerate(zip(members, colours, strict=True)):
        named = number == 0 and not pairs
        for name, words, look in looks:
            its = DATA if name == "training" and not dashed else colour
            ax.plot(own["epoch"], own[f"{name}_{measure}"], color=its, label=part_of(label, words) if named else None, **look)
        if "validation_loss" in own:
            best = own.iloc[[int(own["validation_loss"].argmin())]]
            kept = "kept" if named else None
            ax.plot(best["epoch"], best[f"validation_{measure}"], "o", color=colour, markersize=5, label=kept)
    if pairs:  # what the legend says is of all colours
        for _, words, look in looks:
            ax.plot([], [], color=DATA, label=words, **look)
        ax.plot([], [], "o", color=DATA, markersize=5, label="kept")
    title = "How the network learned" if len(members) == 1 else f"How {len(members)} networks learned, a colour each"
    return finish(ax, title, "epoch", measure if said is None else said)
