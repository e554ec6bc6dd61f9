"""Competing events with covariates: a model for each cause, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.covariates.histories import taken_apart
from survjax.covariates.labels import take_labels
from survjax.covariates.table import read_table
from survjax.data.columns import refuse_different_indexes
from survjax.data.lifetimes import Lifetimes
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.models.arguments import as_target, check_level
from survjax.models.competing_checks import (
    INDEPENDENCE,
    OF_A_CAUSE,
    ages_and_horizons,
    check_finite,
    check_models,
    read_assumption,
    read_removed,
    refuse_arguments_of_parameters,
)
from survjax.models.competing_findings import CompetingFindings
from survjax.models.habits import in_survjax_words
from survjax.models.model import Model
from survjax.models.precision import in_double_precision
from survjax.models.predictions import PREDICTIONS, Prediction, failure_from_link, rul_arguments
from survjax.models.regression import Regression
from survjax.models.regression_intervals import index_of_units, interval_of_prediction_of_units, interval_of_units
from survjax.models.unit_laws import predict_units, unit_arguments
from survjax.regression.cause_specific import cause_specific_lives
from survjax.regression.cumulative_incidence import (
    incidence_of,
    incidences,
    log_hazard_of,
    log_hazard_of_incidence,
    probability_of,
    probability_of_spared,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

AT_ONCE = 256  # rows of an interval: its program, with derivatives of an integral, takes seconds to compile, and so many rows milliseconds


class CompetingEvents(CompetingFindings):
    r"""Units that end by whichever comes first of several events: failure, preemptive removal, maintenance.

    Each event has a model of its own, fitted to the lifetimes in which only that event counts and units that another one ended are
    censored: its cause-specific hazard given X. What will happen follows from all of them together,

    .. math:: F_j(s \mid a, x) = \int_0^s h_j(a+u \mid x)\,\exp\Bigl\{-\sum_k \int_a^{a+u} h_k(v \mid x)\,dv\Bigr\}\,du

    the cumulative incidence. Neither the fits nor the incidence ask that the events be independent. What would happen if one of them
    were taken away does, and no data of this kind can tell (Tsiatis 1975): ``predict_cause_removed`` therefore wants the assumption
    spelled out, and ``peterson_bounds`` says what is left without it.

    The likelihood is a product of one for each event, so that estimates of different events have no covariance, again without
    independence: intervals take the models' covariances block by block. With ``errors="robust"`` that leaves out what events of one unit
    may share where the models do not hold.

    Parameters
    ----------
    models : a mapping from the label of each event, as ``Lifetimes(cause=...)`` names it, to its model: a regression
        (``ProportionalHazards``, ``AcceleratedFailureTime``, ``ParameterRegression``, …), or a learner or distribution of positive
        lifetimes, for which X does not matter. They are templates: ``fit`` leaves them as they are.

    Attributes
    ----------
    models_ : the fitted models, by label; their hazards are cause-specific ones, their survival functions nobody's survival.

    References
    ----------
    Prentice, Kalbfleisch, Peterson, Flournoy, Farewell & Breslow (1978), The Analysis of Failure Times in the Presence of Competing
    Risks, Biometrics 34. Tsiatis (1975), A nonidentifiability aspect of the problem of competing risks, PNAS 72. Peterson (1976),
    Bounds for a joint distribution function with fixed sub-distribution functions, PNAS 73.

    Examples
    --------
    >>> import survjax as sj
    >>> X = {"load": [1.0, 2.0, 3.0, 1.5, 2.5, 0.5, 1.2, 2.2]}
    >>> cause = ["failure", "failure", "failure", "removal", "removal", None, "failure", "removal"]
    >>> life = sj.Lifetimes([30, 21, 12, 28, 15, 40, 33, 19], [1, 1, 1, 1, 1, 0, 1, 1], cause=cause)
    >>> model = sj.CompetingEvents({"failure": sj.ProportionalHazards(sj.Weibull()), "removal": sj.Weibull()}).fit(X, life)
    >>> within_10 = model.predict_cumulative_incidence({"load": [1.0, 2.0]}, 10.0, age=15.0)
    >>> list(within_10), within_10["failure"].shape
    (['failure', 'removal'], (2,))
    """

    lifetimes_: Lifetimes | None = None

    def __init__(self, models: Mapping[Hashable, Any]) -> None:
        self.models = models

    # ---- learning

    @in_survjax_words
    @in_double_precision
    def fit(self, X: Any, y: Any = None, *, unit: Any = None) -> Self:
        """Fit each event's model to the lifetimes in which only that event counts.

        Parameters
        ----------
        X : (n, m) what is known of each unit: data frame, array, or mapping of columns.
        y : a ``Lifetimes`` with n rows and ``cause=``; which ages at an event must be known exactly. Delayed entry and weights are taken.
        unit : as for ``ProportionalHazards.fit``: labels of the units where several rows are stretches of one life, or the name of their
            column in X.

        Raises
        ------
        TypeError, ValueError : models that cannot stand here; lifetimes without causes; and as the models' own ``fit``.
        BadRow : an event of unknown cause, or of one without a model; an event known only within an interval, or a row truncated on
            the right: with these the likelihood is no product of one for each cause. The message has the remedy.
        NoFiniteMaximum : no event of a cause, or no estimate of its model; the message names the cause.
        NotConverged : a fit stopped short.

        A fit that raises leaves the model as it was.
        """
        life = as_target(X, y)
        fresh = check_models(self.models)
        Regression._check_rows(read_table(X).n, life)
        if unit is not None:
            Regression._n_units(take_labels(X, (), unit=unit)[1][0], life)
        fitted: dict[Hashable, Any] = {}
        for cause, own in cause_specific_lives(list(fresh), life).items():
            model = fresh[cause]
            known = isinstance(model, Model) and not model._template().n_coordinates()
            if not own.n_failed and not known:
                raise NoFiniteMaximum(
                    f"no unit has ended by {cause!r}: the likelihood keeps rising towards units that never do. Leave that event out, or "
                    "give its distribution as known."
                )
            try:
                fitted[cause] = model.fit(X, own) if isinstance(model, Model) else model.fit(X, own, unit=unit)
            except (NoFiniteMaximum, NotConverged) as error:
                raise type(error)(f"the model of {cause!r}: {error}", error.state) from error
        self._take(fitted)
        self.lifetimes_ = life
        return self

    # ---- predictions

    @in_double_precision
    def predict_cumulative_incidence(self, X: Any, times: Any, age: Any = 0.0) -> dict[Hashable, np.ndarray]:
        """For each event the probability that it comes within ``times``, and before any other, to a unit that has met none by ``age``.

        Parameters
        ----------
        X : (n, m) covariates.
        times : how long after ``age``, finite: one number; (m,) numbers, which makes each answer (n, m); or (n, m).
        age : one number, or (n,) the age of each unit.

        Returns
        -------
        A mapping from each label to an array (n,) or (n, m). With the probability of meeting no event they sum to 1, absolute error
        1e-10 (method: ``survjax.regression.cumulative_incidence.incidences``).
        """
        found = self._ahead(incidences, X, age, times, name="times")
        return dict(zip(self.causes_, found, strict=True))

    @in_double_precision
    def predict_failure_probability(self, X: Any, age: Any, horizon: Any, cause: Hashable = None) -> np.ndarray:
        """P(``cause`` comes within ``horizon``, before any other event | none by ``age``): its cumulative incidence.

        Parameters
        ----------
        X : (n, m) covariates.
        age : one number, or (n,) the age of each unit. horizon : one number; (m,) numbers, which makes the answer (n, m); or (n, m).
        cause : a label of ``models``; None: "failure" where an event is called so, or the only one there is.
        """
        index = self._index(cause)
        return self._ahead(incidences, X, age, horizon)[index]  # the program of all: one to compile, not one a cause

    @in_double_precision
    def predict_survival(self, X: Any, times: Any) -> np.ndarray:
        """P(no event of any kind by age t) for each unit of X: (n,) for one time, (n, m) for m times or for (n, m), each unit's own."""
        return self._predict("survival", X, t=times)

    @in_double_precision
    def predict_rul(self, X: Any, age: Any = 0.0, kind: Any = "mean", horizon: Any = None) -> np.ndarray:
        """The time until the first event of any kind, for each unit (n,) that has met none by ``age``.

        Parameters
        ----------
        X : (n, m) covariates. age : one number, or (n,).
        kind : "mean", "median", or a probability p: the time that a share p of such units does not reach.
        horizon : with kind "mean", the restricted mean E min(T - age, horizon).
        """
        name, arguments = rul_arguments(age, kind, horizon)
        return self._predict(name, X, **arguments)

    def predict(self, X: Any, age: Any = 0.0) -> np.ndarray:
        """Expected time until the first event of any kind, for each unit (n,) that has met none by ``age``."""
        return self.predict_rul(X, age)

    # ---- what would happen without an event

    @in_double_precision
    def predict_cause_removed(
        self, X: Any, age: Any, horizon: Any, cause: Hashable = None, *, removed: Any = None, assuming: Any = None
    ) -> np.ndarray:
        """P(``cause`` would come within ``horizon``) if from ``age`` on the events ``removed`` no longer took units away.

        The data cannot tell: units that were taken out are not seen to fail, and any dependence between the events fits as well as any
        other (Tsiatis 1975). Where units are taken out because they are about to fail, independence makes this too small. See
        ``peterson_bounds`` for what holds whatever the dependence.

        Parameters
        ----------
        X : (n, m) covariates. age, horizon : as for ``predict_failure_probability``.
        cause : the label of the event asked for; None as for ``predict_failure_probability``.
        removed : a label, or a list of labels; None: all others, which makes the answer the net probability of ``cause``. Events not
            removed go on competing.
        assuming : must be given. "independence given X": units taken out would have had the hazard of those left. Or a number of at
            least 0, to see how much hangs on that: their hazard of ``cause`` would have been so many times the hazard of those left, from
            when they were taken out; 1 is independence. Only where all other events are removed.

        Raises
        ------
        ValueError : ``assuming`` is missing or something else; labels that are none, or ``cause`` among ``removed``.

        Returns
        -------
        (n,) for one horizon, (n, m) for m of them.
        """
        index = self._index(cause)
        away = self._removed(removed, self.causes_[index])
        ratio = read_assumption(assuming)
        if ratio is None:
            return self._ahead(probability_of(index, away), X, age, horizon)
        if len(away) < len(self.causes_) - 1:
            raise ValueError(
                "a hazard ratio says nothing of what else units that are spared would meet: leave removed out, so that all other events "
                f'are taken away, or assume "{INDEPENDENCE}".'
            )
        return self._ahead(incidences, X, age, horizon)[index] + self._ahead(probability_of_spared(index), X, age, horizon, ratio)

    def peterson_bounds(self, X: Any, age: Any, horizon: Any, cause: Hashable = None, *, removed: Any = None) -> pd.DataFrame:
        """Between which ends ``predict_cause_removed`` lies, however the events depend on each other.

        At least the units that ``cause`` ends as things are would still end so; at most those besides that a removed event takes first
        within the horizon. No more can be said without assumptions (Peterson 1976), but that being spared does no harm of its own. The
        uncertainty of the estimates is not in them.

        Parameters
        ----------
        X, age, horizon, cause, removed : as for ``predict_cause_removed``.

        Returns
        -------
        DataFrame with ``lower`` and ``upper``, one row a unit, with the index of X if it has one; where several horizons were asked one
        a unit and horizon.
        """
        import pandas as pd

        index = self._index(cause)
        away = self._removed(removed, self.causes_[index])
        each = list(self.predict_cumulative_incidence(X, horizon, age).values())
        upper = each[index] + sum(each[other] for other in away)
        own = index_of_units(len(upper), upper.shape, getattr(X, "index", None))
        return pd.DataFrame({"lower": each[index].reshape(-1), "upper": upper.reshape(-1)}, index=own)

    # ---- intervals

    @in_double_precision
    def interval(
        self,
        what: str,
        X: Any = None,
        *at: Any,
        cause: Hashable = None,
        removed: Any = None,
        assuming: Any = None,
        level: float = 0.95,
        side: str = "two",
        **keywords: Any,
    ) -> pd.DataFrame:
        """Estimate and Wald limits of a prediction for each unit; every model's uncertainty is in them.

        Parameters
        ----------
        what : "parameters", of all models; ("cumulative_incidence", X, times, age=0.0, cause=...); ("failure_probability", X, age,
            horizon, cause=...); ("cause_removed", X, age, horizon, cause=..., removed=..., assuming="independence given X"); of the
            first event of any kind ("survival", X, times), ("rul", X, age, kind="median"), …, as regressions have them.
        cause : the event; None as for ``predict_failure_probability``.
        removed, assuming : for "cause_removed" only, and then as there; of a hazard ratio there is no interval.
        level : the confidence. side : "two", or "lower" or "upper" for a one-sided bound.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``, rows as ``peterson_bounds``.
        """
        check_level(level)
        if side not in ("two", "lower", "upper"):
            raise ValueError(f'side must be "two", "lower" or "upper"; got {side!r}.')
        if what != "cause_removed" and (removed is not None or assuming is not None):
            raise TypeError(f"removed and assuming say what is taken away, and {what} takes nothing away: leave them out.")
        if what not in OF_A_CAUSE and cause is not None:
            raise TypeError(f"{what} is not of one event: leave cause out.")
        if what == "parameters":
            refuse_arguments_of_parameters(X, at, keywords)
            return self._stacked({one: model.interval(what, level=level, side=side) for one, model in self.models_.items()})
        fit, covariates, index = self._fitted, self._covariates(X), getattr(X, "index", None)
        if what not in OF_A_CAUSE:
            return interval_of_units(fit, what, covariates, at, keywords, level, side, index, at_once=AT_ONCE)
        age, horizon = ages_and_horizons(what, at, keywords)
        own = self._index(cause)
        away: tuple[int, ...] = ()
        if what == "cause_removed":
            away = self._removed(removed, self.causes_[own])
            if read_assumption(assuming) is not None:
                raise ValueError(f'intervals of a sensitivity analysis are not made; assuming must be "{INDEPENDENCE}".')
        removing = bool(away) or len(self.causes_) == 1
        value, link = (probability_of(own, away), log_hazard_of(own, away)) if removing else (incidence_of, log_hazard_of_incidence)
        prediction = Prediction(("age", "horizon"), value, link, failure_from_link)
        arguments, more = {"age": age, "horizon": horizon}, () if removing else (float(own),)
        return interval_of_prediction_of_units(fit, prediction, arguments, covariates, level, side, index, more, at_once=AT_ONCE)

    # ---- likelihood

    def log_likelihood(self, X: Any, y: Any = None) -> float:
        """The log-likelihood of ages and causes of any units under the fitted models; X may be a ``History`` with causes."""
        X, y, _ = taken_apart(X, y)
        lives = cause_specific_lives(self.causes_, as_target(X, y))
        models = self.models_
        return sum(
            models[c].log_likelihood(own) if isinstance(models[c], Model) else models[c].log_likelihood(X, own) for c, own in lives.items()
        )

    def score(self, X: Any, y: Any = None, *, unit: Any = None) -> float:
        """Log-likelihood per unit (of weight): what a grid search maximises. X, y and unit as for ``fit``, or a ``History`` with causes."""
        X, y, unit = taken_apart(X, y, unit)
        life = as_target(X, y)
        _, (unit,) = take_labels(X, (), unit=unit)
        return self.log_likelihood(X, life) / (life.n_units if unit is None else Regression._n_units(unit, life))

    def plot(
        self,
        X: Any,
        age: float = 0.0,
        horizon: float | None = None,
        ax: Axes | None = None,
        *,
        level: float = 0.95,
        stacked: bool = False,
        label: str | None = None,
        color: Any = None,
    ) -> Axes:
        """The incidence of every event against age, with its limits, for one unit: X of one row.

        Parameters
        ----------
        age : which the unit has reached. horizon : how far ahead; None: as far as the data of the fit go.
        level : of the limits. stacked : areas one upon the other, without limits.
        ax, label, color : where to draw, what the legend says before each event, and one colour for all or a list of one each.
        """
        from survjax.plotting.incidence import plot_incidence

        return plot_incidence(self, X, age, horizon, level=level, stacked=stacked, ax=ax, label=label, color=color)

    # ---- inside

    def _covariates(self, X: Any) -> np.ndarray:
        predictors = self._fitted.predictors
        return predictors.covariates(X) if predictors.each else np.zeros((read_table(X).n, 0))

    def _ahead(self, rule: Any, X: Any, age: Any, horizon: Any, *more: float, name: str = "horizon") -> Any:
        refuse_different_indexes(X=X, age=age)
        covariates = self._covariates(X)
        check_finite(horizon, name)
        columns, shape = unit_arguments(len(covariates), age=age, horizon=horizon)
        columns += [np.broadcast_to(number, columns[0].shape) for number in more]
        found = predict_units(self._fitted, rule, covariates, columns)
        return tuple(one.reshape(shape) for one in found) if isinstance(found, tuple) else found.reshape(shape)

    def _predict(self, name: str, X: Any, **arguments: Any) -> np.ndarray:
        refuse_different_indexes(X=X, age=arguments.get("age"))
        covariates = self._covariates(X)
        columns, shape = unit_arguments(len(covariates), **arguments)
        return predict_units(self._fitted, PREDICTIONS[name].value, covariates, columns).reshape(shape)

    def _removed(self, removed: Any, cause: Hashable) -> tuple[int, ...]:
        return read_removed(removed, cause, self.causes_)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "lifetimes_"}
