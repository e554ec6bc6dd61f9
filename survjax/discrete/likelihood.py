"""The simulated likelihood of a discrete-time hazard: what it says of one unit, and the units as columns of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.discrete.periods import Pieces
from survjax.fitting.simulated_likelihood import SimulatedLogLikelihood, normal_draws
from survjax.numerics.special import log1mexp

LINKS = ("logit", "cloglog")
FEWEST_PIECES = 8  # to which few are padded, so that another number of periods does not compile again


def hazard_of_period(link: str, score: Any) -> Any:
    """The cumulative hazard of a whole period, -log(1 - h), of a score that is the log-odds of h or log(-log(1 - h))."""
    return jax.nn.softplus(score) if link == "logit" else jnp.exp(score)


def scores(parameters: Mapping[str, Any], draw: Any, periods: Any, covariates: Any, own: Any) -> Any:
    """The score of each piece (m,): its period's level, what covariates (m, p) add, and what of it is the unit's own, (m, q)."""
    fixed = (parameters["baseline"] @ parameters["level"])[periods] + covariates @ parameters["coefficient"]
    return fixed + own @ (parameters["spread"] * draw) if "spread" in parameters else fixed


@dataclass(frozen=True)
class UnitLogLikelihood:
    r"""``log_likelihood(parameters, row)`` of a unit, averaged over its draws of the random coefficients.

    .. math:: \log \frac{\sum_r e^{-\Lambda_r(e)}\,e^{-(\Lambda_r(s) - \Lambda_r(e))}\,(1 - e^{-(\Lambda_r(u) - \Lambda_r(s))})}
              {\sum_r e^{-\Lambda_r(e)}}

    of a unit that came under observation at age e, was alive at s and had failed by u, of which the last factor is there where it failed.
    """

    link: str

    def __call__(self, parameters: Mapping[str, Any], row: Mapping[str, Any]) -> Any:
        seen = SimulatedLogLikelihood(self.seen)(parameters, row)
        return seen - SimulatedLogLikelihood(self.entered)(parameters, row) if "before" in row else seen

    def _hazards(self, parameters: Mapping[str, Any], draw: Any, row: Mapping[str, Any]) -> Any:
        return hazard_of_period(self.link, scores(parameters, draw, row["period"], row["covariates"], row["own"]))

    def entered(self, parameters: Mapping[str, Any], draw: Any, row: Mapping[str, Any]) -> Any:
        """Given a draw, the logarithm of the probability of surviving until it came under observation."""
        return -row["before"] @ self._hazards(parameters, draw, row)

    def seen(self, parameters: Mapping[str, Any], draw: Any, row: Mapping[str, Any]) -> Any:
        """Given a draw, the logarithm of the probability of that, and of what then became of it."""
        hazards = self._hazards(parameters, draw, row)
        alive = row["survived"] + row["before"] if "before" in row else row["survived"]
        failed = row["failed"] > 0
        collected = jnp.where(failed, row["failing"] @ hazards, 1.0)
        return jnp.where(failed, log1mexp(-collected), 0.0) - alive @ hazards


def balanced_draws(n_units: int, n_draws: int, n_random: int, seed: int) -> np.ndarray:
    """Standard normals (n_units, n_draws, n_random) of which each comes with every pattern of signs.

    With them the simulated likelihood is exactly even in each spread by itself, so that a spread has no sign and 0 is stationary.

    Raises
    ------
    ValueError : ``n_draws`` is no multiple of the 2^n_random patterns.
    """
    if n_random == 0:
        return np.zeros((n_units, 1, 0))
    patterns = np.array(list(product((1.0, -1.0), repeat=n_random)))
    if n_draws < len(patterns) or n_draws % len(patterns):
        raise ValueError(
            f"n_draws must be a multiple of {len(patterns)}, since with {n_random} random coefficients each draw comes with that many "
            f"patterns of signs; got {n_draws!r}."
        )
    each = n_draws // len(patterns)
    drawn = normal_draws(n_units, 2 * each, n_random, seed=seed)[:, :each]
    return np.concatenate([pattern * drawn for pattern in patterns], axis=1)


def unit_columns(
    pieces: Pieces, codes: np.ndarray, failed: np.ndarray, covariates: np.ndarray, own: np.ndarray, late: bool
) -> dict[str, Any]:
    """The pieces side by side for each unit, padded to as many as the longest has: what ``UnitLogLikelihood`` calls a row, but for draws.

    Parameters
    ----------
    codes, failed (n,) : the unit of each row, and whether the row ended in a failure. covariates (n, p), own (n, q) : of each row, inside.
    late : whether it matters what was before observation.
    """
    kept = np.ones(len(pieces.row), dtype=bool) if late else pieces.before == 0
    row = pieces.row[kept]
    unit = codes[row]
    order = np.argsort(unit, kind="stable")
    row, unit = row[order], unit[order]
    n = int(codes.max()) + 1
    counts = np.bincount(unit, minlength=n)
    place = np.arange(len(unit)) - (np.cumsum(counts) - counts)[unit]
    width = max(FEWEST_PIECES, 1 << max(int(counts.max(initial=1)) - 1, 0).bit_length())

    def side_by_side(column: np.ndarray) -> np.ndarray:
        wide = np.zeros((n, width, *column.shape[1:]), column.dtype)
        wide[unit, place] = column
        return wide

    names = ("before", "survived", "failing") if late else ("survived", "failing")
    columns = {name: side_by_side(getattr(pieces, name)[kept][order]) for name in names}
    columns["period"] = side_by_side(pieces.period[kept][order].astype(np.int64))
    return columns | {
        "covariates": side_by_side(covariates[row]),
        "own": side_by_side(own[row]),
        "failed": np.bincount(codes, failed, minlength=n),
    }
