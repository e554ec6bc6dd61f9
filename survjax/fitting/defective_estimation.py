"""Maximum likelihood for a population of which only a part can fail, its boundary included."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import DefectiveSubpopulation
from survjax.fitting.estimation import Fit, fit_from_data, pose
from survjax.fitting.prior import Prior

SAME_VALUE = 1e-6  # in log-likelihood


def fit_defective(template: DefectiveSubpopulation, life: Lifetimes, prior: Mapping[str, Prior]) -> Fit:
    """The maximum with a fraction failing below 1; where none is higher, that at 1: every unit can fail."""
    fit = fit_from_data(pose(template, life, prior=prior), template, life)
    if "fraction_failing" in prior:  # it rules out 1
        return fit
    whole = fit_from_data(pose(template.of, life, prior=prior), template.of, life)
    if not whole.converged or (fit.converged and fit.penalised > whole.penalised + SAME_VALUE):
        return fit
    names = tuple(template.parameters())
    rows = [index for index, name in enumerate(names) if name != "fraction_failing"]
    values, covariance = np.ones(len(names)), np.full((len(names), len(names)), np.nan)
    values[rows] = whole.values
    covariance[np.ix_(rows, rows)] = whole.covariance
    boundary = dataclasses.replace(template, fraction_failing=1.0)
    note = (
        "The likelihood is highest at a fraction failing of 1: nothing in these data says that some units never fail. The fraction has no "
        "standard error there."
    )
    return dataclasses.replace(
        whole,
        template=boundary,
        names=names,
        values=values,
        covariance=covariance,
        n_learned=template.n_coordinates(),
        path_template=boundary,
        notes=[note, *whole.notes],
    )
