"""Whether the rules that a user's law gives beside its survival function are those that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import jax.numpy as jnp
import numpy as np

from survjax.distributions import Distribution
from survjax.numerics.tracing import explained

SAME = 1e-4  # relative, or of a logarithm: what the references below are good for, of smooth laws, and no wrong formula comes near
STEP = 1e-4  # of the age: a central difference then errs by about its square
GRID = 4000  # ages of an integral
REACH = 40.0  # of log age, to either side of the age asked about
MOVED = 0.4  # on the real line, from the start of a fit: a second place, where no parameter is 1 by chance
LOG_FACTOR = 0.7  # a factor of the hazard that is not 1

Place = tuple[tuple[float, ...], float, float]  # arguments of the rule, what it should say, what it says


def check_own_rules(law: Distribution, found: Distribution, ages: np.ndarray) -> None:
    """Refuse a rule of the user's class that contradicts its ``log_survival``.

    Parameters
    ----------
    law : the template. found : the same with values. ages (m,), in order, at which it was seen to be a survival function.

    Raises
    ------
    TypeError : JAX cannot follow the rule. ValueError : the rule, the arguments, and both values.
    """
    own = [name for name in PLACES if _is_own(type(law), name)]
    if not own:
        return
    few = [float(age) for age in ages[1::3]]
    for at in (found, elsewhere(law, found)):
        told = ", ".join(f"{name}={float(value):.4g}" for name, value in zip(law.parameters(), at.values(), strict=True))
        for name in own:
            _check(type(law), at, name, few, told)


def elsewhere(law: Distribution, found: Distribution) -> Distribution:
    """The law with all parameters moved from those of ``found``."""
    domains = [parameter.domain for parameter in law.parameters().values()]
    moved = [domain.from_real(domain.to_real(float(value)) + MOVED) for domain, value in zip(domains, found.values(), strict=True)]
    return found.with_values(jnp.array(moved))


def _is_own(kind: type[Distribution], name: str) -> bool:
    owner = next(one for one in kind.__mro__ if name in vars(one))
    return not owner.__module__.startswith("survjax.")


def _check(kind: type[Distribution], at: Distribution, name: str, ages: list[float], told: str) -> None:
    with explained(getattr(kind, name), f"{kind.__name__}.{name}"):
        for given, expected, got in PLACES[name](at, ages):
            # what does not follow from log_survival, an infinite mean or a hazard of 0, is not held against the rule
            if np.isfinite(expected) and not abs(got - expected) <= SAME * max(1.0 if "log" in name else 0.0, abs(expected)):
                asked = ", ".join(f"{one:.4g}" for one in given)
                raise ValueError(
                    f"{kind.__name__}.{name}({asked}) is {got:.6g}, and from log_survival follows {expected:.6g}, with {told}. One of the "
                    f"two rules is wrong; without {name} it is derived from log_survival."
                )


def _derivative(law: Distribution, age: float) -> float:
    """The hazard at an age, by a central difference: it differentiates what JAX takes for constant, too."""
    step = STEP * abs(age) if law.start_of_support == 0.0 else STEP
    return (_log(law, age - step) - _log(law, age + step)) / (2.0 * step)


def _log(law: Distribution, age: float) -> float:
    return float(law.log_survival(jnp.asarray(age)))


def _at_ages(derived: Callable[[Distribution, float], float], with_log: bool = False, rule: str = "") -> Callable:
    """Places of a rule of one age, and of its logarithm where that is handed in with it."""

    def places(law: Distribution, ages: list[float]) -> Iterator[Place]:
        for age in ages:
            given = (age, float(np.log(age))) if with_log else (age,)
            yield given, derived(law, age), float(getattr(law, rule)(*map(jnp.asarray, given)))

    def of_positive_ages(law: Distribution, ages: list[float]) -> Iterator[Place]:
        return places(law, ages) if law.start_of_support == 0.0 else iter(())

    return of_positive_ages if with_log else places


def _between(law: Distribution, ages: list[float]) -> Iterator[Place]:
    for first, last in pairwise(ages):
        got = float(law.cumulative_hazard_between(jnp.asarray(first), jnp.asarray(last - first)))
        yield (first, last - first), _log(law, first) - _log(law, last), got


def _duration(law: Distribution, ages: list[float]) -> Iterator[Place]:
    for first, last in pairwise(ages):
        collected = _log(law, first) - _log(law, last)
        if collected > 0.0:  # else any duration is right
            yield (first, collected), last - first, float(law.duration_after(jnp.asarray(first), jnp.asarray(collected)))


def _age(law: Distribution, ages: list[float]) -> Iterator[Place]:
    for age, hazard in ((age, _derivative(law, age)) for age in ages):
        if hazard > 0.0:
            yield (-_log(law, age),), age, float(law.age_at(jnp.asarray(-_log(law, age))))


def _quantile(law: Distribution, ages: list[float]) -> Iterator[Place]:
    for age, hazard in ((age, _derivative(law, age)) for age in ages):
        if hazard > 0.0:
            probability = -np.expm1(_log(law, age))
            yield (probability,), age, float(law.quantile(jnp.asarray(probability)))


def _mean_after(law: Distribution, ages: list[float]) -> Iterator[Place]:
    for age in ages[::2]:
        yield (age,), _mean(law, age), float(law.mean_after(jnp.asarray(age)))


def _restricted(law: Distribution, ages: list[float]) -> Iterator[Place]:
    nodes, weights = np.polynomial.legendre.leggauss(200)
    for first, last in pairwise(ages):
        horizon = last - first
        logs = np.asarray(law.log_survival(jnp.asarray(first + 0.5 * horizon * (nodes + 1.0)))) - _log(law, first)
        expected = 0.5 * horizon * float(weights @ np.exp(logs))
        yield (first, horizon), expected, float(law.restricted_mean_after(jnp.asarray(first), jnp.asarray(horizon)))


def _whole_mean(law: Distribution, ages: list[float]) -> Iterator[Place]:
    if law.start_of_support == 0.0:
        yield (), _mean(law, 0.0), float(law.mean())


def _mean(law: Distribution, age: float) -> float:
    """The mean remaining life: the survival integrated over the logarithm of the life that remains; nan where it has a heavy tail.

    The trapezium rule converges exponentially there, the integrand being smooth and dying out at both ends.
    """
    places = np.linspace(-REACH, REACH, GRID)
    logs = np.asarray(law.log_survival(jnp.asarray(age + np.exp(places)))) - (_log(law, age) if age else 0.0)
    parts = np.exp(logs + places)
    total = float(parts.sum() * (places[1] - places[0]))
    return total if parts[-1] <= SAME * SAME * total else np.nan


def _times(law: Distribution, ages: list[float]) -> Iterator[Place]:
    raised = law.with_hazard_times(jnp.asarray(LOG_FACTOR))
    if raised is not None:
        for age in ages:
            yield (LOG_FACTOR,), _log(law, age) * np.exp(LOG_FACTOR), _log(raised, age)


def _log_hazard(law: Distribution, age: float) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.log(_derivative(law, age)))


_DERIVED: dict[str, Callable[[Distribution, float], float]] = {
    "survival": lambda law, age: float(np.exp(_log(law, age))),
    "failure_probability": lambda law, age: float(-np.expm1(_log(law, age))),
    "cumulative_hazard": lambda law, age: -_log(law, age),
    "hazard": _derivative,
    "density": lambda law, age: float(_derivative(law, age) * np.exp(_log(law, age))),
    "log_hazard": _log_hazard,
    "log_density": lambda law, age: _log_hazard(law, age) + _log(law, age),
}
_WITH_LOG = {"log_survival_from": _log, "log_hazard_from": _DERIVED["log_hazard"], "log_density_from": _DERIVED["log_density"]}
PLACES: dict[str, Callable[[Distribution, list[float]], Iterator[Place]]] = {
    **{name: _at_ages(derived, rule=name) for name, derived in _DERIVED.items()},
    **{name: _at_ages(derived, with_log=True, rule=name) for name, derived in _WITH_LOG.items()},
    "cumulative_hazard_between": _between,
    "duration_after": _duration,
    "age_at": _age,
    "quantile": _quantile,
    "mean_after": _mean_after,
    "restricted_mean_after": _restricted,
    "mean": _whole_mean,
    "with_hazard_times": _times,
}
