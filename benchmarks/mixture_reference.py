"""Weibull, exponential and two-Weibull fits held against values from R, to the last digits that both can answer for.

    python benchmarks/mixture_reference.py PATH            writes benchmarks/mixture_reference.md and prints the table

PATH is a folder with ``parametric.json`` and ``mixture_lfp.json`` (fits by R's survival package and by hand-written R
likelihoods polished by Newton) and ``csv/`` with the data, columns lower, upper, entry, rtrunc, weight. Taken are the entries
without covariates whose rows are exact or right-censored, with or without delayed entry.

Compared are the log-likelihood; the Weibull scale exp(mu) and shape exp(-log sigma); and the standard errors of mu and
log sigma (of a mixture: of log scale, log shape and the logit of the weight). Where sigma is more than 2 the scale lies far
beyond the data, and mu and log sigma are compared in its place.

Where the standard errors differ by more than is allowed, a third computation decides which of the two is off: the Hessian of a
likelihood written out anew, in 40 digits (needs ``pip install mpmath``). The verdict stays that against R.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pandas as pd

import survjax as sj

try:
    import mpmath
except ImportError:
    mpmath = None
    print("mpmath is not installed, so nothing decides where standard errors differ: pip install mpmath")

LOG_LIKELIHOOD, PARAMETERS, ERRORS = 1e-8, 1e-6, 1e-5  # relative differences allowed
FAR_BEYOND = 2.0  # sigma

# R stopped at a gradient of 2e-3 there; polished by Newton it is known to these digits, and is judged to half the last.
AARSET_LOG_LIKELIHOOD, AARSET = (-212.93228, 5e-6), {
    "weight_0": (0.7423, 5e-5), "scale_0": (29.892, 5e-4), "shape_0": (0.8287, 5e-5), "scale_1": (84.836, 5e-4), "shape_1": (77.437, 5e-4),
}  # fmt: skip


class Comparison(NamedTuple):
    """The largest relative differences of one fit from the reference; nan where there is nothing to compare."""

    entry: str
    n_rows: int
    log_likelihood: float
    parameters: float
    errors: float
    remark: str = ""

    def passes(self) -> bool:
        return all(
            np.isnan(difference) or difference <= allowed
            for difference, allowed in ((self.log_likelihood, LOG_LIKELIHOOD), (self.parameters, PARAMETERS), (self.errors, ERRORS))
        )


def relative(ours, reference) -> float:
    ours, reference = np.asarray(ours, float), np.asarray(reference, float)
    return float(np.max(np.abs(ours - reference) / np.abs(reference)))


def read_rows(path: Path, data: str) -> pd.DataFrame | None:
    """The rows of a data set, None where some are of a kind that is not compared here."""
    rows = pd.read_csv(path / "csv" / f"{data}.csv")
    exact, running = rows.lower == rows.upper, np.isinf(rows.upper)
    return rows if (exact | running).all() and np.isinf(rows.rtrunc).all() else None


def lifetimes(rows: pd.DataFrame, cause: str | None = None) -> sj.Lifetimes:
    failed = np.isfinite(rows.upper) if cause is None else np.isfinite(rows.upper) & (rows["mode"] == cause)
    return sj.Lifetimes(rows.lower, failed, entry=rows.entry if rows.entry.any() else None, weights=rows.weight)


def decide(ours: np.ndarray, theirs: np.ndarray, exact: np.ndarray | None) -> str:
    if exact is None:
        return "install mpmath to see which errors are off"
    return f"from the errors in 40 digits survjax differs by {relative(ours, exact):.1e}, R by {relative(theirs, exact):.1e}"


def errors_in_40_digits(life: sj.Lifetimes, point: list[float]) -> np.ndarray | None:
    """Standard errors of (log scales, log shapes[, logit of the first weight]) at the maximum next to a point."""
    if mpmath is None:
        return None
    with mpmath.workdps(40):
        point = [mpmath.mpf(float(value)) for value in point]
        rule = functools.partial(log_likelihood_in_40_digits, life)
        for _ in range(2):
            step = mpmath.lu_solve(differences_twice(rule, point), differences_once(rule, point))
            point = [value - change for value, change in zip(point, step, strict=True)]
        covariance = -(differences_twice(rule, point) ** -1)
        return np.array([float(mpmath.sqrt(covariance[i, i])) for i in range(len(point))])


def log_likelihood_in_40_digits(life: sj.Lifetimes, point: list):
    k = len(point) // 2
    scales, shapes = [mpmath.exp(value) for value in point[:k]], [mpmath.exp(value) for value in point[k : 2 * k]]
    first = 1 / (1 + mpmath.exp(-point[-1])) if k == 2 else mpmath.mpf(1)
    components = list(zip([first, 1 - first][:k], scales, shapes, strict=True))

    def survival(age):
        return sum(weight * mpmath.exp(-((age / scale) ** shape)) for weight, scale, shape in components)

    def density(age):
        ratios = ((weight, age / scale, scale, shape) for weight, scale, shape in components)
        return sum(weight * shape / scale * ratio ** (shape - 1) * mpmath.exp(-(ratio**shape)) for weight, ratio, scale, shape in ratios)

    total = mpmath.mpf(0)
    entries = np.zeros(len(life)) if life.entry is None else life.entry
    for age, failed, entry, count in zip(life.durations, life.event_observed, entries, life.counts(), strict=True):
        rule = density if failed else survival
        total += float(count) * (mpmath.log(rule(mpmath.mpf(float(age)))) - mpmath.log(survival(mpmath.mpf(float(entry)))))
    return total


def differences_once(rule, point: list, step: str = "1e-10"):
    h = mpmath.mpf(step)
    return mpmath.matrix([(rule(moved(point, {i: h})) - rule(moved(point, {i: -h}))) / (2 * h) for i in range(len(point))])


def differences_twice(rule, point: list, step: str = "1e-9"):
    h, p = mpmath.mpf(step), len(point)
    hessian = mpmath.matrix(p, p)
    for i in range(p):
        for j in range(i, p):
            if i == j:
                second = (rule(moved(point, {i: h})) - 2 * rule(point) + rule(moved(point, {i: -h}))) / h**2
            else:
                corners = ((sign * other, moved(point, {i: sign * h, j: other * h})) for sign in (1, -1) for other in (1, -1))
                second = sum(sign * rule(corner) for sign, corner in corners) / (4 * h**2)
            hessian[i, j] = hessian[j, i] = second
    return hessian


def moved(point: list, by: dict) -> list:
    return [value + by.get(index, 0) for index, value in enumerate(point)]


def compare_single(name: str, reference: dict, life: sj.Lifetimes) -> Comparison:
    weibull = reference["dist"] == "weibull"
    model = (sj.Weibull() if weibull else sj.Exponential()).fit(life)
    found, error = model.parameters_, model.standard_errors_
    mu, log_sigma = reference["coef"]["(Intercept)"], reference["coef"].get("log_sigma", 0.0)
    far = np.exp(log_sigma) > FAR_BEYOND
    pairs = [(np.log(found["scale"]), mu)] if far else [(found["scale"], np.exp(mu))]
    errors = [(error["scale"] / found["scale"], reference["se"]["(Intercept)"])]
    if weibull:
        pairs.append((-np.log(found["shape"]), log_sigma) if far else (found["shape"], np.exp(-log_sigma)))
        errors.append((error["shape"] / found["shape"], reference["se"]["log_sigma"]))
    remarks = [f"sigma is {np.exp(log_sigma):.1f}: mu and log sigma compared"] if far else []
    ours, theirs = np.array(errors).T
    difference = relative(ours, theirs)
    if weibull and difference > ERRORS:
        point = [np.log(found["scale"]), np.log(found["shape"])]
        remarks.append(decide(ours, theirs, errors_in_40_digits(life, point)))
    log_likelihood = relative(model.log_likelihood_, reference["loglik"])
    return Comparison(name, len(life), log_likelihood, relative(*zip(*pairs, strict=True)), difference, "; ".join(remarks))


def compare_mixture(name: str, reference: dict, life: sj.Lifetimes) -> Comparison:
    model = sj.WeibullMixture(n_components=2).fit(life)
    found, error = model.parameters_, model.standard_errors_
    by_scale = np.argsort(reference["eta"])
    ours = np.array([[found[f"{kind}_{index}"] for index in range(2)] for kind in ("weight", "scale", "shape")])
    theirs = np.array([reference[kind] for kind in ("weights", "eta", "beta")])[:, by_scale]
    # R's own parameters are (log scale, log shape, logit of the first weight), components in the order of its search
    order = np.argsort(reference["internal_par"][:2])
    their_errors = np.array(reference["se_unconstrained"], float)
    their_errors = np.concatenate([their_errors[:2][order], their_errors[2:4][order], their_errors[4:]])
    logs = [error[f"{kind}_{index}"] / found[f"{kind}_{index}"] for kind in ("scale", "shape") for index in range(2)]
    our_errors = np.array([*logs, error["weight_0"] / np.prod(ours[0])])
    difference = relative(our_errors, their_errors)
    remark = f"{model.n_hits_} of {model.n_starts_} starts reached it"
    if difference > ERRORS:
        point = [*np.log(ours[1]), *np.log(ours[2]), np.log(ours[0, 0] / ours[0, 1])]
        remark += "; " + decide(our_errors, their_errors, errors_in_40_digits(life, point))
    log_likelihood = relative(model.log_likelihood_, reference["loglik"])
    return Comparison(name, len(life), log_likelihood, relative(ours, theirs), difference, remark)


def compare_aarset(life: sj.Lifetimes) -> tuple[Comparison, bool]:
    """Against the digits known of the polished optimum: whether all agree when rounded."""
    model = sj.WeibullMixture(n_components=2).fit(life)
    known, half_digit = AARSET_LOG_LIKELIHOOD
    agree = abs(model.log_likelihood_ - known) <= half_digit
    agree &= all(abs(model.parameters_[name] - value) <= half for name, (value, half) in AARSET.items())
    difference = relative([model.parameters_[name] for name in AARSET], [value for value, _ in AARSET.values()])
    remark = (
        f"{model.log_likelihood_:.8f}; known to 5 digits, judged to half the last; {model.n_hits_} of {model.n_starts_} starts reached it"
    )
    return Comparison("aarset:mix2, polished", len(life), relative(model.log_likelihood_, known), difference, np.nan, remark), agree


def compare_all(path: Path) -> list[tuple[Comparison, bool]]:
    results = []
    for name, reference in json.loads((path / "parametric.json").read_text()).items():
        subject, _, law = name.partition(":")
        if law not in ("weibull", "exponential") or "~" in name:
            continue
        data, _, cause = subject.rstrip("]").partition("[cause=")
        rows = read_rows(path, data)
        if rows is not None:
            comparison = compare_single(name, reference, lifetimes(rows, cause or None))
            results.append((comparison, comparison.passes()))
    mixtures = json.loads((path / "mixture_lfp.json").read_text())
    for data in ("waltons", "turbinedevice"):
        rows = read_rows(path, data)
        if rows is not None:
            comparison = compare_mixture(f"{data}:mix2", mixtures[f"{data}:mix2"], lifetimes(rows))
            results.append((comparison, comparison.passes()))
    rows = read_rows(path, "aarset")
    return results if rows is None else [*results, compare_aarset(lifetimes(rows))]


def as_markdown(results: list[tuple[Comparison, bool]]) -> str:
    failed = sum(not passed for _, passed in results)
    lines = [
        "# survjax against R: largest relative differences",
        "",
        f"Allowed: log-likelihood {LOG_LIKELIHOOD:g}, parameters {PARAMETERS:g}, standard errors {ERRORS:g}. "
        f"{len(results) - failed} of {len(results)} pass.",
        "",
        "| data and model | rows | log-likelihood | parameters | standard errors | | |",
        "|---|---:|---:|---:|---:|---|---|",
    ]
    for comparison, passed in results:
        figures = " | ".join("" if np.isnan(d) else f"{d:.1e}" for d in comparison[2:5])
        lines.append(f"| {comparison.entry} | {comparison.n_rows:,} | {figures} | {'PASS' if passed else 'FAIL'} | {comparison.remark} |")
    versions = f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}"
    return "\n".join([*lines, "", f"{os.cpu_count()} cores; {versions}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path, help="folder with parametric.json, mixture_lfp.json and csv/")
    path = parser.parse_args().path
    if not (path / "parametric.json").exists():
        raise SystemExit(f"there is no parametric.json in {path}: give the folder of the reference values.")
    results = compare_all(path)
    table = as_markdown(results)
    Path(__file__).with_suffix(".md").write_text(table)
    print(table)
    raise SystemExit(0 if all(passed for _, passed in results) else 1)


if __name__ == "__main__":
    main()
