"""The one door to a fit: existence first, then the search that the distribution needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import CompetingRisks, DefectiveSubpopulation, Distribution, Mixture, Threshold, ZeroInflated
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.fitting.boundary_estimation import fit_up_to_boundary, has_boundary
from survjax.fitting.causes import is_labelled, notes_on_causes
from survjax.fitting.estimation import Fit, fit_from_data, fully_known, placed, pose, unit_of_time
from survjax.fitting.existence import check_anything_failed, check_maximum_exists, check_support
from survjax.fitting.limits import better_tail, edge_reached
from survjax.fitting.mixture_estimation import fit_mixture
from survjax.fitting.prior import Prior, left_to_the_data, prior_in_words, read_prior
from survjax.fitting.rough_spots import flat_along, kink, not_finite, on_its_way
from survjax.fitting.threshold_estimation import fit_threshold
from survjax.fitting.zero_inflated_estimation import fit_zero_inflated

FAR = 10.0  # times the last age seen
EARLY = 0.005  # share of lives before age 0 of which nobody need hear
NOWHERE = 30.0  # standard error of a logarithm: a factor of 1e13
SAME_VALUE = 1e-4  # in log-likelihood
N_STARTS_BELOW = 4  # of a mixture at each of the thresholds at which it is looked at; at the best of them it is searched for in full
ENOUGH_FAILURES = 3  # a parameter; fewer are said to be few

_REMEDIES = {
    "flat": "In some direction the likelihood is flat: the data do not determine every parameter. Give one as known, or use a "
    "simpler distribution.",
    "step_limit": "The likelihood was still rising: a parameter may be running to the edge of what it can be, where there is no "
    "estimate. Give it as known, or use a simpler distribution.",
}
_REMEDIES["no_progress"] = _REMEDIES["step_limit"]


def fit_distribution(
    template: Distribution,
    life: Lifetimes,
    *,
    n_starts: int | None = None,
    seed: int = 0,
    require_convergence: bool = True,
    prior: Mapping[str, Any] | None = None,
) -> Fit:
    """The fit of what the template leaves open, of maximum likelihood, or of penalised likelihood with a ``prior``.

    Raises
    ------
    TypeError, ValueError : the prior is none (see ``prior.read_prior``).
    ValueError : times that the distribution says cannot happen.
    NoFiniteMaximum : the data have no finite estimate (see ``existence``).
    NotConverged : the optimiser stopped short; with ``require_convergence=False`` the fit is returned with its reason.
    """
    check_support(template, life)
    priors = read_prior(prior, template)
    fit = _best(template, life, n_starts, seed, require_convergence, priors)
    if template.n_coordinates() == 0:
        return fit
    if fit.n_learned > fit.template.n_coordinates():
        fit.asked = placed(template, life)
    learned = len(fit.coordinates)  # at a boundary fewer than the template has
    if fit.n_failed < ENOUGH_FAILURES * learned:
        fit.notes.append(
            f"Only {_counted(fit.n_failed, 'failure')} for {_counted(learned, 'parameter')}: trust the intervals, not the estimates, and "
            "nothing far beyond the ages seen."
        )
    fit.notes += _far_beyond(fit, life) + _of_the_mean(fit) + _before_age_0(fit, life)
    if priors:
        said = "; ".join(f"prior on {name}, {words}" for name, words in prior_in_words(priors, template).items())
        fit.notes.insert(0, f"penalised: {said}. Estimates and errors rest on it; log_likelihood_ is that of the data alone.")
    if not fit.converged and require_convergence:
        spot = not_finite(fit, life) if fit.reason == "no_finite_start" else kink(fit, life) or on_its_way(fit) or flat_along(fit, life)
        remedy = spot or _REMEDIES.get(fit.reason, "Look at the last state with require_convergence=False.")
        raise NotConverged(
            f"the fit stopped without reaching a maximum: {fit.reason}, after {fit.n_steps} steps at log-likelihood "
            f"{fit.log_likelihood:.6g}. {remedy}",
            fit,
        )
    return fit


def _counted(number: float, what: str) -> str:
    return f"{number:g} {what}{'' if number == 1 else 's'}"


def _far_beyond(fit: Fit, life: Lifetimes) -> list[str]:
    """What is to be said of scales that lie where nobody has been seen."""
    last = float(np.where(np.isfinite(life.upper), life.upper, life.lower).max())
    learned = [one.value is None and one.domain.time_power == 1 for one in fit.template.parameters().values()]
    far = [(name, value) for name, value, counts in zip(fit.names, fit.values, learned, strict=True) if counts and value > FAR * last > 0]
    return [
        f"{name} is {value / last:.3g} times the last age seen, {last:g}: what is predicted far beyond that age rests on the form of the "
        "distribution alone."
        for name, value in far
    ]


def _of_the_mean(fit: Fit) -> list[str]:
    if type(fit.template).mean_is_finite is Distribution.mean_is_finite and not fit.template.parts():
        return []  # no parameters make it infinite
    law = fit.distribution()
    if np.isnan(fit.values).any() or isinstance(law, DefectiveSubpopulation) or law.mean_is_finite():
        return []  # of a defective subpopulation its own learner says more
    return [
        "The mean life is infinite under this fit, and so is every expected remaining life: ask for the median or another quantile, or "
        "with a horizon for the restricted mean."
    ]


def _before_age_0(fit: Fit, life: Lifetimes) -> list[str]:
    """Laws on the whole real line put some lives before age 0, which ages counted from there cannot show."""
    if fit.template.start_of_support == 0.0 or life.entry is None or np.any(life.entry < 0.0):
        return []
    before = -float(np.expm1(float(fit.distribution().log_survival(0.0))))
    if before < EARLY:
        return []
    return [
        f"By this fit {100 * before:.2g} % of lives end before age 0. Units with an entry are taken to have survived these, those with "
        "entry=-inf are not; quantiles, the mean and survival count them, what is predicted of running units does not. For lives that "
        "begin at 0 take a law of positive lifetimes."
    ]


def _smaller(template: Distribution) -> Iterator[tuple[int, Distribution, Distribution]]:
    """Each component of the competing risks or the mixture inside, its index, and the template without it."""
    if isinstance(template, (CompetingRisks, Mixture)):
        free: dict[str, Any] = {"weights": None} if isinstance(template, Mixture) else {}
        for index, component in enumerate(template.components):
            rest = template.components[:index] + template.components[index + 1 :]
            yield index, component, rest[0] if len(rest) == 1 else dataclasses.replace(template, components=rest, **free)
    elif len(template.parts()) == 1 and hasattr(template, "of"):
        for index, component, of in _smaller(template.of):
            yield index, component, dataclasses.replace(template, of=of)  # type: ignore[type-var]


def _check_every_component_counts(
    template: Distribution, life: Lifetimes, fit: Fit, find: Callable[[Distribution, Lifetimes], Fit]
) -> None:
    """Refuse a fit that is no better without one of its components, and could not tell where that component is."""
    unsure = np.sqrt(np.max(np.diag(fit.coordinate_covariance), initial=0.0)) if fit.converged else np.inf
    if unsure < NOWHERE or fit.prior or is_labelled(template):
        return
    for index, component, rest in _smaller(template):
        if not component.n_coordinates() or not rest.n_coordinates():
            continue
        try:
            without = find(rest, life)
        except (NoFiniteMaximum, NotConverged):
            continue
        if without.log_likelihood >= fit.log_likelihood - SAME_VALUE:
            raise NoFiniteMaximum(
                f"the likelihood is no higher than without component {index} ({type(component).__name__}), "
                f"{without.log_likelihood:.6g}: the data do not tell it from one of which nobody fails, and its parameters may be "
                "anything. Leave it out, or give its parameters.",
                fit,
            )


def _best(
    template: Distribution, life: Lifetimes, n_starts: int | None, seed: int, require_convergence: bool, priors: Mapping[str, Prior]
) -> Fit:
    """The search that the distribution needs; that of a wrapper may ask for those of its part."""
    priors = {name: priors[name] for name in template.parameters() if name in priors}
    find = partial(_best, n_starts=n_starts, seed=seed, require_convergence=require_convergence, priors=priors)
    if template.n_coordinates() and isinstance(template, ZeroInflated):
        return fit_zero_inflated(template, life, find, priors)
    if template.n_coordinates() and isinstance(template, Threshold):
        few = N_STARTS_BELOW if n_starts is None else min(n_starts, N_STARTS_BELOW)
        return fit_threshold(
            template, life, find, priors, roughly=partial(find, n_starts=few) if isinstance(template.of, Mixture) else find
        )
    undetermined = left_to_the_data(template, priors)
    if undetermined.n_coordinates():
        check_anything_failed(life)
    template = placed(template, life)
    if template.n_coordinates() == 0:
        return fully_known(template, life)
    if undetermined.n_coordinates():
        check_maximum_exists(left_to_the_data(template, priors), life)
    if isinstance(template, Mixture):
        return fit_mixture(template, life, n_starts, seed, priors)  # whose search meets its faces and edges by itself
    if has_boundary(template):
        fit = fit_up_to_boundary(template, life, priors)
    else:
        fit = fit_from_data(pose(template, life, prior=priors), template, life)
    fit.notes += notes_on_causes(template, life)
    _check_every_component_counts(template, life, fit, find)
    _check_where_it_ended(template, life, fit, require_convergence)
    return fit


def _check_where_it_ended(template: Distribution, life: Lifetimes, fit: Fit, require_convergence: bool) -> None:
    """Refuse a fit beyond which the likelihood is higher still; where it stopped short and is wanted so, only note it."""
    reason = better_tail(template, life, fit.penalised, fit.prior)
    if reason is None and not fit.converged:
        reason = edge_reached(fit.path_template, fit.path, unit_of_time(template, life))
    if reason and (fit.converged or require_convergence):
        raise NoFiniteMaximum(f"no estimate exists: {reason}", fit)
    if reason:
        fit.notes.append(f"No estimate exists: {reason}")
