"""Profile-likelihood limits held against R's.

    python benchmarks/profile_reference.py PATH            writes benchmarks/profile_reference.md and prints the table

PATH is a folder with ``parametric.json``, ``mixture_lfp.json`` and ``csv/`` (columns lower, upper, entry, rtrunc, weight). Compared are
the 95 % limits of mu and log sigma, location and log scale of log time, of every two-parameter fit without covariates; and of the
fraction failing of limited failure populations. Allowed is 1e-8, absolute for the first two, relative for the third.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path

import jax
import numpy as np
import pandas as pd

import survjax as sj

ALLOWED = 1e-8
LAWS = {"weibull": sj.Weibull, "lognormal": sj.LogNormal, "loglogistic": sj.LogLogistic}
CUT = {"lfp100": ("lfp1370", 100.0)}


def lifetimes(path: Path, data: str) -> sj.Lifetimes:
    name, age = CUT.get(data, (data, np.inf))
    rows = pd.read_csv(path / "csv" / f"{name}.csv")
    beyond = rows.lower > age
    lower, upper = rows.lower.where(~beyond, age), rows.upper.where(~beyond, np.inf)
    return sj.Lifetimes.from_intervals(lower, upper, entry=rows.entry if rows.entry.any() else None, weights=rows.weight)


def limits_of_location_and_log_scale(table: pd.DataFrame) -> np.ndarray:
    ends = table[["lower", "upper"]].to_numpy()
    if "location" in table.index:
        return np.array([ends[0], np.log(ends[1])])
    shape, scale = table.index.get_loc("shape"), table.index.get_loc("scale")
    return np.array([np.log(ends[scale]), -np.log(ends[shape][::-1])])


def compare_all(path: Path) -> list[tuple[str, float, float]]:
    """Entry, largest difference, milliseconds."""
    results = []
    for entry, reference in json.loads((path / "parametric.json").read_text()).items():
        if "~" in entry or "[" in entry or "profile_ci95_mu" not in reference:
            continue
        model = LAWS[reference["dist"]]().fit(lifetimes(path, reference["data"]))
        began = time.perf_counter()
        ours = limits_of_location_and_log_scale(model.interval("parameters", method="likelihood"))
        theirs = np.array([reference["profile_ci95_mu"], reference["profile_ci95_log_sigma"]], float)
        results.append((entry, float(np.abs(ours - theirs).max()), 1e3 * (time.perf_counter() - began)))
    for entry, reference in json.loads((path / "mixture_lfp.json").read_text()).items():
        data, _, model_name = entry.partition(":")
        if not model_name.startswith("lfp_"):
            continue
        model = sj.DefectiveSubpopulation(LAWS[model_name.removeprefix("lfp_")]()).fit(lifetimes(path, data))
        began = time.perf_counter()
        ours = model.interval("parameters", method="likelihood").loc["fraction_failing", ["lower", "upper"]].to_numpy(float)
        theirs = np.array(reference["profile_ci95_p"], float)
        results.append((entry, float(np.abs(ours / theirs - 1.0).max()), 1e3 * (time.perf_counter() - began)))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path, help="folder with parametric.json, mixture_lfp.json and csv/")
    results = compare_all(parser.parse_args().path)
    passed = sum(difference <= ALLOWED for _, difference, _ in results)
    lines = [
        "# Profile-likelihood limits against R",
        "",
        f"Allowed: {ALLOWED:g}. {passed} of {len(results)} pass. Times are those of all limits of a fit, programs compiled for the fit.",
        "",
        "| data and model | largest difference | ms | |",
        "|---|---:|---:|---|",
        *(f"| {entry} | {d:.1e} | {ms:.0f} | {'PASS' if d <= ALLOWED else 'FAIL'} |" for entry, d, ms in results),
        "",
        f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}.",
        "",
    ]
    table = "\n".join(lines)
    Path(__file__).with_suffix(".md").write_text(table)
    print(table)
    raise SystemExit(passed != len(results))


if __name__ == "__main__":
    main()
