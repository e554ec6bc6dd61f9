"""A base hazard from lifetimes alone, then a score that scales it; how sure both are, taken together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import ScaledHazard
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.fitting.estimation import ARRIVED, Fit, descend, pose, unit_of_time
from survjax.regression.base_hazard import BaseHazard
from survjax.regression.clusters import numbers_of
from survjax.regression.estimation import RegressionFit
from survjax.regression.latent_score import LatentScore, Penalty, Solution, failing
from survjax.regression.predictors import Predictor, Predictors
from survjax.regression.recession import direction_without_end

FLAT = 1e-6  # curvature of the loss in standardised columns, per failure, below which is asked: may coefficients run on for ever?
SINGULAR = 1e-12  # smallest eigenvalue, of the largest, of columns that say the same
REPLICATES = 200  # of a bootstrap: a standard error to 5 %
MOST_LOST = 0.1  # of them


@dataclass(frozen=True, eq=False)
class Stages:
    """The first stage, and what the second needs of it.

    Attributes
    ----------
    base : the fit to the lifetimes alone. hazard : what it has collected over each row.
    score : the problem of the second stage. groups (n,) : from 0, which unit each row is of.
    """

    base: Fit
    predictors: Predictors
    life: Lifetimes
    hazard: BaseHazard
    score: LatentScore
    groups: np.ndarray

    @classmethod
    def of(cls, base: Fit, design: Design, columns: np.ndarray, life: Lifetimes, unit: Any) -> Stages:
        """Rows of weight 0 are left out.

        Parameters
        ----------
        columns : (n, q) of the design, standardised. unit : (n,) labels, or None: a unit a row.
        """
        told = life.counts() > 0
        if not told.all():
            columns, life, unit = columns[told], life[told], None if unit is None else np.asarray(unit)[told]
        predictor = Predictor(base.template.n_coordinates(), "", design)
        groups = np.arange(len(life)) if unit is None else numbers_of(unit)
        hazard = BaseHazard.of(base.template, np.asarray(base.coordinates), life)
        n_units = float(group_weights(groups, life.counts()).sum())
        return cls(
            base, Predictors(ScaledHazard(base.template, None), (predictor,)), life, hazard, _score(hazard, columns, life, n_units), groups
        )

    def fit(self, penalty: Penalty, *, errors: str, seed: int, require_convergence: bool) -> tuple[RegressionFit, Solution]:
        """The second stage, and both as one fit.

        Parameters
        ----------
        errors : "sandwich", or "bootstrap" through both stages.

        Raises
        ------
        NoFiniteMaximum : some combination of columns tells all that failed from all that did not.
        NotConverged : the optimiser stopped short, or many replicates did.
        """
        if not self.hazard.lived.any():
            raise NoFiniteMaximum(
                "no estimate exists: every unit had failed when it was first looked at, so that no hazard is too high. Units seen alive "
                "are needed."
            )
        solution = self.score.minimise(penalty)
        fit = RegressionFit(
            predictors=self.predictors,
            coefficients=np.concatenate([self.base.coordinates, solution.coefficients]),
            covariance=np.full((len(self.base.coordinates) + len(solution.coefficients),) * 2, np.nan),
            log_likelihood=float(self.life.counts() @ self.hazard.log_hazard) - solution.loss * self.score.n_units,
            n_units=self.life.n_units,
            n_failed=self.life.n_failed,
            reason=solution.reason,
            n_steps=solution.n_steps,
            path=np.column_stack([np.tile(self.base.coordinates, (len(solution.path), 1)), solution.path]),
            notes=[f"base: {note}" for note in self.base.notes],
            penalty=penalty.at(solution.coefficients) * self.score.n_units,
        )
        self._check_it_ended(fit, solution, penalty, require_convergence)
        if fit.converged:
            self._refuse_collinear(solution, penalty)
            fit.covariance = self.sandwich(solution, penalty) if errors == "sandwich" else self.bootstrap(solution, penalty, seed)
        return fit, solution

    def _check_it_ended(self, fit: RegressionFit, solution: Solution, penalty: Penalty, require_convergence: bool) -> None:
        if not penalty.strength:
            point = self.score.at(solution.coefficients)
            assert point is not None
            least = np.linalg.eigvalsh(self.score.hessian(point))[0] * self.score.n_units / self.score.n_failed
            direction = direction_without_end(self.predictors, self.score.columns, self.life) if least < FLAT else None
            if direction is not None:
                raise NoFiniteMaximum(f"no estimate exists: {direction}", fit)
        if not fit.converged and require_convergence:
            raise NotConverged(f"the score stopped short of its minimum: {fit.reason}, after {fit.n_steps} steps. Give a penalty.", fit)

    def _refuse_collinear(self, solution: Solution, penalty: Penalty) -> None:
        """Refuse a lasso that has kept columns of which one is a combination of others, as no lasso says how they share."""
        if not penalty.strength or penalty.l2:
            return
        kept = np.flatnonzero(solution.coefficients)
        values = np.linalg.eigvalsh(solution.hessian[np.ix_(kept, kept)])
        if values[0] < SINGULAR * values[-1]:
            names = [self.predictors.each[0].names[index] for index in kept if index]
            raise ValueError(
                f"the lasso keeps columns that are collinear, among {', '.join(names)}: how they share an effect it leaves open. Give an "
                "l1_ratio below 1, which shares it evenly, or drop one of them."
            )

    # ---- how sure

    def sandwich(self, solution: Solution, penalty: Penalty) -> np.ndarray:
        r"""The covariance (p + q, p + q) of both stages as one set of estimating equations.

        Let :math:`u_i` be the derivative of a row's log-likelihood in the base, :math:`\psi_i` that of its loss in the score's
        coefficients, taken negative. To first order a row moves the base by :math:`\delta_i = I^{-1} u_i` and the score by
        :math:`A^{-1}(\psi_i + C \delta_i)`, with I the information of the first stage, A the curvature of the second, and
        :math:`C = \sum_i \partial\psi_i / \partial\theta` what the base's coordinates do to the second's equations (Newey & McFadden 1994,
        section 6). The covariance is the sum of squares of these moves, over units. A row of weight w counts as w rows. Of a lasso only
        the columns kept move.
        """
        hazard, score, base = self.hazard, self.score, self.base
        moved = self._base_scores() @ np.asarray(base.coordinate_covariance)
        scores = score.columns @ solution.coefficients
        slopes, _ = score.derivatives(scores)
        of_base = np.exp(scores)[:, None] * hazard.lived_slopes
        rows = np.flatnonzero(hazard.within)
        if len(rows):
            _, bend = failing(scores[rows] + np.log(hazard.between[rows]))
            of_base[rows] += (bend / hazard.between[rows])[:, None] * hazard.between_slopes[rows]
        crossed = -(score.columns * score.weights[:, None]).T @ of_base
        free = np.flatnonzero((solution.coefficients != 0) | (penalty.l1 == 0) | (np.arange(len(solution.coefficients)) == 0))
        point = score.at(solution.coefficients)
        assert point is not None
        curvature = score.n_units * (score.hessian(point) + penalty.l2 * np.diag(np.arange(len(solution.coefficients)) > 0))
        equations = -slopes[:, None] * score.columns[:, free] + moved @ crossed[free].T
        of_score = np.zeros((len(scores), len(solution.coefficients)))
        of_score[:, free] = np.linalg.solve(curvature[np.ix_(free, free)], equations.T).T
        moves = np.column_stack([moved, of_score]) * np.sqrt(score.weights)[:, None]
        by_unit = moves
        if len(self.groups) > self.groups.max() + 1:
            by_unit = np.zeros((self.groups.max() + 1, moves.shape[1]))
            np.add.at(by_unit, self.groups, moves)
        return by_unit.T @ by_unit

    def _base_scores(self) -> np.ndarray:
        """The derivative (n, p) of each row's log-likelihood in the base's coordinates, for a unit of its weight."""
        hazard = self.hazard
        scores = hazard.log_hazard_slopes - hazard.lived_slopes
        rows = np.flatnonzero(hazard.within)
        ahead = hazard.between[rows]
        scores[rows] += (np.exp(-ahead) / -np.expm1(-ahead))[:, None] * hazard.between_slopes[rows]
        return scores

    def bootstrap(self, solution: Solution, penalty: Penalty, seed: int) -> np.ndarray:
        """The covariance over replicates of both stages, in each of which every unit has a random weight of mean 1.

        Weights are exponential (a gamma's for a unit of several), so that no replicate loses a level that has failures: the weighted
        likelihood bootstrap (Newton & Raftery 1994). The base begins at its estimate, so that components keep their order.

        Raises
        ------
        NotConverged : more than a tenth of the replicates stopped short.
        """
        found = [one for one in self._replicates(solution, penalty, np.random.default_rng(seed)) if one is not None]
        if len(found) < (1.0 - MOST_LOST) * REPLICATES:
            raise NotConverged(
                f"of {REPLICATES} replicates only {len(found)} reached an optimum: the fit hangs on few units. "
                'errors="sandwich" needs no replicates.'
            )
        return np.cov(np.array(found), rowvar=False)

    def _replicates(self, solution: Solution, penalty: Penalty, random: np.random.Generator) -> Iterator[np.ndarray | None]:
        template = self.base.template
        unit = unit_of_time(template, self.life)
        domains = template.coordinate_domains()
        start = np.array([one.coordinate_rescaled(c, 1.0 / unit) for one, c in zip(domains, self.base.coordinates, strict=True)])
        counts = group_weights(self.groups, self.life.counts())
        for _ in range(REPLICATES):
            life = self.life.with_weights(self.life.counts() * (random.gamma(counts) / counts)[self.groups])
            coordinates, hazard = np.asarray(self.base.coordinates), self.hazard
            if len(start):
                optimum = descend(pose(template, life, unit=unit), start)
                if optimum.reason not in ARRIVED:
                    yield None
                    continue
                coordinates = np.array([one.coordinate_rescaled(c, unit) for one, c in zip(domains, optimum.point, strict=True)])
                hazard = BaseHazard.of(template, coordinates, life)
            again = _score(hazard, self.score.columns, life, self.score.n_units).minimise(penalty, solution.coefficients)
            yield np.concatenate([coordinates, again.coefficients]) if again.reason in ARRIVED else None


def _score(hazard: BaseHazard, columns: np.ndarray, life: Lifetimes, n_units: float) -> LatentScore:
    return LatentScore(columns, np.array(life.counts()), hazard.lived, hazard.between, hazard.failed, hazard.within, n_units)


def group_weights(groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weight (k,) of each unit: the mean of those of its rows."""
    return np.bincount(groups, weights) / np.bincount(groups)
