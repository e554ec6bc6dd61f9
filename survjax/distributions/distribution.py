"""What every lifetime distribution is, and all that follows from its survival function alone."""

from __future__ import annotations

import dataclasses
import functools
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

import jax
import jax.numpy as jnp

from survjax.distributions.edges import Edges
from survjax.distributions.fields import ConstantKind, Fields
from survjax.distributions.papers import Paper
from survjax.distributions.scanned_start import scanned_start
from survjax.numerics.quadrature import restricted_mean
from survjax.numerics.roots import root_between, solve_from_anywhere, solve_increasing
from survjax.parameters import Domain

OF_LEARNERS = ("fit", "predict", "score", "interval", "summary_", "parameters_", "goodness_of_fit", "save", "log_likelihood")


def elementwise(rule: Callable) -> Callable:
    """Let a rule written for scalars take arrays that broadcast; scalars go straight through."""

    @functools.wraps(rule)
    def method(self, *arguments):
        arguments = tuple(jnp.asarray(argument, jnp.result_type(argument, float)) for argument in arguments)
        if all(argument.ndim == 0 for argument in arguments):
            return rule(self, *arguments)
        return jnp.vectorize(functools.partial(rule, self))(*arguments)

    return method


@dataclass_transform(eq_default=False, frozen_default=True)
class Distribution(Fields):
    """The distribution of a lifetime: a frozen JAX pytree of parameters, constants and static settings.

    One of your own declares its parameters by annotation (``sj.Positive``, ``sj.Duration``, ``sj.Rate``, ``sj.Real``, ``sj.Location``,
    ``sj.Probability``) and owes one rule, ``log_survival(self, time)``, scalar in, scalar out, in ``jax.numpy``; ``sj.Model`` is its
    learner, and it stands wherever a distribution may. It may give any other rule where a closed form is kinder (``log_hazard``,
    ``age_at``, ``mean_after``, ...), and ``start(centre, spread)`` where a fit should begin elsewhere than where trying finds.
    ``sj.load(path, distributions=[...])`` reads back what was saved. More in ``docs/own_distribution.md``.

    Every method may be used under ``jit``, ``vmap`` and ``grad``, and takes arrays too. The precision is that of the arguments and of
    the user's JAX configuration; the learners of ``survjax.models`` see to double precision by themselves.

    A parameter that is None is one to be learned; such a distribution is a template.

    Raises
    ------
    TypeError : on definition, for an annotation that is no domain where one is meant.

    Examples
    --------
    >>> import jax.numpy as jnp, survjax as sj
    >>> class Lomax(sj.Distribution):
    ...     shape: sj.Positive
    ...     scale: sj.Duration
    ...     def log_survival(self, time):
    ...         return -self.shape * jnp.log1p(time / self.scale)
    >>> round(sj.Model(Lomax(shape=2.0, scale=100.0)).median(), 4)
    41.4214
    """

    start_of_support: ClassVar[float] = 0.0
    paper: ClassVar[Paper | None] = None  # on which it is a straight line, where there is such
    edges: ClassVar[Edges | None] = None  # None: not known
    has_mass_at_start: ClassVar[bool] = False
    _rules: ClassVar[tuple[str, ...]] = (
        "log_survival",
        "log_hazard",
        "log_density",
        "hazard",
        "density",
        "log_survival_from",
        "log_density_from",
        "log_hazard_from",
        "cumulative_hazard_between",
        "duration_after",
        "age_at",
        "mean_after",
        "restricted_mean_after",
    )

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in cls._rules:
            if name in vars(cls):
                setattr(cls, name, elementwise(vars(cls)[name]))
        cls._declare(sys._getframe(1))

    if not TYPE_CHECKING:  # or every name would be one

        def __getattr__(self, name: str) -> Any:
            if name in OF_LEARNERS or name.startswith(("predict_", "plot_")):
                call = type(self).__name__
                raise AttributeError(f"a distribution has no {name}, its learner has: wrap it, sj.Model({call}(...)).{name}(...).")
            return object.__getattribute__(self, name)  # raises as Python does

    # ---- the rules a subclass may give

    @elementwise
    def log_survival(self, time):
        """log P(T > time)."""
        raise TypeError(f"{type(self).__name__} owes the rule log_survival(self, time).")

    @elementwise
    def log_hazard(self, time):
        return jnp.log(-jax.grad(self.log_survival)(time))

    def probability_at_start(self):
        """P(T = 0) of a law that has mass there, as its ``has_mass_at_start`` says."""
        raise TypeError(f"{type(self).__name__} has no mass at the start of its support.")

    def first_age(self):
        """The age before which nothing fails; that of a template is the first that its known parameters leave."""
        return min((part.first_age() for part in self.parts()), default=self.start_of_support)

    def can_be_negative(self) -> bool:
        """Whether some lives may be negative, so that a quantile has no logarithm."""
        return self.start_of_support < 0.0 or any(part.can_be_negative() for part in self.parts())

    @elementwise
    def log_density(self, time):
        return self.log_hazard(time) + self.log_survival(time)

    @elementwise
    def hazard(self, time):
        return jnp.exp(self.log_hazard(time))

    @elementwise
    def density(self, time):
        finite = time < jnp.inf  # at infinity an infinite hazard meets an infinite -log S
        return jnp.where(finite, jnp.exp(self.log_density(jnp.where(finite, time, 1.0))), 0.0)

    def log_survival_from(self, time, log_time):
        """``log_survival`` with log(time) at hand, so that the likelihood takes each logarithm once, on the host."""
        return self.log_survival(time)

    @elementwise
    def log_density_from(self, time, log_time):
        return self.log_density(time)

    @elementwise
    def log_hazard_from(self, time, log_time):
        return self.log_hazard(time)

    @elementwise
    def cumulative_hazard_between(self, start, length):
        """The cumulative hazard collected from age ``start`` over ``length``, at full relative accuracy for a short one."""
        return self.log_survival(start) - self.log_survival(start + length)

    def age_between(self, cumulative_hazard, bounds: Callable):
        """``age_at`` by a search; ``bounds(cumulative_hazard)`` gives two ages between which it lies."""
        inside = (cumulative_hazard > 0) & (cumulative_hazard < jnp.inf)
        target = jnp.where(inside, cumulative_hazard, 1.0)
        if self.start_of_support == 0.0:
            # not by duration_after age 0, where the survival of a falling hazard has an infinite slope that forward derivatives meet
            age = solve_increasing(lambda age: -self.log_survival(age), target, *bounds(target))
            return jnp.where(inside, age, jnp.where(cumulative_hazard > 0, jnp.inf, 0.0))
        age = root_between(lambda age: jnp.log(-self.log_survival(age)) - jnp.log(target), *bounds(target))
        return jnp.where(inside, age, jnp.where(cumulative_hazard > 0, jnp.inf, -jnp.inf))

    @elementwise
    def duration_after(self, start, cumulative_hazard):
        """How long after age ``start`` until ``cumulative_hazard`` has been collected."""
        return solve_from_anywhere(lambda length: self.cumulative_hazard_between(start, length), cumulative_hazard)

    @elementwise
    def age_at(self, cumulative_hazard):
        """The age by which ``cumulative_hazard`` has been collected since the start of the support.

        A law on the whole real line owes this rule, since there is no first age to count from.
        """
        return self.duration_after(jnp.zeros_like(cumulative_hazard), cumulative_hazard)

    @elementwise
    def mean_after(self, start):
        """The expected remaining life at age ``start``."""
        return self.restricted_mean_after(start, jnp.inf)

    @elementwise
    def restricted_mean_after(self, start, horizon):
        """E min(T - start, horizon) given survival to ``start``."""
        finite = horizon < jnp.inf
        collected = jnp.where(finite, self.cumulative_hazard_between(start, jnp.where(finite, horizon, 1.0)), jnp.inf)
        safe = collected == 0  # so young that nobody fails before the horizon
        limits = jnp.where(safe, 1.0, horizon), jnp.where(safe, 1.0, collected)
        mean = restricted_mean(lambda x: self.duration_after(start, x), *limits)
        return jnp.where(safe, horizon, mean)

    def start(self, centre: float, spread: float) -> dict[str, Any]:
        """Parameters at which log time has about this mean and standard deviation: where a fit may begin.

        For a law on the whole real line they are those of time itself. A rule to be given where the law is known to have better ones:
        here they are found by trying (``scanned_start``).
        """
        kinds = self.field_kinds()
        if all(kind is None or isinstance(kind, (Domain, ConstantKind)) for kind in kinds.values()):
            return scanned_start(self, centre, spread)
        typical = math.exp(centre) if self.start_of_support == 0.0 else spread
        return {name: kind.rescaled(kind.from_real(0.0), typical) for name, kind in kinds.items() if isinstance(kind, Domain)}

    @classmethod
    def from_line(cls, location: float, scale: float) -> Distribution:
        """The distribution that is the line age = location + scale x height on its paper, log age where that is logarithmic.

        A law with a ``paper`` owes this rule.
        """
        raise TypeError(f"{cls.__name__} is a straight line on no probability paper.")

    # ---- what follows from them

    @elementwise
    def survival(self, time):
        return jnp.exp(self.log_survival(time))

    @elementwise
    def failure_probability(self, time):
        """P(T <= time)."""
        return -jnp.expm1(self.log_survival(time))

    @elementwise
    def cumulative_hazard(self, time):
        return -self.log_survival(time)

    @elementwise
    def quantile(self, probability):
        """The time by which this share has failed."""
        return self.age_at(-jnp.log1p(-probability))

    def mean_is_finite(self) -> bool:
        """Whether the mean life of a law with values is finite, as far as its parameters tell."""
        return all(part.mean_is_finite() for part in self.parts())

    def median(self):
        return self.quantile(0.5)

    def mean(self):
        """The mean life."""
        if self.start_of_support == 0.0:
            return self.mean_after(0.0)
        return restricted_mean(self.age_at, jnp.inf, jnp.inf)

    def given_survival(self, age) -> Distribution:
        """The distribution of the remaining life of a unit alive at ``age``."""
        from survjax.distributions.remaining_life import RemainingLife

        return RemainingLife(self, age)

    def sample(self, key, shape: tuple[int, ...] = ()):
        """Random lifetimes, from a JAX random key."""
        return self.age_at(jax.random.exponential(key, shape))

    # ---- what the law is given besides parameters

    def check(self) -> None:
        """Refuse constants and settings that the law cannot have.

        Raises
        ------
        ValueError : with what is wrong with them.
        """

    def with_knots(self, log_failure_times) -> Self:
        """The same law with the constants filled in that a fit places by the data; most have none.

        Parameters
        ----------
        log_failure_times : (n,) NumPy array, in the law's unit of time.
        """
        changed = self._parts_after(lambda part: part.with_knots(log_failure_times))
        return dataclasses.replace(self, **changed) if changed else self  # type: ignore[type-var]

    def with_hazard_times(self, log_factor) -> Distribution | None:
        """The law of the same kind whose hazard is this one's times exp(``log_factor``); None where there is none of the kind."""
        return None

    def age_power(self) -> float | None:
        """The power of age by which a cumulative hazard rises of which only the size is still to be learned; None for other laws."""
        return None

    def untold(self, failed_from, failed_by, seen_from, seen_to) -> str | None:
        """Which parameter has no finite estimate whatever the others, and what to do, as a sentence; None where none is known.

        Parameters
        ----------
        failed_from, failed_by : (m,) NumPy arrays, the ages between which each failure fell; equal where the age is known.
        seen_from, seen_to : (n,) between which ages each unit was under observation.
        """
        return None
