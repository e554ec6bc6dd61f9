"""What two stages cost: coefficients shrink and ageing flattens, against base and score learned together.

    python benchmarks/two_stage_bias.py      writes benchmarks/two_stage_bias.md and prints it; a few minutes

Weibull lives of shape 2 whose hazard a standard normal covariate multiplies by exp(b x), about a third of the units still running when
last seen. Each study has 1,000 units; its coefficient and shape are estimated by HazardScaling in two stages and with joint=True. Means
over studies, with the Monte-Carlo standard error of the mean.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import survjax as sj

UNITS, STUDIES, SHAPE, SCALE = 1_000, 200, 2.0, 100.0


def study(random: np.random.Generator, effect: float) -> tuple[dict[str, np.ndarray], sj.Lifetimes]:
    load = random.normal(size=UNITS)
    lives = SCALE * (random.exponential(size=UNITS) * np.exp(-effect * load)) ** (1.0 / SHAPE)
    until = random.uniform(50.0, 170.0, UNITS)
    return {"load": load}, sj.Lifetimes(np.minimum(lives, until), lives <= until)


def main() -> None:
    lines = ["# The bias of two stages", "", f"{STUDIES} studies of {UNITS:,} units each; the truth has shape {SHAPE:g}.", ""]
    lines += ["| coefficient | two stages: coefficient | shape | joint=True: coefficient | shape |", "|---:|---:|---:|---:|---:|"]
    for effect in (0.25, 0.5, 1.0, 1.5):
        random = np.random.default_rng(17)
        found = []
        for _ in range(STUDIES):
            data = study(random, effect)
            both = [sj.HazardScaling(sj.Weibull(), joint=joint).fit(*data).parameters_ for joint in (False, True)]
            found.append([value for told in both for value in (told["load"], told["shape"])])
        mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(STUDIES)
        lines.append(f"| {effect:g} | " + " | ".join(f"{m:.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True)) + " |")
    lines += [
        "",
        "± one Monte-Carlo standard error. Two stages give to the base what the covariate does to the fleet as a whole (the strong outlive",
        "the weak, so that the fleet seems to age less than any unit), and cannot take it back.",
    ]
    text = "\n".join(lines) + "\n"
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
