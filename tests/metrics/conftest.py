"""What tests of scores share: scikit-survival's numbers and the fleets they belong to."""

import json
from pathlib import Path

import numpy as np
import pytest

import survjax as sj


@pytest.fixture(scope="session")
def theirs() -> dict:
    """scikit-survival's scores, with ``train`` and ``test`` as Lifetimes and ``survival`` as an array."""
    reference = json.loads((Path(__file__).parents[1] / "reference" / "metrics.json").read_text())
    for name in ("train", "test"):
        reference[name] = sj.Lifetimes(reference[name]["time"], reference[name]["event"])
    return reference | {"survival": np.array(reference["survival"])}


@pytest.fixture
def rough() -> tuple[sj.Lifetimes, np.ndarray]:
    """Sixty rows with ties in age and risk, weights (some 0) and late entry."""
    rng = np.random.default_rng(4)
    ages = rng.integers(1, 20, 60).astype(float)
    life = sj.Lifetimes(ages, rng.random(60) < 0.6, entry=np.floor(0.9 * ages * rng.random(60)), weights=rng.integers(0, 4, 60))
    return life, rng.integers(0, 8, 60).astype(float)


def seen_from_start(life: sj.Lifetimes) -> sj.Lifetimes:
    return sj.Lifetimes(life.durations, life.event_observed, weights=life.weights)
