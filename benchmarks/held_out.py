"""Hard drives held out: models of survjax, lifelines and scikit-survival on the same folds.

    python benchmarks/held_out.py                     writes benchmarks/held_out.md and held_out.png; needs scikit-survival
    python benchmarks/held_out.py --rows 2000         a sample, prints only

Covariates are those known from the start: temperature, as deviations of its mean, and brand. (The three SMART columns are as of the last
reading, and would look ahead.) The forest sees ages rounded up to 20 days, since each of its leaves keeps a step for each age.
"""

from __future__ import annotations

import argparse
import platform
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, LogNormalAFTFitter, WeibullAFTFitter
from peers import Lifelines, LifelinesAFT, ScikitSurvival
from sksurv.ensemble import RandomSurvivalForest

import survjax as sj

PENALTY = 1e-4  # lifelines' fits of a brand with no failures in a fold have no finite estimate without


class RoundedForest(ScikitSurvival):
    def fit(self, X: pd.DataFrame, y: sj.Lifetimes) -> RoundedForest:
        super().fit(X, sj.Lifetimes(20 * np.ceil(y.durations / 20), y.event_observed))
        return self


def drives(rows: int | None) -> tuple[pd.DataFrame, sj.Lifetimes]:
    frame = sj.datasets.load_hard_drives()
    frame = frame[frame["duration"] <= 3650]
    if rows is not None:
        frame = frame.sample(rows, random_state=0)
    brands = pd.get_dummies(frame["brand"], dtype=float)
    brands = brands.loc[:, frame.groupby("brand")["event"].sum().reindex(brands.columns) >= 10]
    X = brands.iloc[:, 1:].assign(temperature=frame["temperature"] - frame["temperature"].mean())
    return X.reset_index(drop=True), sj.Lifetimes(frame["duration"], frame["event"])


def models() -> dict[str, object]:
    return {
        "Weibull, no covariates": sj.Weibull(),
        "Weibull mixture, no covariates": sj.WeibullMixture(),
        "lifelines Weibull AFT": LifelinesAFT(WeibullAFTFitter(penalizer=PENALTY)),
        "lifelines log-normal AFT": LifelinesAFT(LogNormalAFTFitter(penalizer=PENALTY)),
        "lifelines Cox": Lifelines(CoxPHFitter(penalizer=PENALTY)),
        "scikit-survival forest": RoundedForest(RandomSurvivalForest(n_estimators=50, min_samples_leaf=100, random_state=0)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, help="of a sample; without, all of them, and the results are written")
    rows = parser.parse_args().rows
    X, life = drives(rows)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines' remarks on its own optimiser
        found = sj.cross_validate(models(), X, life)
    packages = ", ".join(f"{name} {version(name)}" for name in ("jax", "lifelines", "scikit-survival"))
    seconds = time.perf_counter() - began
    about = f"{life!r}, judged up to {found.times[-1]:.0f} days; {seconds:.0f} s."
    about += f" Python {platform.python_version()}, survjax {sj.__version__}, {packages}."
    text = f"# Hard drives held out: five folds\n\n{about}\n\n```\n{found!r}\n```\n"
    print(text)
    if rows is None:
        path = Path(__file__).with_suffix(".md")
        path.write_text(text, encoding="utf-8")
        found.plot()[0].figure.savefig(path.with_suffix(".png"), dpi=100)


if __name__ == "__main__":
    main()
