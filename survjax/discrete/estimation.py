"""From rows in periods to the estimates of a discrete-time hazard."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np

from survjax.covariates.covariate import INTERCEPT
from survjax.covariates.design import Design
from survjax.data.lifetimes import Lifetimes
from survjax.discrete.likelihood import UnitLogLikelihood, balanced_draws, unit_columns
from survjax.discrete.periods import Periods, pieces_of, refuse_periods_that_tell_nothing
from survjax.engine.columns import Columns
from survjax.engine.estimation import LikelihoodFit, Problem, fit_likelihood, inverse
from survjax.engine.intervals import sandwich
from survjax.engine.parameter_space import ParameterSpace, read_parameters
from survjax.fitting.simulated_likelihood import SimulatedLogLikelihood
from survjax.frailty.groups import Groups
from survjax.numerics.blocks import map_rows
from survjax.parameters import Real

BASELINES = ("periods", "log")
FIRST_SPREAD = 0.5  # of the score, for a column of standard deviation 1
NO_GAIN = 1e-6  # in log-likelihood: a spread that brings no more is one of 0
AT_ONCE = 1_024  # units, whose draws times pieces are held in memory


@dataclass(frozen=True, eq=False)
class Predictor:
    """What a score is made of, inside: levels, standardised covariates, and which of them have a spread.

    Attributes
    ----------
    random : names of columns, or ``Intercept``, whose coefficients are each unit's own.
    """

    design: Design
    periods: Periods
    baseline: str
    link: str
    random: tuple[str, ...]

    @property
    def places(self) -> list[int]:
        """Of the random coefficients among the columns, -1 for that of the level."""
        return [-1 if name == INTERCEPT else self.design.names.index(name) for name in self.random]

    @property
    def center(self) -> np.ndarray:
        """Taken off the columns (p,): nothing of one with a spread, which would be another model where it is 0."""
        return np.where(np.isin(np.arange(len(self.design.names)), self.places), 0.0, self.design.center)

    @property
    def spread(self) -> np.ndarray:
        """Of what has a random coefficient (q,)."""
        return np.array([1.0 if place < 0 else self.design.spread[place] for place in self.places])

    @property
    def levels(self) -> np.ndarray:
        """What each period (k,) has of each number of the baseline (l,)."""
        if self.baseline == "periods":
            return np.eye(self.periods.n)
        return np.column_stack([np.ones(self.periods.n), self._log_age - self._log_age.mean()])

    @property
    def _log_age(self) -> np.ndarray:
        return np.log(self.periods.ends)

    def inside(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Columns (n, p) and those with a random coefficient (n, q), of the design's columns (n, p)."""
        covariates = (matrix - self.center) / self.design.spread
        own = [np.ones(len(matrix)) if place < 0 else covariates[:, place] for place in self.places]
        return covariates, np.column_stack(own) if own else np.zeros((len(matrix), 0))

    def space(self) -> tuple[ParameterSpace, dict[str, np.ndarray]]:
        said: dict[str, Any] = {
            "baseline": self.levels,
            "level": Real(self.level_names),
            "coefficient": Real(self.design.names),
        }
        if self.random:
            said["spread"] = Real(self.random, start=FIRST_SPREAD)
        return read_parameters(said)

    @property
    def level_names(self) -> list[str]:
        return [f"level_{index}" for index in range(self.periods.n)] if self.baseline == "periods" else ["level", "log_age"]

    @property
    def names(self) -> list[str]:
        return [*self.level_names, *self.design.names, *(f"spread[{name}]" for name in self.random)]

    @property
    def to_user(self) -> np.ndarray:
        """The map (m, m) of coordinates to parameters in the user's units, spreads with the sign they happened to have."""
        levels, p, q = len(self.level_names), len(self.design.names), len(self.random)
        to_user = np.eye(levels + p + q)
        coefficients = slice(levels, levels + p)
        to_user[coefficients, coefficients] = np.diag(1.0 / self.design.spread)
        whole = slice(0, levels) if self.baseline == "periods" else slice(0, 1)
        to_user[whole, coefficients] = -self.center / self.design.spread
        if self.baseline == "log":
            to_user[0, 1] = -self._log_age.mean()
        if q:
            to_user[levels + p :, levels + p :] = np.diag(1.0 / self.spread)
        return to_user


@dataclass(frozen=True, eq=False)
class DiscreteFit:
    """What was learned. Coordinates (m,) and their covariance (m, m) are inside; a spread of 0 has neither variance nor covariances.

    Attributes
    ----------
    likelihood_ratios : by random coefficient, twice by how much the log-likelihood is higher than with that coefficient the same for all.
    moved : by how much the log-likelihood moves with twice the draws.
    n_draws, seed : with which predictions draw, too.
    limits : of spreads that were asked for, by name and level.
    """

    predictor: Predictor
    coordinates: np.ndarray
    covariance_inside: np.ndarray
    log_likelihood: float
    n_units: float
    n_failed: float
    reason: str
    n_steps: int
    likelihood_ratios: dict[str, float]
    moved: float
    n_draws: int
    seed: int
    notes: list[str] = field(default_factory=list)
    limits: dict[tuple[str, float], tuple[float, float]] = field(default_factory=dict)

    @property
    def converged(self) -> bool:
        return self.reason in ("converged", "at_rounding_floor")

    @property
    def values(self) -> np.ndarray:
        values = self.predictor.to_user @ self.coordinates
        first = len(values) - len(self.predictor.random)
        return np.append(values[:first], np.abs(values[first:]))

    @property
    def at_boundary(self) -> np.ndarray:
        """Which coordinates (m,) are spreads of 0."""
        first = len(self.coordinates) - len(self.predictor.random)
        return (np.arange(len(self.coordinates)) >= first) & (self.coordinates == 0.0)

    @property
    def covariance(self) -> np.ndarray:
        """Of ``values`` (m, m); nan for spreads of 0."""
        first = len(self.coordinates) - len(self.predictor.random)
        sign = np.where((np.arange(len(self.coordinates)) >= first) & (self.coordinates < 0), -1.0, 1.0)
        slopes = sign[:, None] * self.predictor.to_user
        covariance = slopes @ self.covariance_inside @ slopes.T
        covariance[self.at_boundary] = covariance[:, self.at_boundary] = np.nan
        return covariance


def columns_of(predictor: Predictor, life: Lifetimes, groups: Groups, matrix: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    """The units as columns of their likelihood, draws not yet among them, and their weights (n_units,)."""
    pieces, failed = pieces_of(predictor.periods, life, groups)
    late = bool(predictor.random) and bool(np.any(pieces.before > 0))
    columns = unit_columns(pieces, groups.codes, failed & (life.counts() > 0), *predictor.inside(matrix), late)
    first = np.unique(groups.codes, return_index=True)[1]
    return columns, np.asarray(life.counts(), dtype=float)[first]


def fit_discrete(
    predictor: Predictor,
    life: Lifetimes,
    groups: Groups,
    matrix: np.ndarray,
    n_draws: int,
    seed: int,
    require: bool,
    clusters: np.ndarray | None = None,
) -> tuple[DiscreteFit, Problem]:
    """The estimates of highest simulated likelihood, and the problem that they solve; errors are robust where rows have clusters (n,).

    Raises
    ------
    NoFiniteMaximum : the data have no estimate. NotConverged : the optimiser stopped short.
    """
    if predictor.baseline == "periods":
        pieces, _ = pieces_of(predictor.periods, life, groups)
        refuse_periods_that_tell_nothing(predictor.periods, pieces, life.counts()[pieces.row])
    columns, weights = columns_of(predictor, life, groups, matrix)
    search = _Search(predictor, columns, weights, n_draws, seed, require)
    found, problem = plain, _ = search.maximum(())
    gains: dict[str, float] = {}
    if predictor.random:
        found, problem = search.maximum(predictor.random, plain)
        for name in predictor.random:
            others = tuple(other for other in predictor.random if other != name)
            without = search.maximum(others, plain)[0] if others else plain
            gain = found.log_likelihood - without.log_likelihood
            gains[name] = gain if gain > NO_GAIN else 0.0
    nothing = [gain == 0.0 for gain in gains.values()]
    if clusters is not None and found.converged:
        found = sandwich(problem, found, clusters)
    coordinates, covariance = _at_boundaries(found, problem, np.array(nothing, dtype=bool), plain)
    fit = DiscreteFit(
        predictor=predictor,
        coordinates=coordinates,
        covariance_inside=covariance,
        log_likelihood=plain.log_likelihood if nothing and all(nothing) else found.log_likelihood,
        n_units=float(weights.sum()),
        n_failed=float(weights @ (columns["failed"] > 0)),
        reason=found.reason,
        n_steps=found.n_steps,
        likelihood_ratios={name: 2.0 * gain for name, gain in gains.items()},
        moved=0.0,
        n_draws=n_draws,
        seed=seed,
    )
    if gains and not all(nothing):
        fit = dataclasses.replace(fit, moved=_moved(fit, columns, weights))
    return fit, problem


@dataclass(frozen=True)
class _Search:
    predictor: Predictor
    columns: dict[str, Any]
    weights: np.ndarray
    n_draws: int
    seed: int
    require: bool

    def maximum(self, random: tuple[str, ...], plain: LikelihoodFit | None = None) -> tuple[LikelihoodFit, Problem]:
        """The fit with these random coefficients alone, from that without any."""
        predictor = dataclasses.replace(self.predictor, random=random)
        space, start = predictor.space()
        start = dict(start)
        # columns keep the standardisation of the whole model, so that coefficients of one fit begin another
        kept = [place for place, name in enumerate(self.predictor.random) if name in random]
        rows = {name: column for name, column in self.columns.items() if random or name != "before"}
        rows |= {"own": self.columns["own"][..., kept], "draws": balanced_draws(len(self.weights), self.n_draws, len(random), self.seed)}
        if plain is None:
            start["level"] = self._level_of_all()
        else:
            start |= {name: np.asarray(value) for name, value in plain.space.bind(plain.coordinates).items() if name != "baseline"}
        problem = Problem.pose(UnitLogLikelihood(predictor.link), "row", space, Columns(rows, len(self.weights)), self.weights, None)
        return fit_likelihood(problem, [start], 1, self.seed, self.require), problem

    def _level_of_all(self) -> np.ndarray:
        """Where the hazard of every period is that of failures over periods survived."""
        failed = float(self.weights @ (self.columns["failed"] > 0))
        rate = failed / max(float(self.weights @ self.columns["survived"].sum(axis=1)), failed)
        level = np.log(rate) if self.predictor.link == "cloglog" else np.log(np.expm1(rate))
        return np.full(self.predictor.periods.n, level) if self.predictor.baseline == "periods" else np.array([level, 0.0])


def _at_boundaries(found: LikelihoodFit, problem: Problem, nothing: np.ndarray, plain: LikelihoodFit) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates and their covariance, where spreads that bring nothing are 0, and taken as known."""
    coordinates, covariance = found.coordinates.copy(), found.coordinate_covariance.copy()
    if not nothing.any() or not found.converged:
        return coordinates, covariance
    spreads = len(coordinates) - len(nothing) + np.flatnonzero(nothing)
    coordinates[spreads] = 0.0
    if nothing.all():
        coordinates[: len(plain.coordinates)] = plain.coordinates
    free = np.setdiff1d(np.arange(len(coordinates)), spreads)
    hessian = problem.evaluate(coordinates).hessian[0] * problem.n_units
    covariance[:] = 0.0
    covariance[np.ix_(free, free)] = inverse(hessian[np.ix_(free, free)])
    return coordinates, covariance


@cache
def _parts_of(link: str, names: tuple[str, ...]) -> Callable:
    """What a unit's log-likelihood is the difference of, each averaged over draws."""
    term = UnitLogLikelihood(link)

    def of_unit(parameters: Any, *row: Any) -> Any:
        space, point = parameters
        bound, columns = space.bind(point), dict(zip(names, row, strict=True))
        seen = SimulatedLogLikelihood(term.seen)(bound, columns)
        return seen, SimulatedLogLikelihood(term.entered)(bound, columns) if "before" in columns else jnp.zeros_like(seen)

    return of_unit


def simulated_parts(fit: DiscreteFit, columns: dict[str, Any]) -> np.ndarray:
    """Log of the averages over draws (2, n): of what each unit was seen to do, and of surviving until it was."""
    n = len(columns["failed"])
    rows = columns | {"draws": balanced_draws(n, fit.n_draws, len(fit.predictor.random), fit.seed)}
    names = tuple(sorted(rows))
    parameters = fit.predictor.space()[0], fit.coordinates
    found = []
    for first in range(0, n, AT_ONCE):
        block = [rows[name][first : first + AT_ONCE] for name in names]
        found.append(np.array(map_rows(_parts_of(fit.predictor.link, names), parameters, *block)))
    return np.concatenate(found, axis=1)


def _moved(fit: DiscreteFit, columns: dict[str, Any], weights: np.ndarray) -> float:
    """By how much the log-likelihood at the estimates moves where as many draws again are joined to those of the fit."""
    here, others = (simulated_parts(one, columns) for one in (fit, dataclasses.replace(fit, seed=fit.seed + 1)))
    both = np.logaddexp(here, others) - np.log(2.0)
    return float(weights @ ((both[0] - both[1]) - (here[0] - here[1])))
