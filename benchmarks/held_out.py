"""Hard drives held out: models of survjax, lifelines and scikit-survival on the same folds.

python benchmarks/held_out.py                     writes docs/hard_drives.md and docs/hard_drives.png; needs scikit-survival
python benchmarks/held_out.py --keep FOLDER       what a model got is kept there, so that a run that was broken off goes on
python benchmarks/held_out.py --rows 4000         a sample, prints only
"""

from __future__ import annotations

import argparse
import pickle
import platform
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, WeibullAFTFitter
from peers import Lifelines, LifelinesAFT, ScikitSurvival
from sksurv.ensemble import RandomSurvivalForest

import survjax as sj
from survjax.cross_validation import CrossValidation

FOLDS = 3
ENOUGH = 25
REFERENCE = "ST4000DM000"
EVERY = "~ temperature + C(kind)"
TITLES = {
    "concordance": "concordance",
    "integrated_brier": "integrated Brier",
    "log_score": "log score",
    "crps": "CRPS, days",
    "d_calibration_p": "D-calibration, p",
}
BREAKS = [90.0, 180.0, 365.0, 545.0, 730.0, 1095.0, 1460.0]


PAGE = """# Hard drives held out

Backblaze's hard drives (`sj.datasets.load_hard_drives()`; `datasets/hard_drives.md`), without the five rows beyond ten years:
{life}.
Every model is fitted to all folds but one and judged on that one, for each of {folds} folds in turn, the same folds for all, up to an age
of {last:.0f} days. Written by `python benchmarks/held_out.py`.

**What is known of a drive**: its average temperature and its kind, which is the model where {enough} or more of that have failed in the
file, else "other" of its brand. The three SMART flags are left out: they are as of the last reading, and would let every model look at the
end of the life that it is to predict. **All models get the same**: those of survjax through `~ temperature + C(kind)`, lifelines and
scikit-survival as indicator columns. The designs of the regressions by parameter, the breaks among them
({breaks} days), were chosen by a look at one fifth of the same drives, so that the comparison is not
blind; their counterpart in lifelines, a Weibull AFT whose shape has covariates too, got the same.

{scores}

Mean over the folds ± standard deviation. Concordance and log score: higher is better; Brier and CRPS: lower. D-calibration is the p-value
of a test: small if predicted probabilities are not what came about. A Cox model and a forest have no density, hence no log score.
{missing}

![Each score of each model, a dot a fold](hard_drives.png)

## Side by side

{sides}

Gain: the mean over the folds of the difference, fold by fold, ± its standard error; "ahead" and "behind" are more than two of these.
Each side's best is chosen on these same folds, and survjax has more models to choose from; of three folds a standard error is rough.

Of these scores survjax is {verdicts}. Read beside the table:

- **D-calibration is a test.** Any p above 0.05 or so says "not refuted", and a larger one is no better. So what counts is whether a model
  passes in every fold; these do: {calibrated}.
- **Order is not probability.** A model in which every kind has the same law, multiplied or stretched (proportional hazards, hazard
  scaling, accelerated failure time, Cox), can put drives in the right order and still be refuted by D-calibration: kinds fail in
  different *shapes*, one of them hardly at all for a year and a half and then fast. The regressions by parameter let covariates act on
  the shape, as does lifelines' Weibull "shape too", which is the same model as survjax's Weibull by parameter.
- **The forest** has ages rounded up to 20 days, since each of its leaves keeps a step for each age.
- **The Brier score** weights by the probability of being in view, one curve for all drives, although kinds were in view for different
  times. That is the same for all models; log score and D-calibration do not need it.
- **Not in the table**, since they do not converge on these drives: a defective fraction that depends on the kind, and Royston–Parmar with
  all its coefficients by kind. Of Cox models lifelines' diverges unless its steps are cut to a tenth, and scikit-survival's diverges.

{about}
"""


class Indicators:
    """A peer that wants numbers: one column for each kind of drive beside the reference, and temperature less its mean."""

    def __init__(self, peer) -> None:
        self.peer = peer

    def fit(self, X: pd.DataFrame, y: sj.Lifetimes) -> Indicators:
        self.mean_ = X["temperature"].mean()
        self.kinds_ = sorted({*X["kind"]} - {REFERENCE})
        self.peer.fit(self._numbers(X), y)
        return self

    def predict_survival(self, X: pd.DataFrame, times: np.ndarray) -> np.ndarray:
        return self.peer.predict_survival(self._numbers(X), times)

    def _numbers(self, X: pd.DataFrame) -> pd.DataFrame:
        columns = {kind: (X["kind"] == kind).astype(float) for kind in self.kinds_}
        return pd.DataFrame(columns).assign(temperature=X["temperature"] - self.mean_)


class IndicatorsAFT(Indicators):
    def score(self, X: pd.DataFrame, y: sj.Lifetimes) -> float:
        return self.peer.score(self._numbers(X), y)


class RoundedForest(ScikitSurvival):
    """Ages rounded up to 20 days, since each leaf of the forest keeps a step for each age."""

    def fit(self, X: pd.DataFrame, y: sj.Lifetimes) -> RoundedForest:
        super().fit(X, sj.Lifetimes(20 * np.ceil(y.durations / 20), y.event_observed))
        return self


def drives(rows: int | None) -> tuple[pd.DataFrame, sj.Lifetimes]:
    frame = sj.datasets.load_hard_drives()
    failed = frame.groupby("type")["event"].sum()
    frame["kind"] = frame["type"].where(frame["type"].map(failed) >= ENOUGH, frame["brand"] + ", other")
    frame = frame[frame["duration"] <= 3650]
    if rows is not None:
        frame = frame.sample(rows, random_state=0)
    return frame[["kind", "temperature"]].reset_index(drop=True), sj.Lifetimes(frame["duration"], frame["event"])


def forest(leaf: int) -> Indicators:
    return Indicators(RoundedForest(RandomSurvivalForest(n_estimators=50, min_samples_leaf=leaf, random_state=0)))


def models() -> dict[str, object]:
    slowly = {"step_size": 0.1}  # with lifelines' own its Cox diverges on these drives, as scikit-survival's does
    return {
        "Weibull mixture, no covariates": sj.WeibullMixture(),
        "AFT, Weibull": sj.AcceleratedFailureTime(sj.Weibull(), EVERY),
        "PH, Royston–Parmar": sj.ProportionalHazards(sj.RoystonParmar(n_knots=3), EVERY),
        "PH, Weibull mixture": sj.ProportionalHazards(sj.WeibullMixture(), EVERY),
        "HazardScaling, Weibull mixture": sj.HazardScaling(sj.WeibullMixture(), EVERY),
        "Cox": sj.CoxProportionalHazards(EVERY),
        "by parameter, Weibull": sj.ParameterRegression(sj.Weibull(), {"scale": EVERY, "shape": EVERY}),
        "by parameter, generalised gamma": sj.ParameterRegression(sj.GeneralizedGamma(), {"location": EVERY, "scale": EVERY}),
        "by parameter, piecewise": sj.ParameterRegression(sj.PiecewiseExponential(breaks=BREAKS), {"rate": EVERY}, penalty=1.0),
        "NeuralHazard": sj.NeuralHazard(EVERY),
        "NeuralMixture": sj.NeuralMixture(2, EVERY),
        "lifelines AFT, Weibull": IndicatorsAFT(LifelinesAFT(WeibullAFTFitter())),
        "lifelines AFT, Weibull, shape too": IndicatorsAFT(LifelinesAFT(WeibullAFTFitter(), ancillary=True)),
        "lifelines Cox": Indicators(Lifelines(CoxPHFitter(), fit_options=slowly)),
        "lifelines Cox, a stratum a kind": Lifelines(CoxPHFitter(), strata=["kind"]),
        "scikit-survival forest, leaves of 30": forest(30),
        "scikit-survival forest, leaves of 100": forest(100),
    }


def judged(rows: int | None, kept: Path | None) -> tuple[sj.Lifetimes, CrossValidation, float]:
    """Every model on the same folds, which are drawn from one seed."""
    X, life = drives(rows)
    found, seconds = [], 0.0
    for name, model in models().items():
        path = None if kept is None else kept / f"{name}.pickle"
        if path is not None and path.exists():
            one, took = pickle.loads(path.read_bytes())
        else:
            began = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # lifelines' remarks on its own optimiser
                one = sj.cross_validate({name: model}, X, life, cv=FOLDS, progress=False)
            took = time.perf_counter() - began
            if path is not None:
                path.write_bytes(pickle.dumps((one, took)))
        print(f"{took:7.1f} s  {name}", flush=True)
        found.append(one)
        seconds += took
    folds, failures = (pd.concat([getattr(one, part) for one in found]) for part in ("folds", "failures"))
    return life, CrossValidation(folds, failures, found[0].times), seconds


def side_by_side(found: CrossValidation) -> pd.DataFrame:
    """The best of survjax and the best peer on each score, and their difference over the folds; positive is better for survjax."""
    names = [name for name in found.table.index if "no covariates" not in name]
    peers = [name for name in names if name.startswith(("lifelines", "scikit-survival"))]
    ours = [name for name in names if name not in peers]
    rows = {}
    for score, title in TITLES.items():
        sign = -1.0 if score in ("integrated_brier", "crps") else 1.0
        means = sign * found.table[score]
        own, other = means[ours].idxmax(), means[peers].idxmax()
        gain = sign * (found.folds.loc[own, score] - found.folds.loc[other, score])
        spread = gain.std(ddof=1) / np.sqrt(len(gain))
        verdict = "ahead" if gain.mean() > 2 * spread else "behind" if gain.mean() < -2 * spread else "level"
        rows[title] = [own, other, f"{gain.mean():+.2g} ± {spread:.1g}", verdict]
    return pd.DataFrame(rows, index=["best of survjax", "best peer", "gain of survjax", "survjax is"]).T


def verdicts(found: CrossValidation) -> str:
    told = side_by_side(found)["survjax is"]
    return "; ".join(f"{word} in {', '.join(told.index[told == word])}" for word in ("ahead", "level", "behind") if (told == word).any())


def page(life: sj.Lifetimes, found: CrossValidation, seconds: float) -> str:
    table = found.table
    columns = {}
    for score, title in TITLES.items():
        pairs = zip(table[score], table[f"{score}_spread"], strict=True)
        columns[title] = ["–" if np.isnan(mean) else f"{mean:.3g} ± {spread:.1g}" for mean, spread in pairs]
    failures = found.failures[~found.failures["reason"].str.contains("has no density")]
    missing = [f"- {row.model}, fold {row.fold}, {row.score}: {row.reason}" for row in failures.itertuples()]
    lowest = found.folds["d_calibration_p"].groupby("model", sort=False).min()
    calibrated = lowest.index[lowest > 0.05]
    packages = ", ".join(f"{name} {version(name)}" for name in ("jax", "lifelines", "scikit-survival"))
    return PAGE.format(
        life=repr(life),
        folds=FOLDS,
        last=found.times[-1],
        enough=ENOUGH,
        scores=markdown(pd.DataFrame(columns, index=table.index)),
        sides=markdown(side_by_side(found)),
        missing="\n".join(missing),
        verdicts=verdicts(found),
        calibrated=", ".join(calibrated) or "none",
        breaks=", ".join(f"{age:g}" for age in BREAKS),
        about=f"Python {platform.python_version()}, survjax {sj.__version__}, {packages}; {seconds / 60:.0f} minutes on two busy cores.",
    )


def markdown(table: pd.DataFrame) -> str:
    head = ["", *table.columns]
    lines = [head, ["---"] * len(head), *([name, *row] for name, row in zip(table.index, table.to_numpy(), strict=True))]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, help="of a sample; without, all of them, and the page is written")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where to keep what each model got")
    told = parser.parse_args()
    rows = told.rows
    if told.keep is not None:
        told.keep.mkdir(exist_ok=True)
    life, found, seconds = judged(rows, told.keep)
    text = page(life, found, seconds)
    print(text)
    if rows is None:
        path = Path(__file__).parents[1] / "docs" / "hard_drives.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        found.plot()[0].figure.savefig(path.with_suffix(".png"), dpi=70)


if __name__ == "__main__":
    main()
