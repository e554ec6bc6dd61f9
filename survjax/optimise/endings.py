"""What the end of a minimisation is: a minimum, or which of the things that are none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from survjax.numerics.newton import ROUNDING, moves_off_a_saddle
from survjax.optimise.evaluations import Evaluations

FAR = 1e8  # in sizes of the start: who has come so far, and falls still, is on no way to a minimum


class End(NamedTuple):
    """Where a solver stopped, by which way, and why."""

    point: np.ndarray
    path: list[np.ndarray]
    n_steps: int
    reason: str
    message: str


def on_finite_ground(evaluations: Evaluations, end: End, uses_hessian: bool) -> End:
    """The end itself, or the last point before it where all is finite: the start is one."""
    if _is_finite(evaluations, end.point, uses_hessian):
        return end
    path = list(end.path)
    while len(path) > 1 and not _is_finite(evaluations, path[-1], uses_hessian):
        path.pop()
    return end._replace(point=path[-1], path=path, reason="not_finite")


def _is_finite(evaluations: Evaluations, point: np.ndarray, uses_hessian: bool) -> bool:
    finite = np.isfinite(evaluations.value(point)) and np.isfinite(evaluations.gradient(point)).all()
    return bool(finite and (not uses_hessian or np.isfinite(evaluations.hessian(point)).all()))


def reason_of(evaluations: Evaluations, end: End, tolerance: float, uses_hessian: bool) -> str:
    """What the solver says, held against gradient and Hessian at the end."""
    gradient = evaluations.gradient(end.point)
    if end.reason in {"flat", "unbounded"}:
        return end.reason
    if np.abs(gradient).max() <= tolerance:
        return "saddle" if uses_hessian and off_a_saddle(evaluations, end.point) is not None else "converged"
    way = end.point - end.path[0]
    far = np.abs(way).max() > FAR * max(1.0, np.abs(end.path[0]).max())
    return "endless" if far and gradient @ way < 0.0 and end.reason in {"step_limit", "no_progress"} else end.reason


def off_a_saddle(evaluations: Evaluations, point: np.ndarray) -> np.ndarray | None:
    """A point that is lower, by more than rounding, in the direction of negative curvature; None where there is none."""
    value = evaluations.value(point)
    for move in moves_off_a_saddle(evaluations.hessian(point)):
        if evaluations.value(point + move) < value - ROUNDING * (1.0 + abs(value)):
            return point + move
    return None
