"""A fit inside a compiled program, where many are made at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from survjax.distributions import Distribution
from survjax.fitting.likelihood import FAILED, FAILED_BETWEEN, FAILED_BY, SURVIVED, row_log_likelihood
from survjax.numerics.compiled_newton import Arrival, minimise


class Held(NamedTuple):
    """What a prior says of some coordinates, as ``prior.Penalty``: (q,) each."""

    positions: Any
    centres: Any
    deviations: Any


def fit_inside(template: Distribution, lower, upper, entry, real, start, *, within: bool, held: Held | None = None) -> Arrival:
    """The maximum of the likelihood nearest to a start, to be called under ``jit`` and mapped with ``jax.lax.map``.

    Parameters
    ----------
    template : with None where something is learned, in a unit of time near that of the data.
    lower, upper : (n,) as in ``Lifetimes``, in that unit. entry : (n,), or None where all units were seen from the start.
    real : (n,) False for rows that are only there for the shape.
    start : (p,) coordinates of ``template.bind``.
    within : whether some units may have failed between two ages.
    held : of a penalised likelihood.

    Which kind each row is may differ from fit to fit of one program: each kind is taken over all rows, with weight 0 where a row is
    of another, at legal ages. Without failures there is no maximum; the arrival then says so by its reason.
    """
    origin = template.start_of_support
    exact, running = real & (lower == upper), real & jnp.isinf(upper)
    terms = [(FAILED, exact, lower, lower, 1.0), (SURVIVED, running & (lower > origin), lower, lower, 1.0)]
    if within:
        between = real & ~exact & ~running
        terms.append((FAILED_BETWEEN, between & (lower > origin), lower, upper, 1.0))
        terms.append((FAILED_BY, between & (lower <= origin), upper, upper, 1.0))
    if entry is not None:
        terms.append((SURVIVED, real & (entry > origin), entry, entry, -1.0))
    n_failed = jnp.sum(real & ~running, dtype=lower.dtype)
    per_unit = n_failed if held is None else jnp.maximum(n_failed, 1.0)  # under a prior there may be a maximum without failures
    rows = [(kind, told, sign, _columns(kind, told, begin, end, origin)) for kind, told, begin, end, sign in terms]

    def total(point):
        value = size = jnp.zeros((), lower.dtype)
        for kind, told, sign, columns in rows:
            logs = jax.vmap(lambda row, kind=kind: row_log_likelihood(template, point, kind, row))(columns)
            # a product, not a choice: an impossible row must show
            weights = told.astype(lower.dtype)
            value = value - sign * (weights @ logs)
            size = size + weights @ jnp.abs(jax.lax.stop_gradient(logs))
        if held is not None:
            penalty = 0.5 * jnp.sum(((point[held.positions] - held.centres) / held.deviations) ** 2)
            value, size = value + penalty, size + jax.lax.stop_gradient(penalty)
        return value / per_unit, size / per_unit

    return minimise(total, start)


def _columns(kind: str, told, begin, end, origin: float) -> dict:
    begin = jnp.where(told, begin, 1.0)
    columns = {"time": begin}
    if kind == FAILED_BETWEEN:
        columns["end"] = jnp.where(told, end, 2.0)
    logarithm = jnp.log if origin == 0.0 else jnp.zeros_like
    return columns | {f"log_{name}": logarithm(column) for name, column in columns.items()}
