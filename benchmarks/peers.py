"""Regressions of lifelines and scikit-survival behind the face that ``sj.cross_validate`` asks of a model.

``fit(X, y)``, ``predict_survival(X, times)`` (n, m) and, where there is a density, ``score(X, y)``, the log-likelihood per unit. X is a
data frame of numbers (scikit-survival takes no text), y a ``sj.Lifetimes`` of failures and running units.
"""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd

import survjax as sj

CHUNK = 4_096  # rows for which scikit-survival's step functions are held at once


class Lifelines:
    """A lifelines regression fitter, with weights and late entry; ``options`` are further arguments of its ``fit``."""

    def __init__(self, fitter, **options) -> None:
        self.fitter = fitter
        self.options = options

    def fit(self, X: pd.DataFrame, y: sj.Lifetimes) -> Lifelines:
        self.fitted_ = copy.deepcopy(self.fitter)
        optional = {"weights_col": "_weight"} if y.weights is not None else {}
        optional |= {"entry_col": "_entry"} if y.entry is not None else {}
        self.fitted_.fit(self._frame(X, y), duration_col="_duration", event_col="_event", **optional, **self.options)
        return self

    def predict_survival(self, X: pd.DataFrame, times: np.ndarray) -> np.ndarray:
        return self.fitted_.predict_survival_function(X.reset_index(drop=True), times=times).to_numpy().T

    def _frame(self, X: pd.DataFrame, y: sj.Lifetimes) -> pd.DataFrame:
        frame = X.reset_index(drop=True).assign(_duration=y.durations, _event=y.event_observed)
        if y.weights is not None:
            frame["_weight"] = y.weights
        if y.entry is not None:
            frame["_entry"] = y.entry
        return frame

    def __repr__(self) -> str:
        return f"lifelines {type(self.fitter).__name__}"


class LifelinesAFT(Lifelines):
    """One with a density: its ``score`` is the mean log-likelihood. (Cox's is a partial likelihood, of another scale.)"""

    def score(self, X: pd.DataFrame, y: sj.Lifetimes) -> float:
        return float(self.fitted_.score(self._frame(X, y), scoring_method="log_likelihood"))


class ScikitSurvival:
    """A scikit-survival estimator; it takes neither weights nor late entry. Beyond the last age of its training its curves stay level."""

    def __init__(self, estimator) -> None:
        self.estimator = estimator

    def fit(self, X: pd.DataFrame, y: sj.Lifetimes) -> ScikitSurvival:
        if y.weights is not None or y.entry is not None:
            raise ValueError("scikit-survival takes neither weights nor late entry.")
        response = np.array(list(zip(y.event_observed, y.durations, strict=True)), dtype=[("event", bool), ("time", float)])
        self.fitted_ = copy.deepcopy(self.estimator).fit(X, response)
        return self

    def predict_survival(self, X: pd.DataFrame, times: np.ndarray) -> np.ndarray:
        ages = self.fitted_.unique_times_
        survival = np.empty((len(X), len(times)))
        for first in range(0, len(X), CHUNK):
            curves = self.fitted_.predict_survival_function(X.iloc[first : first + CHUNK], return_array=True)
            before = np.column_stack([np.ones(len(curves)), curves])
            survival[first : first + len(curves)] = before[:, np.searchsorted(ages, times, side="right")]
        return survival

    def __repr__(self) -> str:
        return f"scikit-survival {type(self.estimator).__name__}"
