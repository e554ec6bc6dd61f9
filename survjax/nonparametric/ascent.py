"""The maximum of the likelihood of what candidate intervals hold."""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self

import numpy as np

from survjax.errors import NotConverged
from survjax.nonparametric.candidates import Candidates, covered
from survjax.nonparametric.quadratic import Curvature, greatest_of_model

EM_STEPS = 20
NEWTON_STEPS = 500
VALUE_ROUNDING = 1e-14  # relative
GRADIENT_FLOOR = 1e-10  # relative to the sum it is the rest of


class Likelihood(Protocol):
    """A log-likelihood of amounts x (m,) of at least 0, one for each candidate, of which rows of data see sums over ranges."""

    @property
    def ranges(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last of the candidates that each row covers."""

    @property
    def floor(self) -> np.ndarray:
        """Derivatives (m,) below which nothing is to be gained."""

    def on(self, support: np.ndarray) -> Self:
        """The same with only some of the candidates; the others hold 0."""

    def value(self, x: np.ndarray) -> float:
        """The log-likelihood, -inf where a row is impossible."""

    def gradient(self, support: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Its derivatives in all candidates, (m,), where those of the support hold x."""

    def curvature(self, x: np.ndarray) -> tuple[Curvature, Curvature | None]:
        """Minus the Hessian (m, m) as a positive semidefinite part, and what is to be taken from it."""

    def expectation_maximisation(self, x: np.ndarray) -> np.ndarray:
        """One step of EM."""


class Hazards(NamedTuple):
    """Sum of w log(1 - exp(-A a)) - outlived a over the rows, a being the hazard cumulated within each candidate: concave.

    ranges : first and last of the candidates A where each row failed. weights : their counts. outlived : (m,) how many were seen
    to outlive each candidate. floor : (m,) derivatives below which nothing is to be gained.
    """

    ranges: tuple[np.ndarray, np.ndarray]
    weights: np.ndarray
    outlived: np.ndarray
    floor: np.ndarray

    def on(self, support: np.ndarray) -> Hazards:
        return Hazards(_ranges_on(support, self.ranges, len(self.floor)), self.weights, self.outlived[support], self.floor[support])

    def value(self, x: np.ndarray) -> float:
        inside = _sums(self.ranges, x)
        if np.any(inside <= 0.0):
            return -np.inf
        return float(self.weights @ _log1mexp(inside) - self.outlived @ x)

    def gradient(self, support: np.ndarray, x: np.ndarray) -> np.ndarray:
        inside = _sums(_ranges_on(support, self.ranges, len(self.floor)), x)
        return covered(*self.ranges, self.weights / np.expm1(inside), len(self.floor)) - self.outlived

    def curvature(self, x: np.ndarray) -> tuple[Curvature, None]:
        values = self.weights / (4.0 * np.sinh(0.5 * _sums(self.ranges, x)) ** 2)
        return Curvature(*self.ranges, values, len(x)), None

    def expectation_maximisation(self, x: np.ndarray) -> np.ndarray:
        """Failures in a candidate are taken for Poisson counts, of which a row tells only that there were any."""
        failures = covered(*self.ranges, self.weights / -np.expm1(-_sums(self.ranges, x)), len(x))
        return x * failures / (self.outlived + covered(*self.ranges, self.weights, len(x)))


class Masses(NamedTuple):
    """Sum of w log(A p) - w log(B p) over the rows, p being the mass of each candidate: for windows with two ends.

    It does not change when all masses are multiplied; n (log sum p - sum p) is added, which is greatest where they sum to 1.
    """

    ranges: tuple[np.ndarray, np.ndarray]
    windows: tuple[np.ndarray, np.ndarray]
    weights: np.ndarray
    floor: np.ndarray

    def on(self, support: np.ndarray) -> Masses:
        ranges, windows = (_ranges_on(support, part, len(self.floor)) for part in (self.ranges, self.windows))
        return Masses(ranges, windows, self.weights, self.floor[support])

    def value(self, x: np.ndarray) -> float:
        inside, window = _sums(self.ranges, x), _sums(self.windows, x)
        if np.any(inside <= 0.0):
            return -np.inf
        total = float(x.sum())
        return float(self.weights @ (np.log(inside) - np.log(window)) + self.weights.sum() * (np.log(total) - total))

    def gradient(self, support: np.ndarray, x: np.ndarray) -> np.ndarray:
        m, some = len(self.floor), self.on(support)
        gained = covered(*self.ranges, self.weights / _sums(some.ranges, x), m)
        return gained - covered(*self.windows, self.weights / _sums(some.windows, x), m) + self.weights.sum() * (1.0 / x.sum() - 1.0)

    def curvature(self, x: np.ndarray) -> tuple[Curvature, Curvature]:
        m, values = len(x), self.weights / _sums(self.ranges, x) ** 2
        whole = self.weights.sum() / x.sum() ** 2  # as of a row that covers all
        gained = Curvature(np.append(self.ranges[0], 0), np.append(self.ranges[1], m), np.append(values, whole), m)
        return gained, Curvature(*self.windows, self.weights / _sums(self.windows, x) ** 2, m)

    def expectation_maximisation(self, x: np.ndarray) -> np.ndarray:
        """Units that were never seen, since they failed outside the windows, are put in proportion (Turnbull 1976)."""
        seen = covered(*self.ranges, self.weights / _sums(self.ranges, x), len(x))
        window = self.weights / _sums(self.windows, x)
        moved = x * (seen + window.sum() - covered(*self.windows, window, len(x)))
        return moved / moved.sum()


def climb_hazards(candidates: Candidates, endless: np.ndarray) -> np.ndarray:
    """The hazard cumulated within each candidate, (m,), of greatest likelihood; windows do not end.

    ``endless`` (m,) marks the candidates whose hazard is infinite, since nobody was seen to outlive them.

    Raises
    ------
    NotConverged : no maximum within 500 steps; ``state`` is what was reached, (m,).
    """
    hazard = np.where(endless, np.inf, 0.0)
    if endless.all():
        return hazard
    passed = np.concatenate([[0], np.cumsum(endless)])
    told = passed[candidates.last] == passed[candidates.first]  # a failure that is certain says nothing more
    position = np.concatenate([[0], np.cumsum(~endless)])
    ranges = position[candidates.first[told]], position[candidates.last[told]]
    outlived = covered(candidates.window_first, candidates.first, candidates.weights, len(hazard))[~endless]
    floor = GRADIENT_FLOOR * np.maximum(outlived, 1e-6 * candidates.weights.sum())
    hazard[~endless] = _maximise(Hazards(ranges, candidates.weights[told], outlived, floor), float(candidates.weights.sum()))
    return hazard


def climb_masses(candidates: Candidates) -> np.ndarray:
    """The mass of each candidate, (m,), of greatest likelihood: where the climb of EM's start ends, for it may have several tops.

    Raises
    ------
    NotConverged : no maximum within 500 steps; ``state`` is what was reached, (m,).
    """
    n = float(candidates.weights.sum())
    ranges, windows = (candidates.first, candidates.last), (candidates.window_first, candidates.window_last)
    mass = _maximise(Masses(ranges, windows, candidates.weights, np.full(len(candidates.left), GRADIENT_FLOOR * n)), n)
    return mass / mass.sum()


def _maximise(whole: Likelihood, n: float) -> np.ndarray:
    """The constrained Newton method (Wang 2007).

    Candidates enter where the gradient is greatest between those that hold something already, and all that do move to the
    maximum of the likelihood's quadratic model over amounts of at least 0.
    """
    m = len(whole.floor)
    support = _one_for_each(*whole.ranges)
    if not len(support):
        return np.zeros(m)
    x = np.full(len(support), 1.0 / len(support))
    for _ in range(EM_STEPS):
        x = whole.on(support).expectation_maximisation(x)
    for _ in range(NEWTON_STEPS):
        gradient = whole.gradient(support, x)
        entering = _peaks(gradient, support, whole.floor)
        joined = np.union1d(support, entering)
        before = np.zeros(len(joined))
        before[np.searchsorted(joined, support)] = x
        some = whole.on(joined)
        aim = greatest_of_model(*some.curvature(before), before, gradient[joined])
        try:
            x, still = _towards(some, before, aim, float(gradient[joined] @ (aim - before)), n)
        except NotConverged as failure:
            failure.state = _spread(joined, before, m)
            raise
        support, x = joined[x > 0.0], x[x > 0.0]
        if still and not len(entering):
            return _spread(support, x, m)
    raise NotConverged(
        f"the nonparametric estimate was not reached in {NEWTON_STEPS} Newton steps. Fit a distribution, and tell us of these data.",
        _spread(support, x, m),
    )


def _spread(support: np.ndarray, x: np.ndarray, m: int) -> np.ndarray:
    full = np.zeros(m)
    full[support] = x
    return full


def _towards(likelihood: Likelihood, before: np.ndarray, aim: np.ndarray, gain: float, n: float) -> tuple[np.ndarray, bool]:
    """As far towards the aim as the likelihood rises, and whether there is nothing left to gain."""
    if gain <= 1e-20 * n:
        return aim, True
    value = likelihood.value(before)
    rounding = VALUE_ROUNDING * abs(value)  # without it a full step that rounding shows as a loss is halved to nothing
    for halvings in range(60):
        moved = before + 0.5**halvings * (aim - before)
        if likelihood.value(moved) >= value + 1e-4 * 0.5**halvings * gain - rounding:
            return moved, False
    if gain <= 1e-11 * abs(value):  # below the rounding of the likelihood; the gradient is known better
        return aim, False
    raise NotConverged("the likelihood of the nonparametric estimate does not rise along its own gradient.")


def _one_for_each(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Few candidates such that every row covers at least one: of rows by their ends, the last candidate where none is yet."""
    chosen, newest = [], -1
    for index in np.argsort(last, kind="stable"):
        if first[index] > newest:
            newest = int(last[index]) - 1
            chosen.append(newest)
    return np.array(chosen, dtype=np.intp)


def _peaks(gradient: np.ndarray, support: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """The candidate of greatest gradient between each two that hold mass, where likelihood is to be gained."""
    edges = np.concatenate([[0], support + 1])
    edges = edges[edges < len(gradient)]
    outside = gradient.copy()
    outside[support] = -np.inf
    greatest = np.maximum.reduceat(outside, edges)
    segment = np.searchsorted(edges, np.arange(len(gradient)), side="right") - 1
    places = np.flatnonzero((outside == greatest[segment]) & (outside > floor))
    return places[np.unique(segment[places], return_index=True)[1]]


def _ranges_on(support: np.ndarray, ranges: tuple[np.ndarray, np.ndarray], m: int) -> tuple[np.ndarray, np.ndarray]:
    position = np.searchsorted(support, np.arange(m + 1))
    return position[ranges[0]], position[ranges[1]]


def _sums(ranges: tuple[np.ndarray, np.ndarray], x: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(x)])
    return total[ranges[1]] - total[ranges[0]]


def _log1mexp(x: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.where(x < 0.6931471805599453, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))
