"""How unsure a baseline is: of sums of its rises, which are what cumulative hazards and remaining lives are made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from survjax.cox.baseline import blocks
from survjax.cox.fit import CoxFit, Kept

LOST = 1e-4  # a difference of sums that is less of them has lost so many of their sixteen digits, its square twice as many
LEAST = 1e-100  # of the largest rise: below it squares are no numbers any more


class Doubt(NamedTuple):
    r"""What is unsure of the logarithms of sums of rises (q,), each :math:`L = \sum_k \rho_k\,dH_k`.

    The hazard of a unit of standardised covariates z is :math:`e^{z'\beta}` times the baseline, so that the logarithm of its sum moves by
    :math:`(z - \bar z)'d\beta` with the coefficients, :math:`\bar z` being the mean of risk sets over the sum, and beside that as the
    baseline does with the coefficients held (Tsiatis 1981, Annals of Statistics 9; Andersen & Gill 1982, Annals of Statistics 10).

    own : (q,) the variance with the coefficients held. mean : (q, p) :math:`\bar z`. shared : (q, p) covariance with the coefficients: 0 by
    the model, not so for robust errors.
    """

    own: np.ndarray
    mean: np.ndarray
    shared: np.ndarray

    def variance(self, of: np.ndarray, z: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Of the logarithm of sum ``of`` (c,) of a unit z (c, p): (c,)."""
        apart = z - self.mean[of]
        with_coefficients = np.einsum("cp,pq,cq->c", apart, covariance, apart, optimize=True)
        # a sum of squares, taken apart: where it is 0 rounding may leave it below
        return np.maximum(self.own[of] + 2.0 * np.einsum("cp,cp->c", apart, self.shared[of]) + with_coefficients, 0.0)


class Doubts:
    """The doubts of a fit; robust ones need the data of the fit.

    Raises
    ------
    ValueError : the fit has a lasso, or robust errors and no data.
    """

    def __init__(self, fit: CoxFit, kept: Kept | None) -> None:
        if fit.covariance is None:
            raise ValueError("a lasso has no standard errors, so that nothing has limits: use l1_ratio=0, or a bootstrap.")
        self.fit, self.kept, self.covariance = fit, None, fit.covariance
        if fit.errors == "robust":
            if kept is None:
                raise ValueError(
                    'robust limits of predictions are made of what each unit of the data adds (errors="robust"), and this model was '
                    'loaded, its data are not with it: fit it again. Those of "coefficients" are there.'
                )
            self.kept, self.influence = kept, kept.influence(fit.maximum.beta, fit.curvature)

    @property
    def width(self) -> int:
        """How many numbers one sum of rises is worked out from."""
        return len(self.fit.age) if self.kept is None else max(len(self.fit.age), len(self.kept.likelihood.rows.order))

    def of(self, stratum: int, log_weight: np.ndarray, first: int = 0) -> tuple[np.ndarray, Doubt]:
        """The logarithms of sums (q,) of a stratum's rises with these weights (q, k), and their doubt; each has a weight above 0.

        first : the rise that the first weight is of.
        """
        begin = self.fit.offsets[stratum] + first
        times = slice(begin, begin + log_weight.shape[1])
        rises = self.fit.rises
        terms = rises.log[times] + log_weight
        total = logsumexp(terms, axis=1)
        share = np.exp(terms - total[:, None])
        mean = share @ rises.mean[:, times].T
        if self.kept is None:
            return total, Doubt(share**2 @ rises.variance[times], mean, np.zeros_like(mean))
        of_all = np.zeros((len(share), len(self.fit.age)))
        of_all[:, times] = share
        moved = self.kept.by_unit(self.kept.likelihood.hazard_scores(self.fit.maximum.beta, of_all))
        return total, Doubt(np.einsum("qu,qu->q", moved, moved), mean, moved @ self.influence.T)

    def of_spans(self, stratum: int, first: np.ndarray, last: np.ndarray) -> Doubt:
        """The doubt of the sums (q,) of a stratum's rises first, ..., last - 1, each of one rise or more."""
        times = slice(self.fit.offsets[stratum], self.fit.offsets[stratum + 1])
        rises, q = self.fit.rises, len(first)
        step = np.exp(rises.log[times] - rises.log[times].max())
        up_to = [np.cumsum(np.append(np.zeros((len(one), 1)), one, axis=1), axis=1) for one in (step[None], step * rises.mean[:, times])]
        total, mean = (one[:, last] - one[:, first] for one in up_to)
        squares = np.append(0.0, np.cumsum(step**2 * rises.variance[times]))
        with np.errstate(invalid="ignore", divide="ignore"):  # where nothing is left, see below
            doubt = Doubt((squares[last] - squares[first]) / total[0] ** 2, (mean / total).T, np.zeros((q, len(mean))))
        # a sum of which the difference has too few digits, and a robust one, is worked out by itself
        alone = np.flatnonzero((total[0] <= np.maximum(LOST * up_to[0][0, last], LEAST)) | (self.kept is not None))
        number = np.arange(len(step))
        for block in blocks(len(alone), self.width):
            some = alone[block]
            within = (number >= first[some, None]) & (number < last[some, None])
            for column, found in zip(doubt, self.of(stratum, np.where(within, 0.0, -np.inf))[1], strict=True):
                column[some] = found
        return doubt
