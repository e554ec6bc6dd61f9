"""Cox–Snell residuals against what they should be."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.table import read_table
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Exponential
from survjax.models import Model
from survjax.nonparametric import NelsonAalen
from survjax.plotting.canvas import COMPONENTS, DATA, FIT, axes, colour_of, finish, name_of, part_of, show
from survjax.plotting.estimates import estimate_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.models.regression import Regression

HALF = 0.5
SHARES = (0.05, HALF, 0.95)
GROUPS = 8


def plot_residuals(
    model: Model, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None, label: str | None = None, color: Any = None
) -> Axes:
    """The cumulative hazard of the Cox–Snell residuals, which a good fit leaves on the straight line through 0 of slope 1.

    Points: Nelson–Aalen at each failure, with pointwise limits at ``level``; where failures are known within intervals Turnbull's
    estimate at the ends of the intervals in which it has mass; under right truncation on the scale of the fit, as the legend says. The
    limits leave out that the parameters were fitted to the same data:
    a good fit lies well within them.
    """
    return draw_residuals(model.cox_snell_residuals(life), model, level=level, ax=ax, label=label, color=color)


def draw_residuals(
    residuals: Lifetimes, model: Model | Regression, *, level: float, ax: Axes | None, label: str | None, color: Any
) -> Axes:
    """The picture of ``plot_residuals``, of residuals at hand."""
    ax = axes(ax)
    colour = DATA if label is None and color is None else colour_of(ax, color)
    if residuals.is_plain():
        curve = NelsonAalen().fit(residuals)
        at = curve.table_.index.to_numpy()
        band = curve.interval("cumulative_hazard", at, level=level)
        hazard, said = band["estimate"].to_numpy(), f"{100 * level:g} % confidence"
        ax.fill_between(at, band["lower"], band["upper"], step="post", color=colour, alpha=0.18, linewidth=0, label=said)
        name = "Nelson–Aalen"
    else:
        estimate = estimate_beside(Model(Exponential(scale=1.0)), residuals)
        known = estimate.after < 1.0
        at, hazard, name = estimate.right[known], -np.log1p(-estimate.after[known]), estimate.label
    ax.plot(at, hazard, "o", color=colour, markersize=3 if len(at) > 100 else 4.5, alpha=0.7, label=part_of(label, name))
    end = 1.05 * float(max(at.max(), hazard.max()))
    straight = f"{name_of(model)}: unit exponential" if label is None else "unit exponential"
    ax.plot([0, end], [0, end], color=FIT if label is None else DATA, label=straight)
    show(ax, (0.0, 1.05 * float(at.max())), (0.0, end))
    return finish(ax, "Cox–Snell residuals", "residual", "cumulative hazard of the residuals")


def plot_residuals_against(
    model: Regression,
    column: Hashable,
    X: Any,
    y: Any = None,
    *,
    ax: Axes | None = None,
    label: str | None = None,
    color: Any = None,
) -> Axes:
    """Cox–Snell residuals of units against one column of X: whether that column acts as the model says.

    A point is a failure (in the middle of its interval), a triangle that points upward a unit whose residual would have been larger. If
    the model is right, shares of 5, 50 and 95 % lie below the three lines, at every value of the column. Squares are what the units of up
    to eight groups of about equal number say together, failures over the sum of residuals: 1 where the model is right, more where it
    expects too few failures; bars are two standard errors of the logarithm, 2 over the root of the failures. (There are none where
    failures are known within intervals.)
    """
    residuals = model.cox_snell_residuals(X, y)
    values = np.asarray(read_table(X).pick((str(column),), of="X")[0])
    ax = axes(ax)
    colour = DATA if label is None and color is None else colour_of(ax, color)
    labels = np.unique(values) if values.dtype.kind not in "iufb" else None
    at = values.astype(float) if labels is None else np.searchsorted(labels, values).astype(float)
    ends = np.where(np.isfinite(residuals.upper), 0.5 * (residuals.lower + residuals.upper), residuals.lower)
    seen = (ends > 0.0) & (residuals.counts() > 0.0)
    failed = np.isfinite(residuals.upper)
    for these, marker, state in ((failed & seen, "o", "failed"), (~failed & seen, "^", "still running")):
        ax.plot(at[these], ends[these], marker, color=colour, markersize=4, alpha=0.5, linestyle="none", label=part_of(label, state))
    for share in SHARES:
        middle = share == HALF
        said = "5, 50 and 95 % below" if middle else None
        ax.axhline(-np.log1p(-share), color=FIT, linewidth=0.9, linestyle="-" if middle else ":", label=said)
    if residuals.is_plain():
        _draw_groups(ax, at, residuals, labels, COMPONENTS[0] if colour is DATA else colour)
    ax.set_yscale("log")
    if labels is not None:
        ax.margins(x=0.2)
        ax.set_xticks(range(len(labels)), [str(label) for label in labels])
    return finish(ax, f"{name_of(model)}: residuals against {column}", str(column), "Cox–Snell residual")


def _draw_groups(ax: Axes, at: np.ndarray, residuals: Lifetimes, labels: np.ndarray | None, colour: Any) -> None:
    """Failures over residuals of each label, or of groups of about equal number along the column."""
    different = np.unique(at)
    if labels is not None or len(different) <= GROUPS:
        edges = np.append(different, np.inf)
    else:
        edges = np.unique(np.append(np.quantile(at, np.linspace(0.0, 1.0, GROUPS + 1))[:-1], np.inf))
    group = np.searchsorted(edges, at, side="right") - 1
    counts = residuals.counts()
    failures = np.bincount(group, counts * residuals.event_observed, len(edges) - 1)
    expected = np.bincount(group, counts * residuals.lower, len(edges) - 1)
    centre = np.bincount(group, counts * at, len(edges) - 1) / np.bincount(group, counts, len(edges) - 1)
    told = (failures > 0) & (expected > 0)
    ratio, spread = failures[told] / expected[told], np.exp(2.0 / np.sqrt(failures[told]))
    bars = np.stack([ratio - ratio / spread, ratio * spread - ratio])
    ax.errorbar(centre[told], ratio, yerr=bars, fmt="s", color=colour, capsize=3, label="failures over residuals, about 1")
