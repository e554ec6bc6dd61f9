"""Scores of predictions: models side by side over folds, and predicted against observed probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.model_labels import told_apart
from survjax.plotting.canvas import COMPONENTS, DATA, FIT, axes, colour_of, finish, show

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from survjax.cross_validation import CrossValidation

LONGEST_LABEL = 28  # letters, of a model that need not be longer to be told from others
TITLES = {
    "concordance": ("Concordance", "higher is better"),
    "integrated_brier": ("Integrated Brier", "lower is better"),
    "log_score": ("Log score", "per unit, higher is better"),
    "crps": ("CRPS", "in unit of time, lower is better"),
    "d_calibration_p": ("D-calibration", "p-value; wrong if small"),
}


def plot_scores(validation: CrossValidation) -> list[Axes]:
    """A panel for each score that ``sj.cross_validate`` found, a line for each model: a dot a fold, a bar at their mean."""
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(validation.folds.index.get_level_values("model")))
    shown = {score: words for score, words in TITLES.items() if score not in validation.had_by_none()}
    short = told_apart(names, LONGEST_LABEL)
    labels = [label.replace("(", "\n(", 1) if len(label) > LONGEST_LABEL else label for label in short]
    longest = max(len(line) for label in labels for line in label.splitlines())
    size = (2.7 * len(shown) + 0.09 * longest, 1.5 + 0.42 * len(names))
    _, grid = plt.subplots(1, len(shown), figsize=size, sharey=True, layout="constrained", squeeze=False)
    panels = grid[0]
    for ax, (score, (title, meaning)) in zip(panels, shown.items(), strict=True):
        for line, name in enumerate(names):
            values = validation.folds.loc[name, score].to_numpy()
            there = values[np.isfinite(values)]
            color = COMPONENTS[line % len(COMPONENTS)]
            ax.plot(there, np.full(len(there), line), "o", color=color, markersize=5, alpha=0.55, markeredgewidth=0)
            if len(there) == len(values):
                ax.plot([there.mean()] * 2, [line - 0.3, line + 0.3], color=color, linewidth=2.2)
            else:
                note = f"{len(there)} of {len(values)} folds" if len(there) else "none"
                ax.text(0.98, line - 0.16, note, transform=ax.get_yaxis_transform(), ha="right", va="bottom", fontsize=8, color=DATA)
        if score == "d_calibration_p":
            ax.set_xlim(-0.03, 1.03)
            ax.axvline(0.05, color=DATA, linestyle=":", linewidth=1)
        ax.locator_params(axis="x", nbins=4)
        finish(ax, title, meaning, "")
    panels[0].set_yticks(range(len(names)), labels)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    return list(panels)


def plot_calibration(table: pd.DataFrame, *, ax: Axes | None = None, label: str | None = None, color: Any = None) -> Axes:
    """Observed against predicted probability of failing in each group of ``sj.metrics.calibration_curve``, with its limits."""
    ax = axes(ax)
    colour = DATA if label is None and color is None else colour_of(ax, color)
    predicted, observed = table["predicted"].to_numpy(), table["observed"].to_numpy()
    limits = np.array([observed - table["lower"], table["upper"] - observed])
    end = 1.05 * float(max(predicted.max(), table["upper"].max()))
    ax.plot([0, end], [0, end], color=FIT if label is None else DATA, label="calibrated")
    ax.errorbar(predicted, observed, yerr=limits, fmt="o", color=colour, markersize=4.5, linewidth=1, label=label or "groups of units")
    show(ax, (0.0, end), (0.0, end))
    return finish(ax, "Calibration", "predicted probability of failing", "observed (Kaplan–Meier)")
