"""How long a regression with ten covariates takes once compiled, beside lifelines.

    pip install lifelines surpyval
    python benchmarks/regression_speed.py                    writes benchmarks/regression_speed.md; some minutes on two quiet cores
    python benchmarks/regression_speed.py --largest 10000    sizes up to 10,000, prints only

As in ``speed.py``: warm, interleaved, data made before the clock starts, medians and their ratios; every fit includes the library's
own checks of the data and the covariance of its estimates. A third of the units still run.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from speed import Library, interleaved, lifelines, table_of_fits, versions

import survjax as sj

COVARIATES = 10
ONE_LAW = {10_000: 11, 100_000: 5, 1_000_000: 3}  # rounds by number of units
OF_TWO = {10_000: 5, 100_000: 5}


class Units(NamedTuple):
    """What is known of each unit, (n, 10), and how long it was seen (n,) to what end (n,)."""

    frame: pd.DataFrame
    duration: np.ndarray
    event: np.ndarray


def stretched(n: int, first: np.ndarray) -> Units:
    """Units whose lives, at covariates of 0 ``first`` (n,), the covariates stretch."""
    random = np.random.default_rng(n)
    columns = random.normal(size=(n, COVARIATES))
    life = first * np.exp(columns @ np.linspace(-0.3, 0.3, COVARIATES))
    until = random.uniform(30.0, 300.0, n)
    return Units(pd.DataFrame(columns, columns=[f"x{i}" for i in range(COVARIATES)]), np.minimum(life, until), life <= until)


def one_population(n: int) -> Units:
    return stretched(n, 100.0 * np.random.default_rng(n + 1).weibull(1.5, n))


def two_populations(n: int) -> Units:
    random = np.random.default_rng(n + 1)
    weak = random.uniform(size=n) < 0.3
    return stretched(n, np.where(weak, 30.0 * random.weibull(0.8, n), 150.0 * random.weibull(3.0, n)))


def fit_survjax(units: Units) -> sj.AcceleratedFailureTime:
    return sj.AcceleratedFailureTime(sj.Weibull()).fit(units.frame, sj.Lifetimes(units.duration, units.event))


def fit_mixture(units: Units) -> sj.AcceleratedFailureTime:
    return sj.AcceleratedFailureTime(sj.WeibullMixture()).fit(units.frame, sj.Lifetimes(units.duration, units.event))


def fit_lifelines(units: Units) -> object:
    frame = units.frame.assign(duration=units.duration, event=units.event)
    return lifelines.WeibullAFTFitter().fit(frame, "duration", "event")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--largest", type=int, help="sizes up to this one only; then nothing is written")
    largest = parser.parse_args().largest
    allowed = np.inf if largest is None else largest
    both = [Library("survjax", fit_survjax, lambda model: model.log_likelihood_)]
    if lifelines is not None:
        both.append(Library("lifelines", fit_lifelines, lambda model: model.log_likelihood_))
    lines = ["# Speed of accelerated failure time with ten covariates and standard errors; warm", "", "## Weibull", ""]
    lines += table_of_fits(interleaved(both, {n: rounds for n, rounds in ONE_LAW.items() if n <= allowed}, one_population))
    lines += ["", "## Two Weibulls", "", "Which no peer has.", ""]
    alone = [Library("survjax", fit_mixture, lambda model: model.log_likelihood_)]
    lines += table_of_fits(interleaved(alone, {n: rounds for n, rounds in OF_TWO.items() if n <= allowed}, two_populations))
    text = "\n".join([*lines, "", f"{os.cpu_count()} cores, 24 GB, shared with other work; {versions()}.", ""])
    if largest is None:
        Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
