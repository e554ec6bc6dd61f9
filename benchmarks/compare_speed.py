"""How long ``sj.compare("all", ...)`` of 1,000 units takes, in a fresh process and once compiled.

    python benchmarks/compare_speed.py               writes benchmarks/compare_speed.md; two minutes
    python benchmarks/compare_speed.py --runs 1      one process, prints only

Cold is the first call in a process without a compilation cache, the import of survjax included, that of JAX not; warm the fastest of
five more calls in it. Processor time beside it says how much of that was work: on a machine that others use it is the steadier figure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

RUNS = 3
N_UNITS = 1_000
WANTED = {"cold": 20.0, "warm": 2.0}


def measure() -> dict[str, float | str]:
    import jax
    import numpy as np

    random = np.random.default_rng(0)
    life, censored = 100 * random.weibull(1.5, N_UNITS), 100 * random.weibull(1.5, N_UNITS)
    seconds: dict[str, float | str] = {}
    began, worked = time.perf_counter(), time.process_time()
    import survjax as sj

    lifetimes = sj.Lifetimes(np.minimum(life, censored), life <= censored)
    comparison = sj.compare("all", lifetimes, progress=False)
    seconds["cold"], seconds["cold, processor"] = time.perf_counter() - began, time.process_time() - worked
    again = []
    for _ in range(5):
        began, worked = time.perf_counter(), time.process_time()
        sj.compare("all", lifetimes, progress=False)
        again.append((time.perf_counter() - began, time.process_time() - worked))
    seconds["warm"], seconds["warm, processor"] = min(again)
    seconds["candidates"] = f"{len(comparison.models)} fitted, {len(comparison.left_out)} left out ({', '.join(comparison.left_out)})"
    seconds["versions"] = f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}"
    return seconds


def in_fresh_process() -> dict[str, float | str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    command = [sys.executable, __file__, "--measure"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(answer.stdout.splitlines()[-1])


def as_markdown(results: list[dict[str, float | str]]) -> str:
    lines = [f'# `compare("all")` of {N_UNITS:,} units, half of them censored', ""]
    lines += [f"{results[0]['candidates']}. Seconds; medians of {len(results)} fresh processes.", ""]
    lines += ["| | seconds | fastest–slowest | processor time | wanted |", "|---|---:|---:|---:|---:|"]
    for what, wanted in WANTED.items():
        taken, worked = ([result[name] for result in results] for name in (what, f"{what}, processor"))
        lines.append(f"| {what} | {median(taken):.2f} | {min(taken):.2f}–{max(taken):.2f} | {median(worked):.2f} | {wanted:g} |")
    return "\n".join([*lines, "", f"{os.cpu_count()} cores, 24 GB, shared with other work; {results[0]['versions']}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, help="fresh processes; then nothing is written")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure()))
        return
    table = as_markdown([in_fresh_process() for _ in range(options.runs or RUNS)])
    if options.runs is None:
        Path(__file__).with_suffix(".md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
