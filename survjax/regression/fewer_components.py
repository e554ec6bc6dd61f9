"""Regressions over competing risks or a mixture less one component, by which it is told whether that one is there at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from survjax.distributions import CompetingRisks, Distribution, Mixture, ScaledHazard, ScaledTime
from survjax.fitting.causes import is_labelled
from survjax.regression.predictors import Predictors


class Without(NamedTuple):
    """A regression without the component at ``place``: its base, its predictors and their columns (n, m)."""

    place: int
    base: Distribution
    predictors: Predictors
    covariates: np.ndarray


def each_without_one(base: Distribution, predictors: Predictors, covariates: np.ndarray) -> Iterator[Without]:
    """The regressions without each component that is to be learned; none where causes or weights are told, or weights follow covariates."""
    if not isinstance(base, (CompetingRisks, Mixture)) or is_labelled(base):
        return
    ends = np.cumsum([component.n_coordinates() for component in base.components]).tolist()
    of_weights = [one for one in predictors.each if one.label.startswith("weight")]
    if isinstance(base, Mixture) and (any(weight is not None for weight in base.weights) or (of_weights and len(ends) > 2)):
        return
    free: dict[str, Any] = {"weights": None} if isinstance(base, Mixture) else {}
    for index, (first, last) in enumerate(zip([0, *ends], ends, strict=False)):
        rest = base.components[:index] + base.components[index + 1 :]
        if last == first or not rest:
            continue
        smaller = rest[0] if len(rest) == 1 else dataclasses.replace(base, components=rest, **free)
        if smaller.n_coordinates():
            fewer = base.n_coordinates() - smaller.n_coordinates()
            kept = [one for one in predictors.each if one not in of_weights and not first <= one.coordinate < last]
            moves = [0 if one.coordinate < last else fewer if one.coordinate >= base.n_coordinates() else last - first for one in kept]
            moved = [dataclasses.replace(one, coordinate=one.coordinate - by) for one, by in zip(kept, moves, strict=True)]
            spans = [predictors.layout.columns[one.coordinate] for one in kept]
            columns = [covariates[:, slice(*span)] for span in spans if span is not None]
            inside = Predictors(_in_place(predictors.template, smaller), tuple(moved))
            yield Without(index, smaller, inside, np.concatenate([np.empty((len(covariates), 0)), *columns], axis=1))


def why_not(base: Distribution, found: Without, log_likelihood: float) -> str:
    """Why there is no estimate, where a fit is no better than ``found``, and what to do."""
    kind = type(base.parts()[found.place]).__name__
    if isinstance(base, Mixture):
        rest = f"one {kind}" if not isinstance(found.base, Mixture) else f"{len(found.base.components)} components"
        return (
            f"the likelihood is no higher than that of the same regression over {rest}, {log_likelihood:.6g}: the data show no sign of "
            "another population, so that components coincide, or one has no weight, and their parameters may be anything. Take that base."
        )
    return (
        f"the likelihood is no higher than without component {found.place} ({kind}) of the competing risks, {log_likelihood:.6g}: the data "
        "do not tell it from one of which nobody fails, and its parameters may be anything. Leave it out of the base, or give its "
        "parameters."
    )


def _in_place(template: Distribution, law: Distribution) -> Distribution:
    """The template with another law inside its scores."""
    return dataclasses.replace(template, of=_in_place(template.of, law)) if isinstance(template, (ScaledHazard, ScaledTime)) else law
