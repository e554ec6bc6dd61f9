"""The one likelihood: what each kind of row contributes, whatever the distribution.

A failure at age t contributes log f(t), a unit still running at t log S(t), one that failed between l and u
log(S(l) - S(u)); where competing risks are told apart and the cause is known, that cause's hazard takes the place of the sum of
all. All is conditional on the window in which the unit could be seen: delayed entry at age e takes log S(e)
away, right truncation at r as well log(S(e) - S(r)). These terms are rows of their own, with negative weight, so that nobody
pays for terms that his rows do not have. Under a law with a point mass at 0 a failure at 0 contributes log P(T = 0), a unit still
running at 0 log P(T > 0).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import jax.numpy as jnp
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import CompetingRisks, Distribution, Mixture
from survjax.fitting.causes import UNKNOWN, component_of_each, is_labelled
from survjax.numerics.blocks import Chunk, Objective, chunks
from survjax.numerics.special import log1mexp

FAILED, SURVIVED, FAILED_BETWEEN, FAILED_BY = "failed", "survived", "failed between", "failed by"
FAILED_OF, FAILED_BETWEEN_OF = "failed of a cause", "failed between of a cause"
DEAD_ON_ARRIVAL, ALIVE_ON_ARRIVAL = "dead on arrival", "alive on arrival"
QUARTILES = (0.25, 0.5, 0.75)
COVARIATES, OF_ROW = "covariates", "of row"


class Described(NamedTuple):
    """What comes along with the likelihood at each of L points.

    values (L, m) : the parameters; jacobian (L, m, p) of them in the point; quartiles (L, k, 3) of each component of a
    mixture; failures (L, k), how many it has; failure_ages (L, k), how many distinct ages (or intervals) these are.
    """

    values: np.ndarray
    jacobian: np.ndarray
    quartiles: np.ndarray
    failures: np.ndarray
    failure_ages: np.ndarray


def row_log_likelihood(template: Distribution, point, kind: str, row):
    return _log_probability(template.bind(point), kind, row)


def _log_probability(distribution: Distribution, kind: str, row):
    if kind == FAILED_OF:
        return cast(CompetingRisks, distribution).log_density_of(row["cause"], row["time"], row["log_time"])
    if kind == FAILED_BETWEEN_OF:
        return cast(CompetingRisks, distribution).log_probability_of(row["cause"], row["time"], row["end"])
    if kind == FAILED:
        return distribution.log_density_from(row["time"], row["log_time"])
    if kind == DEAD_ON_ARRIVAL:
        return jnp.log(distribution.probability_at_start())
    if kind == ALIVE_ON_ARRIVAL:
        return jnp.log1p(-distribution.probability_at_start())
    log_survival = distribution.log_survival_from(row["time"], row["log_time"])
    if kind == SURVIVED:
        return log_survival
    if kind == FAILED_BY:
        return log1mexp(log_survival)
    # A difference of two logarithms loses digits as the interval shrinks, some 1e-12 of the probability for one that holds a
    # thousandth of those still alive; the exact ``cumulative_hazard_between`` compiles up to ten times as long.
    return log_survival + log1mexp(distribution.log_survival_from(row["end"], row["log_end"]) - log_survival)


def row_statistics(template: Distribution, point, kind: str, row):
    """For a mixture, which failures and failure ages each component has: what tells an honest component from a spike."""
    if kind == SURVIVED or not isinstance(template, Mixture):
        return ()
    mixture = template.bind(point)
    membership = mixture.shares([_log_probability(component, kind, row) for component in mixture.components])
    return membership * row["is_failure"], membership * row["share_of_age"]


def natural_parameters(template: Distribution, point):
    """All parameters in the user's terms, (m,)."""
    return template.bind(point).values()


def component_quartiles(template: Distribution, point):
    """The quartiles of the components of a mixture, (k, 3)."""
    if not isinstance(template, Mixture):
        return jnp.zeros((0, 3))
    mixture = template.bind(point)
    hazards = [-math.log1p(-probability) for probability in QUARTILES]
    return jnp.stack([jnp.stack([part.age_at(jnp.asarray(hazard)) for hazard in hazards]) for part in mixture.components])


LIKELIHOOD = Objective(row_log_likelihood, row_statistics, natural_parameters, component_quartiles)


def likelihood_chunks(template: Distribution, life: Lifetimes, unit: float = 1.0, as_many_as: int = 0) -> list[dict[str, Chunk]]:
    """The rows of the likelihood, in blocks, with times in multiples of ``unit``; padded as ``as_many_as`` rows would be.

    Rows that contribute nothing whatever the parameters are left out: weight 0, and survival to the start of the support. For a
    mixture each failure also says that it is one, and which share of those recorded alike.
    """
    rows = _rows(template, life, unit, marked=isinstance(template, Mixture))
    return chunks({kind: (columns, weights) for kind, (columns, weights, _) in rows.items()}, as_many_as)


def chunks_with_covariates(
    template: Distribution, life: Lifetimes, unit: float, covariates: np.ndarray, as_many_as: int = 0, of_row: bool = False
) -> list[dict[str, Chunk]]:
    """The same rows, each with what is known of its unit: its row of ``covariates`` (n, m); with ``of_row`` also which row that is."""
    rows = {}
    for kind, (columns, weights, whose) in _rows(template, life, unit, marked=False).items():
        rows[kind] = (columns | {COVARIATES: covariates[whose]} | ({OF_ROW: whose} if of_row else {}), weights)
    return chunks(rows, as_many_as)


def _rows(template: Distribution, life: Lifetimes, unit: float, marked: bool) -> dict[str, tuple[dict[str, np.ndarray], Any, Any]]:
    """By kind: columns, weights, and of which row of the lifetimes each is a term."""
    logarithms = np.log if template.start_of_support == 0.0 else np.zeros_like
    of = component_of_each(template, life) if is_labelled(template) else np.full(len(life), UNKNOWN)
    rows = _rows_of_causes(life, of, template.start_of_support, unit, logarithms)
    for kind, (first, last, weights, whose) in _split(life, template, of == UNKNOWN).items():
        if not len(weights):
            continue
        begin, end = first / unit, None if last is None else last / unit
        columns = {"time": begin}
        if kind not in (DEAD_ON_ARRIVAL, ALIVE_ON_ARRIVAL):
            columns["log_time"] = logarithms(begin)
        if end is not None:
            columns |= {"end": end, "log_end": logarithms(end)}
        if marked and kind != SURVIVED:
            columns |= _marks(begin, begin if end is None else end, weights)
        rows[kind] = (columns, weights, whose)
    return rows


def _rows_of_causes(life: Lifetimes, of: np.ndarray, start: float, unit: float, logarithms: Callable) -> dict[str, tuple[Any, Any, Any]]:
    """Columns, weights and rows of the failures of a known cause; those whose age is known, too, and the others."""
    rows: dict[str, tuple[Any, Any, Any]] = {}
    counted = (of != UNKNOWN) & (life.counts() > 0)
    for kind, told in ((FAILED_OF, counted & life.event_observed), (FAILED_BETWEEN_OF, counted & ~life.event_observed)):
        if told.any():
            begin = np.maximum(life.lower[told], start) / unit
            columns = {"time": begin, "cause": of[told]}
            columns |= {"log_time": logarithms(begin)} if kind == FAILED_OF else {"end": life.upper[told] / unit}
            rows[kind] = (columns, life.counts()[told], np.flatnonzero(told))
    return rows


class Term(NamedTuple):
    """What the marked rows (n,) add to the likelihood, or, with a negative sign, take away."""

    rows: np.ndarray
    begin: np.ndarray
    end: np.ndarray | None = None
    sign: float = 1.0


def _split(life: Lifetimes, template: Distribution, any_cause: np.ndarray) -> dict[str, tuple[Any, ...]]:
    """Begin, end (None but for ``FAILED_BETWEEN``), weight and row of each kind's terms, without those of a known cause or of weight 0."""
    lower, upper, start = life.lower, life.upper, template.start_of_support
    exact, running, later = life.event_observed & any_cause, np.isinf(upper), lower > start
    within = ~(life.event_observed | running) & any_cause
    kinds = {
        SURVIVED: [Term(running & later, lower)],
        FAILED_BETWEEN: [Term(within & later, lower, upper)],
        FAILED_BY: [Term(within & ~later, upper)],
    }
    if template.has_mass_at_start:
        kinds[DEAD_ON_ARRIVAL] = [Term(exact & (lower == start), lower)]
        kinds[ALIVE_ON_ARRIVAL] = [Term(running & (lower == start), lower)]
        exact = exact & later
    kinds[FAILED] = [Term(exact, lower)]
    late = None if life.entry is None else life.entry > start
    if life.right_truncation is not None:
        end, cut = life.right_truncation, np.isfinite(life.right_truncation)
        kinds[FAILED_BY].append(Term(cut if late is None else cut & ~late, end, sign=-1.0))
        if life.entry is not None and late is not None:
            kinds[FAILED_BETWEEN].append(Term(cut & late, life.entry, end, -1.0))
            late = late & ~cut
    if life.entry is not None and late is not None:
        kinds[SURVIVED].append(Term(late, life.entry, sign=-1.0))
    return {kind: _together(terms, life.weights) for kind, terms in kinds.items()}


def _together(terms: list[Term], weights: np.ndarray | None) -> tuple[Any, ...]:
    # a mask is looked through with every column that it picks from, row numbers are not: half the time
    picked = [np.flatnonzero(term.rows if weights is None else term.rows & (weights > 0)) for term in terms]
    begin = np.concatenate([term.begin[rows] for term, rows in zip(terms, picked, strict=True)])
    end = None
    if terms[0].end is not None:
        end = np.concatenate([np.asarray(term.end)[rows] for term, rows in zip(terms, picked, strict=True)])
    counts = [
        np.full(len(rows), term.sign) if weights is None else term.sign * weights[rows] for term, rows in zip(terms, picked, strict=True)
    ]
    return begin, end, np.concatenate(counts), np.concatenate(picked)


def _marks(begin: np.ndarray, end: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Whether each row is a failure, not a term of its window, and the share of those recorded alike that each unit of it is."""
    is_failure = (weights > 0).astype(float)
    _, alike = (
        np.unique(np.stack([begin, end]), axis=1, return_inverse=True) if np.any(end > begin) else np.unique(begin, return_inverse=True)
    )
    total = np.bincount(alike.ravel(), np.maximum(weights, 0.0))
    return {"is_failure": is_failure, "share_of_age": is_failure / np.maximum(total, np.finfo(float).tiny)[alike.ravel()]}
