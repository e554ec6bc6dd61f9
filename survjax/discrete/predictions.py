"""Predictions of a discrete-time hazard: for each unit a distribution, its own coefficients averaged over draws."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.discrete.estimation import DiscreteFit
from survjax.discrete.likelihood import balanced_draws, hazard_of_period, scores
from survjax.discrete.mixed_hazard import MixedHazard
from survjax.errors import NotConverged
from survjax.fitting.inference import remaining_life_bound
from survjax.numerics.blocks import SMALLEST, map_rows
from survjax.numerics.pytrees import register_pytree

DRAWS = 256  # at least, of a unit to be predicted for: nothing evens out over units there


class UnitHazard:
    """The life of one unit, as a function of the coordinates of the fit; a template, whose ``bind`` gives the distribution.

    Attributes
    ----------
    space : of the coordinates. ends (k,) : of the periods. draws (R, q). covariates (p,), own (q,) : of the unit, inside; None in the
    template of all units.
    """

    def __init__(self, link: str, space: Any, ends: Any, draws: Any, covariates: Any = None, own: Any = None) -> None:
        self.link = link
        self.space = space
        self.ends = ends
        self.draws = draws
        self.covariates = covariates
        self.own = own

    def of(self, covariates: Any, own: Any) -> UnitHazard:
        return UnitHazard(self.link, self.space, self.ends, self.draws, covariates, own)

    def bind(self, point: Any) -> MixedHazard:
        bound, k = self.space.bind(point), len(self.ends)
        rows = jnp.broadcast_to(self.covariates, (k, len(self.covariates))), jnp.broadcast_to(self.own, (k, len(self.own)))
        found = jax.vmap(lambda draw: scores(bound, draw, jnp.arange(k), *rows))(self.draws)
        lengths = jnp.diff(self.ends, prepend=jnp.zeros_like(self.ends[:1]))
        return MixedHazard(self.ends, hazard_of_period(self.link, found) / lengths)


register_pytree(UnitHazard, ["space", "ends", "draws", "covariates", "own"], ["link"])


@cache
def _value_of(rule: Callable) -> Callable:
    def of_cell(parameters: Any, covariates: Any, own: Any, *cell: Any) -> Any:
        template, point = parameters
        return rule(template.of(covariates, own).bind(point), *cell)

    return of_cell


@cache
def _slope_of(rule: Callable) -> Callable:
    def of_cell(parameters: Any, covariates: Any, own: Any, *cell: Any) -> Any:
        template, point = parameters
        return jax.value_and_grad(lambda point: rule(template.of(covariates, own).bind(point), *cell))(point)

    return of_cell


def _bound_of(parameters: Any, covariates: Any, own: Any, age: Any) -> Any:
    template, point, covariance, probability = parameters
    return remaining_life_bound((template.of(covariates, own), point, covariance, probability), age)


def _template(fit: DiscreteFit) -> UnitHazard:
    q = len(fit.predictor.random)
    draws = balanced_draws(1, max(fit.n_draws, DRAWS), q, fit.seed)[0]
    return UnitHazard(fit.predictor.link, fit.predictor.space()[0], fit.predictor.periods.ends, draws)


def of_cells(fit: DiscreteFit, function: Callable, more: tuple[Any, ...], matrix: np.ndarray, columns: list[np.ndarray]) -> Any:
    """``function((template, coordinates, *more), covariates, own, *cell)`` for units (n, p) and columns (n, m): a pytree of (n m, ...)."""
    template = _template(fit)
    m = columns[0].shape[1]
    rows = [np.repeat(one, m, axis=0) for one in fit.predictor.inside(matrix)]
    rows += [np.ascontiguousarray(column).reshape(-1) for column in columns]
    # all draws of so many cells, and one program whatever their number
    return map_rows(function, (template, fit.coordinates, *more), *rows, at_once=SMALLEST)


def predict(fit: DiscreteFit, rule: Callable, matrix: np.ndarray, columns: list[np.ndarray]) -> np.ndarray:
    """``rule(distribution, *cell)`` (n m,)."""
    return np.asarray(of_cells(fit, _value_of(rule), (), matrix, columns))


def link_with_error(fit: DiscreteFit, link: Callable, matrix: np.ndarray, columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The link of a prediction and its standard error by the delta method, draws held fixed, (n m,) each."""
    _refuse_without_covariance(fit)
    value, slope = of_cells(fit, _slope_of(link), (), matrix, columns)
    variance = np.einsum("np,pq,nq->n", slope, fit.covariance_inside, slope)
    return np.asarray(value), np.sqrt(np.maximum(variance, 0.0))


def life_bounds(fit: DiscreteFit, probability: float, matrix: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """The remaining life that each unit (n,) stays below with this probability, parameters uncertain; ages (n,)."""
    _refuse_without_covariance(fit)
    more = fit.covariance_inside, np.float64(probability)
    return np.asarray(of_cells(fit, _bound_of, more, matrix, [ages[:, None]]))


def _refuse_without_covariance(fit: DiscreteFit) -> None:
    """Refuse intervals about what is no maximum.

    Raises
    ------
    NotConverged
    """
    if not fit.converged:
        raise NotConverged(f"the fit stopped with {fit.reason!r}, and how sure it is is known at a maximum only.", fit)
