"""How long fits and predictions take once compiled, beside lifelines and surpyval, and that a new n does not compile again.

    pip install lifelines surpyval
    python benchmarks/speed.py                    writes benchmarks/speed.md; about ten minutes on two quiet cores
    python benchmarks/speed.py --largest 1000     sizes up to 1,000, prints only

Fits are warm (one is made before the clock starts) and interleaved, each library in turn in every round, so that a busy machine
slows them alike; given are medians, and ratios of medians. Data are made, and censoring codes turned round, before the clock
starts. Every fit includes the library's own checks of the data and the covariance of its estimates (surpyval's mixture works that out
when asked, which is left out here). The million ages are predicted in one call.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import jax
import numpy as np

import survjax as sj
from survjax.yardstick import lifelines_mixture

try:
    import lifelines
except ImportError:
    lifelines = None
    print("lifelines is not installed, and left out: pip install lifelines", file=sys.stderr)
try:
    import surpyval
except ImportError:
    surpyval = None
    print("surpyval is not installed, and left out: pip install surpyval", file=sys.stderr)

SIZES_OF_WEIBULL = {100: 51, 1_000: 51, 10_000: 21, 100_000: 9, 1_000_000: 5}  # rounds by number of units
SIZES_OF_MIXTURE = {1_000: 9, 10_000: 5, 100_000: 3}
TOO_SLOW = 20.0  # seconds: a library whose fit takes longer is timed once, and left out of larger sizes
N_AGES = 1_000_000
COMPILED = "/jax/core/compile/backend_compile_duration"


class Sample(NamedTuple):
    """The same fleet in each library's terms: surpyval's code is 1 for a censored unit."""

    durations: np.ndarray
    event_observed: np.ndarray
    censored: np.ndarray


class Library(NamedTuple):
    """How a library fits, and where its log-likelihood is found afterwards."""

    name: str
    fit: Callable[[Sample], object]
    log_likelihood: Callable[[object], float]


class Timing(NamedTuple):
    library: str
    n: int
    seconds: list[float]
    log_likelihood: float
    remark: str


def observed(life: np.ndarray, censored: np.ndarray) -> Sample:
    failed = life <= censored
    return Sample(np.minimum(life, censored), failed, (~failed).astype(int))


def one_population(n: int) -> Sample:
    """A Weibull, half of whose units still run."""
    random = np.random.default_rng(n)
    return observed(100 * random.weibull(1.5, n), 100 * random.weibull(1.5, n))


def two_populations(n: int) -> Sample:
    """Early failures and wear-out well apart; a quarter of the units still run."""
    random = np.random.default_rng(n)
    life = np.where(random.uniform(size=n) < 0.3, 30 * random.weibull(1.5, n), 150 * random.weibull(5.0, n))
    return observed(life, random.uniform(80, 220, n))


def libraries_for_weibull() -> list[Library]:
    libraries = [Library("survjax", lambda s: sj.Weibull().fit(s.durations, s.event_observed), lambda model: model.log_likelihood_)]
    if lifelines is not None:
        libraries.append(
            Library("lifelines", lambda s: lifelines.WeibullFitter().fit(s.durations, s.event_observed), lambda m: m.log_likelihood_)
        )
    if surpyval is not None:
        libraries.append(Library("surpyval", lambda s: surpyval.Weibull.fit(s.durations, c=s.censored), lambda m: m.log_likelihood))
    return libraries


def libraries_for_mixture() -> list[Library]:
    ours = Library(
        "survjax", lambda s: sj.WeibullMixture(n_starts=10).fit(s.durations, s.event_observed), lambda model: model.log_likelihood_
    )
    libraries = [ours]
    if lifelines is not None:
        mixture = lifelines_mixture(lifelines)
        libraries.append(Library("lifelines", lambda s: mixture().fit(s.durations, s.event_observed), lambda m: m.log_likelihood_))
    if surpyval is not None:

        def fit(sample):
            return surpyval.MixtureModel(dist=surpyval.Weibull, m=2).fit(sample.durations, c=sample.censored)

        libraries.append(Library("surpyval", fit, lambda m: m.log_likelihood))
    return libraries


def interleaved(libraries: list[Library], sizes: dict[int, int], sample_of: Callable[[int], Sample]) -> list[Timing]:
    timings, too_slow = [], set()
    for n, rounds in sizes.items():
        sample = sample_of(n)
        seconds: dict[str, list[float]] = {}
        found: dict[str, tuple[float, str]] = {}
        running = []
        for library in libraries:
            if library.name in too_slow:
                found[library.name] = (np.nan, f"left out: more than {TOO_SLOW:g} s at a smaller size")
                continue
            first, log_likelihood, remark = first_fit(library, sample)
            found[library.name] = (log_likelihood, remark)
            if first > TOO_SLOW:
                too_slow.add(library.name)
                seconds[library.name] = [first]
            elif np.isfinite(first):
                running.append(library)
        for _ in range(rounds):
            for library in running:
                seconds.setdefault(library.name, []).append(timed(library, sample))
        timings += [Timing(library.name, n, seconds.get(library.name, []), *found[library.name]) for library in libraries]
        print(f"n = {n:,} done", file=sys.stderr, flush=True)
    return timings


def first_fit(library: Library, sample: Sample) -> tuple[float, float, str]:
    """Seconds (nan where the library raised), log-likelihood, and what it said, in its own words."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        began = time.perf_counter()
        try:
            model = library.fit(sample)
        except Exception as error:  # whatever a library raises is what the table is to show
            return np.nan, np.nan, f"failed: {type(error).__name__}: {_first_line(error)}"
        seconds = time.perf_counter() - began
    told = [w for w in caught if issubclass(w.category, (UserWarning, RuntimeWarning))]
    return seconds, float(library.log_likelihood(model)), f"warned: {_first_line(told[-1].message)}" if told else ""


def timed(library: Library, sample: Sample) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        library.fit(sample)
        return time.perf_counter() - began


def _first_line(message: object) -> str:
    lines = [line.strip() for line in str(message).splitlines() if line.strip()]
    return lines[0][:110].replace("|", "/") if lines else ""


def predictions() -> list[tuple[str, str, float]]:
    """(model, what, seconds) of a million ages in one call."""
    ages = np.random.default_rng(0).uniform(0, 150, N_AGES)
    asked: dict[str, Callable[[sj.Model], object]] = {
        "predict_failure_probability(ages, 30)": lambda model: model.predict_failure_probability(ages, 30.0),
        "predict_rul(ages)": lambda model: model.predict_rul(ages),
        'predict_rul(ages, "median")': lambda model: model.predict_rul(ages, "median"),
        "predict_rul(ages, 0.1)": lambda model: model.predict_rul(ages, 0.1),
    }
    one, two = one_population(1_000), two_populations(1_000)
    models = {
        "Weibull": sj.Weibull().fit(one.durations, one.event_observed),
        "mixture": sj.WeibullMixture(n_starts=10).fit(two.durations, two.event_observed),
    }
    rows = []
    for name, model in models.items():
        for what, call in asked.items():
            call(model)
            seconds = []
            for _ in range(5):
                began = time.perf_counter()
                call(model)
                seconds.append(time.perf_counter() - began)
            rows.append((name, what, median(seconds)))
    return rows


def compilations() -> dict[str, int]:
    """How many programs are compiled by fits of n = 513, 574, ..., 940, 1,000, half failed, after one fit of such a size."""
    compiled: list[float] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiled.append(seconds) if event == COMPILED else None
    )
    counts = {}
    for name, learner in (("Weibull", sj.Weibull), ("mixture", lambda: sj.WeibullMixture(n_starts=10))):
        for n in (800, *range(513, 1000, 61), 1000):
            if n == 513:
                compiled.clear()
            life = two_populations(n).durations
            learner().fit(life, np.arange(n) % 2 == 0)
        counts[name] = len(compiled)
    return counts


def table_of_fits(timings: list[Timing]) -> list[str]:
    lines = [
        "| n | library | milliseconds | fastest–slowest | fits | times survjax | log-likelihood | |",
        "|---:|---|---:|---:|---:|---:|---:|---|",
    ]
    ours = {timing.n: median(timing.seconds) for timing in timings if timing.library == "survjax" and timing.seconds}
    for timing in timings:
        took, spread, ratio = "", "", ""
        if timing.seconds:
            took = f"{1e3 * median(timing.seconds):,.2f}"
            spread = f"{1e3 * min(timing.seconds):,.2f}–{1e3 * max(timing.seconds):,.2f}"
            ratio = f"{median(timing.seconds) / ours[timing.n]:,.1f}" if timing.n in ours else ""
        likelihood = "" if np.isnan(timing.log_likelihood) else f"{timing.log_likelihood:.4f}"
        cells = (f"{timing.n:,}", timing.library, took, spread, len(timing.seconds), ratio, likelihood, timing.remark)
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return lines


def as_markdown(weibull: list[Timing], mixture: list[Timing], predicted: list[tuple[str, str, float]], compiled: dict[str, int]) -> str:
    lines = ["# Speed, warm", "", "## A Weibull with standard errors, half of the units censored", "", *table_of_fits(weibull), ""]
    lines += ["## A mixture of two Weibulls", ""]
    lines += [
        "survjax from ten starts; lifelines has no mixture, and fits the one its users write; surpyval by EM.",
        "",
        *table_of_fits(mixture),
    ]
    lines += ["", f"## Predictions for {N_AGES:,} ages in one call", "", "| model | | milliseconds |", "|---|---|---:|"]
    lines += [f"| {model} | `{what}` | {1e3 * seconds:,.0f} |" for model, what, seconds in predicted]
    lines += ["", "## A new number of units", ""]
    lines += ["Programs compiled by nine fits of n = 513, 574, …, 940, 1,000 (half failed) after one of n = 800:", ""]
    lines += ["| model | programs |", "|---|---:|", *(f"| {model} | {count} |" for model, count in compiled.items())]
    return "\n".join([*lines, "", f"{os.cpu_count()} cores; {versions()}.", ""])


def versions() -> str:
    peers = [f"{library} {version(library)}" for library in ("lifelines", "surpyval") if globals()[library] is not None]
    own = (f"Python {platform.python_version()}", f"jax {jax.__version__}", f"numpy {np.__version__}", f"survjax {sj.__version__}")
    return ", ".join([*own, *peers])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--largest", type=int, help="sizes up to this one only; then nothing is written")
    largest = parser.parse_args().largest

    def sizes(of: dict[int, int]) -> dict[int, int]:
        return {n: rounds for n, rounds in of.items() if largest is None or n <= largest}

    weibull = interleaved(libraries_for_weibull(), sizes(SIZES_OF_WEIBULL), one_population)
    mixture = interleaved(libraries_for_mixture(), sizes(SIZES_OF_MIXTURE), two_populations)
    table = as_markdown(weibull, mixture, predictions(), compilations())
    if largest is None:
        Path(__file__).with_suffix(".md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
