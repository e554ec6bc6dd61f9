"""The study behind lifetimes, so that it can be repeated: who entered when, and what would have been seen of each life.

The ages at which units enter stay as they are. When the observation of a unit ends, and at what ages it is inspected, follows from
the data by the rules of ``study_of``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.data.product_limit import count_at_risk
from survjax.numerics.blocks import bucket

SURE = 800.0  # a cumulative hazard that nothing survives in double precision
ENDLESS = 1e300  # between inspections of a unit that has only one


class Withdrawals(NamedTuple):
    """The censoring Kaplan–Meier estimate: ages (m,), the hazard cumulated at each, and that after which each unit's end is drawn (n,)."""

    age: Any
    hazard: Any
    at_entry: Any


class Inspections(NamedTuple):
    """Which units are inspected instead of watched, and when.

    inspected : (n,) 1.0 or 0.0, nan for a unit that takes after one of the first ``n_donors`` of ``donors`` (n,), which are units that
        failed: their number is no shape, so that another study as large finds its program compiled.
    schedule : (g,) common ages, or None; then phase, gap (n,) : each is inspected at phase + k gap for all whole k, nan as above.
    at_end : whether each is inspected, too, where its observation ends, as units are that still run at ages off the schedule.
    """

    inspected: Any
    donors: Any
    n_donors: Any
    schedule: Any
    phase: Any
    gap: Any
    at_end: Any


class Study(NamedTuple):
    """Of n places, of which some are only there for the shape, those of ``real`` units.

    entry : (n,) ages; None where all were seen from the start. until : (n,) where observation ends whatever happens, nan for a unit
    of which it is drawn from ``withdrawals``; None where it is for all. inspections : None where every unit is watched.
    """

    real: Any
    entry: Any
    until: Any
    withdrawals: Withdrawals | None
    inspections: Inspections | None


def study_of(life: Lifetimes, start: float, *, alike: np.ndarray | None = None) -> tuple[Study, str]:
    """The study behind lifetimes of units one each, places padded, and its rules in words.

    Parameters
    ----------
    start : of the support of the law, 0 or -inf.
    alike : (n,) which units are alike in what is known of them, as whole numbers; None: nothing is known of any. With it a unit that
        still ran keeps the end of observation that it had, and one that failed has that of the units like it, where these were all stopped
        at one age, or else one drawn that lies after its failure (Davison & Hinkley 1997, algorithm 3.1): ends may go with what is known.
    """
    n, failed = len(life), np.isfinite(life.upper)
    entry = np.full(n, start) if life.entry is None else np.maximum(life.entry, start)
    until, withdrawals, rule = None, None, ""
    if life.observed_until is not None:
        until = np.where(failed, life.observed_until, life.lower)
        rule = "each unit is followed until its observed_until, or to where its observation ended"
    elif failed.all():
        until = np.full(n, np.inf)
        rule = "every unit is followed until it fails"
    else:
        withdrawals = _withdrawals(life, entry if alike is None else np.where(failed, life.lower, -np.inf))
        rule = "observation ends at ages drawn from the Kaplan–Meier estimate of the ages at which it ended in the data"
        if alike is not None:
            until = np.where(failed, _common_ends(life, alike), life.lower)
            rule = (
                "units that still ran keep their ends of observation; those that failed have that of the units like them, where these were "
                "stopped at one age, else one drawn from the Kaplan–Meier estimate of all ends, given that it lies after the failure"
            )
    inspections, how = _inspections(life, entry)
    if (
        inspections is not None
        and inspections.schedule is None
        and not life.event_observed.any()
        and np.all(life.lower <= entry, where=failed)
    ):
        until, withdrawals = np.where(failed, life.upper, life.lower), None
        inspections, how = inspections._replace(phase=until, gap=np.full(n, ENDLESS)), ""
        rule = "each unit is inspected once, at the age at which it was"
    padded = bucket(n)
    late = bool(np.any(entry > start))
    if late:
        rule += "; units enter when they did, alive"
    study = Study(np.ones(n, dtype=bool), entry if late else None, until, withdrawals, inspections)
    return _padded(study, n, padded), rule + how


def _common_ends(life: Lifetimes, alike: np.ndarray) -> np.ndarray:
    """The age (n,) at which the units like each were stopped, nan where they were not all stopped at one, after all their failures.

    One unit that was stopped does not tell that others would have been.
    """
    running, k = np.isinf(life.upper), int(alike.max()) + 1
    number = np.bincount(alike[running], minlength=k)
    first, last, failed_by = np.full(k, np.inf), np.full(k, -np.inf), np.full(k, -np.inf)
    np.minimum.at(first, alike[running], life.lower[running])
    np.maximum.at(last, alike[running], life.lower[running])
    np.maximum.at(failed_by, alike[~running], life.upper[~running])
    return np.where((number > 1) & (first == last) & (last >= failed_by), last, np.nan)[alike]


def _withdrawals(life: Lifetimes, beyond: np.ndarray) -> Withdrawals:
    """Where observation ended, given that it was after the age ``beyond`` (n,), estimated with failures as what hides it.

    One unit that was found failed no longer tells.
    """
    running = np.isinf(life.upper)
    ages, number = np.unique(life.lower[running], return_counts=True)
    # at risk of being withdrawn at an age is who was seen alive then: not those that failed at it
    at_risk = count_at_risk(life, ages) - _count(life.lower[life.event_observed], ages)
    with np.errstate(divide="ignore"):
        hazard = np.cumsum(np.minimum(-np.log1p(-number / at_risk), SURE))
    before = np.searchsorted(ages, beyond, side="right")
    # what the estimate leaves over at its end is observed until it fails
    size = max(64, 1 << len(ages).bit_length())
    ages = np.append(ages, np.full(size - len(ages), np.inf))
    return Withdrawals(ages, np.append(hazard, np.full(size - len(hazard), np.inf)), np.append(0.0, hazard)[before])


def _count(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """How many values equal each of ``at``."""
    ordered = np.sort(values)
    return np.searchsorted(ordered, at, side="right") - np.searchsorted(ordered, at, side="left")


def _inspections(life: Lifetimes, entry: np.ndarray) -> tuple[Inspections | None, str]:
    failed = np.isfinite(life.upper)
    within = failed & ~life.event_observed
    if not within.any():
        return None, ""
    donors = np.argsort(~failed, kind="stable")  # those that failed first
    n_donors = np.int64(failed.sum())
    inspected = np.where(failed, within.astype(float), np.nan)
    mixed = "; a unit that still runs is watched or inspected as one drawn from those that failed" if life.event_observed.any() else ""
    low, high = life.lower[within], life.upper[within]
    ends = np.unique(np.concatenate([high, low[low > entry[within]]]))
    if np.all(np.searchsorted(ends, high, side="left") == np.searchsorted(ends, low, side="right")):
        size = max(64, 1 << (len(ends) + 1).bit_length())
        schedule = np.concatenate([[-np.inf], ends, np.full(size - len(ends) - 1, np.inf)])
        at_end = not np.isin(life.lower[~failed], ends).all()
        told = "; inspections at the ages that occur in the data" + (" and where the observation of a unit ends" if at_end else "")
        return Inspections(inspected, donors, n_donors, schedule, None, None, np.bool_(at_end)), told + mixed
    gap = np.full(len(life), np.nan)
    gap[within] = high - low
    gap[np.isinf(gap)] = np.median(gap[np.isfinite(gap)]) if np.isfinite(gap).any() else ENDLESS
    phase = np.where(np.isfinite(life.lower), life.lower, life.upper)
    told = "; inspections at the ages recorded for each unit and, before and after, as far apart as these"
    return Inspections(inspected, donors, n_donors, None, phase, gap, np.bool_(False)), told + mixed


def _padded(study: Study, n: int, size: int) -> Study:
    """Each column of n rows with its first row repeated at the end; the places added are not real."""

    def pad(column: np.ndarray) -> np.ndarray:
        return np.append(column, np.repeat(column[:1], size - n))

    withdrawals, inspections = study.withdrawals, study.inspections
    if withdrawals is not None:
        withdrawals = withdrawals._replace(at_entry=pad(withdrawals.at_entry))
    if inspections is not None:
        columns = {name: getattr(inspections, name) for name in ("inspected", "donors", "phase", "gap")}
        inspections = inspections._replace(**{name: None if column is None else pad(column) for name, column in columns.items()})
    until = None if study.until is None else pad(study.until)
    entry = None if study.entry is None else pad(study.entry)
    return Study(np.arange(size) < n, entry, until, withdrawals, inspections)


def observe(study: Study, life, start, key):
    """What the study tells of lives (n,): lower and upper (n,) as in ``Lifetimes``. For JAX, one key a repetition.

    start : of the support of the law.
    """
    for_end, for_donors = jax.random.split(key)
    until, ends = study.until, study.withdrawals
    if ends is not None:
        draws = ends.at_entry + jax.random.exponential(for_end, life.shape, life.dtype)
        drawn = ends.age[jnp.searchsorted(ends.hazard, draws, side="left")]
        until = drawn if until is None else jnp.where(jnp.isnan(until), drawn, until)
    plan = study.inspections
    if plan is None:
        failed = life <= until
        return jnp.where(failed, life, until), jnp.where(failed, life, jnp.inf)
    like = plan.donors[jax.random.randint(for_donors, life.shape, 0, plan.n_donors)]
    inspected = jnp.where(jnp.isnan(plan.inspected), plan.inspected[like], plan.inspected) > 0.0
    if plan.schedule is None:
        gap = jnp.where(jnp.isnan(plan.gap), plan.gap[like], plan.gap)
        gap = jnp.where(inspected, gap, 1.0)
        count = jnp.ceil((life - plan.phase) / gap)
        before, after = plan.phase + (count - 1.0) * gap, plan.phase + count * gap
        last = plan.phase + jnp.round((until - plan.phase) / gap) * gap
    else:
        place = jnp.searchsorted(plan.schedule, life, side="left")
        before, after = plan.schedule[place - 1], plan.schedule[place]
        last = plan.schedule[jnp.searchsorted(plan.schedule, until, side="right") - 1]
    # what is learned of an inspected unit is learned at its inspections; the last is the one about where its observation ends
    begin = start if study.entry is None else study.entry
    until = jnp.where(inspected & ~plan.at_end, jnp.maximum(last, begin), until)
    failed = life <= until
    lower, upper = jnp.where(failed, life, until), jnp.where(failed, life, jnp.inf)
    found = inspected & failed
    return jnp.where(found, jnp.maximum(before, begin), lower), jnp.where(found, jnp.minimum(after, until), upper)
