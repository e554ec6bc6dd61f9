"""The likelihood of one unit under the distribution that a network gives it: the network's loss.

A unit that entered at age e, was alive at l and failed there (d = 1), still ran (d = 0) or failed by u contributes

    H(e) - H(l) + d log h(l)   or   H(e) - H(l) + log(1 - exp(H(l) - H(u)))

Under a hazard that is constant between breaks this is, with its sign turned, the cross-entropy of survival: the sum of log(1 - q_j) over
the intervals survived, with 1 - q_j = exp(-rate_j times the time spent in interval j), plus the log hazard where the unit failed; an
interval of which only a part was spent counts for that part, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.errors import BadRow
from survjax.numerics.blocks import map_rows
from survjax.numerics.special import log1mexp


def rows_of(life: Lifetimes, unit: float) -> dict[str, np.ndarray]:
    """The columns (n,) that the loss of a row needs, times in multiples of ``unit``: few where all rows are plain and seen from the start.

    Raises
    ------
    BadRow : a row truncated on the right.
    """
    if life.right_truncation is not None and np.isfinite(life.right_truncation).any():
        rows = np.flatnonzero(np.isfinite(life.right_truncation))
        remedy = "Fit the distribution itself, or a ParameterRegression, which take it."
        raise BadRow(
            f"row {rows[0]} is truncated on the right ({len(rows):,} such rows), which networks do not take. {remedy}",
            columns=("right_truncation",),
            rows=rows,
            remedy=remedy,
        )
    failed, between = life.event_observed, ~life.event_observed & np.isfinite(life.upper)
    entry = np.zeros(len(life)) if life.entry is None else np.maximum(life.entry, 0.0)
    lower = np.maximum(life.lower, entry) / unit
    if not between.any() and not entry.any() and np.all(lower > 0):
        return {"time": lower, "log_time": np.log(lower), "failed": failed.astype(float)}
    return {
        "entry": entry / unit,
        "length": lower - entry / unit,
        "time": np.where(failed, lower, 1.0),
        "failed": failed.astype(float),
        "between": between.astype(float),
        "more": np.where(between, life.upper / unit - lower, 1.0),
    }


def told_by(life: Lifetimes) -> np.ndarray:
    """Which rows (n,) say anything: not those of weight 0, nor those still running as they entered."""
    entry = np.zeros(len(life)) if life.entry is None else np.maximum(life.entry, 0.0)
    return (life.counts() > 0) & (np.isfinite(life.upper) | (life.lower > entry))


def log_probability(law: Any, row: dict[str, Any]) -> Any:
    """What one row adds to the log-likelihood."""
    failed = row["failed"] > 0
    if "entry" not in row:
        at = row["time"], row["log_time"]
        return jnp.where(failed, law.log_density_from(*at), law.log_survival_from(*at))
    told = -law.cumulative_hazard_between(row["entry"], row["length"]) + jnp.where(failed, law.log_hazard(row["time"]), 0.0)
    ahead = log1mexp(-law.cumulative_hazard_between(row["entry"] + row["length"], row["more"]))
    return told + jnp.where(row["between"] > 0, ahead, 0.0)


def network_loss(template: Any, start: Any, network: Any, rows: dict[str, Any], key: Any) -> Any:
    """Minus the log-likelihood of each row (b,): its law is the template at coordinates start + network(x)."""
    rows = dict(rows)
    x = rows.pop("x")
    keys = None if key is None else jax.random.split(key, len(x))
    outputs = jax.vmap(network, in_axes=(0, None if key is None else 0))(x, keys)
    return -jax.vmap(lambda output, row: log_probability(template.bind(start + output), row))(outputs, rows)


def log_probabilities(law_of: Callable, template: Any, coordinates: np.ndarray, rows: dict[str, np.ndarray]) -> np.ndarray:
    """What each row (n,) adds to the log-likelihood, its law being ``law_of(template, coordinates)``; coordinates (n, ...)."""
    return map_rows(_of_row(law_of, tuple(rows)), template, coordinates, *rows.values())


@cache
def _of_row(law_of: Callable, names: tuple[str, ...]) -> Callable:
    def function(template: Any, coordinates: Any, *cells: Any) -> Any:
        return log_probability(law_of(template, coordinates), dict(zip(names, cells, strict=True)))

    return function
