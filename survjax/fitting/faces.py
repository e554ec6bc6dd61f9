"""The faces of a mixture: the smaller models that it becomes when some of its components have no weight.

A mixture's likelihood may be highest on a face, so that each of them is fitted too. All are evaluated by the mixture's own
program, the missing weights being 0: a program of their own would cost the first fit of a process half a second each.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

import jax
import numpy as np

from survjax.distributions import Distribution, Mixture
from survjax.fitting.estimation import Problem
from survjax.fitting.likelihood import Described
from survjax.fitting.prior import Prior
from survjax.fitting.search import Optimum
from survjax.fitting.starts import Base, places_of
from survjax.numerics.newton import Evaluation

GONE = 800.0  # log-odds at which a weight is 0 in double precision


def faces(template: Mixture, prior: Mapping[str, Prior] = MappingProxyType({})) -> Iterator[tuple[int, ...]]:
    """The components that remain on each face, smallest faces first; of faces that are alike the first one."""
    known = [index for index, weight in enumerate(template.weights) if weight is not None]
    free = [index for index, weight in enumerate(template.weights) if weight is None]
    kinds = alike_components(template, component_priors(template, prior))
    seen = set()
    for size in range(1, len(free)):
        for left in itertools.combinations(free, size):
            kept = tuple(sorted((*known, *left)))
            alike = tuple(sorted(kinds[list(kept)]))
            if alike not in seen:
                seen.add(alike)
                yield kept


def alike_components(template: Mixture, priors: Sequence[Mapping[str, Prior]] | None = None) -> np.ndarray:
    """The same number (k,) for components that may be swapped without changing the model, each with its own prior."""
    parts = zip(template.components, template.weights, priors or [{}] * len(template.components), strict=True)
    kinds = [str((_kind(component, weight), sorted(prior.items()))) for component, weight, prior in parts]
    return np.array([kinds.index(kind) for kind in kinds])


def component_priors(template: Mixture, prior: Mapping[str, Prior]) -> list[dict[str, Prior]]:
    """The prior of each component, by the names that its parameters have when it stands alone."""
    return [
        {name: prior[f"{name}_{index}"] for name in component.parameters() if f"{name}_{index}" in prior}
        for index, component in enumerate(template.components)
    ]


def of_one_kind(template: Mixture) -> bool:
    """Whether the components may all be the same."""
    return len({str(_kind(component, None)) for component in template.components}) == 1


def _kind(component: Distribution, weight: float | None) -> tuple:
    return jax.tree.structure(component), jax.tree.map(lambda leaf: np.asarray(leaf, float).tolist(), jax.tree.leaves(component)), weight


def on_face(template: Mixture, kept: tuple[int, ...]) -> Distribution:
    """What the mixture is when only these components have any weight."""
    if len(kept) == 1:
        return template.components[kept[0]]
    weights = [template.weights[index] for index in kept]
    if weights.count(None) == 1:  # what the others leave is no longer unknown
        weights[weights.index(None)] = 1.0 - sum(weight for weight in weights if weight is not None)
    return Mixture(tuple(template.components[index] for index in kept), tuple(weights))


@dataclass
class Face(Problem):
    """The problem of fitting what a mixture is on one of its faces; points are those of that smaller model.

    Attributes
    ----------
    whole : the problem of the mixture.
    kept : the components that have weight.
    origin (P,) : a point of the mixture; what is not on the face stays as it is there.
    """

    whole: Problem = field(kw_only=True)
    kept: tuple[int, ...] = field(kw_only=True)
    origin: np.ndarray = field(kw_only=True)

    @classmethod
    def of(cls, whole: Problem, kept: tuple[int, ...], origin: np.ndarray) -> Face:
        template = on_face(cast(Mixture, whole.template), kept)
        return cls(template, whole.data, whole.n_failed, whole.n_exact, whole.unit, whole.lanes, whole=whole, kept=kept, origin=origin)

    def __post_init__(self) -> None:
        mixture = cast(Mixture, self.whole.template)
        sizes = [component.n_coordinates() for component in mixture.components]
        begins = np.concatenate([[0], np.cumsum(sizes)])
        own = [position for index in self.kept for position in range(begins[index], begins[index + 1])]
        constant = self.origin.copy()
        constant[own] = 0.0
        free = [index for index, weight in enumerate(mixture.weights) if weight is None]
        left = [index for index in free if index in self.kept]
        odds = {index: int(begins[-1]) + position for position, index in enumerate(free[:-1])}  # relative to the last that is free
        for index, position in odds.items():
            constant[position] = (0.0 if index in left else -GONE) if free[-1] in left else (GONE if index in left else 0.0)
        own += [odds[index] for index in left[:-1]]
        self._origin = constant
        self._matrix = np.eye(len(constant))[:, own]
        counts = [len(component.parameters()) for component in mixture.components]
        at = np.concatenate([[0], np.cumsum([1 + count for count in counts])])
        skipped = 1 if len(self.kept) == 1 else 0  # a single distribution has no weight
        self._reported = [row for index in self.kept for row in range(at[index] + skipped, at[index + 1])]

    def in_whole(self, points: np.ndarray) -> np.ndarray:
        """Points of the face (L, p) as points of the mixture (L, P)."""
        return self._origin + points @ self._matrix.T

    def base(self, optimum: Optimum) -> Base:
        """An optimum on this face as what a start for the mixture may be added to: one component is missing."""
        components = cast(Mixture, self.whole.template).components
        ends = np.cumsum([components[index].n_coordinates() for index in self.kept])
        parts = iter(np.split(optimum.point, ends))
        weights = np.zeros(len(components))
        begins = np.cumsum([0, *(1 + len(components[index].parameters()) for index in self.kept[:-1])])
        weights[list(self.kept)] = 1.0 if len(self.kept) == 1 else optimum.evaluation.extras.values[begins]
        places = dict(zip(self.kept, _places(optimum.evaluation.extras.quartiles, self.template), strict=True))
        return Base(
            tuple(next(parts) if index in self.kept else None for index in range(len(components))),
            weights,
            tuple(places.get(index, (0.0, 1.0)) for index in range(len(components))),
        )

    def base_within(self, base: Base) -> Base:
        """A base of the mixture as one of this face."""
        kept = list(self.kept)
        return Base(tuple(base.components[index] for index in kept), base.weights[kept], tuple(base.places[index] for index in kept))

    def like(self, other: Problem) -> Face:
        return dataclasses.replace(self, data=other.data, n_failed=other.n_failed, n_exact=other.n_exact, whole=other)

    def penalty_at(self, points: np.ndarray) -> np.ndarray:
        return self.whole.penalty_at(self.in_whole(points))

    def evaluate(self, points: np.ndarray, active: np.ndarray) -> Evaluation:
        full = self.whole.evaluate(self.in_whole(points), active)
        described: Described = full.extras
        kept, matrix = list(self.kept), self._matrix
        extras = Described(
            described.values[:, self._reported],
            described.jacobian[:, self._reported] @ matrix,
            described.quartiles[:, kept],
            described.failures[:, kept],
            described.failure_ages[:, kept],
        )
        return Evaluation(full.value, full.gradient @ matrix, matrix.T @ full.hessian @ matrix, extras, full.size)


def _places(quartiles: np.ndarray, template: Distribution) -> list[tuple[float, float]]:
    """Centre and spread on the scale of starts from quartiles (k, 3), as of a normal distribution there."""
    there = places_of(template, np.maximum(quartiles, np.finfo(float).tiny) if template.start_of_support == 0.0 else quartiles)
    return [(float(median), max(float(upper - lower) / 1.349, 1e-6)) for lower, median, upper in there]


@dataclass
class MergedFace(Problem):
    """The single law that a mixture of alike components with known weights is when they are all the same."""

    whole: Problem = field(kw_only=True)

    @classmethod
    def of(cls, whole: Problem) -> MergedFace:
        template = cast(Mixture, whole.template).components[0]
        return cls(template, whole.data, whole.n_failed, whole.n_exact, whole.unit, whole.lanes, whole=whole)

    @property
    def matrix(self) -> np.ndarray:
        """Points of the single law as points of the mixture, (P, p)."""
        return np.tile(np.eye(self.template.n_coordinates()), (len(cast(Mixture, self.whole.template).components), 1))

    def penalty_at(self, points: np.ndarray) -> np.ndarray:
        return self.whole.penalty_at(points @ self.matrix.T)

    def evaluate(self, points: np.ndarray, active: np.ndarray) -> Evaluation:
        full = self.whole.evaluate(points @ self.matrix.T, active)
        described: Described = full.extras
        own = slice(1, 1 + len(self.template.parameters()))  # the first component's parameters, after its weight
        extras = described._replace(values=described.values[:, own], jacobian=described.jacobian[:, own] @ self.matrix)
        return Evaluation(full.value, full.gradient @ self.matrix, self.matrix.T @ full.hessian @ self.matrix, extras, full.size)
