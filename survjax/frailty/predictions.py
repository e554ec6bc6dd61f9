"""Predictions for units of groups, known or new: each unit has the law that its group's failures and survivals leave it.

A unit's coordinates are those of its own law, the log variance, and how many failures its group was expected to have, all linear in what
the fit estimated (the last to first order, which is all that a standard error asks).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.distributions import Distribution, RemainingLife, UnitFrailty
from survjax.fitting.inference import remaining_life_bound
from survjax.frailty.estimation import FrailtyFit
from survjax.numerics.blocks import map_rows

UNITS = 16_384  # at once


class Members(NamedTuple):
    """Units (n,): their covariates (n, m), the numbers of their groups, -1 where new, and up to which age what they survived is among
    what is known of their group, ``seen`` (n,)."""

    covariates: np.ndarray
    groups: np.ndarray
    seen: np.ndarray


class _Law:
    """What ``remaining_life_bound`` asks of a template."""

    def __init__(self, bind: Callable) -> None:
        self.bind = bind


def _member(template: Distribution, coordinates: Any, failures: Any, seen: Any) -> Distribution:
    """The law of a unit's life from the age on up to which its survival is counted with its group."""
    law: Any = template.bind(coordinates[:-1])
    return dataclasses.replace(law, of=RemainingLife(law.of, seen), failures=failures, expected=coordinates[-1])


@cache
def _asked(rule: Callable, from_age: bool) -> Callable:
    def function(template: Any, coordinates: Any, failures: Any, seen: Any, *row: Any) -> Any:
        law = _member(template, coordinates, failures, seen)
        return rule(law, row[0] - seen, *row[1:]) if from_age else rule(law, *row)

    return function


@cache
def _asked_with_error(rule: Callable, from_age: bool) -> Callable:
    asked = _asked(rule, from_age)

    def function(template: Any, coordinates: Any, covariance: Any, *row: Any) -> Any:
        value, gradient = jax.value_and_grad(lambda point: asked(template, point, *row))(coordinates)
        return value, jnp.sqrt(jnp.maximum(gradient @ covariance @ gradient, 0.0))

    return function


def _bound(parameters: Any, coordinates: Any, covariance: Any, failures: Any, seen: Any, age: Any) -> Any:
    template, probability = parameters
    law = _Law(lambda point: _member(template, point, failures, seen))
    return remaining_life_bound((law, coordinates, covariance, probability), age - seen)  # type: ignore[arg-type]


def predict_members(fit: FrailtyFit, rule: Callable, members: Members, columns: list[np.ndarray], from_age: bool) -> np.ndarray:
    """``rule(distribution, *row)`` for columns (n, m): (n, m). ``from_age``: the first column is an age from which to look."""

    def of_block(these: Members, cells: list[np.ndarray]) -> Any:
        own = [coordinates_of(fit, these), *_known(fit, these)]
        return map_rows(_asked(rule, from_age), _template(fit), *_repeated(own, cells), *_flat(cells))

    return _in_blocks(of_block, members, columns)


def link_of_members(
    fit: FrailtyFit, link: Callable, members: Members, columns: list[np.ndarray], from_age: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The link of a prediction and its standard error by the delta method, (n, m) each."""

    def of_block(these: Members, cells: list[np.ndarray]) -> Any:
        own = [coordinates_of(fit, these), _covariances_of(fit, these), *_known(fit, these)]
        return map_rows(_asked_with_error(link, from_age), _template(fit), *_repeated(own, cells), *_flat(cells))

    return _in_blocks(of_block, members, columns)


def bounds_of_members(fit: FrailtyFit, probability: float, members: Members, ages: np.ndarray) -> np.ndarray:
    """The remaining life that each unit (n,) stays below with this probability, parameters and frailty uncertain; ages (n,)."""

    def of_block(these: Members, cells: list[np.ndarray]) -> Any:
        own = [coordinates_of(fit, these), _covariances_of(fit, these), *_known(fit, these)]
        return map_rows(_bound, (_template(fit), np.float64(probability)), *own, *_flat(cells))

    return _in_blocks(of_block, members, [ages[:, None]])[:, 0]


def _template(fit: FrailtyFit) -> UnitFrailty:
    inner = jax.tree.map(lambda value: np.asarray(value, float), fit.fit.predictors.template)
    return UnitFrailty(inner, None, fit.kind)


def coordinates_of(fit: FrailtyFit, members: Members) -> np.ndarray:
    """The coordinates (n, p + 2) of units: their own law's, the log variance, what their group was expected to have."""
    own = np.asarray(fit.fit.predictors.layout.coordinates(fit.fit.coefficients, members.covariates))
    n = len(own)
    log_variance = np.full(n, np.log(fit.variance) if fit.variance > 0.0 else -np.inf)
    return np.column_stack([own, log_variance, _of_group(fit.groups.expected, members)])


def _covariances_of(fit: FrailtyFit, members: Members) -> np.ndarray:
    layout, n = fit.fit.predictors.layout, len(members.groups)
    p, q = len(layout.columns), layout.n_coefficients()
    slopes = np.zeros((n, p + 2, q + 1))
    for k, (span, where) in enumerate(zip(layout.columns, layout.slices(), strict=True)):
        slopes[:, k, where] = 1.0 if span is None else members.covariates[:, span[0] : span[1]]
    slopes[:, p, q] = 1.0
    slopes[:, p + 1, :q] = _of_group(fit.groups.slopes, members)
    return np.einsum("nab,bc,ndc->nad", slopes, fit.covariance, slopes, optimize=True)


def _known(fit: FrailtyFit, members: Members) -> list[np.ndarray]:
    return [_of_group(fit.groups.failures, members), members.seen]


def _of_group(of_groups: np.ndarray, members: Members) -> np.ndarray:
    found = of_groups[members.groups]
    found[members.groups < 0] = 0.0  # of a new one nothing is known
    return found


def _repeated(own: list[np.ndarray], cells: list[np.ndarray]) -> list[np.ndarray]:
    return own if cells[0].shape[1] == 1 else [np.repeat(one, cells[0].shape[1], axis=0) for one in own]


def _flat(cells: list[np.ndarray]) -> list[np.ndarray]:
    return [np.ascontiguousarray(column).reshape(-1) for column in cells]


def _in_blocks(of_block: Callable, members: Members, columns: list[np.ndarray]) -> Any:
    n, m = columns[0].shape
    step = max(UNITS // max(m, 1), 1)
    found = []
    for first in range(0, max(n, 1), step):
        here = slice(first, first + step)
        cells = [column[here] for column in columns]
        values = of_block(Members(*(one[here] for one in members)), cells)
        found.append(jax.tree.map(lambda array, shape=cells[0].shape: np.asarray(array).reshape(shape), values))
    return jax.tree.map(lambda *arrays: np.concatenate(arrays), *found)
