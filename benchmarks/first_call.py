"""What the first call costs in a fresh process: imports, the first fit, and how many programs it compiles.

    python benchmarks/first_call.py               writes benchmarks/first_call.md; a minute
    python benchmarks/first_call.py --runs 1      one process each, prints only

Every figure is the median over fresh processes. A first fit is timed from the end of ``import jax`` to the end of the fit, the
import of survjax included; the 1,000 units are made off the clock. With the compilation cache
(``sj.enable_compilation_cache``) the programs of an earlier process are read from a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

RUNS = 5
N_UNITS = 1_000
LEARNERS = ("Weibull", "WeibullMixture")
COMPILED, FROM_CACHE = "/jax/core/compile/backend_compile_duration", "/jax/compilation_cache/cache_hits"


def measure(learner: str | None, cache: str | None) -> dict[str, float | str]:
    """In a fresh process: seconds of each stage, and programs compiled."""
    began = time.perf_counter()
    import jax

    seconds = {"import jax": time.perf_counter() - began}
    import numpy as np

    counts = {COMPILED: 0, FROM_CACHE: 0}

    def count(event: str, *_: object, **__: object) -> None:
        if event in counts:
            counts[event] += 1

    jax.monitoring.register_event_duration_secs_listener(count)
    jax.monitoring.register_event_listener(count)
    random = np.random.default_rng(0)
    life = np.where(random.uniform(size=N_UNITS) < 0.3, 30 * random.weibull(1.5, N_UNITS), 150 * random.weibull(5.0, N_UNITS))
    censored = random.uniform(80, 220, N_UNITS)
    durations, event_observed = np.minimum(life, censored), life <= censored

    began = time.perf_counter()
    import survjax as sj

    seconds["import survjax"] = time.perf_counter() - began
    if learner is not None:
        if cache is not None:
            sj.enable_compilation_cache(cache)
        model = getattr(sj, learner)()
        seconds["learner"] = time.perf_counter() - began
        model.fit(durations, event_observed)
        seconds["fit"] = time.perf_counter() - began
    # a program found in the cache is reported as compiled too
    compiled = counts[COMPILED] - counts[FROM_CACHE]
    versions = f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}"
    return {**seconds, "compiled": compiled, "from cache": counts[FROM_CACHE], "versions": versions}


def in_fresh_processes(runs: int, learner: str | None = None, cache: str | None = None) -> dict[str, float | str]:
    """The median of every figure."""
    options = [*(["--learner", learner] if learner else []), *(["--cache", cache] if cache else [])]
    results = []
    for _ in range(runs):
        answer = subprocess.run([sys.executable, __file__, "--measure", *options], check=True, capture_output=True, text=True)
        results.append(json.loads(answer.stdout.splitlines()[-1]))
    return {name: value if isinstance(value, str) else median(r[name] for r in results) for name, value in results[0].items()}


def measure_all(runs: int) -> tuple[dict[str, dict[str, float | str]], dict[str, float | str]]:
    in_fresh_processes(1, LEARNERS[0])  # byte code is written, and files are in memory
    imports = in_fresh_processes(runs)
    fits = {learner: in_fresh_processes(runs, learner) for learner in LEARNERS}
    with tempfile.TemporaryDirectory() as cache:
        for learner in LEARNERS:
            in_fresh_processes(1, learner, cache)
            fits[f"{learner}, cache"] = in_fresh_processes(runs, learner, cache)
    return fits, imports


def as_markdown(fits: dict[str, dict[str, float | str]], imports: dict[str, float | str], runs: int) -> str:
    lines = [
        "# The first call in a fresh process",
        "",
        f"Medians of {runs} processes, seconds. Everything below the first row comes on top of `import jax`, and includes the rows above.",
        "",
        "| | seconds | programs compiled | programs from the cache |",
        "|---|---:|---:|---:|",
        f"| `import jax` | {imports['import jax']:.2f} | | |",
        f"| `import survjax` | {imports['import survjax']:.3f} | | |",
        f"| and `sj.Weibull()` | {fits['Weibull']['learner']:.2f} | | |",
    ]
    for name, figures in fits.items():
        learner, _, cached = name.partition(", ")
        told = f"and the first `{learner}().fit`, {N_UNITS:,} units" + (", compilation cache warm" if cached else "")
        lines.append(f"| {told} | {figures['fit']:.2f} | {figures['compiled']:g} | {figures['from cache']:g} |")
    return "\n".join([*lines, "", f"{os.cpu_count()} cores; {imports['versions']}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, help="fresh processes a figure; then nothing is written")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--learner", help=argparse.SUPPRESS)
    parser.add_argument("--cache", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.learner, options.cache)))
        return
    runs = options.runs or RUNS
    table = as_markdown(*measure_all(runs), runs)
    if options.runs is None:
        Path(__file__).with_suffix(".md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
