"""Maximum likelihood for a mixture: the search, its boundary, and what may honestly be said of the result."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import jax
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, Mixture
from survjax.errors import NoFiniteMaximum
from survjax.fitting.crowd import FailureAges
from survjax.fitting.estimation import ARRIVED, Fit, Problem, as_fit, descend, pose
from survjax.fitting.faces import Face, MergedFace, alike_components, component_priors, faces, of_one_kind, on_face
from survjax.fitting.prior import Prior, sets_spread
from survjax.fitting.search import LANES, SAME_PLACE, SAME_VALUE, SHARP, Judge, Optimum, SearchResult, find_optima, spreads
from survjax.fitting.starts import Base, Starts, single_start, thinned
from survjax.numerics.blocks import BLOCK
from survjax.numerics.pytrees import in_plain_numbers
from survjax.parameters import RealDomain

SEARCH_ROWS = 2 * BLOCK  # beyond, a mixture is searched on a sample and only the best optima see every row
REFINED = 3  # how many optima of a sample are carried on to all rows
NEARLY_FLAT = 1e-7  # ratio of extreme curvatures below which some combination of parameters is all but free


def fit_mixture(template: Mixture, life: Lifetimes, n_starts: int | None, seed: int, prior: Mapping[str, Prior]) -> Fit:
    """The best honest maximum of a mixture's likelihood; that of the best of its faces where none is higher.

    Components that may be swapped are ordered by their medians. With a prior all that is compared is penalised.

    Raises
    ------
    NoFiniteMaximum : no start led to an honest maximum, nor is there one on a face.
    """
    search = MixtureSearch(template, life, n_starts, seed, prior)
    contained = search.contained()
    if len(template.components) == 1 and contained:
        return contained[0].fit
    result = search.inside(search.whole, [model.base() for model in contained if len(model.kept) == len(template.components) - 1])
    highest = max((model.fit.penalised for model in contained), default=-np.inf)
    # what is no higher than a model it contains is that model, seen with a weight that is all but 0
    result.optima = [optimum for optimum in result.optima if search.whole.to_user(optimum.log_likelihood) > highest + SAME_VALUE]
    if not result.optima and not contained:
        result.optima, result.coincidences = result.coincidences, []  # nothing else to return
    if result.optima:
        best = search.ordered(search.whole, result.optima[0])
        fit = as_fit(search.whole, template, life, best)
        fit.n_hits = best.hits
        fit.notes += _notes(fit, contained, result, best, search)
    elif contained:
        simplest = next(model for model in contained if model.fit.penalised >= highest - SAME_VALUE)
        fit = _at_boundary(template, simplest, search)
        if result.n_spikes:
            fit.notes.append(
                f"{result.n_spikes} of {result.n_starts} starts ended in a spike, a component that shrinks onto a few failure ages without "
                "end, which is no estimate."
                + (
                    ' Where ages were rounded, say how finely: fit(life, resolution=1.0), with rounded="down" for completed days.'
                    if life.n_exact
                    else ""
                )
            )
    else:
        raise NoFiniteMaximum(
            f"none of {result.n_starts} starts led to a maximum at which every component is honest ({result.n_spikes} ended in a "
            f"spike on a few failure ages, {result.n_unfinished} where the likelihood still rose as a parameter ran to its end). Use fewer "
            "components, give known parameters or a prior on the shapes, or say how finely ages were recorded (resolution=, with "
            'rounded="down" for completed days).'
        )
    fit.n_starts = result.n_starts
    fit.notes += _passed_over(fit, result, search.whole)
    highest_flat = search.whole.to_user(result.highest_flat)
    if highest_flat > fit.penalised + 0.01:
        fit.notes.append(
            f"The likelihood is higher still ({highest_flat:.4f}) where a parameter runs to infinity, as when a part of the "
            "population never fails; no finite estimate exists there, and what is reported is the best one that does."
        )
    return fit


@dataclass
class Contained:
    """The fit of a smaller model that a mixture contains: of the components ``kept``, all the same if ``merged``."""

    kept: tuple[int, ...]
    problem: Problem
    optimum: Optimum
    fit: Fit
    merged: bool = False

    def base(self) -> Base:
        return cast(Face, self.problem).base(self.optimum)

    def __str__(self) -> str:
        if self.merged or len(self.kept) == 1:
            law = self.fit.template if len(self.kept) == 1 else cast(Mixture, self.fit.template).components[0]
            return f"one {type(law).__name__}"
        return f"one of {len(self.kept)} of its components"


class MixtureSearch:
    """The search of a mixture and of its faces, all with the mixture's own program."""

    def __init__(self, template: Mixture, life: Lifetimes, n_starts: int | None, seed: int, prior: Mapping[str, Prior]) -> None:
        self.template, self.life, self.n_starts, self.seed = template, life, n_starts, seed
        self.priors = component_priors(template, prior)
        self.whole = pose(template, life, LANES, prior=prior)
        self.sampled = self.whole
        if len(life) > SEARCH_ROWS:
            self.sampled = pose(template, thinned(life, SEARCH_ROWS), LANES, as_many_as=len(life), unit=self.whole.unit, prior=prior)
        # a component without weight is no further from where its prior expects it than it need be: that costs nothing
        self.origin = self.whole.penalty.centred(single_start(self.whole.template, life, self.whole.unit))
        # the records' resolution matters only where failures are taken for exact: an interval says how wide it is
        failed = life.event_observed & (life.counts() > 0)
        ages, which = np.unique(life.durations[failed], return_inverse=True)
        self.failed = FailureAges(ages / self.whole.unit, np.bincount(which, life.counts()[failed], len(ages)))

    def contained(self) -> list[Contained]:
        """The fits of the smaller models, simplest first; those are left out that have no maximum."""
        found: list[Contained] = []
        for kept in faces(self.template, self.whole.prior):
            face, model = Face.of(self.whole, kept, self.origin), on_face(self.template, kept)
            if isinstance(model, Mixture) and model.n_coordinates():
                found += self._merged(face, model, kept)
                within = [smaller for smaller in found if set(smaller.kept) < set(kept) and len(smaller.kept) == len(kept) - 1]
                optima = self.inside(face, [face.base_within(smaller.base()) for smaller in within]).optima
                optimum = self.ordered(face, optima[0]) if optima else None
            else:
                optimum = descend(face, single_start(face.template, self.life, self.whole.unit))
            if optimum is not None and optimum.reason in ARRIVED:
                found.append(Contained(kept, face, optimum, as_fit(face, model, self.life, optimum)))
        return found + self._merged(self.whole, self.template, tuple(range(len(self.template.components))))

    def _merged(self, problem: Problem, model: Mixture, kept: tuple[int, ...]) -> list[Contained]:
        """The single law that a mixture of known weights is when its components are all the same."""
        if None in model.weights or not of_one_kind(model):
            return []
        merged = MergedFace.of(problem)
        optimum = descend(merged, single_start(merged.template, self.life, self.whole.unit))
        if optimum.reason not in ARRIVED:
            return []
        single, matrix = as_fit(merged, model.components[0], self.life, optimum), merged.matrix
        size = 1 + len(single.values)
        values, covariance = np.zeros(len(kept) * size), np.zeros((len(kept) * size,) * 2)
        values[::size] = model.weights
        rows = np.flatnonzero(np.arange(len(values)) % size)
        values[rows] = np.tile(single.values, len(kept))
        covariance[np.ix_(rows, rows)] = np.tile(single.covariance, (len(kept), len(kept)))
        fit = dataclasses.replace(
            single,
            template=model,
            names=tuple(model.parameters()),
            coordinates=matrix @ single.coordinates,
            coordinate_covariance=matrix @ single.coordinate_covariance @ matrix.T,
            values=values,
            covariance=covariance,
            n_learned=model.n_coordinates(),
            path=single.path @ matrix.T,
            path_template=model,
            prior=dict(problem.prior),
        )
        point = matrix @ optimum.point
        evaluation = jax.tree.map(
            lambda array: array[0], problem.evaluate(np.tile(point, (problem.lanes, 1)), np.arange(problem.lanes) == 0)
        )
        return [Contained(kept, problem, dataclasses.replace(optimum, point=point, evaluation=evaluation), fit, merged=True)]

    def inside(self, problem: Problem, bases: list[Base]) -> SearchResult:
        """The honest maxima at which every component has weight, of the mixture or of what it is on a face."""
        mixture = cast(Mixture, problem.template)
        sampled = problem if self.sampled is self.whole else problem.like(self.sampled)
        judge = self.judge(mixture, sampled)
        starts = Starts(mixture, self.life.in_unit(self.whole.unit), self.seed, bases)
        result = find_optima(sampled.evaluate, iter(starts.rank(sampled.log_likelihoods)), judge, self.n_starts)
        if sampled is not problem:
            result.highest_flat = -np.inf  # that of the sample does not compare
            refined = [_refined(problem, rough) for rough in result.optima[:REFINED]]
            honest = [o for o in refined if o.reason in ARRIVED and not judge.has_spike(o.evaluation.extras)]
            for optimum in honest:
                optimum.features = judge.features(optimum.evaluation.extras)
                optimum.crowd = judge.coincidence(optimum.point, optimum.evaluation.extras)
            honest.sort(key=lambda optimum: -optimum.log_likelihood)
            result.optima = [optimum for optimum in honest if not optimum.crowd]
            result.coincidences = [optimum for optimum in honest if optimum.crowd]
        return result

    def judge(self, mixture: Mixture, problem: Problem) -> Judge:
        components, priors, template = mixture.components, self.priors_on(problem), cast(Mixture, problem.template)
        sizes = np.array([1 + len(component.parameters()) for component in components])
        real = np.array([isinstance(parameter.domain, RealDomain) for parameter in mixture.parameters().values()])
        narrow = np.array([can_narrow(part, prior) for part, prior in zip(components, priors, strict=True)])
        on_the_line = mixture.start_of_support < 0.0
        return Judge(alike_components(mixture, priors), sizes, real, narrow, on_the_line, self.failed, template, problem.per_unit)

    def priors_on(self, problem: Problem) -> list[dict[str, Prior]]:
        """The prior of each component that a problem has."""
        return [self.priors[index] for index in problem.kept] if isinstance(problem, Face) else self.priors

    def ordered(self, problem: Problem, best: Optimum) -> Optimum:
        """The same optimum with components that may be swapped ordered by median, evaluated there by the program at hand."""
        if not _exchangeable(cast(Mixture, problem.template), self.priors_on(problem)):
            return best
        order = np.argsort(best.evaluation.extras.quartiles[:, 1], kind="stable")
        if np.array_equal(order, np.arange(len(order))):
            return best
        path = [_swapped(point, order) for point in best.path]
        ordered = descend(problem, path[-1])
        return dataclasses.replace(
            best,
            point=ordered.point,
            path=path + ordered.path[1:],
            evaluation=ordered.evaluation,
            unseen=ordered.unseen,
            log_likelihood=ordered.log_likelihood,
        )


def _exchangeable(template: Mixture, priors: list[dict[str, Prior]]) -> bool:
    structures = {jax.tree.structure(component) for component in template.components}
    return len(structures) == 1 and not jax.tree.leaves(template) and all(prior == priors[0] for prior in priors)


def can_narrow(component: Distribution, prior: Mapping[str, Prior]) -> bool:
    """Whether it can shrink onto one age without end: what sets its spread, its shape or else its scale, is not held."""
    parameters = component.parameters()
    spreads = [name for name, parameter in parameters.items() if sets_spread(parameter, component)]
    return any(parameters[name].value is None and name not in prior for name in (spreads or parameters))


def _refined(problem: Problem, rough: Optimum) -> Optimum:
    optimum = descend(problem, rough.point)
    optimum.path = rough.path + optimum.path[1:]
    optimum.n_steps += rough.n_steps
    optimum.hits = rough.hits
    return optimum


def _at_boundary(template: Mixture, found: Contained, search: MixtureSearch) -> Fit:
    """The fit of a smaller model as one of the whole mixture: what has no weight and is not known has no values and no errors."""
    kept, fit, k = found.kept, found.fit, len(template.components)
    note = f"No mixture of {k} was found with a higher likelihood than {found}, so this is that: "
    if len(kept) == k:
        return dataclasses.replace(fit, notes=[note + "all components are the same.", *fit.notes])
    at = np.cumsum([0, *(1 + len(component.parameters()) for component in template.components)])
    skipped = 1 if len(kept) == 1 else 0
    rows = [row for index in kept for row in range(at[index] + skipped, at[index + 1])]
    given = [parameter.value for parameter in template.parameters().values()]
    values = np.array([np.nan if value is None else float(value) for value in given])
    values[at[:-1]] = 0.0
    values[at[kept[0]]] = 1.0
    values[rows] = fit.values
    covariance = np.where(np.isnan(values[:, None] + values), np.nan, 0.0)
    # a weight at the end of its range has no error that a normal distribution describes
    unsure = [at[index] for index, weight in enumerate(template.weights) if weight is None and (index not in kept or skipped)]
    covariance[unsure] = covariance[:, unsure] = np.nan
    covariance[np.ix_(rows, rows)] = fit.covariance
    # Components of weight 0 change no prediction; where the search began stands in for them where a number is needed.
    began = cast(Mixture, search.whole.template.bind(search.origin).rescaled(search.whole.unit))
    components = [
        component if index in kept else in_plain_numbers(began.components[index]) for index, component in enumerate(template.components)
    ]
    left = iter((1.0,) if len(kept) == 1 else cast(Mixture, fit.template).weights)
    weights = tuple(next(left) if index in kept else 0.0 for index in range(k))
    boundary = dataclasses.replace(template, components=tuple(components), weights=weights)
    note += (
        f"{_listed(kept)} the weight, and what is to be learned of the others is not identified; it has neither values nor standard errors."
    )
    return dataclasses.replace(
        fit,
        template=boundary,
        names=tuple(template.parameters()),
        values=values,
        covariance=covariance,
        n_learned=template.n_coordinates(),
        path_template=boundary,
        notes=[note, *fit.notes],
        prior={name: prior for name, prior in search.whole.prior.items() if boundary.parameters()[name].value is None},
    )


def _listed(kept: tuple[int, ...]) -> str:
    if len(kept) == 1:
        return f"component {kept[0]} has all"
    return f"components {', '.join(map(str, kept[:-1]))} and {kept[-1]} have all"


def _swapped(point: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Coordinates of a mixture of alike components when its components are taken in another order."""
    k = len(order)
    parts = point[: -(k - 1)].reshape(k, -1)
    log_odds = np.append(point[-(k - 1) :], 0.0)[order]
    return np.concatenate([parts[order].ravel(), log_odds[:-1] - log_odds[-1]])


def _passed_over(fit: Fit, result: SearchResult, whole: Problem) -> list[str]:
    """A sentence where a higher maximum was not returned because chance explains it."""
    highest = max(result.coincidences, key=lambda optimum: optimum.log_likelihood, default=None)
    if highest is None or highest.crowd is None or whole.to_user(highest.log_likelihood) <= fit.penalised:
        return []
    crowd = highest.crowd.in_unit(whole.unit)
    return [
        f"A higher maximum (log-likelihood {whole.to_user(highest.log_likelihood):.4f}) was passed over: a component of it, with "
        f"{100 * crowd.weight:.2g} % of the units, rests on {crowd}. If you know these failures for a population, say so by a prior on its "
        "shape: fit(life, prior=...)."
    ]


def _notes(fit: Fit, contained: list[Contained], result: SearchResult, best: Optimum, search: MixtureSearch) -> list[str]:
    notes = []
    simpler = min(contained, key=lambda model: _bic_by_failures(model.fit), default=None) if fit.n_failed else None
    if simpler is not None and _bic_by_failures(fit) >= _bic_by_failures(simpler.fit):
        notes.append(
            f"Not distinguishable from {simpler}, which is the safer description: by {_criterion(fit)} it has "
            f"{_bic_by_failures(simpler.fit):.2f} against {_bic_by_failures(fit):.2f} for the mixture."
        )
    notes += _sharp_components(fit, best, search)
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


def _sharp_components(fit: Fit, best: Optimum, search: MixtureSearch) -> list[str]:
    described = best.evaluation.extras
    spread = spreads(described.quartiles, fit.template.start_of_support < 0.0)
    judge, notes = search.judge(search.template, search.whole), []
    for index in coincidental(described.failures, spread, fit.n_failed):
        crowd = judge.crowd(best.point, described, index)
        on_what = f": {crowd.in_unit(search.whole.unit)}" if crowd else ""
        notes.append(_rests(index, described.failures[index], fit.n_failed, on_what))
    return notes


def coincidences(failures: np.ndarray, spread: np.ndarray, n_failed: float, columns: np.ndarray) -> list[str]:
    """A sentence for each component (k,) that may be a coincidence.

    columns : of covariates, by which a component can meet as many more failures.
    """
    return [_rests(index, failures[index], n_failed) for index in coincidental(failures - columns, spread, n_failed)]


def coincidental(failures: np.ndarray, spread: np.ndarray, n_failed: float) -> list[int]:
    """Which components (k,) may be a coincidence: sharper than wear ever is, and held up by a few failures."""
    return np.flatnonzero((failures < max(10.0, 0.05 * n_failed)) & (spread < 1.572 / SHARP)).tolist()


def _rests(index: int, failures: float, n_failed: float, on_what: str = "") -> str:
    return (
        f"Component {index} rests on about {failures:.0f} of {n_failed:g} failures that fall close together, sharper than wear usually "
        f"makes them{on_what}. It may be a coincidence, a batch, or an event on one day."
    )


def _bic_by_failures(fit: Fit) -> float:
    return -2.0 * fit.penalised + fit.n_learned * float(np.log(fit.n_failed))


def _criterion(fit: Fit) -> str:
    penalised = "of the penalised likelihoods" if fit.prior else "(bic_ takes all units)"
    return f"BIC with n = {fit.n_failed:g} failures {penalised}"
