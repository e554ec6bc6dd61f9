"""How long estimates without a distribution take.

    python benchmarks/nonparametric_speed.py      writes benchmarks/nonparametric_speed.md and prints it; about a minute

The fastest and the slowest of three fits. Data are made before the clock starts; a fit includes its table of steps, not its limits.
"""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import numpy as np

import survjax as sj


def inspected(n: int, visits: int, exact: float = 0.0) -> sj.Lifetimes:
    """Weibull lives known to lie between two of a unit's own inspection ages, a share of them exactly."""
    rng = np.random.default_rng(0)
    age = 100.0 * rng.weibull(2.0, n)
    ends = np.column_stack([np.zeros(n), np.sort(rng.uniform(0.0, 200.0, (n, visits)), axis=1), np.full(n, np.inf)])
    last = np.sum(ends < age[:, None], axis=1) - 1
    lower, upper = ends[np.arange(n), last], ends[np.arange(n), last + 1]
    known = rng.random(n) < exact
    return sj.Lifetimes.from_intervals(np.where(known, age, lower), np.where(known, age, upper))


def running(n: int) -> sj.Lifetimes:
    rng = np.random.default_rng(0)
    age, end = 100.0 * rng.weibull(2.0, n), rng.uniform(0.0, 200.0, n)
    return sj.Lifetimes(np.minimum(age, end), age <= end)


CASES = {
    "Turnbull, 10,000 intervals, one inspection a unit": (sj.Turnbull, lambda: inspected(10_000, 1), 1.0),
    "Turnbull, 10,000 intervals, four inspections a unit": (sj.Turnbull, lambda: inspected(10_000, 4), 1.0),
    "Turnbull, 10,000 rows, a tenth of the ages known": (sj.Turnbull, lambda: inspected(10_000, 4, 0.1), 1.0),
    "Turnbull, 10,000 rows, all ages known": (sj.Turnbull, lambda: inspected(10_000, 4, 1.0), 1.0),
    "Kaplan–Meier, 10,000,000 units, all ages distinct": (sj.KaplanMeier, lambda: running(10_000_000), 3.0),
}


def main() -> None:
    lines = ["# Speed without a distribution", "", "| what | seconds, fastest of three | slowest | wanted |", "|---|---:|---:|---:|"]
    for what, (estimate, make, wanted) in CASES.items():
        life, taken = make(), []
        for _ in range(3):
            began = time.perf_counter()
            estimate().fit(life)
            taken.append(time.perf_counter() - began)
        lines.append(f"| {what} | {min(taken):.2f} | {max(taken):.2f} | {'' if wanted is None else wanted} |")
    machine = f"{os.cpu_count()} CPU cores, shared with other work; Python {platform.python_version()}, NumPy {np.__version__}."
    text = "\n".join([*lines, "", machine]) + "\n"
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
