"""What every model of units with covariates is asked for; how it answers is its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.models.missing_arguments import names_missing_arguments
from survjax.models.of_landmarks import WITHOUT_END, OfLandmarks
from survjax.models.predictions import rul_arguments


@names_missing_arguments
class UnitPredictions(OfLandmarks):
    """The predictions for units of which each has a distribution of its own; a model owes ``_predict``."""

    def _predict(self, name: str, X: Any, **arguments: Any) -> np.ndarray:
        raise TypeError(f"{type(self).__name__} owes _predict(name, X, **arguments): a prediction of PREDICTIONS for each unit of X.")

    def _answer(self, name: str, X: Any, **arguments: Any) -> np.ndarray:
        if name in WITHOUT_END:
            self._refuse_without_end("the unrestricted mean")
        answers = self._predict(name, X, **arguments)
        self._within_horizon(name, arguments, answers)
        return answers

    def predict_survival(self, X: Any, times: Any) -> np.ndarray:
        """P(T > t) for each unit of X: (n,) for one time, (n, m) for m times or for (n, m) times, each unit's own."""
        return self._answer("survival", X, t=times)

    def predict_hazard(self, X: Any, times: Any) -> np.ndarray:
        """The failure rate of each unit at these ages, per unit of time: shapes as ``predict_survival``."""
        return self._answer("hazard", X, t=times)

    def predict_cumulative_hazard(self, X: Any, times: Any) -> np.ndarray:
        """The integral of the hazard from 0 to these ages: shapes as ``predict_survival``."""
        return self._answer("cumulative_hazard", X, t=times)

    def predict_density(self, X: Any, times: Any) -> np.ndarray:
        """The density of the lifetime, per unit of time: shapes as ``predict_survival``."""
        return self._answer("density", X, t=times)

    def predict_quantile(self, X: Any, p: Any) -> np.ndarray:
        """The age by which a share p of units like each has failed: (n,) for one p, (n, m) for m."""
        return self._answer("quantile", X, p=p)

    def predict_failure_probability(self, X: Any, age: Any, horizon: Any) -> np.ndarray:
        """P(fails within ``horizon`` | alive at ``age``) for each unit.

        Parameters
        ----------
        X : (n, m) covariates.
        age : one number, or (n,) the age of each unit. horizon : one number; (m,) numbers, which makes the answer (n, m); or (n, m).
        """
        return self._answer("failure_probability", X, age=age, horizon=horizon)

    def predict_rul(self, X: Any, age: Any = 0.0, kind: Any = "mean", horizon: Any = None) -> np.ndarray:
        """Remaining useful life of each unit (n,), alive at ``age``.

        Parameters
        ----------
        X : (n, m) covariates. age : one number, or (n,).
        kind : "mean", "median", or a probability p: the remaining life that a share p of such units does not reach.
        horizon : with kind "mean", the restricted mean E min(T - age, horizon).
        """
        name, arguments = rul_arguments(age, kind, horizon)
        return self._answer(name, X, **arguments)

    def predict(self, X: Any, age: Any = 0.0) -> np.ndarray:
        """Expected remaining useful life of each unit (n,), alive at ``age``."""
        return self.predict_rul(X, age)
