"""Life against stress, as an accelerated test has it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates import relations
from survjax.covariates.relations import ABSOLUTE_ZERO
from survjax.covariates.table import read_table
from survjax.models.explanations import effect_of, typical_unit
from survjax.plotting.canvas import COMPONENTS, DATA, FIT, STYLES, axes, finish, lines_of, name_of, part_of, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.models.regression import Regression

RELATIONS = ("arrhenius", "inverse_power", "coffin_manson", "linear")
POINTS = 61
FEW_DOUBLINGS = 2.0  # in the logarithm of stress: on so short an axis every digit has a tick


def plot_life_stress(
    model: Regression,
    column: str,
    X: Any,
    y: Any = None,
    *,
    p: Any = 0.5,
    at: Mapping[str, Any] | None = None,
    values: Any = None,
    relation: str | None = None,
    level: float = 0.95,
    ax: Axes | None = None,
    label: str | None = None,
    color: Any = None,
) -> Axes:
    """The age by which a share p has failed against a stress, with its band, on the axes of the relation; and the units of the data.

    Ages are on a logarithmic axis. The stress is on one of reciprocal absolute temperature under Arrhenius, a logarithmic one under a
    power law. Points are failures (in the middle of their intervals), triangles that point upward units still running.
    """
    import pandas as pd

    table = read_table(X)
    held = typical_unit(model._fitted, table)
    given = table.pick((column,), of="X")[0]
    if column not in held:
        raise ValueError(f"the model has no covariate {column!r}; there are {', '.join(held)}.")
    relation = _relation_of(model, column) if relation is None else relation
    if relation not in RELATIONS:
        raise ValueError(f"relation is one of {', '.join(RELATIONS)}; got {relation!r}.")
    if isinstance(held[column], (str, bool, np.bool_)):
        raise ValueError(
            f"{column} holds labels, and a stress is a number; plot_partial_effect({column!r}, ...) shows the effect of labels."
        )
    stress = np.asarray(given, dtype=float)
    asked = stress if values is None else np.asarray(values, dtype=float)
    if relation != "linear":
        getattr(relations, relation)(np.append(asked, stress))  # it refuses what is no such stress
    forward, back = _scale(relation)
    first, last = forward(np.array([asked.min(), asked.max()]))
    grid = back(np.linspace(first, last, POINTS))
    shares = np.atleast_1d(np.asarray(p, dtype=float))
    others = _levels(held, column, at)
    from matplotlib.ticker import LogLocator

    ax = axes(ax)
    looks = lines_of(ax, color, len(others) if len(others) > 1 else len(shares), (FIT, *COMPONENTS))
    life = model._units_of(X, y)
    for which, unit in enumerate(others):
        effect, _ = effect_of(model, column, pd.DataFrame([held | unit]), grid, "quantile", level, {"p": shares})
        of_level = f"{_told(unit, at or {})}, " if len(others) > 1 else ""
        for place, share in enumerate(shares):
            colour, style = looks[place] if len(others) == 1 else (looks[which][0], STYLES[place % len(STYLES)])
            part = effect[effect.index.get_level_values(1) == place]
            said = f"{of_level}{100 * share:g} % failed, {100 * level:g} % confidence"
            ax.fill_between(grid, part["lower"], part["upper"], color=colour, alpha=0.2, linewidth=0)
            ax.plot(grid, part["estimate"], style, color=colour, label=part_of(label, said))
        own = DATA if len(others) == 1 and label is None and color is None else looks[which][0]
        _draw_units(ax, model, table, stress, unit, life, own)
    ax.set_yscale("log")
    low, high = forward(np.array([min(grid.min(), stress.min()), max(grid.max(), stress.max())]))
    show(ax, tuple(back(np.array([low - 0.04 * (high - low), high + 0.04 * (high - low)]))))
    if relation == "arrhenius":
        ax.set_xscale("function", functions=(forward, back))
    elif relation != "linear":
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=tuple(range(1, 10)) if high - low < FEW_DOUBLINGS else (1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter("")
    return finish(ax, f"{name_of(model)}: life against {column}", column, "age at failure")


def _levels(held: dict[str, Any], column: str, at: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What the other covariates are held at, each combination of the levels asked for."""
    asked = {name: [level] if np.ndim(level) == 0 else list(level) for name, level in (at or {}).items()}
    for name, levels in asked.items():
        if name not in held or name == column:
            there = ", ".join(other for other in held if other != column)
            raise ValueError(f"at holds covariates other than {column}: {there or 'there are none'}; got {name!r}.")
        if not levels:
            raise ValueError(f"at[{name!r}] is empty: give the level at which to hold it, or several.")
    others = {name: asked.get(name, [value]) for name, value in held.items() if name != column}
    return [dict(zip(others, chosen, strict=True)) for chosen in product(*others.values())]


def _told(unit: dict[str, Any], names: Any) -> str:
    return ", ".join(f"{name} {unit[name]}" for name in names)


def _draw_units(ax: Axes, model: Regression, table: Any, stress: np.ndarray, held: dict[str, Any], life: Any, colour: Any) -> None:
    """The units of the data that share what is held."""
    model._check_rows(table.n, life)
    shown = np.ones(table.n, dtype=bool)
    for name, value in held.items():
        shown &= np.asarray(table.pick((name,), of="X")[0] == value)
    failed = np.isfinite(life.upper)
    ages = life.in_the_middle().durations
    among = f", {int(shown.sum())} of {table.n} units, {_told(held, held)}" if held else ""
    for these, marker, said in ((shown & failed, "o", f"failed{among}"), (shown & ~failed, "^", "still running")):
        if these.any():
            ax.plot(stress[these], ages[these], marker, color=colour, markersize=4.5, alpha=0.6, linestyle="none", label=said)


def _relation_of(model: Regression, column: str) -> str:
    """The relation by whose name the column stands in a formula of the fit; linear where there is none."""
    terms = {name for one in model._fitted.predictors.each for name in one.design.names}
    power = {f"np.log({column})": "inverse_power", f"log({column})": "inverse_power"}
    named = {f"{relation}({column})": relation for relation in RELATIONS} | power
    return next((relation for term, relation in named.items() if term in terms), "linear")


def _scale(relation: str) -> tuple[Any, Any]:
    """From a stress to its place on the axis, rising with it, and back."""
    if relation == "arrhenius":
        return lambda celsius: -1.0 / (celsius - ABSOLUTE_ZERO), lambda place: -1.0 / place + ABSOLUTE_ZERO
    return (np.asarray, np.asarray) if relation == "linear" else (np.log, np.exp)
