"""How unsure a baseline is: of sums of its rises, which are what cumulative hazards and remaining lives are made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from survjax.cox.fit import CoxFit, Kept


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

    def of(self, stratum: int, log_weight: np.ndarray) -> tuple[np.ndarray, Doubt]:
        """The logarithms of the sums (q,) of a stratum's rises with these weights (q, m), and their doubt; each has a weight above 0."""
        times = slice(self.fit.offsets[stratum], self.fit.offsets[stratum + 1])
        rises = self.fit.rises
        terms = rises.log[times] + log_weight
        total = logsumexp(terms, axis=1)
        share = np.exp(terms - total[:, None])
        mean = share @ rises.mean[times]
        if self.kept is None:
            return total, Doubt(share**2 @ rises.variance[times], mean, np.zeros_like(mean))
        of_all = np.zeros((len(share), len(self.fit.age)))
        of_all[:, times] = share
        moved = self.kept.by_unit(self.kept.likelihood.hazard_scores(self.fit.maximum.beta, of_all))
        return total, Doubt(np.einsum("qu,qu->q", moved, moved), mean, moved @ self.influence.T)
