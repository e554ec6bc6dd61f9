"""Where a fit begins: starting values read off the data, and random ones for surfaces with several optima."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.data.product_limit import product_limit
from survjax.distributions import Distribution, Mixture
from survjax.distributions.fields import PART
from survjax.fitting.causes import is_labelled, lives_by_cause
from survjax.parameters import Domain, ProbabilityDomain, Several, SimplexDomain, simplex_to_real

ENOUGH_ROWS = 2048  # a start needs no more
FEW_ROWS = 512  # of more than that, for Newton alone: he takes as many steps from an error of 0.1 as from one of 0.05
EULER = 0.5772156649015329
PART_BY, NARROWER = 0.8, 0.6  # a component in two: by how many deviations apart, and how much narrower each
SPREAD_OF_LOG_SHAPE = (0.5, 0.8)  # mean and deviation that found the best optimum most often, see benchmarks


def thinned(life: Lifetimes, rows: int, by_age: bool = True) -> Lifetimes:
    """At most about ``rows`` rows, failures and running units thinned separately and re-weighted to the same totals.

    Taken at even steps of age, so that the order of the rows does not matter; or, where that does not count, of row.
    """
    if len(life) <= rows:
        return life
    life = life.counted()  # a mask by weights may leave few rows
    picked, weights = [], np.zeros(len(life))
    counts, failed = life.counts(), np.isfinite(life.upper)
    ages = life.in_the_middle().durations if by_age else None
    for group in (np.flatnonzero(failed), np.flatnonzero(~failed)):
        if not len(group):
            continue
        order = group if ages is None else group[np.argsort(ages[group], kind="stable")]
        taken = order[:: max(1, -(-len(group) // (rows // 2)))]
        weights[taken] = counts[taken] * (counts[group].sum() / max(counts[taken].sum(), 1e-300))
        picked.append(taken)
    rows_kept = np.concatenate(picked)
    return life[rows_kept]._with(weights=weights[rows_kept])


def _centre_and_spread(life: Lifetimes) -> tuple[float, float]:
    """Mean and standard deviation of log time of plain lifetimes, from a line through log cumulative hazard (Nelson–Aalen) against it.

    The line, unlike the moments of the failures, is not misled by units that still run; the sum, unlike the product limit,
    does not end where an early risk set of one fails.
    """
    estimate = product_limit(life)
    step = estimate.failures / estimate.at_risk
    usable = estimate.time > 0
    x, y = np.log(estimate.time[usable]), np.log(np.cumsum(step) - 0.5 * step)[usable]
    # the variance of log H is about one over the failures so far
    weight = (estimate.failures * np.cumsum(estimate.failures))[usable]
    if not len(x):
        return float(np.log(life.durations).mean()), 1.0
    mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
    variance = np.average((y - mean_y) ** 2, weights=weight)
    slope = np.average((x - mean_x) * (y - mean_y), weights=weight) / variance if variance > 0 else 1.0
    sigma = min(max(float(slope), 0.01), 10.0)
    return float(mean_x - sigma * mean_y) - EULER * sigma, sigma * math.pi / math.sqrt(6.0)


def coordinates_of(template: Distribution, values: dict[str, Any]) -> list[float]:
    """The coordinates at which ``template.bind`` gives these values (a dict shaped like the distribution)."""
    found: list[float] = []
    for name, kind in template.field_kinds().items():
        own = getattr(template, name)
        if isinstance(kind, SimplexDomain):
            found += simplex_to_real(own, values[name])
        elif isinstance(kind, Domain) and own is None:
            found.append(kind.to_real(values[name]))
        elif isinstance(kind, Several):
            found += [kind.domain.to_real(value) for entry, value in zip(own, values[name], strict=True) if entry is None]
        elif kind is PART:
            parts = own if isinstance(own, tuple) else (own,)
            inner = values[name] if isinstance(own, tuple) else (values[name],)
            for part, part_values in zip(parts, inner, strict=True):
                found += coordinates_of(part, part_values)
    return found


def values_of(
    template: Distribution, leaf: Callable[[Distribution], dict[str, Any]], weights: Callable[[int], np.ndarray]
) -> dict[str, Any]:
    """Starting values shaped like the distribution: ``leaf`` gives those of a law, ``weights`` those of k components."""
    if isinstance(template, Mixture):
        return {
            "components": tuple(values_of(component, leaf, weights) for component in template.components),
            "weights": weights(len(template.components)),
        }
    kinds = template.field_kinds()
    parts = {name: getattr(template, name) for name, kind in kinds.items() if kind is PART}
    inner = {
        name: tuple(values_of(each, leaf, weights) for each in part) if isinstance(part, tuple) else values_of(part, leaf, weights)
        for name, part in parts.items()
    }
    return inner if len(inner) == len(kinds) else {**leaf(template), **inner}


def places_of(template: Distribution, times: np.ndarray) -> np.ndarray:
    """Where times (n,) lie on the scale on which a law's centre and spread are told: their logarithms, or, on the real line, themselves."""
    return np.log(times) if template.start_of_support == 0.0 else times


def _whole(template: Distribution, life: Lifetimes, rows: int = ENOUGH_ROWS) -> tuple[float, float]:
    """Centre and spread of lifetimes on that scale."""
    sample = thinned(life, rows, by_age=False).in_the_middle()
    return _centre_and_spread(sample) if template.start_of_support == 0.0 else _moments(sample)


def _shifted(template: Distribution, centre: float, spread: float, unit: float) -> tuple[float, float]:
    """Centre and spread when times are in multiples of ``unit``."""
    return (centre - math.log(unit), spread) if template.start_of_support == 0.0 else (centre / unit, spread / unit)


def _unit_of_spread(template: Distribution, whole: tuple[float, float]) -> float:
    """What a spread is told by: that of log time by itself, that on the real line by the spread of all."""
    return 1.0 if template.start_of_support == 0.0 else whole[1]


def single_start(template: Distribution, life: Lifetimes, unit: float) -> np.ndarray:
    """The start for a surface with one optimum, (p,), for a template in multiples of ``unit``."""
    if is_labelled(template) and life.cause is not None:
        lives = lives_by_cause(template, life)
        return np.concatenate(
            [
                single_start(part, own, unit) if part.n_coordinates() else np.zeros(0)
                for part, own in zip(template.components, lives, strict=True)
            ]
        )
    rows = FEW_ROWS if len(life) > ENOUGH_ROWS else ENOUGH_ROWS  # all of few rows are sorted sooner than some are weighed
    return _placed(template, *_shifted(template, *_whole(template, life, rows), unit))


def _moments(life: Lifetimes) -> tuple[float, float]:
    """Mean and standard deviation of time of plain lifetimes, by the product limit; what lies beyond its end is left out."""
    estimate = product_limit(life)
    mass = estimate.survival_before() - estimate.survival
    centre = float(np.average(estimate.time, weights=mass))
    spread = float(np.sqrt(np.average((estimate.time - centre) ** 2, weights=mass)))
    return centre, spread or max(abs(centre), 1.0)


def several_starts(template: Distribution, life: Lifetimes, unit: float, number: int = 8) -> list[np.ndarray]:
    """Starts for a wrapper, whose parts may trade places or shares: spread over the data, the same ones every time."""
    life = life.in_the_middle()
    whole = _whole(template, life)
    places = places_of(template, life.durations[life.event_observed])
    breadth = _unit_of_spread(template, whole)
    failed = (float(places.mean()), max(float(places.std()), 0.05 * breadth))
    share = min(1.0 - float(product_limit(life).survival[-1]), 0.98)
    random = np.random.default_rng(0)

    def start(fraction: float, place: Callable[[], tuple[float, float]]) -> np.ndarray:
        def leaf(law: Distribution) -> dict[str, Any]:
            own = law.start(*_shifted(template, *place(), unit))
            shares = {name: fraction for name, kind in law.field_kinds().items() if isinstance(kind, ProbabilityDomain)}
            return {**own, **shares}

        return np.array(coordinates_of(template, values_of(template, leaf, lambda k: np.full(k, 1.0 / k))))

    def anywhere() -> tuple[float, float]:
        return float(np.quantile(places, random.uniform())), breadth * math.exp(random.normal(-0.3, 0.6))

    fractions = (min(1.05 * share, 0.99), 0.5 * (1.0 + share))
    starts = [start(fraction, itertools.repeat(place).__next__) for fraction in fractions for place in (whole, failed)]
    return starts + [start(fractions[turn % 2], anywhere) for turn in range(number)]


class Base(NamedTuple):
    """A mixture but for one component: the coordinates of each, None for the one that is missing, and all weights (k,).

    places : mean and standard deviation of log time (on the real line, of time) of each component, about; of the missing one they
        mean nothing.
    """

    components: tuple[np.ndarray | None, ...]
    weights: np.ndarray
    places: tuple[tuple[float, float], ...]


class Starts:
    """Starts for a mixture, without end: clusters of failures first among equals, random ones for the rest.

    A random start puts each component's centre at a random quantile of the data, with random log-odds and log shape; this
    finds broad components, and on simulated sets did so more often than splits of the sorted failures. A narrow component
    lies in a small part of the parameter space that random starts seldom hit, but it shows in the data as failures that
    stand closer together than a single distribution explains: those clusters are found by scanning, and a component is put on
    each beside the best that was found without it (a ``Base``). What both find is in ``benchmarks/hard_mixtures.csv``.
    """

    def __init__(self, template: Mixture, life: Lifetimes, seed: int, bases: Sequence[Base] = ()) -> None:
        self.template = template
        self.random = np.random.default_rng(seed)
        life = life.in_the_middle()
        sample = thinned(life, ENOUGH_ROWS)
        self.places = np.sort(places_of(template, sample.durations[sample.durations > template.start_of_support]))
        self.whole = _whole(template, life)
        self.spread_of_log_shape = SPREAD_OF_LOG_SHAPE
        self.bases = list(bases) or self._bases_on_the_whole()
        found = clusters(sample, template, *self.whole)
        self.on_clusters = [self._added(base, cluster.share, cluster.centre, cluster.spread) for cluster in found for base in self.bases]
        self.on_clusters += [start for base in self.bases for start in self._split(base)]

    def rank(self, log_likelihood: Callable[[np.ndarray], np.ndarray]) -> Starts:
        """Put the starts on clusters in the order of their own likelihood, a better guide than what was promised."""
        if self.on_clusters:
            order = np.argsort(-log_likelihood(np.array(self.on_clusters)), kind="stable")
            self.on_clusters = [self.on_clusters[position] for position in order]
        return self

    def __iter__(self) -> Iterator[np.ndarray]:
        """Coordinates (p,) of one start after another: every other one is a cluster, as long as there are any."""
        remaining = iter(self.on_clusters)
        for turn in itertools.count():
            on_cluster = next(remaining, None) if turn % 2 == 0 else None
            if on_cluster is not None:
                yield on_cluster
            elif turn % 4 == 3 and len(self.template.components) > 2:
                yield self._added(self.bases[turn % len(self.bases)], self.random.uniform(0.02, 0.6), *self._random_place())
            else:
                yield self._random()

    def _random(self) -> np.ndarray:
        def weights(k: int) -> np.ndarray:
            odds = np.exp(np.append(self.random.normal(size=k - 1), 0.0))
            return odds / odds.sum()

        return np.array(coordinates_of(self.template, values_of(self.template, lambda law: law.start(*self._random_place()), weights)))

    def _random_place(self) -> tuple[float, float]:
        place = np.quantile(self.places, self.random.uniform())
        shape = math.exp(self.random.normal(*self.spread_of_log_shape))
        sigma = _unit_of_spread(self.template, self.whole) / shape
        return place - EULER * sigma, math.pi / math.sqrt(6.0) * sigma

    def _bases_on_the_whole(self) -> list[Base]:
        parts = [_placed(component, *self.whole) for component in self.template.components]
        k = len(parts)
        if k == 1:
            return []
        return [Base((*parts[:missing], None, *parts[missing + 1 :]), np.full(k, 1.0 / k), (self.whole,) * k) for missing in range(k)]

    def _added(self, base: Base, share: float, centre: float, spread: float) -> np.ndarray:
        """The base with its missing component put at this mean and deviation of log time, with this share of the units."""
        missing = next(index for index, part in enumerate(base.components) if part is None)
        others = base.weights.sum() - base.weights[missing]
        weights = base.weights * (1.0 - share) / others
        weights[missing] = share
        parts = [_placed(self.template.components[missing], centre, spread) if part is None else part for part in base.components]
        return np.concatenate([*parts, simplex_to_real(self.template.weights, weights.tolist())])

    def _split(self, base: Base) -> Iterator[np.ndarray]:
        """The base with each component in turn parted into an earlier and a later half, one of them the missing component."""
        missing = next(index for index, part in enumerate(base.components) if part is None)
        for index, part in enumerate(base.components):
            if part is None or not len(part):
                continue
            centre, spread = base.places[index]
            weights = base.weights.copy()
            weights[[index, missing]] = 0.5 * weights[index]
            parts = list(base.components)
            for place, sign in ((index, -1.0), (missing, 1.0)):
                parts[place] = _placed(self.template.components[place], centre + sign * PART_BY * spread, NARROWER * spread)
            yield np.concatenate([*parts, simplex_to_real(self.template.weights, weights.tolist())])


def _placed(component: Distribution, centre: float, spread: float) -> np.ndarray:
    values = values_of(component, lambda law: law.start(centre, spread), lambda k: np.full(k, 1.0 / k))
    return np.array(coordinates_of(component, values))


class Cluster(NamedTuple):
    """Failures that stand close together: mean and standard deviation of their log times, their share of the units."""

    centre: float
    spread: float
    share: float


def clusters(life: Lifetimes, template: Distribution, centre: float, spread: float, most: int = 24) -> list[Cluster]:
    """The runs of neighbouring failures that a component of their own would raise the likelihood by most, best first.

    A run's promise is its log-likelihood under a normal of its own mean and deviation in log time, with the share of the
    units that Kaplan–Meier gives it, less that under the distribution of the whole (a smallest-extreme-value law of log
    time; on the real line all this is of time itself). Runs that overlap a better one by more than two thirds are left out;
    failures recorded alike count as one place.
    """
    estimate = product_limit(life)
    usable = estimate.time > template.start_of_support
    x, weight = places_of(template, estimate.time[usable]), estimate.failures[usable]
    mass = (estimate.survival_before() - estimate.survival)[usable]
    sigma = spread * math.sqrt(6.0) / math.pi
    z = (x - centre) / sigma - EULER
    under_whole = z - np.exp(z) - math.log(sigma)
    columns = (weight, weight * (x - centre), weight * (x - centre) ** 2, weight * under_whole, mass)
    totals = [np.concatenate([[0.0], np.cumsum(column)]) for column in columns]
    found = []
    for length in sorted({round(2 * 1.25**power) for power in range(40)}):
        if length >= 0.8 * len(x):
            break
        first = np.arange(len(x) - length + 1)
        count, one, two, whole, share = (total[first + length] - total[first] for total in totals)
        # an early risk set of one that fails brings Kaplan–Meier to 0, and leaves nothing to what comes later
        share = np.maximum(share, count / life.n_units)
        mean = one / count
        # cancellation leaves 1e-8 of the spread of the whole, far below what any record resolves
        deviation = np.sqrt(np.maximum(two / count - mean**2, 1e-16))
        with np.errstate(divide="ignore"):
            promise = count * (np.log(share) - np.log(deviation) - 0.5 * math.log(2 * math.pi * math.e)) - whole
        for position in np.argsort(-promise, kind="stable")[:most]:
            cluster = Cluster(centre + float(mean[position]), float(deviation[position]), float(min(share[position], 0.9)))
            found.append((float(promise[position]), int(position), length, cluster))
    kept: list[tuple[int, int, Cluster]] = []
    for _, begin, length, cluster in sorted(found, key=lambda item: -item[0]):
        overlaps = (min(begin + length, b + size) - max(begin, b) > 2 / 3 * max(length, size) for b, size, _ in kept)
        if not any(overlaps):
            kept.append((begin, length, cluster))
        if len(kept) == most:
            break
    return [cluster for _, _, cluster in kept]
