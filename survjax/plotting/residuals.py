"""Cox–Snell residuals against what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Exponential
from survjax.models import Model
from survjax.nonparametric import NelsonAalen
from survjax.plotting.canvas import DATA, FIT, axes, finish, name_of
from survjax.plotting.estimates import estimate_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_residuals(model: Model, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
    """The cumulative hazard of the Cox–Snell residuals, which a good fit leaves on the straight line through 0 of slope 1.

    Points: Nelson–Aalen at each failure, with pointwise limits at ``level``; where failures are known within intervals Turnbull's
    estimate at the ends of the intervals in which it has mass; under right truncation on the scale of the fit, as the legend says. The
    limits leave out that the parameters were fitted to the same data:
    a good fit lies well within them.
    """
    residuals = model.cox_snell_residuals(life)
    ax = axes(ax)
    if residuals.is_plain():
        curve = NelsonAalen().fit(residuals)
        at = curve.table_.index.to_numpy()
        band = curve.interval("cumulative_hazard", at, level=level)
        hazard, label = band["estimate"].to_numpy(), f"{100 * level:g} % confidence"
        ax.fill_between(at, band["lower"], band["upper"], step="post", color=DATA, alpha=0.18, linewidth=0, label=label)
        name = "Nelson–Aalen"
    else:
        estimate = estimate_beside(Model(Exponential(scale=1.0)), residuals)
        known = estimate.after < 1.0
        at, hazard, name = estimate.right[known], -np.log1p(-estimate.after[known]), estimate.label
    ax.plot(at, hazard, "o", color=DATA, markersize=3 if len(at) > 100 else 4.5, alpha=0.7, label=name)
    end = 1.05 * float(max(at.max(), hazard.max()))
    ax.plot([0, end], [0, end], color=FIT, label=f"{name_of(model)}: unit exponential")
    ax.set_xlim(0, 1.05 * float(at.max()))
    ax.set_ylim(0, end)
    return finish(ax, "Cox–Snell residuals", "residual", "cumulative hazard of the residuals")
