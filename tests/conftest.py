"""What tests share: the shipped data sets as Lifetimes, R's numbers, double precision for tests of the core."""

import json
from pathlib import Path

import jax
import matplotlib
import mpmath
import numpy as np
import pytest

import survjax as sj

matplotlib.use("Agg")

MANY_MAPS = 30_000
_n_run = 0

COLUMNS = {"power_transformers": {"entry": "entry"}, "integrated_circuits": {"weights": "weight"}}


def shipped(name: str) -> sj.Lifetimes:
    """The lifetimes of a shipped data set."""
    frame = getattr(sj.datasets, f"load_{name}")()
    if "lower" in frame:
        return sj.Lifetimes.from_frame(frame, lower="lower", upper="upper", weights="weight")
    return sj.Lifetimes.from_frame(frame, duration="duration", event="event", **COLUMNS.get(name, {}))


def inspected(name: str, every: float = 10.0) -> sj.Lifetimes:
    """The lifetimes of a shipped data set of exact ages as inspections ``every`` so often would have found them."""
    life = shipped(name)
    upper = every * np.ceil(life.durations / every)
    return sj.Lifetimes.from_intervals(
        np.where(life.event_observed, upper - every, life.durations), np.where(life.event_observed, upper, np.inf), weights=life.weights
    )


def pytest_runtest_teardown(item, nextitem):
    """Let go of compiled programs before their memory maps are more than Linux allows a process (65,530): the next one would crash it."""
    global _n_run  # noqa: PLW0603
    _n_run += 1
    maps = Path("/proc/self/maps")
    if _n_run % 20 == 0 and maps.exists() and maps.read_bytes().count(b"\n") > MANY_MAPS:
        jax.clear_caches()


@pytest.fixture(scope="session")
def r_fits() -> dict:
    return json.loads((Path(__file__).parent / "reference" / "r_fits.json").read_text())


@pytest.fixture
def double():
    """The core in 64 bits, and no silent promotion: a leak of 32 bits fails."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


@pytest.fixture(autouse=True)
def digits(request):
    """mpmath's precision is one for the whole process: each module's own again before each of its tests."""
    mpmath.mp.dps = getattr(request.module, "DIGITS", 15)
