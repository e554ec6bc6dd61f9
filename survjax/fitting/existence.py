"""Whether the data can be fitted at all: the support of the distribution, and whether a finite maximum exists."""

from __future__ import annotations

import numpy as np

from survjax.data.columns import refuse_rows
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import CompetingRisks, Distribution, Mixture, Weibull
from survjax.distributions.edges import ALL_OR_NOTHING, ONE_AGE, WALL
from survjax.distributions.fields import PART
from survjax.errors import NoFiniteMaximum
from survjax.fitting.causes import are_all_known, check_every_cause_occurs, is_labelled, lives_by_cause
from survjax.fitting.limits import laws_within
from survjax.parameters import LogTimeDomain, ProbabilityDomain


def check_support(template: Distribution, life: Lifetimes) -> None:
    """Refuse times that the distribution says cannot happen.

    Raises
    ------
    ValueError : a negative time, or a failure at exactly 0, for a distribution of positive lifetimes; a failure at or before a known
        threshold.
    """
    name = type(template).__name__
    if template.start_of_support != 0.0:
        if life.entry is not None:
            remedy = "On the whole real line age 0 is an age like any other: give units seen from the start entry=-inf."
            refuse_rows(life.entry >= life.upper, life.entry, "entry", f"less than the duration for {name}", remedy)
        return
    times = life.durations
    bad = (times < 0) & ~np.isneginf(times)  # -inf: failed some time before the upper end
    refuse_rows(bad, times, "durations", f"0 or more for {name}", "Check the sign, or the order of the two dates it came from.")
    impossible = (life.upper <= 0) & ~life.event_observed
    refuse_rows(impossible, life.upper, "upper", f"more than 0 for {name}", "Nothing fails before it is used.")
    if not template.has_mass_at_start:
        refuse_rows(
            (times == 0) & life.event_observed,
            times,
            "durations",
            f"more than 0 for a failure under {name}",
            f"A unit that failed before use was dead on arrival: fit ZeroInflated({name}(...)), or leave it out. Where ages were rounded "
            'to 0, say how: resolution=1.0 for days, and rounded="down" if these are completed days.',
        )
    first = float(template.first_age())
    if first > 0.0:
        early = (life.upper <= first) & ~((life.upper == 0) & template.has_mass_at_start)
        refuse_rows(early, life.upper, "upper", f"more than {first:g}, the threshold given", "Give an earlier one, or None to learn it.")
    if life.entry is not None:
        before = (life.entry < 0) & np.isfinite(life.entry)
        refuse_rows(before, life.entry, "entry", f"0 or more for {name}", "Use 0 for units seen from the start.")


WITHOUT_FAILURES = (
    "With a Weibull shape that you assume (1 is the exponential) there is a one-sided lower bound of the scale, and nothing more: "
    "sj.weibayes_lower_bound(life, shape=2.0). Wait for failures, add units that have failed, or give every parameter a prior: fit(life, "
    'prior={"shape": (2.0, 0.5), ...}).'
)


def check_anything_failed(life: Lifetimes, way_out: str = WITHOUT_FAILURES) -> None:
    """Refuse data without failures.

    Raises
    ------
    NoFiniteMaximum
    """
    if not np.isfinite(life.counted().upper).any():
        raise NoFiniteMaximum(
            "none of the units has failed, so the likelihood keeps rising towards units that never do, even with a known shape: no "
            f"estimate exists. {way_out}"
        )


def check_maximum_exists(template: Distribution, life: Lifetimes) -> None:
    """Refuse data for which the likelihood has no finite maximum, whatever the optimiser would return.

    Decided here is what the data alone decide. For a location and a scale without truncation that is all there is to decide: the
    likelihood is then concave in (location, 1) / scale (Burridge 1981, Journal of the Royal Statistical Society B 43, 41), and has a
    maximum unless it rises in one of the directions below. What else a fit may run to is told by ``survjax.fitting.limits``.

    Raises
    ------
    NoFiniteMaximum : no failures; none known to have survived anything; all failures may have been at one age, and no unit ran on
        beyond it; inspections that a law explains the better, the wider it is; a Weibull hazard that falls like 1/age among units that
        all came late; failures so late before their right truncation that their scale may be anything; a fraction failing where
        only failures are seen; a piece of a hazard without failures; too few failure ages for a mixture; a
        cause, where causes are looked at, of which that holds.
    """
    life = life.counted()
    check_anything_failed(life)
    if is_labelled(template) and life.cause is not None:
        _check_each_cause(template, life)
        return
    if isinstance(template, Mixture):
        if len(template.components) == 1:
            check_maximum_exists(template.components[0], life)
        else:
            _check_mixture(template, life, template.n_coordinates())
        return
    _check_something_survived(template, life)
    _check_untold(template, life)
    _check_narrowing(template, life)
    _check_widening(template, life)
    _check_late_failures(template, life)
    if isinstance(template, Weibull) and template.n_coordinates() > 1 and _hazard_falls_like_one_over_age(life):
        raise NoFiniteMaximum(
            "every unit came under observation late (entry > 0), and over the ages seen the failure rate falls as fast as 1/age or "
            "faster: the likelihood keeps rising as the shape runs to 0. Give a known shape (for instance Weibull(shape=0.5)) or a prior "
            'on it (fit(life, prior={"shape": (2.0, 0.5)})), or '
            "add units observed from the start."
        )


def _check_each_cause(template: CompetingRisks, life: Lifetimes) -> None:
    """Each cause by itself, the others as suspensions: with all causes known the likelihood is the product of theirs."""
    check_every_cause_occurs(template, life)
    masked = not are_all_known(template, life)
    for label, component, own in zip(template.causes or (), template.components, lives_by_cause(template, life), strict=True):
        if not component.n_coordinates():
            continue
        try:
            # what late entry says of a hazard like 1 / age it says only where every failure has its cause
            check_maximum_exists(component, own._with(entry=None) if masked else own)
        except NoFiniteMaximum as error:
            raise NoFiniteMaximum(f"cause {label!r}: {error}") from None


def _entry(life: Lifetimes, start: float) -> np.ndarray:
    return np.full(len(life), start) if life.entry is None else np.maximum(life.entry, start)


def _all_truncated(life: Lifetimes) -> bool:
    return life.right_truncation is not None and bool(np.isfinite(life.right_truncation).all())


def _check_something_survived(template: Distribution, life: Lifetimes) -> None:
    if all(isinstance(domain, ProbabilityDomain) for domain in template.coordinate_domains()):
        return  # a fraction that fails has its maximum at 1
    if life.event_observed.any():
        return
    if np.all(np.isfinite(life.upper) & (life.lower <= _entry(life, template.start_of_support))):
        raise NoFiniteMaximum(
            "no unit is known to have survived any time under observation: all had failed when they were first looked at, so the "
            "likelihood keeps rising as all lives become ever shorter. Add units that were seen alive, or earlier inspections."
        )


def _check_untold(template: Distribution, life: Lifetimes) -> None:
    """What the template cannot learn from these data, whatever the rest."""
    names = [name for law, free in laws_within(template) if law.edges for name in law.edges.untold_if_truncated if name in free]
    if names and _all_truncated(life):
        raise NoFiniteMaximum(
            f"every unit is truncated on the right: it is in the data because it failed, and such data say nothing of {names[0]}, "
            f"whatever it is. Give {names[0]}, fit the law of those that fail alone, or add the units that still run."
        )
    if type(template).untold is Distribution.untold:
        return  # no columns are made for a law that has nothing to say
    failed = np.isfinite(life.upper)
    seen_to = np.where(failed, life.upper, life.lower)
    if life.right_truncation is not None:
        seen_to = np.where(np.isfinite(life.right_truncation), life.right_truncation, seen_to)
    reason = template.untold(life.lower[failed], life.upper[failed], _entry(life, template.start_of_support), seen_to)
    if reason:
        raise NoFiniteMaximum(reason)


def _check_narrowing(template: Distribution, life: Lifetimes) -> None:
    """A single age at which all could have failed explains them perfectly, and the better, the sharper a law there is."""
    # with a free fraction those that ran on may never fail
    some_never = any(isinstance(domain, ProbabilityDomain) for domain in template.coordinate_domains())
    seen = life.failed() if some_never else life
    alive, failed = float(seen.lower.max()), float(seen.upper.min())
    if alive > failed or not _can_narrow(template, alive, failed):
        return
    if alive == failed and not np.any(seen.event_observed):
        return  # whoever narrows on that age explains one of two by chance
    beyond = "" if some_never else ", and no unit ran on beyond it"
    if np.any(life.event_observed):
        raise NoFiniteMaximum(
            f"all failures fall on one age, {failed:g}{beyond}: the likelihood grows without bound as the distribution narrows on that "
            f"age. {_held(template)}, or wait for a second failure age or a unit that outlives the first."
        )
    raise NoFiniteMaximum(
        f"every unit was alive at {alive:g} or is not known to have been, and every failure lies beyond it and may have happened by "
        f"{failed:g}: if all failed at one age in between, the data would be explained perfectly, so the likelihood keeps rising as "
        f"the distribution narrows. {_held(template)}, or add inspections at other ages."
    )


def _held(template: Distribution) -> str:
    """How to hold what would narrow, in the words of the law at hand."""
    for law, free in laws_within(template):
        for limit in law.edges.limits if law.edges else ():
            names = [name for name in limit.towards if name in free]
            if limit.becomes in (ONE_AGE, WALL) and names:
                name, example = names[0], "2.0" if names[0] == "shape" else "0.5"
                return (
                    f"Give a known {name} (for instance {type(law).__name__}({name}={example})) or a prior on it (fit(life, "
                    f'prior={{"{name}": ({example}, 0.5)}}))'
                )
    return "Give a parameter as known"


def _can_narrow(template: Distribution, low: float, high: float) -> bool:
    """Whether a law in the template may shrink on an age between these: what narrows it is free, and its place too, or just there."""
    for law, coordinates in laws_within(template):
        if law.edges is None and law is template and not any(kind is PART for kind in law.field_kinds().values()):
            return template.n_coordinates() > 1  # a law that does not say
        for limit in law.edges.limits if law.edges else ():
            if limit.becomes not in (ONE_AGE, WALL) or not coordinates.keys() >= limit.towards.keys():
                continue
            place = law.edges.place if law.edges else None
            if place is None:
                found = template.n_coordinates() > 1
            elif place in coordinates:
                found = True
            else:
                ends = np.log([low, high]) if isinstance(law.field_kinds()[place], LogTimeDomain) else (low, high)
                found = ends[0] <= float(getattr(law, place)) <= ends[1]
            if found:
                return True
    return False


def _check_widening(template: Distribution, life: Lifetimes) -> None:
    """Units looked at once each, which are explained the better, the wider a law is: as if some failed at once and the others never."""
    if life.event_observed.any() or life.right_truncation is not None or life.entered_late().any():
        return
    start = template.start_of_support
    running = np.isinf(life.upper) & (life.lower > start)
    failed = np.isfinite(life.upper)
    if not running.any() or np.any(life.lower[failed] > start):
        return
    by, until = life.upper[failed], life.lower[running]
    edges = template.edges
    if edges and edges.location_scale and template.n_coordinates() == len(template.parameters()):
        # 1 / scale = 0 is a point of the half plane in which the likelihood is concave: the slope there decides
        x, y = (np.log(by), np.log(until)) if edges.on_log_age else (by, until)
        widens = np.average(x, weights=life.counts()[failed]) <= np.average(y, weights=life.counts()[running])
    else:
        within = [(law.edges.limits, free) for law, free in laws_within(template) if law.edges]
        limits = [limit for limits, free in within for limit in limits if free.keys() >= limit.towards.keys()]
        widens = any(limit.becomes == ALL_OR_NOTHING for limit in limits) and by.max() <= until.min()
    if widens:
        raise NoFiniteMaximum(
            "units were found failed at ages no later than those at which others were found alive: nothing says that more fail as time "
            "goes by, so the likelihood keeps rising as the distribution widens, until some fail at once and the others "
            f"never. {_held(template)}, or add inspections at other ages."
        )


def _check_late_failures(template: Distribution, life: Lifetimes) -> None:
    """A law of which only the size of the hazard is left, a power k of age, where all failures are truncated on the right.

    With y = age^k these are exponentials, cut to their windows; their likelihood is concave in the rate, and its slope at rate 0 is
    the sum of (middle of the window - middle of what is known of the failure), less what running units collected.
    """
    power = template.age_power()
    failed = np.isfinite(life.upper)
    if power is None or life.right_truncation is None or not np.isfinite(life.right_truncation[failed]).all():
        return
    unit = float(life.upper[failed].max())  # powers of ages in user units may overflow
    begin, low, high, end = (
        (column / unit) ** power for column in (_entry(life, 0.0), np.maximum(life.lower, 0.0), life.upper, life.right_truncation)
    )
    slopes = begin - low
    slopes[failed] = 0.5 * (begin + end)[failed] - 0.5 * (low + high)[failed]
    if float(life.counts() @ slopes) <= 0.0:
        raise NoFiniteMaximum(
            "every failure is in the data only because it came before its right_truncation, and on average the failures came in the later "
            "half of these windows (of age to the power of the shape): the likelihood keeps rising as the scale runs to infinity. Add the "
            "units that still run, or give the scale."
        )


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
    if not any(_can_narrow(part, float(failures.min()), float(failures.max())) for part in template.components):
        n_learned = k  # no component can shrink on a few ages, and each needs one of its own
    if len(failures) < n_learned:
        raise NoFiniteMaximum(
            f"a mixture of {k} components with {template.n_coordinates()} parameters to learn needs at least {n_learned} distinct failure "
            f"ages; there are {len(failures)}. Use fewer components, give known parameters, or fit a single distribution."
        )
