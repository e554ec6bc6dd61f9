"""How often intervals hold what they promise: the remaining life of a unit (90 %) and survival (95 %), by simulation.

    python benchmarks/coverage.py                 writes benchmarks/coverage.md; a few minutes
    python benchmarks/coverage.py --sets 50       fewer data sets, prints only

Fleets entered service evenly over time, so that the age reached so far is uniform, and about half the units have failed. From
each simulated fleet come intervals for the remaining life of a new unit (age 0) and of one at the true median life; what
they miss on either side is computed exactly from the true distribution, instead of one unit being drawn. Beside them stands the
naive interval, the 5 % and 95 % quantiles of the fitted remaining life, which takes the estimates for the truth.
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
from scipy.integrate import quad
from scipy.optimize import brentq

import survjax as sj

RUL_LEVEL, SURVIVAL_LEVEL = 0.90, 0.95
N_SINGLE, N_MIXTURE = 2_000, 400  # data sets a design
TOO_WIDE = 5.0  # times the width that the truth would give: an interval that covers and says nothing
SURVIVALS = (0.9, 0.5, 0.1)  # true survival at the ages where its Wald intervals are held against it


class Truth(NamedTuple):
    """A mixture of Weibulls, (weight, shape, scale) each."""

    components: tuple[tuple[float, float, float], ...]

    def survival(self, age):
        with np.errstate(over="ignore"):
            return sum(weight * np.exp(-((age / scale) ** shape)) for weight, shape, scale in self.components)

    def quantile(self, share: float) -> float:
        return float(brentq(lambda age: self.survival(age) - (1 - share), 0.0, 1e6, xtol=1e-12))

    def survival_after(self, age: float, length):
        return self.survival(age + length) / self.survival(age)

    def remaining(self, age: float, share: float) -> float:
        return self.quantile(1 - (1 - share) * self.survival(age)) - age

    def oldest(self) -> float:
        """The age of the oldest unit of a fleet in which half are expected to have failed, ages being uniform up to it."""
        return float(brentq(lambda oldest: quad(self.survival, 0, oldest)[0] / oldest - 0.5, 1e-3, 1e6))

    def fleet(self, random: np.random.Generator, n: int, oldest: float) -> sj.Lifetimes:
        weights, shapes, scales = np.array(self.components).T
        kind = random.choice(len(weights), n, p=weights)
        life = scales[kind] * random.weibull(shapes[kind])
        reached = random.uniform(0, oldest, n)
        return sj.Lifetimes(np.minimum(life, reached), life <= reached)


WEIBULL = Truth(((1.0, 2.0, 100.0),))
MIXTURE = Truth(((0.3, 1.5, 30.0), (0.7, 5.0, 150.0)))


class Misses:
    """What the intervals of many data sets missed on either side, and how wide they were."""

    def __init__(self) -> None:
        self.below: list[float] = []
        self.above: list[float] = []
        self.widths: list[float] = []

    def add(self, below: float, above: float, width: float) -> None:
        self.below.append(below)
        self.above.append(above)
        self.widths.append(width)

    def cells(self) -> str:
        below, above = np.array(self.below), np.array(self.above)
        return f"{_percent(1 - below - above)} | {_percent(below)} | {_percent(above)} | {np.median(self.widths):.2f}"

    def share_wider_than(self, width: float) -> float:
        return float(np.mean(np.array(self.widths) > width))


def _percent(shares: np.ndarray) -> str:
    """The mean in per cent with its Monte-Carlo standard error."""
    return f"{100 * shares.mean():.2f} ± {100 * shares.std(ddof=1) / np.sqrt(len(shares)):.2f}"


class Design(NamedTuple):
    name: str
    truth: Truth
    n: int
    n_sets: int
    learner: Callable[[], sj.Model]


class Result(NamedTuple):
    """Misses by (age, interval) and by true survival; how many data sets there were and why some have no fit."""

    remaining: dict[tuple[str, str], Misses]
    survival: dict[float, Misses]
    n_sets: int
    without_fit: dict[str, int]
    seconds: float


def simulate(design: Design) -> Result:
    truth, began = design.truth, time.perf_counter()
    oldest, median = truth.oldest(), truth.quantile(0.5)
    ages = {"0": 0.0, "median": median}
    tails = (0.5 * (1 - RUL_LEVEL), 0.5 * (1 + RUL_LEVEL))
    times = np.array([truth.quantile(1 - share) for share in SURVIVALS])
    widths = {name: truth.remaining(age, tails[1]) - truth.remaining(age, tails[0]) for name, age in ages.items()}
    remaining: dict[tuple[str, str], Misses] = {}
    survival = {share: Misses() for share in SURVIVALS} if len(truth.components) == 1 else {}
    without_fit: dict[str, int] = {}
    for index in range(design.n_sets):
        life = truth.fleet(np.random.default_rng([index, design.n, len(truth.components)]), design.n, oldest)
        try:
            model = design.learner().fit(life)
        except (sj.NoFiniteMaximum, sj.NotConverged) as error:
            without_fit[type(error).__name__] = without_fit.get(type(error).__name__, 0) + 1
            continue
        at = np.array(list(ages.values()))
        honest = model.predict_rul_interval(at, level=RUL_LEVEL).to_numpy()
        naive = np.stack([model.predict_rul(at, kind=tail) for tail in tails], axis=1)
        for kind, bounds in (("predict_rul_interval", honest), ("naive", naive)):
            for (name, age), (lower, upper) in zip(ages.items(), bounds, strict=True):
                below, above = 1 - truth.survival_after(age, lower), truth.survival_after(age, upper)
                remaining.setdefault((name, kind), Misses()).add(below, above, (upper - lower) / widths[name])
        if survival:
            limits = model.interval("survival", times, level=SURVIVAL_LEVEL)
            for share, lower, upper in zip(SURVIVALS, limits["lower"], limits["upper"], strict=True):
                survival[share].add(float(share < lower), float(share > upper), upper - lower)
    return Result(remaining, survival, design.n_sets, without_fit, time.perf_counter() - began)


def as_markdown(results: dict[Design, Result]) -> str:
    lines = [
        "# Coverage of intervals, per cent ± Monte-Carlo standard error",
        "",
        "Fleets of n units, about half of them still running; Weibull (shape 2, scale 100), and a mixture of 30 % Weibull (1.5, 30) and",
        "70 % Weibull (5, 150). Missed below: the unit fails before the interval begins; above: after it ends.",
        "",
        f"## The remaining life of a unit, nominal {100 * RUL_LEVEL:.0f} % (missed {50 * (1 - RUL_LEVEL):.0f} % on each side)",
        "",
        "Width: median over data sets, in units of the width of the interval that the truth would give; and how many of the intervals",
        f"are more than {TOO_WIDE:g} times as wide as that, per cent.",
        "",
        f"| truth | n | age | interval | covered | missed below | missed above | width | over {TOO_WIDE:g} |",
        "|---|---:|---|---|---:|---:|---:|---:|---:|",
    ]
    for design, result in results.items():
        for (age, kind), misses in sorted(result.remaining.items(), key=lambda item: item[0][0]):
            lines.append(
                f"| {design.name} | {design.n} | {age} | {kind} | {misses.cells()} | {100 * misses.share_wider_than(TOO_WIDE):.1f} |"
            )
    lines += [
        "",
        f"## Survival, Wald, nominal {100 * SURVIVAL_LEVEL:.0f} % (missed {50 * (1 - SURVIVAL_LEVEL):.1f} % on each side)",
        "",
        "Missed below: the truth lies below the interval; above: above it. Width: median over data sets.",
        "",
        "| truth | n | true survival | covered | missed below | missed above | width |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for design, result in results.items():
        lines += [f"| {design.name} | {design.n} | {share} | {misses.cells()} |" for share, misses in result.survival.items()]
    lines += ["", "## Data sets", "", "| truth | n | data sets | without a fit | seconds |", "|---|---:|---:|---|---:|"]
    for design, result in results.items():
        reasons = ", ".join(f"{count} {reason}" for reason, count in result.without_fit.items()) or "0"
        lines.append(f"| {design.name} | {design.n} | {result.n_sets:,} | {reasons} | {result.seconds:.0f} |")
    versions = f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}"
    return "\n".join([*lines, "", f"{os.cpu_count()} cores; {versions}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", type=int, help="at most so many data sets a design; then nothing is written")
    most = parser.parse_args().sets
    designs = [Design("Weibull", WEIBULL, n, N_SINGLE, sj.Weibull) for n in (20, 50, 200)]
    designs.append(Design("mixture", MIXTURE, 200, N_MIXTURE, lambda: sj.WeibullMixture(n_starts=10)))
    results = {}
    for design in designs:
        shortened = design if most is None else design._replace(n_sets=min(most, design.n_sets))
        results[shortened] = simulate(shortened)
        print(f"{design.name}, n = {design.n}: {results[shortened].seconds:.0f} s", file=sys.stderr, flush=True)
    table = as_markdown(results)
    if most is None:
        Path(__file__).with_suffix(".md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
