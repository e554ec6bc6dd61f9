"""The one door to a fit: existence first, then the search that the distribution needs."""

from __future__ import annotations

from functools import partial

import numpy as np

from survjax.defective_estimation import fit_defective
from survjax.distributions import DefectiveSubpopulation, Distribution, Mixture, Threshold, ZeroInflated
from survjax.errors import NotConverged
from survjax.estimation import Fit, fit_from_data, fully_known, pose
from survjax.existence import check_maximum_exists, check_support
from survjax.lifetimes import Lifetimes
from survjax.mixture_estimation import fit_mixture
from survjax.threshold_estimation import fit_threshold
from survjax.zero_inflated_estimation import fit_zero_inflated

ENOUGH_FAILURES = 3  # a parameter; fewer are said to be few

_REMEDIES = {
    "flat": "In some direction the likelihood is flat: the data do not determine every parameter. Give one as known, or use a "
    "simpler distribution.",
    "step_limit": "The likelihood was still rising: a parameter may be running to the edge of what it can be, where there is no "
    "estimate. Give it as known, or use a simpler distribution.",
}
_REMEDIES["no_progress"] = _REMEDIES["step_limit"]


def fit_distribution(
    template: Distribution, life: Lifetimes, *, n_starts: int | None = None, seed: int = 0, require_convergence: bool = True
) -> Fit:
    """The maximum-likelihood fit of what the template leaves open.

    Raises
    ------
    ValueError : times that the distribution says cannot happen.
    NoFiniteMaximum : the data have no finite estimate (see ``existence``).
    NotConverged : the optimiser stopped short; with ``require_convergence=False`` the fit is returned with its reason.
    """
    check_support(template, life)
    fit = _best(template, life, n_starts, seed)
    if template.n_coordinates() == 0:
        return fit
    learned = len(fit.coordinates)  # at a boundary fewer than the template has
    if fit.n_failed < ENOUGH_FAILURES * learned:
        fit.notes.append(
            f"Only {fit.n_failed:g} failures for {learned} parameters: trust the intervals, not the estimates, and nothing far beyond the "
            "ages seen."
        )
    if not fit.converged and require_convergence:
        remedy = _REMEDIES.get(fit.reason, "Look at the last state with require_convergence=False.")
        raise NotConverged(
            f"the fit stopped without reaching a maximum: {fit.reason}, after {fit.n_steps} steps at log-likelihood "
            f"{fit.log_likelihood:.6g}. {remedy}",
            fit,
        )
    return fit


def _best(template: Distribution, life: Lifetimes, n_starts: int | None, seed: int) -> Fit:
    """The search that the distribution needs; that of a wrapper may ask for those of its part."""
    find = partial(_best, n_starts=n_starts, seed=seed)
    if template.n_coordinates() and isinstance(template, ZeroInflated):
        return fit_zero_inflated(template, life, find)
    if template.n_coordinates() and isinstance(template, Threshold):
        return fit_threshold(template, life, find)
    if template.start_of_support == 0.0:
        ages = life.in_the_middle().failed().durations
        template = template.with_knots(np.log(ages[ages > 0]))
    if template.n_coordinates() == 0:
        return fully_known(template, life)
    check_maximum_exists(template, life)
    if isinstance(template, Mixture):
        return fit_mixture(template, life, n_starts, seed)
    if isinstance(template, DefectiveSubpopulation) and template.fraction_failing is None:
        return fit_defective(template, life)
    return fit_from_data(pose(template, life), template, life)
