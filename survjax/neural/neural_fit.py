"""A trained ensemble, and the distributions that it gives to units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar

from survjax.covariates.design import Design
from survjax.distributions import Distribution
from survjax.models.unit_laws import UNITS, flat, in_blocks, repeated
from survjax.neural.conformal import HeldOut
from survjax.neural.inputs import Inputs, Table, WindowsBeside
from survjax.neural.network import in_double, outputs_of
from survjax.neural.rows import log_probabilities
from survjax.numerics.blocks import map_rows

if TYPE_CHECKING:
    import pandas as pd

REFUTED = 3.84  # a chi-squared of one degree of freedom is beyond it once in 20 times
FURTHEST = 5.0  # that a calibration may move log hazards
AT_ONCE = 1_024  # rows asked of a network and of its laws: one program, whatever their number
STEP = 1e-4  # of which a central difference has the slope to 1e-8


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

    inputs: Inputs
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

    @property
    def designs(self) -> list[Design]:
        """Of the columns that networks read; none of windows alone."""
        table = self.inputs.table if isinstance(self.inputs, WindowsBeside) else self.inputs
        return [table.design] if isinstance(table, Table) else []

    def coordinates(self, inside: np.ndarray) -> np.ndarray:
        """The coordinates (n, k, p) of the laws that each of k networks gives to units, from the inputs (n, ...) of the networks."""
        return self._from(self.networks, inside)

    def coordinates_of_member(self, member: int, inside: np.ndarray) -> np.ndarray:
        """The coordinates (n, p) of the laws that one network gives to units."""
        import jax

        return self._from(jax.tree.map(lambda array: array[member : member + 1], self.networks), inside)[:, 0]

    def _from(self, networks: Any, inside: np.ndarray) -> np.ndarray:
        return self.start + self.level * levels_of(self.template) + map_rows(outputs_of, in_double(networks), inside, at_once=AT_ONCE)

    def predict(
        self, law_of: Callable, rule: Callable, inside: np.ndarray, columns: list[np.ndarray], member: int | None = None
    ) -> np.ndarray:
        """``rule(law_of(template, coordinates), *row)`` of units for columns (n, m): (n, m); with ``member`` of one network alone."""

        def of_block(these: np.ndarray, cells: list[np.ndarray]) -> Any:
            own = self.coordinates(these) if member is None else self.coordinates_of_member(member, these)
            return map_rows(_of_unit(law_of, rule), self.template, repeated(own, cells[0]), *flat(cells), at_once=AT_ONCE)

        return in_blocks(of_block, inside, columns)

    def log_probabilities(self, law_of: Callable, inside: np.ndarray, rows: dict[str, np.ndarray]) -> np.ndarray:
        """What each row (n,), times in the user's unit, adds to the log-likelihood."""
        blocks = [slice(first, first + UNITS) for first in range(0, max(len(inside), 1), UNITS)]
        told = [
            log_probabilities(
                law_of, self.template, self.coordinates(inside[these]), {name: column[these] for name, column in rows.items()}
            )
            for these in blocks
        ]
        return np.concatenate(told)


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


def calibrated(
    template: Distribution, coordinates: np.ndarray, rows: dict[str, np.ndarray], counts: np.ndarray, codes: np.ndarray
) -> tuple[float, float]:
    """The level a of most likelihood for rows (m,) held out from the networks that gave their coordinates (m, p); how much 0 is refuted.

    The second is a score statistic, chi-squared with one degree of freedom if 0 is right, of which the variance is that over units
    (``codes``): rows of one unit depend on each other.
    """
    levels = levels_of(template)

    def of_rows(level: float) -> np.ndarray:
        return counts * log_probabilities(law_of_one, template, coordinates + level * levels, rows)

    found = minimize_scalar(lambda level: -of_rows(level).sum(), bounds=(-FURTHEST, FURTHEST), method="bounded", options={"xatol": 1e-5})
    scores = np.bincount(codes, of_rows(STEP) - of_rows(-STEP))
    return float(found.x), float(scores.sum() ** 2 / np.sum(scores**2))


def law_of_one(template: Any, coordinates: Any) -> Any:
    """The law that one network gives, coordinates (p,)."""
    return template.bind(coordinates)
