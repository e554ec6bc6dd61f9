"""Probability paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from survjax.adequacy.median_ranks import median_ranks
from survjax.adequacy.rank_lines import Direction
from survjax.adequacy.rank_lines import rank_regression as regression_line
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import LAWS, Distribution
from survjax.distributions.papers import SMALLEST_EXTREME_VALUE, WEIBULL, Paper
from survjax.models import Model
from survjax.plotting.canvas import (
    COMPONENTS,
    GRID_POINTS,
    OWN,
    axes,
    colour_of,
    data_colour,
    finish,
    lifetimes_of,
    name_of,
    share_drawn,
    show,
)
from survjax.plotting.estimates import estimate_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = Literal["kaplan_meier", "median_ranks", "benard"]
PAPERS: dict[str, Paper] = {law.__name__.lower(): law.paper for law in LAWS if law.paper is not None}
RANKS: dict[str, Any] = {"median_ranks": "exact", "benard": "benard"}
# those that are wanted most first; as many are drawn as have room
TICKS = [0.5, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999, 1e-4, 0.9999, 1e-5, 0.05, 0.95, 1e-6, 0.2, 0.8, 0.3, 0.7, 0.02, 0.98, 0.4, 0.6]
TICKS += [0.005, 0.995, 0.002, 0.003, 5e-4, 0.9995, 2e-4, 5e-5, 2e-5]
TICKS += [float(f"{lead}e-{power}") for lead in (1, 5, 2) for power in range(6, 13)]
LEAST_HEIGHT = 2.0  # a factor of 7 in the cumulative hazard, or two standard deviations: some ticks fall into as much, wherever it lies
ROOM = 0.055  # of the height of the paper, between two ticks
# on logarithmic ages, by how many decades there are; of a short stretch ticks at equal distances
AGE_TICKS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.6, ()),
    (1.4, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)),
    (3.5, (1.0, 2.0, 5.0)),
    (np.inf, (1.0,)),
)


class Drawn(NamedTuple):
    """Points of the data: the ages between which each lies, (m,) each, the share failed, and what they are."""

    left: np.ndarray
    right: np.ndarray
    share: np.ndarray
    label: str


def plot_probability(
    model: Model,
    life: Lifetimes | None = None,
    *,
    level: float = 0.95,
    paper: str | None = None,
    points: Points | None = None,
    rank_regression: bool | Direction = False,
    ax: Axes | None = None,
    label: str | None = None,
    color: Any = None,
) -> Axes:
    """The share failed against age on probability paper, on which the law is a straight line if it is one on any paper.

    Parameters
    ----------
    life : the data to draw; None: those of the fit.
    level : of the pointwise Wald confidence band.
    paper : the name of a law whose paper is to be used ("weibull", "exponential", "lognormal", "loglogistic", "frechet", and with
        linear ages "normal", "logistic", "smallestextremevalue", "largestextremevalue"). None: that of a picture
        which is on ``ax`` already, else the law's own; a law that no paper makes straight (gamma, mixtures, ...) is drawn on Weibull
        paper, on the whole real line on that of the smallest extreme value.
    points : "kaplan_meier" puts points half-way up each step of the Kaplan–Meier estimate (Hazen; modified Kaplan–Meier in Minitab).
        "median_ranks" and "benard" are those of ``survjax.adequacy.median_ranks.median_ranks``. None: median ranks beside a rank
        regression, else Kaplan–Meier. For failures within intervals the points of the estimate are Turnbull's: a bar over each interval
        in which it places mass, half-way up the step, since where in the interval it lies nobody knows; a law that agrees crosses the bars.
        None stands for a last interval into which units ran on: all that is left has its mass there, which says nothing of lives.
    rank_regression : True, or "x on y" (age on rank, the same) or "y on x": also draw ``survjax.rank_regression``.

    label, color : of the fit in the legend, and of all that is drawn; points that two fits on the same axes share are grey.

    Under delayed entry and right truncation the estimate is conditional, and is put on the fit's scale (the legend says so).

    Raises
    ------
    NotFitted : the data of the fit are not at hand.
    ValueError : an unknown paper or kind of points; no failure to draw, or none after age 0 on logarithmic ages; Kaplan–Meier points
        beside a rank regression; and what ``survjax.rank_regression`` raises.
    """
    life = lifetimes_of(model, life)
    template = model._fitted.template
    sheet = _paper_of(template, paper, ax)
    if rank_regression and points == "kaplan_meier":
        raise ValueError('a rank regression is a line through median ranks: pass points="median_ranks" or "benard", or leave points out.')
    points = points or ("median_ranks" if rank_regression else "kaplan_meier")
    drawn = _on_paper(_points(model, life, points), sheet)
    ax = axes(ax)
    colour = colour_of(ax, color)
    grid, bottom, top = _frame(drawn, sheet)
    _draw_fit(ax, model, grid, level, colour, label)
    if rank_regression:
        how: Direction = "x on y" if rank_regression is True else rank_regression
        line = regression_line(template, life, regress=how, ranks=RANKS[points])
        told = ", ".join(f"{name} {value:.4g}" for name, value in line.parameters.items())
        share = -np.expm1(-np.asarray(Model(line.distribution).cumulative_hazard(grid)))
        ax.plot(
            grid,
            share,
            "--",
            color=COMPONENTS[0] if label is None and color is None else colour,
            label=f"rank regression ({how.replace('x', 'X').replace('y', 'Y')}): {told}",
        )
    _draw_points(ax, drawn, grid, data_colour(colour, label, color))
    _rule(ax, sheet, grid, bottom, top)
    return finish(ax, _title(sheet), "age", "share failed")


def _title(sheet: Paper) -> str:
    return f"{sheet.name} probability paper"


def _paper_of(template: Distribution, name: str | None, ax: Axes | None) -> Paper:
    if name is None:
        title = "" if ax is None else ax.get_title(loc="left")
        drawn = next((paper for paper in PAPERS.values() if title == _title(paper)), None)
        return drawn or template.paper or (WEIBULL if template.start_of_support >= 0.0 else SMALLEST_EXTREME_VALUE)
    if not isinstance(name, str) or name.lower() not in PAPERS:
        raise ValueError(f"there is no paper called {name!r}; there are {', '.join(PAPERS)}.")
    return PAPERS[name.lower()]


def _points(model: Model, life: Lifetimes, points: str) -> Drawn:
    if points == "kaplan_meier":
        estimate = estimate_beside(model, life)
        return Drawn(estimate.left, estimate.right, estimate.middle(), estimate.label)
    if points not in RANKS:
        raise ValueError(f"points must be one of kaplan_meier, {', '.join(RANKS)}; got {points!r}.")
    ranks = median_ranks(life, RANKS[points])
    return Drawn(ranks.age, ranks.age, ranks.share, "median ranks" if points == "median_ranks" else "median ranks (Benard)")


def _on_paper(points: Drawn, sheet: Paper) -> Drawn:
    """Those that have a place: shares inside (0, 1), and positive ages where their logarithms are drawn."""
    kept = (points.share > 0) & (points.share < 1)
    born = points.right > 0 if sheet.logarithmic else np.ones(len(kept), bool)
    if not (kept & born).any():
        raise ValueError("there is no failure to put on the paper" + (" after age 0." if kept.any() else "."))
    left_out = np.count_nonzero(kept & ~born)
    label = points.label + (f" ({left_out:,} at age 0 not shown)" if left_out else "")
    kept &= born
    return Drawn(points.left[kept], points.right[kept], points.share[kept], label)


def _frame(points: Drawn, sheet: Paper) -> tuple[np.ndarray, float, float]:
    """Ages (200,) from one side of the paper to the other, and its lowest and highest share."""
    ends = np.concatenate([points.left, points.right])
    place = sheet.place(ends[np.isfinite(ends) & ((ends > 0) | (not sheet.logarithmic))])
    low, high = float(place.min()), float(place.max())
    margin = 0.08 * (high - low) or (0.4 if sheet.logarithmic else max(0.4 * abs(high), 1.0))
    grid = sheet.age(np.linspace(0.0 if sheet.from_origin else low - margin, high + margin, GRID_POINTS))
    height = sheet.height(points.share)
    rise = max(0.1 * float(np.ptp(height)), 0.3, 0.5 * (LEAST_HEIGHT - float(np.ptp(height))))
    bottom = 0.0 if sheet.from_origin else float(height.min()) - rise
    return grid, float(sheet.share(bottom)), float(sheet.share(float(height.max()) + rise))


def _draw_fit(ax: Axes, model: Model, grid: np.ndarray, level: float, colour: Any, label: str | None) -> None:
    # by the cumulative hazard: as 1 - S a share of 1e-17 would be none
    hazard = model.interval("cumulative_hazard", grid, level=level)
    lower, fitted, upper = (-np.expm1(-hazard[name].to_numpy()) for name in ("lower", "estimate", "upper"))
    # what has an infinite height cannot be a corner of the band, only lie beyond the paper
    least, most = np.finfo(float).tiny, np.nextafter(1.0, 0.0)
    band = np.maximum(lower, least), np.minimum(upper, most)
    ax.fill_between(grid, *band, color=colour, alpha=0.18, linewidth=0, label=f"{100 * level:g} % confidence")
    ax.plot(grid, fitted, color=colour, gid=OWN, label=label or name_of(model))


def _draw_points(ax: Axes, points: Drawn, grid: np.ndarray, colour: Any) -> None:
    exact = points.left == points.right
    size = 3 if len(exact) > 100 else 4.5
    if exact.any() and share_drawn(ax, np.column_stack([points.right[exact], points.share[exact]])):
        return
    if exact.any():
        ax.plot(points.right[exact], points.share[exact], "o", color=colour, markersize=size, alpha=0.6, label=points.label, zorder=3)
    if not exact.all():
        left = np.maximum(points.left[~exact], grid[0])  # an open end is beyond the paper
        label = "" if exact.any() else points.label
        ax.hlines(points.share[~exact], left, points.right[~exact], color=colour, linewidth=2.2, alpha=0.6, label=label, zorder=3)


def _rule(ax: Axes, sheet: Paper, grid: np.ndarray, bottom: float, top: float) -> None:
    """Scales and ticks."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

    def height(share: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):  # matplotlib tries shares of 0 and beyond 1
            return sheet.height(share)

    ax.set_yscale("function", functions=(height, sheet.share))
    if sheet.logarithmic:
        ax.set_xscale("log")
    show(ax, (grid[0], grid[-1]), (bottom, top))
    ax.yaxis.set_major_locator(FixedLocator(_ticks(sheet, *ax.get_ylim())))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    ax.yaxis.set_minor_locator(NullLocator())
    if sheet.logarithmic:
        first, last = ax.get_xlim()
        decades = float(np.log10(last / first))
        subs = next(subs for most, subs in AGE_TICKS if decades < most)
        ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=12) if subs else MaxNLocator(6))
        ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda age, _: f"{age:,.12g}".replace("-", "−")))


def _ticks(sheet: Paper, bottom: float, top: float) -> list[float]:
    low, high = sheet.height(bottom), sheet.height(top)
    chosen: list[float] = [0.0] if sheet.from_origin else []
    for tick in TICKS:
        height = sheet.height(tick)
        if low <= height <= high and all(abs(height - sheet.height(other)) >= ROOM * (high - low) for other in chosen):
            chosen.append(tick)
    return sorted(chosen)
