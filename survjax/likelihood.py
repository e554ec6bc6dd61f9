"""The one likelihood: what each kind of row contributes, whatever the distribution.

A failure at age t contributes log f(t), a unit still running at t log S(t), and delayed entry at age e takes log S(e)
away, each times its weight. The entry term is a row of its own, of the kind of a running unit with negative weight, so
that nobody pays for terms that his rows do not have.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import jax.numpy as jnp
import numpy as np

from survjax.blocks import Chunk, Objective, chunks
from survjax.distributions import Distribution, Mixture
from survjax.lifetimes import Lifetimes

FAILED, SURVIVED = "failed", "survived"
QUARTILES = (0.25, 0.5, 0.75)


class Described(NamedTuple):
    """What comes along with the likelihood at each of L points.

    values (L, m) : the parameters; jacobian (L, m, p) of them in the point; quartiles (L, k, 3) of each component of a
    mixture, and failures (L, k), how many it has.
    """

    values: np.ndarray
    jacobian: np.ndarray
    quartiles: np.ndarray
    failures: np.ndarray


def row_log_likelihood(template: Distribution, point, kind: str, row):
    distribution = template.bind(point)
    rule = distribution.log_density_from if kind == FAILED else distribution.log_survival_from
    return rule(row["time"], row["log_time"])


def row_statistics(template: Distribution, point, kind: str, row):
    """For a mixture, which failures each component has: what tells an honest component from a spike."""
    if kind != FAILED or not isinstance(template, Mixture):
        return ()
    mixture = cast(Mixture, template.bind(point))
    return mixture.membership_of_failure(row["time"], row["log_time"])


def natural_parameters(template: Distribution, point):
    """All parameters in the user's terms, (m,)."""
    return template.bind(point).values()


def component_quartiles(template: Distribution, point):
    """The quartiles of the components of a mixture, (k, 3)."""
    if not isinstance(template, Mixture):
        return jnp.zeros((0, 3))
    mixture = cast(Mixture, template.bind(point))
    hazards = [-math.log1p(-probability) for probability in QUARTILES]
    return jnp.stack([jnp.stack([part.age_at(jnp.asarray(hazard)) for hazard in hazards]) for part in mixture.components])


LIKELIHOOD = Objective(row_log_likelihood, row_statistics, natural_parameters, component_quartiles)


def likelihood_chunks(life: Lifetimes, unit: float = 1.0, as_many_as: int = 0) -> list[dict[str, Chunk]]:
    """The rows of the likelihood, in blocks, with times in multiples of ``unit``; padded as ``as_many_as`` rows would be.

    Rows that contribute nothing whatever the parameters are left out: weight 0, and survival to age 0.
    """
    counts = life.counts()
    observed = life.event_observed
    kinds = {FAILED: (life.durations[observed], counts[observed]), SURVIVED: (life.durations[~observed], counts[~observed])}
    if life.entry is not None:
        late = life.entry > 0
        kinds[SURVIVED] = (
            np.concatenate([kinds[SURVIVED][0], life.entry[late]]),
            np.concatenate([kinds[SURVIVED][1], -counts[late]]),
        )
    rows = {}
    for kind, (times, weights) in kinds.items():
        told = (weights != 0) & (times > 0)
        if told.any():
            scaled = times[told] / unit
            rows[kind] = ({"time": scaled, "log_time": np.log(scaled)}, weights[told])
    return chunks(rows, as_many_as)
