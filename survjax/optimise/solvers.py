"""The solvers that are called: survjax's Newton and SciPy's, each ending in the same words."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from survjax.numerics.newton import FLAT, Descent, Evaluation
from survjax.optimise.endings import End, off_a_saddle
from survjax.optimise.evaluations import Evaluations

HELPED = 0.5  # of the gradient is left after a step that helped
FALLEN = -1e100  # no minimum is so low, and squares of what is lower overflow
WITH_HESSIAN = {"newton", "Newton-CG", "trust-exact"}


class _Ended(Exception):
    """There is no use in going on: why, and in a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def _value(evaluations: Evaluations, point: np.ndarray) -> float:
    value = evaluations.value(point)
    if value < FALLEN:
        raise _Ended("unbounded", f"a value below {FALLEN:g} was met")
    return value


def _newton(evaluations: Evaluations, start: np.ndarray, tolerance: float, max_steps: int, uses_hessian: bool) -> End:
    def evaluate(points: np.ndarray, active: np.ndarray) -> Evaluation:
        (point,) = points
        value, gradient, hessian = _value(evaluations, point), evaluations.gradient(point), evaluations.hessian(point)
        return Evaluation(np.array([value]), gradient[None], hessian[None])

    point, path, n_steps = start, [start.copy()], 0
    while True:
        descent = Descent(evaluate, point[None], max_steps=max_steps - n_steps, longest=np.inf)
        before = np.abs(descent.evaluation.gradient).max()
        try:
            while descent.active.any():
                # by itself it stops where the step is short: later, and after a last step to where nothing was evaluated
                if np.abs(descent.evaluation.gradient).max() <= tolerance and _is_minimum(descent.evaluation.hessian[0]):
                    descent.stop(0, "converged")
                else:
                    descent.advance()
        except _Ended as end:
            descent.stop(0, end.reason)
        point, reason = descent.points[0], str(descent.reasons[0])
        path += descent.paths[0][1:]
        n_steps += int(descent.n_steps[0])
        if reason == "flat" and n_steps < max_steps:
            lower = off_a_saddle(evaluations, point)
            if lower is not None:
                point, n_steps = lower, n_steps + 1
                path.append(point)
                continue
        after = np.abs(evaluations.gradient(point)).max()
        if reason != "converged" or after <= tolerance:
            return End(point, path, n_steps, reason, f"survjax: {reason}")
        # a short step is none where the parameter is as small: on, as long as it helps
        if not after <= HELPED * before:
            return End(point, path, n_steps, "no_progress", f"survjax: short steps, gradient {after:.1e}")


def _is_minimum(hessian: np.ndarray) -> bool:
    diagonal = np.diagonal(hessian)
    if not diagonal.min() > 0.0:
        return False
    # beside the curvature of each coordinate by itself, so that their units do not count
    size = 1.0 / np.sqrt(diagonal)
    return bool(np.linalg.eigvalsh(hessian * np.outer(size, size))[0] > FLAT)


class Scipys(NamedTuple):
    """One of SciPy's methods: what its options are called, and what its codes mean where they are not 0.

    ``beyond``: what it is told where the function has no value.
    """

    options: Any
    step_limit: tuple[int, ...]
    not_finite: tuple[int, ...] = ()
    beyond: float = np.nan


# BFGS and Newton-CG step over an edge where they are told nan, and trust-exact does not shorten its step; TNC gives up where it is told inf
SCIPYS = {
    "BFGS": Scipys(lambda tolerance, steps: {"gtol": tolerance, "maxiter": steps}, (1,), (3,), beyond=np.inf),
    "CG": Scipys(lambda tolerance, steps: {"gtol": tolerance, "maxiter": steps}, (1,), (3,)),
    "Newton-CG": Scipys(lambda tolerance, steps: {"xtol": 1e-2 * tolerance, "maxiter": steps}, (1,), (3,), beyond=np.inf),
    "L-BFGS-B": Scipys(lambda tolerance, steps: {"gtol": tolerance, "ftol": 0.0, "maxiter": steps, "maxfun": 20 * steps}, (1,)),
    "TNC": Scipys(lambda tolerance, steps: {"gtol": tolerance, "ftol": 0.0, "xtol": 0.0, "maxfun": 20 * steps}, (3,)),
    "SLSQP": Scipys(lambda tolerance, steps: {"ftol": 1e-2 * tolerance**2, "maxiter": steps}, (9,)),
    "trust-exact": Scipys(lambda tolerance, steps: {"gtol": tolerance, "maxiter": steps}, (1,), beyond=np.inf),
}


def _by_scipy(method: str, evaluations: Evaluations, start: np.ndarray, tolerance: float, max_steps: int, uses_hessian: bool) -> End:
    from scipy.optimize import OptimizeWarning, minimize

    ways = SCIPYS[method]
    path = [start.copy()]
    beyond: list[np.ndarray] = []

    def value(point: np.ndarray) -> float:
        found = _value(evaluations, point)
        if not np.isfinite(found):
            beyond.append(point)
        return ways.beyond if np.isnan(found) else found

    def arrive(point: np.ndarray) -> None:
        moved = not np.array_equal(point, path[-1])
        path.append(np.array(point))
        if uses_hessian and moved:
            _check_curvature(evaluations, path[-1], tolerance)

    with warnings.catch_warnings():
        # what SciPy warns of is in its status, and so in the reason
        warnings.simplefilter("ignore", OptimizeWarning)
        try:
            if uses_hessian:
                _check_curvature(evaluations, start, tolerance)
            found = minimize(
                value,
                start,
                jac=evaluations.gradient,
                hess=evaluations.hessian if uses_hessian else None,
                method=method,
                callback=arrive,
                options=ways.options(tolerance, max_steps),
            )
        except _Ended as end:
            return End(path[-1], path, len(path) - 1, end.reason, str(end))
    reason = "step_limit" if found.status in ways.step_limit else "not_finite" if found.status in ways.not_finite else "no_progress"
    reason = "not_finite" if reason == "no_progress" and beyond else reason
    return End(found.x, path, int(found.nit), reason, str(found.message))


def _check_curvature(evaluations: Evaluations, point: np.ndarray, tolerance: float) -> None:
    """SciPy's methods find no step by a Hessian that is 0 or not finite: trust-exact ends in an error of linear algebra."""
    hessian = evaluations.hessian(point)
    if not np.isfinite(hessian).all():
        raise _Ended("not_finite", "its Hessian is not finite there")
    if not hessian.any() and np.abs(evaluations.gradient(point)).max() > tolerance:
        raise _Ended("flat", "its Hessian is 0 there")


SOLVERS: dict[str, Callable[[Evaluations, np.ndarray, float, int, bool], End]] = {
    "newton": _newton,
    **{method: partial(_by_scipy, method) for method in SCIPYS},
}
