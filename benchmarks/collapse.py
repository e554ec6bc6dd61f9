"""What ``Lifetimes.collapse()`` gains on ages in whole days: times of fits before and after, and how far they differ.

Run: python benchmarks/collapse.py > benchmarks/collapse.md
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import survjax as sj

N = 1_000_000


def milliseconds(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Processor time of the fastest call after the first, which compiles, and what it returned."""
    call()
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        result = call()
        times.append(time.process_time() - begin)
    return 1e3 * min(times), result


def fleets() -> dict[str, sj.Lifetimes]:
    drives = sj.datasets.load_hard_drives()
    random = np.random.default_rng(4)
    failed, watched = 1200 * random.weibull(1.4, N), random.uniform(0, 1500, N)
    days, event = np.ceil(np.minimum(failed, watched)), failed <= watched
    entry = np.floor(0.5 * days * random.uniform(size=N))
    return {
        "hard drives": sj.Lifetimes(drives["duration"], drives["event"]),
        "hard drives, whole days": sj.Lifetimes(np.ceil(drives["duration"]), drives["event"]),
        "10⁶ lives in whole days": sj.Lifetimes(days, event),
        "10⁶ lives in whole days, each entering on a day of its own": sj.Lifetimes(days, event, entry=entry),
    }


def main() -> None:
    print("# Equal rows put together\n")
    print(f"survjax {sj.__version__}, jax {jax.__version__}, {os.cpu_count()} cores; processor time of all of them, after a first call.\n")
    print("| lifetimes | rows | distinct | collapse, ms | Weibull, ms | two Weibulls, 10 starts, ms | log-likelihoods differ, relative |")
    print("|---|---|---|---|---|---|---|")
    for name, life in fleets().items():
        fewer = life.collapse()
        cells = [name, f"{len(life):,}", f"{len(fewer):,}", f"{milliseconds(life.collapse, 3)[0]:.0f}"]
        differ = 0.0
        for model, repeats in ((sj.Weibull(), 3), (sj.WeibullMixture(n_starts=10), 1)):
            fits = [milliseconds(lambda rows=rows, model=model: model.fit(rows).log_likelihood_, repeats) for rows in (life, fewer)]
            (before, full), (after, same) = fits
            cells.append(f"{before:,.0f} → {after:,.0f}")
            differ = max(differ, abs(same / full - 1))
        print(f"| {' | '.join(cells)} | {differ:.0e} |", flush=True)


if __name__ == "__main__":
    main()
