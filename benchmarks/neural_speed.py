"""How long networks take to train on the hard drives: ``neural_speed.md``.

    python benchmarks/neural_speed.py

writes neural_speed.md beside itself (some minutes).
"""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import jax
import numpy as np
from held_out import EVERY, drives

import survjax as sj

ASKED = 60.0


def seconds(model: object, X: object, life: sj.Lifetimes) -> float:
    began = time.perf_counter()
    model.fit(X, life)
    return time.perf_counter() - began


def main() -> None:
    X, life = drives(None)
    rows = []
    for model in (sj.NeuralHazard(EVERY), sj.NeuralMixture(2, EVERY)):
        first, again = seconds(model, X, life), seconds(model, X, life)
        curve = model.learning_curve_.query("epoch > 1")
        epochs, an_epoch = curve["epoch"].max(), curve["seconds"].min()
        reached = "reached" if first <= ASKED else "missed"
        rows.append(f"| `{model!r}` | {first:.0f} ({reached}) | {again:.0f} | {epochs} | {an_epoch:.2f} | {model.score(X, life):.4f} |")
    lines = [
        f"# Networks on {len(life):,} hard drives",
        "",
        f"Five networks of {model.hidden[0]} hidden units each, trained side by side on the kind and temperature of each drive and stopped",
        f"by folds of the drives, {life.n_failed:,.0f} of which failed; asked were {ASKED:.0f} s. The first fit includes compiling, and",
        "the fit of the distribution that networks begin at, their calibration and what conformal intervals need.",
        "",
        "| model | first fit, s | again, s | epochs until the last stopped | an epoch of all five, s | log-likelihood a drive |",
        "|---|---:|---:|---:|---:|---:|",
        *rows,
        "",
        f"{os.cpu_count()} cores, 24 GB, shared with other work (a load of {os.getloadavg()[1]:.0f}); Python {platform.python_version()},",
        f"jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}.",
        "",
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
