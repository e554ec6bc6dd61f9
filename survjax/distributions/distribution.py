"""What every lifetime distribution is, and all that follows from its survival function alone."""

from __future__ import annotations

import dataclasses
import functools
import math
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Annotated, Any, ClassVar, dataclass_transform, get_args, get_origin, get_type_hints

import jax
import jax.numpy as jnp

from survjax.distributions.edges import Edges
from survjax.distributions.papers import Paper
from survjax.distributions.scanned_start import scanned_start
from survjax.numerics.programs import forget_programs
from survjax.numerics.pytrees import register_pytree
from survjax.numerics.quadrature import restricted_mean
from survjax.numerics.roots import root_between, solve_from_anywhere, solve_increasing
from survjax.parameters import (
    Domain,
    Parameter,
    Several,
    SimplexDomain,
    Unknown,
    n_simplex_coordinates,
    simplex_from_real,
)

MOST_STALE = 32  # definitions of classes that have taken the place of others, before what was compiled for all of them is forgotten
_defined: set[tuple[str, str]] = set()
_n_redefined = 0

PART = "a distribution, or a tuple of them, inside another"
Part = Annotated[Any, PART]


@dataclasses.dataclass(frozen=True)
class ConstantKind:
    """An array that is never learned, and how it scales with the unit of time."""

    time_power: int = 0

    def rescaled(self, value, factor: float):
        return value * factor**self.time_power


Age = Annotated[Any, ConstantKind(time_power=1)]


def elementwise(rule: Callable) -> Callable:
    """Let a rule written for scalars take arrays that broadcast; scalars go straight through."""

    @functools.wraps(rule)
    def method(self, *arguments):
        arguments = tuple(jnp.asarray(argument, jnp.result_type(argument, float)) for argument in arguments)
        if all(argument.ndim == 0 for argument in arguments):
            return rule(self, *arguments)
        return jnp.vectorize(functools.partial(rule, self))(*arguments)

    return method


@dataclass_transform(eq_default=False, frozen_default=True)
class Distribution:
    """The distribution of a lifetime: a frozen JAX pytree of parameters, constants and static settings.

    One of your own declares its parameters by annotation (``sj.Positive``, ``sj.Duration``, ``sj.Rate``, ``sj.Real``, ``sj.Location``,
    ``sj.Probability``) and owes one rule, ``log_survival(self, time)``, scalar in, scalar out, in ``jax.numpy``; ``sj.Model`` is its
    learner, and it stands wherever a distribution may. It may give any other rule where a closed form is kinder (``log_hazard``,
    ``age_at``, ``mean_after``, ...), and ``start(centre, spread)`` where a fit should begin elsewhere than where trying finds.
    ``sj.load(path, distributions=[...])`` reads back what was saved. More in ``docs/own_distribution.md``.

    Every method may be used under ``jit``, ``vmap`` and ``grad``, and takes arrays too. The precision is that of the arguments and of
    the user's JAX configuration; the learners of ``survjax.models`` see to double precision by themselves.

    A parameter that is None is one to be learned; such a distribution is a template.

    Raises
    ------
    TypeError : on definition, for an annotation that is no domain where one is meant.

    Examples
    --------
    >>> import jax.numpy as jnp, survjax as sj
    >>> class Lomax(sj.Distribution):
    ...     shape: sj.Positive
    ...     scale: sj.Duration
    ...     def log_survival(self, time):
    ...         return -self.shape * jnp.log1p(time / self.scale)
    >>> round(sj.Model(Lomax(shape=2.0, scale=100.0)).median(), 4)
    41.4214
    """

    start_of_support: ClassVar[float] = 0.0
    paper: ClassVar[Paper | None] = None  # on which it is a straight line, where there is such
    edges: ClassVar[Edges | None] = None  # None: not known
    has_mass_at_start: ClassVar[bool] = False
    _kinds: ClassVar[dict[str, Any]] = {}
    _rules: ClassVar[tuple[str, ...]] = (
        "log_survival",
        "log_hazard",
        "log_density",
        "hazard",
        "density",
        "log_survival_from",
        "log_density_from",
        "log_hazard_from",
        "cumulative_hazard_between",
        "duration_after",
        "age_at",
        "mean_after",
        "restricted_mean_after",
    )

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in cls._rules:
            if name in vars(cls):
                setattr(cls, name, elementwise(vars(cls)[name]))
        own = vars(cls).get("__annotations__", {})
        hints = _hints(cls, sys._getframe(1))
        _refuse_no_parameters(cls, {name: hints[name] for name in own})
        for name in own:
            if isinstance(_kind(hints[name]), (Domain, Several)) and name not in vars(cls):
                setattr(cls, name, None)
        dataclasses.dataclass(frozen=True, eq=False)(cls)
        # found once a class: reading annotations costs more than a Newton step on a thousand rows
        cls._kinds = {f.name: _kind(hints[f.name]) for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
        data = [name for name, kind in cls.field_kinds().items() if kind is not None]
        static = [name for name, kind in cls.field_kinds().items() if kind is None]
        register_pytree(cls, data, static)
        _count_definition(cls)

    @classmethod
    def field_kinds(cls) -> dict[str, Any]:
        """Each field's kind: a Domain (parameter), Several of one, PART, a ConstantKind or None (static)."""
        return cls._kinds

    # ---- the rules a subclass may give

    @elementwise
    def log_survival(self, time):
        """log P(T > time)."""
        raise TypeError(f"{type(self).__name__} owes the rule log_survival(self, time).")

    @elementwise
    def log_hazard(self, time):
        return jnp.log(-jax.grad(self.log_survival)(time))

    def probability_at_start(self):
        """P(T = 0) of a law that has mass there, as its ``has_mass_at_start`` says."""
        raise TypeError(f"{type(self).__name__} has no mass at the start of its support.")

    def first_age(self):
        """The age before which nothing fails; that of a template is the first that its known parameters leave."""
        return min((part.first_age() for part in self.parts()), default=self.start_of_support)

    def can_be_negative(self) -> bool:
        """Whether some lives may be negative, so that a quantile has no logarithm."""
        return self.start_of_support < 0.0 or any(part.can_be_negative() for part in self.parts())

    @elementwise
    def log_density(self, time):
        return self.log_hazard(time) + self.log_survival(time)

    @elementwise
    def hazard(self, time):
        return jnp.exp(self.log_hazard(time))

    @elementwise
    def density(self, time):
        finite = time < jnp.inf  # at infinity an infinite hazard meets an infinite -log S
        return jnp.where(finite, jnp.exp(self.log_density(jnp.where(finite, time, 1.0))), 0.0)

    def log_survival_from(self, time, log_time):
        """``log_survival`` with log(time) at hand, so that the likelihood takes each logarithm once, on the host."""
        return self.log_survival(time)

    @elementwise
    def log_density_from(self, time, log_time):
        return self.log_density(time)

    @elementwise
    def log_hazard_from(self, time, log_time):
        return self.log_hazard(time)

    @elementwise
    def cumulative_hazard_between(self, start, length):
        """The cumulative hazard collected from age ``start`` over ``length``, at full relative accuracy for a short one."""
        return self.log_survival(start) - self.log_survival(start + length)

    def age_between(self, cumulative_hazard, bounds: Callable):
        """``age_at`` by a search; ``bounds(cumulative_hazard)`` gives two ages between which it lies."""
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        target = jnp.where(inside, cumulative_hazard, 1.0)
        if self.start_of_support == 0.0:
            # not by duration_after age 0, where the survival of a falling hazard has an infinite slope that forward derivatives meet
            age = solve_increasing(lambda age: -self.log_survival(age), target, *bounds(target))
            return jnp.where(inside, age, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))
        age = root_between(lambda age: jnp.log(-self.log_survival(age)) - jnp.log(target), *bounds(target))
        return jnp.where(inside, age, jnp.where(cumulative_hazard > 0, jnp.inf, -jnp.inf))

    @elementwise
    def duration_after(self, start, cumulative_hazard):
        """How long after age ``start`` until ``cumulative_hazard`` has been collected."""
        return solve_from_anywhere(lambda length: self.cumulative_hazard_between(start, length), cumulative_hazard)

    @elementwise
    def age_at(self, cumulative_hazard):
        """The age by which ``cumulative_hazard`` has been collected since the start of the support.

        A law on the whole real line owes this rule, since there is no first age to count from.
        """
        return self.duration_after(jnp.zeros_like(cumulative_hazard), cumulative_hazard)

    @elementwise
    def mean_after(self, start):
        """The expected remaining life at age ``start``."""
        return self.restricted_mean_after(start, jnp.inf)

    @elementwise
    def restricted_mean_after(self, start, horizon):
        """E min(T - start, horizon) given survival to ``start``."""
        finite = horizon < jnp.inf
        collected = jnp.where(finite, self.cumulative_hazard_between(start, jnp.where(finite, horizon, 1.0)), jnp.inf)
        safe = collected == 0  # so young that nobody fails before the horizon
        limits = jnp.where(safe, 1.0, horizon), jnp.where(safe, 1.0, collected)
        mean = restricted_mean(lambda x: self.duration_after(start, x), *limits)
        return jnp.where(safe, horizon, mean)

    def start(self, centre: float, spread: float) -> dict[str, Any]:
        """Parameters at which log time has about this mean and standard deviation: where a fit may begin.

        For a law on the whole real line they are those of time itself. A rule to be given where the law is known to have better ones:
        here they are found by trying (``scanned_start``).
        """
        kinds = self.field_kinds()
        if all(kind is None or isinstance(kind, (Domain, ConstantKind)) for kind in kinds.values()):
            return scanned_start(self, centre, spread)
        typical = math.exp(centre) if self.start_of_support == 0.0 else spread
        return {name: kind.rescaled(kind.from_real(0.0), typical) for name, kind in kinds.items() if isinstance(kind, Domain)}

    @classmethod
    def from_line(cls, location: float, scale: float) -> Distribution:
        """The distribution that is the line age = location + scale x height on its paper, log age where that is logarithmic.

        A law with a ``paper`` owes this rule.
        """
        raise TypeError(f"{cls.__name__} is a straight line on no probability paper.")

    # ---- what follows from them

    @elementwise
    def survival(self, time):
        return jnp.exp(self.log_survival(time))

    @elementwise
    def failure_probability(self, time):
        """P(T <= time)."""
        return -jnp.expm1(self.log_survival(time))

    @elementwise
    def cumulative_hazard(self, time):
        return -self.log_survival(time)

    @elementwise
    def quantile(self, probability):
        """The time by which this share has failed."""
        return self.age_at(-jnp.log1p(-probability))

    def mean_is_finite(self) -> bool:
        """Whether the mean life of a law with values is finite, as far as its parameters tell."""
        return all(part.mean_is_finite() for part in self.parts())

    def median(self):
        return self.quantile(0.5)

    def mean(self):
        """The mean life."""
        if self.start_of_support == 0.0:
            return self.mean_after(0.0)
        return restricted_mean(self.age_at, jnp.inf, jnp.inf)

    def given_survival(self, age) -> Distribution:
        """The distribution of the remaining life of a unit alive at ``age``."""
        from survjax.distributions.remaining_life import RemainingLife

        return RemainingLife(self, age)

    def sample(self, key, shape: tuple[int, ...] = ()):
        """Random lifetimes, from a JAX random key."""
        return self.age_at(jax.random.exponential(key, shape))

    # ---- what the law is given besides parameters

    def check(self) -> None:
        """Refuse constants and settings that the law cannot have.

        Raises
        ------
        ValueError : with what is wrong with them.
        """

    def with_knots(self, log_failure_times) -> Distribution:
        """The same law with the constants filled in that a fit places by the data; most have none.

        Parameters
        ----------
        log_failure_times : (n,) NumPy array, in the law's unit of time.
        """
        parts = {name: getattr(self, name) for name, kind in self.field_kinds().items() if kind is PART}
        placed = {name: tuple(part.with_knots(log_failure_times) for part in _parts(value)) for name, value in parts.items()}
        changed = {name: value if isinstance(parts[name], tuple) else value[0] for name, value in placed.items()}
        return dataclasses.replace(self, **changed) if changed else self  # type: ignore[type-var]

    def with_hazard_times(self, log_factor) -> Distribution | None:
        """The law of the same kind whose hazard is this one's times exp(``log_factor``); None where there is none of the kind."""
        return None

    def age_power(self) -> float | None:
        """The power of age by which a cumulative hazard rises of which only the size is still to be learned; None for other laws."""
        return None

    def untold(self, failed_from, failed_by, seen_from, seen_to) -> str | None:
        """Which parameter has no finite estimate whatever the others, and what to do, as a sentence; None where none is known.

        Parameters
        ----------
        failed_from, failed_by : (m,) NumPy arrays, the ages between which each failure fell; equal where the age is known.
        seen_from, seen_to : (n,) between which ages each unit was under observation.
        """
        return None

    # ---- parameters, known and to be learned

    def parameters(self) -> dict[str, Parameter]:
        """Every parameter at any depth, by the name the user sees, in the order the user sees."""
        named: dict[str, Parameter] = {}
        for name, kind in self.field_kinds().items():
            if isinstance(kind, Domain):
                named[name] = Parameter(getattr(self, name), kind)
            elif isinstance(kind, Several):
                named.update({f"{name}_{index}": Parameter(value, kind.domain) for index, value in enumerate(getattr(self, name))})
            elif kind is PART:
                named.update(getattr(self, name).parameters())
        return named

    def values(self):
        """The values of ``parameters()`` as one array."""
        return jnp.stack([jnp.asarray(parameter.value) for parameter in self.parameters().values()])

    def with_values(self, values) -> Distribution:
        """The same kind of distribution with other values, an array in the order of ``parameters()``."""
        taken = 0
        changed: dict[str, Any] = {}
        for name, kind in self.field_kinds().items():
            if isinstance(kind, Domain):
                changed[name] = values[taken]
                taken += 1
            elif isinstance(kind, Several):
                size = len(getattr(self, name))
                changed[name] = tuple(values[taken + index] for index in range(size))
                taken += size
            elif kind is PART:
                part = getattr(self, name)
                size = len(part.parameters())
                changed[name] = part.with_values(values[taken : taken + size])
                taken += size
        return dataclasses.replace(self, **changed)  # type: ignore[type-var]

    def n_coordinates(self) -> int:
        """How many numbers on the real line the parameters to be learned amount to."""
        return len(self.coordinate_domains())

    def coordinate_domains(self) -> list[Domain]:
        """For each coordinate the domain of its parameter, in the order of ``bind``."""
        domains: list[Domain] = []
        for name, kind in self.field_kinds().items():
            value = getattr(self, name)
            if isinstance(kind, SimplexDomain):
                domains += [kind] * n_simplex_coordinates(value)
            elif isinstance(kind, Domain):
                domains += [kind] if value is None else []
            elif isinstance(kind, Several):
                domains += [kind.domain for entry in value if entry is None]
            elif kind is PART:
                domains += [domain for part in _parts(value) for domain in part.coordinate_domains()]
        return domains

    def bind(self, coordinates) -> Distribution:
        """This template with what is to be learned filled in from coordinates on the real line, shape (p,)."""
        taken = 0
        filled: dict[str, Any] = {}
        for name, kind in self.field_kinds().items():
            value = getattr(self, name)
            if isinstance(kind, SimplexDomain):
                size = n_simplex_coordinates(value)
                filled[name] = simplex_from_real(value, coordinates[taken : taken + size])
                taken += size
            elif isinstance(kind, Domain) and value is None:
                filled[name] = kind.from_real(coordinates[taken])
                taken += 1
            elif isinstance(kind, Several):
                entries = list(value)
                for index in [index for index, entry in enumerate(value) if entry is None]:
                    entries[index] = kind.domain.from_real(coordinates[taken])
                    taken += 1
                filled[name] = tuple(entries)
            elif kind is PART:
                bound = []
                for part in _parts(value):
                    size = part.n_coordinates()
                    bound.append(part.bind(coordinates[taken : taken + size]))
                    taken += size
                filled[name] = tuple(bound) if isinstance(value, tuple) else bound[0]
        return dataclasses.replace(self, **filled)  # type: ignore[type-var]

    def rescaled(self, factor: float) -> Distribution:
        """The distribution of ``factor`` times the lifetime; what is to be learned stays so."""
        changed: dict[str, Any] = {}
        for name, kind in self.field_kinds().items():
            value = getattr(self, name)
            if isinstance(kind, (Domain, ConstantKind)) and kind.time_power and value is not None:
                changed[name] = kind.rescaled(value, factor)
            elif isinstance(kind, Several):
                changed[name] = tuple(None if entry is None else kind.domain.rescaled(entry, factor) for entry in value)
            elif kind is PART:
                scaled = tuple(part.rescaled(factor) for part in _parts(value))
                changed[name] = scaled if isinstance(value, tuple) else scaled[0]
        return dataclasses.replace(self, **changed)  # type: ignore[type-var]

    def knows_its_unit(self) -> bool:
        """Whether ``rescaled`` is to be trusted: some parameter says how it depends on the unit of time."""
        kinds = self.field_kinds()
        parts = self.parts()
        domains = [kind.domain if isinstance(kind, Several) else kind for kind in kinds.values()]
        if any(isinstance(domain, Domain) and domain.time_power for domain in domains):
            return True
        if parts:
            return all(part.knows_its_unit() for part in parts)
        return any(isinstance(kind, ConstantKind) and kind.time_power for kind in kinds.values())

    def parts(self) -> list[Distribution]:
        """The distributions that this one is made of, in order; none for a law with parameters of its own."""
        return [part for name, kind in self.field_kinds().items() if kind is PART for part in _parts(getattr(self, name))]


def _refuse_no_parameters(cls: type, own: Mapping[str, Any]) -> None:
    """Refuse annotations that a user means for parameters and are none.

    Raises
    ------
    TypeError : with how a parameter is declared.
    """
    for name, hint in own.items():
        if isinstance(hint, Unknown):
            raise TypeError(f"{cls.__name__}.{name}: a parameter is declared by its domain alone, {name}: sj.Positive; a start is a rule.")
        if hint is float and name not in vars(cls):
            raise TypeError(
                f"{cls.__name__}.{name}: float declares a setting, which needs a value, {name}: float = 2.0. A parameter to be learned is "
                f"declared by its domain: {name}: sj.Positive, sj.Duration, sj.Real, ..."
            )


def _count_definition(cls: type) -> None:
    """A notebook's cell run again makes a new class, for which all is compiled again: of the old ones not more than some are kept."""
    global _n_redefined  # noqa: PLW0603
    name = (cls.__module__, cls.__qualname__)
    if name not in _defined:
        _defined.add(name)
        return
    _n_redefined += 1
    if _n_redefined % MOST_STALE == 0:
        forget_programs()


def _hints(cls: type, place: FrameType) -> dict[str, Any]:
    """The annotations, evaluated; those of a class inside of a function where it stands."""
    try:
        return get_type_hints(cls, include_extras=True)
    except NameError:
        return get_type_hints(cls, localns={**place.f_globals, **place.f_locals}, include_extras=True)


def _kind(hint: Any) -> Any:
    if isinstance(hint, Domain):
        return hint
    return get_args(hint)[1] if get_origin(hint) is Annotated else None


def _parts(value: Any) -> tuple[Distribution, ...]:
    return value if isinstance(value, tuple) else (value,)
