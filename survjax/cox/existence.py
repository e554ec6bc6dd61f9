"""Whether a partial likelihood has a maximum: directions along which it never falls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from survjax.cox.partial_likelihood import PartialLikelihood
from survjax.errors import NoFiniteMaximum

NEARLY = 1e-8  # of the information of correlated columns, the share of its own that is left to one: then it is looked at closer
NO_SPREAD = 1e-9  # of columns of standard deviation 1: units at risk that differ by no more do not differ
SUSPECT = 1e-3  # of the information at 0: where less is left along a direction the likelihood may rise along it without end
ALMOST = 1e-6  # how exact a direction found on the way to infinity is, as a share of the spread along it


def nearly_flat(information: np.ndarray) -> bool:
    """Whether along some direction there is next to no information, (p, p) at beta = 0."""
    scale = _deviation(information)
    return not scale.all() or float(np.linalg.eigvalsh(information / np.outer(scale, scale))[0]) < NEARLY or float(scale.min()) < NEARLY


def _deviation(information: np.ndarray) -> np.ndarray:
    """Square roots of the diagonal, which rounding may leave a little below 0."""
    return np.sqrt(np.maximum(np.diag(information), 0.0))


def refuse_flat(likelihood: PartialLikelihood, information: np.ndarray, names: Sequence[str]) -> None:
    """Raise if some combination of columns is the same for all units at risk, at every failure.

    information : (p, p) at beta = 0.

    Raises
    ------
    ValueError : with the columns and the way out.
    """
    scale = _deviation(information)
    scale = np.where(scale > NO_SPREAD * np.sqrt(likelihood.rows.times.failures.sum()), scale, 0.0)
    if not scale.all():
        direction = np.zeros(len(scale))
        direction[int(np.argmin(scale))] = 1.0
    else:
        direction = np.linalg.eigh(information / np.outer(scale, scale))[1][:, 0] / scale
        direction /= np.abs(direction).max()
    if float(likelihood.spread_along(direction)[1].max()) > NO_SPREAD:
        return
    named = [name for name, part in zip(names, direction, strict=True) if abs(part) > 1e-6]
    what = f"in {named[0]}" if len(named) == 1 else f"in one combination of {', '.join(named)}"
    strata = " of one stratum" if len(likelihood.rows.times.offsets) > 2 else ""
    coefficients = "its coefficient" if len(named) == 1 else "their coefficients"
    raise ValueError(
        f"the units{strata} that are at risk together never differ {what}, so that {coefficients} could be anything. Leave {named[0]} out, "
        "or give a penalty."
    )


def refuse_endless(
    likelihood: PartialLikelihood, first: np.ndarray, now: np.ndarray, gradient: np.ndarray, step: np.ndarray, names: Sequence[str]
) -> None:
    """Raise if the likelihood rises without end along a direction near to what is left of the search.

    At every failure time the units that fail then have the largest value, among all at risk, of a combination of columns (Jacobsen
    1989, Scandinavian Journal of Statistics 16, on when a maximum exists). That is looked at itself; the search only says where.

    first, now : (p, p) information at 0 and here. gradient, step : (p,) here.

    Raises
    ------
    NoFiniteMaximum : with the columns, the sense and the way out.
    """
    root = np.linalg.cholesky(first)
    inverse = np.linalg.inv(root)
    left, vectors = np.linalg.eigh(inverse @ now @ inverse.T)
    if left[0] > SUSPECT:
        return
    weakest = inverse.T @ vectors[:, 0]
    for candidate in (step, weakest * np.sign(weakest @ gradient)):
        direction = candidate / np.abs(candidate).max()
        if _endless(likelihood, direction):
            raise NoFiniteMaximum(_sentence(_simplest(likelihood, direction), names))


def _endless(likelihood: PartialLikelihood, direction: np.ndarray) -> bool:
    short, spread = likelihood.spread_along(direction)
    return float(spread.max()) > NO_SPREAD and float(short.max()) <= ALMOST * float(spread.max())


def _simplest(likelihood: PartialLikelihood, direction: np.ndarray) -> np.ndarray:
    """As few of the direction's parts, the largest first, as the likelihood rises along without end."""
    order = np.argsort(-np.abs(direction))
    for number in range(1, len(direction)):
        largest = np.zeros_like(direction)
        largest[order[:number]] = direction[order[:number]]
        if _endless(likelihood, largest):
            return largest
    return direction


def _sentence(direction: np.ndarray, names: Sequence[str]) -> str:
    moving = [(name, part) for name, part in zip(names, direction, strict=True) if part]
    if len(moving) == 1:
        name, part = moving[0]
        most, end = ("largest", "plus") if part > 0 else ("smallest", "minus")
        what = (
            f"at every failure the units that fail have the {most} {name} of all at risk, so that its coefficient would be {end} infinity "
            "(a level without failures does that)"
        )
    else:
        terms = " ".join(f"{part:+.3g} {name}" for name, part in moving)
        what = (
            f"at every failure the units that fail have the largest value of {terms} (covariates in standard deviations) of all at risk, "
            "so that these coefficients would be infinite together"
        )
    return (
        f"the partial likelihood has no maximum: {what}. Leave {moving[0][0]} out, put levels together, or give a penalty, "
        "for instance penalty=1.0."
    )
