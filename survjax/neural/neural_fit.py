"""A trained ensemble, and the distributions that it gives to units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar

from survjax.distributions import Distribution
from survjax.models.unit_laws import flat, in_blocks, repeated
from survjax.neural.conformal import HeldOut
from survjax.neural.inputs import Table, Windows
from survjax.neural.network import in_double, outputs_of
from survjax.neural.rows import log_probabilities
from survjax.numerics.blocks import map_rows

if TYPE_CHECKING:
    import pandas as pd

REFUTED = 3.84  # a chi-squared of one degree of freedom is beyond it once in 20 times
FURTHEST = 5.0  # that a calibration may move log hazards


@dataclass
class NeuralFit:
    """What was learned; times in the user's unit.

    Attributes
    ----------
    template : the law, with None where a network fills in. start (p,) : coordinates to which the networks' outputs are added.
    networks : k networks, single precision, with a first axis of them.
    level : what the calibration adds to log hazards (of laws with scales: to minus their logarithms).
    told : of units held out.
    last : the last age at which a unit was under observation.
    """

    inputs: Table | Windows
    template: Distribution
    start: np.ndarray
    networks: Any
    level: float
    curve: pd.DataFrame
    log_likelihood: float
    n_units: float
    n_failed: float
    last: float
    told: HeldOut
    notes: list[str] = field(default_factory=list)

    @property
    def n_members(self) -> int:
        import jax

        return len(jax.tree.leaves(self.networks)[0])

    def coordinates(self, inside: np.ndarray) -> np.ndarray:
        """The coordinates (n, k, p) of the laws that each of k networks gives to units, from the inputs (n, ...) of the networks."""
        outputs = map_rows(outputs_of, in_double(self.networks), inside)
        return self.start + self.level * levels_of(self.template) + outputs

    def predict(
        self, law_of: Callable, rule: Callable, inside: np.ndarray, columns: list[np.ndarray], member: int | None = None
    ) -> np.ndarray:
        """``rule(law_of(template, coordinates), *row)`` of units for columns (n, m): (n, m); with ``member`` of one network alone."""

        def of_block(these: np.ndarray, cells: list[np.ndarray]) -> Any:
            coordinates = self.coordinates(these)
            own = coordinates if member is None else np.ascontiguousarray(coordinates[:, member])
            return map_rows(_of_unit(law_of, rule), self.template, repeated(own, cells[0]), *flat(cells))

        return in_blocks(of_block, inside, columns)

    def log_probabilities(self, law_of: Callable, inside: np.ndarray, rows: dict[str, np.ndarray]) -> np.ndarray:
        """What each row (n,), times in the user's unit, adds to the log-likelihood."""
        return log_probabilities(law_of, self.template, self.coordinates(inside), rows)


@cache
def _of_unit(law_of: Callable, rule: Callable) -> Callable:
    def function(template: Any, coordinates: Any, *row: Any) -> Any:
        return rule(law_of(template, coordinates), *row)

    return function


def levels_of(template: Distribution) -> np.ndarray:
    """By how much each coordinate (p,) rises where all rates rise, and all durations fall, by a factor e."""
    return np.array([-float(domain.time_power) for domain in template.coordinate_domains()])


def in_unit(template: Distribution, coordinates: np.ndarray, factor: float) -> np.ndarray:
    """The coordinates (p,) of the law of ``factor`` times the life."""
    domains = template.coordinate_domains()
    return np.array([domain.coordinate_rescaled(one, factor) for domain, one in zip(domains, coordinates, strict=True)], dtype=float)


def calibrated(template: Distribution, coordinates: np.ndarray, rows: dict[str, np.ndarray], counts: np.ndarray) -> tuple[float, float]:
    """The level a, of most likelihood for rows (m,) held out from the networks that gave their coordinates (m, p), and twice its gain."""
    levels = levels_of(template)

    def total(level: float) -> float:
        return -float(counts @ log_probabilities(law_of_one, template, coordinates + level * levels, rows))

    found = minimize_scalar(total, bounds=(-FURTHEST, FURTHEST), method="bounded", options={"xatol": 1e-5})
    return float(found.x), 2.0 * (total(0.0) - float(found.fun))


def law_of_one(template: Any, coordinates: Any) -> Any:
    """The law that one network gives, coordinates (p,)."""
    return template.bind(coordinates)
