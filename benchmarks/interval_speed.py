"""How long a Weibull fit of interval-censored and truncated lifetimes takes once compiled, beside lifelines and surpyval.

    pip install lifelines surpyval
    python benchmarks/interval_speed.py                    writes benchmarks/interval_speed.md; some minutes on two quiet cores
    python benchmarks/interval_speed.py --largest 1000     sizes up to 1,000, prints only

As in ``speed.py``: warm, interleaved, data made before the clock starts, medians and their ratios; every fit includes the library's
own checks of the data and the covariance of its estimates.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from speed import Library, interleaved, lifelines, surpyval, table_of_fits, versions

import survjax as sj

SIZES = {1_000: 21, 10_000: 21, 100_000: 5}  # rounds by number of units
SHAPE, SCALE = 1.5, 100.0


class Rows(NamedTuple):
    """Lifetimes by the ages between which they ended, and the window in which they could be seen; (n,) each."""

    lower: np.ndarray
    upper: np.ndarray
    entry: np.ndarray
    right_truncation: np.ndarray | None
    code: np.ndarray  # surpyval's: 0 failure, 1 right-censored, -1 left-censored, 2 within an interval


def code_of(lower: np.ndarray, upper: np.ndarray, entry: np.ndarray) -> np.ndarray:
    return np.select([lower == upper, np.isinf(upper), (lower == 0.0) & (entry == 0.0)], [0, 1, -1], 2)


def lives_seen(random: np.random.Generator, entry: np.ndarray, right_truncation: np.ndarray | float = np.inf) -> np.ndarray:
    """A life for each unit, given that it ends inside the unit's window."""
    first, last = (np.exp(-((end / SCALE) ** SHAPE)) for end in (entry, right_truncation))
    return SCALE * (-np.log(first - random.uniform(size=len(entry)) * (first - last))) ** (1.0 / SHAPE)


def inspected(n: int) -> Rows:
    """Units that came under observation at some age, inspected at ages of their own, a fifth of them still running at the end."""
    random = np.random.default_rng(n)
    entry = random.uniform(0.0, 60.0, n)
    life = lives_seen(random, entry)
    between = random.uniform(10.0, 30.0, n)
    last = np.floor((150.0 - entry) / between)
    survived = np.minimum(np.floor((life - entry) / between), last)
    lower = entry + survived * between
    upper = np.where(survived == last, np.inf, lower + between)
    return Rows(lower, upper, entry, None, code_of(lower, upper, entry))


def of_every_kind(n: int) -> Rows:
    """Known ages, running units, failures before the first and between two inspections, late entries and returns seen by a date."""
    random = np.random.default_rng(n)
    kind = np.arange(n) % 6
    entry = np.where(kind >= 4, random.uniform(1.0, 60.0, n), 0.0)
    right_truncation = np.where(kind == 5, entry + random.uniform(50.0, 150.0, n), np.inf)
    life = lives_seen(random, entry, right_truncation)
    censored = random.uniform(50.0, 200.0, n)
    running = (kind == 1) & (life > censored)
    first = random.uniform(20.0, 100.0, n)
    found = np.where(life <= first, 0.0, np.where(life <= 2.0 * first, first, 2.0 * first))
    looked_at = (kind == 2) | (kind == 3)
    lower = np.where(running, censored, np.where(looked_at, found, life))
    upper = np.where(
        running, np.inf, np.where(looked_at, np.where(found == 0.0, first, np.where(found == first, 2.0 * first, np.inf)), life)
    )
    return Rows(lower, upper, entry, right_truncation, code_of(lower, upper, entry))


def fit_survjax(rows: Rows) -> sj.Model:
    life = sj.Lifetimes.from_intervals(rows.lower, rows.upper, entry=rows.entry, right_truncation=rows.right_truncation)
    return sj.Weibull().fit(life)


def fit_lifelines(rows: Rows) -> object:
    return lifelines.WeibullFitter().fit_interval_censoring(rows.lower, rows.upper, entry=rows.entry)


def fit_surpyval(rows: Rows) -> object:
    # of a censored row surpyval looks at one end only: a finite one has to stand in both columns
    ends = np.stack([np.where(rows.code == -1, rows.upper, rows.lower), np.where(rows.code == 1, rows.lower, rows.upper)], axis=1)
    return surpyval.Weibull.fit(x=ends, c=rows.code, tl=rows.entry, tr=rows.right_truncation)


def libraries(right_truncated: bool) -> list[Library]:
    found = [Library("survjax", fit_survjax, lambda model: model.log_likelihood_)]
    if lifelines is not None and not right_truncated:
        found.append(Library("lifelines", fit_lifelines, lambda model: model.log_likelihood_))
    if surpyval is not None:
        found.append(Library("surpyval", fit_surpyval, lambda model: model.log_likelihood))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--largest", type=int, help="sizes up to this one only; then nothing is written")
    largest = parser.parse_args().largest
    sizes = {n: rounds for n, rounds in SIZES.items() if largest is None or n <= largest}
    lines = ["# Speed of a Weibull with standard errors, censored and truncated every way; warm", ""]
    lines += ["## Failures within intervals, delayed entry", "", "A fifth of the units still run.", ""]
    lines += table_of_fits(interleaved(libraries(right_truncated=False), sizes, inspected))
    lines += ["", "## Every kind of row", ""]
    lines += [
        "Exact, right-censored, left-censored, within an interval, entered late, truncated on both sides; lifelines lacks the last.",
        "",
    ]
    lines += table_of_fits(interleaved(libraries(right_truncated=True), sizes, of_every_kind))
    text = "\n".join([*lines, "", f"{os.cpu_count()} cores, 24 GB, shared with other work; {versions()}.", ""])
    if largest is None:
        Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
