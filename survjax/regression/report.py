"""What a regression tells the user: parameters of the base and coefficients, in the units of X, with their covariance."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.distributions import Distribution, ScaledHazard, ScaledTime
from survjax.distributions.fields import PART, ConstantKind
from survjax.numerics.programs import program
from survjax.parameters import SimplexDomain
from survjax.regression.estimation import RegressionFit
from survjax.regression.predictors import Predictors, coordinate_names

FARTHEST = 300.0  # in the score: a factor of 1e130, beyond which little more is a number


class Report(NamedTuple):
    """names (m,), values (m,), their covariance (m, m), which of them are coefficients of covariates (m,), and slopes (m, q) in these."""

    names: tuple[str, ...]
    values: np.ndarray
    covariance: np.ndarray
    is_coefficient: np.ndarray


class Told(NamedTuple):
    """names (m,), values (m,), their derivatives (m, q) in the coefficients of the fit, which of them are coefficients of covariates."""

    names: tuple[str, ...]
    values: np.ndarray
    slopes: np.ndarray
    is_coefficient: np.ndarray


def report(fit: RegressionFit) -> Report:
    """Parameters and coefficients as the user sees them; a coefficient's covariance is carried over exactly, a parameter's by its slope."""
    names, values, slopes, is_coefficient = tell(fit)
    covariance = slopes @ fit.covariance @ slopes.T
    # of a parameter that was learned and is taken as known nothing is said
    held = ~is_coefficient & np.any(slopes != 0.0, axis=1) & np.all((slopes == 0.0) | (np.diag(fit.covariance) == 0.0), axis=1)
    covariance[held] = covariance[:, held] = np.nan
    return Report(names, values, covariance, is_coefficient)


def tell(fit: RegressionFit) -> Told:
    """What the user sees, with its derivatives."""
    predictors = fit.predictors
    template, layout = predictors.template, predictors.layout
    to_user = predictors.to_user()
    in_user_units = to_user @ fit.coefficients
    predicted = {one.coordinate: one for one in predictors.each}
    coordinate_of = {name: k for k, name in enumerate(coordinate_names(template))}
    places = layout.slices()
    base, base_slopes = _base(fit)
    shared_weights = _weights_beside_predicted(predictors)

    names: list[str] = []
    values: list[float] = []
    slopes: list[np.ndarray] = []
    is_coefficient: list[bool] = []
    for row, name in enumerate(template.parameters()):
        k = coordinate_of.get(name)
        if k is not None and (k in predicted or name in shared_weights):
            where = places[k]
            names += predicted[k].names if k in predicted else [f"{name}[Intercept]"]
            values += list(in_user_units[where])
            slopes += list(to_user[where])
            is_coefficient += [True] * (where.stop - where.start)
        elif name not in shared_weights:
            names.append(name)
            values.append(float(base[row]))
            slopes.append(base_slopes[row])
            is_coefficient.append(False)
    return Told(tuple(names), np.array(values), np.array(slopes), np.array(is_coefficient))


def base_is_of_zero(fit: RegressionFit) -> bool:
    """Whether the base is told as that of a unit with every covariate 0, not with every column at its mean.

    So it is where means were not taken off, and where giving them back leaves the base a law of its kind, with parameters that
    are still numbers: a covariate of 20,000 may put a unit with 0 of it beyond all of them.
    """
    template = fit.predictors.template
    shift, slopes = _shift(fit)
    if not slopes.any():
        return True
    if isinstance(template, ScaledHazard) and type(template.of).with_hazard_times is Distribution.with_hazard_times:
        return False
    return abs(shift) < FARTHEST


def _shift(fit: RegressionFit) -> tuple[float, np.ndarray]:
    """The score of a unit with every covariate 0, and its slopes (q,) in the coefficients; 0 where an intercept holds it."""
    slopes = np.zeros(len(fit.coefficients))
    if not fit.predictors.each:
        return 0.0, slopes
    one = fit.predictors.each[0]
    if isinstance(fit.predictors.template, (ScaledHazard, ScaledTime)) and not one.design.has_intercept:
        slopes[fit.predictors.layout.slices()[one.coordinate]] = -one.design.shift
    return float(slopes @ fit.coefficients), slopes


def may_be_centred(template: Distribution) -> bool:
    """Whether means may be taken off columns: what is known of the base is not what taking them off would move."""
    if isinstance(template, ScaledTime):
        return not _has_known_times(template.of)
    if isinstance(template, ScaledHazard):
        return all(one.value is None for one in template.of.parameters().values())
    return True


def _has_known_times(law: Distribution) -> bool:
    known = any(one.value is not None and one.domain.time_power for one in law.parameters().values())
    return known or not stretches(law)


def stretches(law: Distribution) -> bool:
    """Whether the law holds no constant of time, so that stretching time is a change of its parameters alone."""
    kinds = law.field_kinds().values()
    return not any(isinstance(kind, ConstantKind) and kind.time_power for kind in kinds) and all(stretches(part) for part in law.parts())


def _base(fit: RegressionFit) -> tuple[np.ndarray, np.ndarray]:
    """The parameters of the template (m,) where the columns are at their means, or 0, and their slopes (m, q) in the coefficients."""
    predictors = fit.predictors
    template, layout = predictors.template, predictors.layout
    at_means = np.zeros((1, sum(len(one.names) for one in predictors.each)))
    first = 0
    for one in predictors.each:
        at_means[0, first] = one.design.has_intercept
        first += len(one.names)
    coordinates = np.asarray(layout.coordinates(fit.coefficients, at_means)[0], float)
    in_coordinates = _coordinate_slopes(predictors, at_means)
    shift, shift_slopes = _shift(fit) if base_is_of_zero(fit) else (0.0, np.zeros(len(fit.coefficients)))
    values, slopes, shift_slope = (np.asarray(a, float) for a in _told(type(template), template, coordinates, np.float64(shift)))
    return values, slopes @ in_coordinates + np.outer(shift_slope, shift_slopes)


def _coordinate_slopes(predictors: Predictors, covariates: np.ndarray) -> np.ndarray:
    """The derivative (p, q) of the coordinates of a unit with these covariates (1, m) in the coefficients."""
    layout = predictors.layout
    slopes = np.zeros((len(layout.columns), layout.n_coefficients()))
    for k, (span, where) in enumerate(zip(layout.columns, layout.slices(), strict=True)):
        slopes[k, where] = 1.0 if span is None else covariates[0, span[0] : span[1]]
    return slopes


@program(static_argnums=0)
def _told(kind: type, template: Distribution, coordinates: Any, shift: Any):
    def values(coordinates, shift):
        law: Any = template.bind(coordinates)
        if kind is ScaledTime:
            own = law.of.parameters().values()
            moved = jnp.stack([jnp.asarray(one.domain.stretched(one.value, shift)) for one in own])
            told = jnp.append(moved, law.score)
        elif kind is ScaledHazard:
            base = law.of.with_hazard_times(shift)
            told = jnp.append((law.of if base is None else base).values(), law.score)
        else:
            told = law.values()
        return told, told

    (by_coordinate, by_shift), told = jax.jacfwd(values, argnums=(0, 1), has_aux=True)(coordinates, shift)
    return told, by_coordinate, by_shift


def _weights_beside_predicted(predictors: Predictors) -> set[str]:
    """The weights of mixtures of which another follows covariates: then none of them is one number for all units."""
    names = coordinate_names(predictors.template)
    labels = {names[one.coordinate] for one in predictors.each}
    found: set[str] = set()
    for group in _groups_of_weights(predictors.template, predictors.template.with_values(range(len(predictors.template.parameters())))):
        all_names = list(predictors.template.parameters())
        members = {all_names[number] for number in group}
        if members & labels:
            found |= members
    return found


def _groups_of_weights(template: Distribution, numbered: Distribution) -> list[list[int]]:
    found: list[list[int]] = []
    for name, kind in template.field_kinds().items():
        own, number = getattr(template, name), getattr(numbered, name)
        if isinstance(kind, SimplexDomain):
            found.append([inner for entry, inner in zip(own, number, strict=True) if entry is None])
        elif kind is PART:
            parts = zip(own, number, strict=True) if isinstance(own, tuple) else ((own, number),)
            found += [group for part in parts for group in _groups_of_weights(*part)]
    return found
