"""How rows of landmarks are made, as JSON and back: what the file of a model keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from survjax.covariates.features import Readings, feature_from_label
from survjax.covariates.landmark_rows import CLOCKS, MISSING, Landmarks
from survjax.covariates.learned_landmarks import LearnedLandmarks


def landmarks_to_state(rows: Landmarks) -> dict[str, Any]:
    """What a file holds of how rows are made; features by their labels."""
    return {
        "clock": rows._clock,
        "horizon": rows.horizon,
        "missing": rows._missing,
        "roles": rows._roles,
        "sensors": {
            name: {"features": [feature.label() for feature in rows._features[name]], "numeric": rows._are_numeric[name]}
            for name in rows._sensors
        },
        "facts": rows._fact_names,
        "age_is_covariate": rows._with_age,
        "columns": list(rows.X.columns),
        "learned": None if rows._learned is None else rows._learned.state(),
    }


def landmarks_from_state(state: Mapping[str, Any]) -> Landmarks:
    """What ``landmarks_to_state`` wrote, without rows.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    import pandas as pd

    made = object.__new__(Landmarks)
    horizon, sensors = state["horizon"], state["sensors"]
    if state["clock"] not in CLOCKS or state["missing"] not in MISSING or not (horizon is None or 0 < float(horizon) < np.inf):
        raise ValueError("the landmarks of this file are none that there are.")
    made._roles = {str(role): None if name is None else str(name) for role, name in state["roles"].items()}
    made._clock, made._horizon, made._missing = state["clock"], None if horizon is None else float(horizon), state["missing"]
    made._sensors, made._fact_names = list(sensors), [str(name) for name in state["facts"]]
    made._features = {name: tuple(map(feature_from_label, one["features"])) for name, one in sensors.items()}
    made._are_numeric = {name: bool(one["numeric"]) for name, one in sensors.items()}
    made._with_age = bool(state["age_is_covariate"])
    made._learned = None if state["learned"] is None else LearnedLandmarks.from_state(state["learned"])
    made.X, made.y = pd.DataFrame(columns=state["columns"], index=range(0)), None
    made._numeric = Readings(np.empty(0, dtype=int), np.empty(0), np.empty((0, sum(made._are_numeric.values()))))
    return made._without_rows()
