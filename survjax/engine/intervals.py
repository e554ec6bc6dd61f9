"""Limits of what a user's likelihood estimates: Wald, profile likelihood, bootstrap; and of functions of its parameters."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.engine.ascent import ascend
from survjax.engine.estimation import LikelihoodFit
from survjax.engine.of_parameters import OfParameters, flattened
from survjax.engine.problem import Problem
from survjax.errors import NotConverged
from survjax.fitting.inference import normal_quantile
from survjax.fitting.walk import Walk
from survjax.models.intervals import wald_limits
from survjax.numerics.newton import Evaluation
from survjax.parameters import Domain, RealDomain

ALIKE = 1e-6  # of the errors of the model: what rounding leaves of scores that add up to 0 one by one
MOST_LOST = 0.1  # of the samples of a bootstrap: with more without a maximum the others tell another story


def delta_of(function: OfParameters, fit: LikelihoodFit) -> tuple[Any, np.ndarray, np.ndarray]:
    """What a function of the parameters makes of the estimates, as the user's structure; flat (m,), and its standard errors (m,)."""

    def flat(point):
        answer = function(fit.space, point)
        return flattened(answer), answer

    point = jnp.asarray(fit.coordinates)  # of JAX, so that what it traces may be an index
    jacobian, answer = jax.jacfwd(flat, has_aux=True)(point)
    values, _ = flat(point)
    jacobian = np.asarray(jacobian)
    variance = np.einsum("mp,pq,mq->m", jacobian, fit.coordinate_covariance, jacobian)
    return jax.device_get(answer), np.asarray(values), np.sqrt(np.maximum(variance, 0.0))


def profile_limits(problem: Problem, fit: LikelihoodFit, level: float, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Limits (m,) by the profile likelihood, as ``survjax.fitting.profile`` defines them; known values are their own.

    Raises
    ------
    NotConverged : the profile rises above the fit.
    """
    reach = normal_quantile(0.5 * (1.0 + level) if side == "two" else level)
    space, centre = fit.space, fit.coordinates
    # walked along in coordinates of about unit curvature, since a user's parameters may be of any size
    size = 1.0 / np.sqrt(np.diagonal(problem.evaluate(centre).hessian[0]))

    def evaluate(point: np.ndarray) -> Evaluation:
        found = problem.evaluate(centre + size * point)
        return found._replace(gradient=found.gradient * size, hessian=found.hessian * np.outer(size, size))

    nothing = np.zeros(len(centre))
    errors = np.sqrt(np.diagonal(fit.coordinate_covariance)) / size
    real = np.array([isinstance(domain, RealDomain) for domain in space.coordinate_domains], dtype=bool)
    walk = Walk(evaluate, nothing, fit.log_likelihood, problem.n_units, errors, nothing, real, nothing.astype(bool))
    lower, upper = fit.values.copy(), fit.values.copy()
    rows = [row for row, domain in enumerate(space.domains) if domain is not None]
    for index, row in enumerate(rows):
        domain = space.coordinate_domains[index]
        for limits, sign, own in ((lower, -1.0, "lower"), (upper, 1.0, "upper")):
            place = walk.crossing(index, sign, reach) if side in ("two", own) else None
            if place is None:
                with np.errstate(over="ignore", divide="ignore"):
                    limits[row] = float(domain.moved(0.5, 1.0, sign * np.inf))
            else:
                limits[row] = float(domain.from_real(centre[index] + size[index] * place.at))
    return lower, upper


def bootstrap_values(problem: Problem, fit: LikelihoodFit, clusters: np.ndarray | None, number: int, seed: int) -> tuple[np.ndarray, int]:
    """Coordinates (b, p) of fits to samples of the rows drawn with replacement, from the fit as the start; and how many had no maximum.

    A row of a whole weight w counts as w rows; clusters (n,) are drawn whole.

    Raises
    ------
    ValueError : a weight that is a fraction. NotConverged : too many samples without a maximum.
    """
    random = np.random.default_rng(seed)
    weights = problem.weights
    if clusters is None and np.any(weights != np.round(weights)):
        raise ValueError("a bootstrap draws rows, and a weight that is a fraction stands for no number of them; use Wald limits.")
    n_drawn = int(weights.sum()) if clusters is None else int(clusters.max()) + 1
    found = []
    for _ in range(number):
        if clusters is None:
            drawn = random.multinomial(n_drawn, weights / weights.sum()).astype(float)
        else:
            drawn = weights * random.multinomial(n_drawn, np.full(n_drawn, 1.0 / n_drawn))[clusters]
        end = ascend(problem.reweighted(drawn).evaluate, fit.coordinates, fit.space.sized)
        if end.arrived:
            found.append(end.point)
    lost = number - len(found)
    if lost > MOST_LOST * number:
        raise NotConverged(
            f"{lost} of {number} samples of the bootstrap have no maximum; their limits would be those of the rest. Use Wald's."
        )
    return np.array(found), lost


def percentile_limits(
    found: np.ndarray, values: np.ndarray, domains: list[Domain | None], level: float, side: str
) -> tuple[np.ndarray, np.ndarray]:
    """Limits (m,) by the percentiles of what samples found (b, m); None for known ones."""
    beyond = 0.5 * (1.0 - level) if side == "two" else 1.0 - level
    lower, upper = np.quantile(found, [beyond, 1.0 - beyond], axis=0)
    # a one-sided bound has the end of the range, as Wald's have it
    ends = wald_limits(values, np.ones(len(values)), domains, level, side)
    return (ends[0] if side == "upper" else lower), (ends[1] if side == "lower" else upper)


def sandwich(problem: Problem, fit: LikelihoodFit, clusters: np.ndarray | None) -> LikelihoodFit:
    r"""The fit with :math:`C (\sum_g u_g u_g^\top)\,C` as covariance, u the score of a cluster (Huber 1967; White 1982).

    A row of weight w counts as w rows, each a cluster for itself or, where labels are given, all in that of the row.

    Raises
    ------
    ValueError : a parameter would have no error, since rows, or clusters, are alike in what they say of it.
    """
    _, scores = problem.of_rows(fit.coordinates)
    what = "rows" if clusters is None else "clusters"
    if clusters is None:
        scores = scores * np.sqrt(problem.weights)[:, None]
    else:
        summed = np.zeros((int(clusters.max()) + 1, scores.shape[1]))
        np.add.at(summed, clusters, scores * problem.weights[:, None])
        scores = summed
    number, p = scores.shape
    covariance = fit.coordinate_covariance @ (scores.T @ scores) @ fit.coordinate_covariance
    alike = np.diagonal(covariance) <= ALIKE**2 * np.diagonal(fit.coordinate_covariance)
    if alike.any():
        name = fit.space.coordinate_names[int(np.argmax(alike))]
        raise ValueError(
            f"robust errors are learned from how {what} differ, and the {number:,} of these data {'is' if number == 1 else 'are'} alike in "
            f'what they say of {name}: its error would be 0. Take errors="model", or more data.'
        )
    notes = list(fit.notes)
    if number <= p:
        notes.append(
            f"Robust errors of {p} parameters rest on {number} {what}: some combination of them has an error of 0, and all are too "
            "small. Take more, or errors='model'."
        )
    return dataclasses.replace(fit, coordinate_covariance=covariance, notes=notes)
