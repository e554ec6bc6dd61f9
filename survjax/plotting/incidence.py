"""What a unit will meet first, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.table import read_table
from survjax.errors import NotFitted
from survjax.plotting.canvas import DATA, GRID_POINTS, OWN, axes, finish, legend_of, lines_of, part_of, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.models.competing_events import CompetingEvents


def plot_incidence(
    model: CompetingEvents,
    X: Any,
    age: float = 0.0,
    horizon: float | None = None,
    *,
    level: float = 0.95,
    stacked: bool = False,
    ax: Axes | None = None,
    label: str | None = None,
    color: Any = None,
) -> Axes:
    """The cumulative incidence of every event for one unit, against age, with its limits.

    Parameters
    ----------
    stacked : one upon the other, without limits; what is left above has met none.
    color : one for all events, told apart by their styles, or a list of one each.
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
    n = read_table(X).n
    if n != 1:
        raise ValueError(f"the picture is of one unit, and X has {n} rows: pass one, for instance X.iloc[[3]].")
    ax = axes(ax)
    looks = lines_of(ax, color, len(model.causes_))
    given = f", given none by {age:g}" if age else ""
    title, height = f"Cumulative incidence{given}", "probability of each first event"
    if stacked:
        shares = {cause: share[0] for cause, share in model.predict_cumulative_incidence(X, ahead, age).items()}
        below = np.zeros(GRID_POINTS)
        for (cause, share), (colour, _) in zip(shares.items(), looks, strict=True):
            said = part_of(label, f"{cause} ({share[-1]:.0%} by the end)")
            ax.fill_between(age + ahead, below, below + share, color=colour, alpha=0.55, linewidth=0, label=said)
            below = below + share
        ax.plot(age + ahead, below, color=DATA, linewidth=1.2, label=part_of(label, "any event"))
        show(ax, (age, age + horizon), (0.0, 1.0))
        finish(ax, title, "age", height)
        # in the order of the picture, and beside it, since areas leave no free place
        legend_of(ax, upwards=True, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return ax
    highest = 0.0
    for cause, (colour, style) in zip(model.causes_, looks, strict=True):
        band = model.interval("cumulative_incidence", X, ahead, age=age, cause=cause, level=level)
        ax.fill_between(
            age + ahead, band["lower"], band["upper"], color=colour, alpha=0.2, linewidth=0, label=f"{100 * level:g} % confidence"
        )
        ax.plot(age + ahead, band["estimate"], style, color=colour, gid=OWN, label=part_of(label, str(cause)))
        highest = max(highest, float(band["upper"].max()))
    show(ax, (age, age + horizon), (0.0, min(1.0, 1.05 * highest)))
    return finish(ax, title, "age", height)
