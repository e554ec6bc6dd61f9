"""Lifetimes as one cause sees them, and the causes' fits as one fit of units that end by whichever comes first."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence
from typing import NoReturn

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import CompetingRisks
from survjax.errors import BadRow
from survjax.fitting.estimation import Fit
from survjax.regression.estimation import RegressionFit
from survjax.regression.predictors import Predictor, Predictors


def cause_specific_lives(causes: Sequence[Hashable], life: Lifetimes) -> dict[Hashable, Lifetimes]:
    r"""For each cause the lifetimes in which only its own events have happened; units that another cause ended are censored then.

    With ages known exactly the likelihood of all causes, :math:`\prod_i h_{c_i}(t_i)\,e^{-\sum_k H_k(t_i)}`, is the product of theirs,
    whether or not causes are independent (Kalbfleisch & Prentice 2002, section 8.2). Delayed entry and weights leave it so; failures
    within an interval and right truncation do not.

    Raises
    ------
    ValueError : the lifetimes have no causes.
    BadRow : an event of unknown cause or of one not asked for, an event known only within an interval, right truncation.
    """
    if life.cause is None:
        raise ValueError(
            "these lifetimes have no causes: Lifetimes(durations, event_observed, cause=...), a label for each unit that has ended."
        )
    ended = np.isfinite(life.upper)
    asked = ", ".join(map(repr, causes))
    missing = ended & np.array([label is None for label in life.cause])
    if missing.any():
        _refuse(
            missing,
            "cause",
            "must be known for every unit that has ended",
            "cause=None",
            "a unit whose cause is unknown is neither censored nor an event for any one cause, so that the likelihood is no product of "
            "theirs. Give such units a label of their own, with a model; without covariates sj.CompetingRisks({cause: law}) takes them as "
            "they are.",
        )
    strange = ended & np.array([label not in causes for label in life.cause])
    if strange.any():
        label = life.cause[np.flatnonzero(strange)[0]]
        _refuse(strange, "cause", f"must be one of {asked}", f"cause={label!r}", "Give that cause a model of its own.")
    within = ended & ~life.event_observed
    if within.any():
        row = np.flatnonzero(within)[0]
        _refuse(
            within,
            "lower",
            "must be equal to upper for every unit that has ended",
            f"lower={life.lower[row]:g}, upper={life.upper[row]:g}",
            "until when the other causes were survived depends on the age at the event, so that the likelihood is no product of theirs. "
            "Without covariates sj.CompetingRisks({cause: law}) takes such rows as they are; with them give the exact ages.",
        )
    cut = np.zeros(len(life), bool) if life.right_truncation is None else np.isfinite(life.right_truncation)
    if cut.any():
        _refuse(
            cut,
            "right_truncation",
            "must be infinite",
            f"right_truncation={life.right_truncation[np.flatnonzero(cut)[0]]:g}",  # type: ignore[index]
            "whether such a unit is seen depends on all causes together. Add the units that still run, or use "
            "sj.CompetingRisks({cause: law}).",
        )
    of = {cause: np.array([label == cause for label in life.cause]) for cause in causes}
    return {cause: life._with(upper=np.where(of[cause], life.upper, np.inf), right_truncation=None) for cause in causes}


def _refuse(bad: np.ndarray, column: str, expected: str, has: str, remedy: str) -> NoReturn:
    rows = np.flatnonzero(bad)
    raise BadRow(
        f"{column} {expected}; row {rows[0]} has {has} ({len(rows):,} such rows; rows count from 0). {remedy[0].upper()}{remedy[1:]}",
        columns=(column,),
        rows=rows,
        expected=expected,
        remedy=remedy,
    )


def fit_of_all(fits: Sequence[RegressionFit]) -> RegressionFit:
    """One fit of competing risks from those of each cause, whose estimates are independent: the covariance is block by block theirs."""
    template = CompetingRisks(tuple(fit.predictors.template for fit in fits))
    each: list[Predictor] = []
    n_coordinates = n_coefficients = 0
    covariance = np.zeros((sum(len(fit.coefficients) for fit in fits),) * 2)
    for fit in fits:
        each += [dataclasses.replace(one, coordinate=one.coordinate + n_coordinates) for one in fit.predictors.each]
        own = slice(n_coefficients, n_coefficients + len(fit.coefficients))
        covariance[own, own] = fit.covariance
        n_coordinates += fit.predictors.template.n_coordinates()
        n_coefficients = own.stop
    return RegressionFit(
        predictors=Predictors(template, tuple(each)),
        coefficients=np.concatenate([fit.coefficients for fit in fits]),
        covariance=covariance,
        log_likelihood=sum(fit.log_likelihood for fit in fits),
        n_units=fits[0].n_units,
        n_failed=sum(fit.n_failed for fit in fits),
        reason=next((fit.reason for fit in fits if not fit.converged), fits[0].reason),
        n_steps=sum(fit.n_steps for fit in fits),
        path=np.zeros((0, n_coefficients)),
        penalty=sum(fit.penalty for fit in fits),
    )


def without_covariates(fit: Fit) -> RegressionFit:
    """The fit of a law as that of units that all have it."""
    return RegressionFit(
        predictors=Predictors(fit.template, ()),
        coefficients=fit.coordinates,
        covariance=fit.coordinate_covariance,
        log_likelihood=fit.log_likelihood,
        n_units=fit.n_units,
        n_failed=fit.n_failed,
        reason=fit.reason,
        n_steps=fit.n_steps,
        path=fit.path,
        penalty=fit.penalty,
    )
