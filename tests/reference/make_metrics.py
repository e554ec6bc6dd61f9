"""Writes ``metrics.json``: what scikit-survival gives for a small fleet, with the fleet and the versions.

    python tests/reference/make_metrics.py        needs scikit-survival

No age is that of both a failure and a unit lost to view: there scikit-survival takes the probability of being in view after the
age, survjax (as the papers do) just before it. Risks are tied on purpose; ages at failure are not.
"""

import importlib.metadata
import json
from pathlib import Path

import numpy as np
from sksurv.metrics import (
    brier_score,
    concordance_index_censored,
    concordance_index_ipcw,
    cumulative_dynamic_auc,
    integrated_brier_score,
)
from sksurv.util import Surv


def fleet(n: int, seed: int, longest: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    life, lost = 100 * np.exp(-0.4 * x) * rng.weibull(1.8, n), rng.uniform(20, longest, n)
    # to five decimals, so that the file says exactly what was judged
    return {"x": x.round(3), "time": np.minimum(life, lost).round(5), "event": life <= lost}


def main() -> None:
    train, test = fleet(150, 1, 220.0), fleet(120, 2, 180.0)  # no unit of the test is followed beyond the training
    ages = np.concatenate([train["time"], test["time"]])
    assert len(np.unique(ages)) == len(ages)
    y_train, y_test = (Surv.from_arrays(f["event"], f["time"]) for f in (train, test))
    risk = test["x"].round(1)
    times = np.array([30.0, 50.0, 70.0, 100.0, 130.0])
    survival = np.exp(-np.outer(np.exp(0.6 * test["x"]), (times / 110) ** 1.6)).round(6)
    c, concordant, discordant, tied, _ = concordance_index_censored(test["event"], test["time"], risk)
    auc, mean_auc = cumulative_dynamic_auc(y_train, y_test, risk, times)
    auc_by_time, mean_by_time = cumulative_dynamic_auc(y_train, y_test, 1 - survival, times)
    found = {
        "versions": {name: importlib.metadata.version(name) for name in ("scikit-survival", "numpy")},
        "train": {name: column.tolist() for name, column in train.items()},
        "test": {name: column.tolist() for name, column in test.items()},
        "risk": risk.tolist(),
        "times": times.tolist(),
        "survival": survival.tolist(),
        "concordance": c,
        "pairs": [int(concordant), int(discordant), int(tied)],
        "uno": concordance_index_ipcw(y_train, y_test, risk, tau=120.0)[0],
        "brier": brier_score(y_train, y_test, survival, times)[1].tolist(),
        "integrated_brier": integrated_brier_score(y_train, y_test, survival, times),
        "auc": auc.tolist(),
        "mean_auc": mean_auc,
        "auc_by_time": auc_by_time.tolist(),
        "mean_auc_by_time": mean_by_time,
    }
    path = Path(__file__).with_name("metrics.json")
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
