"""How long a lasso path takes.

    python benchmarks/lasso_path_speed.py      writes benchmarks/lasso_path_speed.md and prints it; some minutes

50 strengths from the one that keeps no column down to a thousandth of it, 50 columns of which ten matter, half of the units censored.
Runs of survjax and scikit-survival (the lasso path of a Cox model, in C++, where it is installed) take turns. Data are made before the
clock starts. scikit-survival has 10,000 units only, since its time grows faster than with the number of units.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import survjax as sj

COLUMNS, STRENGTHS, ROUNDS = 50, 50, 3


def units(n: int) -> tuple[np.ndarray, sj.Lifetimes]:
    random = np.random.default_rng(0)
    columns = random.normal(size=(n, COLUMNS))
    effects = np.append(np.linspace(0.5, 0.05, 10), np.zeros(COLUMNS - 10))
    lives, until = 100.0 * (random.exponential(size=n) * np.exp(-columns @ effects)) ** (1 / 1.5), random.uniform(20.0, 150.0, n)
    return columns, sj.Lifetimes(np.minimum(lives, until), lives <= until)


def ours(columns: np.ndarray, life: sj.Lifetimes) -> int:
    path = sj.HazardScaling(sj.Weibull(), l1_ratio=1.0, penalty=0.1).path(columns, life, n_strengths=STRENGTHS)
    assert (path.table["duality gap"] < 1e-6).all()
    return int(path.table["columns kept"].iloc[-1])


def peer() -> Callable[[np.ndarray, sj.Lifetimes], int] | None:
    try:
        from sksurv.linear_model import CoxnetSurvivalAnalysis
        from sksurv.util import Surv
    except ImportError:
        return None

    def fit(columns: np.ndarray, life: sj.Lifetimes) -> int:
        y = Surv.from_arrays(life.event_observed, life.durations)
        model = CoxnetSurvivalAnalysis(l1_ratio=1.0, n_alphas=STRENGTHS, alpha_min_ratio=1e-3)
        return int(np.count_nonzero(model.fit(columns, y).coef_[:, -1]))

    return fit


def main() -> None:
    lines = [
        "# Speed of a lasso path",
        "",
        f"{STRENGTHS} strengths, {COLUMNS} columns; the fastest of {ROUNDS} runs, which took turns.",
        "",
    ]
    lines += ["| units | model | seconds | processor seconds | columns kept at the end | wanted |", "|---:|---|---:|---:|---:|---:|"]
    for n, wanted in ((10_000, ""), (100_000, "5")):
        columns, life = units(n)
        runs = {"survjax, HazardScaling(Weibull), the base's fit included": ours}
        other = peer()
        if n <= 10_000 and other is not None:
            runs["scikit-survival, CoxnetSurvivalAnalysis"] = other
        ours(columns, life)  # compiles
        taken: dict[str, list[tuple[float, float, int]]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                began, worked = time.perf_counter(), time.process_time()
                kept = run(columns, life)
                taken[name].append((time.perf_counter() - began, time.process_time() - worked, kept))
        for name, results in taken.items():
            lines.append(
                f"| {n:,} | {name} | {min(r[0] for r in results):.2f} | {min(r[1] for r in results):.2f} | {results[-1][2]} | {wanted} |"
            )
    machine = f"{os.cpu_count()} CPU cores, shared with other work; Python {platform.python_version()}, NumPy {np.__version__}."
    text = "\n".join([*lines, "", machine]) + "\n"
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
