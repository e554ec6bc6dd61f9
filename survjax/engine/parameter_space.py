"""The parameters of a likelihood that a user wrote: by name, numbers and arrays, known and to be learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from survjax.numerics.pytrees import register_pytree
from survjax.parameters import DURATION, LOCATION, POSITIVE, PROBABILITY, RATE, REAL, SHARE, Domain, RealDomain, Several, Unknown

WORDS: Mapping[str, Domain] = {
    "real": REAL,
    "positive": POSITIVE,
    "probability": PROBABILITY,
    "share": SHARE,
    "duration": DURATION,
    "rate": RATE,
    "location": LOCATION,
}


class Entry(NamedTuple):
    """A parameter: its name and, unless it is known, its domain, its shape and the labels of its entries."""

    name: str
    domain: Domain | None
    shape: tuple[int, ...]
    labels: tuple[str, ...]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))


@dataclass(frozen=True, eq=False)
class ParameterSpace:
    """What a point of coordinates on the real line, (p,), means to the user's function.

    Attributes
    ----------
    known : values by name, float64.
    entries : every parameter in the user's order; static, so that a program is found again.
    """

    known: Mapping[str, Any]
    entries: tuple[Entry, ...]

    def bind(self, point) -> dict[str, Any]:
        """All parameters by name, in the user's order."""
        bound: dict[str, Any] = {}
        taken = 0
        for entry in self.entries:
            if entry.domain is None:
                bound[entry.name] = jnp.asarray(self.known[entry.name])  # of JAX, so that what it traces may be an index
                continue
            bound[entry.name] = entry.domain.from_real(point[taken : taken + entry.size]).reshape(entry.shape)
            taken += entry.size
        return bound

    def values(self, point):
        """What ``names`` names, (m,): all that is to be learned, and known numbers; known arrays are constants, and are not told."""
        bound = self.bind(point)
        shown = [jnp.reshape(bound[entry.name], (-1,)) for entry in self._shown()]
        return jnp.concatenate([part.astype(float) for part in shown]) if shown else jnp.zeros((0,))

    def _shown(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.domain is not None or entry.shape == ()]

    @property
    def names(self) -> list[str]:
        return [name for entry in self._shown() for name in _names_of(entry)]

    @property
    def domains(self) -> list[Domain | None]:
        """Of each of ``names``; None for a known one."""
        return [entry.domain for entry in self._shown() for _ in range(entry.size)]

    @property
    def coordinate_names(self) -> list[str]:
        return [name for entry in self.entries if entry.domain is not None for name in _names_of(entry)]

    @property
    def coordinate_domains(self) -> list[Domain]:
        return [entry.domain for entry in self.entries if entry.domain is not None for _ in range(entry.size)]

    @property
    def n_coordinates(self) -> int:
        return len(self.coordinate_domains)

    @property
    def sized(self) -> np.ndarray:
        """Which coordinates (p,) have a natural size, as logarithms have; one of any number has that of its parameter."""
        return np.array([not isinstance(domain, RealDomain) for domain in self.coordinate_domains], dtype=bool)

    def point_of(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The coordinates (p,) of values by name, each in the shape of its parameter."""
        parts = [
            [float(entry.domain.to_real(float(value))) for value in np.ravel(values[entry.name])]
            for entry in self.entries
            if entry.domain is not None
        ]
        return np.array([coordinate for part in parts for coordinate in part], dtype=float)

    def read_start(self, given: Mapping[str, Any], default: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A start in full: what the user gave by name, and the default for the rest.

        Raises
        ------
        TypeError, ValueError : no mapping; a name that is not to be learned; a value outside of its domain.
        """
        if not isinstance(given, Mapping):
            raise TypeError(f"a start is a mapping from names of parameters to values; got {type(given).__name__}.")
        learned = {entry.name: entry for entry in self.entries if entry.domain is not None}
        for name in given:
            if name not in learned:
                raise ValueError(f"starts name {name!r}, which is not to be learned; there are {', '.join(learned)}.")
        full = dict(default)
        for name, value in given.items():
            entry = learned[name]
            assert entry.domain is not None
            full[name] = entry.domain.read_start(value, entry.shape, f"the start of {name}")
        return full


register_pytree(ParameterSpace, ["known"], ["entries"])


def _names_of(entry: Entry) -> list[str]:
    return [f"{entry.name}[{label}]" for label in entry.labels] if entry.shape else [entry.name]


def read_parameters(given: Any) -> tuple[ParameterSpace, dict[str, np.ndarray]]:
    """The space of what a user says of his parameters, and the default start of each that is to be learned.

    Raises
    ------
    TypeError, ValueError : no mapping; a name that is no text; what is neither a domain nor a known value.
    """
    if not isinstance(given, Mapping) or not given:
        raise TypeError(
            'parameters must be a mapping from names to what each may be, for instance {"scale": sj.Positive, "beta": ("real", 3)}; '
            f"got {given!r:.80}."
        )
    known: dict[str, Any] = {}
    entries: list[Entry] = []
    starts: dict[str, np.ndarray] = {}
    for name, said in given.items():
        if not isinstance(name, str):
            raise TypeError(f"names of parameters are text; got {name!r}.")
        unknown = _unknown(name, said)
        if unknown is None:
            known[name] = _known(name, said)
            entries.append(Entry(name, None, known[name].shape, ()))
            continue
        entries.append(Entry(name, unknown.domain, unknown.shape, unknown.labels))
        middle = np.broadcast_to(float(unknown.domain.from_real(0.0)), unknown.shape)
        starts[name] = middle if unknown.start is None else unknown.start
    return ParameterSpace(known, tuple(entries)), starts


def _unknown(name: str, said: Any) -> Unknown | None:
    """What is to be learned; None for a known value."""
    if isinstance(said, Unknown):
        return said
    if isinstance(said, str):
        if said not in WORDS:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, WORDS))}, a domain such as sj.Real, or a number; got {said!r}.")
        return Unknown.of(WORDS[said])
    if isinstance(said, Domain):
        return Unknown.of(said)
    if isinstance(said, tuple) and len(said) == 2 and isinstance(said[0], (str, Domain)):
        inside = _unknown(name, said[0])
        assert inside is not None
        if isinstance(said[1], (int, np.integer)) or (isinstance(said[1], tuple) and all(isinstance(one, int) for one in said[1])):
            return Unknown.of(inside.domain, shape=said[1])
        if not hasattr(said[1], "__len__"):
            raise TypeError(
                f"{name}: beside its domain goes how many there are, or their names; a start is sj.Real(start={said[1]!r:.20})."
            )
        return Unknown.of(inside.domain, names=said[1])
    if isinstance(getattr(said, "__metadata__", (None,))[0], Several):
        raise TypeError(f"{name}: say how many there are, for instance sj.Real(shape=3).")
    return None


def _known(name: str, said: Any) -> np.ndarray:
    """A known value, of float64, or as it is where it holds whole numbers that may be indices."""
    array = np.asarray(said) if said is not None else np.array(None)
    if array.dtype.kind not in "iufb":
        raise TypeError(
            f"{name} must be a domain (sj.Real, sj.Positive, sj.Probability, or their names as text), or a known number or array; "
            f"got {said!r:.60}."
        )
    return array.astype(float) if array.ndim == 0 or array.dtype.kind == "f" else array
