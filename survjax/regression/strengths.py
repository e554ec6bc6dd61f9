"""How strong a penalty on the score is to be: all strengths in turn, and what each is worth for units held out."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from survjax.errors import NotConverged
from survjax.regression.latent_score import LatentScore, Penalty, Solution

CLOSE = 1e-7  # duality gap per failure along a path: a thousandth of what tells two strengths apart
MANY, SMALLEST = 50, 1e-3  # strengths, and the last of them as a share of the first


def strengths_of(score: LatentScore, l1_ratio: float, n_strengths: int = MANY, smallest: float = SMALLEST) -> np.ndarray:
    """Strengths (k,) in even steps of their logarithm, from the largest worth asking down to ``smallest`` of it."""
    return score.largest_strength(l1_ratio) * np.geomspace(1.0, smallest, n_strengths)


def solutions(score: LatentScore, strengths: np.ndarray, l1_ratio: float) -> list[Solution]:
    """The score at each strength, each begun where the one before ended, with its curvature.

    Raises
    ------
    NotConverged : the certificate was not reached at some strength.
    """
    found: list[Solution] = []
    for strength in strengths:
        start, hessian = (found[-1].coefficients, found[-1].hessian) if found else (None, None)
        one = score.minimise(Penalty(strength, l1_ratio), start, hessian, tolerance=CLOSE)
        if one.reason not in ("converged", "at_rounding_floor"):
            raise NotConverged(f"the score stopped short of its minimum at strength {strength:g}: {one.reason}, after {one.n_steps} steps.")
        found.append(one)
    return found


class HeldOut(NamedTuple):
    """Of each strength (k,) the mean log-likelihood a unit held out, its standard error over folds, and the number of columns kept.

    ``best`` is the strength of the highest mean; ``strictest`` the largest one whose mean is within one standard error of that.
    """

    strengths: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    kept: np.ndarray
    best: float
    strictest: float


def held_out(
    score: LatentScore, log_hazard: np.ndarray, groups: np.ndarray, counts: np.ndarray, l1_ratio: float, folds: int, seed: int
) -> HeldOut:
    """What each strength is worth, by cross-validation in which all rows of a unit are in one fold.

    Parameters
    ----------
    log_hazard : (n,) of the base at failures, 0 elsewhere. groups : (n,) the unit of each row, from 0; counts : (k,) weights of units.

    Raises
    ------
    ValueError : fewer units than folds; a fold without which nobody failed, or nobody was seen alive.
    """
    if not 2 <= folds <= len(counts):
        raise ValueError(f"folds must be at least 2 and at most the number of units, {len(counts)}; got {folds}.")
    fold_of = np.random.default_rng(seed).permutation(len(counts)) % folds
    strengths = strengths_of(score, l1_ratio)
    whole = solutions(score, strengths, l1_ratio)
    means, sizes = np.zeros((folds, len(strengths))), np.bincount(fold_of, counts)
    for fold in range(folds):
        out = (fold_of == fold)[groups]
        train = _rows(score, ~out, float(counts.sum() - sizes[fold]))
        if not train.n_failed or not train.lived.any():
            raise ValueError(
                f"without fold {fold} of {folds} no unit failed, or none was seen alive: take fewer folds, or give the penalty."
            )
        test = _rows(score, out, sizes[fold])
        constant = test.weights @ log_hazard[out] / sizes[fold]
        means[fold] = [constant - test.loss(one.coefficients) for one in solutions(train, strengths, l1_ratio)]
    mean = sizes @ means / sizes.sum()
    error = np.std(means, axis=0, ddof=1) / np.sqrt(folds)
    best = int(np.argmax(mean))
    strictest = strengths[mean >= mean[best] - error[best]].max()
    kept = np.array([np.count_nonzero(one.coefficients[1:]) for one in whole])
    return HeldOut(strengths, mean, error, kept, float(strengths[best]), float(strictest))


def _rows(score: LatentScore, told: np.ndarray, n_units: float) -> LatentScore:
    """The problem of some of the rows."""
    names = ("columns", "weights", "lived", "between", "failed", "within")
    return dataclasses.replace(score, n_units=n_units, **{name: getattr(score, name)[told] for name in names})
