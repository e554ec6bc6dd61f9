"""How the search for a fit ended: what every face that keeps one fit says of it."""

from __future__ import annotations

from typing import Any


class FitEnding:
    """``converged_``, ``stop_reason_`` and ``n_steps_`` of whatever ``_fitted`` is."""

    _fitted: Any

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
