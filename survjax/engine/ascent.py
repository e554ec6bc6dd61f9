r"""Newton's method where nothing is known of the size of a parameter. Knows nothing of likelihoods.

Logarithms and log-odds have a natural size: a step of 1 is a step of 1 in any unit. A coefficient has not: its size is that of its
response over that of its column. Such a coordinate is measured in :math:`1/\sqrt{|H_{jj}|}`, H the Hessian where it is (Moré 1978,
The Levenberg–Marquardt algorithm), so that the path does not depend on the units of columns, and steps may be as long as they pay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from survjax.numerics.newton import (
    FIRST_RADIUS,
    FLAT,
    LONGEST_RADIUS,
    SHORTEST_RADIUS,
    Evaluation,
    judge,
    moves_off_a_saddle,
    propose,
    smallest_curvature,
)

MOST_STEPS = 200
SMALL_STEP = 1e-7  # of the way from the start: it leaves its square in the point, itself in the Hessian
SMALL_CHANGE = 1e-4  # in units of 1 / sqrt(H): so near the maximum the function is its parabola
STILL_GOING = 1e-4  # of the way from the start: at the rounding floor a step so long goes on without end
AT_FLOOR = 3  # steps in a row that promise less than rounding
LATELY = 4  # steps, whose direction is that in which there is no maximum
FAR = 4.0  # in logarithms, or in the size of a coefficient at the start


@dataclass
class Ascent:
    """Where a descent of the negative log-likelihood ended, and why.

    Attributes
    ----------
    point (p,), evaluation at it (before the last short step, ``unseen``), path (s, p) with the start first.
    reason : ``converged``, ``at_rounding_floor``; ``flat``, with the ``direction`` in which nothing changes; ``endless``, with that in
        which there is always more to gain; ``step_limit``, ``no_progress``; ``no_finite_start``, and ``wall``, beside a point ``beyond``
        at which the function is not finite.
    direction (p,) : in units of each coordinate, the largest entry 1 or -1; None.
    """

    point: np.ndarray
    evaluation: Evaluation
    reason: str
    n_steps: int
    path: np.ndarray
    unseen: np.ndarray
    direction: np.ndarray | None = None
    beyond: np.ndarray | None = None

    @property
    def arrived(self) -> bool:
        return self.reason in ("converged", "at_rounding_floor")


def ascend(evaluate: Callable[[np.ndarray], Evaluation], start: np.ndarray, sized: np.ndarray, most_steps: int = MOST_STEPS) -> Ascent:
    """To the minimum of a function that ``evaluate`` gives at a point (p,) as an ``Evaluation`` of one lane.

    Parameters
    ----------
    sized (p,) : which coordinates have a natural size.
    """
    return _Way(evaluate, np.array(start, dtype=float), sized, most_steps).run()


@dataclass
class _Way:
    evaluate: Callable[[np.ndarray], Evaluation]
    point: np.ndarray
    sized: np.ndarray
    most_steps: int
    radius: float = FIRST_RADIUS
    path: list[np.ndarray] = field(default_factory=list)

    def run(self) -> Ascent:
        here = self.evaluate(self.point)
        self.path = [self.point.copy()]
        if not here.is_finite()[0]:
            return self._end(here, "no_finite_start", 0)
        self.first_hessian, self.first_size = here.hessian[0], self._sizes(here)
        at_floor, beyond = 0, None
        for n_steps in range(self.most_steps):
            scale = np.where(self.sized, LONGEST_RADIUS / max(LONGEST_RADIUS, self.radius), self._sizes(here))
            with np.errstate(over="ignore"):  # an endless step is one that the radius cuts
                step = propose(here.gradient * scale, here.hessian * np.outer(scale, scale), np.array([self.radius]))
            move, cut = step.step[0] * scale, bool(step.cut[0])
            at_floor = at_floor + 1 if step.promised[0] <= here.rounding()[0] and not cut else 0
            if (self._is_short(move, here) and not cut) or at_floor >= AT_FLOOR:
                lower = self._off_a_saddle(here)
                if lower is not None:
                    here, at_floor = lower, 0
                    continue
                return self._arrive(move, here, n_steps)
            if self.radius < SHORTEST_RADIUS:
                return self._end(here, "no_progress" if beyond is None else "wall", n_steps, beyond=beyond)
            trial = self.evaluate(self.point + move)
            finite = bool(trial.is_finite()[0])
            beyond = None if finite else self.point + move
            floor = np.maximum(here.rounding(), trial.rounding()) if finite else here.rounding()
            trial_value = trial.value if finite else np.array([np.inf])
            taken, radius = judge(here.value, trial_value, floor, step, np.array([self.radius]), longest=np.inf)
            self.radius = float(radius[0])
            if taken[0]:
                self.point, here = self.point + move, trial
                self.path.append(self.point.copy())
        return self._end(here, "step_limit", self.most_steps)

    def _off_a_saddle(self, here: Evaluation) -> Evaluation | None:
        """A step downhill from where the gradient is none but the curvature negative: alike components stay alike without it."""
        for move in moves_off_a_saddle(here.hessian[0]):
            trial = self.evaluate(self.point + move)
            if trial.is_finite()[0] and trial.value[0] < here.value[0] - here.rounding()[0]:
                self.point = self.point + move
                self.path.append(self.point.copy())
                return trial
        return None

    def _sizes(self, here: Evaluation) -> np.ndarray:
        """Of each coordinate: 1, or for one without a natural size what changes the function by about a half."""
        curvature = np.abs(np.diagonal(here.hessian[0]))
        return np.where(self.sized | (curvature == 0.0), 1.0, 1.0 / np.sqrt(np.where(curvature == 0.0, 1.0, curvature)))

    def _share_of_way(self, move: np.ndarray) -> float:
        return float(np.max(np.abs(move) / (self.first_size + np.abs(self.point - self.path[0])), initial=0.0))

    def _is_short(self, move: np.ndarray, here: Evaluation) -> bool:
        changes = np.abs(move) * np.sqrt(np.abs(np.diagonal(here.hessian[0])))
        return self._share_of_way(move) <= SMALL_STEP and bool(np.all(changes <= SMALL_CHANGE))

    def _arrive(self, move: np.ndarray, here: Evaluation, n_steps: int) -> Ascent:
        short = self._is_short(move, here)
        flat = flat_direction(here.hessian[0])
        going = not short and self._share_of_way(move) > STILL_GOING
        if flat is not None and (not going or _curvature_along(flat, self.first_hessian) <= FLAT):
            return self._end(here, "flat", n_steps, flat / np.abs(flat).max())
        if going:
            return self._end(here, "endless", n_steps)
        if short:
            self.point = self.point + move
            self.path.append(self.point.copy())
            return self._end(here, "converged", n_steps + 1, unseen=move)
        return self._end(here, "at_rounding_floor", n_steps)

    def _end(self, here: Evaluation, reason: str, n_steps: int, direction: Any = None, unseen: Any = None, beyond: Any = None) -> Ascent:
        path = np.array(self.path)
        if reason in ("endless", "step_limit", "no_progress"):
            direction = self._direction(path)
        unseen = np.zeros_like(self.point) if unseen is None else unseen
        return Ascent(self.point, here, reason, n_steps, path, unseen, direction, beyond)

    def _direction(self, path: np.ndarray) -> np.ndarray | None:
        """In which the last steps went, where they went on and on."""
        lately = (path[-1] - path[max(0, len(path) - 1 - LATELY)]) / self.first_size
        whole = (path[-1] - path[0]) / self.first_size
        going = np.where(np.abs(whole) > FAR, lately, 0.0)
        return going / np.abs(going).max() if going.any() else None


def flat_direction(hessian: np.ndarray) -> np.ndarray | None:
    """A direction (p,) along which the curvature is none, in the coordinates; None where there is no such."""
    if not len(hessian):
        return None
    curvature, direction = smallest_curvature(hessian)
    return direction if curvature <= FLAT else None


def _curvature_along(direction: np.ndarray, hessian: np.ndarray) -> float:
    """That of the Hessian along a direction, beside the curvatures of the coordinates that it moves."""
    whole = float(np.sum(np.abs(np.diagonal(hessian)) * direction**2))
    return abs(float(direction @ hessian @ direction)) / whole if whole else 0.0
