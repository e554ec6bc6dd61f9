"""What a unit will meet first, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.errors import NotFitted
from survjax.plotting.canvas import COMPONENTS, DATA, GRID_POINTS, axes, finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.models.competing_events import CompetingEvents


def plot_incidence(model: CompetingEvents, X: Any, age: float = 0.0, horizon: float | None = None, *, ax: Axes | None = None) -> Axes:
    """The cumulative incidence of every event for one unit, one upon the other, against age; what is left above has met none.

    Parameters
    ----------
    X : one row. age : which the unit has reached, free of events. horizon : how far ahead; None: as far as the data of the fit go.

    Raises
    ------
    ValueError : X has not one row; the data end before ``age``, or the horizon is not above 0.
    NotFitted : no horizon, and the data of the fit are not at hand.
    """
    if horizon is None:
        if model.lifetimes_ is None:
            raise NotFitted("the data of the fit are not at hand (a model that was pickled has none): pass horizon=.")
        horizon = float(np.max(model.lifetimes_.lower)) - age
    if not horizon > 0:
        raise ValueError(f"horizon must be more than 0: it is how far ahead of age {age:g} to look; got {horizon:g}.")
    ahead = np.linspace(0.0, horizon, GRID_POINTS)
    shares = model.predict_cumulative_incidence(X, ahead, age)
    n = len(next(iter(shares.values())))
    if n != 1:
        raise ValueError(f"the picture is of one unit, and X has {n} rows: pass one, for instance X.iloc[[3]].")
    ax = axes(ax)
    below = np.zeros(GRID_POINTS)
    for index, (cause, share) in enumerate(shares.items()):
        above = below + share[0]
        color = COMPONENTS[index % len(COMPONENTS)]
        ax.fill_between(age + ahead, below, above, color=color, alpha=0.55, linewidth=0, label=f"{cause} ({share[0, -1]:.0%} by the end)")
        below = above
    ax.plot(age + ahead, below, color=DATA, linewidth=1.2, label="any event")
    ax.set_xlim(age, age + horizon)
    ax.set_ylim(0.0, 1.0)
    given = f", given none by {age:g}" if age else ""
    finish(ax, f"Cumulative incidence{given}", "age", "probability of each first event")
    handles, labels = ax.get_legend_handles_labels()
    # in the order of the picture, and beside it, since areas leave no free place
    ax.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
    return ax
