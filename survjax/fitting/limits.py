"""Where a likelihood runs that has no maximum: tails that fit better than any law, and edges of its parameters.

Two questions, both asked after a fit. Is there a law beyond all parameters that is at least as likely as what was reached?
(``better_tail``) And where did a fit go that did not arrive? (``edge_reached``)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import DefectiveSubpopulation, Distribution
from survjax.distributions.edges import Edges, Limit, Tail
from survjax.distributions.fields import PART
from survjax.fitting.causes import is_labelled
from survjax.fitting.prior import Prior, penalty_of
from survjax.parameters import Domain, RealDomain, Several, SimplexDomain, n_simplex_coordinates

Penalty = Callable[[float], float]  # of a rate

FAR, STILL_GOING = 2.0, 0.1  # in log parameters, from the start and over the later half of the steps: what runs to an edge does both
A_STEP = 0.01  # in log parameters: at an edge where the likelihood has a kink a fit ends in ever shorter ones
SAME_VALUE = 1e-7  # in log-likelihood
WIDEST = 1e4  # how steep a tail is looked at, in units of one over the spread of the data, and its reciprocal how flat
N_SIZES = 41  # a factor of 1.6 from one to the next
SAME_PLACE = 1e-5  # in the logarithm of a rate: what it leaves in the likelihood is its square
ASIDE = 0.1  # of a rate, between three at which it is looked at
NO_PENALTIES: Mapping[str, Penalty | None] = MappingProxyType({"early": None, "late": None})
GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


def laws_within(template: Distribution, first: int = 0) -> list[tuple[Distribution, dict[str, int]]]:
    """The template and every law inside it, each with the coordinate of each of its own parameters that is to be learned."""
    own: dict[str, int] = {}
    inside: list[tuple[Distribution, dict[str, int]]] = []
    taken = first
    for name, kind in template.field_kinds().items():
        value = getattr(template, name)
        if isinstance(kind, SimplexDomain):
            taken += n_simplex_coordinates(value)
        elif isinstance(kind, Domain) and value is None:
            own[name] = taken
            taken += 1
        elif isinstance(kind, Several):
            for index in [index for index, entry in enumerate(value) if entry is None]:
                own[f"{name}_{index}"] = taken
                taken += 1
        elif kind is PART:
            for part in value if isinstance(value, tuple) else (value,):
                inside += laws_within(part, taken)
                taken += part.n_coordinates()
    return [(template, own), *inside]


def ways_gone(path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far a search with this path (s, p) went, (p,): from its start, and over the later half of its steps."""
    steps = np.flatnonzero(np.abs(np.diff(path, axis=0)).max(axis=1, initial=0.0) > A_STEP)
    return path[-1] - path[0], path[-1] - path[steps[len(steps) // 2] if steps.size else 0]


def edge_reached(template: Distribution, path: np.ndarray, unit: float) -> str | None:
    """To which edge a fit that stopped short was on its way, and what to do, in sentences; None where that is not known.

    Parameters
    ----------
    path (s, p) : its coordinates, the start first. unit : a typical age.
    """
    slopes = [domain.coordinate_slope(1.0 / unit) for domain in template.coordinate_domains()]
    moved, lately = ways_gone(path * np.array(slopes))
    best: tuple[float, int, Limit] | None = None
    for law, coordinates in laws_within(template):
        for limit in spelled_out(law.edges.limits if law.edges else (), coordinates):
            signs = {coordinates[name]: 1.0 if end > 0.0 else -1.0 for name, end in limit.towards.items()}
            run = min(moved[index] * sign for index, sign in signs.items())
            going = min(lately[index] * sign for index, sign in signs.items())
            # of two edges in the same direction the one that says more
            if run > FAR and going > STILL_GOING and (best is None or (len(limit.towards), run) > best[:2]):
                best = (len(limit.towards), run, limit)
    if best is None:
        return None
    limit = best[2]
    where = " and ".join(f"{name} runs to {end:g}" for name, end in limit.towards.items()).replace("inf", "infinity")
    return f"the likelihood keeps rising as {where} (in the limit: {limit.becomes}). {limit.remedy}"


def spelled_out(limits: Iterable[Limit], coordinates: Mapping[str, int]) -> list[Limit]:
    """The limits whose parameters are to be learned, one for each of several numbered ones."""
    found = []
    for limit in limits:
        if coordinates.keys() >= limit.towards.keys():
            found.append(limit)
        elif len(limit.towards) == 1:
            ((several, end),) = limit.towards.items()
            found += [replace(limit, towards={name: end}) for name in coordinates if name.rpartition("_")[0] == several]
    return found


def better_tail(template: Distribution, life: Lifetimes, reached: float, prior: Mapping[str, Prior] = MappingProxyType({})) -> str | None:
    """Why the likelihood has its supremum in a tail of the law, beyond all parameters, where it does; None elsewhere.

    Where every unit came late, nothing is seen of a law but its upper tail; where every failure is truncated on the right, nothing but
    its lower tail. Both may be all but an exponential in (log) age, of which the tail alone is left as parameters run to their ends.
    The likelihood of that exponential is held against what a fit has ``reached``, less the penalty of a ``prior`` for both: without end
    where it holds a parameter that would have to run away, so that there is no such tail.
    """
    if is_labelled(template) or any(one.value is not None for one in template.parameters().values()):
        return None  # the likelihood counts causes too, or with a known parameter the law has not every such tail
    for law, own in laws_within(template):
        if law.edges is None:
            continue
        open_ends = {name: _under_prior(getattr(law.edges, name), name, template, law, own, prior) for name in ("early", "late")}
        within: dict[str, Any] = {name: tail for name, (tail, _) in open_ends.items()}
        penalties = {name: penalty for name, (_, penalty) in open_ends.items()}
        found = tail_supremum(replace(law.edges, **within), template.start_of_support, life, reached, penalties)
        if found is None or reached >= found[0] + SAME_VALUE:
            continue
        highest, rate = found
        age = "the logarithm of age" if law.edges.on_log_age else "age"
        tail = within["late"] if rate < 0 and within["late"] else within["early"]
        away = " and ".join(tail.runs) + (" runs" if len(tail.runs) == 1 else " run") if tail else ""
        if tail is within["late"]:
            return (
                "every unit came under observation late (entry > 0), and of those ages the likelihood is highest for a tail that falls "
                f"exponentially in {age} ({highest:.6g}; reached were {reached:.6g}), to which the law comes ever closer as {away} "
                "away. Give a known shape, a prior on what runs away, or add units observed from the start."
            )
        return (
            "every failure is in the data only because it came before its right_truncation, and of these windows the likelihood is "
            f"highest for a density that {'rises' if rate > 0 else 'falls'} exponentially in {age} without end ({highest:.6g}; reached "
            f"were {reached:.6g}), to which the law comes ever closer as {away} away: nothing says how many failures are still to come. "
            "Give that as known, or a prior on it, or add the units that still run."
        )
    return None


def _under_prior(
    tail: Tail | None, name: str, template: Distribution, law: Distribution, own: Mapping[str, int], prior: Mapping[str, Prior]
) -> tuple[Tail | None, Penalty | None]:
    """A tail, if no prior keeps the law from running there, and what the prior takes off its log-likelihood, by its rate.

    A prior on one of several parameters that only together set the rate leaves every rate to the others, and costs nothing. Where all of
    several have one, or it holds what the tail needs elsewhere, whether there is such a tail is not decided, and it counts as none.
    """
    if tail is None or not prior:
        return tail, None
    held = penalty_of(prior, template)
    places = set(held.positions.tolist())
    # the size of a population does not change what its lower tail looks like; seen from late on, all but its upper tail has to be gone
    aside = {
        index
        for wrapper, learned in laws_within(template)
        if isinstance(wrapper, DefectiveSubpopulation) and name == "early"
        for index in learned.values()
    }
    inside = {parameter for parameter, index in own.items() if index in places}
    if places - set(own.values()) - aside or inside - set(tail.rate):
        return None, None
    if not inside or inside < set(tail.rate):
        return tail, None
    if len(tail.rate) > 1:
        return None, None
    domain = law.parameters()[tail.rate[0]].domain
    place = held.positions.tolist().index(own[tail.rate[0]])

    def penalty(rate: float) -> float:
        steepness = rate if isinstance(domain, RealDomain) else abs(rate)
        coordinate = domain.to_real(1.0 / steepness if domain.time_power == 1 else steepness)
        return 0.5 * ((coordinate - held.centres[place]) / held.deviations[place]) ** 2

    return tail, penalty


def tail_supremum(
    edges: Edges, start: float, life: Lifetimes, reached: float = -math.inf, penalties: Mapping[str, Penalty | None] = NO_PENALTIES
) -> tuple[float, float] | None:
    """The highest log-likelihood of an exponential in log age (or age) seen through the windows of the data, and its rate.

    ``penalties`` of the "early" and the "late" tail, by their rate, are taken off it. None where the law has no such tail, or the data see
    more than that of it; or where it is sure to be lower than what was reached.
    """
    if life.entry is None and life.right_truncation is None:
        return None
    tells = (life.counts() > 0) & (np.isfinite(life.upper) | (life.lower > start))
    life = life if tells.all() else life[tells]
    failed = np.isfinite(life.upper)
    entry = np.full(len(life), start) if life.entry is None else np.maximum(life.entry, start)
    end = np.full(len(life), np.inf) if life.right_truncation is None else life.right_truncation
    late = edges.late and bool(np.all(entry > start))
    early = edges.early and bool(np.all(np.isfinite(end[failed])))
    if not (late or early):
        return None
    with np.errstate(divide="ignore"):
        begin, low, high = (np.log(column) if edges.on_log_age else column for column in (entry, life.lower, life.upper))
        end = np.log(end) if edges.on_log_age and life.right_truncation is not None else end
    falls = late or (early and edges.early is not None and edges.early.falls and bool(np.all(np.isfinite(begin))))
    exact, counts = life.event_observed, life.counts()
    within, cut = np.flatnonzero(failed & ~exact), np.flatnonzero(np.isfinite(end))
    n_exact = float(counts[exact].sum())
    in_log_age = float(counts[exact] @ low[exact]) if edges.on_log_age else 0.0
    # the time to which a tail falls from the beginning of each window, or rises from to its end; of the latter those still running
    # tell nothing, since of such a law all but its lower tail lies at infinity
    fallen = float(counts @ (low - begin)) if falls else math.nan
    to_rise = float(counts[failed] @ (end[failed] - high[failed])) if early else math.nan
    lengths, windows = (high - low)[within], (end - begin)[cut]

    def height(rate: float) -> float:
        penalty = penalties["early" if rate > 0 or not late else "late"]
        return log_likelihood(rate) - (penalty(rate) if penalty else 0.0)

    def log_likelihood(rate: float) -> float:
        size = abs(rate)
        inside = counts[within] @ _log_share(size * lengths) - counts[cut] @ _log_share(size * windows)
        return float(inside) + n_exact * math.log(size) - size * (to_rise if rate > 0 else fallen) - in_log_age

    if late and not early and not (len(within) or len(cut) or penalties["late"]):  # failures over time under observation, of logarithms
        rate = -n_exact / fallen
        return log_likelihood(rate), rate
    if late and not early:
        # concave in the rate then, so that the chords between three rates bound it: three passes over the data instead of hundreds
        rate = float(counts[failed].sum()) / (fallen + 0.5 * float(counts[within] @ lengths))
        below, there, above = (log_likelihood(-rate * share) for share in (1.0 - ASIDE, 1.0, 1.0 + ASIDE))
        if there > max(below, above) and 2.0 * there - min(below, above) < reached:
            return None
    spread = float(np.std(np.concatenate([low[np.isfinite(low)], high[failed]]))) or 1.0
    best: tuple[float, float] | None = None
    sizes = np.geomspace(1.0 / WIDEST, WIDEST, N_SIZES) / spread
    for sign in ([1.0] if early else []) + ([-1.0] if falls else []):
        heights = [height(sign * size) for size in sizes]
        top = int(np.argmax(heights))
        found = _highest(lambda x, sign=sign: height(sign * math.exp(x)), *np.log(sizes[[max(top - 1, 0), min(top + 1, N_SIZES - 1)]]))
        if best is None or found[0] > best[0]:
            best = (found[0], sign * math.exp(found[1]))
    return best


def _log_share(lengths: np.ndarray) -> np.ndarray:
    """log of the share that an exponential loses over each of some lengths, in units of one over its rate."""
    return np.log(-np.expm1(-lengths))


def _highest(function, low: float, high: float) -> tuple[float, float]:
    """The maximum of a function with one, by golden section, and where it is."""
    inner = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
    values = [function(inner[0]), function(inner[1])]
    while high - low > SAME_PLACE:
        if values[0] >= values[1]:
            high, inner[1], values[1] = inner[1], inner[0], values[0]
            inner[0] = high - GOLDEN * (high - low)
            values[0] = function(inner[0])
        else:
            low, inner[0], values[0] = inner[0], inner[1], values[1]
            inner[1] = low + GOLDEN * (high - low)
            values[1] = function(inner[1])
    place = int(values[1] > values[0])
    return values[place], inner[place]
