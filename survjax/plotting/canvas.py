"""What all pictures share: axes, colours, the data behind a fit, a grid of ages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.data.product_limit import product_limit
from survjax.distributions import Distribution
from survjax.errors import NotFitted
from survjax.models.estimator import Estimator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.models import Model

FIT, DATA = "#1f5fa8", "#555555"
COMPONENTS = ("#d1642c", "#2f8f6b", "#8b5fbf", "#b8891b", "#3a9ab2")
GRID_POINTS = 200


def axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
    return ax


def finish(ax: Axes, title: str, x: str, y: str) -> Axes:
    ax.set_title(title, loc="left", fontsize=11)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, which="major", alpha=0.25, linewidth=0.6)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize=9)
    return ax


def name_of(law: Estimator | Distribution) -> str:
    """What a legend calls a learner: its distribution, and of a wrapper what is inside."""
    if isinstance(law, Distribution):
        parts: list[Any] = list(law.parts())
    else:
        given = law.get_params(deep=False).values()
        inside = [[*one.values()] if isinstance(one, Mapping) else one if isinstance(one, (list, tuple)) else [one] for one in given]
        parts = [part for parts in inside for part in parts if isinstance(part, (Distribution, Estimator))]
    own, names = type(law).__name__, ", ".join(map(name_of, parts))
    if own == "Model":
        return names
    return f"{own}({names})" if names else own


def mark_undetermined(ax: Axes, begin: float, end: float) -> None:
    """Shade the ages after the last at which an estimate without a distribution is determined."""
    ax.axvspan(begin, end, facecolor=DATA, edgecolor="none", alpha=0.12, label=f"after {begin:g} not determined by the data")


def lifetimes_of(model: Model, life: Lifetimes | None) -> Lifetimes:
    """The lifetimes to draw beside the fit: those given, or those of the fit."""
    life = model.lifetimes_ if life is None else life
    if life is None:
        raise NotFitted("the data of the fit are not at hand (a loaded or fully known model has none): pass life=.")
    return life


def ages(life: Lifetimes) -> np.ndarray:
    """Ages from where lives begin to where the data end, (200,); from just above 0 where none is negative."""
    begin, end = first_and_last(life)
    return np.linspace(begin + (end / GRID_POINTS / 10 if begin == 0.0 else 0.0), end, GRID_POINTS)


def first_and_last(life: Lifetimes) -> tuple[float, float]:
    """The ages between which to draw: from 0, or below the first where ages are negative, to where the data end."""
    ends = np.where(np.isfinite(life.upper), life.upper, life.lower)
    low, high = float(np.where(np.isfinite(life.lower), life.lower, life.upper).min()), float(ends.max())
    begin = 0.0 if low >= 0.0 else low - 0.05 * ((high - low) or abs(low))
    # a few units far beyond the rest would squeeze everything else to the left
    return begin, min(begin + 1.1 * (float(np.quantile(ends, 0.999)) - begin), high)


def density_histogram(life: Lifetimes, bins: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """The density that Kaplan–Meier gives each of equal age groups (bins,), and their edges (bins + 1,).

    A plain histogram of the failures would show where failures were seen, not how lives are distributed, as soon as units
    still run.
    """
    estimate = product_limit(life)
    begin, end = first_and_last(life)
    edges = np.linspace(begin, min(end, float(estimate.time.max())), bins + 1)
    return -np.diff(estimate.at(edges)) / np.diff(edges), edges
