"""What the data alone say, to be drawn beside a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.data.product_limit import product_limit
from survjax.nonparametric import Turnbull
from survjax.nonparametric.rows import first_age, from_start

if TYPE_CHECKING:
    from survjax.models import Model


class Estimate(NamedTuple):
    """The share failed as it rises by steps, each somewhere in (left, right], or at that age where the two are equal.

    left, right, before, after : (m,) each: the ends of each step and the share failed before and after it.
    begin, base : the age and the share failed from which it rises. end : the age before which all must fail to be seen, or inf.
    known_until : the age after which it is not determined, or inf.
    """

    left: np.ndarray
    right: np.ndarray
    before: np.ndarray
    after: np.ndarray
    begin: float
    end: float
    base: float
    label: str
    known_until: float = np.inf

    def middle(self) -> np.ndarray:
        """Half-way up each step, (m,): where a law that agrees with the data crosses it."""
        return 0.5 * (self.before + self.after)

    def somewhere(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """left, right, before and after of the steps of which the age is not known."""
        wide = self.left < self.right
        return self.left[wide], self.right[wide], self.before[wide], self.after[wide]

    def at(self, ages: np.ndarray) -> np.ndarray:
        """The share failed by each age, steps at their right ends."""
        return np.append(self.base, self.after)[np.searchsorted(self.right, ages, side="right")]


def estimate_beside(model: Model, life: Lifetimes) -> Estimate:
    """Kaplan–Meier, or Turnbull where not all is exact or running, on the scale of a fit.

    Late entry and right truncation leave an estimate conditional on failing after the first entry, or before the last truncation:
    what lies outside is then taken from the fit, and the label says so.
    """
    estimate = _kaplan_meier(life) if life.is_plain() else _turnbull(life)
    late = life.entry is not None and estimate.begin > model._fitted.template.start_of_support
    cut = np.isfinite(estimate.end)
    below = 1.0 - float(model.survival(estimate.begin)) if late else 0.0
    above = 1.0 - float(model.survival(estimate.end)) if cut else 1.0
    outside = [f"before {estimate.begin:g}"] * late + [f"after {estimate.end:g}"] * int(cut)
    return estimate._replace(
        before=below + (above - below) * estimate.before,
        after=below + (above - below) * estimate.after,
        base=below,
        label=f"{estimate.label} (share {' and '.join(outside)}: the fit's)" if outside else estimate.label,
    )


def _kaplan_meier(life: Lifetimes) -> Estimate:
    steps = product_limit(life)
    if life.entry is not None:
        # where nobody was left while others entered later, the curve would stay at 0: it begins after that
        ended = steps.time[(steps.failures >= steps.at_risk) & (steps.time <= life.entry[life.counts() > 0].max())]
        if len(ended):
            life = from_start(life, float(ended[-1]))
            steps = product_limit(life)
    before, after = 1.0 - steps.survival_before(), 1.0 - steps.survival
    return Estimate(steps.time, steps.time, before, after, first_age(life), np.inf, 0.0, "Kaplan–Meier")


def _turnbull(life: Lifetimes) -> Estimate:
    curve = Turnbull().fit(life)
    known = curve.determined_until_
    table = curve.table_[np.isfinite(curve.table_["right"]) & (curve.table_["left"] < known)]  # of the rest nothing is known
    after = 1.0 - table["survival"].to_numpy()
    left, right, mass = (table[name].to_numpy() for name in ("left", "right", "mass"))
    end = np.inf if curve.given_failure_by_ is None else curve.given_failure_by_
    return Estimate(left, right, after - mass, after, first_age(life), end, 0.0, "Turnbull", known)
