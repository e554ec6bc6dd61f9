"""Weibull probability paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.lifetimes import Lifetimes
from survjax.plotting.canvas import DATA, FIT, GRID_POINTS, axes, data_of, finish
from survjax.product_limit import product_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.models import Model

TICKS = (1e-6, 1e-5, 1e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)


def plot_probability(model: Model, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
    """The share failed against age on Weibull paper, on which a Weibull distribution is a straight line.

    Points: Kaplan–Meier, half-way up each step (under delayed entry conditional on survival to the first entry). Line and
    band: the fit and its pointwise Wald confidence limits at ``level``.
    """
    life = data_of(model, life)
    estimate = product_limit(life)
    failed = estimate.plotting_positions()
    drawn = (failed > 0) & (failed < 1) & (estimate.time > 0)  # a failure at age 0 has no place on a logarithmic axis
    times, failed = estimate.time[drawn], failed[drawn]
    ax = axes(ax)
    grid = np.geomspace(times.min() / 1.5, times.max() * 1.1, GRID_POINTS)
    band = model.interval("survival", grid, level=level)
    ax.fill_between(grid, 1 - band["upper"], 1 - band["lower"], color=FIT, alpha=0.18, linewidth=0, label=f"{100 * level:g} % confidence")
    ax.plot(grid, 1 - band["estimate"], color=FIT, label=type(model).__name__)
    ax.plot(times, failed, "o", color=DATA, markersize=3 if len(times) > 100 else 4.5, alpha=0.6, label="Kaplan–Meier", zorder=1)
    _weibull_paper(ax, float(failed.min()), float(failed.max()))
    return finish(ax, "Weibull probability paper", "age", "share failed")


def _weibull_paper(ax: Axes, lowest: float, highest: float) -> None:
    def to_paper(share: Any) -> Any:
        return np.log(-np.log1p(-np.clip(share, 1e-12, 1 - 1e-12)))

    def from_paper(height: Any) -> Any:
        return -np.expm1(-np.exp(height))

    ax.set_xscale("log")
    ax.set_yscale("function", functions=(to_paper, from_paper))
    bottom, top = max(lowest / 2, 1e-7), min(float(from_paper(to_paper(highest) + 0.7)), 0.9995)
    shown = [tick for tick in TICKS if bottom <= tick <= top]
    ax.set_yticks(shown, [f"{100 * tick:g} %" for tick in shown])
    ax.set_yticks([], minor=True)
    ax.set_ylim(bottom, top)
