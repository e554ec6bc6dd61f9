"""From a user's function, his parameters and his data to the highest maximum that was found."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import numpy as np

from survjax.engine.ascent import Ascent, ascend
from survjax.engine.columns import Columns
from survjax.engine.columns_read import columns_read
from survjax.engine.entries import rows_beyond
from survjax.engine.parameter_space import ParameterSpace
from survjax.engine.row_by_row import check_rows_apart, points_aside
from survjax.engine.term import TRIAL_ROWS, called, check_function, objective_of
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.numerics.blocks import Chunk, Objective, chunks, sums, terms_of_rows
from survjax.numerics.newton import Evaluation
from survjax.parameters import RealDomain

ROWS = "rows"  # the one kind of row
SAME_VALUE = 1e-6  # in log-likelihood: of two ends of a search, the same optimum
ASIDE = 0.3
NOWHERE = 30.0  # standard error of a logarithm or log-odds, a factor of 1e13: where rounding stopped what has no end
SHOWN = 0.05  # of the largest entry of a direction: what is smaller is not told


@dataclass(frozen=True)
class LikelihoodFit:
    """What was learned. Values are the user's, coordinates those of ``space``.

    Attributes
    ----------
    values (m,), covariance (m, m) : of ``space.names``; known ones without variance.
    coordinates (p,), coordinate_covariance (p, p), path (s, p).
    n_units : the sum of the weights.
    """

    space: ParameterSpace
    coordinates: np.ndarray
    coordinate_covariance: np.ndarray
    values: np.ndarray
    jacobian: np.ndarray
    log_likelihood: float
    n_units: float
    reason: str
    n_steps: int
    path: np.ndarray
    n_starts: int = 1
    n_hits: int = 1
    notes: list[str] = field(default_factory=list)

    @property
    def covariance(self) -> np.ndarray:
        return self.jacobian @ self.coordinate_covariance @ self.jacobian.T

    @property
    def n_learned(self) -> int:
        return len(self.coordinates)

    @property
    def converged(self) -> bool:
        return self.reason in ("converged", "at_rounding_floor")


@dataclass(frozen=True)
class Problem:
    """A function, its parameters, and its rows in blocks.

    Attributes
    ----------
    columns : rows of a positive weight alone, in order; weights (n,) theirs; rows (n,) where they stand in the n_given of the user.
    """

    function: Callable
    objective: Objective
    space: ParameterSpace
    columns: Columns
    weights: np.ndarray
    rows: np.ndarray
    n_given: int
    block: int
    data: list[dict[str, Chunk]]

    @classmethod
    def pose(cls, function: Callable, per: str, space: ParameterSpace, columns: Columns, weights: np.ndarray, block: int | None) -> Problem:
        check_function(function, per, space, columns)
        rows, n_given = np.flatnonzero(weights > 0), columns.n
        if len(rows) < columns.n:
            columns, weights = columns.at(rows), weights[rows]
        size = columns.block(block)
        return cls(function, objective_of(function, per), space, columns, weights, rows, n_given, size, _cut(columns, weights, size))

    @property
    def n_units(self) -> float:
        return float(self.weights.sum())

    @property
    def n_counted(self) -> float:
        """How many rows the weights make where the least counts as one, so that their scale says nothing."""
        return self.n_units / float(self.weights[self.weights > 0].min())

    def evaluate(self, point: np.ndarray) -> Evaluation:
        """The mean negative log-likelihood at a point (p,), as one lane; extras are the values and their Jacobian."""
        total = sums(self.objective, self.space, point[None], np.ones(1, dtype=bool), self.data, own=True)
        per = 1.0 / self.n_units
        extras = total.report[0], total.report_jacobian[0]
        return Evaluation(-total.value * per, -total.gradient * per, -total.hessian * per, extras, total.size * per)

    def of_rows(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The log-likelihood of each row (n,) and its gradient in the coordinates (n, p), without weights."""
        terms, gradients = terms_of_rows(self.objective, self.space, point, self.data, ROWS)
        return terms[: self.columns.n], gradients[: self.columns.n]

    def check_rows_apart(self, points: list[np.ndarray]) -> None:
        """Refuse a function of blocks that mixes their rows."""
        if self.objective.block is not None:
            check_rows_apart(self.objective, self.space, self.columns, points, min(TRIAL_ROWS, self.block))

    def check_entries(self, point: np.ndarray) -> None:
        """Refuse a row whose term rests on an entry that an array has not."""
        for row in rows_beyond(self.objective, self.space, point, [chunk[ROWS].columns for chunk in self.data], self.columns.n):
            raise ValueError(
                f"log_likelihood reads an entry beyond the end of an array for row {self.rows[row]} (rows count from 0): "
                f"{self.columns.row_in_words(row)}. JAX takes the last entry in its place, or for -1 (what pandas.factorize makes of a "
                "missing label) counts from the end, and the row would count for another. Count from 0 to less than the length; where "
                "such an entry is not meant to be used, keep it out by jnp.where, or the index in range by jnp.clip."
            )

    def reweighted(self, weights: np.ndarray) -> Problem:
        """The same rows with other weights (n,), 0 for some: a sample drawn from them."""
        data, first = [], 0
        for chunk in self.data:
            shape = chunk[ROWS].weights.shape
            piece = np.zeros(shape)
            own = weights[first : first + piece.size]
            piece.reshape(-1)[: len(own)] = own
            first += piece.size
            data.append({ROWS: chunk[ROWS]._replace(weights=piece)})
        return dataclasses.replace(self, weights=weights, data=data)

    @cached_property
    def sample(self) -> Problem | None:
        """Some rows at even steps, in the shape of the whole; None where there are few."""
        if len(self.data) == 1:
            return None
        return self.of_some(np.arange(0, self.columns.n, -(-self.columns.n // (2 * self.block))))

    def of_some(self, picked: np.ndarray) -> Problem:
        """These rows, of a first axis (n,), in the shape of the whole."""
        columns, weights = self.columns.at(picked), self.weights[picked]
        return dataclasses.replace(self, columns=columns, weights=weights, data=_cut(columns, weights, self.block, self.columns.n))


def _cut(columns: Columns, weights: np.ndarray, block: int, as_many_as: int = 0) -> list[dict[str, Chunk]]:
    return chunks({ROWS: (columns.tree, weights)}, as_many_as, block)


def fit_likelihood(problem: Problem, starts: Sequence[Mapping[str, np.ndarray]], n_starts: int, seed: int, require: bool) -> LikelihoodFit:
    """The highest maximum from these starts and from others drawn at random, ``n_starts`` in all.

    Random starts lie around where the first one ended, as far as one row could tell: a coefficient is spread by
    1 / sqrt(its mean curvature) there, twice over, a logarithm or log-odds by 1.

    Raises
    ------
    ValueError : an index is out of range; a function of blocks mixes their rows; the likelihood, or a derivative, is not finite at any
        start. The message names rows.
    NoFiniteMaximum : it rises without end in some direction, or does not change in one.
    NotConverged : the steps were too many.
    """
    space = problem.space
    points = [space.point_of(start) for start in starts]
    problem.check_entries(points[0])
    problem.check_rows_apart(points_aside(points[0]))
    with called(problem.function, space, problem.columns):
        ends = [_from(problem, point) for point in points]
    random = np.random.default_rng(seed)
    if not any(end.arrived for end in ends):
        # where parts of a model are alike, too, nothing changes in some direction; a little aside of there something does
        flat = [end for end in ends if end.reason == "flat"]
        ends += [_from(problem, end.point + ASIDE * _spread(end, space.sized) * random.normal(size=len(end.point))) for end in flat]
    if n_starts > len(points):
        first = next((end for end in ends if end.reason != "no_finite_start"), ends[0])
        around = first.point if first.arrived else points[0]
        spread = _spread(first, space.sized)
        ends += [_from(problem, around + spread * random.normal(size=len(around))) for _ in range(n_starts - len(points))]
    arrived = [end for end in ends if end.arrived]
    best = min(arrived or ends[: len(points)], key=_depth)
    hits = sum(abs(float(end.evaluation.value[0] - best.evaluation.value[0])) * problem.n_counted <= SAME_VALUE for end in arrived)
    problem.check_rows_apart([best.point])
    if best.reason == "no_finite_start":
        refuse_start(problem, best.point)
    fit = _as_fit(problem, best, n_starts, hits)
    if not arrived and require:
        _refuse(problem, fit, best)
    return fit


def _depth(end: Ascent) -> float:
    value = float(end.evaluation.value[0])
    return value if np.isfinite(value) else np.inf


def _from(problem: Problem, start: np.ndarray) -> Ascent:
    """From one start to its end, which is none where a logarithm is known within no bounds."""
    end = _climbed(problem, start)
    if not end.arrived:
        return end
    errors = np.sqrt(np.diagonal(inverse(end.evaluation.hessian[0])) / problem.n_counted)
    nowhere = problem.space.sized & ~(errors < NOWHERE)
    if not nowhere.any():
        return end
    return dataclasses.replace(end, reason="endless", direction=np.where(nowhere, np.sign(end.point - start), 0.0))


def _climbed(problem: Problem, start: np.ndarray) -> Ascent:
    """From one start to where Newton stops; of many rows a sample goes ahead, so that all are passed over a few times only."""
    sample = problem.sample
    if sample is not None:
        ahead = ascend(sample.evaluate, start, problem.space.sized)
        if ahead.arrived:
            whole = ascend(problem.evaluate, ahead.point, problem.space.sized)
            path = np.concatenate([ahead.path, whole.path[1:]])
            if whole.arrived:
                return dataclasses.replace(whole, path=path, n_steps=ahead.n_steps + whole.n_steps)
    return ascend(problem.evaluate, start, problem.space.sized)


def _spread(end: Ascent, sized: np.ndarray) -> np.ndarray:
    curvature = np.abs(np.diagonal(end.evaluation.hessian[0]))
    known = np.isfinite(curvature) & (curvature > 0)
    return np.where(sized, 1.0, 2.0 / np.sqrt(np.where(known, curvature, 4.0)))


def _as_fit(problem: Problem, end: Ascent, n_starts: int, n_hits: int) -> LikelihoodFit:
    values, jacobian = end.evaluation.extras
    p = len(end.point)
    covariance = np.full((p, p), np.nan)
    if end.arrived:
        covariance = inverse(end.evaluation.hessian[0] * problem.n_units)
    notes = []
    if n_starts > 1 and n_hits == 1:
        notes.append(f"Of {n_starts} starts one alone reached this maximum: there may be a higher one. Try more starts.")
    value = float(end.evaluation.value[0])
    at_end = jax.device_get(problem.space.values(end.point)) if end.unseen.any() else values
    return LikelihoodFit(
        problem.space,
        end.point,
        covariance,
        np.asarray(at_end, dtype=float),
        np.asarray(jacobian),
        -value * problem.n_units,
        problem.n_units,
        end.reason,
        end.n_steps,
        end.path,
        n_starts,
        n_hits,
        notes,
    )


def inverse(hessian: np.ndarray) -> np.ndarray:
    """Of a positive definite matrix whose rows may be of very different sizes."""
    size = 1.0 / np.sqrt(np.abs(np.diagonal(hessian)))
    inside = np.linalg.inv(hessian * np.outer(size, size)) * np.outer(size, size)
    return 0.5 * (inside + inside.T)


def refuse_start(problem: Problem, point: np.ndarray) -> None:
    """Say at which rows the likelihood, or its derivative, is not finite.

    Raises
    ------
    ValueError
    """
    terms, gradients = problem.of_rows(point)
    at = _at(problem, point)
    bad = ~np.isfinite(terms)
    if bad.any():
        refuse_missing(problem, np.isnan(terms))
        row = int(np.argmax(bad))
        raise ValueError(
            f"log_likelihood is {terms[row]} at the start ({at}) for {bad.sum():,} of {len(bad):,} rows, the first of them row "
            f"{problem.rows[row]} (rows count from 0): {problem.columns.row_in_words(row)}. Give a start at which every row is possible, "
            "starts={...}, or leave out rows that are impossible under the model."
        )
    bad = ~np.isfinite(gradients).all(axis=1)
    row, which = (int(np.argmax(bad)), "") if bad.any() else (_without_curvature(problem, point), "second ")
    raise ValueError(
        f"log_likelihood has a value at the start ({at}) but no finite {which}derivative, at row {problem.rows[row]} (rows count from 0): "
        f"{problem.columns.row_in_words(row)}. The usual causes are powers, logarithms and roots at 0, (t / eta)**k at t = 0, and "
        "jnp.where(safe, f(x), 0): both branches are differentiated. Keep 0 out of the argument, not of the result: "
        "jnp.where(t > 0, f(jnp.where(t > 0, t, 1)), 0)."
    )


def refuse_missing(problem: Problem, without_value: np.ndarray) -> None:
    """Say which column misses a value, among those that the function reads, in rows (n,) whose term is nan.

    Raises
    ------
    ValueError
    """
    for name in columns_read(problem.objective, problem.space, problem.columns):
        column = problem.columns.leaves[name]
        if column.dtype.kind != "f":
            continue
        missing = without_value & np.isnan(column).reshape(len(column), -1).any(axis=1)
        if missing.any():
            row, others = problem.rows[int(np.argmax(missing))], int(missing.sum()) - 1
            more = f" and {others:,} more" if others else ""
            raise ValueError(
                f"column {name!r} is missing (nan) in row {row} (rows count from 0){more}, and log_likelihood is nan there. Leave such "
                f"rows out, data.dropna(subset=[{name!r}]) of a pandas frame; fill them; or let log_likelihood say what a row without it "
                "contributes, with jnp.where and arguments that are numbers on both sides."
            )


def _without_curvature(problem: Problem, point: np.ndarray) -> int:
    """A row whose second derivatives are not finite, found by halves, all with the program of the whole."""
    rows = np.arange(problem.columns.n)
    while len(rows) > 1:
        half = rows[: len(rows) // 2]
        finite = np.isfinite(problem.of_some(half).evaluate(point).hessian).all()
        rows = rows[len(half) :] if finite else half
    return int(rows[0])


def _at(problem: Problem, point: np.ndarray) -> str:
    return ", ".join(f"{name}={_brief(np.asarray(value))}" for name, value in problem.space.bind(point).items())


def _brief(value: np.ndarray) -> str:
    return f"{float(value):.4g}" if value.ndim == 0 else np.array2string(value, precision=4, threshold=6, separator=", ")


def _refuse(problem: Problem, fit: LikelihoodFit, end: Ascent) -> None:
    """Say why there is no estimate.

    Raises
    ------
    NoFiniteMaximum, NotConverged
    """
    if end.reason == "flat":
        raise NoFiniteMaximum(
            f"the likelihood is flat along {_in_words(fit.space, end.direction)}: the data do not tell these apart. Give one of them as "
            "known, or leave one out: collinear columns, a column of zeros, or one parameter too many are the usual causes; or an absolute "
            "value, which has no curvature.",
            fit,
        )
    if end.beyond is not None:
        terms, gradients = problem.of_rows(end.beyond)
        row = int(np.argmax(~(np.isfinite(terms) & np.isfinite(gradients).all(axis=1))))
        raise NotConverged(
            f"the fit met a wall after {end.n_steps} steps, at log-likelihood {fit.log_likelihood:.6g}: at {_at(problem, end.beyond)} "
            f"log_likelihood, or a derivative, is not finite for row {problem.rows[row]} (value {terms[row]}). If the row is possible "
            "there, the computation gives out: stay with logarithms (logaddexp, log1p, log_ndtr, exponents instead of powers); if it is "
            "impossible, the maximum may lie at that edge. Or begin elsewhere, starts={...}.",
            fit,
        )
    if end.reason == "endless" or end.direction is not None:
        where = "" if end.direction is None else f" as {_running(fit.space, end.direction)}"
        raise NoFiniteMaximum(
            f"the likelihood has no finite maximum: it keeps rising{where}. Some combination of columns may tell outcomes apart without "
            "an error (separation), or the data ask for a limit of the model. Leave that column or parameter out, give it as known, or "
            "begin elsewhere.",
            fit,
        )
    raise NotConverged(
        f"the fit stopped without reaching a maximum: {end.reason}, after {end.n_steps} steps at log-likelihood {fit.log_likelihood:.6g}. "
        "Give other starts, or known values; look at the last state with require_convergence=False.",
        fit,
    )


def _in_words(space: ParameterSpace, direction: Any) -> str:
    names, domains = space.coordinate_names, space.coordinate_domains
    parts = [
        f"{share:+.3g} {name if isinstance(domain, RealDomain) else f'log {name}'}"
        for name, domain, share in zip(names, domains, direction, strict=True)
        if abs(share) > SHOWN
    ]
    return parts[0].split(" ", 1)[1] if len(parts) == 1 else ", ".join(parts)


def _running(space: ParameterSpace, direction: np.ndarray) -> str:
    parts = []
    for name, domain, share in zip(space.coordinate_names, space.coordinate_domains, direction, strict=True):
        if abs(share) <= SHOWN:
            continue
        with np.errstate(over="ignore", divide="ignore"):
            end = np.sign(share) * np.inf if isinstance(domain, RealDomain) else float(domain.moved(0.5, 1.0, np.sign(share) * np.inf))
        parts.append(f"{name} runs to {end:g}".replace("inf", "infinity"))
    return " and ".join(parts)
