"""Maximum likelihood for what adds one parameter to another law, its boundary included, at which it adds nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import DefectiveSubpopulation, Distribution, UnitFrailty
from survjax.fitting.estimation import Fit, fit_from_data, pose
from survjax.fitting.prior import Prior
from survjax.fitting.search import SAME_VALUE


class Boundary(NamedTuple):
    """The parameter that a wrapper adds, at which value it adds nothing, and what to say of a likelihood that is highest there."""

    name: str
    value: float
    note: str


BOUNDARIES: dict[type[Distribution], Boundary] = {
    DefectiveSubpopulation: Boundary(
        "fraction_failing",
        1.0,
        "The likelihood is highest at a fraction failing of 1: nothing in these data says that some units never fail. The fraction has no "
        "standard error there.",
    ),
    UnitFrailty: Boundary(
        "variance",
        0.0,
        "The likelihood is highest at a variance of 0: nothing in these data says that units differ by more than this base has it. The "
        "variance has no standard error there.",
    ),
}


def has_boundary(template: Distribution) -> bool:
    """Whether the template has such a parameter still to be learned."""
    boundary = BOUNDARIES.get(type(template))
    return boundary is not None and getattr(template, boundary.name) is None


def fit_up_to_boundary(template: Any, life: Lifetimes, prior: Mapping[str, Prior]) -> Fit:
    """The maximum inside; where none is higher, that at the boundary."""
    boundary = BOUNDARIES[type(template)]
    fit = fit_from_data(pose(template, life, prior=prior), template, life)
    if boundary.name in prior:  # it rules the boundary out
        return fit
    whole = fit_from_data(pose(template.of, life, prior=prior), template.of, life)
    if not whole.converged or (fit.converged and fit.penalised > whole.penalised + SAME_VALUE):
        return fit
    names = tuple(template.parameters())
    rows = [index for index, name in enumerate(names) if name != boundary.name]
    values, covariance = np.full(len(names), boundary.value), np.full((len(names), len(names)), np.nan)
    values[rows] = whole.values
    covariance[np.ix_(rows, rows)] = whole.covariance
    there = dataclasses.replace(template, **{boundary.name: boundary.value})
    return dataclasses.replace(
        whole,
        template=there,
        names=names,
        values=values,
        covariance=covariance,
        n_learned=template.n_coordinates(),
        path_template=there,
        notes=[boundary.note, *whole.notes],
    )
