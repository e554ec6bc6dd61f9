"""Minimise a function of a vector or a pytree: survjax's Newton, or one of SciPy's methods."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from survjax.numerics.outside import values_outside
from survjax.optimise.arguments import check_start, read_args, without_habits
from survjax.optimise.derivatives import JITS, ORIGINS, Rule
from survjax.optimise.endings import on_finite_ground, reason_of
from survjax.optimise.evaluations import Counts, Evaluations
from survjax.optimise.form import Form
from survjax.optimise.mean_over_rows import MeanOverRows
from survjax.optimise.solvers import SOLVERS, WITH_HESSIAN


@dataclass(frozen=True)
class Minimum:
    """Where a minimisation ended.

    Attributes
    ----------
    parameters : in the form of the start, NumPy float64.
    value, gradient_norm : there; the norm is the largest entry of the gradient in size.
    hessian : (p, p), there, where the method uses Hessians; else None. In the order of ``path``'s columns.
    reason : ``converged`` (the largest entry of the gradient is within the tolerance and, where ``hessian`` is known, the function falls
        in no direction of negative curvature), ``at_rounding_floor`` (no step promises more than rounding hides), ``saddle`` (a gradient
        within the tolerance, but no minimum: negative curvature, and lower points beside it; a maximum goes by this word too), ``flat``
        (no curvature in some direction), ``no_progress`` (no lower point was found along the way it chose; where the value is large
        that may be all that rounding leaves: see ``gradient_norm``), ``step_limit``, ``endless`` (neither, but that it stopped more than
        1e8 sizes of the start away, and the function falls still), ``unbounded`` (a value below -1e100 was met; where it stood before
        is told), ``not_finite`` (its way leads where the function, or a derivative, is not finite; the last point where all are is told).
    message : the solver's own words.
    n_steps : steps taken, of "newton" tried. counts : how often value, gradient and Hessian were worked out.
    seconds_compiling, seconds_running : the first for what ``jit`` asks to compile, 0 where it was at hand; the second for all the rest.
    path (s, p) : the points it stood at, the start first.
    method : as asked for.
    """

    parameters: Any
    value: float
    gradient_norm: float
    hessian: np.ndarray | None
    reason: str
    message: str
    n_steps: int
    counts: Counts
    seconds_compiling: float
    seconds_running: float
    path: np.ndarray
    method: str

    @property
    def converged(self) -> bool:
        return self.reason in {"converged", "at_rounding_floor"}

    def __repr__(self) -> str:
        return (
            f"Minimum({self.method}: {self.reason}, value {self.value:.10g}, gradient {self.gradient_norm:.1e}, {self.n_steps} steps, "
            f"{self.seconds_compiling:.2f} s compiling + {self.seconds_running:.3g} s running)"
        )


@without_habits
def minimise(
    fun: Callable,
    start: Any,
    *,
    method: str = "newton",
    derivatives: str = "autodiff",
    jit: str = "both",
    gradient: Callable | None = None,
    hessian: Callable | None = None,
    args: tuple = (),
    tolerance: float = 1e-6,
    max_steps: int = 1000,
) -> Minimum:
    """The minimum nearest to a start, in 64 bits.

    >>> import jax.numpy as jnp
    >>> found = minimise(lambda p: (p["x"] - 3.0) ** 2 + jnp.exp(p["y"]) - p["y"], {"x": 0.0, "y": 1.0})
    >>> found.reason, float(found.parameters["x"].round(6)), float(abs(found.parameters["y"]).round(6))
    ('converged', 3.0, 0.0)

    Parameters
    ----------
    fun : ``fun(parameters, *args)``, one number, in ``jax.numpy``. Of many rows the mean, not the sum: ``tolerance`` is of its gradient.
    start : parameters to begin at: a vector (p,), or any pytree of numbers and arrays. There are no bounds: let ``fun`` take
        ``jnp.exp(p["log_rate"])`` of what must be positive; the domains of ``sj.MaximumLikelihood`` do that.
    method : ``"newton"`` (survjax's, in a trust region of eigenvalues), or SciPy's ``"BFGS"``, ``"CG"``, ``"Newton-CG"``, ``"L-BFGS-B"``,
        ``"TNC"``, ``"SLSQP"``, ``"trust-exact"``.
    derivatives : ``"autodiff"``; ``"analytic"``, by ``gradient(parameters, *args)`` in the form of the start and, for methods that use it,
        ``hessian(parameters, *args)`` (p, p); or ``"finite differences"``, central.
    jit : what is compiled: ``"none"``, ``"value"``, ``"gradient"`` (with the Hessian), ``"both"`` (in one program where that saves a pass).
    args : further arguments, a tuple of pytrees of arrays: data belong here and not into a closure, whose arrays would become part of the
        program. A data frame is a mapping from its columns, which must be numbers.
    tolerance : of the largest entry of the gradient. max_steps : of the solver; TNC counts evaluations instead, 20 for a step.

    Returns
    -------
    Minimum : look at ``reason`` or ``converged`` before anything else in it.

    Raises
    ------
    ValueError : an unknown option; one that would be ignored; the function or a derivative is not finite at the start (where ``fun`` is a
        ``MeanOverRows`` the rows are named).
    TypeError : ``args`` is no tuple, or holds no numbers; the function cannot be traced: says where and what to write instead; it reads
        a name that neither the start nor ``args`` has: says which there are.

    Notes
    -----
    "converged" of a method without Hessians ("BFGS", "CG", "L-BFGS-B", "TNC", "SLSQP") is said of the gradient alone: one that starts on
    a saddle or a maximum, or on a ridge that leads to a saddle, stays there and says so. "Newton-CG" and "trust-exact" call it a
    "saddle"; "newton" leaves it and goes on.

    "unbounded" is promised of no function that has no minimum: only of one that falls below -1e100 on the way. One that falls more slowly
    may end "endless" or, where ``max_steps`` are too few to come far, "step_limit"; one whose gradient fades, such as -log x, "converged".

    Where SciPy is built with OpenBLAS, its L-BFGS-B sets all cores on matrices of ten rows, some 10 ms a step on a busy machine. For a
    function that is cheaper than that, start Python with ``OPENBLAS_NUM_THREADS=1`` in the environment, or take ``"BFGS"``.
    """
    _check(method, derivatives, jit, gradient, hessian, tolerance, max_steps)
    args = read_args(args)
    check_start(start)
    began = time.perf_counter()
    with jax.enable_x64(True):
        form = Form.of(start)
        point = np.array(form.vector(start))
        if not len(point):
            raise ValueError("start has no numbers in it.")
        if not np.isfinite(point).all():
            raise ValueError(f"start must be finite; {', '.join(_named(form, ~np.isfinite(point)))} is not.")
        uses_hessian = method in WITH_HESSIAN and (derivatives != "analytic" or hessian is not None)
        outside = tuple(values_outside(one) for one in (fun, gradient, hessian) if one is not None)
        rule = Rule(_hashable(fun), form, derivatives, gradient, hessian, outside)
        evaluations = Evaluations(rule, args, jit, with_hessian=method == "newton")
        _check_start(evaluations, form, point, uses_hessian)
        end = on_finite_ground(evaluations, SOLVERS[method](evaluations, point, tolerance, max_steps, uses_hessian), uses_hessian)
        value, size = evaluations.value(end.point), float(np.abs(evaluations.gradient(end.point)).max())
        curvature = evaluations.hessian(end.point) if uses_hessian else None
        reason = reason_of(evaluations, end, tolerance, uses_hessian)
        parameters = jax.tree.map(np.asarray, form.parameters(end.point))
    total = time.perf_counter() - began
    return Minimum(
        parameters=parameters,
        value=value,
        gradient_norm=size,
        hessian=curvature,
        reason=reason,
        message=end.message,
        n_steps=end.n_steps,
        counts=evaluations.counts,
        seconds_compiling=evaluations.seconds_compiling,
        seconds_running=total - evaluations.seconds_compiling,
        path=np.array(end.path),
        method=method,
    )


def _check(method: str, derivatives: str, jit: str, gradient: Any, hessian: Any, tolerance: float, max_steps: int) -> None:
    for name, value, known in (("method", method, tuple(SOLVERS)), ("derivatives", derivatives, ORIGINS), ("jit", jit, JITS)):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {value!r}.")
    if derivatives == "analytic" and gradient is None:
        raise ValueError("derivatives='analytic' needs gradient=, a function of the parameters and args.")
    if derivatives == "analytic" and hessian is None and method in {"newton", "trust-exact"}:
        raise ValueError(f"method={method!r} with derivatives='analytic' needs hessian=, a function of the parameters and args.")
    if derivatives != "analytic" and (gradient is not None or hessian is not None):
        raise ValueError(f"gradient= and hessian= would be ignored with derivatives={derivatives!r}; pass derivatives='analytic'.")
    if hessian is not None and method not in WITH_HESSIAN:
        raise ValueError(f"hessian= would be ignored: {method} uses none. Those that do: {', '.join(sorted(WITH_HESSIAN))}.")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive; got {tolerance}.")
    if max_steps < 1:
        raise ValueError(f"max_steps must be at least 1; got {max_steps}.")


def _check_start(evaluations: Evaluations, form: Form, point: np.ndarray, uses_hessian: bool) -> None:
    value = evaluations.value(point)
    if not np.isfinite(value):
        rows = _bad_rows(evaluations, form, point, evaluations.rule.fun)
        said = f" The term of {rows}." if rows else ""
        raise ValueError(
            f"fun is {value} at the start.{said} Start where it is finite, or look for a logarithm of 0, a division by 0 or a missing "
            "value in the data."
        )
    bad = ~np.isfinite(evaluations.gradient(point))
    if uses_hessian:
        bad = bad | ~np.isfinite(evaluations.hessian(point)).all(axis=1)
    if bad.any():
        rows = next(filter(None, (_bad_rows(evaluations, form, point, one) for one in _derivatives(evaluations.rule))), "")
        said = f" That of the term of {rows}." if rows else ""
        raise ValueError(
            f"fun is finite at the start, but its derivatives in {', '.join(_named(form, bad))} are not.{said} Start elsewhere; of a "
            "jnp.where both sides are differentiated, so make the argument safe on both, not the result."
        )


def _derivatives(rule: Rule) -> tuple[Any, ...]:
    return rule.fun.derived() if rule.origin == "autodiff" and isinstance(rule.fun, MeanOverRows) else (rule.gradient, rule.hessian)


def _bad_rows(evaluations: Evaluations, form: Form, point: np.ndarray, function: Any) -> str:
    """The rows where a mean over rows is not finite; nothing where it is, or where it is no such mean."""
    if not isinstance(function, MeanOverRows):
        return ""
    rows = function.bad_rows(form.parameters(point), *evaluations.args)
    shown = ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
    return f"{len(rows)} rows is not finite: rows {shown}" if len(rows) else ""


def _hashable(fun: Callable) -> Callable:
    try:
        hash(fun)
    except TypeError:
        return partial(fun)
    return fun


def _named(form: Form, which: np.ndarray) -> list[str]:
    return [name if form.tree is not None else f"parameter {name}" for name, chosen in zip(form.names, which, strict=True) if chosen]
