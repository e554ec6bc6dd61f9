"""How often ``interval`` of bootstrap networks holds the true survival, and how often what such networks come to on average.

Lives are Weibull with a shape that depends on the make and a scale that depends on temperature and, not monotonically, on load; a third
of the units or so is still running. Every data set is another draw of 1,200 units; asked are the same 300 new ones.

    python benchmarks/neural_interval.py hazard 24
"""

import sys

import numpy as np
import pandas as pd

import survjax as sj

N, MEMBERS = 1_200, 10
AGES = [100.0, 300.0, 800.0]
KINDS = {"hazard": sj.NeuralHazard, "mixture": sj.NeuralMixture}


def draw(random: np.random.Generator, n: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    temperature, load, make = random.uniform(20, 80, n), random.normal(0, 1, n), random.choice(["x", "y", "z"], n)
    shape, scale = np.where(make == "x", 1.0, 2.5), 1000.0 * np.exp(-0.02 * (temperature - 50.0) - 0.4 * np.abs(load))
    return pd.DataFrame({"temperature": temperature, "load": load, "make": make}), shape, scale


def main(kind: str, n_sets: int) -> None:
    new, shape, scale = draw(np.random.default_rng(99), 300)
    truth = np.exp(-((np.array(AGES) / scale[:, None]) ** shape[:, None]))
    tables = []
    for seed in range(n_sets):
        random = np.random.default_rng(1_000 + seed)
        X, shapes, scales = draw(random, N)
        lives, ends = scales * random.weibull(shapes), random.uniform(200.0, 3000.0, N)
        model = KINDS[kind](members=MEMBERS, resample="bootstrap", seed=seed).fit(X, sj.Lifetimes(np.minimum(lives, ends), lives <= ends))
        tables.append(model.interval("survival", new, AGES).to_numpy().reshape(300, len(AGES), 3))
        print(f"{seed + 1} of {n_sets}", file=sys.stderr)
    estimate, lower, upper = np.moveaxis(np.array(tables), -1, 0)
    link = np.log(-np.log(estimate))
    middle = np.exp(-np.exp(link.mean(axis=0)))
    print("| age | holds the true survival | holds what such networks come to on average | bias | scatter over data sets |")
    print("| --- | --- | --- | --- | --- |")
    for place, age in enumerate(AGES):
        held = [((lower < one) & (one < upper))[..., place].mean() for one in (truth, middle)]
        bias = np.sqrt(np.mean((link.mean(axis=0) - np.log(-np.log(truth)))[:, place] ** 2))
        scatter = np.sqrt(np.mean(link.var(axis=0, ddof=1)[:, place]))
        print(f"| {age:g} | {100 * held[0]:.0f} % | {100 * held[1]:.0f} % | {bias:.2f} | {scatter:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
