"""Maximum likelihood for a distribution: from a template and lifetimes to estimates with their covariance."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import jax
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.distributions.fields import PART
from survjax.fitting.causes import are_all_known, is_labelled
from survjax.fitting.likelihood import LIKELIHOOD, Described, likelihood_chunks
from survjax.fitting.prior import Penalty, Prior, penalty_of
from survjax.fitting.search import Optimum
from survjax.fitting.starts import ENOUGH_ROWS, several_starts, single_start
from survjax.numerics.blocks import Chunk, sums
from survjax.numerics.newton import Descent, Evaluation

SCANNED = 6.0  # in the one coordinate to either side of its start: a factor of 400
ARRIVED = ("converged", "at_rounding_floor")  # reasons to stop that are maxima


@dataclass
class Fit:
    """What a fit learned. Parameters are in the user's unit of time; coordinates are those of ``template.bind``.

    Attributes
    ----------
    template : the distribution with None where something was learned.
    coordinates (p,), coordinate_covariance (p, p) : on the real line.
    values (m,), covariance (m, m) : all parameters by name, known ones with zero variance, unidentified ones nan.
    path (s, p) : the coordinates a step, from start to optimum.
    log_likelihood : that of the data alone.
    prior : of parameters by name, where there are any; penalty : what they take off the log-likelihood.
    notes : what the reader of the result should know, in sentences.
    asked : at a boundary, where the template has less to learn, what was to be learned; None elsewhere.
    """

    template: Distribution
    names: tuple[str, ...]
    coordinates: np.ndarray
    coordinate_covariance: np.ndarray
    values: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    n_learned: int
    n_units: float
    n_failed: float
    reason: str
    n_steps: int
    path: np.ndarray
    path_template: Distribution
    notes: list[str] = field(default_factory=list)
    n_starts: int = 1
    n_hits: int = 1
    prior: Mapping[str, Prior] = field(default_factory=dict)
    penalty: float = 0.0
    asked: Distribution | None = None

    @property
    def penalised(self) -> float:
        """What the fit has made as large as it can be: the log-likelihood less the penalty."""
        return self.log_likelihood - self.penalty

    @property
    def converged(self) -> bool:
        return self.reason in ARRIVED

    def distribution(self) -> Distribution:
        """The template with what was learned filled in."""
        return self.template.bind(np.asarray(self.coordinates))


@dataclass
class Problem:
    """A template and its data, in the unit of time in which the optimiser works.

    Attributes
    ----------
    n_failed : failures, at known ages or within intervals; n_exact : those at known ages, which contribute a density; the dead on arrival
        do not.
    prior : of parameters by name, in the user's unit.

    With a prior every log-likelihood here is a penalised one.
    """

    template: Distribution
    data: list[dict[str, Chunk]]
    n_failed: float
    n_exact: float
    unit: float
    lanes: int
    prior: Mapping[str, Prior] = field(default_factory=dict, kw_only=True)

    @cached_property
    def penalty(self) -> Penalty:
        return penalty_of(self.prior, self.template, self.unit)

    def penalty_at(self, points: np.ndarray) -> np.ndarray:
        """What the prior takes off the log-likelihood at points (..., p)."""
        return self.penalty.at(points)

    @property
    def per_unit(self) -> float:
        """What the log-likelihood is divided by for the optimiser: the failures, which carry the information."""
        return self.n_failed or 1.0

    def evaluate(self, points: np.ndarray, active: np.ndarray) -> Evaluation:
        """The mean negative log-likelihood per failure, with the penalty of the prior; extras are a ``Described``.

        The penalty is added here, outside of the compiled program, so that a fit with a prior compiles nothing of its own.
        """
        result = sums(LIKELIHOOD, self.template, points, active, self.data)
        counted = [statistics for statistics in result.statistics.values() if statistics]
        failures, ages = (sum(parts) for parts in zip(*counted, strict=True)) if counted else (np.zeros(result.extras.shape[:2]),) * 2
        extras = Described(result.report, result.report_jacobian, result.extras, failures, ages)
        scale = 1.0 / self.per_unit
        value, gradient, hessian, size = result.value, result.gradient, result.hessian, result.size
        if self.prior:
            penalty = self.penalty.at(points)
            value, gradient, size = value - penalty, gradient - self.penalty.gradient(points), size + penalty
            hessian = hessian - self.penalty.hessian(points.shape[-1])
        return Evaluation(-value * scale, -gradient * scale, -hessian * scale, extras, size * scale)

    def log_likelihoods(self, points: np.ndarray) -> np.ndarray:
        """The log-likelihood at any number of points (m, p), by the program at hand; -inf where it is not finite."""
        values = []
        for first in range(0, len(points), self.lanes):
            batch = points[first : first + self.lanes]
            padded = np.concatenate([batch, np.repeat(batch[:1], self.lanes - len(batch), axis=0)])
            evaluation = self.evaluate(padded, np.arange(self.lanes) < len(batch))
            values.append(np.where(evaluation.is_finite(), -evaluation.value, -np.inf)[: len(batch)])
        return np.concatenate(values) * self.per_unit

    def like(self, other: Problem) -> Problem:
        """The same problem for the data of another."""
        return dataclasses.replace(self, data=other.data, n_failed=other.n_failed, n_exact=other.n_exact)

    def to_user(self, log_likelihood: float) -> float:
        """A log-likelihood of times in the inner unit, as one of times in the user's."""
        return log_likelihood - self.n_exact * float(np.log(self.unit))


def placed(template: Distribution, life: Lifetimes) -> Distribution:
    """The template with the constants filled in that a fit places by the data."""
    if template.start_of_support < 0.0 or (not template.parts() and type(template).with_knots is Distribution.with_knots):
        return template  # and no ages are looked at: that takes a tenth of a fit
    ages = life.in_the_middle().failed().durations
    return template.with_knots(np.log(ages[ages > 0]))


def pose(
    template: Distribution,
    life: Lifetimes,
    lanes: int = 1,
    as_many_as: int = 0,
    unit: float | None = None,
    prior: Mapping[str, Prior] = MappingProxyType({}),
) -> Problem:
    """The problem of fitting a template to lifetimes, in a unit of time near the failure times."""
    if unit is None:
        unit = unit_of_time(template, life)
    inner = jax.tree.map(lambda value: np.asarray(value, float), template.rescaled(1.0 / unit))
    data = likelihood_chunks(template, life, unit, as_many_as)
    return Problem(inner, data, life.n_failed, _n_densities(template, life), unit, lanes, prior=prior)


def _n_densities(template: Distribution, life: Lifetimes) -> float:
    """How many units contribute a density: those that failed at a known age, where the law has no mass."""
    if not template.has_mass_at_start:
        return life.n_exact
    return life[life.event_observed & (life.lower > template.start_of_support)].n_units


def unit_of_time(template: Distribution, life: Lifetimes) -> float:
    """The geometric mean of the failure times (of many, of some), so that fits in different units take the same path.

    On the whole real line their standard deviation, about which the same holds. Beside ages that stand in the law, such as breaks, the
    power of 2 next to it: rounding may then not take a failure at a break to the other side of it.
    """
    if not template.knows_its_unit():
        return 1.0
    life = life.counted()
    failed = np.flatnonzero(np.isfinite(life.upper) & (life.upper > template.start_of_support))
    if not len(failed):
        return 1.0
    sample = life[failed[:: -(-len(failed) // ENOUGH_ROWS)]].in_the_middle()
    if template.start_of_support < 0.0:
        return float(np.std(sample.durations)) or 1.0
    mean = float(np.average(np.log(sample.durations), weights=sample.weights))
    return 2.0 ** round(mean / math.log(2.0)) if template.holds_ages() else math.exp(mean)


def is_wrapper(template: Distribution) -> bool:
    """Whether it is made of other distributions."""
    return any(kind is PART for kind in template.field_kinds().values())


def fit_from_data(problem: Problem, template: Distribution, life: Lifetimes) -> Fit:
    """The optimum of a surface that has only one, from a start read off the data.

    One parameter left to be learned beside known ones may have several under delayed entry: then the highest, from a scan.
    """
    if not life.n_failed:  # then every parameter has a prior, and there is nothing else to begin at
        return as_fit(problem, template, life, descend(problem, problem.penalty.centred(np.zeros(template.n_coordinates()))))
    starts = [single_start(problem.template, life, problem.unit)]
    if is_wrapper(template) and not _separates(template, life):
        starts += several_starts(problem.template, life, problem.unit)
    if len(starts[0]) == 1 and life.entered_late().any():
        grid = starts[0] + np.linspace(-SCANNED, SCANNED, 41)[:, None]
        heights = problem.log_likelihoods(grid)
        inner = np.flatnonzero((heights[1:-1] >= heights[:-2]) & (heights[1:-1] > heights[2:])) + 1
        starts += list(grid[inner])
    optima = [descend(problem, start) for start in starts]
    arrived = [optimum for optimum in optima if optimum.reason in ARRIVED]
    best = max(arrived, key=lambda optimum: optimum.log_likelihood) if arrived else optima[0]
    return as_fit(problem, template, life, best)


def _separates(template: Distribution, life: Lifetimes) -> bool:
    """Whether it is competing risks, each of one optimum, of which every failure says the cause: each has its own start."""
    if not is_labelled(template) or any(is_wrapper(component) for component in template.components):
        return False
    return are_all_known(template, life)


def log_likelihood(distribution: Distribution, life: Lifetimes) -> float:
    """The log-likelihood of a distribution with nothing left to learn."""
    problem = pose(distribution, life)
    value = problem.evaluate(np.zeros((1, 0)), np.ones(1, dtype=bool)).value[0]
    return problem.to_user(-float(value) * problem.per_unit)


def fully_known(template: Distribution, life: Lifetimes | None = None) -> Fit:
    """What a fit is when every parameter is known: nothing learned; with data, their log-likelihood."""
    parameters = template.parameters()
    m = len(parameters)
    values = np.array([float(parameter.value) for parameter in parameters.values()])
    likelihood = np.nan if life is None else log_likelihood(template, life)
    units = (0.0, 0.0) if life is None else (life.n_units, life.n_failed)
    return Fit(
        template,
        tuple(parameters),
        np.zeros(0),
        np.zeros((0, 0)),
        values,
        np.zeros((m, m)),
        likelihood,
        0,
        *units,
        "converged",
        0,
        np.zeros((1, 0)),
        template,
    )


def descend(problem: Problem, start: np.ndarray) -> Optimum:
    """From one start to where it ends."""
    if not len(start):
        evaluation = jax.tree.map(lambda array: array[0], problem.evaluate(np.zeros((problem.lanes, 0)), np.arange(problem.lanes) == 0))
        return Optimum(start, -float(evaluation.value) * problem.per_unit, np.zeros(0), "converged", 0, [start], evaluation, start)
    descent = Descent(problem.evaluate, np.tile(start, (problem.lanes, 1)), n_started=1).run()
    evaluation = jax.tree.map(lambda array: array[0], descent.evaluation)
    value = -float(evaluation.value) * problem.per_unit
    return Optimum(
        descent.points[0],
        value,
        np.zeros(0),
        str(descent.reasons[0]),
        int(descent.n_steps[0]),
        descent.paths[0],
        evaluation,
        descent.unseen[0],
    )


def as_fit(problem: Problem, template: Distribution, life: Lifetimes, optimum: Optimum) -> Fit:
    described = optimum.evaluation.extras
    parameters = template.parameters()
    names = tuple(parameters)
    domains = [parameter.domain for parameter in parameters.values()]
    slopes = np.array([domain.rescaled_slope(problem.unit) for domain in domains])
    # The last step was taken without another pass: the report follows it to first order, an error of its square.
    inner = described.values + described.jacobian @ optimum.unseen
    values = np.array([domain.rescaled(value, problem.unit) for domain, value in zip(domains, inner, strict=True)])
    hessian = optimum.evaluation.hessian * problem.per_unit
    covariance = _inverse(hessian) if optimum.reason in ARRIVED else np.full(hessian.shape, np.nan)
    natural = described.jacobian * slopes[:, None]
    known = np.array([parameter.value is not None for parameter in parameters.values()])
    values = np.where(known, [np.nan if p.value is None else float(p.value) for p in parameters.values()], values)
    natural_covariance = natural @ covariance @ natural.T
    coordinate_slopes = np.array([domain.coordinate_slope(problem.unit) for domain in template.coordinate_domains()])
    moves = [True, *(np.abs(np.diff(optimum.path, axis=0)).max(axis=1, initial=0.0) > 1e-12)]  # a change of order or of sample is no step
    path = np.array(optimum.path)[moves]
    natural_covariance[known] = natural_covariance[:, known] = 0.0
    penalty = float(problem.penalty_at(optimum.point))
    return Fit(
        template=template,
        names=names,
        coordinates=_user_coordinates(template, problem.unit, optimum.point),
        coordinate_covariance=covariance * np.outer(coordinate_slopes, coordinate_slopes),
        values=values,
        covariance=natural_covariance,
        log_likelihood=problem.to_user(optimum.log_likelihood + penalty),
        n_learned=template.n_coordinates(),
        n_units=life.n_units,
        n_failed=life.n_failed,
        reason=optimum.reason,
        n_steps=len(path) - 1,
        path=_user_coordinates(template, problem.unit, path),
        path_template=template,
        prior={name: one for name, one in problem.prior.items() if name in names},
        penalty=penalty,
    )


def _inverse(hessian: np.ndarray) -> np.ndarray:
    scale = 1.0 / np.sqrt(np.abs(np.diag(hessian)))
    inverse = np.linalg.inv(hessian * np.outer(scale, scale)) * np.outer(scale, scale)
    return 0.5 * (inverse + inverse.T)


def _user_coordinates(template: Distribution, unit: float, point: np.ndarray) -> np.ndarray:
    changed = np.array(point, dtype=float)
    for index, domain in enumerate(template.coordinate_domains()):
        changed[..., index] = domain.coordinate_rescaled(changed[..., index], unit)
    return changed
