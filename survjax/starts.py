"""Where a fit begins: starting values read off the data, and random ones for surfaces with several optima."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from survjax.distributions import Distribution, Mixture
from survjax.distributions.distribution import PART
from survjax.lifetimes import Lifetimes
from survjax.parameters import Domain, SimplexDomain, simplex_to_real
from survjax.product_limit import product_limit

ENOUGH_ROWS = 2048                 # a start needs no more
EULER = 0.5772156649015329
SPREAD_OF_LOG_SHAPE = (0.5, 0.8)   # mean and deviation that found the best optimum most often, see benchmarks


def thinned(life: Lifetimes, rows: int) -> Lifetimes:
    """At most about ``rows`` rows, failures and running units thinned separately and re-weighted to the same totals."""
    if len(life) <= rows:
        return life
    picked, weights = [], np.zeros(len(life))
    counts = life.counts()
    for group in (np.flatnonzero(life.event_observed), np.flatnonzero(~life.event_observed)):
        if not len(group):
            continue
        order = group[np.argsort(life.durations[group], kind="stable")]
        taken = order[:: max(1, -(-len(group) // (rows // 2)))]
        weights[taken] = counts[taken] * (counts[group].sum() / max(counts[taken].sum(), 1e-300))
        picked.append(taken)
    rows_kept = np.concatenate(picked)
    return life[rows_kept].with_weights(weights[rows_kept])


def centre_and_spread(life: Lifetimes) -> tuple[float, float]:
    """Mean and standard deviation of log time, from a line through the Kaplan–Meier points on Weibull paper.

    The line, unlike the moments of the failures, is not misled by units that still run.
    """
    estimate = product_limit(thinned(life, ENOUGH_ROWS))
    failed = estimate.plotting_positions()
    usable = (failed > 0) & (failed < 1) & (estimate.time > 0)
    x, y, weight = np.log(estimate.time[usable]), np.log(-np.log1p(-failed[usable])), estimate.failures[usable]
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
        elif kind is PART:
            parts = own if isinstance(own, tuple) else (own,)
            inner = values[name] if isinstance(own, tuple) else (values[name],)
            for part, part_values in zip(parts, inner, strict=True):
                found += coordinates_of(part, part_values)
    return found


def values_of(template: Distribution, leaf: Callable[[Distribution], dict[str, Any]], weights: Callable[[int], np.ndarray]) -> dict[str, Any]:
    """Starting values shaped like the distribution: ``leaf`` gives those of a law, ``weights`` those of k components."""
    if isinstance(template, Mixture):
        return {
            "components": tuple(values_of(component, leaf, weights) for component in template.components),
            "weights": weights(len(template.components)),
        }
    parts = {name: getattr(template, name) for name, kind in template.field_kinds().items() if kind is PART}
    if parts:
        return {name: values_of(part, leaf, weights) for name, part in parts.items()}
    return leaf(template)


def single_start(template: Distribution, life: Lifetimes) -> np.ndarray:
    """The start for a surface with one optimum, (p,)."""
    centre, spread = centre_and_spread(life)
    values = values_of(template, lambda law: law.start(centre, spread), lambda k: np.full(k, 1.0 / k))
    return np.array(coordinates_of(template, values))


class RandomStarts:
    """Starts for a mixture: weights by normal log-odds, each component's centre at a random quantile of the failures.

    Measured on simulated sets, this reached the best optimum more often than splits of the sorted failures (see
    ``benchmarks/hard_mixtures.md``).
    """

    def __init__(self, template: Distribution, life: Lifetimes, seed: int) -> None:
        self.template = template
        self.random = np.random.default_rng(seed)
        sample = thinned(life, ENOUGH_ROWS)
        self.log_times = np.sort(np.log(sample.durations[sample.durations > 0]))

    def draw(self) -> np.ndarray:
        """Coordinates of one start, (p,)."""
        random = self.random

        def leaf(law: Distribution) -> dict[str, Any]:
            log_scale = np.quantile(self.log_times, random.uniform())
            shape = math.exp(random.normal(*SPREAD_OF_LOG_SHAPE))
            return law.start(log_scale - EULER / shape, math.pi / math.sqrt(6.0) / shape)

        def weights(k: int) -> np.ndarray:
            odds = np.exp(np.append(random.normal(size=k - 1), 0.0))
            return odds / odds.sum()

        return np.array(coordinates_of(self.template, values_of(self.template, leaf, weights)))

