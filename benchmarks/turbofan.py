"""Remaining lives of turbofan engines, held out by engine: how far off, and how often the limits hold.

    python benchmarks/turbofan.py train_FD001.txt     writes benchmarks/turbofan.md and prints it; some minutes

Five folds by engine. Each held-out engine is cut at 10 ages drawn uniformly from cycle 30 to its last but one; what is predicted is the
restricted mean E min(RUL, 125), against min(RUL, 125). The 90 % prediction limits are for the RUL itself. Standard errors are over
engines, whose ten cuts depend on each other. Three draws of folds and ages.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import survjax as sj
from survjax.turbofan_forecast import CAP, FEATURES, FIRST_AGE, PENALTY, SETTINGS

CUTS, FOLDS, DRAWS = 10, 5, 3
WINDOWS = ("mean 5", "mean 30", "slope 30")
# name: features, and how the learner is made
MODELS: dict[str, tuple[tuple[str, ...], Callable[[], object]]] = {
    "AFT lognormal, smoothed sensors (`survjax turbofan`)": (FEATURES, lambda: sj.AcceleratedFailureTime(sj.LogNormal(), penalty=PENALTY)),
    "AFT log-logistic, smoothed sensors": (FEATURES, lambda: sj.AcceleratedFailureTime(sj.LogLogistic(), penalty=PENALTY)),
    "scale and shape of a Weibull, smoothed sensors": (
        FEATURES,
        lambda: sj.ParameterRegression(sj.Weibull(), {"scale": "~ .", "shape": "~ ."}, penalty=PENALTY),
    ),
    "AFT lognormal, linear in windowed sensors": (WINDOWS, lambda: sj.AcceleratedFailureTime(sj.LogNormal(), penalty=PENALTY)),
    "PH Weibull, linear in windowed sensors": (WINDOWS, lambda: sj.ProportionalHazards(sj.Weibull(), penalty=PENALTY)),
}


def readings(path: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    log = sj.datasets.load_turbofan(path).drop(columns=SETTINGS)
    moving = log.columns[log.std() > 1e-9 * log.abs().max()]
    lives = log.groupby("unit")["time"].max().reset_index(name="duration").assign(event_observed=True)
    return log[moving], lives


def cuts(lives: pd.DataFrame, draw: int) -> pd.DataFrame:
    ages = [np.random.default_rng([draw, engine.unit]).integers(30, engine.duration, CUTS) for engine in lives.itertuples()]
    return pd.DataFrame({"unit": np.repeat(lives["unit"], CUTS), "time": np.concatenate(ages), "end": np.repeat(lives["duration"], CUTS)})


def judged(rows: sj.Landmarks, lives: pd.DataFrame, make: Callable[[], object], draw: int) -> pd.DataFrame:
    """Of every cut of every engine, held out once: squared error of the restricted mean, and where the RUL lay beside its limits."""
    engines = lives["unit"].to_numpy()
    fold = pd.Series(np.random.default_rng(draw).permutation(len(engines)) % FOLDS, index=engines)
    place = pd.Series(np.arange(len(rows)), index=pd.MultiIndex.from_arrays([rows.unit, rows.age]))
    found = []
    for k in range(FOLDS):
        learned = rows[(fold[rows.unit].to_numpy() != k) & (rows.age >= FIRST_AGE)]
        model = make().fit(learned)
        asked = cuts(lives, draw)
        asked = asked[fold[asked["unit"]].to_numpy() == k]
        now = rows[place[pd.MultiIndex.from_frame(asked[["unit", "time"]])].to_numpy()]
        rul = (asked["end"] - asked["time"]).to_numpy(dtype=float)
        error = model.predict_rul(now.X, now.entry, horizon=CAP) - np.minimum(rul, CAP)
        own = model.predict_rul_interval(now.X, now.entry, level=0.90)
        below, above = rul < own["lower"].to_numpy(), rul > own["upper"].to_numpy()
        found.append(pd.DataFrame({"unit": asked["unit"].to_numpy(), "squared": error**2, "below": below, "above": above}))
    return pd.concat(found)


def main(path: str) -> None:
    log, lives = readings(path)
    lines = [
        "# Remaining lives of turbofan engines",
        "",
        f"`{Path(path).name}`: {len(lives)} engines, {len(log):,} cycles. 2 cores, CPU.",
        "",
    ]
    lines += [
        "| model | RMSE of E min(RUL, 125) | 90 % limits cover | RUL below | above | seconds a fold |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, (features, make) in MODELS.items():
        rows = sj.Landmarks(log, lives, features=features, clock="remaining")
        began = time.perf_counter()
        found = pd.concat(judged(rows, lives, make, draw).assign(draw=draw) for draw in range(DRAWS))
        seconds = (time.perf_counter() - began) / FOLDS / DRAWS
        by_engine = found.groupby("unit")[["squared", "below", "above"]].mean()
        mean, error = by_engine.mean(), by_engine.std() / np.sqrt(len(by_engine))
        outside = by_engine["below"] + by_engine["above"]
        rmse = np.sqrt(mean["squared"])
        lines.append(
            f"| {name} | {rmse:.2f} ± {error['squared'] / 2 / rmse:.2f} | {1 - outside.mean():.1%} ± "
            f"{outside.std() / np.sqrt(len(by_engine)):.1%} | {mean['below']:.1%} | {mean['above']:.1%} | {seconds:.1f} |"
        )
        print(lines[-1], flush=True)
    lines += [
        "",
        "± one standard error over engines. Direct regressions tried by hand: linear in raw readings 20.6, in windows 16.3, boosting 13.3.",
    ]
    text = "\n".join(lines) + "\n"
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1])
