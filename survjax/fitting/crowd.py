"""Failures close together on which a component of a mixture rests, and how often chance alone crowds so many so closely."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.special import betainc

from survjax.distributions import Mixture
from survjax.numerics.blocks import map_rows

NEIGHBOURS = 5  # failure ages on either side of a component whose smallest gap is taken for the resolution of the records
REACH = 5.0  # interquartile ranges on either side of a component, within which its failures are looked for


@dataclass(frozen=True)
class Crowd:
    """The failures around a narrow component: from the first to the last that is half as likely of it as the likeliest is.

    Attributes
    ----------
    component : which.
    weight : its share of the units.
    failures, first, last : how many, and the ages between which they lie.
    expected : how many failures the other components would have between these ages.
    by_chance : how many runs of so many failures so close together a fleet with as many failures has on average, if the other
        components are all there is.
    """

    component: int
    weight: float
    failures: float
    first: float
    last: float
    expected: float
    by_chance: float

    def in_unit(self, unit: float) -> Crowd:
        """The same with ages in multiples of what they are ``unit`` multiples of."""
        return dataclasses.replace(self, first=self.first * unit, last=self.last * unit)

    def __str__(self) -> str:
        return (
            f"{self.failures:g} failures between {self.first:.6g} and {self.last:.6g}, where the others would have {self.expected:.2g} "
            f"(chance alone puts so many so close together {self.by_chance:.2g} times in a fleet with as many failures)"
        )


@dataclass(frozen=True)
class FailureAges:
    """The distinct ages of failures (n,), ascending, and how many there are at each (n,)."""

    ages: np.ndarray
    counts: np.ndarray

    def gap_at(self, age: float) -> float:
        """The resolution of the records around an age: the smallest gap nearby; 0 where there are too few to tell."""
        position = int(np.searchsorted(self.ages, age))
        nearby = self.ages[max(position - NEIGHBOURS, 0) : position + NEIGHBOURS]
        return float(np.diff(nearby).min()) if len(nearby) > NEIGHBOURS else 0.0

    def crowd(self, mixture: Mixture, point: np.ndarray, quartiles: np.ndarray, component: int, failures: np.ndarray) -> Crowd | None:
        """The crowd on which a narrow component rests; None where that is fewer than two ages.

        In the short span of a narrow component the same units are under observation whatever component they are of, so that the failures
        expected of the others are to those of the component as the probabilities are, however units were censored or truncated. Where n
        failures follow the others alone, the share of them between the first and the last of a run of m is that of a spacing of uniform
        order statistics, Beta(m - 1, n - m + 2) (David & Nagaraja 2003, Order Statistics, chapter 2), and there are n - m + 1 such runs.

        Parameters
        ----------
        mixture : the template; point (p,) : where.
        quartiles (3,) : of the component; failures (k,) : how many each component has.
        """
        reach = REACH * (quartiles[2] - quartiles[0])
        near = slice(*np.searchsorted(self.ages, (quartiles[0] - reach, quartiles[2] + reach)))
        ages, counts = self.ages[near], self.counts[near]
        if len(ages) < 2:
            return None
        shares, weights, _ = map_rows(_at_age, mixture, ages, np.tile(point, (len(ages), 1)))
        own = np.flatnonzero(shares[:, component] > 0.5 * shares[:, component].max())
        if len(own) < 2:
            return None
        first, last, weight = ages[own[0]], ages[own[-1]], weights[0, component]
        half = 0.5 * self.gap_at(quartiles[1])  # ages that were rounded stand for as much more
        _, _, survival = map_rows(_at_age, mixture, np.array([first - half, last + half]), np.tile(point, (2, 1)))
        of_others = np.delete(survival[0] - survival[1], component) @ np.delete(weights[0], component)
        expected = failures[component] / weight * of_others
        m, n = counts[own[0] : own[-1] + 1].sum(), failures.sum()
        share = min(expected / (n - failures[component]), 1.0)
        by_chance = (n - m + 1.0) * betainc(m - 1.0, n - m + 2.0, share)
        return Crowd(component, float(weight), float(m), float(first), float(last), float(expected), float(by_chance))


def _at_age(template: Any, age: Any, point: Any) -> Any:
    """Of components (k,): their shares of a failure at an age, their weights, and what they leave alive."""
    mixture = template.bind(point)
    survival = jnp.stack([jnp.exp(component.log_survival(age)) for component in mixture.components])
    return mixture.membership_of_failure(age, jnp.log(age)), jnp.stack(mixture.weights), survival
