"""Shared frailty over any law or regression, as a learner."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.covariates.histories import History, taken_apart
from survjax.covariates.labels import take_labels
from survjax.covariates.landmark_rows import Landmarks
from survjax.covariates.table import read_table
from survjax.data.columns import refuse_different_indexes
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.distributions.frailties import check_frailty
from survjax.fitting.estimation import placed
from survjax.fitting.existence import check_anything_failed, check_support
from survjax.frailty.estimation import GroupStates, fit_frailty
from survjax.frailty.groups import Groups, blocks_of, pick, read_groups, refuse_what_no_frailty_takes
from survjax.frailty.likelihood import GroupedProblem
from survjax.frailty.predictions import Members, bounds_of_members, link_of_members, predict_members
from survjax.models.accelerated_failure_time import AcceleratedFailureTime
from survjax.models.arguments import as_target, check_level, taken_as_failed
from survjax.models.frailty_findings import FrailtyFindings
from survjax.models.habits import independent_rows
from survjax.models.intervals import limits_of_link
from survjax.models.outcome import refuse_outcome_in
from survjax.models.parameter_regression import ParameterRegression
from survjax.models.precision import in_double_precision
from survjax.models.predictions import PREDICTIONS, Prediction, arguments_of, rul_arguments
from survjax.models.proportional_hazards import ProportionalHazards, refuse_bases, refuse_frailty_inside
from survjax.models.regression import Regression
from survjax.models.regression_intervals import index_of_units
from survjax.models.template import as_template
from survjax.models.unit_laws import unit_arguments
from survjax.regression.clusters import numbers_of
from survjax.regression.predictors import Predictors
from survjax.regression.two_stages import group_weights

if TYPE_CHECKING:
    import pandas as pd

AT_LANDMARKS = (
    "Learned from one landmark of each unit: predictions are for a unit at a reading, given its readings up to then, and average over how "
    "they go on; the frailty is that of groups among units that run at their landmark."
)
REGRESSIONS = (ProportionalHazards, AcceleratedFailureTime, ParameterRegression)


class Frailty(FrailtyFindings):
    r"""Units in groups (sites, machines, production lots) that share what nobody recorded: a frailty Z that multiplies their hazards.

    .. math:: h(t \mid x, Z) = Z\,h(t \mid x), \qquad L_g = \prod_i h_i(t_i)\;E\,[Z^d e^{-Z \sum H_i(t_i)}] \,/\, E\,[e^{-Z \sum H_i(e_i)}]

    with d the failures of the group and :math:`e_i` the ages at which its units came under observation: where some came late, the frailty
    is that of groups whose units all survived until then. A gamma frailty has mean 1 and variance v, the logarithm of a lognormal one
    mean 0 and variance v. The base and the coefficients are those of units of frailty 1, not averages over the fleet.

    A failure known only within an interval has the probability of the interval, given Z, under the expectation in place of its hazard.

    Under late entry the rows of a group must be all its units: one that had failed before it could be seen, and is left out, takes a frail
    sign away, and the likelihood does not know.

    Parameters
    ----------
    base : a ``ProportionalHazards``, ``AcceleratedFailureTime`` or ``ParameterRegression``, or a learner or distribution of positive
        lifetimes, for which X does not matter; a template, which ``fit`` leaves as it is.
    distribution : of the frailty: "gamma", in closed form (by quadrature in groups with intervals), or "lognormal", by quadrature.

    Where every unit is a group of its own and there are no covariates, ``UnitFrailty`` is the same model, a law of lifetimes with all that
    those can do. Its limits of the variance are Wald's; those here are of the profile likelihood, and may reach 0.

    References
    ----------
    Hougaard (2000), Analysis of Multivariate Survival Data, chapter 7. Duchateau & Janssen (2008), The Frailty Model. Therneau, Grambsch &
    Pankratz (2003), Penalized Survival Models and Frailty, Journal of Computational and Graphical Statistics 12, on R's coxph, which has
    the same likelihood over a hazard of any shape.

    Examples
    --------
    >>> import survjax as sj
    >>> life = sj.Lifetimes([30, 21, 12, 28, 15, 40, 5, 7, 33, 9], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1])
    >>> model = sj.Frailty(sj.Weibull()).fit(life, group=["a", "a", "b", "a", "b", "a", "c", "c", "a", "c"])
    >>> model.frailties_.index.to_list()
    ['a', 'b', 'c']
    >>> bool(model.frailties_["frailty"]["c"] > model.frailties_["frailty"]["a"])
    True
    """

    lifetimes_: Lifetimes | None = None

    def __init__(self, base: Any, distribution: str = "gamma") -> None:
        self.base = base
        self.distribution = distribution

    # ---- learning

    @in_double_precision
    def fit(self, X: Any, y: Any = None, *, group: Any = None, unit: Any = None, require_convergence: bool = True) -> Self:
        """Learn the base, how covariates act, and the variance of the frailty, by maximum likelihood.

        Parameters
        ----------
        X : (n, m) what is known of each unit, as the base takes it. For a base without covariates None, or the lifetimes themselves.
        y : a ``Lifetimes`` with n rows, or a structured array (event, time): failures at known ages, whole in number, failures within
            intervals (then by quadrature for a gamma frailty, too, and predictions are of units of new groups only), running units, late
            entry, weights.
        group : (n,) labels of the groups, or the name of a column of X, which is then no covariate unless a formula names it; None: every
            unit is one (``unit``, or every row).
        unit : (n,) labels, or the name of a column, of units that have several rows (start, stop], ``entry`` being the start: stretches
            in which covariates differ, or recurrent failures, after which the unit runs on. They must follow on each other; only the
            first may begin late. A ``History`` brings X, y and unit: ``fit(history, group=labels)``.
            Of ``Landmarks`` it takes one a unit, on the clock of remaining life: ``fit(landmarks, group=labels)``. Several of a unit are
            copies of its one failure, which would count as failures of so many units, and so pass for a frailty; on the clock of age
            units of the group that failed before their landmark are missing.
        require_convergence : False returns a fit that stopped short, with its ``stop_reason_``.

        Raises
        ------
        TypeError, ValueError : malformed data; one group only; what the base's own ``fit`` refuses; a base with a penalty or robust errors.
        BadRow : right truncation; a fraction of a failure at a known age; rows of a unit that do not follow on each other.
        NoFiniteMaximum : no estimate exists. NotConverged : the optimiser stopped short.

        A fit that raises leaves the model as it was.
        """
        check_frailty(self.distribution)
        landmarks = X._without_rows() if isinstance(X, Landmarks) else None
        if landmarks is not None:
            X, y = independent_rows(X)
        X, y, unit = _rows(X, y, unit)
        X, (group, unit) = take_labels(X, self._formulas(), group=group, unit=unit)
        base = self._base_template()
        life = as_target(X, y).beginning_at(base.start_of_support)
        check_support(base, life)
        refuse_what_no_frailty_takes(life)
        check_anything_failed(life)
        base = placed(base, life)
        predictors, covariates = self._learn_predictors(base, X, life)
        groups = read_groups(group, unit, life)
        fit, profile = fit_frailty(self.distribution, base, predictors, covariates, life, groups, require_convergence=require_convergence)
        said = [] if landmarks is None else [AT_LANDMARKS]
        fit = dataclasses.replace(fit, fit=dataclasses.replace(fit.fit, notes=[*said, *taken_as_failed(y), *fit.fit.notes]))
        self._fit, self._profile, self.lifetimes_, self._landmarks = fit, profile, life, landmarks
        return self

    def _base_template(self) -> Distribution:
        """The law at frailty 1 of which something may follow the covariates.

        Raises
        ------
        TypeError, ValueError : a base that no frailty can be put on.
        """
        if isinstance(self.base, Regression):
            if type(self.base) not in REGRESSIONS:
                names = ", ".join(one.__name__ for one in REGRESSIONS)
                raise TypeError(f"{type(self.base).__name__} cannot be the base of a frailty; there are {names}, and any law.")
            if self.base.penalty or self.base.errors != "model":
                raise ValueError('the base of a frailty has penalty=0 and errors="model": the frailty is what makes rows depend.')
            template = self.base._base_template()
        else:
            template = as_template(self.base)
            if not template.n_coordinates():
                raise ValueError(f"everything of {self.base!r} is known; leave something of the base of a frailty to be learned.")
        refuse_bases(template, "Frailty")
        refuse_frailty_inside(template, "Frailty")
        if template.has_mass_at_start:
            raise ValueError("the dead on arrival have no hazard to multiply: leave ZeroInflated out.")
        return template

    def _learn_predictors(self, base: Distribution, X: Any, life: Lifetimes) -> tuple[Predictors, np.ndarray]:
        if not isinstance(self.base, Regression):
            return Predictors(base, ()), np.zeros((len(life), 0))
        if X is None:
            raise TypeError(f"{type(self.base).__name__} needs what is known of each unit: fit(X, y, group=labels).")
        Regression._check_rows(read_table(X).n, life)
        predictors, matrices = self.base._predictors(base, X, life.counts())
        for one, matrix in zip(predictors.each, matrices, strict=True):
            refuse_outcome_in(one.design, matrix, life)
            one.design.refuse_collinear(matrix[life.counts() > 0])
        columns = [one.design.standardised(matrix) for one, matrix in zip(predictors.each, matrices, strict=True)]
        return predictors, predictors.side_by_side(columns)

    # ---- predictions

    def predict_survival(self, X: Any, times: Any, group: Any = None) -> np.ndarray:
        """P(T > t) for each unit of X, new, in a new group or a known one: (n,) for one time, (n, m) for m times or for (n, m).

        Parameters
        ----------
        X : (n, m) covariates; None for a base without, then as many units as ``group`` has labels.
        group : one label, or (n,), None standing for a new group: its frailty is then averaged over all there may be. Of a known group
            the frailty is what its failures and survivals in the data of the fit leave it (``frailties_``). The name of a column of X
            that holds them will do, where no group is called so.
        """
        return self._predict("survival", X, group, None, t=times)

    def predict_hazard(self, X: Any, times: Any, group: Any = None) -> np.ndarray:
        """The failure rate at these ages among units that are left then: shapes and groups as ``predict_survival``."""
        return self._predict("hazard", X, group, None, t=times)

    def predict_quantile(self, X: Any, p: Any, group: Any = None) -> np.ndarray:
        """The age by which a share p of new units like each has failed: (n,) for one p, (n, m) for m."""
        return self._predict("quantile", X, group, None, p=p)

    def predict_failure_probability(self, X: Any, age: Any, horizon: Any, group: Any = None, *, seen: Any = None) -> np.ndarray:
        """P(fails within ``horizon`` | alive at ``age``, and what is known of its group) for each unit.

        Parameters
        ----------
        X, group : as for ``predict_survival``.
        age : one number, or (n,) the age of each unit. horizon : one number; (m,) numbers, which makes the answer (n, m); or (n, m).
        seen : up to which age the unit's survival is among what is known of its group, one number or (n,): what it survived after that
            tells more of the frailty. None: up to ``age`` in a known group, as for the units of the fit, whose survival is counted there;
            0 in a new one. For a unit that was not in the data of a known group give 0.
        """
        return self._predict("failure_probability", X, group, seen, age=age, horizon=horizon)

    def predict_rul(
        self, X: Any, age: Any = 0.0, kind: Any = "mean", horizon: Any = None, group: Any = None, *, seen: Any = None
    ) -> np.ndarray:
        """Remaining useful life of each unit (n,), alive at ``age``.

        Parameters
        ----------
        X, group : as for ``predict_survival``. age, seen : as for ``predict_failure_probability``.
        kind : "mean", "median", or a probability p: the remaining life that a share p of such units does not reach.
        horizon : with kind "mean", the restricted mean E min(T - age, horizon). Without one the mean may be infinite under a gamma frailty.
        """
        name, arguments = rul_arguments(age, kind, horizon)
        return self._predict(name, X, group, seen, **arguments)

    def predict(self, X: Any, age: Any = 0.0, group: Any = None) -> np.ndarray:
        """Expected remaining useful life of each unit (n,), alive at ``age``."""
        return self.predict_rul(X, age, group=group)

    @in_double_precision
    def predict_rul_interval(self, X: Any, age: Any = 0.0, level: float = 0.95, group: Any = None, *, seen: Any = None) -> pd.DataFrame:
        """An interval for the remaining life of each unit itself, uncertainty of frailty and parameters included.

        Returns
        -------
        DataFrame with ``lower`` and ``upper``, one row a unit, with the index of X if it has one.
        """
        import pandas as pd

        check_level(level)
        members, (ages,), _ = self._members(X, group, seen, {"age": age})
        shares = {"lower": 0.5 * (1 - level), "upper": 0.5 * (1 + level)}
        bounds = {name: bounds_of_members(self._fitted, share, members, ages[:, 0]) for name, share in shares.items()}
        self._within_horizon("rul_quantile", {"age": age}, bounds["upper"])
        return pd.DataFrame(bounds, index=getattr(X, "index", None))

    @in_double_precision
    def interval(
        self,
        what: str,
        X: Any = None,
        *at: Any,
        group: Any = None,
        seen: Any = None,
        level: float = 0.95,
        side: str = "two",
        **keywords: Any,
    ) -> pd.DataFrame:
        """Estimate and limits of a prediction for each unit by the delta method, or of the parameters.

        The limits cover the uncertainty of the parameters alone. With ``group`` the group's own frailty is averaged over its posterior:
        they are limits of that average, not of the group's own probability, which differs from it by what its frailty turns out to be
        (``frailties()`` has between which factors).

        Parameters
        ----------
        what : "parameters" (Wald; of the variance by profile likelihood); or with X and exactly the arguments of that prediction:
            ("survival", X, times), ("failure_probability", X, age, horizon), ("rul", X, age, kind="median"), ("quantile", X, p), …
        group, seen : as for that prediction.
        level : the confidence. side : "two", or "lower" or "upper" for a one-sided bound.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``; one row a parameter, or one a unit, with the index of X; where several times
        were asked one a unit and time.
        """
        check_level(level)
        if side not in ("two", "lower", "upper"):
            raise ValueError(f'side must be "two", "lower" or "upper"; got {side!r}.')
        if what == "parameters":
            if X is not None or at or keywords or group is not None:
                raise TypeError("the interval of parameters takes no further arguments.")
            return self._intervals(level, side)
        name, arguments = arguments_of(what, at, keywords)
        prediction = self._prediction(name)
        members, columns, shape = self._members(X, group, seen, arguments)
        link, error = link_of_members(self._fitted, prediction.link, members, columns, prediction.arguments[0] == "age")
        table = limits_of_link(prediction, link.reshape(-1), error.reshape(-1), level, side)
        table.index = index_of_units(len(members.groups), shape, getattr(X, "index", None))
        return self._limits_within_horizon(table, what, at, keywords)

    @in_double_precision
    def _predict(self, name: str, X: Any, group: Any, seen: Any, **arguments: Any) -> np.ndarray:
        prediction = self._prediction(name)
        members, columns, shape = self._members(X, group, seen, arguments)
        found = predict_members(self._fitted, prediction.value, members, columns, prediction.arguments[0] == "age").reshape(shape)
        self._within_horizon(name, arguments, found)
        return found

    @staticmethod
    def _prediction(name: str) -> Prediction:
        if name not in PREDICTIONS:
            raise ValueError(f"{name} is asked of a DefectiveSubpopulation, not of units with a frailty.")
        return PREDICTIONS[name]

    def _members(self, X: Any, group: Any, seen: Any, arguments: dict[str, Any]) -> tuple[Members, list[np.ndarray], tuple[int, ...]]:
        """The units asked for, the columns (n, m) of what is asked of them, and the shape of the answer."""
        fit = self._fitted
        refuse_different_indexes(X=X, age=arguments.get("age"), group=group)
        covariates = self._covariates(X, group, arguments.get("age"))
        n = len(covariates)
        columns, shape = unit_arguments(n, **arguments)
        groups = pick(fit.groups.labels, self._of_column(X, group), n)
        if fit.groups.nodes is not None and np.any(groups >= 0):
            label = fit.groups.labels[groups[np.argmax(groups >= 0)]]
            raise ValueError(
                f"group {label!r} was fitted beside failures that are known only within intervals, and what these say of a group's frailty "
                "is in frailties(), not yet in predictions of its units: leave group out (None), for units of a new group."
            )
        ages = columns[0][:, 0] if "age" in arguments else np.zeros(n)
        if seen is None:
            counted = np.where(groups < 0, 0.0, ages)
        elif "age" not in arguments:
            raise TypeError("seen goes with an age: it is up to which age a unit's survival is counted with its group.")
        else:
            counted = unit_arguments(n, age=seen)[0][0][:, 0]
        if np.any(counted > ages):
            row = int(np.argmax(counted > ages))
            raise ValueError(f"seen must be at most the age; unit {row} has seen={counted[row]:g} and age {ages[row]:g}.")
        return Members(covariates, groups, np.array(counted)), columns, shape

    def _of_column(self, X: Any, group: Any) -> Any:
        """The groups of units, from the column of X if it is named, and no group is called so."""
        if not isinstance(group, str) or group in self._fitted.groups.labels or X is None:
            return group
        return read_table(X).columns.get(group, group)

    def _formulas(self) -> list[str | None]:
        return self.base._formulas() if isinstance(self.base, Regression) else []

    def _covariates(self, X: Any, group: Any, age: Any) -> np.ndarray:
        predictors = self._fitted.fit.predictors
        if predictors.each:
            return predictors.covariates(X)
        sizes = [np.size(one) for one in (group, age) if one is not None and np.ndim(one) == 1]
        return np.zeros((read_table(X).n if X is not None else max(sizes, default=1), 0))

    # ---- other data under the same fit

    @in_double_precision
    def updated(self, X: Any, y: Any = None, *, group: Any = None, unit: Any = None) -> Self:
        """A copy whose groups are those of these rows: the estimates stay, and what is known of frailties comes from here.

        Parameters
        ----------
        X, y, group, unit : as for ``fit``: all rows there are by now of the groups to be predicted, of a fleet that has grown older, or of
            groups that were not in the data of the fit.
        """
        problem, groups = self._posed(X, y, group, unit)
        fit = self._fitted
        found = fit.fit.coefficients
        states = GroupStates(groups.labels, *problem.expected(found, groups.n), problem.nodes(found, fit.variance, groups.n))
        model = copy.copy(self)
        model._fit = dataclasses.replace(fit, groups=states)
        return model

    @in_double_precision
    def log_likelihood(self, X: Any, y: Any = None, *, group: Any = None, unit: Any = None) -> float:
        """The log-likelihood of any groups under the fitted model, as groups of which nothing else is known."""
        return self._posed(X, y, group, unit)[0].log_likelihood(self._fitted.fit.coefficients, self._fitted.variance)

    def score(self, X: Any, y: Any = None, *, group: Any = None, unit: Any = None) -> float:
        """Log-likelihood per unit (of weight; of several rows with one label that of the first)."""
        X, y, unit = _rows(X, y, unit)
        _, (group, unit) = take_labels(X, (), group=group, unit=unit)
        life = as_target(None, y)
        n_units = life.n_units if unit is None else group_weights(numbers_of(unit), life.counts()).sum()
        return self.log_likelihood(X, life, group=group, unit=unit) / float(n_units)

    def _posed(self, X: Any, y: Any, group: Any, unit: Any) -> tuple[GroupedProblem, Groups]:
        fit = self._fitted
        X, y, unit = _rows(X, y, unit)
        _, (group, unit) = take_labels(X, (), group=group, unit=unit)
        template = fit.fit.predictors.template
        life = as_target(X, y).beginning_at(template.start_of_support)
        check_support(self._base_template(), life)
        refuse_what_no_frailty_takes(life)
        groups = read_groups(group, unit, life)
        covariates = fit.fit.predictors.covariates(X) if fit.fit.predictors.each else np.zeros((len(life), 0))
        Regression._check_rows(len(covariates), life)
        inner = _as_arrays(template)
        return GroupedProblem.of(
            fit.kind, inner, fit.fit.predictors.layout, blocks_of(groups, life, covariates, 1.0), life.n_failed
        ), groups


def _rows(X: Any, y: Any, unit: Any) -> tuple[Any, Any, Any]:
    """X, y and unit, which a History has with it; without y X are the lifetimes."""
    if isinstance(X, History):
        return taken_apart(X, y, unit)
    return (X, y, unit) if y is not None else (None, X, unit)


def _as_arrays(template: Distribution) -> Distribution:
    import jax

    return jax.tree.map(lambda value: np.asarray(value, float), template)
