"""What lifetimes say of each cause of failure, for competing risks whose components are labelled."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeGuard

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import CompetingRisks, Distribution
from survjax.errors import BadRow, NoFiniteMaximum

UNKNOWN = -1


def is_labelled(template: Distribution) -> TypeGuard[CompetingRisks]:
    """Whether it asks which cause a failure was of."""
    return isinstance(template, CompetingRisks) and template.causes is not None


def component_of_each(template: CompetingRisks, life: Lifetimes) -> np.ndarray:
    """The component (n,) that each failure is known to be of; ``UNKNOWN`` where its cause is missing, and for running units.

    Raises
    ------
    BadRow : a failure of a cause that no component is named by.
    """
    found = np.full(len(life), UNKNOWN)
    if life.cause is None or template.causes is None:
        return found
    index: dict[Hashable, int] = {label: position for position, label in enumerate(template.causes)}
    for row in np.flatnonzero(np.isfinite(life.upper)):
        label = life.cause[row]
        if label is not None:
            found[row] = index.get(label, len(index))
    strange = np.flatnonzero(found == len(index))
    if len(strange):
        known = ", ".join(map(repr, index))
        remedy = "Give that cause a distribution of its own, or pass the cause as missing (None) where it is not known."
        raise BadRow(
            f"cause must be one of {known}, or missing; row {strange[0]} has cause={life.cause[strange[0]]!r} ({len(strange):,} such rows; "
            f"rows count from 0). {remedy}",
            columns=("cause",),
            rows=strange,
            expected=f"one of {known}, or missing",
            remedy=remedy,
        )
    return found


def lives_by_cause(template: CompetingRisks, life: Lifetimes) -> list[Lifetimes]:
    """For each cause the lifetimes in which only what it is known to have ended has failed; the others ran until then.

    Where no failure is known to be of a cause, those of unknown cause count as of it.
    """
    of, failed = component_of_each(template, life), np.isfinite(life.upper)
    lives = []
    for index in range(len(template.components)):
        own = of == index if np.any(of == index) else failed & (of == UNKNOWN)
        upper = np.where(own, life.upper, np.inf)
        lives.append(life._with(upper=upper, right_truncation=None))
    return lives


def are_all_known(template: CompetingRisks, life: Lifetimes) -> bool:
    """Whether every failure has a known cause, so that hardly anything is left to trade between components."""
    return not np.any(np.isfinite(life.upper) & (component_of_each(template, life) == UNKNOWN))


def check_every_cause_occurs(template: CompetingRisks, life: Lifetimes) -> None:
    """Refuse a component that is to be learned although nothing failed, or may have failed, of its cause.

    Raises
    ------
    NoFiniteMaximum : with the cause.
    """
    for label, component, own in zip(template.causes or (), template.components, lives_by_cause(template, life), strict=True):
        if component.n_coordinates() and not np.isfinite(own.upper).any():
            raise NoFiniteMaximum(
                f"no unit has failed of cause {label!r}, and none may have: the likelihood keeps rising towards units that never do. "
                "Leave that cause out, or give its distribution as known."
            )


def notes_on_causes(template: Distribution, life: Lifetimes) -> list[str]:
    """What the reader of a fit should know of the causes in its data."""
    if not isinstance(template, CompetingRisks):
        return []
    if template.causes is None:
        if life.cause is None:
            return []
        return [
            "The causes in these data were not looked at, since the components have no labels. Pass a mapping from each cause to its "
            "distribution to use them."
        ]
    of, failed = component_of_each(template, life), np.isfinite(life.upper) & (life.counts() > 0)
    unseen = [repr(label) for index, label in enumerate(template.causes) if not np.any(of[failed] == index)]
    if not unseen or not np.any(of[failed] == UNKNOWN):
        return []
    return [
        f"No failure is known to be of cause {', '.join(unseen)}: what is said of it rests on failures of unknown cause and on the form "
        "of the distributions."
    ]
