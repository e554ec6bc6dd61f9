"""Newton's method in a trust region, for one start or for several advanced together. Knows nothing of survival.

The curvature is |H|, the Hessian with its eigenvalues made positive, so that a step leaves a saddle instead of entering
it. ``propose`` and ``judge`` are pure functions of arrays with any leading axes and of the array module, so that the same
rule can run in a compiled loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np

SMALL_STEP = 1e-7  # a full Newton step this short is taken unseen: it leaves its square in the point, itself in the Hessian
LONGEST_RADIUS = 4.0  # in log parameters: a factor of 55
FIRST_RADIUS = 1.0
SHORTEST_RADIUS = 1e-13
ROUNDING = 10 * np.finfo(float).eps
FLAT = 1e-11  # a curvature below this share of the largest is none
NO_CURVATURE = 1e-9  # nor is one below this, of a mean log-likelihood per failure on log parameters: an error of e^100 and more
SECULAR_ITERATIONS = 40
NEGATIVE = 1e-6  # beside the curvature of each coordinate by itself: far beyond rounding
OFF_A_SADDLE = 0.3 * 0.1 ** np.arange(6)  # in units of each coordinate


class Evaluation(NamedTuple):
    """A function to be minimised at L points: value (L,), gradient (L, p), hessian (L, p, p), and what came along.

    ``size`` (L,): what the rounding error of the value goes by, the sum of the sizes of its terms; None: its own size.
    """

    value: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    extras: Any = None
    size: Any = None

    def is_finite(self) -> np.ndarray:
        # Near the edge the value can be finite and the Hessian not: a point counts only when all three are.
        return np.isfinite(self.value) & np.isfinite(self.gradient).all(-1) & np.isfinite(self.hessian).all((-1, -2))

    def rounding(self) -> np.ndarray:
        """By how much two values may differ for no other reason than rounding, (L,)."""
        return ROUNDING * (1.0 + (np.abs(self.value) if self.size is None else self.size))


class Step(NamedTuple):
    """step (..., p), the decrease it promises (...,), whether the radius cut it short, and the smallest curvature."""

    step: Any
    promised: Any
    cut: Any
    curvature: Any
    largest_curvature: Any


def propose(gradient, hessian, radius, xp=np) -> Step:
    """The minimiser of the quadratic model with curvature |H| within ``radius``."""
    eigenvalues, vectors = xp.linalg.eigh(hessian)
    size = xp.abs(eigenvalues)
    largest = size.max(-1)
    size = xp.maximum(size, xp.maximum(largest * 1e-14, 1e-300)[..., None])
    along = (xp.swapaxes(vectors, -1, -2) @ gradient[..., None])[..., 0]
    cut = xp.sqrt(((along / size) ** 2).sum(-1)) > radius
    # outside of a compiled loop it may be asked first whether any step is cut
    size = size + _shift(along, size, cut, radius, xp)[..., None] if xp is not np or cut.any() else size
    moved = -along / size
    promised = -(along * moved).sum(-1) - 0.5 * (eigenvalues * moved**2).sum(-1)
    return Step((vectors @ moved[..., None])[..., 0], promised, cut, eigenvalues[..., 0], largest)


def _shift(along, size, cut, radius, xp):
    """What added to all curvatures brings a step that is cut to the radius, by bisection of its logarithm: monotone, so it cannot fail."""
    high = xp.sqrt((along**2).sum(-1)) / radius + 1e-300
    low = high * 1e-16

    def halve(_, bounds):
        low, high = bounds
        middle = xp.sqrt(low * high)
        long = ((along / (size + middle[..., None])) ** 2).sum(-1) > radius**2
        return xp.where(long, middle, low), xp.where(long, high, middle)

    if xp is not np:
        low, high = jax.lax.fori_loop(0, SECULAR_ITERATIONS, halve, (low, high))
    else:
        for iteration in range(SECULAR_ITERATIONS):
            low, high = halve(iteration, (low, high))
    return xp.where(cut, high, 0.0)


def judge(value, trial_value, floor, step: Step, radius, xp=np, longest: float = LONGEST_RADIUS):
    """Whether the trial point is taken, and the next radius. Differences below the rounding ``floor`` count as kept promises."""
    ratio = (value - trial_value + floor) / (xp.maximum(step.promised, 0.0) + floor)
    ratio = xp.where(xp.isfinite(trial_value), ratio, -1.0)
    length = xp.sqrt((step.step**2).sum(-1))
    shorter = 0.25 * xp.minimum(length, radius)
    longer = xp.where(step.cut, xp.minimum(2.5 * radius, longest), radius)
    return ratio > 1e-4, xp.where(ratio < 0.25, shorter, xp.where(ratio > 0.7, longer, radius))


@dataclass
class Descent:
    """L points on their way down, each until it has a reason to stop.

    Attributes
    ----------
    points (L, p), evaluation at them, radius (L,), reasons : None while a point is still on its way.
    paths : for each point the list of points it has been at, its start first.
    unseen (L, p) : the last step of each point where it was taken without evaluating at its end, else 0.
    """

    evaluate: Callable[[np.ndarray, np.ndarray], Evaluation]
    points: np.ndarray
    n_started: int | None = None  # points beyond are only there for the shape
    max_steps: int = 200
    longest: float = LONGEST_RADIUS
    evaluation: Evaluation = field(init=False)
    radius: np.ndarray = field(init=False)
    reasons: list[str | None] = field(init=False)
    n_steps: np.ndarray = field(init=False)
    paths: list[list[np.ndarray]] = field(init=False)
    unseen: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.points)
        self.points = np.array(self.points, dtype=float)
        started = np.arange(n) < (n if self.n_started is None else self.n_started)
        self.evaluation = self.evaluate(self.points, started)
        self.radius = np.full(n, FIRST_RADIUS)
        self.n_steps = np.zeros(n, dtype=int)
        self.paths = [[point.copy()] for point in self.points]
        self.unseen = np.zeros_like(self.points)
        finite = self.evaluation.is_finite()
        self.reasons = ["not_started" if not started[lane] else None if finite[lane] else "no_finite_start" for lane in range(n)]
        self._at_floor = np.zeros(n, dtype=int)

    @property
    def active(self) -> np.ndarray:
        return np.array([reason is None for reason in self.reasons])

    def stop(self, lane: int, reason: str) -> None:
        self.reasons[lane] = reason

    def advance(self) -> None:
        """One step of every active point."""
        lanes = np.flatnonzero(self.active).tolist()
        here = self.evaluation
        with np.errstate(over="ignore"):  # an endless step is one that the radius cuts
            step = propose(here.gradient[lanes], here.hessian[lanes], self.radius[lanes])
        convex = step.curvature > np.maximum(FLAT * step.largest_curvature, NO_CURVATURE)
        short = np.abs(step.step).max(-1) <= SMALL_STEP
        floored = step.promised <= here.rounding()[lanes]
        self._at_floor[lanes] = np.where(floored & ~step.cut, self._at_floor[lanes] + 1, 0)
        for position, lane in enumerate(lanes):
            if short[position] and not step.cut[position]:
                self._arrive(lane, step.step[position], "converged" if convex[position] else "flat")
            elif self._at_floor[lane] >= 3:
                self.reasons[lane] = "at_rounding_floor" if convex[position] else "flat"
            elif self.radius[lane] < SHORTEST_RADIUS:
                self.reasons[lane] = "no_progress"
            elif self.n_steps[lane] >= self.max_steps:
                self.reasons[lane] = "step_limit"
        going = np.array([self.reasons[lane] is None for lane in lanes], dtype=bool)
        if going.any():
            self._move(np.array(lanes)[going], Step(*(array[going] for array in step)))

    def _arrive(self, lane: int, step: np.ndarray, reason: str) -> None:
        # The last step is taken without another pass: what it leaves is its square.
        self.points[lane] += step
        self.unseen[lane] = step
        self.paths[lane].append(self.points[lane].copy())
        self.n_steps[lane] += 1
        self.reasons[lane] = reason

    def _move(self, lanes: np.ndarray, step: Step) -> None:
        trial_points = self.points.copy()
        trial_points[lanes] += step.step
        active = np.zeros(len(self.points), dtype=bool)
        active[lanes] = True
        trial = self.evaluate(trial_points, active)
        finite = trial.is_finite()
        floor = np.maximum(self.evaluation.rounding(), np.where(finite, trial.rounding(), 0.0))[lanes]
        trial_value = np.where(finite, trial.value, np.inf)[lanes]
        taken, self.radius[lanes] = judge(self.evaluation.value[lanes], trial_value, floor, step, self.radius[lanes], longest=self.longest)
        self.n_steps[lanes] += 1
        for lane in lanes[taken]:
            self.points[lane] = trial_points[lane]
            self.paths[lane].append(trial_points[lane])
        if taken.sum() == len(self.points):
            self.evaluation = trial
        elif taken.any():
            self.evaluation = _with_lanes_of(self.evaluation, trial, lanes[taken])

    def run(self) -> Descent:
        while self.active.any():
            self.advance()
        return self


def _with_lanes_of(evaluation: Evaluation, other: Evaluation, lanes: np.ndarray) -> Evaluation:
    def replaced(own: np.ndarray, others: np.ndarray) -> np.ndarray:
        mixed = np.array(own)
        mixed[lanes] = others[lanes]
        return mixed

    return jax.tree.map(replaced, evaluation, other)


def smallest_curvature(hessian: np.ndarray) -> tuple[float, np.ndarray]:
    """The smallest curvature, where each coordinate is measured by its own, and the direction (p,)."""
    own = np.abs(np.diagonal(hessian))
    own = np.where(own > 0.0, own, np.abs(hessian).max(axis=1))  # bent beside another coordinate alone, as x y is
    size = 1.0 / np.sqrt(np.where(own > 0.0, own, 1.0))
    values, vectors = np.linalg.eigh(hessian * np.outer(size, size))
    return float(values[0]), vectors[:, 0] * size


def moves_off_a_saddle(hessian: np.ndarray) -> np.ndarray:
    """Moves (k, p), ever shorter, along which a function without gradient falls; none where no curvature is negative."""
    if not len(hessian):
        return np.zeros((0, 0))
    curvature, direction = smallest_curvature(hessian)
    return np.outer(OFF_A_SADDLE if curvature < -NEGATIVE else [], direction)
