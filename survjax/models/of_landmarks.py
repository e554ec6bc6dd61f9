"""What a model keeps of the landmarks that it learned from: how rows are made, of how many units they were, their horizon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.landmark_file import landmarks_from_state, landmarks_to_state
from survjax.covariates.landmark_rows import Landmarks
from survjax.data.columns import ROWS_COUNT_FROM
from survjax.errors import BadRow
from survjax.models.predictions import arguments_of

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1.0 + 8.0 * np.finfo(float).eps  # an age and what is left to the horizon add up to it but for that
WITHOUT_END = ("mean", "rul_mean", "probability_of_failing", "rul_if_failing", "mean_if_failing")


class OfLandmarks:
    """A model that may have learned from landmarks."""

    _landmarks: Landmarks | None = None

    @property
    def landmarks_(self) -> Landmarks:
        """The landmarks learned from, without their rows: ``model.landmarks_.latest(log, units)`` makes rows to predict for.

        A loaded model has them too; of features of one's own the file has only the names. Without landmarks: AttributeError.
        """
        if self._landmarks is None:
            raise AttributeError(f"this {type(self).__name__} has not learned from Landmarks, so that it has no landmarks_.")
        return self._landmarks

    def _counted(self, n_units: float, n_failed: float) -> str:
        """Of how much the fit is: of rows that are copies of failures, how many units these have."""
        told = None if self._landmarks is None else self._landmarks._learned
        return f"{n_units:,.6g} units, {n_failed:,.6g} failed" if told is None else told.in_words()

    @property
    def _has_copies(self) -> bool:
        """Whether several of the rows learned from are of one unit, each with its one failure."""
        told = None if self._landmarks is None else self._landmarks._learned
        return told is not None and told.copies

    def _refuse_criterion(self, criterion: str) -> None:
        """Refuse criteria that take every row for a unit, where rows are copies of a failure.

        Their likelihood is a composite one, of which AIC and BIC need the trace of the inverse information times the variance of the
        score in place of the number of parameters (Varin & Vidoni 2005, Biometrika 92; Gao & Song 2010, Journal of the American
        Statistical Association 105); and that estimate is too poor with the few units of most fleets to choose models by.
        """
        told = None if self._landmarks is None else self._landmarks._learned
        if told is not None and told.copies:
            raise ValueError(
                f"{criterion} compares likelihoods of independent units, and these {told.rows:,.6g} rows are of {told.units:,.6g} units, "
                "each failure so many times among them: differences come out several times too large. Compare models by "
                "cross_validate(models, landmarks), which holds out whole units."
            )

    # ---- how far ahead

    def _within_horizon(self, name: str, arguments: Mapping[str, Any], answers: Any, *, endless_is_unknown: bool = False) -> None:
        """Refuse a prediction from beyond the horizon of the landmarks.

        Parameters
        ----------
        name, arguments : of ``PREDICTIONS``. answers : of lives their values, (n,) or (n, m).
        endless_is_unknown : whether an infinite answer means that nothing is known of it.

        Raises
        ------
        ValueError : it is asked for something later. BadRow : what was answered is later.
        """
        rows = self._landmarks
        if rows is None or rows.horizon is None:
            return
        if name in WITHOUT_END:
            self._refuse_without_end("the unrestricted mean")
        begun = np.asarray(arguments.get("age", 0.0), dtype=float) * (rows.clock == "remaining")
        if name in ("failure_probability", "rul_restricted"):
            reached = _sum(begun, np.asarray(arguments["horizon"], dtype=float), 0)
        elif name in ("quantile", "rul_quantile"):
            reached = _sum(begun, np.asarray(answers, dtype=float), 1)
        elif "t" in arguments and rows.clock == "remaining":
            reached = np.asarray(arguments["t"], dtype=float)
        else:
            return
        late = (reached > rows.horizon * ROUNDING) & ~(endless_is_unknown & np.isinf(reached))
        if not late.any():
            return
        first = reached[late][0] if late.ndim else float(reached)
        if name not in ("quantile", "rul_quantile") or not late.ndim:
            raise ValueError(f"{first:.6g} after the landmark is asked. {self._remedy(rows.horizon)}")
        of_rows = np.flatnonzero(late.reshape(len(late), -1).any(axis=1))
        raise BadRow(
            f"the answer for row {of_rows[0]} of X is {first:.6g} after the landmark ({of_rows.size:,} such rows; {ROWS_COUNT_FROM}). "
            f"{self._remedy(rows.horizon)}",
            rows=of_rows,
        )

    def _refuse_without_end(self, what: str) -> None:
        """Refuse a law that goes on beyond the horizon."""
        if self._landmarks is not None and self._landmarks.horizon is not None:
            raise ValueError(f"{what} was asked for, which has no end. {self._remedy(self._landmarks.horizon)}")

    def _remedy(self, horizon: float) -> str:
        return (
            f"This model learned from landmarks with horizon={horizon:g}, and knows nothing of what comes later after a landmark. Ask "
            f"failure probabilities up to there, predict_failure_probability(X, age, {horizon:g}), or the mean life restricted to it, "
            f'predict_rul(X, age, kind="mean", horizon={horizon:g}); or fit landmarks with horizon=None.'
        )

    def _limits_within_horizon(
        self, table: pd.DataFrame, what: str, at: tuple[Any, ...], keywords: Mapping[str, Any], **more: Any
    ) -> pd.DataFrame:
        """The table of ``interval(what, X, *at, **keywords)``; ``more`` and errors as ``_within_horizon``."""
        if self._landmarks is not None and self._landmarks.horizon is not None:
            name, arguments = arguments_of(what, at, {**({"age": 0.0} if what == "rul" and not at else {}), **keywords})
            limits, age = table.to_numpy(), np.asarray(arguments.get("age", 0.0), dtype=float)
            if name in ("quantile", "rul_quantile") and age.ndim:
                arguments = {**arguments, "age": np.repeat(age, len(limits) // max(len(age), 1))}
            self._within_horizon(name, arguments, limits, **more)
        return table

    # ---- keeping

    def _landmarks_in_file(self) -> dict[str, Any]:
        """What a model file keeps of them."""
        return {} if self._landmarks is None else {"landmarks": landmarks_to_state(self._landmarks)}

    def _with_landmarks(self, content: Mapping[str, Any]) -> None:
        """Take up what ``_landmarks_in_file`` gave to a file."""
        self._landmarks = landmarks_from_state(content["landmarks"]) if "landmarks" in content else None


def _sum(begun: np.ndarray, ahead: np.ndarray, axes_of_units: int) -> np.ndarray:
    """Ages, one or (n,), and what is added to them: one, (n,) or (n, m) answers of units; or one, (m,) or (n, m) to be asked of each."""
    return (begun[:, None] if begun.ndim and ahead.ndim > axes_of_units else begun) + ahead
