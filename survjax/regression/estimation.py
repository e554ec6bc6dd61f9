"""Maximum likelihood for distributions that follow covariates."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np

from survjax.covariates.design import Design
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.fitting.estimation import ARRIVED, is_wrapper, unit_of_time
from survjax.fitting.fit import NOWHERE, SAME_VALUE, fit_distribution
from survjax.fitting.likelihood import chunks_with_covariates, row_log_likelihood
from survjax.fitting.limits import edge_reached
from survjax.fitting.starts import several_starts, single_start
from survjax.numerics.blocks import Chunk
from survjax.numerics.linear_sums import Layout, linear_sums
from survjax.numerics.newton import Descent, Evaluation
from survjax.regression.fewer_components import each_without_one, why_not
from survjax.regression.predictors import Predictors
from survjax.regression.recession import FAR, direction_without_end, running_on
from survjax.regression.spikes import sharp_components, spike
from survjax.regression.thresholds import met_the_first_failure, without_false_errors

BASE_ROWS, BASE_FAILURES = 4_096, 1_000  # for the base's own fit, which is but a start; on fewer a component may be a coincidence
SPREADS = (0.3, 1.0)  # of random starts, in turn: in coefficients of standardised columns
SAME_OPTIMUM = 1e-3  # in log-likelihood
RANDOM_STARTS = 7  # beside that of the base, for what may have several maxima


class Sample(NamedTuple):
    """Rows on which starts are tried before all rows are: how many, and failures among them, and how many of the best are kept.

    It pays where there are ``at_least`` so many times its rows; ``for_several``: only where there are several starts. Within ``steps``
    a start must arrive.
    """

    rows: int
    failures: int
    at_least: int
    steps: int
    kept: int
    for_several: bool


SAMPLES = (Sample(1_024, 200, 2, 40, 2, True), Sample(8_192, 400, 4, 200, 1, False))


@dataclass
class RegressionFit:
    """What a regression learned, times in the user's unit, coefficients those of standardised columns.

    Attributes
    ----------
    predictors : the template, with None where something was learned, and what of it follows covariates.
    coefficients (q,), covariance (q, q) : in the order of ``predictors.layout``.
    path (s, q) : the coefficients a step, from start to optimum.
    penalty : what the ridge takes off the log-likelihood, which is that of the data alone.
    """

    predictors: Predictors
    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    n_units: float
    n_failed: float
    reason: str
    n_steps: int
    path: np.ndarray
    notes: list[str] = field(default_factory=list)
    penalty: float = 0.0

    @property
    def converged(self) -> bool:
        return self.reason in ARRIVED

    @property
    def n_learned(self) -> int:
        return len(self.coefficients)

    @property
    def designs(self) -> list[Design]:
        """How X is read, by each linear predictor."""
        return [one.design for one in self.predictors.each]


@dataclass
class RegressionProblem:
    """The likelihood as a function of the coefficients, in the unit of time in which the optimiser works.

    Attributes
    ----------
    ridge : (q,) half of it times the squared coefficient is taken off the log-likelihood.
    """

    template: Distribution
    layout: Layout
    data: list[dict[str, Chunk]]
    n_failed: float
    ridge: np.ndarray

    @property
    def per_unit(self) -> float:
        return self.n_failed or 1.0

    def evaluate(self, points: np.ndarray, active: np.ndarray) -> Evaluation:
        """The mean negative penalised log-likelihood per failure at the one point (1, q)."""
        point = points[0]
        sums = linear_sums(row_log_likelihood, self.layout, self.template, point, self.data)
        penalty = 0.5 * self.ridge @ point**2
        scale = 1.0 / self.per_unit
        return Evaluation(
            (penalty - sums.value)[None] * scale,
            (self.ridge * point - sums.gradient)[None] * scale,
            (np.diag(self.ridge) - sums.hessian)[None] * scale,
            size=(sums.size + penalty)[None] * scale,
        )


@dataclass
class Ascent:
    """One way up, and where it ended."""

    point: np.ndarray
    value: float
    reason: str
    path: list[np.ndarray]
    evaluation: Any

    @classmethod
    def of(cls, problem: RegressionProblem, start: np.ndarray, max_steps: int = 200) -> Ascent:
        descent = Descent(problem.evaluate, start[None], max_steps=max_steps).run()
        evaluation = jax.tree.map(lambda array: array[0], descent.evaluation)
        return cls(descent.points[0], -float(evaluation.value) * problem.per_unit, str(descent.reasons[0]), descent.paths[0], evaluation)

    @property
    def arrived(self) -> bool:
        return self.reason in ARRIVED


def fit_regression(
    base: Distribution,
    predictors: Predictors,
    covariates: np.ndarray,
    life: Lifetimes,
    *,
    ridge: float = 0.0,
    n_starts: int | None = None,
    seed: int = 0,
    require_convergence: bool = True,
) -> RegressionFit:
    """The fit of coefficients, and of what else the template leaves open.

    Parameters
    ----------
    base : what remains of the template where no covariate counts; its fit to the lifetimes alone is where the search begins.
    covariates : (n, m), ``predictors.covariates(X)``.
    ridge : of each coefficient of a standardised column.
    n_starts : None: one for a law, several for what is made of several.

    Raises
    ------
    NoFiniteMaximum : some combination of columns tells all that failed from all that did not, or the base has no estimate.
    NotConverged : the optimiser stopped short.
    """
    unit = unit_of_time(base, life) if predictors.follow_unit_of_time() else 1.0
    inner = predictors.with_template(as_arrays(predictors.template.rescaled(1.0 / unit)))
    penalties = ridge * inner.slopes()
    starts = _from_samples(base, inner, covariates, life, unit, penalties, n_starts, seed)
    problem = problem_of(inner, life, covariates, unit, penalties)
    ascents = [Ascent.of(problem, start) for start in starts or _starts(base, inner, life, unit, n_starts, seed)]
    if not any(one.arrived for one in ascents) and n_starts is None:
        highest = max(ascents, key=lambda one: one.value)
        if highest.reason == "flat" and not ridge:  # before the same ridge is searched from elsewhere
            _check_every_component_counts(_as_fit(problem, predictors, inner, life, unit, highest), base, covariates, life)
        # the base's own fit is a better start, and says why there is no estimate where that is so
        ascents += [Ascent.of(problem, start) for start in _starts(base, inner, life, unit, 1, seed)]
    ascents.sort(key=lambda one: (one.arrived, one.value), reverse=True)
    sharp = [one.arrived and spike(predictors, inner.rescaled(one.point, unit)[0], covariates, life) for one in ascents]
    honest = next((one for one, said in zip(ascents, sharp, strict=True) if one.arrived and not said), None)
    fit = _as_fit(problem, predictors, inner, life, unit, honest or ascents[0])
    if sharp[0]:
        fit.notes.append(
            f"A higher maximum, of log-likelihood higher by {ascents[0].value - honest.value:.4g}, is left out: there {sharp[0]}"
            if honest
            else f"The {sharp[0]} Take a base of fewer components, or give its shape."
        )
    if honest:
        fit.notes += sharp_components(predictors, fit.coefficients, covariates, life)
    _check_it_ended(fit, base, inner, covariates, life, require_convergence)
    return without_false_errors(fit)


def _from_samples(
    base: Distribution,
    inner: Predictors,
    covariates: np.ndarray,
    life: Lifetimes,
    unit: float,
    ridge: np.ndarray,
    n_starts: int | None,
    seed: int,
) -> list[np.ndarray]:
    """Where the best starts end on samples of the rows, from which few passes over all of them remain; empty where no sample decides.

    Many starts are tried on few rows, the best of them on more.
    """
    starts: list[np.ndarray] = []
    random = np.random.default_rng(seed)
    for sample in SAMPLES:
        size = _rows_with(life, sample.rows, sample.failures)
        if len(life) < sample.at_least * size or (sample.for_several and not is_wrapper(base)):
            continue
        rows = np.sort(random.choice(len(life), size, replace=False))
        some = life[rows]
        starts = starts or list(_starts(base, inner, life, unit, n_starts, seed))
        problem = problem_of(inner, some, covariates[rows], unit, ridge * size / len(life))
        ascents = [Ascent.of(problem, start, sample.steps) for start in starts]
        arrived = sorted((one for one in ascents if one.arrived), key=lambda one: -one.value)
        if not arrived:
            return []
        lower = [one for before, one in itertools.pairwise(arrived) if before.value - one.value > SAME_OPTIMUM]
        starts = [one.point for one in [arrived[0], *lower][: sample.kept]]
    return starts


def _rows_with(life: Lifetimes, rows: int, failures: int) -> int:
    """How many rows to take so that there are at least so many, and about so many failures among them."""
    return max(rows, int(len(life) * failures / max(int(np.isfinite(life.upper).sum()), 1)))


def as_arrays(template: Distribution) -> Distribution:
    return jax.tree.map(lambda value: np.asarray(value, float), template)


def problem_of(
    inner: Predictors, life: Lifetimes, covariates: np.ndarray, unit: float, ridge: np.ndarray, as_many_as: int = 0
) -> RegressionProblem:
    """The likelihood of predictors and lifetimes in units of ``unit``; rows are padded as ``as_many_as`` would be."""
    data = chunks_with_covariates(inner.template, life, unit, covariates, as_many_as)
    return RegressionProblem(inner.template, inner.layout, data, life.n_failed, ridge)


def _starts(base: Distribution, inner: Predictors, life: Lifetimes, unit: float, n_starts: int | None, seed: int) -> Iterator[np.ndarray]:
    """Slopes of 0 and the start of the base; for what may have several maxima its fit to the lifetimes alone, and others about it."""
    if n_starts is None and not is_wrapper(base) and base.n_coordinates():
        yield _with_slopes_of_0(inner, single_start(as_arrays(base.rescaled(1.0 / unit)), life, unit))
        return
    first = [_with_slopes_of_0(inner, place) for place in _base_places(base, life, unit)]
    yield from first
    more = (RANDOM_STARTS if is_wrapper(base) else 0) if n_starts is None else n_starts - len(first)
    random = np.random.default_rng(seed)
    for index in range(max(more, 0)):
        yield first[index % len(first)] + random.normal(0.0, SPREADS[index % 2], len(first[0]))


def _base_places(base: Distribution, life: Lifetimes, unit: float) -> list[np.ndarray]:
    """Coordinates of the base in the inner unit."""
    if not base.n_coordinates():
        return [np.zeros(0)]
    size = _rows_with(life, BASE_ROWS, BASE_FAILURES)
    if 2 * size < len(life):
        life = life[np.linspace(0, len(life) - 1, size).astype(int)]
    try:
        fit = fit_distribution(base, life, require_convergence=False)
        found = fit.template.n_coordinates() == base.n_coordinates() and fit.converged
    except NoFiniteMaximum:
        if not is_wrapper(base):
            raise
        found = False
    if found:
        domains = base.coordinate_domains()
        return [np.array([one.coordinate_rescaled(c, 1.0 / unit) for one, c in zip(domains, fit.coordinates, strict=True)])]
    return several_starts(as_arrays(base.rescaled(1.0 / unit)), life, unit)


def _with_slopes_of_0(inner: Predictors, place: np.ndarray) -> np.ndarray:
    """Coefficients (q,) at which every unit has the base's coordinates; a score, which the base has not, is 0."""
    coefficients = np.zeros(inner.layout.n_coefficients())
    predicted = {one.coordinate: one for one in inner.each}
    for k, where in enumerate(inner.layout.slices()):
        if k < len(place) and (k not in predicted or predicted[k].design.has_intercept):
            coefficients[where.start] = place[k]
    return coefficients


def _as_fit(
    problem: RegressionProblem, predictors: Predictors, inner: Predictors, life: Lifetimes, unit: float, best: Ascent
) -> RegressionFit:
    q = len(best.point)
    coefficients, slope = inner.rescaled(best.point, unit)
    covariance = np.full((q, q), np.nan)
    if best.arrived:
        covariance = inverse(best.evaluation.hessian * problem.per_unit) * np.outer(slope, slope)
    penalty = float(0.5 * problem.ridge @ best.point**2)
    densities = _n_densities(inner.template, life)
    return RegressionFit(
        predictors=predictors,
        coefficients=coefficients,
        covariance=covariance,
        log_likelihood=best.value + penalty - densities * float(np.log(unit)),
        n_units=life.n_units,
        n_failed=life.n_failed,
        reason=best.reason,
        n_steps=len(best.path) - 1,
        path=inner.rescaled(np.array(best.path), unit)[0],
        penalty=penalty,
    )


def log_likelihood_of_units(fit: RegressionFit, covariates: np.ndarray, life: Lifetimes) -> float:
    """The log-likelihood of any units under a fit."""
    template, layout = as_arrays(fit.predictors.template), fit.predictors.layout
    data = chunks_with_covariates(template, life, 1.0, covariates)
    return float(linear_sums(row_log_likelihood, layout, template, fit.coefficients, data).value)


def _n_densities(template: Distribution, life: Lifetimes) -> float:
    if not template.has_mass_at_start:
        return life.n_exact
    return life[life.event_observed & (life.lower > template.start_of_support)].n_units


def inverse(hessian: np.ndarray) -> np.ndarray:
    """The inverse of a positive definite matrix, scaled so that its diagonal is 1 before."""
    scale = 1.0 / np.sqrt(np.abs(np.diag(hessian)))
    found = np.linalg.inv(hessian * np.outer(scale, scale)) * np.outer(scale, scale)
    return 0.5 * (found + found.T)


def _check_it_ended(
    fit: RegressionFit, base: Distribution, inner: Predictors, covariates: np.ndarray, life: Lifetimes, require_convergence: bool
) -> None:
    slopes = inner.slopes()
    far = bool(np.any(np.abs(fit.coefficients[slopes]) > FAR))
    if (far or not fit.converged) and fit.penalty == 0.0:
        direction = direction_without_end(inner, covariates, life)
        if direction is not None:
            raise NoFiniteMaximum(f"no estimate exists: {direction}", fit)
    unsure = np.sqrt(np.max(np.diag(fit.covariance), initial=0.0)) if fit.converged else np.inf
    if unsure >= NOWHERE and fit.penalty == 0.0:
        _check_every_component_counts(fit, base, covariates, life)
    if not fit.converged and require_convergence:
        edge = (
            met_the_first_failure(fit, covariates, life)
            or running_on(fit.predictors, fit.path)
            or edge_reached(base, _path_of_base(fit, base), unit_of_time(base, life))
        )
        if edge is not None:
            raise NoFiniteMaximum(f"no estimate exists: {edge}", fit)
        raise NotConverged(
            f"the fit stopped without reaching a maximum: {fit.reason}, after {fit.n_steps} steps at log-likelihood "
            f"{fit.log_likelihood:.6g}. Leave columns out, give a penalty, or take a simpler base.",
            fit,
        )


def _check_every_component_counts(fit: RegressionFit, base: Distribution, covariates: np.ndarray, life: Lifetimes) -> None:
    """Refuse a fit that is no better without one of its components, and could not tell where that one is."""
    for found in each_without_one(base, fit.predictors, covariates):
        try:
            without = fit_regression(found.base, found.predictors, found.covariates, life)
        except (NoFiniteMaximum, NotConverged):
            continue
        if without.log_likelihood >= fit.log_likelihood - SAME_VALUE:
            raise NoFiniteMaximum(f"no estimate exists: {why_not(base, found, without.log_likelihood)}", fit)


def _path_of_base(fit: RegressionFit, base: Distribution) -> np.ndarray:
    """The steps (s, p) of the base's coordinates, of a unit with every column at its mean."""
    starts = [where.start for where in fit.predictors.layout.slices()]
    return fit.path[:, starts[: base.n_coordinates()]]
