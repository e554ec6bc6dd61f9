"""Where a fit may begin of a law that does not say: parameters at which it looks about like a Weibull of the same centre and spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.numerics.programs import program
from survjax.parameters import Domain, RealDomain

if TYPE_CHECKING:
    from survjax.distributions.distribution import Distribution

EULER = 0.5772156649015329
LOG_HAZARDS = np.log([0.02, 0.1, 0.35, 0.7, 1.2, 2.5])  # cumulative, at which the two are compared
CANDIDATES = 128  # a round; with four rounds within some tenth of a law of three parameters
REACHES = (1.5, 0.7, 0.3, 0.1)  # of the rounds, in logarithms, around the best of the one before
DIFFERENT = 20.0  # log cumulative hazards further apart count alike, so that one age in a tail does not decide


def scanned_start(law: Distribution, centre: float, spread: float) -> dict[str, Any]:
    """Values of the law's own parameters, each a number; known ones are held.

    Parameters
    ----------
    law : one without parts; what is None is looked for.
    centre, spread : mean and standard deviation of log time; on the whole real line of time itself.

    Parameters are tried at random, always the same ones: for a positive one factors of the unit of the data where it has one, of 1
    elsewhere; for one of any number values about 0, or about the centre where it is a time.
    """
    on_the_line = law.start_of_support != 0.0
    names = [name for name, kind in law.field_kinds().items() if isinstance(kind, Domain)]
    typical = spread if on_the_line else math.exp(centre)

    def values_at(points: np.ndarray) -> np.ndarray:
        return np.stack([_value(law, name, points[:, k], centre, typical, on_the_line) for k, name in enumerate(names)], axis=1)

    sigma = spread * math.sqrt(6.0) / math.pi
    places = centre + EULER * sigma + sigma * LOG_HAZARDS
    ages = places if on_the_line else np.exp(places)
    random = np.random.default_rng(0)
    best, best_misfit = np.zeros(len(names)), math.inf
    for reach in REACHES:
        points = best + reach * np.vstack([np.zeros(len(names)), random.normal(size=(CANDIDATES - 1, len(names)))])
        misfits = np.asarray(_misfits(law, values_at(points), ages))
        place = int(np.argmin(misfits))
        if misfits[place] < best_misfit:
            best, best_misfit = points[place], float(misfits[place])
    return dict(zip(names, values_at(best[None])[0].tolist(), strict=True))


def _value(law: Distribution, name: str, coordinate: np.ndarray, centre: float, typical: float, on_the_line: bool) -> np.ndarray:
    known = getattr(law, name)
    if known is not None:
        return np.full(len(coordinate), float(known))
    kind = law.field_kinds()[name]
    if on_the_line and isinstance(kind, RealDomain) and kind.time_power == 1:
        return centre + typical * coordinate
    return np.asarray(kind.rescaled(np.asarray(kind.from_real(coordinate)), typical))


@program
def _misfits(law: Any, values: Any, ages: Any) -> Any:
    """For each candidate (c, m) how far its log cumulative hazards are from those wanted; infinite where one cannot be told."""

    def misfit(own):
        candidate = law.with_values(own)
        away = jnp.log(-jax.vmap(candidate.log_survival)(ages)) - LOG_HAZARDS
        return jnp.sum(jnp.where(jnp.isnan(away), jnp.inf, jnp.minimum(away**2, DIFFERENT**2)))

    return jax.vmap(misfit)(values)
