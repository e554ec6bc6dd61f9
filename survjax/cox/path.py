"""What a penalty does at each strength: a path of penalised fits, each begun where the one before ended."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.cox.ascent import Maximum, maximise
from survjax.cox.fit import read_problem
from survjax.cox.penalty import ElasticNet
from survjax.models.hazard_scaling import PenaltyPath
from survjax.regression.strengths import CLOSE

LEAST_LASSO = 0.001  # a ridge begins where a lasso of this share would keep nothing, as in glmnet
BEYOND = 1e-9  # of the first strength: at the largest gradient itself rounding decides whether a column is kept


def path_of(
    X: Any, y: Any, unit: Any, strata: Any, formula: str | None, ties: str, l1_ratio: float, n_strengths: int, smallest: float
) -> PenaltyPath:
    """As ``CoxProportionalHazards.path``."""
    import pandas as pd

    if not (isinstance(n_strengths, (int, np.integer)) and n_strengths >= 2 and 0 < smallest < 1):
        raise ValueError(f"a path has at least 2 strengths, and smallest is between 0 and 1; got {n_strengths!r} and {smallest!r}.")
    problem = read_problem(X, y, unit, strata, formula, ties)
    likelihood, design = problem.kept.likelihood, problem.design
    at_zero = likelihood.evaluate(np.zeros(len(design.names)))
    largest = float(np.abs(at_zero.gradient).max()) / max(l1_ratio, LEAST_LASSO) * (1.0 + BEYOND)
    strengths = largest * np.geomspace(1.0, smallest, n_strengths)
    bound = likelihood.upper_bound()
    found: list[Maximum] = []
    gaps = []
    close = CLOSE * float(likelihood.rows.times.failures.sum())
    for strength in strengths:
        net = ElasticNet(strength * l1_ratio, strength * (1.0 - l1_ratio))
        found.append(maximise(likelihood, net, design.names, at_zero, found[-1] if found else None, close))
        gaps.append(net.duality_gap(found[-1].beta, found[-1].here.value, found[-1].here.gradient, bound))
    index = pd.Index(strengths, name="strength")
    table = pd.DataFrame(
        {
            "log-likelihood": [one.here.value for one in found],
            "columns kept": [np.count_nonzero(one.beta) for one in found],
            "duality gap": gaps,
            "steps": [one.n_steps for one in found],
        },
        index=index,
    )
    return PenaltyPath(pd.DataFrame([one.beta / design.spread for one in found], index=index, columns=list(design.names)), table)
