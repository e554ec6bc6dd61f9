"""The maximum of a penalised partial likelihood, by Newton steps; with a lasso, of the proximal kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from survjax.cox.existence import refuse_endless
from survjax.cox.partial_likelihood import Evaluation, PartialLikelihood
from survjax.cox.penalty import ElasticNet
from survjax.errors import NotConverged

# A step is judged by what it promises of log-likelihood, twice: step' curvature step, the square of its length in standard errors.
SMALL = 1e-20
FLOOR = 1e-10  # below this a promise that does not fall any more is rounding
UNSEEN = 1e-7  # a promise below this is lost in the rounding of a large log-likelihood; the step is taken
MOST_STEPS = 100
MOST_HALVINGS = 60
ROUNDING = 1e-14
EARLIEST_DOUBT = 5  # steps before it is asked whether the search has an end


class Maximum(NamedTuple):
    """beta (p,), what is known there and at 0, the number of steps, and by how much the first-order conditions fail (``ElasticNet``)."""

    beta: np.ndarray
    here: Evaluation
    at_zero: Evaluation
    n_steps: int
    violation: float


def maximise(
    likelihood: PartialLikelihood,
    penalty: ElasticNet,
    names: Sequence[str],
    at_zero: Evaluation,
    start: Maximum | None = None,
    gap: float = 0.0,
) -> Maximum:
    """The maximum of log-likelihood less penalty; it is concave, so the only one.

    names : of the columns. at_zero : the evaluation at beta = 0, where the search begins. start : another place to begin. gap : a duality
    gap that is small enough.

    Raises
    ------
    NoFiniteMaximum : without a penalty, the likelihood rises without end.
    NotConverged : the search stopped short of it.
    """
    free = penalty.lasso == 0.0 and penalty.ridge == 0.0
    beta, here = (np.zeros(len(likelihood.x)), at_zero) if start is None else (start.beta, start.here)
    last, bound = np.inf, likelihood.upper_bound() if gap else 0.0
    for n_steps in range(1, MOST_STEPS + 1):
        step = _step(penalty, beta, here, n_steps)
        promised = float(step @ here.information @ step) + penalty.ridge * float(step @ step)
        settled = promised <= SMALL or (promised <= FLOOR and promised > 0.25 * last)
        last = promised
        if not settled:
            beta, here = _taken(likelihood, penalty, beta, here, step, promised, n_steps)
        if free and (settled or n_steps >= EARLIEST_DOUBT):
            refuse_endless(likelihood, at_zero.information, here.information, here.gradient, step, names)
        settled |= gap > 0.0 and penalty.duality_gap(beta, here.value, here.gradient, bound) <= gap
        if settled:
            return Maximum(beta, here, at_zero, n_steps, penalty.violation(beta, here.gradient))
    raise NotConverged(f"no maximum of the partial likelihood was reached in {MOST_STEPS} steps; a penalty may help.", here)


def _step(penalty: ElasticNet, beta: np.ndarray, here: Evaluation, n_steps: int) -> np.ndarray:
    try:
        return penalty.step(beta, here.gradient, here.information)
    except np.linalg.LinAlgError:
        raise NotConverged(
            f"after {n_steps - 1} steps towards the maximum of the partial likelihood it has no curvature left; a penalty may help.",
            here,
        ) from None


def _taken(
    likelihood: PartialLikelihood,
    penalty: ElasticNet,
    beta: np.ndarray,
    here: Evaluation,
    step: np.ndarray,
    promised: float,
    n_steps: int,
) -> tuple[np.ndarray, Evaluation]:
    """The step, or the first of its halves that does not lose what it promised."""
    before = here.value - penalty.cost(beta)
    for halving in range(MOST_HALVINGS):
        share = 0.5**halving
        to = beta + share * step
        there = likelihood.evaluate(to)
        gain = there.value - penalty.cost(to) - before
        if np.isfinite(there.value) and (promised <= UNSEEN or gain >= 1e-4 * share * promised - ROUNDING * abs(before)):
            return to, there
    raise NotConverged(f"step {n_steps} towards the maximum of the partial likelihood gains nothing; a penalty may help.", here)
