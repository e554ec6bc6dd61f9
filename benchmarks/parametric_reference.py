"""Parametric fits held against values from R, to the last digits that both can answer for.

    python benchmarks/parametric_reference.py [PATH]     writes benchmarks/parametric_reference.md and prints the table

PATH, ../shared/reference unless told otherwise, is a folder with ``parametric.json`` and ``mixture_lfp.json`` (fits by R's survival
package and by hand-written R likelihoods polished by Newton) and ``csv/`` with the data, columns lower, upper, entry, rtrunc, weight.
Taken are all entries without covariates: Weibull, exponential, lognormal and log-logistic fits to rows of any kind, mixtures of two
Weibulls, and limited failure populations with their profile-likelihood limits.

Compared are the log-likelihood; the location and scale of log time, exp(mu) and sigma, as the parameters of the law that they are
(Weibull scale exp(mu), shape 1 / sigma); and the standard errors of mu and log sigma (of a mixture: of log scale, log shape and the logit
of the weight). Where sigma is more than 2 the scale lies far beyond the data, and mu and log sigma are compared in its place.

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
from scipy.optimize import brentq
from scipy.stats import chi2

import survjax as sj

try:
    import mpmath
except ImportError:
    mpmath = None
    print("mpmath is not installed, so nothing decides where standard errors differ: pip install mpmath")

LOG_LIKELIHOOD, PARAMETERS, ERRORS, LIMITS = ALLOWED = 1e-8, 1e-6, 1e-5, 1e-5  # relative differences
FAR_BEYOND = 2.0  # sigma
CUT = 100.0  # hours: where the study of integrated circuits of 1,370 hours is cut for the entries called lfp100
LAWS = {"weibull": sj.Weibull, "exponential": sj.Exponential, "lognormal": sj.LogNormal, "loglogistic": sj.LogLogistic}

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
    limits: float = np.nan
    remark: str = ""

    def passes(self) -> bool:
        return all(np.isnan(difference) or difference <= allowed for difference, allowed in zip(self[2:6], ALLOWED, strict=True))


def relative(ours, reference) -> float:
    ours, reference = np.asarray(ours, float), np.asarray(reference, float)
    return float(np.max(np.abs(ours - reference) / np.abs(reference)))


def lifetimes(rows: pd.DataFrame, cause: str | None = None) -> sj.Lifetimes:
    upper = rows.upper if cause is None else np.where(rows["mode"] == cause, rows.upper, np.inf)
    entry = rows.entry if rows.entry.any() else None
    return sj.Lifetimes.from_intervals(rows.lower, upper, entry=entry, weights=rows.weight)


def read(path: Path, data: str, cause: str | None = None) -> sj.Lifetimes:
    return lifetimes(pd.read_csv(path / "csv" / f"{data}.csv"), cause)


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


def location_scale(model: sj.Model) -> tuple[np.ndarray, np.ndarray]:
    """Location and log scale of log time, and their standard errors; of an exponential the location only."""
    found, error = model.parameters_, model.standard_errors_
    if "location" in found:
        return np.array([found["location"], np.log(found["scale"])]), np.array([error["location"], error["scale"] / found["scale"]])
    names = [name for name in ("scale", "shape") if error.get(name, 0.0) > 0.0]
    sign = np.array([1.0, -1.0][: len(names)])
    return sign * np.log(found[names].to_numpy()), (error[names] / found[names]).to_numpy()


def difference_of_laws(ours: np.ndarray, mu: float, log_sigma: float) -> tuple[float, str]:
    """The larger relative difference of exp(mu) and sigma, or of mu and log sigma where exp(mu) lies far beyond the data."""
    theirs = np.array([mu, log_sigma][: len(ours)])
    if np.exp(log_sigma) > FAR_BEYOND:
        return relative(ours, theirs), f"sigma is {np.exp(log_sigma):.1f}: mu and log sigma compared"
    return relative(np.exp(ours), np.exp(theirs)), ""


def compare_single(name: str, reference: dict, life: sj.Lifetimes) -> Comparison:
    model = LAWS[reference["dist"]]().fit(life)
    ours, errors = location_scale(model)
    mu, log_sigma = reference["coef"]["(Intercept)"], reference["coef"].get("log_sigma", 0.0)
    difference, remark = difference_of_laws(ours, mu, log_sigma)
    their_errors = np.array([reference["se"][name] for name in ("(Intercept)", "log_sigma")[: len(ours)]])
    remarks = [remark] if remark else []
    if relative(errors, their_errors) > ERRORS:
        written = reference["dist"] == "weibull" and life.is_plain()
        point = [ours[0], -ours[-1]]
        remarks.append(decide(errors, their_errors, errors_in_40_digits(life, point) if written else None))
    log_likelihood = relative(model.log_likelihood_, reference["loglik"])
    return Comparison(name, len(life), log_likelihood, difference, relative(errors, their_errors), remark="; ".join(remarks))


def profile_limit(law: type[sj.Model], life: sj.Lifetimes, model: sj.Model, theirs: float) -> float:
    """The 95 % limit of the fraction on the side of theirs, from fits with the fraction known; 1 where no fraction is refused there."""
    fraction = model.parameters_["fraction_failing"]

    def refused(known: float) -> float:
        profile = sj.DefectiveSubpopulation(law(), fraction_failing=known).fit(life).log_likelihood_
        return 2.0 * (model.log_likelihood_ - profile) - chi2.ppf(0.95, 1)

    end = 1.0 if theirs > fraction else 1e-2 * fraction
    return end if refused(end) < 0.0 else brentq(refused, fraction, end, xtol=1e-12)


def compare_limited(name: str, reference: dict, life: sj.Lifetimes) -> Comparison:
    """A limited failure population: the fraction that can fail, with its profile-likelihood limits, and the law of those that do."""
    law = LAWS[reference["dist"]]
    model = sj.DefectiveSubpopulation(law()).fit(life)
    fraction, error = model.parameters_["fraction_failing"], model.standard_errors_["fraction_failing"]
    ours, errors = location_scale(model)
    difference, remark = difference_of_laws(ours, reference["mu"], np.log(reference["sigma"]))
    their_errors = np.array([reference["se_p"], reference["se_mu"], reference["se_sigma"] / reference["sigma"]])
    limits = [(profile_limit(law, life, model, limit), limit) for limit in reference["profile_ci95_p"]]
    return Comparison(
        name,
        len(life),
        relative(model.log_likelihood_, reference["loglik"]),
        max(difference, relative(fraction, reference["p"])),
        relative([error, *errors], their_errors),
        relative(*zip(*limits, strict=True)),
        remark,
    )


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
    return Comparison(name, len(life), log_likelihood, relative(ours, theirs), difference, remark=remark)


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
    return Comparison("aarset:mix2, polished", len(life), relative(model.log_likelihood_, known), difference, np.nan, remark=remark), agree


def compare_all(path: Path) -> list[tuple[Comparison, bool]]:
    results = []
    for name, reference in json.loads((path / "parametric.json").read_text()).items():
        if "~" not in name:
            data, _, cause = name.partition(":")[0].rstrip("]").partition("[cause=")
            results.append(compare_single(name, reference, read(path, data, cause or None)))
    several = json.loads((path / "mixture_lfp.json").read_text())
    results += [compare_mixture(f"{data}:mix2", several[f"{data}:mix2"], read(path, data)) for data in ("waltons", "turbinedevice")]
    rows = pd.read_csv(path / "csv" / "lfp1370.csv")
    early = rows.assign(lower=rows.lower.clip(upper=CUT), upper=np.where(rows.upper <= CUT, rows.upper, np.inf))
    for name, reference in several.items():
        if ":lfp_" in name:
            results.append(compare_limited(name, reference, lifetimes(early if name.startswith("lfp100:") else rows)))
    return [*((comparison, comparison.passes()) for comparison in results), compare_aarset(read(path, "aarset"))]


def as_markdown(results: list[tuple[Comparison, bool]]) -> str:
    failed = sum(not passed for _, passed in results)
    lines = [
        "# survjax against R: largest relative differences",
        "",
        f"Allowed: log-likelihood {LOG_LIKELIHOOD:g}, parameters {PARAMETERS:g}, standard errors {ERRORS:g}, profile limits {LIMITS:g}. "
        f"{len(results) - failed} of {len(results)} pass.",
        "",
        "| data and model | rows | log-likelihood | parameters | standard errors | profile limits | | |",
        "|---|---:|---:|---:|---:|---:|---|---|",
    ]
    for comparison, passed in results:
        figures = " | ".join("" if np.isnan(d) else f"{d:.1e}" for d in comparison[2:6])
        lines.append(f"| {comparison.entry} | {comparison.n_rows:,} | {figures} | {'PASS' if passed else 'FAIL'} | {comparison.remark} |")
    versions = f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}"
    return "\n".join([*lines, "", f"{os.cpu_count()} cores; {versions}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path("../shared/reference"), help="folder with parametric.json, mixture_lfp.json and csv/"
    )
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
