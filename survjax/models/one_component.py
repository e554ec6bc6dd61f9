"""A regression over a mixture beside the same one over one of its components: whether the data tell them apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, Mixture
from survjax.errors import NoFiniteMaximum
from survjax.fitting.faces import of_one_kind
from survjax.regression.estimation import RegressionFit, fit_regression
from survjax.regression.predictors import Predictors


def safer_description(
    fit: RegressionFit, base: Distribution, predictors_of: Callable[[Distribution], tuple[Predictors, list[np.ndarray]]], life: Lifetimes
) -> list[str]:
    """A sentence where one component describes the data as well, by BIC with n the number of failures, as a mixture alone is judged.

    It is asked of a mixture of components of one kind of which everything is learned, fitted without penalty: the other fit is then one
    Newton iteration.

    Parameters
    ----------
    predictors_of : the linear predictors over another base, and their columns.
    """
    if not isinstance(base, Mixture) or fit.penalty or not (fit.converged and fit.n_failed) or not _wholly_learned(base):
        return []
    one = base.components[0]
    predictors, matrices = predictors_of(one)
    columns = [own.design.standardised(matrix) for own, matrix in zip(predictors.each, matrices, strict=True)]
    try:
        simpler = fit_regression(one, predictors, predictors.side_by_side(columns), life, require_convergence=False)
    except NoFiniteMaximum:  # then there is nothing to compare with, and the mixture stands for itself
        return []
    if not simpler.converged or _bic_by_failures(simpler) > _bic_by_failures(fit):
        return []
    return [
        f"Not distinguishable from the same regression over one {type(one).__name__}, which is the safer description: by BIC with "
        f"n = {fit.n_failed:g} failures (bic_ takes all units) it has {_bic_by_failures(simpler):.2f} against {_bic_by_failures(fit):.2f} "
        "for the mixture."
    ]


def _wholly_learned(mixture: Mixture) -> bool:
    return of_one_kind(mixture) and all(parameter.value is None for parameter in mixture.parameters().values())


def _bic_by_failures(fit: RegressionFit) -> float:
    return -2.0 * fit.log_likelihood + fit.n_learned * float(np.log(fit.n_failed))
