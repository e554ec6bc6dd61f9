"""Shared frailty by simulation under late entry, and against R's coxph on the rats by litter.

    python benchmarks/frailty.py                 writes benchmarks/frailty.md; some minutes
    python benchmarks/frailty.py --sets 20       fewer data sets, prints only

Groups of units of which all survived to their entries are drawn from a Weibull proportional-hazards model with a frailty; each set is
fitted, and its limits are asked. z is by how many Monte-Carlo errors the mean of the estimates lies from the truth; a maximum of the
likelihood has a bias of its own, of the order of its variance, and at a variance of 0 all estimates of it lie on one side.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import survjax as sj

SHAPE, SCALE, SLOPE = 2.0, 30.0, 0.7
UNTIL = 60.0
SETS = 100
ROOT = Path(__file__).parents[1]


class Design(NamedTuple):
    kind: str
    variance: float
    n_groups: int
    size: int
    latest: float


DESIGNS = (
    Design("gamma", 0.8, 256, 4, 0.0),
    Design("gamma", 0.8, 256, 4, 25.0),
    Design("gamma", 0.2, 64, 16, 25.0),
    Design("lognormal", 0.8, 256, 4, 25.0),
    Design("gamma", 0.8, 1024, 1, 25.0),
    Design("gamma", 0.0, 256, 4, 25.0),
)


def drawn(design: Design, seed: int) -> tuple[pd.DataFrame, sj.Lifetimes, np.ndarray]:
    """One data set: of groups drawn until there are enough of which all units survive to their entries."""
    random = np.random.default_rng(seed)
    kept: list[tuple[np.ndarray, ...]] = []
    found = 0
    while found < design.n_groups:
        shape = 4 * design.n_groups, design.size
        x = random.normal(size=shape)
        entry = random.uniform(0.0, design.latest, shape) if design.latest else np.zeros(shape)
        if design.variance == 0.0:
            z = np.ones(shape[0])
        elif design.kind == "gamma":
            z = random.gamma(1.0 / design.variance, design.variance, shape[0])
        else:
            z = np.exp(random.normal(0.0, np.sqrt(design.variance), shape[0]))
        age = SCALE * (random.exponential(size=shape) / (z[:, None] * np.exp(SLOPE * x))) ** (1.0 / SHAPE)
        whole = np.all(age > entry, axis=1)
        kept.append((x[whole], entry[whole], age[whole]))
        found += int(whole.sum())
    x, entry, age = (np.concatenate(column)[: design.n_groups].ravel() for column in zip(*kept, strict=True))
    life = sj.Lifetimes(np.minimum(age, UNTIL), age < UNTIL, entry=entry if design.latest else None)
    return pd.DataFrame({"load": x}), life, np.repeat(np.arange(design.n_groups), design.size)


def simulated(design: Design, n_sets: int) -> list[str]:
    """The rows of the table of a design."""
    truth = {"shape": SHAPE, "scale": SCALE, "load": SLOPE, "frailty_variance": design.variance}
    estimates, covered, small_p, seconds = [], [], [], []
    for seed in range(n_sets):
        X, life, group = drawn(design, seed)
        begin = time.perf_counter()
        model = sj.Frailty(sj.ProportionalHazards(sj.Weibull()), design.kind).fit(X, life, group=group)
        seconds.append(time.perf_counter() - begin)
        table = model.interval("parameters").loc[list(truth)]
        true = np.array(list(truth.values()))
        estimates.append(table["estimate"].to_numpy())
        covered.append(((table["lower"] <= true) & (true <= table["upper"])).to_numpy())
        small_p.append(model.p_value_ < 0.05)
    found = np.array(estimates)
    error = found.std(axis=0, ddof=1) / np.sqrt(n_sets)
    about = f"{design.kind}, v = {design.variance:g}, {design.n_groups:,} groups of {design.size}, entries to {design.latest:g}"
    rows = []
    for k, (name, true_value) in enumerate(truth.items()):
        z = (found[:, k].mean() - true_value) / error[k]
        rows.append(
            f"| {about} | {name} | {true_value:g} | {found[:, k].mean():.4f} | {error[k]:.4f} | {z:+.1f} | "
            f"{100 * np.mean([one[k] for one in covered]):.1f} |"
        )
    rows.append(f"| {about} | share with p < 0.05 of no variance | | {np.mean(small_p):.3f} | | | fit {np.median(seconds) * 1e3:.0f} ms |")
    return rows


def rats() -> list[str]:
    """Every distinct week of the rats a piece of its own: the likelihood of coxph with Breslow's ties."""
    r = json.loads((ROOT / "tests/reference/frailty.json").read_text())["weeks"]
    frame = sj.datasets.load_rats()
    age, failed = frame["duration"].to_numpy(float), frame["event"].to_numpy() == 1
    ages = np.unique(age[failed])
    before = np.append(0.0, ages)[np.searchsorted(ages, age, side="right")]
    base = sj.PiecewiseExponential(list(ages[:-1] * (1.0 + 1e-9)))
    X = pd.DataFrame({"rx": frame["treated"], "male": (frame["sex"] == "m").astype(int)})
    life = sj.Lifetimes(np.where(failed, age, before), failed)
    model = sj.Frailty(sj.ProportionalHazards(base)).fit(X, life, group=frame["litter"])
    pairs = {
        "theta": (model.frailty_variance_, r["theta"], r["own_search"]["theta"]),
        "rx": (model.coefficients_["rx"], r["coef"]["rx"], r["own_search"]["coef"]["rx"]),
        "male": (model.coefficients_["male"], r["coef"]["male"], r["own_search"]["coef"]["male"]),
        "log-likelihood above no frailty": (0.5 * model.likelihood_ratio_, r["rise"], np.nan),
    }
    return [
        f"| {name} | {own:.9f} | {theirs:.9f} | {abs(own / theirs - 1):.1e} | {loose:.6f} |" for name, (own, theirs, loose) in pairs.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=None)
    n_sets = parser.parse_args().sets
    lines = [
        "# Shared frailty: simulation under late entry, and R",
        "",
        f"`python benchmarks/frailty.py`, {n_sets or SETS} data sets a design; Weibull proportional hazards, limits at 95 % (Wald; of the "
        "variance by profile likelihood). At a variance of 0 the limits of the variance cover by the half-and-half law more than 95 %.",
        "",
        "| design | | truth | mean | Monte-Carlo error | z | limits cover, % |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for design in DESIGNS:
        rows = simulated(design, n_sets or SETS)
        print("\n".join(rows), flush=True)
        lines += rows
    lines += [
        "",
        "Gamma frailty of the rats by litter, a piece of hazard between every two ages at failure, against coxph of R's survival, its "
        "profile over theta run to the rounding floor; and as coxph itself stops.",
        "",
        "| | survjax | R | relative difference | R's own stop |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rats(),
    ]
    print("\n".join(lines[-6:]))
    if n_sets is None:
        Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
