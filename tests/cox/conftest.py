"""Cox regressions of which R's numbers are in tests/reference/cox.json (make_cox.R): data, strata and options of each."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survjax as sj

REFERENCE = Path(__file__).parents[1] / "reference"
MEDICAL = ["age", "sex", "ph.ecog"]


def read(name):
    return pd.read_csv(REFERENCE / "cox" / f"{name}.csv")


def lives(frame, **columns):
    return sj.Lifetimes.from_intervals(frame["lower"], frame["upper"], **columns)


def case(name):
    """X, y and the keywords of ``fit``, of what R calls by this name."""
    if name.startswith("lung"):
        frame = read("lung").dropna(subset=MEDICAL).reset_index(drop=True)
        row = np.arange(1, len(frame) + 1)
        if name == "lung_late_strata":
            entry = np.where(row % 2 == 0, frame["lower"] / 3, 0.0)
            return frame[MEDICAL], lives(frame, entry=entry), {"strata": "sex"}
        if name == "lung_late":
            return frame[MEDICAL], lives(frame, entry=np.where(row % 3 == 0, 0.0, 0.9 * frame["lower"])), {}
        weights = {"lung_repeated": 1.0 + row % 3, "lung_shares": 0.25 + (row % 4) / 3, "lung_shares_robust": 0.25 + (row % 4) / 3}
        return frame[MEDICAL], lives(frame, weights=weights.get(name)), {}
    if name.startswith("heart"):
        frame = read("tv_heart")
        life = sj.Lifetimes(frame["stop"], frame["event"], entry=frame["start"])
        if name == "heart_strata":
            return frame[["age", "year", "transplant", "surgery"]], life, {"strata": "surgery"}
        unit = {"unit": frame["id"]} if name == "heart_robust" else {}
        return frame[["age", "year", "surgery", "transplant"]], life, unit
    if name == "drives":
        frame = sj.datasets.load_hard_drives()
        columns = ["temperature", "reallocated_sectors", "read_errors", "pending_sectors", "brand"]
        return frame[columns], sj.Lifetimes.from_frame(frame, duration="duration", event="event"), {"strata": "brand"}
    frame = read(name.removesuffix("_robust"))
    if name == "capacitor":
        frame["voltage"] /= 100
    columns = {"rats": ["rx", "sex"], "capacitor": ["voltage", "temperature"], "tires": ["wedge", "interbelt", "peel"]}
    return frame[columns.get(name, ["age", "rx", "ecog.ps"])], lives(frame), {}


def fitted(name, ties):
    X, y, keywords = case(name)
    return sj.CoxProportionalHazards(ties=ties, errors="robust" if name.endswith("robust") else "model").fit(X, y, **keywords)


@pytest.fixture(scope="session")
def r_cox():
    return json.loads((REFERENCE / "cox.json").read_text())
