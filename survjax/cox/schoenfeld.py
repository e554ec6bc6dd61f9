"""Whether hazards are proportional: Schoenfeld residuals and the test of coefficients that change with age."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import chdtrc

from survjax.cox.partial_likelihood import PartialLikelihood
from survjax.data.lifetimes import Lifetimes
from survjax.data.product_limit import product_limit


def _by_survival(life: Lifetimes, ages: np.ndarray) -> np.ndarray:
    curve = product_limit(life[life.counts() > 0].with_weights(np.ones(int(np.count_nonzero(life.counts() > 0)))))
    return 1.0 - np.concatenate([[1.0], curve.survival])[np.searchsorted(curve.time, ages)]


def _by_rank(life: Lifetimes, ages: np.ndarray) -> np.ndarray:
    times = np.sort(life.durations[life.counts() > 0])
    low, high = np.searchsorted(times, ages), np.searchsorted(times, ages, side="right")
    return 0.5 * (low + high + 1.0)


TRANSFORMS: dict[str, Callable[[Lifetimes, np.ndarray], np.ndarray]] = {
    "km": _by_survival,
    "rank": _by_rank,
    "identity": lambda life, ages: ages,
    "log": lambda life, ages: np.log(ages),
}


def function_of_age(transform: str, life: Lifetimes, ages: np.ndarray) -> np.ndarray:
    """g of ages at failure (m,) by which coefficients may change.

    Raises
    ------
    ValueError : no such transform; the logarithm of an age of 0 or less.
    """
    if transform not in TRANSFORMS:
        raise ValueError(f"transform must be one of {', '.join(map(repr, TRANSFORMS))}; got {transform!r}.")
    if transform == "log" and np.any(ages <= 0):
        raise ValueError(f"the logarithm needs ages above 0, and a unit failed at {ages.min():g}. Use transform='km' or 'rank'.")
    return TRANSFORMS[transform](life, ages)


def schoenfeld_residuals(likelihood: PartialLikelihood, beta: np.ndarray) -> np.ndarray:
    """Of each failure, covariates less their mean over the risk set: (p, d) in the order of ``rows.dead``."""
    rows = likelihood.rows
    return likelihood.x[:, rows.dead] - likelihood.mean_at_failures(beta)[:, rows.time]


def proportionality(
    likelihood: PartialLikelihood, beta: np.ndarray, age_function: np.ndarray, ridge: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score tests of terms x g(age), for each column by itself and for all together.

    The model with coefficients beta + theta g(t) is tested for theta = 0, with beta at its estimate (Grambsch & Therneau 1994,
    Biometrika 81; with the information of each age itself, as R's cox.zph since survival 3.0).

    age_function : (m,) g at each failure time. Returns the statistics (p + 1,), their degrees of freedom and p-values.
    """
    rows = likelihood.rows
    p = len(beta)
    g = age_function - age_function[rows.time].mean()
    score = (schoenfeld_residuals(likelihood, beta) * rows.weight[rows.dead]) @ g[rows.time]
    at_estimate = likelihood.evaluate(beta).information + ridge * np.eye(p)
    mixed = likelihood.weighted_information(beta, g)
    own = likelihood.weighted_information(beta, g * g)
    # the variance of the score given that of beta is 0: the Schur complement
    variance = own - mixed @ np.linalg.solve(at_estimate, mixed)
    statistics = np.append(score**2 / np.diag(variance), score @ np.linalg.solve(variance, score))
    freedom = np.append(np.ones(p), p)
    return statistics, freedom, chdtrc(freedom, statistics)
