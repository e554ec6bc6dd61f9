"""What a model that is judged must answer: ``fit(X, y)``, ``predict_survival(X, times)``, ``predict(X, age)``, ``score(X, y)``.

A distribution or a Kaplan–Meier curve, which knows no covariates, stands in: it is fitted to y alone, and predicts the same for every row
of X. It is told by having ``survival(t)`` and no ``predict_survival``.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from survjax.covariates.landmark_rows import Landmarks
from survjax.data.columns import ROWS_COUNT_FROM
from survjax.data.lifetimes import Lifetimes
from survjax.metrics.judged import read_probabilities

CHUNK = 256  # rows whose own ages are asked for at once: a table of 256 by 256, of which the diagonal is used


def knows_covariates(model: Any) -> bool:
    """Whether a model predicts from X, rather than the same for all; of a pipeline or a search, the model in it.

    Raises
    ------
    TypeError : it has neither face.
    """
    if hasattr(model, "predict_survival"):
        return True
    if _is_wrapped(model):
        return knows_covariates(model.estimator if hasattr(model, "refit") else model.steps[-1][1])
    if hasattr(model, "survival"):
        return False
    raise TypeError(
        f"{type(model).__name__} cannot be judged: it has neither predict_survival(X, times), as regressions have, nor survival(t), as "
        "distributions have. Wrap a model of another package in a class with fit(X, y) and predict_survival(X, times)."
    )


def learns_groups(model: Any) -> bool:
    """Whether a model, or the last of a pipeline, has ``fit(X, y, group=labels)``, as a shared frailty.

    Raises
    ------
    TypeError : a search over such a model, which has no way to hand groups on to its own folds.
    """
    if not _is_wrapped(model):
        return _takes(model, "fit", "group")
    inner = model.estimator if hasattr(model, "refit") else model.steps[-1][1]
    found = learns_groups(inner)
    if found and hasattr(model, "refit"):
        raise TypeError(
            f"{type(model).__name__} does not hand groups on to {type(inner).__name__}: judge models of several settings instead."
        )
    return found


def fit_to(model: Any, X: Any, y: Lifetimes, group: np.ndarray | None = None, unit: np.ndarray | None = None) -> Any:
    """The model, fitted to y given X, or to y alone; ``group`` and ``unit``, (n,) labels, go to one that learns from them."""
    if not (_is_wrapped(model) or knows_covariates(model)):
        return model.fit(y)
    labels = {}
    if group is not None and learns_groups(model):
        labels["group"] = group
    if unit is not None and not hasattr(model, "refit") and _takes(model.steps[-1][1] if _is_wrapped(model) else model, "fit", "unit"):
        labels["unit"] = unit
    step = f"{model.steps[-1][0]}__" if hasattr(model, "steps") else ""
    return model.fit(X, y, **{f"{step}{name}": given for name, given in labels.items()})


def fit_to_landmarks(model: Any, rows: Landmarks, group: np.ndarray | None = None) -> Any:
    """The model, fitted to landmarks as a whole, if it takes them so; else to their X and y.

    A distribution, or a pipeline, knows nothing of units: its estimates are those of rows, which is all that scores ask for.
    """
    if hasattr(type(model), "labels_of_landmarks") and getattr(model, "network", "perceptron") == "perceptron":
        return model.fit(rows)
    if not _is_wrapped(model) and learns_groups(model):
        return model.fit(rows, group=group)
    assert rows.y is not None  # rows to predict for have none
    return fit_to(model, rows.X, rows.y, group)


def takes_unit(model: Any) -> bool:
    """Whether a model has ``score(X, y, unit=labels)``, which is then per unit."""
    return _takes(model, "score", "unit")


def _takes(model: Any, method: str, name: str) -> bool:
    return name in inspect.signature(getattr(model, method)).parameters


def unwrapped(model: Any, X: Any) -> tuple[Any, Any]:
    """The fitted model inside scikit-learn's pipelines and searches, and X as it sees it: they do not pass these methods on."""
    while _is_wrapped(model) and not hasattr(model, "predict_survival"):
        if hasattr(model, "refit"):
            model = model.best_estimator_
        else:
            X, model = (model[:-1].transform(X) if len(model.steps) > 1 else X), model.steps[-1][1]
    return model, X


def _is_wrapped(model: Any) -> bool:
    return hasattr(model, "refit") or hasattr(model, "steps")


def predicted_survival(model: Any, X: Any, times: np.ndarray) -> np.ndarray:
    """P(T > t) for each row of X at each time (m,), (n, m).

    Raises
    ------
    ValueError : the model returns another shape, or no probabilities.
    """
    model, X = unwrapped(model, X)
    n, m = number_of_rows(X), len(times)
    if not knows_covariates(model):
        return np.broadcast_to(np.asarray(model.survival(times)), (n, m))
    return read_probabilities(model.predict_survival(X, times), (n, m), f"{type(model).__name__}.predict_survival(X, times)")


def survival_at_own(model: Any, X: Any, ages: np.ndarray) -> np.ndarray:
    """P(T > t) for each row of X at an age of its own, (n,)."""
    model, X = unwrapped(model, X)
    if not knows_covariates(model):
        return np.asarray(model.survival(ages))
    values = np.empty(len(ages))
    for first in range(0, len(ages), CHUNK):
        rows = np.arange(first, min(first + CHUNK, len(ages)))
        times = np.unique(ages[rows])
        table = predicted_survival(model, rows_of(X, rows), times)
        values[rows] = table[np.arange(len(rows)), np.searchsorted(times, ages[rows])]
    return values


def risk_of(model: Any, X: Any, times: np.ndarray | None = None) -> np.ndarray:
    """Higher for what should fail sooner, (n,): minus the expected life, or with times minus that restricted to them."""
    if times is not None:
        return -np.trapezoid(predicted_survival(model, X, times), times, axis=1)
    model, X = unwrapped(model, X)
    if not knows_covariates(model):
        return np.zeros(number_of_rows(X))
    life = np.asarray(model.predict(X, 0.0))
    endless = np.flatnonzero(np.isinf(life))
    if endless.size:
        raise ValueError(
            f"the expected life of row {endless[0]} is infinite ({endless.size:,} such rows; {ROWS_COUNT_FROM}), by which units cannot be "
            "put in order. Give times: the life restricted to the last of them exists always."
        )
    return -life


def number_of_rows(X: Any) -> int:
    return X.shape[0] if hasattr(X, "shape") else len(X)


def rows_of(X: Any, rows: np.ndarray) -> Any:
    """The rows of a data frame or array."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]
