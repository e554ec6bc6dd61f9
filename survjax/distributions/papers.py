"""Probability papers: the axes on which a distribution is a straight line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri


@dataclass(frozen=True)
class Paper:
    """A scale for ages and a scale for the share failed.

    Attributes
    ----------
    name : as it is printed on the paper.
    logarithmic : whether ages are drawn by their logarithms.
    height : the share failed, in (0, 1), to its height on the paper: the quantile of the standard law. NumPy, elementwise.
    share : the inverse of ``height``.
    from_origin : whether every line passes through age 0 at height 0, so that its slope alone is free.

    References
    ----------
    Nelson (1982), Applied Life Data Analysis, chapter 3. Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 6.
    """

    name: str
    logarithmic: bool
    height: Callable
    share: Callable
    from_origin: bool = False

    def place(self, age: np.ndarray) -> np.ndarray:
        """Where an age stands on the paper."""
        return np.log(age) if self.logarithmic else np.asarray(age, dtype=float)

    def age(self, place: np.ndarray) -> np.ndarray:
        """The inverse of ``place``."""
        return np.exp(place) if self.logarithmic else np.asarray(place, dtype=float)


def _hazard(share):
    return -np.log1p(-share)


def _share_of_hazard(height):
    return -np.expm1(-height)


def _smallest(share):
    return np.log(_hazard(share))


def _share_of_smallest(height):
    return -np.expm1(-np.exp(height))


def _largest(share):
    return -np.log(-np.log(share))


def _share_of_largest(height):
    return np.exp(-np.exp(-height))


EXPONENTIAL = Paper("Exponential", False, _hazard, _share_of_hazard, from_origin=True)
WEIBULL = Paper("Weibull", True, _smallest, _share_of_smallest)
SMALLEST_EXTREME_VALUE = Paper("Smallest-extreme-value", False, _smallest, _share_of_smallest)
FRECHET = Paper("Fréchet", True, _largest, _share_of_largest)
LARGEST_EXTREME_VALUE = Paper("Largest-extreme-value", False, _largest, _share_of_largest)
LOGNORMAL = Paper("Lognormal", True, ndtri, ndtr)
NORMAL = Paper("Normal", False, ndtri, ndtr)
LOGLOGISTIC = Paper("Log-logistic", True, logit, expit)
LOGISTIC = Paper("Logistic", False, logit, expit)
