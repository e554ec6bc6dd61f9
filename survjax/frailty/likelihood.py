r"""The likelihood of lifetimes of which those of a group share a frailty.

With d failures, at which the unit's own hazards were :math:`h_i`, and a the sum of the cumulative hazards that the units of the group
have gone through, a group contributes

.. math:: \sum \log h_i + \log E\,[Z^d e^{-aZ}] - \log E\,[e^{-eZ}]

where e is the sum of the cumulative hazards before the units came under observation: a group is seen as it is because all its units
survived to their entries, and its frailty is that of such groups (Hougaard 2000, sections 7.2 and 7.3; van den Berg & Drepper 2016,
Econometric Reviews 35, on why marginal over marginal must be taken jointly within a group). A unit known to have failed within an interval
in which its base collects m has :math:`1 - e^{-mZ}` under the expectation in place of a hazard (``interval_moments``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.distributions import Distribution
from survjax.distributions.frailties import FRAILTIES
from survjax.frailty.groups import Block
from survjax.frailty.interval_moments import NODES, Intervals, log_interval_moments, nodes_and_shares
from survjax.numerics.linear_sums import Layout, LinearSums
from survjax.numerics.newton import Evaluation
from survjax.numerics.special import log1mexp


def _hazards(template: Distribution, layout: Layout, coefficients: Any, columns: Any):
    """Of each row the cumulative hazards at its age, at its entry (None where no row begins late) and from its age to the end of the
    interval in which it failed (None where no row has one), and the law's log hazard (b,).
    """

    def of_row(coordinates, row):
        law = template.bind(coordinates)
        collected = -law.log_survival_from(row["age"], row["log_age"])
        at_entry = -law.log_survival_from(row["entry"], row["log_entry"]) if "entry" in row else None
        more = None
        if "more" in row:
            # of one that failed before an age "age" is that age
            more = jnp.where(row["from_birth"], collected, law.cumulative_hazard_between(row["age"], row["more"]))
        return collected, at_entry, more, law.log_hazard(row["failed_at"])

    rows = {name: column for name, column in columns.items() if name != "covariates"}
    return jax.vmap(of_row)(layout.coordinates(coefficients, columns["covariates"]), rows)


def _expected(columns: Any, collected: Any, at_entry: Any, n_groups: int):
    """The cumulative hazards that the units of each group have gone through, and those before they were seen, (g,) each."""
    seen = columns["weight"] * collected
    if at_entry is None:
        return jax.ops.segment_sum(seen, columns["group"], n_groups), jnp.zeros(n_groups)
    seen = seen - columns["before"] * at_entry
    return tuple(jax.ops.segment_sum(one, columns["group"], n_groups) for one in (seen, columns["at_entry"] * at_entry))


def _intervals(columns: Any, more: Any) -> Intervals:
    return Intervals(more, columns["between"], columns["group"])


@partial(jax.jit, static_argnums=(0, 1))
def _sums_of_block(kind: str, layout: Layout, template: Distribution, point: Any, block: Block) -> LinearSums:
    log_moment = jax.vmap(FRAILTIES[kind].log_moment, (None, 0, 0))
    columns, failures = block.columns, block.failures

    def total(point):
        collected, at_entry, more, log_hazard = _hazards(template, layout, point[:-1], columns)
        expected, before = _expected(columns, collected, at_entry, len(failures))
        variance = jnp.exp(point[-1])
        if more is None:
            of_groups = log_moment(variance, failures, expected)
        else:
            of_groups = log_interval_moments(kind, variance, failures, expected, _intervals(columns, more))
        if at_entry is not None:
            of_groups = of_groups - log_moment(variance, jnp.zeros_like(failures), before)
        of_rows = columns["failed"] * log_hazard
        size = jnp.abs(of_rows).sum() + jnp.abs(of_groups).sum()
        return of_rows.sum() + of_groups.sum(), jax.lax.stop_gradient(size)

    def gradient_and_value(point):
        (value, size), gradient = jax.value_and_grad(total, has_aux=True)(point)
        return gradient, (value, gradient, size)

    hessian, (value, gradient, size) = jax.jacfwd(gradient_and_value, has_aux=True)(point)
    return LinearSums(value, gradient, hessian, size)


@partial(jax.jit, static_argnums=0)
def _expected_of_block(layout: Layout, template: Distribution, coefficients: Any, block: Block):
    """What each group of the block was expected to have by way of failures (g,), and its slopes (g, q) in the coefficients."""

    def expected(coefficients):
        collected, at_entry, *_ = _hazards(template, layout, coefficients, block.columns)
        found = _expected(block.columns, collected, at_entry, len(block.failures))
        # the hazards before a late entry count, too: those units survived them
        return found[0], found[0]

    slopes, value = jax.jacfwd(expected, has_aux=True)(coefficients)
    return value, slopes


@dataclass
class GroupedProblem:
    """The likelihood as a function of coefficients and log variance, in the unit of time in which the optimiser works.

    Attributes
    ----------
    kind : of the frailty. repeats (m,) : how many groups have more than j failures, j = 0, 1, ...
    n_failed : failures, by which the log-likelihood is divided for the optimiser.
    """

    kind: str
    template: Distribution
    layout: Layout
    blocks: list[Block]
    repeats: np.ndarray
    n_failed: float

    @classmethod
    def of(cls, kind: str, template: Distribution, layout: Layout, blocks: list[Block], n_failed: float) -> GroupedProblem:
        failures = np.concatenate([block.failures[: len(block.which)] for block in blocks]).astype(int)
        repeats = np.bincount(failures)[::-1].cumsum()[::-1][1:].astype(float)
        return cls(kind, template, layout, blocks, repeats, n_failed)

    def sums(self, point: np.ndarray) -> LinearSums:
        """The log-likelihood at coefficients and log variance (q + 1,), with derivatives."""
        parts = [_sums_of_block(self.kind, self.layout, self.template, point, _as_arrays(block)) for block in self.blocks]
        found = jax.tree.map(lambda *arrays: sum(np.asarray(array) for array in arrays), *parts)
        if self.kind != "gamma":
            return found
        # v^d Gamma(1/v + d) / Gamma(1/v) is the product of 1 + j v over j < d: so written it has a limit at v = 0
        times = np.arange(len(self.repeats)) * np.exp(point[-1])
        gradient, hessian = np.array(found.gradient), np.array(found.hessian)
        rise = float(self.repeats @ np.log1p(times))
        gradient[-1] += self.repeats @ (times / (1.0 + times))
        hessian[-1, -1] += self.repeats @ (times / (1.0 + times) ** 2)
        return LinearSums(found.value + rise, gradient, hessian, found.size + rise)

    def evaluate(self, points: np.ndarray, active: np.ndarray) -> Evaluation:
        """The mean negative log-likelihood per failure at the one point (1, q + 1)."""
        found = self.sums(points[0])
        scale = -1.0 / (self.n_failed or 1.0)
        return Evaluation(
            found.value[None] * scale, found.gradient[None] * scale, found.hessian[None] * scale, size=found.size[None] * -scale
        )

    def log_likelihood(self, coefficients: np.ndarray, variance: float) -> float:
        """The log-likelihood alone; at a variance of 0 that of independent units."""
        if variance > 0.0:
            return float(self.sums(np.append(coefficients, np.log(variance))).value)
        return float(sum(_independent(self.layout, self.template, coefficients, _as_arrays(block)) for block in self.blocks))

    def nodes(self, coefficients: np.ndarray, variance: float, n_groups: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Values of the frailty of each group (k, NODES) and their shares; None where failures and expected failures tell them."""
        if variance == 0.0 or "between" not in self.blocks[0].columns:
            return None
        values, shares = np.zeros((n_groups, NODES)), np.zeros((n_groups, NODES))
        for block in self.blocks:
            found = _nodes_of_block(self.kind, self.layout, self.template, coefficients, variance, _as_arrays(block))
            for whole, part in zip((values, shares), found, strict=True):
                whole[block.which] = np.asarray(part)[: len(block.which)]
        return values, shares

    def expected(self, coefficients: np.ndarray, n_groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Failures and expected failures of each group (k,), and the slopes (k, q) of the latter in the coefficients."""
        failures, expected = np.zeros(n_groups), np.zeros(n_groups)
        slopes = np.zeros((n_groups, len(coefficients)))
        for block in self.blocks:
            value, slope = _expected_of_block(self.layout, self.template, coefficients, _as_arrays(block))
            held = len(block.which)
            failures[block.which] = block.failures[:held]
            expected[block.which], slopes[block.which] = np.asarray(value)[:held], np.asarray(slope)[:held]
        return failures, expected, slopes


@partial(jax.jit, static_argnums=0)
def _independent(layout: Layout, template: Distribution, coefficients: Any, block: Block):
    collected, at_entry, more, log_hazard = _hazards(template, layout, coefficients, block.columns)
    expected, before = _expected(block.columns, collected, at_entry, len(block.failures))
    between = 0.0 if more is None else (block.columns["between"] * log1mexp(-more)).sum()
    return (block.columns["failed"] * log_hazard).sum() + between - expected.sum() + before.sum()


@partial(jax.jit, static_argnums=(0, 1))
def _nodes_of_block(kind: str, layout: Layout, template: Distribution, coefficients: Any, variance: Any, block: Block):
    """Values of the frailty of each group of the block and their shares, (g, NODES) each."""
    collected, at_entry, more, _ = _hazards(template, layout, coefficients, block.columns)
    expected, _ = _expected(block.columns, collected, at_entry, len(block.failures))
    return nodes_and_shares(kind, variance, block.failures, expected, _intervals(block.columns, more))


def _as_arrays(block: Block) -> Block:
    # which groups they are does not concern the program, and would make one of each number of them
    return block._replace(which=np.zeros(0))
