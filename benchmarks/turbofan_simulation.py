"""The simulated turbofan engines shipped with the package: files of NASA's form, whose engines' lives are known.

python benchmarks/turbofan_simulation.py datasets

An engine lives 60 + Weibull(shape 2.5, scale 80) cycles. Its wear at cycle t of T is (e^{5 t/T} - 1) / (e^5 - 1), on top of what it was
made with, normal of 0.03. Ten sensors show wear, each with its gain and its noise; two show noise alone; nine stand still.
Training engines run to failure; each test engine is cut at a cycle drawn from 20 to its last but one.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np

TRAINED, TESTED = 30, 12
GAIN = np.array([3.0, -2.5, 4.0, 1.5, -3.5, 2.0, 2.5, -1.5, 3.0, -2.0])


def engine(number: int, rng: np.random.Generator) -> np.ndarray:
    life = int(60 + round(80 * rng.weibull(2.5)))
    cycle = np.arange(1, life + 1)
    wear = rng.normal(0, 0.03) + np.expm1(5 * cycle / life) / np.expm1(5.0)
    worn = 500 + 10 * np.arange(10) + GAIN * wear[:, None] + rng.normal(0, 0.5, (life, 10))
    idle = np.array([21.6, 8.1]) + rng.normal(0, 0.05, (life, 2))
    settings = np.column_stack([rng.normal(0, 0.002, life), rng.normal(0, 0.0003, life), np.full(life, 100.0)])
    still = np.tile(np.arange(1.0, 10.0), (life, 1))
    sensors = np.column_stack([still[:, :3], worn[:, :5], idle, worn[:, 5:], still[:, 3:]])
    return np.column_stack([np.full(life, number), cycle, settings, sensors])


def write(path: Path, engines: list[np.ndarray]) -> None:
    formats = ["%d", "%d", "%.4f", "%.4f", "%.1f", *["%.2f"] * 21]
    lines = [" ".join(f % value for f, value in zip(formats, row, strict=True)) for one in engines for row in one]
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
        file.write(("\n".join(lines) + "\n").encode())


def main(folder: Path) -> None:
    rng = np.random.default_rng(20_240_501)
    write(folder / "turbofan_train.txt.gz", [engine(number, rng) for number in range(1, TRAINED + 1)])
    whole = [engine(number, rng) for number in range(1, TESTED + 1)]
    cuts = [int(rng.integers(20, len(one))) for one in whole]
    write(folder / "turbofan_test.txt.gz", [one[:cut] for one, cut in zip(whole, cuts, strict=True)])
    left = [f"{len(one) - cut}" for one, cut in zip(whole, cuts, strict=True)]
    (folder / "turbofan_rul.txt").write_text("\n".join(left) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
