"""How a fit learned: the density at each step of the optimiser, from its start to the optimum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.plotting.canvas import (
    DATA,
    FIT,
    axes,
    colour_of,
    data_colour,
    density_histogram,
    finish,
    lifetimes_of,
    name_of,
    part_of,
    show,
)

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes

    from survjax.models import Model

MILLISECONDS_A_STEP = 350


def plot_learning(
    model: Model, life: Lifetimes | None = None, *, ax: Axes | None = None, label: str | None = None, color: Any = None
) -> Axes:
    """Every step's density in one picture, from pale (the start) to dark (the optimum)."""
    from matplotlib.colors import LinearSegmentedColormap

    grid, densities, heights, edges = _steps(model, lifetimes_of(model, life))
    ax = axes(ax)
    colour = colour_of(ax, color)
    ax.stairs(heights, edges, fill=True, color=data_colour(colour, label, color), alpha=0.2, label="Kaplan–Meier density")
    shades = LinearSegmentedColormap.from_list("", ["white", colour])(np.linspace(0.3, 1.0, len(densities)))
    for step, (density, shade) in enumerate(zip(densities, shades, strict=True)):
        last = step == len(densities) - 1
        said = "start" if step == 0 else f"optimum, step {step}" if last else None
        ax.plot(grid, density, color=shade, linewidth=2.2 if last else 1.1, label=said and part_of(label, said))
    _limits(ax, densities, heights, edges)
    return finish(ax, f"How {name_of(model)} learned", "age at failure", "density per unit of time")


def plot_learning_animation(model: Model, life: Lifetimes | None = None) -> FuncAnimation:
    """One frame a step. In a notebook: ``IPython.display.HTML(model.plot_learning_animation().to_jshtml())``."""
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation

    grid, densities, heights, edges = _steps(model, lifetimes_of(model, life))
    figure, ax = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
    ax.stairs(heights, edges, fill=True, color=DATA, alpha=0.2, label="Kaplan–Meier density")
    (line,) = ax.plot(grid, densities[0], color=FIT, linewidth=2, label=name_of(model))
    _limits(ax, densities, heights, edges)
    finish(ax, "Step 0", "age at failure", "density per unit of time")

    def show(step: int) -> list:
        line.set_ydata(densities[step])
        ax.set_title(f"Step {step} of {len(densities) - 1}", loc="left", fontsize=11)
        return [line]

    animation = FuncAnimation(figure, show, frames=len(densities), interval=MILLISECONDS_A_STEP)
    plt.close(figure)  # shown as an animation, not once more as a still
    return animation


def _steps(model: Model, life: Lifetimes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    heights, edges = density_histogram(life)
    grid = np.linspace(edges[0] + (edges[-1] - edges[0]) / 1000, edges[-1], 400)
    return grid, model.densities_on_path(grid), heights, edges


def _limits(ax: Axes, densities: np.ndarray, heights: np.ndarray, edges: np.ndarray) -> None:
    show(ax, (float(edges[0]), float(edges[-1])), (0.0, 1.2 * max(float(heights.max()), float(np.quantile(densities[-1], 0.98)))))
