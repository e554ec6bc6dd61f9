"""Which model predicts best? Several, fitted and judged on the same folds."""

from __future__ import annotations

import copy
import html
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.histories import History, taken_apart
from survjax.covariates.labels import take_labels
from survjax.covariates.landmark_rows import MARK, Landmarks
from survjax.data.lifetimes import Lifetimes
from survjax.metrics.brier import integrated_brier_score
from survjax.metrics.faces import fit_to, fit_to_landmarks, knows_covariates, number_of_rows, predicted_survival, rows_of
from survjax.metrics.folds import kept_together, labels_of_groups, last_rows, of_rows, split
from survjax.metrics.judged import read_life, read_times
from survjax.metrics.pairs import concordance
from survjax.metrics.scorers import crps_of, d_calibration_of, log_score_of
from survjax.model_labels import CUT, told_apart
from survjax.models.estimator import Estimator

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SCORES = ("concordance", "integrated_brier", "log_score", "crps", "d_calibration_p")
N_TIMES = 100
LATE = "none with late entry, for which it has no weights; sj.metrics.brier_score says how to judge from an age on"
COPIES = "none of landmarks: its p-value is of independent units, and these rows are several of each"
LONGEST_NAME = 60
STILL_SEEN = 0.1  # a tenth of the units is followed beyond the last age that is judged: weights are then at most some ten


@dataclass
class CrossValidation:
    """Several models judged on the same folds.

    Attributes
    ----------
    folds : one row a model and fold (their index), one column a score, missing where it could not be had; and ``seconds``, which the
        fit took.
    failures : one row for each that is missing: ``model``, ``fold``, ``score`` ("fit": none of that fold), ``reason``.
    times : (m,) the ages judged at.
    table : one row a model: the mean of each score over the folds and, with ``_spread``, its standard deviation from fold to fold (no
        standard error of the mean: folds share most of their training). ``concordance``: higher is better; ``integrated_brier``:
        lower; ``log_score``, log-likelihood per unit: higher; ``crps``, in the unit of time: lower; ``d_calibration_p``: a p-value
        (the adjusted one, since Pearson's is near 1 whatever the model where most units still run), small where the probabilities are
        wrong, spread over 0 to 1 where they are right. ``seconds`` is the median time of a fit, so that a first one that compiles does
        not count. A score missing in some fold has no mean: ``missing`` says which, and why.
    """

    folds: pd.DataFrame
    failures: pd.DataFrame
    times: np.ndarray

    @property
    def table(self) -> pd.DataFrame:
        import pandas as pd

        by_model = self.folds.groupby(level="model", sort=False)
        columns = {}
        for score in SCORES:
            complete = by_model[score].count() == by_model[score].size()
            columns[score] = by_model[score].mean().where(complete)
            columns[f"{score}_spread"] = by_model[score].std().where(complete)
        table = pd.DataFrame(columns)
        table["seconds"] = by_model["seconds"].median()
        table["missing"] = [self._missing(name) for name in table.index]
        return table

    def _missing(self, model: str, but: Collection[str] = ()) -> str:
        """What is missing of a model, in words, ``but`` some scores: each with its folds, and the reason in the first of them."""
        of_model = self.failures[(self.failures["model"] == model) & ~self.failures["score"].isin(but)]
        n_folds = self.folds.index.get_level_values("fold").nunique()
        found: dict[tuple[str, str], list[str]] = {}  # scores that the same folds miss for the same reason are told together
        for score, rows in of_model.groupby("score", sort=False):
            where = "all folds" if len(rows) == n_folds else f"fold{'s' * (len(rows) > 1)} {', '.join(str(fold) for fold in rows['fold'])}"
            found.setdefault((where, rows["reason"].iloc[0]), []).append(str(score))
        return "; ".join(f"{', '.join(scores)} ({where}): {reason}" for (where, reason), scores in found.items())

    def _written(self) -> tuple[pd.DataFrame, list[str]]:
        """The table as it is read: mean ± spread in one cell, scores that no model has left out; and a line for each reason why."""
        import pandas as pd

        table, of_none = self.table, self.had_by_none()
        cells = {
            score: [
                "–" if np.isnan(mean) else f"{mean:.4g} ± {spread:.2g}"
                for mean, spread in zip(table[score], table[f"{score}_spread"], strict=True)
            ]
            for score in SCORES
            if score not in of_none
        }
        cells["seconds"] = ["–" if np.isnan(seconds) else f"{seconds:.2g}" for seconds in table["seconds"]]
        said = pd.Series([self._missing(name, of_none) for name in table.index], index=table.index, dtype=object)
        said = said[said != ""]
        of_reason = said.index.to_series().astype(str).groupby(said, sort=False).agg(", ".join)
        lines = [*(f"{score}: {why}" for score, why in of_none.items()), *(f"{names}: {why}" for why, names in of_reason.items())]
        return pd.DataFrame(cells, index=table.index), lines

    def had_by_none(self) -> dict[str, str]:
        """The scores that no model has in any fold for the one same reason, and that reason."""
        found = {}
        for score, rows in self.failures.groupby("score", sort=False):
            if len(rows) == len(self.folds) and len(set(rows["reason"])) == 1:
                found[str(score)] = str(rows["reason"].iloc[0])
        return found

    def _repr_html_(self) -> str:
        table, missing = self._written()
        return table.to_html() + "".join(f"<p>{html.escape(line)}</p>" for line in missing)

    def __repr__(self) -> str:
        table, missing = self._written()
        return "\n".join([table.to_string(), *missing])

    def plot(self) -> list[Axes]:
        """Each score of each model: a dot a fold, and their mean; one picture, of which the axes are returned."""
        from survjax.plotting import plot_scores

        return plot_scores(self)


def cross_validate(
    models: Sequence[Any] | Mapping[str, Any],
    X: Any,
    y: Any = None,
    cv: Any = 5,
    *,
    groups: Any = None,
    times: Any = None,
    seed: int = 0,
    progress: bool = True,
) -> CrossValidation:
    """Fit several models on all folds but one, judge them on that one, for each fold in turn; the same folds for all.

    Parameters
    ----------
    models : a list, or a dictionary by any name, of models with ``fit(X, y)``, ``predict_survival(X, times)`` and, for the log
        score, ``score(X, y)`` that is the log-likelihood per unit; pipelines and grid searches that end in one. A distribution
        such as ``sj.Weibull()``, or ``sj.KaplanMeier()``, is fitted to y alone and predicts the same for every unit: what covariates
        are to be held against. Copies are fitted; those given stay as they are.
    X : (n, p) data frame or array; None for models that use none. Or a ``History``, alone, of units whose covariates change: folds are
        then of units, models whose ``fit`` takes ``unit`` learn with it, and the log score is per unit; the other scores judge each row
        from its start on, as if what is known of the unit stayed as it is there. Or ``Landmarks``, alone: folds are of units, models that
        take them learn by ``fit(landmarks)``, and every score judges rows, each a prediction made at its landmark; D-calibration, whose
        p-value is of independent units, is left out.
    y : the ``Lifetimes`` of n rows, or a structured array (event, time).
    cv : the number of folds, of random rows with failures dealt out evenly; or one of scikit-learn's splitters, or a list of
        (train, test) row numbers.
    groups : (n,) labels, or the name of a column of X, which is then no covariate: rows of one label, such as the rows of one unit or one
        plant, stay in one fold. A model whose ``fit`` takes
        ``group``, as ``sj.Frailty``, learns with those of the rows it is fitted to, and its score is that of the held-out groups;
        predictions for these are as for new groups. For a frailty of single units give ``groups=range(n)``.
    times : (m,) ages at which survival is judged, in the integrated Brier score and CRPS and, integrated, as the predicted life of the
        concordance. None: 100 ages from 0 (or the lowest, if negative) to the last beyond which a tenth of the units was followed.
    seed : of the random folds. progress : whether to show a bar on standard error once it takes longer than a second.

    The probability of being in view, by whose inverse the Brier score weights, is estimated from all of y. The concordance is
    Harrell's, of minus the predicted life restricted to ``times``.

    Returns
    -------
    CrossValidation : ``table``, ``folds``, ``failures`` and ``plot()``.

    Raises
    ------
    TypeError : something that cannot be judged among the models; a model that learns from groups, without ``groups``.
    ValueError : no models, two of one name; X and y of different lengths; more folds than units (groups); no failure; a unit of a
        ``History`` or of ``Landmarks`` in two groups; X of ``Landmarks`` without them, whose units would be in several folds. If every
        model fails in every fold, the first failure.

    A model that fails in a fold, or cannot give a score, keeps its place in the table, with the reason.

    Examples
    --------
    >>> import survjax as sj
    >>> life = sj.Lifetimes([3, 5, 8, 9, 12, 14, 20, 22, 25, 30], [1, 1, 0, 1, 1, 0, 1, 1, 1, 0])
    >>> sj.cross_validate([sj.Exponential(), sj.Weibull()], None, life, cv=2).table["log_score"].round(2).to_dict()
    {'Exponential()': -3.0, 'Weibull()': -3.18}
    """
    import pandas as pd

    learners = _named(models)
    X, y, unit, landmarks = _taken(X, y, groups, cv)
    life = read_life(y)
    X, (groups,) = take_labels(X, (), groups=groups)
    X = np.empty((len(life), 0)) if X is None else X
    if number_of_rows(X) != len(life):
        raise ValueError(f"X has {number_of_rows(X):,} rows and y {len(life):,}; give each unit a row in both.")
    labels = labels_of_groups(life, learners, cv, groups)
    at = _times(life if unit is None else life[last_rows(unit)]) if times is None else read_times(times)[0]
    together = kept_together(unit, labels, "History") if landmarks is None else kept_together(landmarks.unit, labels, "Landmarks")
    splits = split(life, cv, together, seed)
    scores: dict[tuple[str, int], dict[str, float]] = {}
    failures: list[dict[str, Any]] = []
    seconds: dict[tuple[str, int], float] = {}
    barred = {"integrated_brier": LATE} if life.entered_late().any() else {}
    if landmarks is not None and landmarks.X.attrs[MARK]["copies"]:
        barred["d_calibration_p"] = COPIES
    first: Exception | None = None
    with _bar(len(learners) * len(splits), progress) as bar:
        for fold, (train, test) in enumerate(splits):
            for name, learner in learners.items():
                scores[name, fold] = {}
                begun = time.perf_counter()
                try:
                    if landmarks is not None:
                        model = fit_to_landmarks(copy.deepcopy(learner), landmarks[train], of_rows(labels, train))
                    else:
                        of_train = of_rows(labels, train), of_rows(unit, train)
                        model = fit_to(copy.deepcopy(learner), rows_of(X, train), life[train], *of_train)
                except Exception as error:  # whatever a model of any package raises is what the table is to say
                    first = first or error
                    failures.append({"model": name, "fold": fold, "score": "fit", "reason": _in_words(error)})
                else:
                    seconds[name, fold] = time.perf_counter() - begun
                    rules = _rules(model, rows_of(X, test), life[test], at, life, of_rows(labels, test), of_rows(unit, test))
                    for score, rule in rules.items():
                        if score in barred:
                            failures.append({"model": name, "fold": fold, "score": score, "reason": barred[score]})
                            continue
                        try:
                            scores[name, fold][score] = rule()
                        except Exception as error:
                            failures.append({"model": name, "fold": fold, "score": score, "reason": _in_words(error)})
                bar.update()
    if first is not None and not any(scores.values()):
        raise first
    order = [(name, fold) for name in learners for fold in range(len(splits))]
    index = pd.MultiIndex.from_tuples(order, names=["model", "fold"])
    folds = pd.DataFrame([scores[key] for key in order], index=index, columns=list(SCORES), dtype=float)
    folds["seconds"] = [seconds.get(key, np.nan) for key in order]
    return CrossValidation(folds, pd.DataFrame(failures, columns=["model", "fold", "score", "reason"]), at)


def _taken(X: Any, y: Any, groups: Any, cv: Any) -> tuple[Any, Any, np.ndarray | None, Landmarks | None]:
    """X, y, the unit of each row of a ``History``, and the landmarks, if X is that.

    Raises
    ------
    TypeError : something beside a ``History`` or ``Landmarks``; landmarks of units whose ends are not known.
    ValueError : X of landmarks, without their units.
    """
    if isinstance(X, Landmarks):
        if y is not None:
            raise TypeError("Landmarks bring X, y and unit with them: pass them alone.")
        if X.y is None:
            raise TypeError("these Landmarks are of units whose ends are not known, by which nothing can be judged.")
        return X.X, X.y, None, X
    if isinstance(X, History) or y is None:
        return *taken_apart(X, y), None
    if getattr(X, "attrs", {}).get(MARK, {}).get("copies") and groups is None and not isinstance(cv, Iterable):
        raise ValueError(
            "X is of Landmarks, of which units have several rows: a unit would be learned from in one row and held out in another. Write "
            "cross_validate(models, landmarks), or groups=landmarks.unit."
        )
    return X, y, None, None


def _rules(
    model: Any,
    X: Any,
    life: Lifetimes,
    times: np.ndarray,
    all_of_them: Lifetimes,
    group: np.ndarray | None,
    unit: np.ndarray | None,
) -> dict[str, Callable[[], float]]:
    """How to get each score of a fitted model on held-out rows."""
    predicted: list[np.ndarray] = []

    def survival() -> np.ndarray:
        if not predicted:
            predicted.append(predicted_survival(model, X, times))
        return predicted[0]

    return {
        "concordance": lambda: concordance(life, -np.trapezoid(survival(), times, axis=1)),
        "integrated_brier": lambda: integrated_brier_score(life, survival(), times, censoring=all_of_them),
        "log_score": lambda: log_score_of(model, X, life, group, unit),
        "crps": lambda: crps_of(model, X, life, survival(), times),
        "d_calibration_p": lambda: d_calibration_of(model, X, life).adjusted_p_value,
    }


def _in_words(error: Exception) -> str:
    first = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {first}"


def _named(models: Any) -> dict[str, Any]:
    if isinstance(models, Mapping):
        named = dict(models)
    else:
        if hasattr(models, "fit"):
            raise TypeError(f"models must be a list or a dictionary of models; got a single {type(models).__name__}. Pass [model].")
        named, models = {}, list(models)
        for model, name in zip(models, _names_of(models), strict=True):
            if name in named and name == (model.constructor() if isinstance(model, Estimator) else repr(model)):
                raise ValueError(f"two models are called {name}; pass a dictionary to name them yourself.")
            same = sum(other == name or other.startswith(f"{name} #") for other in named)
            named[f"{name} #{same + 1}" if same else name] = model
    if not named:
        raise ValueError("there are no models to judge.")
    for model in named.values():
        knows_covariates(model)
    return named


def _names_of(models: list[Any]) -> list[str]:
    """Those of calls that are long, and the same once they are cut, say what differs."""
    names = [_name_of(model) for model in models]
    alike = [place for place, name in enumerate(names) if names.count(name) > 1 and CUT in name]
    told = told_apart([models[place].constructor() for place in alike], LONGEST_NAME)
    for place, name in zip(alike, told, strict=True):
        names[place] = name
    return names


def _name_of(model: Any) -> str:
    """The call that makes a model, without what a fit found, if that is short; else without its long arguments."""
    if isinstance(model, Estimator):
        call = model.constructor()
        return call if len(call) <= LONGEST_NAME else model.constructor(longest=24)
    call = repr(model)
    return call if len(call) <= LONGEST_NAME and "\n" not in call else type(model).__name__


def _times(life: Lifetimes) -> np.ndarray:
    """Ages from the start to the last beyond which enough units are followed."""
    ends = np.where(np.isfinite(life.upper), life.upper, life.lower)
    order = np.argsort(ends, kind="stable")
    ages, counts = ends[order], life.counts()[order]
    failed = np.isfinite(life.upper) & (life.counts() > 0)
    if not failed.any():
        raise ValueError("no unit has failed: there is nothing to judge predictions by.")
    beyond = counts.sum() - np.cumsum(counts)[np.searchsorted(ages, ages, side="right") - 1]
    enough = ages[beyond >= STILL_SEEN * counts.sum()]
    if not (enough.size and enough[-1] > ends[failed].min()):
        raise ValueError(
            f"the first failure, at {ends[failed].min():g}, comes when hardly any unit is followed further: pass times, the "
            "ages to judge at."
        )
    begin = min(0.0, float(ages[0]) if np.isfinite(ages[0]) else 0.0)
    return np.linspace(begin, float(enough[-1]), N_TIMES)


def _bar(total: int, shown: bool) -> Any:
    from tqdm import tqdm  # not tqdm.auto, which warns in every notebook that has no widgets, even of a bar not shown

    return tqdm(total=total, desc="folds judged", delay=1.0, leave=False, file=sys.stderr, disable=None if shown else True)
