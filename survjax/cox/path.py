"""What a penalty does at each strength: a path of penalised fits, each begun where the one before ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from survjax.cox.ascent import Maximum, maximise
from survjax.cox.fit import Labels, read_problem
from survjax.cox.partial_likelihood import Evaluation, PartialLikelihood
from survjax.cox.penalty import ElasticNet
from survjax.regression.penalty_path import PenaltyPath
from survjax.regression.strengths import CLOSE

LEAST_LASSO = 0.001  # a ridge begins where a lasso of this share would keep nothing, as in glmnet
BEYOND = 1e-9  # of the first strength: at the largest gradient itself rounding decides whether a column is kept


def path_of(
    X: Any, y: Any, labels: Labels, formula: str | None, ties: str, l1_ratio: float, n_strengths: int, smallest: float
) -> PenaltyPath:
    """As ``CoxProportionalHazards.path``."""
    import pandas as pd

    if not (isinstance(n_strengths, (int, np.integer)) and n_strengths >= 2 and 0 < smallest < 1):
        raise ValueError(f"a path has at least 2 strengths, and smallest is between 0 and 1; got {n_strengths!r} and {smallest!r}.")
    problem = read_problem(X, y, labels, formula, ties)
    likelihood, design = problem.kept.likelihood, problem.design
    at_zero = likelihood.evaluate(np.zeros(len(design.names)))
    largest = float(np.abs(at_zero.gradient).max()) / max(l1_ratio, LEAST_LASSO) * (1.0 + BEYOND)
    strengths = largest * np.geomspace(1.0, smallest, n_strengths)
    nets = [ElasticNet(strength * l1_ratio, strength * (1.0 - l1_ratio)) for strength in strengths]
    close, bound = CLOSE * float(likelihood.rows.times.failures.sum()), likelihood.upper_bound()
    found = [Place(np.zeros(len(design.names)), at_zero.value, at_zero.gradient, 0)]
    for net, before in zip(nets, [nets[0], *nets[:-1]], strict=True):
        found.append(_next(likelihood, net, before, found[-1], at_zero, design.names, close))
    found = found[1:]
    index = pd.Index(strengths, name="strength")
    table = pd.DataFrame(
        {
            "log-likelihood": [one.value for one in found],
            "columns kept": [np.count_nonzero(one.beta) for one in found],
            "duality gap": [net.duality_gap(one.beta, one.value, one.gradient, bound) for net, one in zip(nets, found, strict=True)],
            "steps": [one.n_steps for one in found],
        },
        index=index,
    )
    return PenaltyPath(pd.DataFrame([one.beta / design.spread for one in found], index=index, columns=list(design.names)), table)


class Place(NamedTuple):
    """Coefficients (p,), the log-likelihood and its gradient (p,) there, and the steps it took to get there."""

    beta: np.ndarray
    value: float
    gradient: np.ndarray
    n_steps: int


def _next(
    likelihood: PartialLikelihood,
    net: ElasticNet,
    before: ElasticNet,
    last: Place,
    at_zero: Evaluation,
    names: Sequence[str],
    close: float,
) -> Place:
    """The maximum at the next strength, of the columns that it is likely to keep, until no other asks to come in.

    Which are likely: the strong rule of Tibshirani et al. (2012), Journal of the Royal Statistical Society B 74. It may err, and is looked
    after.
    """
    beta, value, gradient, n_steps = last.beta.copy(), last.value, last.gradient, 0
    likely = (beta != 0.0) | (np.abs(gradient) >= 2.0 * net.lasso - before.lasso)
    while likely.any():
        some = likelihood.of_columns(likely)
        at_zero_of_some = Evaluation(at_zero.value, at_zero.gradient[likely], at_zero.information[np.ix_(likely, likely)])
        start = Maximum(beta[likely], some.evaluate(beta[likely]), at_zero_of_some, 0, np.inf)
        found = maximise(some, net, [name for name, kept in zip(names, likely, strict=True) if kept], at_zero_of_some, start, close)
        beta[likely] = found.beta
        value, gradient = likelihood.slope(beta)
        n_steps += found.n_steps
        missed = ~likely & (np.abs(gradient) > net.lasso)
        if not missed.any():
            break
        likely |= missed
    return Place(beta, value, gradient, n_steps)
