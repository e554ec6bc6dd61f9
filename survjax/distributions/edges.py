"""What a law becomes where its parameters run to the edge of what they can be: data that stand with each law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

ZERO, INFINITY, MINUS_INFINITY = 0.0, math.inf, -math.inf
ONE_AGE = "all lives end at one age"
WALL = "a constant hazard with a wall at the largest failure age"
ALL_OR_NOTHING = "some fail at once and the others never"
ENDS_AT_LAST = "a power of age up to the largest failure age, at which everything has failed"
BEGINS_AT_FIRST = "a power of age from the smallest failure age on, before which nothing fails"


@dataclass(frozen=True)
class Limit:
    """An edge to which a likelihood may run.

    Attributes
    ----------
    towards : which parameters run there together, and where each goes: 0, inf or -inf.
    becomes : what the law is in the limit, in words.
    remedy : what to fit in its place, in a sentence.
    """

    towards: Mapping[str, float]
    becomes: str
    remedy: str = ""


@dataclass(frozen=True)
class Tail:
    """A tail that is all that is left of a law as some of its parameters run to the ends of what they can be.

    runs : these parameters. rate : those that set how steep the tail is, which stay inside; none where those that run do that, too.
    falls : of a lower tail, whether it may fall with age as well as rise.
    """

    runs: tuple[str, ...]
    rate: tuple[str, ...] = ()
    falls: bool = False


@dataclass(frozen=True)
class Edges:
    """All that existence of a maximum asks of a law.

    Attributes
    ----------
    limits : the edges.
    place : the parameter that says at which age a law ends up that narrows; None: all of them together do.
    on_log_age : whether log age, not age itself, is what the other attributes are about.
    location_scale : whether that is location + scale × a variable whose density and tails have concave logarithms, so that the
        likelihood of data without truncation is concave in (location, 1) / scale.
    early, late : the tails of exp(c × log age), a power of age, or exp(c × age) that the law can have: its lower tail with any c > 0, all
        that data truncated on the right see once the rest lies beyond; its upper tail with any c < 0, all that units see that came late.
    untold_if_truncated : parameters of which data tell nothing where every unit is truncated on the right.
    """

    limits: tuple[Limit, ...] = ()
    place: str | None = None
    on_log_age: bool = True
    location_scale: bool = False
    early: Tail | None = None
    late: Tail | None = None
    untold_if_truncated: tuple[str, ...] = ()


def narrows(**towards: float) -> Limit:
    return Limit(towards, ONE_AGE, "Give a known shape, or add failures at other ages.")


def widens(**towards: float) -> Limit:
    return Limit(towards, ALL_OR_NOTHING, "Give a known shape, or look at more ages.")


TOO_FAR = Limit(
    {"scale": INFINITY},
    "a power of age without end, and nothing says where most failures lie",
    "Give the scale, or add the units that still run.",
)


def location_scale(scale: str, narrow: float, place: str, on_log_age: bool, exponential: tuple[str, ...] = ()) -> Edges:
    """The edges of a family of location and scale: it can be as narrow and as wide as it likes, and has either tail.

    exponential : which tails, "early" or "late", fall exponentially at any scale, so that only the location need run away to leave nothing
        else; the others do so as the law widens, too.
    """
    wide = ZERO if narrow == INFINITY else INFINITY
    tails = {name: Tail((place,), (scale,)) if name in exponential else Tail((place, scale)) for name in ("early", "late")}
    limits = (narrows(**{scale: narrow}), widens(**{scale: wide}), *([TOO_FAR] if place == "scale" else []))
    return Edges(limits, place, on_log_age, location_scale=True, early=tails["early"], late=tails["late"])
