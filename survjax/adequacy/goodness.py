"""How good is the fit? Its distances from the data, beside those of fits to repetitions of the study under the fit itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from survjax.adequacy.distances import Distances, distances_of_masses, distances_of_units, followed
from survjax.adequacy.repeated_study import Study, observe, study_of
from survjax.adequacy.residuals import hazards
from survjax.data.columns import refuse_rows
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, ZeroInflated
from survjax.errors import NotConverged
from survjax.fitting.causes import is_labelled
from survjax.fitting.estimation import Fit, pose
from survjax.fitting.inner_fit import Held, fit_inside
from survjax.fitting.limits import laws_within
from survjax.nonparametric import Turnbull
from survjax.nonparametric.rows import NoEstimate, from_start
from survjax.numerics.programs import program

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("Anderson–Darling", "Kolmogorov–Smirnov", "Cramér–von Mises")
ENOUGH = 0.5  # of the repetitions; with fewer the others say nothing of the law
HELD = (
    "what the fit has at an end of its range, or a threshold without a standard error, stays as it is in the repetitions, so that these "
    "lie farther from their fits than they should: p is too large rather than too small"
)
KNOTS = (
    "the knots stay where they are in the repetitions: if the fit placed them by its data, repetitions lie a little farther from their "
    "fits than they should, so that p is too large rather than too small"
)
SAME_PRIOR = "each repetition is fitted under the prior of the fit"
THE_LIVING = "of units dead on arrival there is no life to compare: these are the distances of the others, given how many arrived alive"
AT_ONCE = 1024  # repetitions a call
LIVES_AT_ONCE = 2**20  # where they come back from a call


@dataclass(frozen=True, eq=False)
class GoodnessOfFit:
    """How far a fit lies from its data, and how often chance alone takes it as far.

    Attributes
    ----------
    distances : Anderson–Darling, Kolmogorov–Smirnov and Cramér–von Mises, (3,).
    simulated : (m, 3) the same for the m repetitions that could be fitted.
    n_bootstrap : how many repetitions were made. n_failed_refits : those without a fit, which are left out of the p-values.
    censoring_rule : how a repetition decides what is seen of a life.
    range : the ages between which fit and data were compared; infinite where the data tell to the last.
    notes : what else the reader of the p-values should know, in sentences.
    compared : what ``range`` is of: ages, or of a regression the residuals.
    """

    distances: np.ndarray
    simulated: np.ndarray
    n_bootstrap: int
    n_failed_refits: int
    censoring_rule: str
    range: tuple[float, float]
    notes: tuple[str, ...] = ()
    compared: str = "ages"

    @property
    def p_values(self) -> np.ndarray:
        """(1 + repetitions at least as far away) / (1 + repetitions), for each statistic, (3,)."""
        return (1 + (self.simulated >= self.distances).sum(0)) / (1 + len(self.simulated))

    @property
    def table(self) -> pd.DataFrame:
        """One row a statistic: ``distance`` and ``p_value``."""
        import pandas as pd

        return pd.DataFrame({"distance": self.distances, "p_value": self.p_values}, index=pd.Index(STATISTICS, name="statistic"))

    def _said(self) -> list[str]:
        failed = f", {self.n_failed_refits:,} of which could not be fitted and are left out" if self.n_failed_refits else ""
        return [
            f"compared over {self.compared} from {self.range[0]:g} to {self.range[1]:g}",
            f"{self.n_bootstrap:,} repetitions of the study under the fit{failed}",
            self.censoring_rule,
            *self.notes,
        ]

    def __repr__(self) -> str:
        return "\n".join([self.table.to_string(float_format=lambda value: f"{value:.4g}"), *self._said()])

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(sentence)}</li>" for sentence in self._said())
        return f"{self.table.to_html(float_format=lambda value: f'{value:.4g}')}<ul>{said}</ul>"


def goodness_of_fit(fit: Fit, life: Lifetimes, n_bootstrap: int, seed: int, start: float | None) -> GoodnessOfFit:
    """The test that ``Model.goodness_of_fit`` describes."""
    notes: tuple[str, ...] = ()
    if isinstance(fit.template, ZeroInflated):
        fit, life = _of_the_living(fit, fit.template, life)
        notes = (THE_LIVING,)
    notes += _notes(fit)
    _refuse_fits_that_cannot_be_repeated(fit)
    refuse_what_cannot_be_repeated(life)
    units = one_row_a_unit(life)
    from_start(units, start)  # it refuses a start that cannot be one
    if not fit.converged:
        raise NotConverged(f"the fit stopped without reaching a maximum ({fit.reason}), so that there is nothing to compare.", fit)
    own = distances_between(fit.template, fit.coordinates, units, start)
    problem = pose(fit.template, units, prior=fit.prior)
    penalty = problem.penalty
    held = Held(penalty.positions, penalty.centres, penalty.deviations) if fit.prior else None
    study, rule = study_of(units.in_unit(problem.unit), fit.template.start_of_support)
    domains = fit.template.coordinate_domains()
    moved = [domain.coordinate_rescaled(value, 1.0 / problem.unit) for domain, value in zip(domains, fit.coordinates, strict=True)]
    if start is None and study.entry is not None:
        start = fit.template.start_of_support  # what changes nothing, so that one program serves with a start and without
    law = Law(problem.template, np.array(moved, dtype=float), None if start is None else np.float64(start / problem.unit), held)
    simulated = _simulated(law, study, len(units), n_bootstrap, seed)
    refuse_few(len(simulated), n_bootstrap, fit)
    distances = np.array(own[:3], dtype=float)
    return GoodnessOfFit(distances, simulated, n_bootstrap, n_bootstrap - len(simulated), rule, (float(own.begin), float(own.end)), notes)


def refuse_few(n_fitted: int, n_bootstrap: int, fit: Any) -> None:
    """Refuse to judge by the few repetitions that could be fitted."""
    if n_fitted < ENOUGH * n_bootstrap:
        raise NotConverged(
            f"of {n_bootstrap:,} repetitions of the study {n_bootstrap - n_fitted:,} could not be fitted, too many to tell how "
            "far a fit may lie from its data: these are few for so many parameters. Give some as known, or use a simpler distribution.",
            fit,
        )


def has_knots(template: Distribution) -> bool:
    return any(type(law).with_knots is not Distribution.with_knots for law, _ in laws_within(template))


def _notes(fit: Fit) -> tuple[str, ...]:
    said = {
        HELD: fit.n_learned > len(fit.coordinates),
        KNOTS: has_knots(fit.template),
        SAME_PRIOR: bool(fit.prior),
    }
    return tuple(note for note, holds in said.items() if holds)


def _of_the_living(fit: Fit, template: ZeroInflated, life: Lifetimes) -> tuple[Fit, Lifetimes]:
    """The fit of the law of units that arrived alive, and these: their likelihood is a factor of its own.

    Raises
    ------
    ValueError : a unit of which it is not known whether it arrived alive, which ties the law to the fraction.
    """
    from_birth = np.ones(len(life), dtype=bool) if life.entry is None else life.entry <= 0.0
    either = from_birth & ~life.event_observed & np.isfinite(life.upper) & (life.lower <= 0.0)
    expected = "more than 0 for a goodness of fit with units dead on arrival"
    remedy = "It may have been one of them or not. Give a lower end above 0 where it was seen to work; or leave such rows out of the fit."
    refuse_rows(either, life.lower, "lower", expected, remedy)
    n, names = template.of.n_coordinates(), template.of.parameters()
    asked = fit.asked or fit.template
    learned = isinstance(asked, ZeroInflated) and asked.fraction_dead_on_arrival is None
    part = replace(
        fit,
        template=template.of,
        names=tuple(names),
        coordinates=fit.coordinates[:n],
        coordinate_covariance=fit.coordinate_covariance[:n, :n],
        values=fit.values[:-1],
        covariance=fit.covariance[:-1, :-1],
        n_learned=fit.n_learned - learned,
        prior={name: one for name, one in fit.prior.items() if name in names},
    )
    return part, life[~(life.event_observed & (life.lower == 0.0))]


def one_row_a_unit(life: Lifetimes) -> Lifetimes:
    """Rows repeated by their counts.

    Raises
    ------
    ValueError : a count is no whole number.
    """
    if life.weights is None:
        return life
    remedy = "A repetition of the study draws units, and of those there is no fraction. Fit to rows that count whole units."
    refuse_rows(life.weights != np.round(life.weights), life.weights, "weights", "whole numbers for a goodness of fit", remedy)
    return life[np.repeat(np.arange(len(life)), life.weights.astype(int))].with_weights(np.ones(int(life.weights.sum())))


def _refuse_fits_that_cannot_be_repeated(fit: Fit) -> None:
    if is_labelled(fit.template):
        raise ValueError(
            "a goodness of fit asks when units fail, not of what. Ask about one cause at a time, the failures of the others as running "
            'units: sj.Weibull().fit(life.durations, life.cause == "seal").goodness_of_fit(); or about all at once, by a fit of the same '
            "distributions without labels (CompetingRisks of a list)."
        )


def refuse_what_cannot_be_repeated(life: Lifetimes) -> None:
    if life.right_truncation is not None:
        row = int(np.flatnonzero(np.isfinite(life.right_truncation))[0])
        raise ValueError(
            f"the goodness of fit needs repetitions of the study, and how many units right truncation kept out of these data is not known "
            f"(row {row} could only be seen if it failed by {life.right_truncation[row]:g}; rows count from 0): the data tell of the units "
            "that failed in time, not which fraction of all they are. Compare distributions with survjax.compare, or the fit with "
            "survjax.Turnbull in a picture."
        )
    if life.observed_until is not None:
        seen = np.where(np.isfinite(life.upper), life.upper, life.lower)
        remedy = "A unit that was seen later was observed for longer; correct one of the two."
        expected = "at least the last age at which the unit was seen"
        refuse_rows(life.observed_until < seen, life.observed_until, "observed_until", expected, remedy)


def distances_between(template: Distribution, coordinates: np.ndarray, life: Lifetimes, start: float | None) -> Distances:
    """The distances between a law and the Kaplan–Meier or Turnbull estimate of lifetimes of units one each."""
    origin = template.start_of_support
    first = np.full(len(life), origin) if life.entry is None else np.maximum(life.entry, origin)
    first = first if start is None else np.maximum(first, start)
    if life.is_plain():
        age = np.where(life.lower > first, life.lower, -np.inf)
        order = np.lexsort((~life.event_observed, age))
        estimate = followed(age[order], life.event_observed[order], np.sort(first) if np.any(first > origin) else None)
        begin = max(float(estimate.begin), origin)
        begun = hazards(template, coordinates, np.array([begin]))[0]
        found = distances_of_units(estimate, hazards(template, coordinates, life.lower)[order], begun)
        return found._replace(begin=begin)
    table = Turnbull().fit(life, start=start).table_
    begin = float(first.min())
    left, right = (np.maximum(table[name].to_numpy(), begin) for name in ("left", "right"))
    begun, low, high = (hazards(template, coordinates, ages) for ages in (np.array([begin]), left, right))
    # who ran on into the last interval is lumped with those that failed in it: there is no telling them apart
    open_end = bool(np.isinf(right[-1]) or np.any(np.isinf(life.upper) & (life.lower >= left[-1])))
    end = float(left[-1]) if open_end else np.inf
    n = float(np.sum(life.upper > begin))
    return distances_of_masses(low - begun, high - begun, table["mass"].to_numpy(), n, open_end=open_end, begin=begin, end=end)


# ---- repetitions


class Law(NamedTuple):
    """What repetitions are drawn from and refitted with, in the inner unit: template, coordinates (p,), first age compared, prior."""

    template: Distribution
    coordinates: Any
    start: Any
    held: Held | None = None


def _simulated(law: Law, study: Study, n: int, n_bootstrap: int, seed: int) -> np.ndarray:
    """The distances of the repetitions that could be fitted, (m, 3)."""
    plain = study.inspections is None
    size = AT_ONCE if plain else max(1, min(AT_ONCE, LIVES_AT_ONCE // len(study.real)))
    found = []
    for first in range(0, n_bootstrap, size):
        count = min(size, n_bootstrap - first)
        results = _repetitions(law, study, jax.random.key(seed), np.int64(first), np.int64(first + count), size=size)
        told, *rest = jax.tree.map(lambda array, count=count: np.asarray(array)[:count], results)
        if plain:
            distances = rest[0]
        else:
            distances = np.full((count, 3), np.nan)
            for repetition in np.flatnonzero(told):
                distances[repetition] = _distances_of(law, study, n, *(array[repetition] for array in rest))
        found.append(distances[told & np.isfinite(distances).all(axis=1)])
    return np.concatenate(found)


def _distances_of(law: Law, study: Study, n: int, coordinates: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    lower, upper, entry = lower[:n], upper[:n], None if study.entry is None else study.entry[:n]
    if entry is not None:
        told = np.isfinite(upper) | (lower > entry)  # of the others nothing was learned
        lower, upper, entry = lower[told], upper[told], entry[told]
    life = Lifetimes.from_intervals(lower, upper, entry=entry)
    try:
        found = distances_between(law.template, coordinates, life, None if law.start is None else float(law.start))
    except (NoEstimate, NotConverged):
        return np.full(3, np.nan)
    return np.array(found[:3], dtype=float)


@program(static_argnames="size")
def _repetitions(law: Law, study: Study, key: Any, first: Any, last: Any, *, size: int) -> Any:
    """Whether each repetition could be fitted, and its distances (size, 3); or coordinates, lower and upper ends where units are inspected.

    One after another in a compiled loop, so that no more than one repetition's columns are held.
    """
    template, origin, n = law.template, law.template.start_of_support, len(study.real)
    truth = template.bind(law.coordinates)
    late = None if study.entry is None else study.entry > origin
    collected = jnp.zeros(n) if late is None else jnp.where(late, _hazards(truth, jnp.where(late, study.entry, 1.0)), 0.0)
    begins = _begins(study, law.start)

    def repetition(index):
        for_lives, for_study = jax.random.split(jax.random.fold_in(key, index))
        exposure = collected + jax.random.exponential(for_lives, (n,), collected.dtype)
        lower, upper = observe(study, jax.vmap(truth.age_at)(exposure), origin, for_study)
        point, told = law.coordinates, jnp.asarray(True)
        if template.n_coordinates():
            within = study.inspections is not None
            arrival = fit_inside(template, lower, upper, study.entry, study.real, law.coordinates, within=within, held=law.held)
            point, told = arrival.point, arrival.is_minimum
        if study.inspections is not None:
            return told, point, lower, upper
        refit = template.bind(point)
        counted = study.real if begins is None else study.real & (lower > begins[0])
        age, failed = _in_order(jnp.where(counted, lower, -jnp.inf), jnp.isfinite(upper))
        estimate = followed(age, failed, None if begins is None else begins[1], jnp)
        hazard = _hazards(refit, jnp.where(estimate.seen, age, 1.0))
        begun = jnp.where(estimate.begin > origin, -refit.log_survival(jnp.where(estimate.begin > origin, estimate.begin, 1.0)), 0.0)
        return told, jnp.stack(distances_of_units(estimate, hazard, begun, jnp)[:3])

    def visit(index, results):
        return jax.tree.map(partial(jax.lax.dynamic_update_index_in_dim, index=index - first, axis=0), results, repetition(index))

    shapes = jax.eval_shape(repetition, first)
    nothing = jax.tree.map(lambda shape: jnp.zeros((size, *shape.shape), shape.dtype), shapes)
    return jax.lax.fori_loop(first, last, visit, nothing)


def _begins(study: Study, start: Any) -> Any:
    """From where on each unit counts (n,), and the same in order; None where all do from the start of the support."""
    if study.entry is None and start is None:
        return None
    first = jnp.full(len(study.real), start) if study.entry is None else study.entry
    first = first if start is None else jnp.maximum(first, start)
    return first, jnp.sort(jnp.where(study.real, first, jnp.min(first)))


def _in_order(age: Any, failed: Any) -> tuple[Any, Any]:
    """Ages in order and which of them are failures, those first among equals.

    XLA sorts one column of whole numbers on a CPU six to ten times faster than floats or several columns. So an age is sorted by its
    bits, of which the last, a relative 2e-16, is lent to say that it is not a failure.
    """
    ordered = _reflected(jax.lax.bitcast_convert_type(age, jnp.int64))
    ordered = jnp.sort((ordered & ~1) | (~failed).astype(jnp.int64))
    bits = _reflected(jnp.where(ordered < 0, ordered | 1, ordered & ~1))
    return jax.lax.bitcast_convert_type(bits, age.dtype), (ordered & 1) == 0


def _reflected(bits: Any) -> Any:
    """Bits of negative numbers in the order of whole numbers, and back."""
    return jnp.where(bits < 0, bits ^ jnp.int64(2**63 - 1), bits)


def _hazards(distribution: Distribution, ages: Any) -> Any:
    return -jax.vmap(distribution.log_survival)(ages)
