"""The search for the best honest optimum of a mixture's likelihood, from many starts advanced together.

The likelihood of a mixture with exact times has no upper bound: a component may sit on one failure time, or on several
recorded alike, and grow ever sharper. Such a spike is no estimate. Nor is a component on failures that stand together by chance:
at a finite maximum, but an accident of the sample (a spurious local maximiser: McLachlan & Peel 2000, section 3.10). What is
looked for is the highest maximum at which no component is either.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jax
import numpy as np

from survjax.distributions import Mixture
from survjax.fitting.crowd import Crowd, FailureAges
from survjax.fitting.likelihood import Described
from survjax.numerics.newton import Descent, Evaluation

LANES = 10  # starts advanced together; the compiled program has this shape
LEAST_STARTS, MOST_STARTS = 20, 60  # with ten the best was missed on 2 of 40 hard sets, with twenty on 1
ENOUGH_HITS = 3  # after this many arrivals at the best optimum no more starts are drawn
SAME_PLACE = 1e-3  # in log parameters: closer points are on the way to the same optimum
SAME_VALUE = 1e-6  # in log-likelihood: of two searches that have come to the same height
# A component with fewer effective failure ages than the first number, and sharper than a Weibull of the second as shape, is
# a spike. The second pair: three or four of some fifty failures within one per cent of each other are a coincidence that
# most fleets can show, and a shape in the hundreds is no estimate of wear.
SHARP, NEEDLE = 15.0, 100.0
SPIKES = ((2.5, SHARP), (5.0, NEEDLE))
# A component as sharp as a needle, on however many failures, is a coincidence where chance alone makes a crowd like its own more often
# than in one fleet of twenty. Of eighty fleets of one Weibull (256 and 1,024 units) 23 have a needle at their highest maximum, 8 are left
# with one. Of sixty in which 2 to 10 % of the units are of shape 300 (ten each of 256 at 4, 5, 10 % and of 1,024 at 2, 5, 10 %) the
# population is found in 50, without the rule in 51.
CHANCE = 0.05


@dataclass
class Optimum:
    """A maximum: where, how high (log-likelihood), how often reached, and by which path; ``unseen``, its last step if that
    was taken without another evaluation."""

    point: np.ndarray
    log_likelihood: float
    features: np.ndarray
    reason: str
    n_steps: int
    path: list[np.ndarray]
    evaluation: Evaluation
    unseen: np.ndarray
    hits: int = 1
    crowd: Crowd | None = None  # on which a component rests that is a coincidence


@dataclass
class SearchResult:
    """Honest optima, highest first, and those that rest on a coincidence; where other starts went; how many starts there were."""

    optima: list[Optimum]
    coincidences: list[Optimum]
    n_starts: int
    n_spikes: int
    n_unfinished: int
    highest_flat: float  # the highest log-likelihood at which some direction is flat: no maximum in finite parameters

    def best_hits(self) -> int:
        return self.optima[0].hits if self.optima else 0


def spreads(quartiles: np.ndarray, on_the_line: bool) -> np.ndarray:
    """How far apart the outer quartiles are, from quartiles (k, 3).

    The log of their ratio, which is 1.572 / shape for a Weibull; on the real line their difference.
    """
    lower, upper = quartiles[:, 0], quartiles[:, 2]
    # differences of logs survive underflow
    return upper - lower if on_the_line else np.log(np.maximum(upper, 1e-300)) - np.log(np.maximum(lower, 1e-300))


@dataclass(frozen=True)
class Judge:
    """What a point of a mixture's parameter space looks like.

    Attributes
    ----------
    alike (k,) : the same number for components that may be swapped without changing the model.
    n_parameters (k,) : how many parameters each component has, its weight included.
    real (m,) : which parameters may be any number; the others are compared by their logarithms.
    can_narrow (k,) : which components can become ever sharper; one that is known, or known in its shape, cannot.
    on_the_line : whether the components live on the whole real line, where a spread is told in units of the fit, the standard
        deviation of the failures, instead of as a share of age.
    failed : the ages of failures, in the unit of the fit.
    mixture : the template, in the unit of the fit.
    per_unit : weight by which a mean is turned into the log-likelihood.
    """

    alike: np.ndarray
    n_parameters: np.ndarray
    real: np.ndarray
    can_narrow: np.ndarray
    on_the_line: bool
    failed: FailureAges
    mixture: Mixture
    per_unit: float

    def features(self, described: Described) -> np.ndarray:
        """Log parameters (m,) in an order that does not depend on how alike components are numbered."""
        logs = np.where(self.real, described.values, np.log(np.where(self.real, 1.0, np.maximum(described.values, 1e-12))))
        parts = np.split(logs, np.cumsum(self.n_parameters)[:-1])
        order = np.lexsort((described.quartiles[:, 1], self.alike))
        return np.concatenate([parts[index] for index in order])

    def has_spike(self, described: Described, times: float = 1.0) -> bool:
        """Whether a component is sharper than the records, or sharp and held up by hardly any failures; or ``times`` as sharp."""
        lower, upper = described.quartiles[:, 0], described.quartiles[:, 2]
        spread = spreads(described.quartiles, self.on_the_line)
        unresolved = upper - lower < np.array([self.failed.gap_at(median) for median in described.quartiles[:, 1]]) / times
        spikes = unresolved & (spread < 1.572 / (SHARP * times))
        for few, shape in SPIKES:
            spikes |= (described.failure_ages < few) & (spread < 1.572 / (shape * times))
        return bool(np.any(spikes & self.can_narrow))

    def coincidence(self, point: np.ndarray, described: Described) -> Crowd | None:
        """What the first component rests on that is as sharp as a needle and explained by chance."""
        sharp = (spreads(described.quartiles, self.on_the_line) < 1.572 / NEEDLE) & self.can_narrow
        crowds = (self.crowd(point, described, index) for index in np.flatnonzero(sharp).tolist())
        return next((crowd for crowd in crowds if crowd and crowd.by_chance > CHANCE), None)

    def crowd(self, point: np.ndarray, described: Described, index: int) -> Crowd | None:
        """What a component rests on, if that is narrow."""
        return self.failed.crowd(self.mixture, point, described.quartiles[index], index, described.failures)


def find_optima(
    evaluate: Callable[[np.ndarray, np.ndarray], Evaluation],
    starts: Iterator[np.ndarray],
    judge: Judge,
    n_starts: int | None = None,
) -> SearchResult:
    """Descend from one start after another until the best honest optimum has been reached often enough.

    ``evaluate`` gives the mean negative log-likelihood with a ``Described`` as extras. With ``n_starts`` that
    many starts are made, neither more nor fewer.
    """
    result = SearchResult([], [], 0, 0, 0, -np.inf)
    while True:
        wanted = LEAST_STARTS if n_starts is None else n_starts
        room = (MOST_STARTS if n_starts is None else n_starts) - result.n_starts
        enough = result.n_starts >= wanted and (n_starts is not None or result.best_hits() >= ENOUGH_HITS)
        if room <= 0 or enough:
            return result
        _one_round(evaluate, list(itertools.islice(starts, min(LANES, room))), judge, result)
        result.optima.sort(key=lambda optimum: -optimum.log_likelihood)


def _one_round(evaluate: Callable, starts: list[np.ndarray], judge: Judge, result: SearchResult) -> None:
    n = len(starts)
    result.n_starts += n
    descent = Descent(evaluate, np.array(starts + [starts[0]] * (LANES - n)), n_started=n)
    followers = np.ones(LANES, dtype=int)
    while descent.active.any():
        descent.advance()
        _stop_spikes(descent, judge)
        _merge(descent, followers, judge, result)
    for lane in range(n):
        reason = descent.reasons[lane]
        if reason in ("converged", "at_rounding_floor"):
            _record(descent, lane, int(followers[lane]), judge, result)
        elif reason == "spike":
            result.n_spikes += int(followers[lane])
        elif reason == "flat":
            result.highest_flat = max(result.highest_flat, -float(descent.evaluation.value[lane]) * judge.per_unit)
        elif reason != "merged":
            result.n_unfinished += int(followers[lane])


def _lane(described: Described, lane: int) -> Described:
    return Described(*(array[lane] for array in described))


def _stop_spikes(descent: Descent, judge: Judge) -> None:
    for lane, reason in enumerate(descent.reasons):
        # A point on its way may look like a spike and recover; one ten times sharper than what counts does not.
        patience = 10.0 if reason is None else 1.0
        if reason in (None, "converged", "at_rounding_floor", "flat") and judge.has_spike(_lane(descent.evaluation.extras, lane), patience):
            descent.stop(lane, "spike")


def _merge(descent: Descent, followers: np.ndarray, judge: Judge, result: SearchResult) -> None:
    """Of two points on the way to the same place one goes on; it counts for both."""
    places = [judge.features(_lane(descent.evaluation.extras, lane)) for lane in range(LANES)]
    going = np.flatnonzero(descent.active).tolist()
    for position, lane in enumerate(going):
        known = next((o for o in (*result.optima, *result.coincidences) if _close(o.features, places[lane])), None)
        if known is not None:
            known.hits += int(followers[lane])
            descent.stop(lane, "merged")
            continue
        others = [j for j in going[:position] if descent.reasons[j] is None]
        others += [j for j, reason in enumerate(descent.reasons) if reason == "converged"]
        leader = next((j for j in others if _close(places[j], places[lane])), None)
        if leader is not None:
            followers[leader] += followers[lane]
            descent.stop(lane, "merged")


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.max(np.abs(one - other)) < SAME_PLACE)


def _record(descent: Descent, lane: int, hits: int, judge: Judge, result: SearchResult) -> None:
    evaluation = jax.tree.map(lambda array: array[lane].copy(), descent.evaluation)
    log_likelihood = -float(evaluation.value) * judge.per_unit
    features = judge.features(evaluation.extras)
    for optimum in (*result.optima, *result.coincidences):
        if abs(optimum.log_likelihood - log_likelihood) < SAME_VALUE * max(1.0, abs(log_likelihood) * 1e-3) and _close(
            optimum.features, features
        ):
            optimum.hits += hits
            return
    crowd = judge.coincidence(descent.points[lane], evaluation.extras)
    (result.coincidences if crowd else result.optima).append(
        Optimum(
            descent.points[lane],
            log_likelihood,
            features,
            str(descent.reasons[lane]),
            int(descent.n_steps[lane]),
            descent.paths[lane],
            evaluation,
            descent.unseen[lane],
            hits,
            crowd,
        )
    )
