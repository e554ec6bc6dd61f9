"""Maximum likelihood for a population of which some units are dead on arrival.

A failure at 0 contributes log p, and a row of a unit known to have arrived alive log(1 - p) and the term of its law: with such rows
alone p is the share of the dead, and the law is that of the others, found by the search of its own. A unit that entered late says
nothing of p. A failure within an interval from 0 on, or one that is truncated on the right, ties the two together; then p and the law
are found jointly, by Newton's method from the fits that count all such failures as alive on arrival, and none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, ZeroInflated
from survjax.errors import NoFiniteMaximum
from survjax.fitting.enclosure import Own, enclosed, joint
from survjax.fitting.estimation import ARRIVED, Fit, fully_known, log_likelihood
from survjax.fitting.prior import Prior
from survjax.fitting.search import SAME_VALUE
from survjax.parameters import SHARE

NAME = "fraction_dead_on_arrival"
NOBODY = (
    "The likelihood is highest at a fraction dead on arrival of 0: nothing in these data says that a unit was dead on arrival. The "
    "fraction has no standard error there."
)


class Arrival(NamedTuple):
    """What each row says of its unit's arrival, (n,) each: dead, surely alive, or either; and the truncated that say it of others."""

    dead: np.ndarray
    alive: np.ndarray
    either: np.ndarray
    cut: np.ndarray

    @classmethod
    def of(cls, life: Lifetimes) -> Arrival:
        from_birth = np.ones(len(life), bool) if life.entry is None else life.entry <= 0
        dead = life.event_observed & (life.lower == 0)
        either = from_birth & ~dead & (life.lower <= 0) & np.isfinite(life.upper)
        cut = np.zeros(len(life), bool) if life.right_truncation is None else from_birth & np.isfinite(life.right_truncation)
        return cls(dead, from_birth & ~dead & ~either, either, cut)


def fit_zero_inflated(
    template: ZeroInflated, life: Lifetimes, find: Callable[[Distribution, Lifetimes], Fit], prior: Mapping[str, Prior]
) -> Fit:
    """The maximum of a zero-inflated law; ``find`` is the search that its part needs.

    Raises
    ------
    ValueError : units dead on arrival under a fraction given as 0.
    NoFiniteMaximum : a fraction to be learned where every unit entered late, or may have been dead on arrival; nothing but dead units to
        learn the part from; and what ``find`` raises.
    """
    life = life[life.counts() > 0]
    arrival = Arrival.of(life)
    _check(template, arrival)
    if arrival.either.any() or arrival.cut.any() or NAME in prior:
        return _jointly(template, life, arrival, find, prior)
    part = _fit_of_part(template.of, life[~arrival.dead], find)
    n_dead, n_alive = (life[rows].n_units if rows.any() else 0.0 for rows in (arrival.dead, arrival.alive))
    fraction = template.fraction_dead_on_arrival
    if fraction is not None:
        own = Own(NAME, fraction, 0.0)
    elif n_dead == 0.0:
        return _nobody(template, part, life)
    else:
        fraction = n_dead / (n_dead + n_alive)
        spread = fraction * (1.0 - fraction)
        n = n_dead + n_alive
        own = Own(NAME, fraction, spread / n, SHARE.to_real(fraction), 1.0 / (n * spread))
    arrivals = n_alive * float(np.log1p(-fraction)) + (n_dead * float(np.log(fraction)) if n_dead else 0.0)
    return enclosed(template, part, own, part.log_likelihood + arrivals, life, [])


def _check(template: ZeroInflated, arrival: Arrival) -> None:
    if template.fraction_dead_on_arrival == 0.0 and arrival.dead.any():
        raise ValueError(
            f"fraction_dead_on_arrival is given as 0, and {int(arrival.dead.sum()):,} rows failed at age 0: give it as more, or None to "
            "learn it."
        )
    if template.fraction_dead_on_arrival is None and not (arrival.alive.any() or arrival.dead.any() or arrival.either.any()):
        raise NoFiniteMaximum(
            "every unit came under observation late (entry > 0), so that those dead on arrival could not be seen, and nothing is known of "
            "their fraction. Fit the law without ZeroInflated, give fraction_dead_on_arrival, or add units observed from the start."
        )
    if template.fraction_dead_on_arrival is None and not arrival.alive.any():
        raise NoFiniteMaximum(
            "every unit observed from the start was dead on arrival, or may have been: the likelihood is highest at a fraction of 1, where "
            "nothing is left to learn the life of the others from. Add units that were alive on arrival, or give fraction_dead_on_arrival."
        )
    if template.of.n_coordinates() and arrival.dead.all():
        raise NoFiniteMaximum(
            "every unit was dead on arrival: nothing is left to learn the life of the others from. Add units that were alive on arrival."
        )


def _fit_of_part(part: Distribution, life: Lifetimes, find: Callable[[Distribution, Lifetimes], Fit]) -> Fit:
    if part.n_coordinates():
        return find(part, life)
    told = np.isfinite(life.upper) | (life.lower > 0)  # the others, still running at 0, are certain
    return dataclasses.replace(fully_known(part), log_likelihood=log_likelihood(part, life[told]) if told.any() else 0.0)


def _nobody(template: ZeroInflated, part: Fit, life: Lifetimes) -> Fit:
    """The fit on the boundary, where the law is that of its part."""
    return enclosed(template, part, Own(NAME, 0.0, np.nan), part.log_likelihood, life, [NOBODY])


def _jointly(
    template: ZeroInflated, life: Lifetimes, arrival: Arrival, find: Callable[[Distribution, Lifetimes], Fit], prior: Mapping[str, Prior]
) -> Fit:
    """The highest of the maxima from two starts, and of that on the boundary."""
    n_dead, n_either = (life[rows].n_units if rows.any() else 0.0 for rows in (arrival.dead, arrival.either))
    n = n_dead + n_either + (life[arrival.alive].n_units if arrival.alive.any() else 0.0)
    fits: list[Fit] = []
    refused: NoFiniteMaximum | None = None
    for either_alive in (True, False):
        rows, dead = (~arrival.dead, n_dead) if either_alive else (~arrival.dead & ~arrival.either, n_dead + n_either)
        if not rows.any():
            continue
        try:
            part = _fit_of_part(template.of, life[rows], find)
        except NoFiniteMaximum as error:
            refused = error
            continue
        if either_alive and not arrival.dead.any() and template.fraction_dead_on_arrival is None and NAME not in prior:  # which rules out 0
            fits.append(_nobody(template, part, life))
        fraction = [SHARE.to_real(max(dead, 0.5) / (n + 1.0))] if template.fraction_dead_on_arrival is None else []
        fits.append(joint(template, part, fraction, life, prior))
    arrived = [fit for fit in fits if fit.reason in ARRIVED]
    if not fits:
        raise refused or NoFiniteMaximum("nothing is known of any unit that arrived alive: there is nothing to learn the law from.")
    highest = max((fit.penalised for fit in arrived), default=-np.inf)
    # the first of those that are as high: the boundary before what is all but there
    return next((fit for fit in arrived if fit.penalised >= highest - SAME_VALUE), fits[-1])
