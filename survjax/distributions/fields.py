"""The fields of a law: what a class declares by annotation, and all that follows from it without a word of survival."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin, get_type_hints

import jax.numpy as jnp

from survjax.numerics.programs import forget_programs
from survjax.numerics.pytrees import register_pytree
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


class Fields:
    """A frozen JAX pytree of parameters, parts, constants and static settings; a parameter that is None is one to be learned."""

    _kinds: ClassVar[dict[str, Any]] = {}

    @classmethod
    def _declare(cls, place: FrameType) -> None:
        """Make of a class a frozen dataclass and pytree, by its annotations, in the ``place`` where it stands.

        Raises
        ------
        TypeError : for an annotation that is no domain where one is meant.
        """
        own = vars(cls).get("__annotations__", {})
        hints = _hints(cls, place)
        _refuse_no_parameters(cls, {name: hints[name] for name in own})
        for name in own:
            if isinstance(_kind(hints[name]), (Domain, Several)) and name not in vars(cls):
                setattr(cls, name, None)
        if "__init__" in vars(cls):
            cls.__init__ = _explained(cls, vars(cls)["__init__"])  # type: ignore[method-assign]
        dataclasses.dataclass(frozen=True, eq=False)(cls)
        # found once a class: reading annotations costs more than a Newton step on a thousand rows
        cls._kinds = {f.name: _kind(hints[f.name]) for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
        data = [name for name, kind in cls._kinds.items() if kind is not None]
        static = [name for name, kind in cls._kinds.items() if kind is None]
        register_pytree(cls, data, static)
        _count_definition(cls)

    @classmethod
    def field_kinds(cls) -> dict[str, Any]:
        """Each field's kind: a Domain (parameter), Several of one, PART, a ConstantKind or None (static)."""
        return cls._kinds

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

    def with_values(self, values) -> Self:
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

    def bind(self, coordinates) -> Self:
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

    def rescaled(self, factor: float) -> Self:
        """The distribution of ``factor`` times the lifetime; what is to be learned stays so."""
        changed: dict[str, Any] = {}
        for name, kind in self.field_kinds().items():
            value = getattr(self, name)
            if isinstance(kind, (Domain, ConstantKind)) and kind.time_power and value is not None:
                changed[name] = kind.rescaled(value, factor)
            elif isinstance(kind, Several):
                changed[name] = tuple(None if entry is None else kind.domain.rescaled(entry, factor) for entry in value)
        return dataclasses.replace(self, **changed, **self._parts_after(lambda part: part.rescaled(factor)))  # type: ignore[type-var]

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

    def holds_ages(self) -> bool:
        """Whether ages stand in it that are never learned, such as breaks, at any depth."""
        own = (getattr(self, name) for name, kind in self.field_kinds().items() if isinstance(kind, ConstantKind) and kind.time_power)
        return any(value is not None for value in own) or any(part.holds_ages() for part in self.parts())

    def parts(self) -> list[Any]:
        """The distributions that this one is made of, in order; none for a law with parameters of its own."""
        return [part for name, kind in self.field_kinds().items() if kind is PART for part in _parts(getattr(self, name))]

    def _parts_after(self, change: Callable[[Any], Any]) -> dict[str, Any]:
        """The fields that hold parts, with a change made to each part."""
        held = {name: getattr(self, name) for name, kind in self.field_kinds().items() if kind is PART}
        return {name: tuple(map(change, value)) if isinstance(value, tuple) else change(value) for name, value in held.items()}


def _explained(cls: type, constructor: Callable[..., None]) -> Callable[..., None]:
    """A constructor of the user's own, which says what to do where it sets what a frozen class does not let it."""

    @functools.wraps(constructor)
    def told(self: Any, *args: Any, **keywords: Any) -> None:
        try:
            constructor(self, *args, **keywords)
        except dataclasses.FrozenInstanceError as error:
            raise TypeError(
                f"{cls.__name__}.__init__ sets a field, and distributions cannot be changed. Without __init__ {cls.__name__}(...) takes "
                "what the class annotates, in that order, parameters left out being learned. What values go together says check(self)."
            ) from error

    return told


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


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
