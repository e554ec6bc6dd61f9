"""How often the Weibayes bound holds, with the shape as it is and with one that is assumed wrongly: ``weibayes.md``.

    python benchmarks/weibayes.py

writes weibayes.md beside itself (seconds).
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy as np

import survjax as sj

N, N_SETS, LEVEL, SHAPE, SCALE = 20, 4000, 0.9, 2.0, 1000.0
ENDS = (100.0, 230.0, 600.0, 1000.0, 1500.0)  # ages at which observation ends: from all but no failures to nearly all
ASSUMED = (1.5, 2.0, 3.0)


def study(random: np.random.Generator, end: float, late: bool) -> sj.Lifetimes:
    """N units followed until one age; where ``late``, from ages up to half of it on, those left out that did not live to theirs."""
    entry = random.uniform(0.0, 0.5 * end, 20 * N) if late else np.zeros(20 * N)
    life = SCALE * random.weibull(SHAPE, 20 * N)
    seen = np.flatnonzero(life > entry)[:N]
    return sj.Lifetimes(np.minimum(life, end)[seen], life[seen] <= end, entry=entry[seen])


def row(end: float, late: bool) -> str:
    held, failed = np.zeros((N_SETS, len(ASSUMED))), 0.0
    for index in range(N_SETS):
        life = study(np.random.default_rng([index, int(end), late]), end, late)
        failed += life.n_failed / N_SETS
        held[index] = sj.weibayes_lower_bound(life, shape=ASSUMED, level=LEVEL).scale < SCALE
    cells = [f"{100 * share:.1f} ± {100 * np.sqrt(share * (1 - share) / N_SETS):.1f}" for share in held.mean(axis=0)]
    return f"| {end:g} | {'up to half of that' if late else '0'} | {failed:.1f} | {' | '.join(cells)} |"


def main() -> None:
    lines = [
        f"# Coverage of the Weibayes lower bound of the scale, nominal {100 * LEVEL:.0f} %",
        "",
        f"{N} units of a Weibull of shape {SHAPE:g} and scale {SCALE:g}, followed until one age; {N_SETS:,} studies a row; per cent of",
        "bounds below the true scale ± Monte-Carlo standard error, by the shape assumed. In a study that ends before the scale a",
        "shape assumed too small gives bounds that do not hold, in one that ends long after it a shape assumed too large. Where a",
        "failure or none is to be expected no outcome brings the bound up to the scale.",
        "",
        "| observed until | entry | failures on average | " + " | ".join(f"shape {shape:g} assumed" for shape in ASSUMED) + " |",
        "|---:|---|---:|" + "---:|" * len(ASSUMED),
        *(row(end, late) for late in (False, True) for end in ENDS),
        "",
        f"{os.cpu_count()} cores; Python {platform.python_version()}, numpy {np.__version__}, survjax {sj.__version__}.",
        "",
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
