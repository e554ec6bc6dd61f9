"""Scores as scikit-learn's tools take them: of a fitted model on held-out data, higher being better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.metrics.brier import brier_score, integrated_brier_score
from survjax.metrics.calibration import DCalibration, d_calibration
from survjax.metrics.dynamic_auc import cumulative_dynamic_auc
from survjax.metrics.faces import knows_covariates, learns_groups, predicted_survival, risk_of, survival_at_own, takes_unit, unwrapped
from survjax.metrics.judged import entered_late, read_life, read_times
from survjax.metrics.pairs import concordance, uno_concordance
from survjax.metrics.ranked_probability import crps
from survjax.regression.clusters import numbers_of
from survjax.regression.two_stages import group_weights


@dataclass(frozen=True)
class Scorer:
    """A callable (model, X, y) that gives one number, higher for the better model; made by ``make_scorer``."""

    name: str
    times: tuple[float, ...] | None
    censoring: Lifetimes | None

    def __call__(self, model: Any, X: Any, y: Any) -> float:
        life = read_life(y)
        times = None if self.times is None else np.array(self.times)
        return float(SCORES[self.name].rule(model, X, life, times, self.censoring))

    def __repr__(self) -> str:
        return f"make_scorer({self.name!r})"


@dataclass(frozen=True)
class Score:
    """How one number judges a model, and which settings it looks at.

    rule : (model, X, life, times, censoring) to a number, higher being better. least_times : how many times it needs.
    may_have_times : whether it takes times at all. takes_censoring : whether it weights for censoring.
    """

    rule: Callable[[Any, Any, Lifetimes, Any, Lifetimes | None], float]
    least_times: int
    may_have_times: bool
    takes_censoring: bool


def make_scorer(name: str, *, times: Any = None, censoring: Any = None) -> Scorer:
    """A scorer for ``cross_val_score``, ``GridSearchCV`` and all that takes scikit-learn's ``scoring=``.

    Parameters
    ----------
    name : higher is better, so that losses come with a minus.

        "log score": the model's own ``score``.
        "concordance", "Uno concordance": of minus the expected life, ``predict(X, 0.0)``; with times, of minus the life restricted
        to them, the integral of ``predict_survival`` over times, which exists where the mean does not. Uno's counts failures before
        the last of the times.
        "dynamic AUC": the mean over times, of the probability of failing by each.
        "Brier": minus the Brier score, at one time. "integrated Brier", "CRPS": minus these, over times.
        "D-calibration": the adjusted p-value, a check more than something to maximise.
    times : the ages to judge at, increasing.
    censoring : the lifetimes from which the probability of being in view is estimated, for the scores weighted by it. None: those held
        out, which are few; the lifetimes of all rows are a better choice.

    The model is asked for ``predict_survival(X, times)``, (n, m); a distribution, which knows no X, for ``survival(times)``.

    Raises
    ------
    ValueError : an unknown name; times missing, or given where they are not looked at; likewise censoring.

    Examples
    --------
    >>> from survjax import metrics
    >>> metrics.make_scorer("integrated Brier", times=[100, 200, 300])
    make_scorer('integrated Brier')
    """
    if name not in SCORES:
        raise ValueError(f"no score is called {name!r}; there are {', '.join(SCORES)}.")
    score = SCORES[name]
    given = None if times is None else tuple(read_times(times)[0].tolist())
    if given is not None and not score.may_have_times:
        raise ValueError(f"{name} does not look at times; leave them out.")
    if len(given or ()) < score.least_times:
        raise ValueError(f"{name} needs at least {score.least_times} times, for instance times=np.linspace(0, horizon, 100).")
    if name == "Brier" and given is not None and len(given) > 1:
        raise ValueError('"Brier" is the score at one time; for several use "integrated Brier".')
    if censoring is not None and not score.takes_censoring:
        raise ValueError(f"{name} does not weight by censoring; leave it out.")
    return Scorer(name, given, None if censoring is None else read_life(censoring))


def d_calibration_of(model: Any, X: Any, life: Lifetimes) -> DCalibration:
    """D-calibration of a fitted model on lifetimes of any kind but right-truncated."""
    between = ~life.event_observed & np.isfinite(life.upper)
    return d_calibration(
        life,
        survival_at_own(model, X, life.lower),
        survival_at_upper=survival_at_own(model, X, np.where(between, life.upper, life.lower)) if between.any() else None,
        survival_at_entry=survival_at_own(model, X, life.entry) if life.entry is not None and entered_late(life) else None,
    )


def crps_of(model: Any, X: Any, life: Lifetimes, survival: np.ndarray, times: np.ndarray) -> float:
    """The CRPS of a fitted model whose survival at times is at hand."""
    return crps(life, survival, times, survival_at_own(model, X, life.entry) if life.entry is not None and entered_late(life) else None)


def log_score_of(model: Any, X: Any, life: Lifetimes, group: np.ndarray | None = None, unit: np.ndarray | None = None) -> float:
    """The model's own ``score``, its log-likelihood per unit, the rows being of these groups (n,) where it looks at them.

    unit : (n,) which unit each row is of, where these have several.

    Raises
    ------
    TypeError : it has none, as a model without a density.
    """
    model, X = unwrapped(model, X)
    if not getattr(model, "has_density", hasattr(model, "score")):
        raise TypeError(f"{type(model).__name__} has no log-likelihood of single units, which score(X, y) would be: it has no density.")
    labels = {"group": group} if group is not None and learns_groups(model) else {}
    if unit is not None and takes_unit(model):
        return model.score(X, life, unit=unit, **labels)
    of_rows = model.score(X, life, **labels) if knows_covariates(model) else model.score(life)
    return of_rows if unit is None else of_rows * life.n_units / float(group_weights(numbers_of(unit), life.counts()).sum())


def _concordance(model: Any, X: Any, life: Lifetimes, times: Any, _: Any) -> float:
    return concordance(life, risk_of(model, X, times))


def _uno(model: Any, X: Any, life: Lifetimes, times: Any, censoring: Any) -> float:
    horizon = None if times is None else times[-1]
    return uno_concordance(life if censoring is None else censoring, life, risk_of(model, X, times), horizon)


def _dynamic_auc(model: Any, X: Any, life: Lifetimes, times: Any, censoring: Any) -> float:
    return cumulative_dynamic_auc(life, 1.0 - predicted_survival(model, X, times), times, censoring).mean


def _brier(model: Any, X: Any, life: Lifetimes, times: Any, censoring: Any) -> float:
    return -float(brier_score(life, predicted_survival(model, X, times), times, censoring)[0])


def _integrated_brier(model: Any, X: Any, life: Lifetimes, times: Any, censoring: Any) -> float:
    return -integrated_brier_score(life, predicted_survival(model, X, times), times, censoring)


def _crps(model: Any, X: Any, life: Lifetimes, times: Any, _: Any) -> float:
    return -crps_of(model, X, life, predicted_survival(model, X, times), times)


SCORES: Mapping[str, Score] = {
    "log score": Score(lambda model, X, life, *_: log_score_of(model, X, life), 0, False, False),
    "concordance": Score(_concordance, 0, True, False),
    "Uno concordance": Score(_uno, 0, True, True),
    "dynamic AUC": Score(_dynamic_auc, 1, True, True),
    "Brier": Score(_brier, 1, True, True),
    "integrated Brier": Score(_integrated_brier, 2, True, True),
    "CRPS": Score(_crps, 2, True, False),
    "D-calibration": Score(lambda model, X, life, *_: d_calibration_of(model, X, life).adjusted_p_value, 0, False, False),
}
