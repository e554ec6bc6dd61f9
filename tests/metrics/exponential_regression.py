"""A regression in closed form, to stand in where a model is judged."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

import survjax as sj
from survjax.models.estimator import Estimator


class ExponentialRegression(Estimator):
    """Rate exp(a + b x) with a ridge on b; predictions and likelihood in closed form."""

    def __init__(self, ridge: float = 0.0) -> None:
        self.ridge = ridge

    def fit(self, X, y):
        X = np.asarray(X, dtype=float)
        design = np.column_stack([np.ones(len(X)), X])

        def loss(beta):
            rate = np.exp(design @ beta)
            score = y.event_observed - rate * y.durations
            total = y.event_observed @ (design @ beta) - rate @ y.durations - 0.5 * self.ridge * beta[1:] @ beta[1:]
            return -total, -(score @ design) + self.ridge * np.append(0.0, beta[1:])

        start = np.zeros(design.shape[1])
        start[0] = np.log(y.n_failed / y.durations.sum())
        self.coefficients_ = minimize(loss, start, jac=True, method="BFGS").x
        return self

    def _rate(self, X):
        return np.exp(self.coefficients_[0] + np.asarray(X, dtype=float) @ self.coefficients_[1:])

    def predict_survival(self, X, times):
        return np.exp(-np.multiply.outer(self._rate(X), np.asarray(times, dtype=float)))

    def predict(self, X, age=0.0):
        return 1.0 / self._rate(X)

    def score(self, X, y):
        life = y if isinstance(y, sj.Lifetimes) else sj.Lifetimes.from_structured(y)
        rate = self._rate(X)
        entry = 0.0 if life.entry is None else life.entry
        return float(life.counts() @ (life.event_observed * np.log(rate) - rate * (life.durations - entry)) / life.n_units)


def fleet(n: int = 256, seed: int = 0, longest: float = 300.0) -> tuple[np.ndarray, sj.Lifetimes]:
    """Two columns, of which the first matters, and censored lifetimes of rate exp(0.8 x) / 100."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    life, lost = rng.exponential(100 * np.exp(-0.8 * X[:, 0])), rng.uniform(0, longest, n)
    return X, sj.Lifetimes(np.minimum(life, lost), life <= lost)
