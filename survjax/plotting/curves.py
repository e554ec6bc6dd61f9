"""Survival, hazard and density against age."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from survjax.lifetimes import Lifetimes
from survjax.plotting.canvas import COMPONENTS, DATA, FIT, ages, axes, data_of, density_histogram, finish
from survjax.product_limit import product_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.models import Model
    from survjax.models.mixtures import MixtureModel

AGE_GROUPS = 12


def plot_survival(model: Model, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
    """The share of units that outlive each age, with its confidence band, beside the Kaplan–Meier estimate."""
    life = data_of(model, life)
    ax = axes(ax)
    grid = ages(life)
    lowest = _kaplan_meier(ax, life, grid[-1])
    _band(ax, model, "survival", grid, level)
    return _finish_survival(ax, grid[-1], min(float(model.survival(grid[-1])), lowest))


def plot_candidates(models: Mapping[str, Model], life: Lifetimes, *, ax: Axes | None = None) -> Axes:
    """The survival curves of several models over the Kaplan–Meier estimate."""
    life = life.in_the_middle()
    ax = axes(ax)
    grid = ages(life)
    lowest = _kaplan_meier(ax, life, grid[-1])
    for index, (name, model) in enumerate(models.items()):
        curve = np.asarray(model.survival(grid))
        style = "-" if index < len(COMPONENTS) else "--"
        ax.plot(grid, curve, style, color=COMPONENTS[index % len(COMPONENTS)], label=f"{name} (AIC {model.aic_:.1f})")
        lowest = min(lowest, float(curve[-1]))
    return _finish_survival(ax, grid[-1], lowest)


def _kaplan_meier(ax: Axes, life: Lifetimes, end: float) -> float:
    """Draw the estimate up to an age; its height there."""
    estimate = product_limit(life)
    shown = estimate.time <= end
    steps = np.append(0.0, estimate.time[shown]), np.append(1.0, estimate.survival[shown])
    ax.step(*steps, where="post", color=DATA, linewidth=1.2, label="Kaplan–Meier")
    return float(estimate.at(np.array([end]))[0])


def _finish_survival(ax: Axes, end: float, lowest: float) -> Axes:
    ax.set_ylim(max(0.0, 1 - 1.1 * (1 - lowest)), 1.005)
    ax.set_xlim(0, end)
    return finish(ax, "Survival", "age", "share still running")


def plot_hazard(model: Model, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
    """The failure rate at each age, with its confidence band, beside failures per unit of exposure in age groups."""
    life = data_of(model, life)
    ax = axes(ax)
    grid = ages(life)
    rate, limits, middle, half_width = _failure_rates(life, grid[-1], level)
    label = f"failures / exposure, {100 * level:g} %"
    ax.errorbar(middle, rate, xerr=half_width, yerr=limits, fmt="o", color=DATA, markersize=3.5, linewidth=0.9, label=label)
    _band(ax, model, "hazard", grid, level)
    told = rate > limits[0] * 1.5  # where failures are few the upper limit says much of the axis and little of the rate
    top = max(float(np.max((rate + limits[1])[told], initial=0.0)), float(np.quantile(np.asarray(model.hazard(grid)), 0.9)))
    ax.set_ylim(0, 1.3 * top)
    ax.set_xlim(0, grid[-1])
    return finish(ax, "Hazard", "age", "failures per unit of time")


def plot_components(model: MixtureModel, life: Lifetimes | None = None, *, ax: Axes | None = None) -> Axes:
    """The density of a mixture and the share of each component in it, over the density that Kaplan–Meier gives."""
    life = data_of(model, life)
    ax = axes(ax)
    heights, edges = density_histogram(life)
    grid = np.linspace(edges[-1] / 2000, edges[-1], 600)
    ax.stairs(heights, edges, fill=True, color=DATA, alpha=0.22, label="Kaplan–Meier density")
    density = np.asarray(model.density(grid))
    shares = model.predict_component(grid, failed=True)
    for index, share in enumerate(shares.T):
        ax.plot(grid, density * share, "--", color=COMPONENTS[index % len(COMPONENTS)], label=f"component {index}")
    ax.plot(grid, density, color=FIT, label=type(model).__name__)
    ax.set_xlim(0, edges[-1])
    ax.set_ylim(0, 1.15 * max(float(heights.max()), float(np.quantile(density, 0.98))))
    return finish(ax, "Components", "age at failure", "density per unit of time")


def _band(ax: Axes, model: Model, what: str, grid: np.ndarray, level: float) -> None:
    band = model.interval(what, grid, level=level)
    ax.fill_between(grid, band["lower"], band["upper"], color=FIT, alpha=0.2, linewidth=0, label=f"{100 * level:g} % confidence")
    ax.plot(grid, band["estimate"], color=FIT, label=type(model).__name__)


def _failure_rates(life: Lifetimes, end: float, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Failures per exposure in equal age groups, the distance of its limits, and the groups' middles and half widths.

    The limits are Garwood's (1936, Biometrika) for a Poisson count; a group without failures has an upper one only.
    """
    from scipy.stats import chi2

    edges = np.linspace(0.0, end, AGE_GROUPS + 1)
    counts = life.counts()
    begin = np.zeros(len(life)) if life.entry is None else np.maximum(life.entry, 0.0)
    observed = life.event_observed & (life.durations > 0)  # the dead on arrival have no rate
    failed = np.histogram(life.durations[observed], edges, weights=counts[observed])[0]
    exposure = np.array(
        [
            np.sum(counts * np.clip(np.minimum(life.durations, high) - np.maximum(begin, low), 0.0, None))
            for low, high in itertools.pairwise(edges)
        ]
    )
    seen = exposure > 0
    failed, exposure = failed[seen], exposure[seen]
    lower = np.where(failed > 0, 0.5 * chi2.ppf(0.5 * (1 - level), 2 * np.maximum(failed, 1e-9)), 0.0)
    upper = 0.5 * chi2.ppf(0.5 * (1 + level), 2 * failed + 2)
    middle, half = 0.5 * (edges[1:] + edges[:-1])[seen], 0.5 * np.diff(edges)[seen]
    return failed / exposure, np.stack([failed - lower, upper - failed]) / exposure, middle, half
