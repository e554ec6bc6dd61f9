"""Survival, hazard and density against age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.plotting.canvas import (
    COMPONENTS,
    DATA,
    OWN,
    ages,
    ages_of_law,
    axes,
    colour_of,
    data_colour,
    density_histogram,
    finish,
    first_and_last,
    lifetimes_if_any,
    lifetimes_of,
    lines_of,
    mark_undetermined,
    name_of,
    part_of,
    share_drawn,
    show,
)
from survjax.plotting.estimates import estimate_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.models import Model
    from survjax.models.mixtures import MixtureModel

AGE_GROUPS = 12
PARTS: tuple[Any, ...] = ("--", ":", "-.", (0, (1, 3)))  # of a density drawn in one colour


def plot_survival(
    model: Model, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None, label: str | None = None, color: Any = None
) -> Axes:
    """The share of units that outlive each age, with its confidence band, beside the estimate without a distribution.

    That is Kaplan–Meier's, or Turnbull's where failures are known within intervals only: it falls somewhere in each shaded stretch.
    It ends where the data no longer determine it: where units ran on into the last interval in which others failed.
    Under delayed entry and right truncation it is conditional, and put on the fit's scale (the legend says so).
    With a ``label`` or a ``color`` it has the colour of the fit, unless it is that of another picture on the same axes as well.
    The curve of a law that is known, as that of one unit of a regression is, is drawn alone unless there is a ``life``.
    """
    life = lifetimes_if_any(model, life)
    ax = axes(ax)
    colour = colour_of(ax, color)
    if life is None:
        _curve_alone(ax, model, "survival", colour, label)
        return finish(ax, "Survival", "age", "share still running")
    grid = ages(life)
    lowest = _draw_estimate(ax, model, life, grid, data_colour(colour, label, color))
    _band(ax, model, "survival", grid, level, colour, label)
    return _finish_survival(ax, life, min(float(model.survival(grid[-1])), lowest))


def plot_candidates(
    models: Mapping[str, Model], life: Lifetimes, *, ax: Axes | None = None, label: str | None = None, color: Any = None
) -> Axes:
    """The survival curves of several models over the estimate without a distribution, as ``plot_survival`` draws it for the first."""
    ax = axes(ax)
    grid = ages(life)
    looks = lines_of(ax, color, len(models))
    lowest = _draw_estimate(ax, next(iter(models.values())), life, grid, DATA) if models else 1.0
    for (name, model), (colour, style) in zip(models.items(), looks, strict=True):
        curve = np.asarray(model.survival(grid))
        ax.plot(grid, curve, style, color=colour, label=part_of(label, f"{name} (AIC {model.aic_:.1f})"))
        lowest = min(lowest, float(curve[-1]))
    return _finish_survival(ax, life, lowest)


def _draw_estimate(ax: Axes, model: Model, life: Lifetimes, grid: np.ndarray, colour: Any) -> float:
    """Draw the estimate up to the last age; its height there."""
    estimate = estimate_beside(model, life)
    end = min(grid[-1], estimate.known_until)
    shown = estimate.right <= end
    begin = max(grid[0] if grid[0] < 0.0 else 0.0, estimate.begin)
    ages_of_steps = np.concatenate([[begin], estimate.right[shown], [max(end, begin)]])
    last = float(estimate.at(np.array([end]))[0])
    heights = 1.0 - np.concatenate([[estimate.base], estimate.after[shown], [last]])
    if share_drawn(ax, np.column_stack([ages_of_steps, heights])):
        return 1.0 - last
    ax.step(ages_of_steps, heights, where="post", color=colour, linewidth=1.2, label=estimate.label)
    for left, right, before, after in zip(*estimate.somewhere(), strict=True):
        ax.fill_between([max(left, begin), right], 1.0 - before, 1.0 - after, color=colour, alpha=0.15, linewidth=0)
    if end < grid[-1]:
        mark_undetermined(ax, end, grid[-1], colour)
    return 1.0 - last


def _finish_survival(ax: Axes, life: Lifetimes, lowest: float) -> Axes:
    show(ax, first_and_last(life), (max(0.0, 1 - 1.1 * (1 - lowest)), 1.005))
    return finish(ax, "Survival", "age", "share still running")


def plot_hazard(
    model: Model, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None, label: str | None = None, color: Any = None
) -> Axes:
    """The failure rate at each age, with its confidence band, beside failures per unit of exposure in age groups.

    A failure known within an interval is spread evenly over it. Of data truncated on the right no rates are drawn: the exposure of
    the units that had not failed in time is not in them. The curve of a law that is known is drawn alone unless there is a ``life``.
    """
    life = lifetimes_if_any(model, life)
    ax = axes(ax)
    colour = colour_of(ax, color)
    if life is None:
        _curve_alone(ax, model, "hazard", colour, label)
        return finish(ax, "Hazard", "age", "failures per unit of time")
    grid = ages(life)
    top = float(np.quantile(np.asarray(model.hazard(grid)), 0.9))
    if life.right_truncation is None:
        rate, limits, middle, half_width = _failure_rates(life, level)
        if not share_drawn(ax, np.column_stack([middle, rate])):
            own, said = data_colour(colour, label, color), f"failures / exposure, {100 * level:g} %"
            ax.errorbar(middle, rate, xerr=half_width, yerr=limits, fmt="o", color=own, markersize=3.5, linewidth=0.9, label=said)
        told = rate > limits[0] * 1.5  # where failures are few the upper limit says much of the axis and little of the rate
        top = max(float(np.max((rate + limits[1])[told], initial=0.0)), top)
    _band(ax, model, "hazard", grid, level, colour, label)
    show(ax, first_and_last(life), (0.0, 1.3 * top))
    return finish(ax, "Hazard", "age", "failures per unit of time")


def plot_components(
    model: MixtureModel, life: Lifetimes | None = None, *, ax: Axes | None = None, label: str | None = None, color: Any = None
) -> Axes:
    """The density of a mixture and the share of each component in it, over the density that Kaplan–Meier gives.

    Of one ``color`` given, the components are told apart by their styles.
    """
    life = lifetimes_of(model, life)
    ax = axes(ax)
    heights, edges = density_histogram(life)
    grid = np.linspace(edges[0] + (edges[-1] - edges[0]) / 2000, edges[-1], 600)
    colour = colour_of(ax, color)
    ax.stairs(heights, edges, fill=True, color=data_colour(colour, label, color), alpha=0.22, label="Kaplan–Meier density")
    density = np.asarray(model.density(grid))
    shares = model.predict_component(grid, failed=True)
    for index, share in enumerate(shares.T):
        own = COMPONENTS[index % len(COMPONENTS)] if label is None and color is None else colour
        style = "--" if own is not colour else PARTS[index % len(PARTS)]
        ax.plot(grid, density * share, linestyle=style, color=own, label=part_of(label, f"component {index}"))
    ax.plot(grid, density, color=colour, gid=OWN, label=label or name_of(model))
    show(ax, (float(edges[0]), float(edges[-1])), (0.0, 1.15 * max(float(heights.max()), float(np.quantile(density, 0.98)))))
    return finish(ax, "Components", "age at failure", "density per unit of time")


def _curve_alone(ax: Axes, model: Model, what: str, colour: Any, label: str | None) -> None:
    """The curve of a known law, which has no band."""
    grid = ages_of_law(model)
    curve = np.asarray(getattr(model, what)(grid))
    ax.plot(grid, curve, color=colour, gid=OWN, label=label or name_of(model))
    show(ax, (min(float(grid[0]), 0.0), float(grid[-1])), (0.0, 1.005 if what == "survival" else 1.3 * float(np.quantile(curve, 0.9))))


def _band(ax: Axes, model: Model, what: str, grid: np.ndarray, level: float, colour: Any, label: str | None) -> None:
    band = model.interval(what, grid, level=level)
    ax.fill_between(grid, band["lower"], band["upper"], color=colour, alpha=0.2, linewidth=0, label=f"{100 * level:g} % confidence")
    ax.plot(grid, band["estimate"], color=colour, gid=OWN, label=label or name_of(model))


def _failure_rates(life: Lifetimes, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Failures per exposure in equal age groups, the distance of its limits, and the groups' middles and half widths.

    The limits are Garwood's (1936, Biometrika) for a Poisson count; a group without failures has an upper one only.
    """
    from scipy.stats import chi2

    edges = np.linspace(*first_and_last(life), AGE_GROUPS + 1)
    counts = life.counts()
    begin = np.full(len(life), edges[0]) if life.entry is None else np.maximum(life.entry, edges[0])
    low = np.maximum(life.lower, edges[0])
    width = np.where(np.isfinite(life.upper), life.upper - low, 0.0)
    spread = np.where(width > 0, width, 1.0)
    failed_by, lived_by = [], []
    for edge in edges:
        into = np.clip(edge - low, 0.0, width)
        failed = np.where(width > 0, into / spread, life.event_observed & (low <= edge))
        lived = np.minimum(np.maximum(edge, begin), low) - np.minimum(begin, low) + into - into**2 / (2.0 * spread)
        failed_by.append(counts @ failed)
        lived_by.append(counts @ lived)
    failed, exposure = np.diff(failed_by), np.diff(lived_by)  # the dead on arrival have no rate
    seen = exposure > 0
    failed, exposure = failed[seen], exposure[seen]
    lower = np.where(failed > 0, 0.5 * chi2.ppf(0.5 * (1 - level), 2 * np.maximum(failed, 1e-9)), 0.0)
    upper = 0.5 * chi2.ppf(0.5 * (1 + level), 2 * failed + 2)
    middle, half = 0.5 * (edges[1:] + edges[:-1])[seen], 0.5 * np.diff(edges)[seen]
    return failed / exposure, np.stack([failed - lower, upper - failed]) / exposure, middle, half
