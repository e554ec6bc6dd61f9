"""From a user's function, his parameters and his data to the highest maximum that was found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from survjax.engine.ascent import Ascent, ascend
from survjax.engine.parameter_space import ParameterSpace
from survjax.engine.problem import Problem, values_in_words
from survjax.engine.row_by_row import points_aside
from survjax.engine.start import refuse_start
from survjax.engine.term import called
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.parameters import RealDomain

SAME_VALUE = 1e-6  # in log-likelihood: of two ends of a search, the same optimum
ASIDE = 0.3
FARTHEST, FARTHEST_SIZED = 1_000.0, 10.0  # of the spread of starts at random, for coefficients and for logarithms
HALVINGS = 20  # of a move to where nothing is finite: a millionth of it is left
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


def fit_likelihood(problem: Problem, starts: Sequence[Mapping[str, np.ndarray]], n_starts: int, seed: int, require: bool) -> LikelihoodFit:
    """The highest maximum from these starts and from others drawn at random, ``n_starts`` in all.

    Half of the random starts lie around where the first one ended, where a coefficient is spread by 1 / sqrt(its mean curvature), which is
    about as far as one row could tell it, twice over, and a logarithm or log-odds by 1. The other half lie around the starts given, and how
    far is drawn too, evenly in its logarithm: up to 1,000 times as far, a logarithm or log-odds 10 times. Where the likelihood is not
    finite they come nearer by halves.

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
        for k in range(n_starts - len(points)):
            far = np.where(space.sized, FARTHEST_SIZED, FARTHEST) ** random.random()
            centre, reach = (around, spread) if k % 2 else (points[k // 2 % len(points)], spread * far)
            ends.append(_from(problem, _aside(problem, centre, reach * random.normal(size=len(centre)))))
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


def _aside(problem: Problem, centre: np.ndarray, move: np.ndarray) -> np.ndarray:
    """The centre moved, by less where the likelihood is not finite."""
    for _ in range(HALVINGS):
        if np.isfinite(problem.evaluate(centre + move).value[0]):
            break
        move = 0.5 * move
    return centre + move


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
        at = values_in_words(problem, end.beyond)
        row = int(np.argmax(~(np.isfinite(terms) & np.isfinite(gradients).all(axis=1))))
        raise NotConverged(
            f"the fit met a wall after {end.n_steps} steps, at log-likelihood {fit.log_likelihood:.6g}: at {at} "
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
