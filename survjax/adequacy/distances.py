"""How far an estimate of survival without a distribution lies from a law, in probabilities of that law.

All is a function of the law's cumulative hazard H at the ages of the estimate, since its F is 1 - exp(-H): the distances are
those of the Cox–Snell residuals H(T) from the unit exponential.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

NEAR = 2.0  # probabilities whose ratio is less are too near for a difference of logarithms
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


class Distances(NamedTuple):
    """Anderson and Darling's A², Kolmogorov and Smirnov's D, Cramér and von Mises' W², and the range of ages they are taken over."""

    anderson_darling: Any
    kolmogorov_smirnov: Any
    cramer_von_mises: Any
    begin: Any
    end: Any


class Followed(NamedTuple):
    """A Kaplan–Meier estimate of units one each, in the order of their ages, over one unbroken stretch of observation.

    age (n,), seen (n,) whether the unit was under observation in that stretch, alive (n,) the estimate after each, begin.
    """

    age: Any
    seen: Any
    alive: Any
    begin: Any


def followed(age, failed, entry=None, xp=np) -> Followed:
    """The estimate from units that failed at known ages or still run.

    Parameters
    ----------
    age : (n,) at failure or reached so far, in order; -inf for what is no unit.
    failed : (n,) booleans; of equal ages failures come first.
    entry : (n,) the ages at which observation began, in an order of their own; what is no unit repeats the first. None: all were
        seen from the start.
    xp : the array module; with ``jax.numpy`` this may be part of a compiled program.

    An age at which nobody is left under observation, while others enter later, divides what can be estimated from what lies before:
    the stretch begins with the first entry after the last such age.
    """
    n = len(age)
    row = xp.arange(n)
    at_risk = n - row
    if entry is None:
        begin = -xp.inf
    else:
        at_risk = at_risk - n + xp.searchsorted(entry, age, side="left").astype(row.dtype)
        broken = xp.where((at_risk == 1) & (row < n - 1), age, -xp.inf).max()
        begin = entry[xp.searchsorted(entry, broken, side="left")]
    seen = age > begin
    drop = failed & seen
    # one unit after another: units that fail at one age multiply to (n - d) / n
    return Followed(age, seen, xp.cumprod(1.0 - drop.astype(age.dtype) / xp.where(drop, at_risk, 1).astype(age.dtype)), begin)


def distances_of_units(estimate: Followed, hazard, begin_hazard, xp=np) -> Distances:
    """The distances between that estimate and a law whose cumulative hazard is ``hazard`` (n,) at its ages.

    The range begins where the estimate does, and ends at the last age under observation, or not at all where the estimate reaches 0.
    """
    zero = xp.zeros_like(hazard[:1])
    at = xp.concatenate([zero, xp.where(estimate.seen, hazard - begin_hazard, 0.0)])
    share = xp.concatenate([zero, 1.0 - estimate.alive])
    endless = estimate.alive[-1] == 0.0
    following = xp.concatenate([at[1:], xp.where(endless, xp.inf, at[-1:])])
    squared, weighted = _flat(at, following, share, xp)
    widest = xp.maximum(xp.abs(share + xp.expm1(-at)), xp.abs(share + xp.expm1(-following))).max()
    units = estimate.seen.astype(hazard.dtype).sum()
    end = xp.where(endless, xp.inf, estimate.age[-1])
    return Distances(units * weighted.sum(), widest, units * squared.sum(), estimate.begin, end)


def _flat(low, high, share, xp):
    """The integrals of (share - u)² and of (share - u)² / (u (1 - u)) over u from 1 - exp(-low) to 1 - exp(-high)."""
    first, last = -xp.expm1(-low), -xp.expm1(-high)
    width = xp.exp(-low) * -xp.expm1(-(high - low))
    below, above = share - first, share - last
    squared = width * (below**2 + below * above + above**2) / 3.0
    # (share - u)² / (u (1 - u)) = share² / u + (1 - share)² / (1 - u) - 1; where a square is 0 its logarithm may be infinite
    failed, alive = share > 0.0, share < 1.0
    logs = xp.log(xp.where(failed, last, 1.0)) - xp.log(xp.where(failed, first, 1.0))
    run = xp.where(alive, high, low) - low
    return squared, share**2 * logs + (1.0 - share) ** 2 * run - width


def distances_of_masses(
    left: np.ndarray, right: np.ndarray, mass: np.ndarray, n: float, *, open_end: bool, begin: float, end: float
) -> Distances:
    """The distances between a Turnbull estimate and a law.

    Parameters
    ----------
    left, right : (m,) the law's cumulative hazard since the beginning of the range at both ends of each candidate interval.
    mass : (m,) what the estimate puts in each. n : units.
    open_end : whether the last candidate has no end, so that the estimate is known up to its left end only.
    begin, end : the range of ages.

    Where in a candidate interval its mass lies is not known. It is spread as the law has it there, so that the difference of the
    two is linear in F; the widest difference is then one at an end of a candidate, where the estimate is known.
    """
    reached = np.cumsum(mass)
    before = np.append(0.0, reached[:-1])
    inside = slice(None, -1) if open_end else slice(None)
    starts = np.append(0.0, right[inside])
    stops = left if open_end else np.append(left, np.inf)
    levels = np.append(0.0, reached[inside])
    if not open_end:
        levels[-1] = 1.0
    parts = [_flat(starts, stops, levels, np)]
    spread = right[inside] > left[inside]
    parts.append(_sloped(left[inside][spread], right[inside][spread], before[inside][spread], reached[inside][spread]))
    squared, weighted = (sum(float(np.sum(part[index])) for part in parts) for index in (0, 1))
    widest = max(float(np.max(np.abs(levels + np.expm1(-ends)))) for ends in (starts, stops))
    return Distances(n * weighted, widest, n * squared, begin, end)


def _sloped(low: np.ndarray, high: np.ndarray, share: np.ndarray, reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same integrals where the estimate rises from ``share`` to ``reached``, linearly in u."""
    first, last = -np.expm1(-low), -np.expm1(-high)
    width = np.exp(-low) * -np.expm1(-(high - low))
    below, above = share - first, reached - last
    squared = width * (below**2 + below * above + above**2) / 3.0
    near = (last < NEAR * first) & (np.exp(-low) < NEAR * np.exp(-high))
    weighted = np.empty_like(squared)
    # a + b u: over u (1 - u) it is a² / u + (a + b)² / (1 - u) - b², unless the differences of these cancel
    slope = (above - below)[~near] / width[~near]
    at_0 = below[~near] - slope * first[~near]
    at_1 = at_0 + slope
    ratio = last[~near] / np.where(first[~near] > 0.0, first[~near], last[~near])  # from 0 on the difference begins at 0
    weighted[~near] = at_0**2 * np.log(ratio) + at_1**2 * (high - low)[~near] - slope**2 * width[~near]
    place = 0.5 * (1.0 + _NODES)[:, None]
    u = first[near] + place * width[near]
    difference = below[near] + place * (above - below)[near]
    weighted[near] = width[near] * (0.5 * _WEIGHTS @ (difference**2 / (u * (1.0 - u))))
    return squared, weighted
