"""A look at a user's own distribution before it is used: whether its rule is the logarithm of a survival function, and still the same."""

from __future__ import annotations

from collections.abc import Hashable
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np

from survjax.distributions import Distribution
from survjax.models.own_rules import check_own_rules, elsewhere
from survjax.models.precision import in_double_precision
from survjax.numerics.outside import values_outside
from survjax.numerics.tracing import explained
from survjax.parameters import LOCATION, Domain

CENTRE, SPREAD = 0.0, 0.5  # of the lives, of log time or of time, at whose start the rule is looked at
HEIGHTS = np.linspace(-1.5, 1.0, 11)  # places of the ages, in deviations
FAR = np.linspace(-10.0, 10.0, 161)  # of log age: whether survival falls all the way
MOVES = (-2.0, 2.0)  # of a parameter on the real line
SAME_LAW = 1e-6  # of log survivals in two units: far beyond rounding
AT_BIRTH = 1e-6  # what rounding may leave of log S(0)
_OR_SURVIVAL = "Does it return the survival itself, or a hazard? Then take jnp.log of the survival, or minus the cumulative hazard."
_OR_AT_BIRTH = (
    "A law on the whole real line says start_of_support = -math.inf; where a logarithm of age is in the way, keep 0 out of it: "
    "jnp.where(age > 0, age, 1)."
)
_looked_at: WeakKeyDictionary[type[Distribution], Hashable] = WeakKeyDictionary()  # and what it read from outside then


def check_own_law(law: Distribution) -> None:
    """Refuse a class of a user's whose ``log_survival`` cannot be one; each class is looked at once, and again where it reads other values.

    Of a class that reads a variable of the notebook which is another now, all programs are let go of.

    Raises
    ------
    TypeError : JAX cannot follow it, with the line and the remedy; or it answers with something else than one number.
    ValueError : it is no logarithm of a survival function, with the age and the parameters; or another rule contradicts it.
    """
    kind = type(law)
    if kind.__module__.startswith("survjax."):
        return
    outside = values_outside(kind, itself=True)
    if law.parts() or _looked_at.get(kind) == outside:
        return
    _check(law)
    _looked_at[kind] = outside


@in_double_precision
def _check(law: Distribution) -> None:
    name = f"{type(law).__name__}.log_survival"
    _check_traceable(law, name)
    values = law.start(CENTRE, SPREAD)
    found = law.with_values(jnp.array([float(values[one]) for one in law.parameters()]))
    told = ", ".join(f"{one}={values[one]:.4g}" for one in law.parameters())
    places = CENTRE + SPREAD * HEIGHTS
    ages = places if law.start_of_support != 0.0 else np.exp(places)
    logs = np.asarray(found.log_survival(jnp.asarray(ages)))
    where = f"at age {{:.4g}} with {told}"
    high = logs > 0.0
    if high.any():
        place = int(np.argmax(high))
        raise ValueError(
            f"{name} must be 0 or less, being log P(T > age); it is {logs[place]:.4g} {where.format(ages[place])}. {_OR_SURVIVAL}"
        )
    bad = np.isnan(logs)
    if bad.any():
        raise ValueError(f"{name} is nan {where.format(ages[np.argmax(bad)])}, where nothing better was found. Is the formula right?")
    rises = np.diff(logs) > 0.0
    if rises.any():
        raise ValueError(
            f"{name} must fall with age, being log P(T > age); it rises from {logs[np.argmax(rises)]:.4g} to "
            f"{logs[np.argmax(rises) + 1]:.4g} {where.format(ages[np.argmax(rises) + 1])}. Is it the logarithm of P(T <= age)?"
        )
    if law.knows_its_unit():
        doubled = np.asarray(found.rescaled(2.0).log_survival(jnp.asarray(2.0 * ages)))
        if not np.allclose(doubled, logs, rtol=SAME_LAW, atol=SAME_LAW):
            kinds = ", ".join(f"{one} {_in_words(parameter.domain)}" for one, parameter in law.parameters().items())
            raise ValueError(
                f"{type(law).__name__} is not the same law in another unit of time, as a fit needs it: with every age doubled {kinds}, and "
                "the survival at twice the age is another. Declare a scale sj.Duration, a rate per time sj.Rate, an age sj.Location, and "
                "what has no unit sj.Positive or sj.Real; a constant that is an age is a known parameter."
            )
    located = any(parameter.domain is LOCATION for parameter in law.parameters().values())  # such a law may begin before age 0
    if law.start_of_support == 0.0 and not law.has_mass_at_start and not located:
        at_birth = float(found.log_survival(jnp.asarray(0.0)))
        if not abs(at_birth) <= AT_BIRTH:
            hint = _OR_SURVIVAL if abs(at_birth - 1.0) <= AT_BIRTH else _OR_AT_BIRTH
            raise ValueError(f"{name} must be 0 at age 0, where everything is alive; it is {at_birth:.4g} with {told}. {hint}")
    for at in (found, elsewhere(law, found)):
        _check_falling(at, name)
    _check_used(law, found, jnp.asarray(ages))
    check_own_rules(law, found, ages)


def _check_falling(law: Distribution, name: str) -> None:
    """Refuse a survival that rises again, however far out, by more than rounding."""
    ages = np.exp(CENTRE + FAR) if law.start_of_support == 0.0 else CENTRE + SPREAD * np.sinh(FAR)
    logs = np.asarray(law.log_survival(jnp.asarray(ages)))
    lowest = np.minimum.accumulate(np.where(np.isnan(logs), np.inf, logs))  # beyond all that live, a formula may have no value
    rounding = SAME_LAW * np.maximum(1.0, np.abs(np.where(np.isfinite(lowest), lowest, 0.0)))
    rise = np.flatnonzero(logs[1:] > (lowest + rounding)[:-1])
    if rise.size:
        later = rise[0] + 1
        earlier = int(np.argmin(np.where(np.isnan(logs[:later]), np.inf, logs[:later])))
        told = ", ".join(f"{one}={float(value):.4g}" for one, value in zip(law.parameters(), law.values(), strict=True))
        raise ValueError(
            f"{name} must fall with age, being log P(T > age): it is {logs[earlier]:.6g} at age {ages[earlier]:.4g} and {logs[later]:.6g} "
            f"at age {ages[later]:.4g}, with {told}. Is the formula right at great ages?"
        )


def _check_used(law: Distribution, found: Distribution, ages: jax.Array) -> None:
    """Refuse a parameter that the survival does not depend on, whose likelihood is flat."""
    values = found.values()
    logs = np.asarray(found.log_survival(ages))
    for place, (one, parameter) in enumerate(law.parameters().items()):
        others = [parameter.domain.from_real(parameter.domain.to_real(float(values[place])) + by) for by in MOVES]
        moved = (np.asarray(found.with_values(values.at[place].set(other)).log_survival(ages)) for other in others)
        if not law.has_mass_at_start and all(np.array_equal(logs, again, equal_nan=True) for again in moved):
            raise ValueError(
                f"{type(law).__name__}.log_survival does not depend on {one}, which no data could then tell. Use self.{one} in it, or take "
                f"the line `{one}: ...` out of the class."
            )


def _in_words(domain: Domain) -> str:
    return {0: "stays", 1: "is doubled", -1: "is halved"}.get(domain.time_power, f"is multiplied by 2^{domain.time_power}")


def _check_traceable(law: Distribution, name: str) -> None:
    rule = type(law).log_survival

    def of(point: jax.Array, age: jax.Array) -> jax.Array:
        return law.bind(point).log_survival(age)

    number = jax.ShapeDtypeStruct((), np.float64)
    with explained(rule, name):
        answer = jax.eval_shape(of, jax.ShapeDtypeStruct((law.n_coordinates(),), np.float64), number)
    if getattr(answer, "shape", None) != ():
        raise TypeError(f"{name} must return one number for one age; it returned {getattr(answer, 'shape', type(answer).__name__)}.")
