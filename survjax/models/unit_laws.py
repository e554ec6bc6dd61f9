"""Predictions for units of which each has its own distribution, a block of units at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.data.columns import read_arguments, refuse_different_indexes
from survjax.fitting.inference import remaining_life_bound
from survjax.models.arguments import check_prediction_columns
from survjax.numerics.blocks import map_rows
from survjax.numerics.linear_sums import Layout
from survjax.regression.estimation import RegressionFit
from survjax.regression.predictors import of_unit

UNITS = 65_536  # at once: of so many the covariances of the coordinates fit in some tens of megabytes


def coordinates_of_units(fit: RegressionFit, covariates: np.ndarray) -> np.ndarray:
    """The coordinates (n, p) of the units' distributions."""
    layout, each = fit.predictors.layout, np.empty((len(covariates), len(fit.predictors.layout.columns)))
    for k, (span, where) in enumerate(zip(layout.columns, layout.slices(), strict=True)):  # in NumPy: JAX compiles for every number of rows
        each[:, k] = fit.coefficients[where] if span is None else covariates[:, span[0] : span[1]] @ fit.coefficients[where]
    return each


def covariances_of_units(fit: RegressionFit, covariates: np.ndarray) -> np.ndarray:
    """The covariance (n, p, p) of the coordinates of each unit."""
    layout = fit.predictors.layout
    known = [np.ones((len(covariates), 1)) if span is None else covariates[:, span[0] : span[1]] for span in layout.columns]
    p, places = len(known), layout.slices()
    covariances = np.empty((len(covariates), p, p))
    for k in range(p):
        for j in range(k + 1):
            covariances[:, k, j] = np.einsum("na,ab,nb->n", known[k], fit.covariance[places[k], places[j]], known[j], optimize=True)
            covariances[:, j, k] = covariances[:, k, j]
    return covariances


def in_coefficients(layout: Layout, slopes: np.ndarray, covariates: np.ndarray) -> np.ndarray:
    """Derivatives (n, q) in the coefficients, of rows with covariates (n, m), from those in the coordinates (n, p)."""
    parts = [slopes[:, [k]] if span is None else slopes[:, [k]] * covariates[:, span[0] : span[1]] for k, span in enumerate(layout.columns)]
    return np.concatenate(parts, axis=1)


@cache
def slope_of_unit(rule: Callable) -> Callable:
    """The derivatives (p,) of ``rule(law of the unit, *row)`` in its coordinates, for ``map_rows``."""

    def function(template: Any, coordinates: Any, *row: Any) -> Any:
        return jax.grad(lambda point: rule(template.bind(point), *row))(coordinates)

    return function


@cache
def _of_unit_with_error(rule: Callable) -> Callable:
    def function(template: Any, coordinates: Any, covariance: Any, *row: Any) -> Any:
        value, gradient = jax.value_and_grad(lambda point: rule(template.bind(point), *row))(coordinates)
        return value, jnp.sqrt(jnp.maximum(gradient @ covariance @ gradient, 0.0))

    return function


def _bound_of_unit(parameters: Any, coordinates: Any, covariance: Any, age: Any) -> Any:
    template, probability = parameters
    return remaining_life_bound((template, coordinates, covariance, probability), age)


def predict_units(fit: RegressionFit, rule: Callable, covariates: np.ndarray, columns: list[np.ndarray]) -> np.ndarray:
    """``rule(distribution, *row)`` for columns (n, m): (n, m)."""
    return in_blocks(
        lambda these, cells: map_rows(
            of_unit(rule), fit.predictors.template, repeated(coordinates_of_units(fit, these), cells[0]), *flat(cells)
        ),
        covariates,
        columns,
    )


def link_with_error(
    fit: RegressionFit, link: Callable, covariates: np.ndarray, columns: list[np.ndarray], at_once: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The link of a prediction and its standard error by the delta method, for columns (n, m): (n, m) each; ``at_once`` as ``map_rows``."""

    def of_block(these: np.ndarray, cells: list[np.ndarray]) -> Any:
        own = [repeated(each, cells[0]) for each in (coordinates_of_units(fit, these), covariances_of_units(fit, these))]
        return map_rows(_of_unit_with_error(link), fit.predictors.template, *own, *flat(cells), at_once=at_once)

    return in_blocks(of_block, covariates, columns)


def life_bounds(fit: RegressionFit, probability: float, covariates: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """The remaining life that each unit (n,) stays below with this probability, parameters uncertain; ages (n,)."""

    def of_block(these: np.ndarray, cells: list[np.ndarray]) -> Any:
        own = coordinates_of_units(fit, these), covariances_of_units(fit, these)
        return map_rows(_bound_of_unit, (fit.predictors.template, np.float64(probability)), *own, *flat(cells))

    return in_blocks(of_block, covariates, [ages[:, None]])[:, 0]


def repeated(of_units: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """What is known of units (n, ...), a row for each cell (n, m)."""
    return of_units if cells.shape[1] == 1 else np.repeat(of_units, cells.shape[1], axis=0)


def flat(cells: list[np.ndarray]) -> list[np.ndarray]:
    """Columns (n, m) as columns (n m,)."""
    return [np.ascontiguousarray(column).reshape(-1) for column in cells]


def in_blocks(of_block: Callable, covariates: np.ndarray, columns: list[np.ndarray]) -> Any:
    """What ``of_block`` says of blocks of units, put together; memory goes with the block and the answer."""
    n, m = columns[0].shape
    step = max(UNITS // max(m, 1), 1)
    found = []
    for first in range(0, max(n, 1), step):
        cells = [column[first : first + step] for column in columns]
        values = of_block(covariates[first : first + step], cells)
        found.append(jax.tree.map(lambda array, shape=cells[0].shape: np.asarray(array).reshape(shape), values))
    return found[0] if len(found) == 1 else jax.tree.map(lambda *arrays: np.concatenate(arrays), *found)


def unit_arguments(n: int, start_of_support: float = 0.0, **arguments: Any) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Ages, times and horizons for n units as columns (n, m), and the shape of the answer.

    An age is one number, or (n,) one a unit. What else there is may be one number, the same for all, which makes an answer (n,); (m,)
    numbers, of which each is asked of every unit; or (n, m), each unit's own: the answer is then (n, m).

    Raises
    ------
    ValueError : another shape; a pandas or polars column of n numbers that is no age, since it is a slip for each unit's own; and what
        ``prediction_arguments`` refuses.
    """
    refuse_different_indexes(**arguments)
    columns: list[np.ndarray] = []
    shape: tuple[int, ...] = (n,)
    for name, value in arguments.items():
        (flat,), given = read_arguments(**{name: value})
        check_prediction_columns([flat], given, (name,), start_of_support)
        if given == () or (name == "age" and given in ((n,), (n, 1))):
            columns.append(flat.reshape(-1, 1))
        elif name == "age":
            raise ValueError(f"age must be one number, or one for each of the {n} units of X; it has shape {given}.")
        elif given == (n,) and n > 1 and hasattr(value, "to_numpy"):
            order = " Or are age and horizon in the wrong order?" if name == "horizon" else ""
            raise ValueError(
                f"{name} is a column with a row for each of the {n} units of X, but numbers along one axis are asked of every unit, which "
                f"makes the answer ({n}, {n}). For each unit its own pass {name}.to_numpy()[:, None]; for all of them of every unit "
                f"{name}.to_numpy().{order}"
            )
        elif len(given) == 1:
            columns.append(flat[None, :])
        elif len(given) == 2 and given[0] == n:
            columns.append(flat.reshape(given))
        else:
            raise ValueError(f"{name} must be one number, (m,) numbers for every unit, or ({n}, m), each unit's own; it has shape {given}.")
        if given != () and name != "age":
            if len(shape) == 2 and shape[1] != columns[-1].shape[1]:
                raise ValueError(f"{name} has {columns[-1].shape[1]} columns, where another argument has {shape[1]}.")
            shape = (n, columns[-1].shape[1])
    m = shape[1] if len(shape) == 2 else 1
    return [np.broadcast_to(column, (n, m)) for column in columns], shape
