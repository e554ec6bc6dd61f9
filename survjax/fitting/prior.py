"""What is known of a parameter beforehand, as a normal distribution of its coordinate: the penalty of a penalised likelihood."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from survjax.distributions import Distribution
from survjax.parameters import Domain, Parameter, ProbabilityDomain, RealDomain, SimplexDomain


class Prior(NamedTuple):
    r"""What is known of a parameter before the data: its coordinate is normal.

    The coordinate of a positive parameter is its logarithm, that of a probability the log of its odds; a parameter that may be any
    number is its own. With :math:`x_j` the coordinates, :math:`m_j` those of the medians and :math:`s_j` the deviations, a fit
    maximises

    .. math:: \log L(x) - \tfrac{1}{2} \sum_j (x_j - m_j)^2 / s_j^2

    Parameters
    ----------
    median : the parameter is as likely to be above as below; in its own unit, as ``parameters_`` shows it.
    deviation : standard deviation of the coordinate. Of a logarithm 0.5 leaves a parameter between 0.37 and 2.7 times its median
        with a probability of 95 %.

    Examples
    --------
    >>> Prior(2.0, 0.5)
    Prior(median=2.0, deviation=0.5)
    """

    median: float
    deviation: float


@dataclass(frozen=True)
class Penalty:
    """Half the squared distances of some coordinates from where they are expected, in standard deviations: (q,) each."""

    positions: np.ndarray
    centres: np.ndarray
    deviations: np.ndarray

    def at(self, points: np.ndarray) -> np.ndarray:
        """The penalty at points (..., p), shape (...)."""
        return 0.5 * (((points[..., self.positions] - self.centres) / self.deviations) ** 2).sum(-1)

    def gradient(self, points: np.ndarray) -> np.ndarray:
        """Its gradient there, (..., p)."""
        slopes = np.zeros_like(points)
        slopes[..., self.positions] = (points[..., self.positions] - self.centres) / self.deviations**2
        return slopes

    def hessian(self, n_coordinates: int) -> np.ndarray:
        """Its Hessian, (p, p), the same everywhere."""
        curvatures = np.zeros(n_coordinates)
        curvatures[self.positions] = 1.0 / self.deviations**2
        return np.diag(curvatures)

    def centred(self, point: np.ndarray) -> np.ndarray:
        """The point (p,) with these coordinates where they are expected."""
        moved = point.copy()
        moved[self.positions] = self.centres
        return moved


def read_prior(prior: Any, template: Distribution) -> dict[str, Prior]:
    """What a user gives as ``prior``, by the names that ``parameters_`` shows.

    A name without the number of a component means every component.

    Raises
    ------
    TypeError : no mapping; no pair of numbers.
    ValueError : a name that is no parameter to be learned, or a weight; a median outside its domain; a deviation not above 0; two
        entries for one parameter.
    """
    if prior is None:
        return {}
    if not isinstance(prior, Mapping):
        raise TypeError(f'prior must map parameters to a median and a deviation, for instance {{"shape": (2.0, 0.5)}}; got {prior!r:.60}.')
    parameters = template.parameters()
    read: dict[str, Prior] = {}
    for given, value in prior.items():
        for name in _meant(given, parameters):
            if name in read:
                raise ValueError(f"prior says two things of {name}; leave one of them out.")
            read[name] = _read_one(name, value, parameters[name].domain)
    return {name: read[name] for name in parameters if name in read}


def penalty_of(prior: Mapping[str, Prior], template: Distribution, unit: float = 1.0) -> Penalty:
    """The prior as a penalty on the coordinates of the template when times are in multiples of ``unit``.

    Of a prior that was read for a whole, the template of a part takes what is about its own parameters.
    """
    domains = template.coordinate_domains()
    # parameters and coordinates come in one order, but for weights, of which there is a coordinate less and no prior
    free = [name for name, one in template.parameters().items() if one.value is None and not isinstance(one.domain, SimplexDomain)]
    places = dict(zip(free, [i for i, domain in enumerate(domains) if not isinstance(domain, SimplexDomain)], strict=True))
    held = [(places[name], domains[places[name]], one) for name, one in prior.items() if name in places]
    return Penalty(
        np.array([position for position, _, _ in held], dtype=int),
        np.array([domain.coordinate_rescaled(domain.to_real(one.median), 1.0 / unit) for _, domain, one in held], dtype=float),
        np.array([domain.coordinate_slope(1.0 / unit) * one.deviation for _, domain, one in held], dtype=float),
    )


def left_to_the_data(template: Distribution, prior: Mapping[str, Prior]) -> Distribution:
    """The template as far as the data alone must determine it: what asks whether a maximum exists.

    A likelihood has no finite maximum because some parameter runs to an end of its range; a normal distribution of its coordinate
    holds it as a known value would, since log-likelihoods grow no faster than a coordinate. That is sure of the parameters that set the
    spread, without which no distribution narrows, and where every parameter has a prior. A prior of a scale alone does not keep a shape
    from running away, and is not counted.
    """
    parameters = template.parameters()
    free = [name for name, parameter in parameters.items() if parameter.value is None]
    held = prior if set(free) <= set(prior) else [name for name in prior if sets_spread(parameters[name], template)]
    return template.with_values([prior[name].median if name in held else one.value for name, one in parameters.items()])


def sets_spread(parameter: Parameter, law: Distribution) -> bool:
    """Whether a parameter says how far lifetimes lie apart, not where: without unit; on the whole real line a scale."""
    domain = parameter.domain
    return domain.time_power == 0 or (law.start_of_support < 0.0 and not isinstance(domain, RealDomain))


def prior_in_words(prior: Mapping[str, Prior], template: Distribution) -> dict[str, str]:
    """The prior of each parameter as ``summary_`` shows it."""
    domains = {name: parameter.domain for name, parameter in template.parameters().items()}
    return {name: f"median {one.median:g}, deviation {one.deviation:g}{_of_what(domains[name])}" for name, one in prior.items()}


def _of_what(domain: Domain) -> str:
    if isinstance(domain, RealDomain):
        return ""
    return " of its log-odds" if isinstance(domain, ProbabilityDomain) else " of its log"


def _meant(given: Any, parameters: Mapping[str, Parameter]) -> list[str]:
    """The parameters to be learned that a name stands for."""
    pattern = re.compile(rf"{re.escape(str(given))}(_\d+)*")
    found = [name for name in parameters if pattern.fullmatch(name)]
    free = [name for name in found if parameters[name].value is None]
    weights = [name for name in free if isinstance(parameters[name].domain, SimplexDomain)]
    if weights:
        raise ValueError(f"{weights[0]} can have no prior: the weights of a mixture depend on each other. Give it as known, or none.")
    if not free:
        named = ", ".join(name for name, one in parameters.items() if one.value is None and not isinstance(one.domain, SimplexDomain))
        wrong = f"{given} is known, so that a prior on it would say nothing" if found else f"there is no parameter {given!r}"
        raise ValueError(f"{wrong}; a prior may be given of {named or 'none here'}.")
    return free


def _read_one(name: str, value: Any, domain: Domain) -> Prior:
    pair = tuple(value) if isinstance(value, (tuple, list, np.ndarray)) else ()
    if len(pair) != 2 or not all(isinstance(number, numbers.Real) and not isinstance(number, bool) for number in pair):
        raise TypeError(f"the prior of {name} must be two numbers, its median and a deviation, for instance (2.0, 0.5); got {value!r:.60}.")
    median, deviation = (float(number) for number in pair)
    inside = domain.admits(median) and not (isinstance(domain, ProbabilityDomain) and median == 1.0)
    if not inside:
        expected = "a number between 0 and 1" if isinstance(domain, ProbabilityDomain) else domain.description
        raise ValueError(f"the median of {name} in its prior must be {expected}; it is {median:g}.")
    if not (deviation > 0 and math.isfinite(deviation)):
        raise ValueError(
            f"the deviation of {name} in its prior must be a finite number above 0; it is {deviation:g}. To hold {name} fixed, "
            "give it to the constructor."
        )
    return Prior(median, deviation)
