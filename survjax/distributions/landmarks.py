"""Where the density of a law bends: between such times ahead quadrature may take it as smooth."""

from __future__ import annotations

from functools import singledispatch

import jax.numpy as jnp
import numpy as np

from survjax.distributions.competing_risks import CompetingRisks
from survjax.distributions.defective_subpopulation import DefectiveSubpopulation
from survjax.distributions.distribution import Distribution
from survjax.distributions.fields import ConstantKind
from survjax.distributions.mixture import Mixture
from survjax.distributions.scaled_hazard import ScaledHazard
from survjax.distributions.scaled_time import ScaledTime
from survjax.distributions.threshold import Threshold

# Beyond a threshold time counts anew, and over the time ahead of an age before it no power of that time is smooth: short stretches.
_BEYOND_A_THRESHOLD = np.geomspace(1e-9, 0.3, 32)


@singledispatch
def landmarks(law: Distribution, start, levels):
    """Durations (m,) after age ``start``, in no order, some infinite, some negative.

    For a law with parameters of its own: by when it has collected each of the cumulative hazards ``levels`` (l,), and the ages at which
    its density may jump. For what is made of others: theirs, since a mixture bends where one of its components dies out, whatever
    cumulative hazard of the whole that is.
    """
    return jnp.concatenate([law.duration_after(start, levels), *_jumps(law, start)])


@landmarks.register(Mixture)
@landmarks.register(DefectiveSubpopulation)
@landmarks.register(CompetingRisks)
def _of_parts(law, start, levels):
    return jnp.concatenate([landmarks(part, start, levels) for part in law.parts()])


@landmarks.register
def _of_scaled_hazard(law: ScaledHazard, start, levels):
    bends = [landmarks(law.of, start, levels)] if law.of.parts() else _jumps(law.of, start)
    return jnp.concatenate([law.duration_after(start, levels), *bends])


@landmarks.register
def _of_scaled_time(law: ScaledTime, start, levels):
    pace = jnp.exp(-law.score)
    return landmarks(law.of, start * pace, levels) / pace


@landmarks.register
def _of_threshold(law: Threshold, start, levels):
    waited = law.threshold - start
    # of a unit beyond the threshold the law's own age, of another what is still to come
    since = jnp.maximum(-waited, 0.0)
    levels = jnp.concatenate([levels, jnp.asarray(_BEYOND_A_THRESHOLD, levels.dtype)])
    return jnp.concatenate([waited[None], landmarks(law.of, since, levels) + jnp.maximum(waited, 0.0)])


def _jumps(law: Distribution, start) -> list:
    """The constants of a law that are ages, counted from ``start``."""
    kinds = law.field_kinds().items()
    return [jnp.ravel(getattr(law, name)) - start for name, kind in kinds if isinstance(kind, ConstantKind) and kind.time_power == 1]
