"""Cox's partial likelihood: value, gradient and information, and the parts of them that residuals are made of."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from survjax.cox.products import combined, cross_products, totals
from survjax.cox.rows import Rows
from survjax.cox.ties import Shares, shares

IN_CACHE = 1 << 17  # entries of columns worked on together
WIDEST = 600.0  # logarithms of partial hazards further apart are summed in parts: exp(-745) is 0


class Evaluation(NamedTuple):
    """The log partial likelihood, its gradient (p,) and its information, the negative Hessian, (p, p)."""

    value: float
    gradient: np.ndarray
    information: np.ndarray


class Part(NamedTuple):
    """Sums over the risk sets of failure times whose largest partial hazards are of a size.

    hazard : (n,) partial hazards in a unit common to the part. risk : (n,) the same times weight.
    shares : zero at the times of other parts, where the risk is put at 1. log_unit : (m,) the logarithm of the unit, 0 at other times.
    """

    hazard: np.ndarray
    risk: np.ndarray
    shares: Shares
    log_unit: np.ndarray


class Rises(NamedTuple):
    """How the cumulative hazard of a unit with all columns at 0 rises at each failure time.

    log : (m,) the logarithm of each rise. variance : (m,) of a rise with the coefficients given, as a share of its square. mean : (p, m) by
    how much a coefficient lowers ``log``: the mean of its column over the risk set, by hazard.
    """

    log: np.ndarray
    variance: np.ndarray
    mean: np.ndarray


class PartialLikelihood:
    r"""The log partial likelihood of coefficients beta,

    .. math:: \ell(\beta) = \sum_{i\ \mathrm{failed}} w_i x_i'\beta - \sum_k \sum_{l} c_{kl} \log(O_k + f_{kl} D_k)

    over failure times k of all strata, O being the sum of w exp(x'beta) over those at risk who outlive the time and D that over
    those who fail at it. Breslow (1974): f = 1. Efron (1977): f = 1 - l / W for the l-th of W tied failures, l = 0, 1, ... A weight counts
    units, so a row of weight 3 that fails is three tied failures.

    Parameters
    ----------
    matrix : (n, p) covariates, one row for each of the lifetimes; centred and of like size for the sake of rounding. rows : who is at
        risk. ties : "efron" or "breslow".

    Sums over risk sets are sums of positive terms only (``RiskSets``), and columns are centred within each stratum, which changes nothing.
    """

    def __init__(self, matrix: np.ndarray, rows: Rows, ties: str) -> None:
        self.rows, self.ties = rows, ties
        self.x = np.ascontiguousarray(matrix[rows.order].T)
        n_strata = len(rows.times.offsets) - 1
        edges = np.searchsorted(rows.stratum, np.arange(n_strata + 1))
        self.centres = np.zeros((n_strata, len(self.x)))
        held = np.flatnonzero(np.diff(edges))  # a stratum without failures has no rows here
        self.centres[held] = (np.add.reduceat(self.x, edges[held], axis=1) / np.diff(edges)[held]).T
        self.x -= self.centres.T[:, rows.stratum] if n_strata > 1 else self.centres.T

    def evaluate(self, beta: np.ndarray) -> Evaluation:
        """Value, gradient and information at beta (p,)."""
        information = np.zeros((len(beta), len(beta)))
        value, residual = self._residual(beta, information)
        return Evaluation(value, totals(self.x, residual), information)

    def slope(self, beta: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient alone, which many columns make much cheaper."""
        value, residual = self._residual(beta, None)
        return value, totals(self.x, residual)

    def _residual(self, beta: np.ndarray, information: np.ndarray | None) -> tuple[float, np.ndarray]:
        """The value, and of each row its failures less those expected, by weight (n,); the information is added to what is given."""
        rows, eta = self.rows, combined(beta, self.x)
        residual = np.zeros(len(eta))
        residual[rows.dead] = rows.weight[rows.dead]
        value = float(np.sum(residual * eta))
        for part in self._parts(eta):
            value -= float(np.sum(part.shares.log_risk) + np.sum(rows.times.failures * part.log_unit))
            expected = part.risk * self._collected(part.shares)
            residual -= expected
            if information is not None:
                information += self._information(part, expected)
        return value, residual

    def of_columns(self, chosen: np.ndarray) -> PartialLikelihood:
        """The likelihood of some of the columns (p,), the coefficients of the others being 0."""
        part = copy.copy(self)
        part.x, part.centres = self.x[chosen], self.centres[:, chosen]
        return part

    def upper_bound(self) -> float:
        """What the log-likelihood stays below whatever the partial hazards: at each failure those who fail have all the risk."""
        failures = self.rows.times.failures
        return -float(np.sum(shares(np.zeros(len(failures)), failures, failures, self.ties).log_risk))

    def weighted_information(self, beta: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """The information summed over failure times with a factor (m,) for each, which may be negative."""
        total = np.zeros((len(beta), len(beta)))
        for part in self._parts(combined(beta, self.x)):
            scaled = part.shares.times(factor)
            total += self._information(part._replace(shares=scaled), part.risk * self._collected(scaled))
        return total

    def rises(self, beta: np.ndarray) -> Rises:
        """Of the baselines: sum c / S at each failure time, with the variance sum c / S^2 (Tsiatis 1981, Annals of Statistics 9)."""
        strata, m = self.rows.times.stratum, len(self.rows.times.age)
        log, variance, mean = np.empty(m), np.empty(m), self.centres.T[:, strata]
        for part in self._parts(combined(beta, self.x)):
            sums, here = part.shares, part.shares.hazard > 0
            size = np.where(here, sums.hazard * sums.risk, 1.0)
            log[here] = np.log(sums.hazard[here]) - part.log_unit[here]
            variance[here] = (sums.outliving / size**2)[here]
            outliving, failing = self._moments(part)  # at the times of other parts the shares are 0
            outliving *= sums.outliving / size
            failing *= sums.mixed / size
            mean += outliving
            mean += failing
        return Rises(log - (self.centres @ beta)[strata], variance, mean)

    def expected(self, beta: np.ndarray) -> np.ndarray:
        """The failures expected of a unit of each row, (n,) in the order of ``rows``: its hazard summed over its time at risk."""
        eta = combined(beta, self.x)
        total = np.zeros(len(eta))
        for part in self._parts(eta):
            total += part.hazard * self._collected(part.shares)
        return total

    def scores(self, beta: np.ndarray) -> np.ndarray:
        """The gradient's part of a unit of each row, (p, n) in the order of ``rows``: sum of (x - mean of the risk set) dM.

        Therneau, Grambsch & Fleming (1990), Biometrika 77, and for ties as Efron takes them Therneau & Grambsch (2000), section 4.
        """
        rows = self.rows
        means = self.mean_at_failures(beta)
        total = np.zeros_like(self.x)
        total[:, rows.dead] = self.x[:, rows.dead] - means[:, rows.time]
        for part in self._parts(combined(beta, self.x)):
            outliving, failing = self._moments(part)
            sums = part.shares
            # hazard times mean of the risk set, for who outlives the failure time and for who fails at it
            drift = rows.collected(
                (sums.outliving * outliving + sums.mixed * failing) / sums.risk,
                (sums.mixed * outliving + sums.failing * failing) / sums.risk,
            )
            total -= part.hazard * (self.x * self._collected(part.shares) - drift)
        return total

    def hazard_scores(self, beta: np.ndarray, share: np.ndarray) -> np.ndarray:
        """By how much a unit of each row moves the logarithm of a sum of rises, the coefficients being held: (q, n).

        share : (q, m) of each rise in its sum. What a unit adds is its failure, less the hazard it had, each by the risk of all.
        """
        rows = self.rows
        total = np.zeros((len(share), len(rows.order)))
        total[:, rows.dead] = (share / rows.times.failures)[:, rows.time]
        for part in self._parts(combined(beta, self.x)):
            sums = part.shares
            by_risk = share / np.where(sums.hazard > 0, sums.hazard * sums.risk**2, np.inf)
            total -= part.hazard * rows.collected(by_risk * sums.outliving, by_risk * sums.mixed)
        return total

    def mean_at_failures(self, beta: np.ndarray) -> np.ndarray:
        """The mean of each column over the risk set of each failure time, by partial hazard; over tied failures the average, (p, m)."""
        means = np.zeros((len(beta), len(self.rows.times.age)))
        for part in self._parts(combined(beta, self.x)):
            outliving, failing = self._moments(part)
            risk = part.shares.risk
            means += part.shares.hazard * risk * outliving + part.shares.hazard_of_failing * risk * failing
        return means / self.rows.times.failures

    def spread_along(self, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Over each risk set, how far x'direction of those who fail lies below the largest (m,), and below it the least (m,).

        With the first all 0 the likelihood never falls along the direction; with the second all 0 it stays the same.
        """
        along = combined(direction, self.x)[None]
        outliving, highest = self.rows.summed(along, np.maximum, -np.inf)
        negative, lowest = self.rows.summed(-along, np.maximum, -np.inf)
        top = np.maximum(outliving, highest)[0]
        return top + lowest[0], top + np.maximum(negative, lowest)[0]

    # ---- sums

    def _parts(self, eta: np.ndarray) -> Iterator[Part]:
        largest = float(eta.max())
        if largest - float(eta.min()) <= WIDEST:
            yield self._part(np.exp(eta - largest), np.ones(len(self.rows.times.age), dtype=bool), largest)
            return
        top = np.maximum(*self.rows.summed(eta[None], np.maximum, -np.inf))[0]
        while np.isfinite(top).any():
            largest = float(top.max())
            chosen = top > largest - 0.5 * WIDEST
            # who lies above the unit is in none of the risk sets chosen
            yield self._part(np.exp(np.where(eta <= largest, eta - largest, -np.inf)), chosen, largest)
            top[chosen] = -np.inf

    def _part(self, hazard: np.ndarray, chosen: np.ndarray, unit: float) -> Part:
        risk = self.rows.weight * hazard
        (outliving,), (failing,) = self.rows.summed(risk[None])
        failures = self.rows.times.failures
        if chosen.all():
            return Part(hazard, risk, shares(outliving, failing, failures, self.ties), np.full(len(chosen), unit))
        sums = Shares(np.ones(len(chosen)), *np.zeros((len(Shares._fields) - 1, len(chosen))))
        for column, values in zip(sums, shares(outliving[chosen], failing[chosen], failures[chosen], self.ties), strict=True):
            column[chosen] = values
        return Part(hazard, risk, sums, np.where(chosen, unit, 0.0))

    def _collected(self, sums: Shares) -> np.ndarray:
        """The baseline hazard over the time at risk of each row, (n,)."""
        return self.rows.collected(sums.hazard[None], sums.hazard_of_failing[None])[0]

    def _moments(self, part: Part) -> tuple[np.ndarray, np.ndarray]:
        """Sums of risk times columns over who outlives and who fails at each failure time, by the risk of all, (p, m) each."""
        p, m = len(self.x), len(part.shares.risk)
        outliving, failing = np.empty((p, m)), np.empty((p, m))
        at_once = max(1, IN_CACHE // len(part.risk))
        for first in range(0, p, at_once):
            some = slice(first, first + at_once)
            outliving[some], failing[some] = self.rows.summed(part.risk * self.x[some])
        outliving /= part.shares.risk
        failing /= part.shares.risk
        return outliving, failing

    def _information(self, part: Part, expected: np.ndarray) -> np.ndarray:
        outliving, failing = self._moments(part)
        sums = part.shares
        total = cross_products(self.x, self.x, expected)
        if sums.outliving is sums.failing:  # no ties to be taken apart
            outliving += failing
            return total - cross_products(outliving, outliving, sums.outliving)
        mixed = cross_products(outliving, failing, sums.mixed)
        total -= cross_products(outliving, outliving, sums.outliving)
        return total - mixed - mixed.T - cross_products(failing, failing, sums.failing)
