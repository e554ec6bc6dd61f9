"""Why a fit stopped short: rows that are not finite, a likelihood with kinks, parameters that the data do not tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.fitting.estimation import Fit, pose
from survjax.fitting.limits import FAR, STILL_GOING, ways_gone
from survjax.numerics.blocks import map_rows
from survjax.numerics.newton import smallest_curvature
from survjax.parameters import RealDomain

ASIDE = 1e-4  # in coordinates
SHOWN = 0.05  # of the largest entry of a direction: what is smaller is not told
STEEPER = 30.0  # the change of a slope from one side to the other, beside what the curvature says


def not_finite(fit: Fit, life: Lifetimes) -> str | None:
    """At which row the likelihood is not finite at the start of a fit, in a sentence; None where each row has a value."""
    law = fit.template.bind(np.asarray(fit.coordinates))
    failed = life.event_observed
    ages = np.where(np.isfinite(life.upper) & ~failed, life.upper, life.lower)
    log_density, log_survival = map_rows(_terms, law, ages)
    bad = (life.counts() > 0) & ~np.where(failed, np.isfinite(log_density), np.isfinite(log_survival) | (ages <= law.start_of_support))
    if not bad.any():
        return None
    row = int(np.argmax(bad))
    what, value = ("log_density", log_density[row]) if failed[row] else ("log_survival", log_survival[row])
    told = ", ".join(f"{name}={value:.4g}" for name, value in zip(fit.names, fit.values, strict=True))
    return (
        f"{what} is {value:.4g} at age {ages[row]:.6g} (row {row}) where the fit begins, with {told}. If that age is possible, the "
        "formula loses it to rounding: write it with log1p, expm1 and logaddexp; or give the law a rule start(centre, spread)."
    )


def _terms(law: Distribution, age: Any) -> Any:
    return law.log_density(age), law.log_survival(age)


def kink(fit: Fit, life: Lifetimes) -> str | None:
    """Which parameter the likelihood has a kink in where a fit stopped, as a Laplace law's at each failure; None: in none."""
    if fit.prior or fit.template.parts() or len(fit.path) == 0:
        return None
    problem, point = pose(fit.template, life), _inner_point(fit, life)
    lane = np.ones(1, dtype=bool)
    here = problem.evaluate(point[None], lane)
    names = _learned(fit)
    for index, name in enumerate(names):
        step = ASIDE * (np.arange(len(point)) == index)
        before, after = (problem.evaluate((point + sign * step)[None], lane).gradient[0, index] for sign in (-1.0, 1.0))
        change, expected = after - before, 2.0 * ASIDE * abs(here.hessian[0, index, index])
        if before < 0.0 < after and change > STEEPER * expected and change > STEEPER * ASIDE**2:
            return (
                f"The likelihood has a kink in {name} at its highest point, as where a formula takes an absolute value: it has no "
                f"derivatives there, which Newton's method and standard errors need. Give {name} as known, or a law that is smooth in it."
            )
    return None


def flat_along(fit: Fit, life: Lifetimes) -> str | None:
    """Which parameters the data do not tell where a fit ended flat, in a sentence; None where that is not known."""
    if fit.reason != "flat" or fit.prior or fit.template.parts():
        return None
    here = pose(fit.template, life).evaluate(_inner_point(fit, life)[None], np.ones(1, dtype=bool))
    _, direction = smallest_curvature(here.hessian[0])
    idle = [name for name, share in zip(_learned(fit), np.abs(direction), strict=True) if share > SHOWN * np.abs(direction).max()]
    if len(idle) == 1:
        return (
            f"The data do not tell {idle[0]}: the likelihood is the same for any value of it. Does the law use it? Give it as known, or "
            "leave it out."
        )
    told = f"{', '.join(idle[:-1])} and {idle[-1]}"
    return f"The data do not tell {told} apart: the likelihood stays the same as they change together. Give one of them as known."


def _learned(fit: Fit) -> list[str]:
    return [name for name, parameter in fit.template.parameters().items() if parameter.value is None]


def _inner_point(fit: Fit, life: Lifetimes) -> np.ndarray:
    """The coordinates of a fit in the unit of time in which the optimiser works."""
    unit = pose(fit.template, life).unit
    domains = fit.template.coordinate_domains()
    return np.array([domain.coordinate_rescaled(c, 1.0 / unit) for domain, c in zip(domains, fit.coordinates, strict=True)])


def on_its_way(fit: Fit) -> str | None:
    """Which parameters of a law were still running when a fit stopped, in a sentence; None where that is not known."""
    names = [name for name, parameter in fit.path_template.parameters().items() if parameter.value is None]
    domains = fit.path_template.coordinate_domains()
    if fit.path_template.parts() or len(fit.path) < 2 or len(names) != len(domains):
        return None
    running = []
    for name, domain, far, last in zip(names, domains, *ways_gone(fit.path), strict=True):
        if abs(far) > FAR and abs(last) > STILL_GOING and far * last > 0.0 and not isinstance(domain, RealDomain):
            with np.errstate(over="ignore", divide="ignore"):
                end = float(domain.moved(0.5, 1.0, np.sign(far) * np.inf))
            running.append(f"{name} runs to {end:g}".replace("inf", "infinity"))
    if not running:
        return None
    return (
        f"The likelihood was still rising as {' and '.join(running)}: there the law tends to one with fewer parameters, which describes "
        "these data at least as well. Give a parameter as known, or use that law."
    )
