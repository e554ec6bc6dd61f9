"""Maximum likelihood for a law moved along the time axis: the threshold's profile, its ends, and what may be said of the result.

With failures at known ages the likelihood of most laws has no bound as the threshold meets the first failure. What is looked for is
the highest maximum between the ends. There may be none: then the likelihood rises all the way to the first failure, or towards ever
earlier thresholds, where the law tends to one on the whole real line (Cheng & Iles 1990, Embedded models in three-parameter
distributions and their estimation, Journal of the Royal Statistical Society B 52).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, Threshold
from survjax.errors import NoFiniteMaximum
from survjax.fitting.enclosure import Own, enclosed, joint
from survjax.fitting.estimation import ARRIVED, Fit, fit_from_data, pose
from survjax.fitting.existence import check_anything_failed
from survjax.fitting.prior import Prior, left_to_the_data
from survjax.fitting.search import SAME_VALUE
from survjax.fitting.starts import thinned
from survjax.numerics.blocks import BLOCK
from survjax.numerics.programs import program

NAME = "threshold"
PROFILE_ROWS = 2 * BLOCK  # beyond, the profile is that of a sample and only its maxima see every row
NEAREST, FARTHEST, PLACES = 1e-6, 300.0, 29  # distances from the first failure, in multiples of the range of the failures
TOUCHING = 1e-12  # of the first failure or of the range: where a threshold at the first failure is put
REGULAR = 2.0  # local shape beyond which a threshold's estimate is normal about the truth (Smith 1985)
TAILS = (1e-50, 1e-100)  # cumulative hazards

EMBEDDED = (
    "the likelihood keeps rising as the threshold runs to minus infinity, where the law tends to one on the whole real line (a Weibull to "
    "the smallest extreme value law, a lognormal or gamma to the normal, a loglogistic to the logistic, a Frechet to the largest extreme "
    "value law)"
)
UNBOUNDED = "the likelihood has no bound as the threshold meets the first failure"


class Place(NamedTuple):
    """A threshold and the best fit of the part given it."""

    threshold: float
    part: Fit


def fit_threshold(
    template: Threshold,
    life: Lifetimes,
    find: Callable[[Distribution, Lifetimes], Fit],
    prior: Mapping[str, Prior],
    roughly: Callable[[Distribution, Lifetimes], Fit],
) -> Fit:
    """The maximum of a law with a threshold; ``find`` is the search that its part needs, ``roughly`` one that will do for its profile.

    Raises
    ------
    NoFiniteMaximum : the likelihood rises to an end of what the threshold may be; and what ``find`` raises.
    """
    life = life[life.counts() > 0]
    if template.threshold is not None:
        part = find(template.of, life.since(template.threshold))
        return enclosed(template, part, Own(NAME, template.threshold, 0.0), part.log_likelihood, life, [])
    if not np.isfinite(life.upper).any():
        if left_to_the_data(template, prior).n_coordinates():
            check_anything_failed(life)
        return fit_from_data(pose(template, life, prior=prior), template, life)
    first = float(life.upper.min())
    span = float(life.in_the_middle().failed().durations.max() - first) or abs(first)
    places = _profile(template.of, thinned(life, PROFILE_ROWS), first, span, roughly)
    heights = np.array([place.part.penalised for place in places])
    promising = [places[index] for index in _promising(heights)]
    if roughly is not find:
        promising = [Place(place.threshold, find(template.of, life.since(place.threshold))) for place in promising]
    fits = [joint(template, place.part, [place.threshold], life, prior) for place in promising]
    arrived = [fit for fit in fits if fit.reason in ARRIVED]
    if not arrived:
        return _at_the_first_failure(template, life, places, first, span, find)
    best = max(arrived, key=lambda fit: fit.penalised)
    best.n_starts, best.n_hits = len(fits), sum(fit.penalised > best.penalised - SAME_VALUE for fit in arrived)
    notes = []
    if len(life) <= PROFILE_ROWS:
        if heights[0] > best.penalised:
            notes.append(f"This is the highest maximum below the first failure; {UNBOUNDED}, which is no estimate.")
        if heights[-1] > best.penalised + SAME_VALUE:
            notes.append(f"The likelihood is higher still for very early thresholds: {EMBEDDED}.")
    return _without_false_errors(template, life, best, notes, find)


def _promising(heights: np.ndarray) -> np.ndarray:
    """The places of a profile's maxima between its ends; where there are none, of the bends between which it may have one."""
    maxima = np.flatnonzero((heights[1:-1] > heights[:-2]) & (heights[1:-1] >= heights[2:])) + 1
    if len(maxima):
        return maxima
    slopes = np.abs(np.diff(heights))
    return np.flatnonzero((slopes[1:-1] < slopes[:-2]) & (slopes[1:-1] <= slopes[2:])) + 1


def local_shape(law: Distribution) -> float:
    """The power of time by which a law's probability of failure begins: a in F(t) ~ c t^a as t falls to 0.

    The shape of a Weibull, gamma or loglogistic law; infinite for a lognormal, an inverse Gaussian or any whose F falls faster than
    every power. It is the elasticity t h(t) / H(t) so far in the lower tail that H is 1e-100: at a power's beginning it is that power there
    and at H = 1e-50 alike, whereas for a lognormal law it has grown by the root of 2, and for the others doubled.
    """
    ages, elasticities = (np.asarray(array) for array in _in_the_tails(jax.tree.map(np.float64, law)))
    if not np.all(ages > 0):
        return 0.0  # below 0.35: the age at which so few have failed is below the smallest number
    near, far = elasticities
    return float(np.inf if far > 1.2 * near else far)


@program
def _in_the_tails(law: Distribution) -> Any:
    ages = law.age_at(jnp.asarray(TAILS))
    return ages, ages * law.hazard(ages) / law.cumulative_hazard(ages)


def _profile(of: Distribution, life: Lifetimes, first: float, span: float, find: Callable[[Distribution, Lifetimes], Fit]) -> list[Place]:
    """The best fits of the part for thresholds from just below the first failure downwards; those without a maximum left out."""
    places = []
    refused: NoFiniteMaximum | None = None
    for distance in span * np.geomspace(NEAREST, FARTHEST, PLACES):
        try:
            part = find(of, life.since(first - distance))
        except NoFiniteMaximum as error:
            refused = error
            continue
        if part.converged:
            places.append(Place(float(first - distance), part))
    if not places:
        raise refused or NoFiniteMaximum("for no threshold has the likelihood a maximum in the other parameters: give some as known.")
    return places


def _at_the_first_failure(
    template: Threshold, life: Lifetimes, places: list[Place], first: float, span: float, find: Callable[[Distribution, Lifetimes], Fit]
) -> Fit:
    """The maximum at the first failure that a law has whose density is finite and positive at 0, or why there is none."""
    heights = [place.part.penalised for place in places]
    if heights[-1] > heights[-2]:
        raise NoFiniteMaximum(
            f"no threshold is the best: {EMBEDDED}, which describes these data at least as well. Fit that one, give a known threshold, "
            "or leave it out."
        )
    if abs(local_shape(places[0].part.distribution()) - 1.0) > 1e-6:
        raise NoFiniteMaximum(
            f"no threshold is the best: the likelihood rises all the way to the first failure, {first:g}, and {UNBOUNDED}. Give a "
            'known threshold; or record failures as the intervals they are known to (resolution=, with rounded="down" for completed '
            "units), with which the likelihood is bounded; or leave the threshold out."
        )
    threshold = first - TOUCHING * max(abs(first), span)
    part = find(template.of, life.since(threshold))
    note = (
        f"The likelihood is highest with the threshold at the first failure, {first:g}, where its density jumps: the threshold has no "
        "standard error, and all intervals take it as known."
    )
    return enclosed(template, part, Own(NAME, threshold, np.nan), part.log_likelihood, life, [note])


def _without_false_errors(
    template: Threshold, life: Lifetimes, fit: Fit, notes: list[str], find: Callable[[Distribution, Lifetimes], Fit]
) -> Fit:
    """The fit with no standard error of the threshold where its estimate is not normal about the truth.

    With a local shape of 2 or less it approaches the truth faster than the others do theirs, which then behave as if it was known (Smith
    1985, theorem 3). With inspections alone the likelihood is that of a multinomial distribution, smooth in all parameters, and the others'
    errors stand; the threshold's own is left out all the same, since which inspection is the first to find failures depends on it.
    """
    law = fit.distribution()
    shape = local_shape(law.of)  # type: ignore[attr-defined]
    if shape > REGULAR or NAME in fit.prior:
        return dataclasses.replace(fit, notes=[*notes, *fit.notes])
    note = (
        f"The threshold's local shape is {shape:.3g}, and not above 2: its estimate is not normal about the truth (Smith 1985), so that it "
        'has no standard error and no Wald interval. Its likelihood interval, interval("parameters", method="likelihood"), needs neither'
    )
    if life.event_observed.any():
        threshold = float(fit.values[-1])
        part = find(template.of, life.since(threshold))
        note += "; all other intervals take it as known."
        enclosing = enclosed(template, part, Own(NAME, threshold, np.nan), fit.log_likelihood, life, [note, *notes])
        return dataclasses.replace(enclosing, n_starts=fit.n_starts, n_hits=fit.n_hits)
    covariance = fit.covariance.copy()
    covariance[-1] = covariance[:, -1] = np.nan
    return dataclasses.replace(fit, covariance=covariance, notes=[note + ".", *notes, *fit.notes])
