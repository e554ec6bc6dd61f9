"""The fit of a part as a fit of the wrapper around it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.fitting.estimation import Fit, as_fit, descend, fully_known, pose
from survjax.fitting.prior import Prior


class Own(NamedTuple):
    """The one parameter that a wrapper adds to those of its part, after them.

    name, value, variance : 0 where it is known, nan where it has none that means something.
    coordinate, coordinate_variance : where it counts as learned in predictions; None: they take it as known.
    """

    name: str
    value: float
    variance: float
    coordinate: float | None = None
    coordinate_variance: float = 0.0


def enclosed(template: Distribution, part: Fit, own: Own, log_likelihood: float, life: Lifetimes, notes: list[str]) -> Fit:
    """The fit of ``template``, a wrapper with its part in ``of``, when the part and its own parameter do not depend on each other."""
    known = None if own.coordinate is not None else own.value
    covariance = _bordered(part.covariance, own.variance)
    if np.isnan(own.variance):
        covariance[-1] = covariance[:, -1] = np.nan
    coordinates, coordinate_covariance, path = part.coordinates, part.coordinate_covariance, part.path
    if own.coordinate is not None:
        coordinates = np.append(coordinates, own.coordinate)
        coordinate_covariance = _bordered(coordinate_covariance, own.coordinate_variance)
        path = np.column_stack([path, np.full(len(path), own.coordinate)])
    around: Any = template
    return dataclasses.replace(
        part,
        template=dataclasses.replace(around, of=part.template, **{own.name: known}),
        names=tuple(template.parameters()),
        coordinates=coordinates,
        coordinate_covariance=coordinate_covariance,
        values=np.append(part.values, own.value),
        covariance=covariance,
        log_likelihood=log_likelihood,
        n_learned=template.n_coordinates(),
        n_units=life.n_units,
        n_failed=life.n_failed,
        path=path,
        path_template=dataclasses.replace(around, of=part.path_template, **{own.name: known}),
        notes=[*notes, *part.notes],
    )


def joint(template: Distribution, part: Fit, own: list[float], life: Lifetimes, prior: Mapping[str, Prior]) -> Fit:
    """Where Newton's method in all parameters leads from a fit of the part and the coordinate of what the wrapper adds, if learned.

    What the part has on a boundary stays there; what has no value or no error there has none here.
    """
    around: Any = template
    whole: Distribution = dataclasses.replace(around, of=part.template)
    if whole.n_coordinates() == 0:
        return dataclasses.replace(fully_known(whole, life), n_learned=template.n_coordinates())
    problem = pose(whole, life, prior=prior)
    domains = whole.coordinate_domains()
    start = [domain.coordinate_rescaled(x, 1.0 / problem.unit) for domain, x in zip(domains, [*part.coordinates, *own], strict=True)]
    fit = as_fit(problem, whole, life, descend(problem, np.array(start)))
    n = len(part.values)
    values, covariance = fit.values.copy(), fit.covariance.copy()
    values[:n][np.isnan(part.values)] = np.nan
    unsure = np.flatnonzero(np.isnan(np.diag(part.covariance)))
    covariance[unsure] = covariance[:, unsure] = np.nan
    return dataclasses.replace(
        fit, values=values, covariance=covariance, n_learned=template.n_coordinates(), notes=[*fit.notes, *part.notes]
    )


def _bordered(matrix: np.ndarray, variance: float) -> np.ndarray:
    n = len(matrix)
    larger = np.zeros((n + 1, n + 1))
    larger[:n, :n], larger[n, n] = matrix, variance
    larger[n, :n] = larger[:n, n] = np.where(np.isnan(np.diag(matrix)), np.nan, 0.0)  # nothing is known beside what has no error
    return larger
