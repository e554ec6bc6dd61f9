"""Whether the data can be fitted at all: the support of the distribution, and whether a finite maximum exists."""

from __future__ import annotations

import numpy as np

from survjax.columns import refuse_rows
from survjax.distributions import Distribution, Mixture, Weibull
from survjax.errors import NoFiniteMaximum
from survjax.lifetimes import Lifetimes


def check_support(template: Distribution, life: Lifetimes) -> None:
    """Refuse times that the distribution says cannot happen.

    Raises
    ------
    ValueError : a negative time, or a failure at exactly 0, for a distribution of positive lifetimes.
    """
    if template.start_of_support != 0.0:
        return
    name = type(template).__name__
    times = life.durations
    bad = (times < 0) & ~np.isneginf(times)  # -inf: failed some time before the upper end
    refuse_rows(bad, times, "durations", f"0 or more for {name}", "Check the sign, or the order of the two dates it came from.")
    impossible = (life.upper <= 0) & ~life.event_observed
    refuse_rows(impossible, life.upper, "upper", f"more than 0 for {name}", "Nothing fails before it is used.")
    refuse_rows(
        (times == 0) & life.event_observed,
        times,
        "durations",
        f"more than 0 for a failure under {name}",
        "A unit that failed before use was dead on arrival: leave it out. Where ages were rounded to 0, say how: resolution=1.0 for days.",
    )
    if life.entry is not None:
        refuse_rows(life.entry < 0, life.entry, "entry", f"0 or more for {name}", "Use 0 for units seen from the start.")


def check_maximum_exists(template: Distribution, life: Lifetimes) -> None:
    """Refuse data for which the likelihood has no finite maximum, whatever the optimiser would return.

    Raises
    ------
    NoFiniteMaximum : no failures; one distinct failure time and nothing that ran on; a Weibull hazard that falls like 1/age
        among units that all came late; too few failure ages for a mixture.
    """
    life = life[life.counts() > 0]
    failures = life.durations[life.event_observed]
    n_learned = template.n_coordinates()
    if not np.isfinite(life.upper).any():
        raise NoFiniteMaximum(
            "none of the units has failed, so the likelihood keeps rising towards units that never do, even with a known shape: "
            "no estimate exists. With a shape that you assume there is a one-sided lower bound of the scale, and nothing more: "
            "sj.weibayes_lower_bound(life, shape=2.0). Wait for failures, add units that have failed, or give every parameter a prior: "
            'fit(life, prior={"shape": (2.0, 0.5), ...}).'
        )
    if isinstance(template, Mixture) and len(template.components) == 1:
        check_maximum_exists(template.components[0], life)
    elif isinstance(template, Mixture):
        _check_mixture(template, life, n_learned)
    elif not len(failures):
        _check_inspections(template, life)
    elif _can_narrow_on(template, failures) and np.all(life.lower <= failures[0]) and np.all(life.upper >= failures[0]):
        raise NoFiniteMaximum(
            f"all failures fall on one age, {failures[0]:g}, and no unit ran on beyond it: the likelihood grows without bound "
            "as the distribution narrows on that age. Give a known shape (for instance Weibull(shape=2.0)) or a prior on it (fit(life, "
            'prior={"shape": (2.0, 0.5)})), or '
            "wait for a second failure age or a unit that outlives the first."
        )
    elif isinstance(template, Weibull) and n_learned > 1 and _hazard_falls_like_one_over_age(life):
        raise NoFiniteMaximum(
            "every unit came under observation late (entry > 0), and over the ages seen the failure rate falls as fast as 1/age or "
            "faster: the likelihood keeps rising as the shape runs to 0. Give a known shape (for instance Weibull(shape=0.5)) or a prior "
            'on it (fit(life, prior={"shape": (2.0, 0.5)})), or '
            "add units observed from the start."
        )


def _can_narrow_on(template: Distribution, failures: np.ndarray) -> bool:
    """Whether all failures fall on one age on which the distribution may shrink: its location is free, or fixed just there."""
    there = isinstance(template, Weibull) and template.shape is None and template.scale == failures[0]
    return failures.min() == failures.max() and (template.n_coordinates() > 1 or there)


def _hazard_falls_like_one_over_age(life: Lifetimes) -> bool:
    """Whether a Weibull likelihood has its supremum at shape 0, a hazard c/t, which needs that nobody was seen from age 0.

    With the scale profiled out, the log-likelihood is concave in the shape k, since the logarithm of the sum of
    (t^k - e^k) / k is convex in k; so the sign of its slope at k = 0 decides.
    """
    if life.entry is None or np.any(life.entry <= 0) or not life.is_plain():
        return False
    w, end, begin = life.counts(), np.log(life.durations), np.log(life.entry)
    centre = np.average(end[life.event_observed], weights=w[life.event_observed])  # of log time: the unit does not matter
    end, begin = end - centre, begin - centre
    return bool(0.5 * np.sum(w * (end**2 - begin**2)) / np.sum(w * (end - begin)) >= 0.0)


def _check_inspections(template: Distribution, life: Lifetimes) -> None:
    """A single age at which all could have failed at once explains inspections perfectly, and so does ever sharper a law there."""
    alive, failed = float(life.lower.max()), float(life.upper.min())
    if alive < failed and (template.n_coordinates() > 1 or _is_free_to_narrow(template, alive, failed)):
        raise NoFiniteMaximum(
            f"every unit was alive at {alive:g} or is not known to have been, and every failure lies beyond it and may have happened by "
            f"{failed:g}: if all failed at one age in between, the data would be explained perfectly, so the likelihood keeps rising as "
            "the distribution narrows. Give a known shape (for instance Weibull(shape=2.0)) or a prior on it (fit(life, "
            'prior={"shape": (2.0, 0.5)})), or add inspections at other ages.'
        )


def _is_free_to_narrow(template: Distribution, low: float, high: float) -> bool:
    return isinstance(template, Weibull) and template.shape is None and low <= template.scale <= high


def _check_mixture(template: Mixture, life: Lifetimes, n_learned: int) -> None:
    failed = np.isfinite(life.upper)
    failures = np.unique(np.stack([life.lower[failed], life.upper[failed]]), axis=1).T
    k = len(template.components)
    if k > life.n_units:
        raise NoFiniteMaximum(f"{k} components cannot be told apart by {life.n_units:g} units. Use fewer components.")
    absent = [index for index, weight in enumerate(template.weights) if weight == 0.0 and template.components[index].n_coordinates()]
    if absent:
        raise NoFiniteMaximum(
            f"component {absent[0]} is given a weight of 0, so that no data can tell its parameters. Leave it out, or give them all."
        )
    if len(failures) < n_learned:
        raise NoFiniteMaximum(
            f"a mixture of {k} components with {n_learned} parameters to learn needs at least {n_learned} distinct failure ages; "
            f"there are {len(failures)}. Use fewer components, give known parameters, or fit a single distribution."
        )
