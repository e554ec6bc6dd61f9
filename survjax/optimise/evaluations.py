"""A function on its way down: what was evaluated, how often, and how long it took to compile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.numerics.tracing import line_of, no_attribute
from survjax.optimise.derivatives import TRACED, Rule, calls_of_fun, executable, explained


class Counts(NamedTuple):
    """How often each was worked out. ``value`` counts the values that finite differences take; a gradient by autodiff brings one value."""

    value: int = 0
    gradient: int = 0
    hessian: int = 0


class Evaluations:
    """The function as a solver sees it: NumPy in, NumPy out, each quantity worked out once a point.

    Attributes
    ----------
    counts, seconds_compiling : so far.
    """

    def __init__(self, rule: Rule, args: tuple, jit: str, with_hessian: bool) -> None:
        self.rule = rule
        self.jit = jit
        self.args = jax.device_put(args) if jit != "none" else args
        self.together = _together(rule.origin, jit, with_hessian)
        self.counts = Counts()
        self.seconds_compiling = 0.0
        self._point: np.ndarray | None = None
        self._known: dict[str, Any] = {}

    def value(self, point: np.ndarray) -> float:
        return float(self._at(point, "value"))

    def gradient(self, point: np.ndarray) -> np.ndarray:
        return np.array(self._at(point, "gradient"))

    def hessian(self, point: np.ndarray) -> np.ndarray:
        return np.array(self._at(point, "hessian"))

    def _at(self, point: np.ndarray, quantity: str) -> Any:
        if self._point is None or not np.array_equal(point, self._point):
            self._point, self._known = np.array(point, dtype=float), {}
        if quantity not in self._known:
            wanted = next(group for group in self.together if quantity in group)
            self._known.update(zip(wanted, self._evaluate(wanted), strict=True))
        return self._known[quantity]

    def _evaluate(self, wanted: tuple[str, ...]) -> tuple:
        compiled = self.jit in {"both", "value" if wanted == ("value",) else "gradient"}
        point: Any = self._point if compiled else jnp.asarray(self._point)
        try:
            if compiled:
                run, seconds = executable(self.rule, wanted, point, self.args)
                self.seconds_compiling += seconds
                found = run(point, self.args)
            else:
                found = self.rule.at(point, self.args, wanted, compiled=False)
        except TRACED as error:
            raise explained(error, self.rule, compiled) from error
        except AttributeError as error:
            if not isinstance(error.obj, Mapping):
                raise
            raise no_attribute(self.rule.fun, "fun", error) from error
        except KeyError as error:
            explanation = self._no_name(error)
            if explanation is None:
                raise
            raise explanation from error
        p = len(point)
        self.counts = Counts(
            self.counts.value + sum(calls_of_fun(self.rule.origin, quantity, p) for quantity in wanted),
            self.counts.gradient + ("gradient" in wanted),
            self.counts.hessian + ("hessian" in wanted),
        )
        return jax.block_until_ready(found)

    def _no_name(self, error: KeyError) -> TypeError | None:
        """What names there are, where one was asked for that neither the start nor a mapping in ``args`` has; else None."""
        start = self.rule.form.parameters(self._point)
        known = {"start": list(start) if isinstance(start, Mapping) else []}
        known["args"] = [name for arg in self.args if isinstance(arg, Mapping) for name in arg]
        shown = [f"{where} {'has' if where == 'start' else 'have'} {', '.join(map(str, names))}" for where, names in known.items() if names]
        if not shown or any(error.args[0] in names for names in known.values()):
            return None
        term = getattr(self.rule.fun, "term", self.rule.fun)
        return TypeError(f"fun reads [{error.args[0]!r}]{line_of(term, error)}, and there is none: {'; '.join(shown)}.")


def _together(origin: str, jit: str, with_hessian: bool) -> tuple[tuple[str, ...], ...]:
    """Which quantities are worked out at one go: where one program, or one trace, gives the second for little more than the first."""
    if jit == "both" and origin != "finite differences":
        return (("value", "gradient", "hessian"),) if with_hessian else (("value", "gradient"), ("hessian",))
    if jit == "none" and origin == "autodiff":
        return ("value", "gradient"), ("hessian",)
    return ("value",), ("gradient",), ("hessian",)
