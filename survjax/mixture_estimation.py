"""Maximum likelihood for a mixture: the search, its boundary, and what may honestly be said of the result."""

from __future__ import annotations

import dataclasses
from typing import cast

import jax
import numpy as np

from survjax.blocks import BLOCK
from survjax.distributions import Mixture
from survjax.errors import NoFiniteMaximum
from survjax.estimation import Fit, Problem, as_fit, descend, in_unit, pose
from survjax.lifetimes import Lifetimes
from survjax.likelihood import Described
from survjax.newton import Evaluation
from survjax.search import LANES, SAME_PLACE, SAME_VALUE, Judge, Optimum, SearchResult, find_optima
from survjax.starts import Starts, single_start, thinned

SEARCH_ROWS = 2 * BLOCK  # beyond, a mixture is searched on a sample and only the best optima see every row
REFINED = 3  # how many optima of a sample are carried on to all rows
SHARP_SHAPE = 15.0  # a Weibull of this shape or more: said of a component that few failures hold up
NEARLY_FLAT = 1e-7  # ratio of extreme curvatures below which some combination of parameters is all but free


def fit_mixture(template: Mixture, life: Lifetimes, n_starts: int | None, seed: int) -> Fit:
    """The best honest maximum of a mixture's likelihood; the single distribution where none is higher.

    Components that may be swapped are ordered by their medians.

    Raises
    ------
    NoFiniteMaximum : no start led to an honest maximum.
    """
    problem = pose(template, life, LANES)
    judge = _judge(template, life, problem)
    result = _search(problem, template, life, judge, n_starts, seed)
    single = _single(template, life, problem) if judge.exchangeable else None
    best = result.optima[0] if result.optima else None
    if single is not None and (best is None or problem.to_user(best.log_likelihood) <= single.log_likelihood + SAME_VALUE):
        fit = _at_boundary(template, single)
    elif best is None:
        raise NoFiniteMaximum(
            f"none of {result.n_starts} starts led to a maximum at which every component is honest ({result.n_spikes} ended in a "
            "spike on single failure ages). Use fewer components or give known parameters."
        )
    else:
        if judge.exchangeable:
            best = _ordered(problem, best)
        fit = as_fit(problem, template, life, best)
        fit.n_hits = best.hits
        fit.notes += _notes(fit, single, result, best)
    fit.n_starts = result.n_starts
    highest_flat = problem.to_user(result.highest_flat)
    if highest_flat > fit.log_likelihood + 0.01:
        fit.notes.append(
            f"The likelihood is higher still ({highest_flat:.4f}) where a parameter runs to infinity, as when a part of the "
            "population never fails; no finite estimate exists there, and what is reported is the best one that does."
        )
    return fit


def _judge(template: Mixture, life: Lifetimes, problem: Problem) -> Judge:
    distinct = np.unique(life.durations[life.event_observed & (life.counts() > 0)]) / problem.unit
    gap = float(np.diff(distinct).min()) if len(distinct) > 1 else 0.0
    return Judge(_exchangeable(template), 0.5 * gap, problem.per_unit)


def _exchangeable(template: Mixture) -> bool:
    structures = {jax.tree.structure(component) for component in template.components}
    return len(structures) == 1 and not jax.tree.leaves(template)


def _search(problem: Problem, template: Mixture, life: Lifetimes, judge: Judge, n_starts: int | None, seed: int) -> SearchResult:
    starts = Starts(cast(Mixture, problem.template), in_unit(life, problem.unit), seed)
    if len(life) <= SEARCH_ROWS:
        return find_optima(problem.evaluate, iter(starts.rank(problem.log_likelihoods)), judge, n_starts)
    sample = thinned(life, SEARCH_ROWS)
    sampled = pose(template, sample, LANES, as_many_as=len(life), unit=problem.unit)
    result = find_optima(
        sampled.evaluate, iter(starts.rank(sampled.log_likelihoods)), dataclasses.replace(judge, per_unit=sampled.per_unit), n_starts
    )
    result.highest_flat = -np.inf  # that of the sample does not compare
    refined = [_refined(problem, rough) for rough in result.optima[:REFINED]]
    honest = [o for o in refined if o.reason in ("converged", "at_rounding_floor") and not judge.has_spike(o.evaluation.extras)]
    for optimum in honest:
        optimum.features = judge.features(optimum.evaluation.extras)
    result.optima = sorted(honest, key=lambda optimum: -optimum.log_likelihood)
    return result


def _refined(problem: Problem, rough: Optimum) -> Optimum:
    optimum = descend(problem, rough.point)
    optimum.path = rough.path + optimum.path[1:]
    optimum.n_steps += rough.n_steps
    optimum.hits = rough.hits
    return optimum


def _single(template: Mixture, life: Lifetimes, problem: Problem) -> Fit:
    """The single distribution that the mixture becomes when one component has all the weight."""
    alike = _AllAlike(problem.template, problem.data, problem.n_failed, problem.unit, lanes=1)
    component = template.components[0]
    start = single_start(cast(Mixture, problem.template).components[0], life, problem.unit)
    return as_fit(alike, component, life, descend(alike, start))


class _AllAlike(Problem):
    """A mixture whose components are all the same is that one distribution: its fit needs no program of its own.

    Points are those of one component; gradients and Hessians follow by the chain rule. Compiling a second program would cost
    the first fit of a process half a second.
    """

    def evaluate(self, points: np.ndarray, active: np.ndarray) -> Evaluation:
        mixture = cast(Mixture, self.template)
        k, p = len(mixture.components), mixture.components[0].n_coordinates()
        m = len(mixture.components[0].parameters())
        spread_out = np.concatenate([np.tile(np.eye(p), (k, 1)), np.zeros((k - 1, p))])
        lanes = np.zeros((LANES, len(spread_out)))
        lanes[0] = spread_out @ points[0]
        full = Problem.evaluate(self, lanes, np.arange(LANES) == 0)
        described: Described = full.extras
        own = slice(1, 1 + m)  # the first component's parameters, after its weight
        extras = Described(
            described.values[:1, own], described.jacobian[:1, own] @ spread_out, described.quartiles[:1], described.failures[:1]
        )
        return Evaluation(full.value[:1], full.gradient[:1] @ spread_out, spread_out.T @ full.hessian[:1] @ spread_out, extras)


def _at_boundary(template: Mixture, single: Fit) -> Fit:
    k, size = len(template.components), len(single.names) + 1
    values, covariance = np.full(k * size, np.nan), np.full((k * size, k * size), np.nan)
    values[::size] = np.eye(k)[0]
    values[1:size] = single.values
    covariance[1:size, 1:size] = single.covariance
    # Components of weight 0 change no prediction; the estimate stands in for them where a number is needed.
    stand_in = jax.tree.map(float, single.distribution())
    boundary = dataclasses.replace(template, components=(single.template, *[stand_in] * (k - 1)), weights=tuple(map(float, np.eye(k)[0])))
    name = type(single.template).__name__
    note = (
        f"No mixture of {k} was found with a higher likelihood than a single {name}, so this is that: component 0 has all the weight, "
        "and the others are not identified; they have neither values nor standard errors."
    )
    return dataclasses.replace(
        single,
        template=boundary,
        names=tuple(template.parameters()),
        values=values,
        covariance=covariance,
        n_learned=template.n_coordinates(),
        path_template=boundary,
        notes=[note],
    )


def _ordered(problem: Problem, best: Optimum) -> Optimum:
    """The same optimum with the components ordered by median, evaluated there by the program at hand."""
    order = np.argsort(best.evaluation.extras.quartiles[:, 1], kind="stable")
    if np.array_equal(order, np.arange(len(order))):
        return best
    path = [_swapped(point, order) for point in best.path]
    ordered = descend(problem, path[-1])
    return dataclasses.replace(
        best, point=ordered.point, path=path + ordered.path[1:], evaluation=ordered.evaluation, log_likelihood=ordered.log_likelihood
    )


def _swapped(point: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Coordinates of a mixture of alike components when its components are taken in another order."""
    k = len(order)
    parts = point[: -(k - 1)].reshape(k, -1)
    log_odds = np.append(point[-(k - 1) :], 0.0)[order]
    return np.concatenate([parts[order].ravel(), log_odds[:-1] - log_odds[-1]])


def _notes(fit: Fit, single: Fit | None, result: SearchResult, best: Optimum) -> list[str]:
    notes = []
    if single is not None and _bic_by_failures(fit) >= _bic_by_failures(single):
        name = type(single.template).__name__
        notes.append(
            f"Not distinguishable from one {name}, which is the safer description: by BIC with n = {fit.n_failed:g} failures (bic_ "
            f"takes all units) it has {_bic_by_failures(single):.2f} against {_bic_by_failures(fit):.2f} for the mixture."
        )
    notes += _sharp_components(fit, best.evaluation.extras)
    eigenvalues = np.linalg.eigvalsh(best.evaluation.hessian)
    if eigenvalues[0] < NEARLY_FLAT * eigenvalues[-1]:
        notes.append("The information matrix is nearly singular: some combination of the parameters is all but unidentified.")
    rivals = [
        optimum
        for optimum in result.optima[1:]
        if abs(optimum.log_likelihood - best.log_likelihood) < SAME_VALUE and np.max(np.abs(optimum.features - best.features)) > SAME_PLACE
    ]
    if rivals:
        notes.append(
            f"Unidentified: {len(rivals) + 1} different sets of parameters have the same log-likelihood to {SAME_VALUE:g}; what is "
            "reported is one of them."
        )
    if best.hits == 1 and result.n_starts > 1:
        notes.append(f"Only one of {result.n_starts} starts reached this optimum; a higher one may exist. Try more with n_starts=.")
    return notes


def _sharp_components(fit: Fit, described: Described) -> list[str]:
    """A sentence for each component that may be a coincidence: sharper than wear ever is, and held up by a few failures."""
    ratio = described.quartiles[:, 2] / described.quartiles[:, 0]
    return [
        f"Component {index} rests on about {failures:.0f} of {fit.n_failed:g} failures that fall close together, sharper than wear "
        "usually makes them: it may be a coincidence, a batch, or an event on one day."
        for index, failures in enumerate(described.failures)
        if failures < max(10.0, 0.05 * fit.n_failed) and np.log(ratio[index]) < 1.572 / SHARP_SHAPE
    ]


def _bic_by_failures(fit: Fit) -> float:
    return -2.0 * fit.log_likelihood + fit.n_learned * float(np.log(fit.n_failed))
