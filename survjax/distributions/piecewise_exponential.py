"""The piecewise exponential distribution."""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from survjax.distributions.distribution import Distribution
from survjax.distributions.edges import INFINITY, ZERO, Edges, Limit
from survjax.distributions.fields import Age
from survjax.parameters import Rates


class PiecewiseExponential(Distribution):
    r"""Lifetimes whose hazard is constant between given ages and jumps there: any course of the hazard, in steps.

    .. math:: h(t) = \lambda_j \quad\text{for}\quad b_{j-1} \le t < b_j, \qquad H(t) = \sum_j \lambda_j\,|[b_{j-1}, b_j) \cap [0, t)|

    with :math:`b_{-1} = 0` and the last piece without end. At its maximum the likelihood gives each rate as the failures in
    the piece over the time all units spent in it, so that a piece without failures leaves none.

    Parameters
    ----------
    breaks : (k,) rising positive ages b_0, ..., b_{k-1}, in the unit of time: where the hazard may jump. Never learned.
    rate : (k + 1,) lambda > 0, failures per unit of time, one a piece; ``rate_0`` is that before the first break. lifelines
        1 / ``lambda_``, flexsurv and eha ``rate``.

    References
    ----------
    Friedman (1982), Piecewise exponential models for survival data with covariates, Annals of Statistics 10.
    """

    breaks: Age
    rate: Rates

    edges = Edges(
        (
            Limit({"rate": ZERO}, "nobody fails in that piece", "Merge it with its neighbour: leave out a break."),
            Limit({"rate": INFINITY}, "all that reach that piece fail as it begins", "Merge it with its neighbour: leave out a break."),
        )
    )

    def __post_init__(self):
        if isinstance(self.breaks, (list, tuple)):
            object.__setattr__(self, "breaks", np.asarray(self.breaks, float))
        if self.rate is None:
            object.__setattr__(self, "rate", (None,) * (len(self.breaks) + 1))
        elif not isinstance(self.rate, tuple):
            object.__setattr__(self, "rate", tuple(self.rate))

    def check(self):
        check_ages(self.breaks, "breaks", "PiecewiseExponential")
        if len(self.rate) != len(self.breaks) + 1:
            raise ValueError(
                f"PiecewiseExponential has one rate a piece: {len(self.breaks)} breaks make {len(self.breaks) + 1} pieces, "
                f"and {len(self.rate)} rates were given."
            )

    def _pieces(self):
        """Rate, beginning and length of each piece."""
        begins = [0.0 * self.rate[0], *self.breaks]
        lengths = [*(after - before for before, after in itertools.pairwise(begins)), jnp.inf]
        return zip(self.rate, begins, lengths, strict=True)

    def log_survival(self, time):
        return -self.cumulative_hazard_between(jnp.zeros_like(time), time)

    def log_hazard(self, time):
        rate = self.rate[0] + jnp.zeros_like(time)
        for here, begin, _ in list(self._pieces())[1:]:
            rate = jnp.where(time >= begin, here, rate)
        return jnp.log(rate)

    def cumulative_hazard_between(self, start, length):
        collected = jnp.zeros_like(length)
        for rate, begin, piece in self._pieces():
            # how much of the length is left when the piece begins, and how much of the piece there is after the start
            left = jnp.maximum(length - jnp.maximum(begin - start, 0.0), 0.0)
            collected = collected + rate * jnp.minimum(left, jnp.maximum(piece - jnp.maximum(start - begin, 0.0), 0.0))
        return collected

    def duration_after(self, start, cumulative_hazard):
        left, duration = cumulative_hazard, jnp.zeros_like(cumulative_hazard)
        for rate, begin, piece in self._pieces():
            usable = jnp.maximum(piece - jnp.maximum(start - begin, 0.0), 0.0)
            taken = jnp.minimum(left / rate, usable)
            duration = duration + taken
            left = jnp.where(taken < usable, 0.0, jnp.maximum(left - rate * taken, 0.0))
        return duration

    def mean_after(self, start):
        return self.restricted_mean_after(start, jnp.inf)

    def restricted_mean_after(self, start, horizon):
        mean, collected, left = jnp.zeros_like(start), jnp.zeros_like(start), horizon
        for rate, begin, piece in self._pieces():
            usable = jnp.minimum(jnp.maximum(piece - jnp.maximum(start - begin, 0.0), 0.0), left)
            endless = usable == jnp.inf
            finite = jnp.where(endless, 0.0, usable)
            mean = mean + jnp.exp(-collected) * jnp.where(endless, 1.0, -jnp.expm1(-rate * finite)) / rate
            collected, left = jnp.where(endless, jnp.inf, collected + rate * finite), left - finite
        return mean

    def untold(self, failed_from, failed_by, seen_from, seen_to) -> str | None:
        begins, ends = np.concatenate([[0.0], self.breaks]), np.concatenate([self.breaks, [np.inf]])
        for index, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            if self.rate[index] is not None:
                continue
            piece = f"the piece from {begin:g} to {end:g} (rate_{index})"
            remedy = f"Merge it with its neighbour: leave out the break at {begin if index else end:g}."
            if not np.any((seen_to > begin) & (seen_from < end)):
                return f"nobody was under observation in {piece}, so that its rate can be anything. {remedy}"
            exact = failed_from == failed_by
            if not np.any(np.where(exact, (failed_from >= begin) & (failed_from < end), (failed_by > begin) & (failed_from < end))):
                return f"nobody failed in {piece}, so that its rate runs to 0. {remedy}"
        return None

    def with_hazard_times(self, log_factor) -> PiecewiseExponential:
        return PiecewiseExponential(self.breaks, tuple(rate * jnp.exp(log_factor) for rate in self.rate))

    def start(self, centre: float, spread: float) -> dict[str, Any]:
        return {"rate": (math.exp(-centre - 0.5772156649015329),) * len(self.rate)}


def check_ages(ages, name: str, law: str) -> None:
    """Refuse ages that are not positive, finite and rising.

    Raises
    ------
    ValueError : with the first such age.
    """
    ages = np.asarray(ages, float)
    before = np.concatenate([[0.0], ages[:-1]])
    bad = np.flatnonzero(~(np.isfinite(ages) & (ages > before)))
    if ages.ndim != 1 or bad.size:
        shown = f"; {name}[{bad[0]}] is {ages[bad[0]]:g} after {before[bad[0]]:g}" if ages.ndim == 1 else ""
        raise ValueError(f"{name} of {law} must be a row of positive ages that rise{shown}.")
