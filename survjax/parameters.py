"""What each parameter may be, and its map to the real line.

A distribution declares its parameters by annotation (``shape: Positive``, ``scale: Duration``). The optimiser works on
the real line, where every value is allowed and, for positive parameters, a change of the unit of time is a shift. All that
depends on what kind of number a parameter is stands in its ``Domain``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True)
class Domain:
    """The values one parameter may take, all positive numbers here; how they reach the real line and follow a change of unit.

    Attributes
    ----------
    description : what an error message calls a legal value.
    time_power : how the parameter scales with the unit of time: 1 for a duration, -1 for a rate, 0 for neither.
    """

    description: str
    time_power: int = 0

    def __call__(self, names: Sequence[str] | None = None, *, shape: int | tuple[int, ...] | None = None, start: Any = None) -> Unknown:
        """A parameter of this domain for ``MaximumLikelihood``: a number, or a vector or array of them, and where a fit may begin.

        Parameters
        ----------
        names : of the entries of a vector, which appear as ``beta[name]``. shape : of a vector or array whose entries are numbered.
        start : one number, or one for each entry; None: 1, or 0 for what may be any number, or one half for a probability.

        Raises
        ------
        TypeError, ValueError : names and a shape that disagree; a start outside of the domain.
        """
        return Unknown.of(self, names, shape, start)

    def admits(self, value: float) -> bool:
        return math.isfinite(value) and value > 0

    def read_start(self, start: Any, shape: tuple[int, ...], name: str = "start") -> np.ndarray:
        """A starting value for each entry, inside of the domain, where it has a finite coordinate.

        Raises
        ------
        TypeError : no numbers. ValueError : another shape; a value outside of the domain, or at its end.
        """
        if np.asarray(start).dtype.kind not in "iufb":
            raise TypeError(f"{name} must be a number or an array of numbers; got {start!r:.60}.")
        given = np.asarray(start, dtype=float)
        if given.shape not in ((), shape):
            raise ValueError(f"{name} must be one number or have the shape {shape}; it has the shape {given.shape}.")
        for value in given.ravel():
            if not self.admits(float(value)) or (isinstance(self, ShareDomain) and value in (0.0, 1.0)):
                raise ValueError(f"{name} must be {self.description}, and not at the end of that range; got {value:g}.")
        return np.broadcast_to(given, shape).copy()

    def from_real(self, coordinate):
        return _exp(coordinate)

    def to_real(self, value: float) -> float:
        return math.log(value)

    def rescaled(self, value, factor: float):
        """The value when times are ``factor`` times what they were."""
        return value * factor**self.time_power

    def rescaled_slope(self, factor: float) -> float:
        """The derivative of ``rescaled`` in the value."""
        return factor**self.time_power

    def coordinate_rescaled(self, coordinate, factor: float):
        """The coordinate of ``rescaled``: a shift, where coordinates are logarithms."""
        return coordinate + self.time_power * math.log(factor)

    def coordinate_slope(self, factor: float) -> float:
        """The derivative of ``coordinate_rescaled`` in the coordinate."""
        return 1.0

    def stretched(self, value, log_factor):
        """``rescaled`` by the exponential of ``log_factor``, which JAX may trace."""
        return value * jnp.exp(self.time_power * log_factor)

    def moved(self, value, error, reach):
        """The value ``reach`` standard errors away, counted on a scale without ends: here the logarithm."""
        return value * np.exp(reach * error / value)


class VarianceDomain(Domain):
    """A number of at least 0, where nothing varies; its coordinate is the logarithm."""

    def admits(self, value: float) -> bool:
        return math.isfinite(value) and value >= 0


class RealDomain(Domain):
    """Any real number, which is its own coordinate: a change of unit scales both."""

    def admits(self, value: float) -> bool:
        return math.isfinite(value)

    def from_real(self, coordinate):
        return coordinate

    def to_real(self, value: float) -> float:
        return value

    def coordinate_rescaled(self, coordinate, factor: float):
        return self.rescaled(coordinate, factor)

    def coordinate_slope(self, factor: float) -> float:
        return self.rescaled_slope(factor)

    def moved(self, value, error, reach):
        return value + reach * error


class LogTimeDomain(RealDomain):
    """A logarithm of time, any real number: a change of unit shifts it."""

    def rescaled(self, value, factor: float):
        return value + self.time_power * math.log(factor)

    def rescaled_slope(self, factor: float) -> float:
        return 1.0

    def stretched(self, value, log_factor):
        return value + self.time_power * log_factor


class ShareDomain(Domain):
    """A share, from 0 to below 1; its coordinate is the log of its odds."""

    def admits(self, value: float) -> bool:
        return 0 <= value < 1

    def from_real(self, coordinate):
        return 1.0 / (1.0 + _exp(-coordinate))

    def to_real(self, value: float) -> float:
        return math.log(value / (1.0 - value))

    def moved(self, value, error, reach):
        odds = np.log(value / (1 - value)) + reach * error / (value * (1 - value))
        return 1 / (1 + np.exp(-odds))


class ProbabilityDomain(ShareDomain):
    """A probability, more than 0 and at most 1; its coordinate is the log of its odds."""

    def admits(self, value: float) -> bool:
        return 0 < value <= 1


class SimplexDomain(Domain):
    """One of several weights that are positive and sum to one.

    The weights left to be learned share what the known ones leave over; their coordinates are log-ratios to the last of
    them, so that k of them have k - 1 coordinates.
    """

    def admits(self, value: float) -> bool:
        return 0 <= value <= 1

    def moved(self, value, error, reach):
        logit = np.log(value / (1 - value)) + reach * error / (value * (1 - value))
        return 1 / (1 + np.exp(-logit))


@dataclass(frozen=True, eq=False)
class Unknown:
    """A parameter to be learned of a likelihood that a user wrote: its domain, the names of its entries, and where to begin.

    Attributes
    ----------
    shape : () for a number. labels : of the entries in C order; none for a number.
    start : in the shape, or None.
    """

    domain: Domain
    shape: tuple[int, ...]
    labels: tuple[str, ...]
    start: np.ndarray | None

    @classmethod
    def of(cls, domain: Domain, names: Sequence[str] | None = None, shape: Any = None, start: Any = None) -> Unknown:
        if isinstance(domain, SimplexDomain):
            raise TypeError("weights that add up to 1 hang together; give each share but the last as a probability, or as log-odds.")
        if isinstance(names, str):
            raise TypeError(f"names must be a list, one for each entry of a vector; got {names!r}.")
        if names is not None:
            labels = tuple(str(name) for name in names)
            if shape is not None and tuple(np.atleast_1d(shape)) != (len(labels),):
                raise ValueError(f"{len(labels)} names were given for a parameter of shape {shape}; give one of the two.")
            if len(set(labels)) < len(labels) or not labels:
                raise ValueError(f"every entry needs a name of its own; got {list(labels)}.")
            size: tuple[int, ...] = (len(labels),)
        else:
            size = () if shape is None else tuple(int(length) for length in np.atleast_1d(shape))
            if any(length < 1 for length in size):
                raise ValueError(f"shape must be whole numbers of at least 1; got {shape!r}.")
            labels = tuple(",".join(map(str, index)) for index in np.ndindex(size)) if size else ()
        begin = None if start is None else domain.read_start(start, size)
        return cls(domain, size, labels, begin)


@dataclass(frozen=True)
class Several:
    """A field that holds several parameters of one domain: a tuple, None where an entry is to be learned.

    How many there are is known before anything is learned; in ``parameters()`` they are numbered.
    """

    domain: Domain


class Parameter(NamedTuple):
    """A parameter of one distribution: its value (None = to be learned) and what it may be."""

    value: Any
    domain: Domain


POSITIVE = Domain("a positive number")
DURATION = Domain("a positive number, in the unit of time", time_power=1)
RATE = Domain("a positive number, per unit of time", time_power=-1)
REAL_RATE = RealDomain("a number, per unit of time", time_power=-1)
REAL = RealDomain("a number")
LOCATION = RealDomain("a number, in the unit of time", time_power=1)
LOG_TIME = LogTimeDomain("a number, the logarithm of a time", time_power=1)
VARIANCE = VarianceDomain("a number of at least 0")
PROBABILITY = ProbabilityDomain("a number above 0 and at most 1")
SHARE = ShareDomain("a number from 0 to below 1")
WEIGHT = SimplexDomain("a number between 0 and 1; all weights together 1")

# The annotation of a parameter of a law is its domain itself, which may also be called; a type checker takes it for anything.
if TYPE_CHECKING:
    Positive = Annotated[Any, POSITIVE]
    Duration = Annotated[Any, DURATION]
    Rate = Annotated[Any, RATE]
    RealRate = Annotated[Any, REAL_RATE]
    Real = Annotated[Any, REAL]
    Location = Annotated[Any, LOCATION]
    LogTime = Annotated[Any, LOG_TIME]
    Probability = Annotated[Any, PROBABILITY]
    Share = Annotated[Any, SHARE]
else:
    Positive, Duration, Rate, RealRate = POSITIVE, DURATION, RATE, REAL_RATE
    Real, Location, LogTime, Probability, Share = REAL, LOCATION, LOG_TIME, PROBABILITY, SHARE
Rates = Annotated[Any, Several(RATE)]
Reals = Annotated[Any, Several(REAL)]
Variance = Annotated[Any, VARIANCE]
Weights = Annotated[Any, WEIGHT]


def _exp(values):
    """Of NumPy's by NumPy: outside of a program JAX compiles one for each operation, a dozen for the estimates of a mixture."""
    if isinstance(values, (np.ndarray, np.generic, float)):
        with np.errstate(over="ignore"):  # infinite, as JAX has it
            return np.exp(values)
    return jnp.exp(values)


def n_simplex_coordinates(weights: Sequence[Any]) -> int:
    return max(sum(weight is None for weight in weights) - 1, 0)


def simplex_from_real(weights: Sequence[Any], coordinates) -> tuple:
    """The weights in full, those that are None filled in from their coordinates (log-ratios to the last of them)."""
    free = [index for index, weight in enumerate(weights) if weight is None]
    if not free:
        return tuple(weights)
    left_over = 1.0 - sum(weight for weight in weights if weight is not None)
    own = np if isinstance(coordinates, np.ndarray) else jnp
    logits = own.append(coordinates, own.zeros((1,), coordinates.dtype))
    sizes = _exp(logits - own.max(logits))
    shares = left_over * sizes / own.sum(sizes)
    filled = list(weights)
    for share, index in zip(shares, free, strict=True):
        filled[index] = share
    return tuple(filled)


def simplex_to_real(weights: Sequence[Any], values: Sequence[float]) -> list[float]:
    """The coordinates at which ``simplex_from_real`` gives these values to the weights that are None."""
    free = [float(value) for weight, value in zip(weights, values, strict=True) if weight is None]
    return [math.log(value / free[-1]) for value in free[:-1]]
