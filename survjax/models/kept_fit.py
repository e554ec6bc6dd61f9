"""The one fit that a face keeps: whether there is one, and how the search for it ended."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Protocol, TypeVar

from survjax.errors import NotFitted


class Ended(Protocol):
    """A fit that says how its search ended."""

    @property
    def converged(self) -> Any: ...

    @property
    def reason(self) -> str: ...

    @property
    def n_steps(self) -> int: ...


F = TypeVar("F")
E = TypeVar("E", bound=Ended)


class KeptFit(Generic[F]):
    """A face that has nothing to tell until it has been fitted."""

    _fit: F | None = None
    _fit_call: ClassVar[str] = "fit(X, y)"

    @property
    def _fitted(self) -> F:
        if self._fit is None:
            raise NotFitted(f"{type(self).__name__} has not been fitted: call {self._fit_call} first.")
        return self._fit

    def __sklearn_is_fitted__(self) -> bool:
        return self._fit is not None


class FitEnding(KeptFit[E]):
    """``converged_``, ``stop_reason_`` and ``n_steps_`` of the fit."""

    @property
    def converged_(self) -> bool:
        return self._fitted.converged

    @property
    def stop_reason_(self) -> str:
        """Why the optimiser stopped: ``converged``, ``at_rounding_floor``, ``flat``, ``endless``, ``step_limit``, …"""
        return self._fitted.reason

    @property
    def n_steps_(self) -> int:
        return self._fitted.n_steps
