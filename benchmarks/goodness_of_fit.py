"""p-values of the goodness of fit: uniform where the model is right, small where it is wrong; and how long they take.

    python benchmarks/goodness_of_fit.py              (half an hour and more, nearly all of it for the studies with inspections)
    python benchmarks/goodness_of_fit.py --watched    without these

writes goodness_of_fit.md beside itself.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from scipy.stats import kstest

import survjax as sj

N, N_BOOTSTRAP = 120, 199
SHAPE, SCALE = 2.0, 100.0
WATCHED, INSPECTED = 100, 16  # data sets a design; of inspected units each repetition is a Turnbull estimate of its own
GRID = np.array([0.0, 20.0, 40.0, 55.0, 70.0, 90.0, 110.0, 140.0])
Lives = Callable[[np.random.Generator, int], np.ndarray]


def weibull(rng: np.random.Generator, n: int) -> np.ndarray:
    return SCALE * rng.weibull(SHAPE, n)


def wear_and_early(rng: np.random.Generator, n: int) -> np.ndarray:
    """A third fails early: far from any one Weibull."""
    return np.where(rng.random(n) < 1 / 3, 15.0 * rng.weibull(1.0, n), 120.0 * rng.weibull(4.0, n))


def lognormal(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.exp(4.4 + 0.6 * rng.standard_normal(n))


def complete(lives: Lives, rng: np.random.Generator) -> sj.Lifetimes:
    return sj.Lifetimes(lives(rng, N))


def random_censoring(lives: Lives, rng: np.random.Generator) -> sj.Lifetimes:
    """Withdrawals at ages uniform up to 290: 30 % of Weibull lives."""
    life, end = lives(rng, N), rng.uniform(0.0, 290.0, N)
    return sj.Lifetimes(np.minimum(life, end), life <= end)


def known_ends(lives: Lives, rng: np.random.Generator) -> sj.Lifetimes:
    """Staggered starts of service, one end of the study: type I, the end known of each unit."""
    life, end = lives(rng, N), rng.uniform(70.0, 150.0, N)
    failed = life <= end
    return sj.Lifetimes.from_intervals(np.minimum(life, end), np.where(failed, life, np.inf), observed_until=end)


def delayed_entry(lives: Lives, rng: np.random.Generator) -> sj.Lifetimes:
    """Units that lived to an age uniform up to 60, a third seen from new; withdrawn at ages uniform up to 290."""
    entry = np.where(rng.random(20 * N) < 1 / 3, 0.0, rng.uniform(0.0, 60.0, 20 * N))
    life, end = lives(rng, 20 * N), rng.uniform(0.0, 290.0, 20 * N)
    seen = np.flatnonzero(np.minimum(life, end) > entry)[:N]
    return sj.Lifetimes(np.minimum(life, end)[seen], (life <= end)[seen], entry=entry[seen])


def window(lives: Lives, rng: np.random.Generator) -> sj.Lifetimes:
    """Units installed over 200, of which those still alive are seen through a window of 80 at the end, as ``from_dates`` gives them."""
    age_at_end = rng.uniform(0.0, 200.0, 20 * N)
    entry, life = np.maximum(age_at_end - 80.0, 0.0), lives(rng, 20 * N)
    seen = np.flatnonzero(life > entry)[:N]
    life, end, entry = life[seen], age_at_end[seen], entry[seen]
    upper = np.where(life <= end, life, np.inf)
    return sj.Lifetimes.from_intervals(np.minimum(life, end), upper, entry=entry, observed_until=end)


def common_inspections(lives: Lives, rng: np.random.Generator) -> sj.Lifetimes:
    """All inspected at the same seven ages."""
    place = np.searchsorted(GRID, lives(rng, N))
    return sj.Lifetimes.from_intervals(GRID[place - 1], np.append(GRID, np.inf)[place])


def own_inspections(lives: Lives, rng: np.random.Generator) -> sj.Lifetimes:
    """Every 25, from a first age of each unit's own, until its observation ends."""
    life, phase, gap = lives(rng, N), rng.uniform(0.0, 25.0, N), 25.0
    last = phase + gap * np.floor((rng.uniform(60.0, 200.0, N) - phase) / gap)
    visit = np.ceil((life - phase) / gap)
    upper = phase + gap * visit
    running = upper > last
    return sj.Lifetimes.from_intervals(np.where(running, last, np.maximum(upper - gap, 0.0)), np.where(running, np.inf, upper))


class Design(NamedTuple):
    name: str
    study: Callable[[Lives, np.random.Generator], sj.Lifetimes]
    n_sets: int


DESIGNS = (
    Design("complete", complete, WATCHED),
    Design("30 % withdrawn at random", random_censoring, WATCHED),
    Design("type I, observed_until known", known_ends, WATCHED),
    Design("delayed entry, withdrawn at random", delayed_entry, WATCHED),
    Design("delayed entry, observed_until known", window, WATCHED),
    Design("common inspections", common_inspections, INSPECTED),
    Design("inspections of their own", own_inspections, INSPECTED),
)
WRONG = {"lognormal": lognormal, "a third fails early": wear_and_early}


class Result(NamedTuple):
    p_values: np.ndarray
    n_failed: int
    without_fit: int
    seconds: float


def simulate(design: Design, lives: Lives, n_sets: int) -> Result:
    began, p_values, n_failed, without = time.perf_counter(), [], 0, 0
    for index in range(n_sets):
        life = design.study(lives, np.random.default_rng([index, 1, len(design.name), len(lives.__name__)]))
        try:
            fit = sj.Weibull().fit(life).goodness_of_fit(n_bootstrap=N_BOOTSTRAP, seed=index)
        except (sj.NoFiniteMaximum, sj.NotConverged):
            without += 1
            continue
        p_values.append(fit.p_values)
        n_failed += fit.n_failed_refits
    return Result(np.array(p_values), n_failed, without, time.perf_counter() - began)


def shares(p_values: np.ndarray, level: float) -> str:
    """The share of sets rejected at a level by each statistic, per cent."""
    return " | ".join(f"{100 * share:.1f}" for share in (p_values <= level).mean(axis=0))


def _error(level: float, n_sets: int) -> str:
    return f"{100 * np.sqrt(level * (1 - level) / n_sets):.1f}"


def as_markdown(right: dict[Design, Result], wrong: dict[tuple[str, Design], Result], speed: list[str]) -> str:
    lines = [
        "# p-values of the goodness of fit",
        "",
        f"A Weibull is fitted to {N} units; {N_BOOTSTRAP} repetitions a test. A²: Anderson–Darling, D: Kolmogorov–Smirnov, W²: Cramér–von",
        "Mises.",
        "",
        "## Where the model is right (Weibull, shape 2, scale 100)",
        "",
        "Share of data sets rejected, per cent; and the p-value of a Kolmogorov–Smirnov test that their p-values are uniform. Monte-Carlo",
        f"standard errors of the shares at 10 % are {_error(0.1, WATCHED)} for {WATCHED} sets and {_error(0.1, INSPECTED)} for "
        f"{INSPECTED}, at 5 % {_error(0.05, WATCHED)} and {_error(0.05, INSPECTED)}.",
        "",
        "| study | sets | 10 %: A² | D | W² | 5 %: A² | D | W² | uniform: A² | D | W² | refits failed | no fit | seconds |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for design, result in right.items():
        uniform = " | ".join(f"{kstest(column, 'uniform').pvalue:.2f}" for column in result.p_values.T)
        lines.append(
            f"| {design.name} | {len(result.p_values)} | {shares(result.p_values, 0.1)} | {shares(result.p_values, 0.05)} | {uniform} | "
            f"{result.n_failed} | {result.without_fit} | {result.seconds:.0f} |"
        )
    left_out = [design.name for design in DESIGNS if design not in right]
    if left_out:
        lines += ["", f"Left out of this run, since each takes a Turnbull estimate a repetition: {', '.join(left_out)}."]
    lines += [
        "",
        "## Where it is wrong",
        "",
        "Share of data sets rejected at 5 %, per cent.",
        "",
        "| lives | study | sets | A² | D | W² |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for (name, design), result in wrong.items():
        lines.append(f"| {name} | {design.name} | {len(result.p_values)} | {shares(result.p_values, 0.05)} |")
    versions = f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}"
    return "\n".join([*lines, "", "## Speed", "", *speed, "", f"{os.cpu_count()} cores, shared; {versions}.", ""])


def speed() -> list[str]:
    """A Weibull, n = 1,000, 30 % withdrawn at random, 999 repetitions: first call of the process and later ones."""
    rng = np.random.default_rng(0)
    life, end = weibull(rng, 1000), rng.uniform(0.0, 290.0, 1000)
    model = sj.Weibull().fit(np.minimum(life, end), life <= end)
    wall, cpu = [], []
    for seed in range(4):
        began, busy = time.perf_counter(), time.process_time()
        model.goodness_of_fit(seed=seed)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - busy)
    return [
        f"Weibull, 1,000 units, 30 % withdrawn, 999 repetitions: first call {wall[0]:.1f} s ({cpu[0]:.1f} s of processor time), later ones "
        f"{min(wall[1:]):.2f} s ({min(cpu[1:]):.2f} s)."
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", type=int, help="at most so many data sets a design; then nothing is written")
    parser.add_argument("--watched", action="store_true", help="without the studies in which units are inspected")
    given = parser.parse_args()
    most, designs = given.sets, [design for design in DESIGNS if not (given.watched and design.n_sets == INSPECTED)]
    timing = speed()
    print(*timing, file=sys.stderr, flush=True)
    right, wrong = {}, {}
    for design in designs:
        n_sets = design.n_sets if most is None else min(most, design.n_sets)
        right[design] = simulate(design, weibull, n_sets)
        print(f"{design.name}: {right[design].seconds:.0f} s, {shares(right[design].p_values, 0.1)}", file=sys.stderr, flush=True)
        for name, lives in WRONG.items():
            wrong[name, design] = simulate(design, lives, n_sets // 4)
    table = as_markdown(right, wrong, timing)
    if most is None:
        Path(__file__).with_suffix(".md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
