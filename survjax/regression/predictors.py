"""Which numbers of a distribution follow the covariates, and how coefficients are told to the user.

A template has coordinates on the real line. Each is either one number for all units or a linear predictor: proportional hazards,
accelerated time and parameters by formula differ only in which coordinates of which template these are. Inside, columns are
standardised; what the user sees is in the units of X.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.distributions import Distribution
from survjax.distributions.fields import PART
from survjax.numerics.linear_sums import Layout
from survjax.parameters import Domain, Several, SimplexDomain


@dataclass(frozen=True, eq=False)
class Predictor:
    """One coordinate as a linear function of covariates.

    Attributes
    ----------
    coordinate : which one of the template.
    label : what its coefficients are called after, ``scale_0`` in ``scale_0[temperature]``; empty for a score, whose coefficients bear
        the names of the columns alone.
    design : how X becomes its columns.
    """

    coordinate: int
    label: str
    design: Design

    @property
    def names(self) -> list[str]:
        return [f"{self.label}[{name}]" if self.label else name for name in self.design.names]

    def columns(self, X: Any) -> np.ndarray:
        """The standardised columns (n, m) of these units."""
        return self.design.standardised(self.design.matrix(X))


def uncentred(design: Design) -> Design:
    """The design whose columns are scaled inside, but not centred: for a base that is that of X = 0 whatever the data."""
    return dataclasses.replace(design, center=np.zeros_like(design.center))


@dataclass(frozen=True, eq=False)
class Predictors:
    """A template and the linear predictors of some of its coordinates, in the order of the coordinates."""

    template: Distribution
    each: tuple[Predictor, ...]

    @cached_property
    def layout(self) -> Layout:
        spans: list[tuple[int, int] | None] = [None] * self.template.n_coordinates()
        first = 0
        for predictor in self.each:
            last = first + len(predictor.design.names)
            spans[predictor.coordinate] = (first, last)
            first = last
        return Layout(tuple(spans))

    def covariates(self, X: Any) -> np.ndarray:
        """The columns (n, m) of all predictors, side by side, standardised."""
        return self.side_by_side([predictor.columns(X) for predictor in self.each])

    @staticmethod
    def side_by_side(columns: list[np.ndarray]) -> np.ndarray:
        return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)

    def slopes(self) -> np.ndarray:
        """Which coefficients (q,) are those of a column, not an intercept or a number for all units."""
        marked = np.zeros(self.layout.n_coefficients(), dtype=bool)
        places = self.layout.slices()
        for predictor in self.each:
            where = places[predictor.coordinate]
            marked[where.start + predictor.design.has_intercept : where.stop] = True
        return marked

    def to_user(self) -> np.ndarray:
        """The matrix (q, q) from coefficients of standardised columns to those in the units of X."""
        matrix = np.eye(self.layout.n_coefficients())
        places = self.layout.slices()
        for predictor in self.each:
            where = places[predictor.coordinate]
            matrix[where, where] = predictor.design.to_user
        return matrix

    def rescaled(self, coefficients: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
        """The coefficients (..., q) when times are ``factor`` times what they were, and the derivative (q,) of each in itself."""
        changed, slope = np.array(coefficients, dtype=float), np.ones(self.layout.n_coefficients())
        starts = {predictor.coordinate: predictor.design.has_intercept for predictor in self.each}
        for k, (domain, where) in enumerate(zip(self.template.coordinate_domains(), self.layout.slices(), strict=True)):
            slope[where] = domain.coordinate_slope(factor)
            changed[..., where] *= slope[where]
            if starts.get(k, True):
                changed[..., where.start] += domain.coordinate_rescaled(0.0, factor)
        return changed, slope

    def follow_unit_of_time(self) -> bool:
        """Whether a change of unit can be carried by the coefficients: none moves a predictor that has no intercept to move."""
        domains = self.template.coordinate_domains()
        return all(one.design.has_intercept or domains[one.coordinate].coordinate_rescaled(0.0, 2.0) == 0.0 for one in self.each)

    def with_template(self, template: Distribution) -> Predictors:
        return dataclasses.replace(self, template=template)


def coordinate_names(template: Distribution) -> list[str]:
    """For each coordinate the name of the parameter that it is the coordinate of."""
    names = list(template.parameters())
    return [names[number] for number in _numbers(template, template.with_values(range(len(names))))]


def _numbers(template: Distribution, numbered: Distribution) -> Sequence[int]:
    found: list[int] = []
    for name, kind in template.field_kinds().items():
        own, number = getattr(template, name), getattr(numbered, name)
        if isinstance(kind, SimplexDomain):
            found += [inner for entry, inner in zip(own, number, strict=True) if entry is None][:-1]
        elif isinstance(kind, Domain) and own is None:
            found.append(number)
        elif isinstance(kind, Several):
            found += [inner for entry, inner in zip(own, number, strict=True) if entry is None]
        elif kind is PART:
            parts = zip(own, number, strict=True) if isinstance(own, tuple) else ((own, number),)
            found += [inner for part in parts for inner in _numbers(*part)]
    return found


@cache
def of_unit(rule: Callable) -> Callable:
    """``rule(law of the unit, *row)`` as a function of (template, coordinates, *row) for ``map_rows``; one object a rule."""

    def function(template: Any, coordinates: Any, *row: Any) -> Any:
        return rule(template.bind(coordinates), *row)

    return function
