"""What all pictures share: axes, colours, legends, the data behind a fit, a grid of ages.

Pictures on the same axes lie one over the other: ``label`` names one in the legend (its parts, where it has several, come after it),
``color`` is one of matplotlib's, and None the next that is free. What each shows stays in view.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from copy import copy
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
SEVERAL = (FIT, *COMPONENTS, "#c2487f", "#7d4f2a", "#6f8020", "#222222")
STYLES = ("-", "--", ":", "-.")
OWN = "own"  # of lines that the legend lists one by one, even of the same name
WIDEST_LABEL = 60  # letters of a line in a legend
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
    legend_of(ax)
    return ax


def legend_of(ax: Axes, *, upwards: bool = False, **place: Any) -> None:
    """The legend, with what several pictures share (a confidence level, Kaplan–Meier) once and in grey; ``upwards``: from below."""
    from matplotlib.artist import Artist

    handles, labels = ax.get_legend_handles_labels()
    entries: list[tuple[Any, str]] = []
    for handle, label in zip(handles, labels, strict=True):
        shared = labels.count(label) > 1 and not (isinstance(handle, Artist) and handle.get_gid() == OWN)
        if not shared:
            entries.append((handle, label))
        elif all(label != other for _, other in entries):
            entries.append((_in_grey(handle), label))
    if not entries:
        return
    marks, words = zip(*entries[:: -1 if upwards else 1], strict=True)
    written = [textwrap.fill(label, WIDEST_LABEL, break_long_words=False) for label in words]
    ax.legend(marks, written, frameon=False, fontsize=9, **place)


def _in_grey(handle: Any) -> Any:
    """A copy for the legend; of points with bars the points."""
    from matplotlib.container import ErrorbarContainer

    mark = copy(handle[0] if isinstance(handle, ErrorbarContainer) else handle)
    mark.set(color=DATA)
    return mark


def show(ax: Axes, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None) -> None:
    """Limits of the axes: these, and further out where a picture drawn before reaches further."""
    if x is not None:
        ax.set_xlim(x if ax.get_autoscalex_on() else _around(x, ax.get_xlim()))
    if y is not None:
        ax.set_ylim(y if ax.get_autoscaley_on() else _around(y, ax.get_ylim()))


def _around(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return min(*one, *other), max(*one, *other)


def colour_of(ax: Axes, color: Any, palette: tuple[str, ...] = SEVERAL) -> Any:
    """The colour asked for; of None the first of the palette that fewest lines on the axes have."""
    return lines_of(ax, color, 1, palette)[0][0]


def lines_of(ax: Axes, color: Any, n: int, palette: tuple[str, ...] = COMPONENTS) -> list[tuple[Any, str]]:
    """Colour and style of each of n lines: one colour for all, told apart by their styles, or a list of one each.

    Raises
    ------
    ValueError : what is no colour; a list of another length.
    """
    from matplotlib.colors import is_color_like, to_hex

    if color is None:
        drawn = [line.get_color() for line in ax.get_lines()]
        used = [to_hex(one) for one in drawn if is_color_like(one)]
        order = sorted(palette, key=used.count)
        return [(order[index % len(order)], STYLES[index // len(order) % len(STYLES)]) for index in range(n)]
    if is_color_like(color):
        return [(color, STYLES[index % len(STYLES)]) for index in range(n)]
    several = [] if isinstance(color, str) else list(color)
    wrong = [one for one in several if not is_color_like(one)]
    if isinstance(color, str) or wrong:
        raise ValueError(f'color must be one of matplotlib\'s, such as "tab:orange" or "#d1642c"; got {(wrong or [color])[0]!r}.')
    if len(several) != n:
        raise ValueError(f"color is one for all, or a list of one for each of the {n} lines; got {len(several)}.")
    return [(one, "-") for one in several]


def data_colour(colour: Any, label: str | None, color: Any) -> Any:
    """Of the data beside a fit: grey, unless a label or a colour sets this picture apart from others on the same axes."""
    return DATA if label is None and color is None else colour


def part_of(label: str | None, words: str) -> str:
    """What a legend calls a part of the picture of that label."""
    return words if label is None else f"{label}: {words}"


def share_drawn(ax: Axes, points: np.ndarray) -> bool:
    """Whether these points (m, 2) of the data are drawn already; they are then of both pictures, and grey.

    An estimate that is a picture of its own keeps its colour.
    """
    same = [line for line in ax.get_lines() if _same(np.asarray(line.get_xydata()), points)]
    beside = [line for line in same if line.get_gid() != OWN]
    bars = [part for errorbar in ax.containers if errorbar[0] in beside for part in errorbar[2]]
    for artist in (*beside, *bars):
        artist.set_color(DATA)
    return bool(same)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether they look the same; a product and the exponential of a sum of logarithms differ by rounding, and a point may stand twice."""
    one, other = (points[np.append(True, np.diff(points, axis=0).any(axis=1))] if len(points) else points for points in (one, other))
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-9, atol=1e-12)


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


def mark_undetermined(ax: Axes, begin: float, end: float, colour: Any = DATA) -> None:
    """Shade the ages after the last at which an estimate without a distribution is determined."""
    ax.axvspan(begin, end, facecolor=colour, edgecolor="none", alpha=0.12, label=f"after {begin:g} not determined by the data")


def lifetimes_of(model: Model, life: Lifetimes | None) -> Lifetimes:
    """The lifetimes to draw beside the fit: those given, or those of the fit."""
    life = model.lifetimes_ if life is None else life
    if life is None:
        raise NotFitted("the data of the fit are not at hand (a loaded or fully known model has none): pass life=.")
    return life


def lifetimes_if_any(model: Model, life: Lifetimes | None) -> Lifetimes | None:
    """The lifetimes to draw beside a curve; none where none are given and the law is known, so that there have never been any."""
    if life is None and model.lifetimes_ is None and model._fitted.n_learned == 0:
        return None
    return lifetimes_of(model, life)


def ages_of_law(model: Model) -> np.ndarray:
    """Ages over which to draw a law without data, (200,): to that by which 99.9 %, or almost all that ever fail, have failed."""
    quantiles = np.asarray(model.quantile(np.array([0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.99, 0.999])))
    begin = float(quantiles[0]) if model.distribution_.can_be_negative() else 0.0
    end = float(np.max(quantiles[np.isfinite(quantiles)], initial=begin + 1.0 if np.isinf(quantiles[0]) else -np.inf))
    return np.linspace(begin + ((end - begin) / GRID_POINTS / 10 if begin == 0.0 else 0.0), end, GRID_POINTS)


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
