"""Machines whose load changes from month to month, each harmed by it as it is; some came under observation late."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj

TRUTH = {"level": -3.0, "log_age": 0.5, "load": 1.0, "spread[load]": 1.5}
PERIODS = 8


def history(n, seed, spread=TRUTH["spread[load]"], late=0):
    """A row a unit and month, (start, stop], of units that were seen; those in the first half only if they survived ``late`` months."""
    random = np.random.default_rng(seed)
    load = random.uniform(-1.0, 1.0, (n, PERIODS))
    late_of = np.where(np.arange(n) < n // 2, late, 0)
    # a unit that comes late had had the load of its first month before
    load[np.arange(PERIODS) < late_of[:, None]] = np.repeat(load[np.arange(n), late_of], late_of)
    harm = TRUTH["load"] + spread * random.standard_normal(n)
    score = TRUTH["level"] + TRUTH["log_age"] * np.log(np.arange(1.0, PERIODS + 1.0)) + harm[:, None] * load
    fails = random.uniform(size=load.shape) < 1.0 / (1.0 + np.exp(-score))
    alive = np.cumsum(fails, axis=1) - fails == 0
    seen = alive & (np.arange(PERIODS) >= late_of[:, None])
    unit, month = np.nonzero(seen)
    return pd.DataFrame({"unit": unit, "start": month * 1.0, "stop": month + 1.0, "failed": fails[unit, month], "load": load[unit, month]})


def read(frame):
    return sj.Lifetimes(frame["stop"], frame["failed"], entry=frame["start"])


@pytest.fixture(scope="session", name="late_history")
def make_late_history():
    return history(2_048, seed=3, late=3)


@pytest.fixture(scope="session", name="mixed")
def fit_mixed(late_history):
    """A random coefficient of the load, learned from units of which a half came late."""
    model = sj.DiscreteTimeHazard(periods=1.0, random=("load",), baseline="log", n_draws=64)
    return model.fit(late_history[["load"]], read(late_history), unit=late_history["unit"])
