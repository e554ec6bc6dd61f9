"""How long a Cox regression takes beside lifelines', and what memory a million rows need.

    pip install lifelines
    python benchmarks/cox_speed.py                writes benchmarks/cox_speed.md; some minutes
    python benchmarks/cox_speed.py --rounds 1     prints only

Ten covariates, 57 % of the units failed, Efron's rule for ties, standard errors and baseline included. Libraries take turns in every round,
so that a busy machine slows them alike; given are the fastest fits, and their ratio. "days" are the same ages in whole days, 6,000 at
most, so that of 100,000 units some twenty fail on a day; "late": every unit entered at some age of its own. Processor time is that of all
threads together.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import lifelines
import numpy as np
import pandas as pd

import survjax as sj

P = 10
BESIDE = [(10_000, "hours"), (100_000, "hours"), (100_000, "days"), (10_000, "late")]
ALONE = [(100_000, "late"), (1_000_000, "hours"), (1_000_000, "days"), (1_000_000, "late")]


class Fleet(NamedTuple):
    X: pd.DataFrame
    life: sj.Lifetimes


class Timing(NamedTuple):
    wall: float
    processor: float


def fleet(n: int, kind: str) -> Fleet:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, P))
    age = 1000 * np.sqrt(rng.exponential(np.exp(-X @ np.linspace(-0.5, 0.5, P))))
    end = rng.exponential(1500, n)
    lived = np.minimum(age, end)
    lived = np.ceil(lived) if kind == "days" else lived
    entry = 0.9 * rng.random(n) * lived if kind == "late" else None
    return Fleet(pd.DataFrame(X, columns=[f"x{j}" for j in range(P)]), sj.Lifetimes(lived, age <= end, entry=entry))


def timed(fit: Callable[[Any], np.ndarray], data: Any) -> tuple[Timing, np.ndarray]:
    wall, processor = time.perf_counter(), time.process_time()
    found = fit(data)
    return Timing(time.perf_counter() - wall, time.process_time() - processor), found


def ours(data: Fleet) -> np.ndarray:
    return sj.CoxProportionalHazards().fit(data.X, data.life).coefficients_.to_numpy()


def theirs(frame: pd.DataFrame) -> np.ndarray:
    late = {"entry_col": "entry"} if "entry" in frame else {}
    return lifelines.CoxPHFitter().fit(frame, "time", "failed", **late).params_.to_numpy()


def fastest(timings: list[Timing]) -> Timing:
    return Timing(min(t.wall for t in timings), min(t.processor for t in timings))


def beside(n: int, kind: str, rounds: int) -> str:
    data = fleet(n, kind)
    frame = data.X.assign(time=data.life.durations, failed=data.life.event_observed)
    if data.life.entry is not None:
        frame["entry"] = data.life.entry
    ours(data)
    taken: tuple[list[Timing], list[Timing]] = ([], [])
    for _ in range(rounds):
        results = [timed(ours, data), timed(theirs, frame)]
        for one, (timing, _) in zip(taken, results, strict=True):
            one.append(timing)
    mine, other = fastest(taken[0]), fastest(taken[1])
    apart = np.abs(results[0][1] - results[1][1]).max()
    wall = f"{mine.wall:.3f} | {other.wall:.2f} | {other.wall / mine.wall:.1f}"
    processor = f"{mine.processor:.3f} | {other.processor:.2f} | {other.processor / mine.processor:.1f}"
    return f"| {n:,} | {kind} | {wall} | {processor} | {apart:.0e} |"


def alone(n: int, kind: str, rounds: int) -> str:
    data = fleet(n, kind)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = fastest([timed(ours, data)[0] for _ in range(rounds)])
    grown = max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return f"| {n:,} | {kind} | {best.wall:.2f} | {best.processor:.2f} | {8 * P * n / 2**20:.0f} | {grown:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    lines = ["# Cox regression with ten covariates, seconds", ""]
    lines += ["| n | ages | survjax | lifelines | ratio | survjax, processor | lifelines, processor | ratio | largest difference |"]
    lines += ["|---:|---|---:|---:|---:|---:|---:|---:|---:|"]
    lines += [beside(n, kind, rounds or 3) for n, kind in BESIDE]
    lines += ["", "The difference is of coefficients; lifelines stops at a step of 1e-7.", "", "## survjax alone", ""]
    lines += [
        "| n | ages | seconds | processor | X, MB | most memory beyond the data and earlier fits, MB |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    lines += [alone(n, kind, rounds or 2) for n, kind in ALONE]
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "lifelines"))
    lines += [
        "",
        f"{os.cpu_count()} cores, other work on them; Python {platform.python_version()}, survjax {sj.__version__}, {versions}.",
        "",
    ]
    table = "\n".join(lines)
    print(table)
    if rounds is None:
        Path(__file__).with_suffix(".md").write_text(table)


if __name__ == "__main__":
    main()
