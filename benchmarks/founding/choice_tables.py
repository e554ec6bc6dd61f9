"""The tables and the picture of the mixed logit, from what was measured."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from choices import NAMES

JIT_COLUMNS = {"none": "nothing", "value": "the value", "gradient": "the gradient", "both": "both"}
LIBRARIES = ("survjax Newton", "survjax L-BFGS-B", "xlogit L-BFGS-B", "xlogit BFGS")
COLOURS = dict(zip(LIBRARIES, ("#1f4e79", "#6fa8dc", "#c55a11", "#f4b183"), strict=True))


def write(rows: list[dict[str, Any]], script: Path) -> None:
    """``script``'s .md and .png."""
    of = {
        table: [row for row in rows if row["cell"]["table"] == table] for table in ("jit", "sizes", "memory", "solvers", "errors", "twin")
    }
    lines = ["# A mixed logit by simulated maximum likelihood", ""]
    lines += ["Seconds of a warm fit, the least of its rounds. " + _machine(), ""]
    lines += verdict(of) + jit_table(of["jit"][0]) + size_tables(of["sizes"], of["memory"]) + solver_table(of["solvers"][0]["fits"])
    lines += error_table(of["errors"][0]) + twin_table(of["twin"][0])
    lines += [f"![times]({script.stem}.png)"]
    script.with_suffix(".md").write_text("\n".join(lines) + "\n")
    picture(of, script.with_suffix(".png"))
    print("\n".join(lines))


def verdict(of: dict[str, list[dict[str, Any]]]) -> list[str]:
    base = of["sizes"][0]["fits"]
    lines = ["## In short", ""]
    if "xlogit L-BFGS-B" in base:
        ours, theirs = base["survjax Newton"], base["xlogit L-BFGS-B"]
        clock, busy = (theirs[which] / ours[which] for which in ("seconds", "busy"))
        lines += [
            f"- 10,000 persons, 21 options, 12 draws: survjax's Newton is {clock:.1f} times as fast as xlogit's L-BFGS-B by the clock, "
            f"{busy:.1f} times by the processor; the log-likelihoods are {ours['log_likelihood']:.6f} and {theirs['log_likelihood']:.6f}.",
        ]
        for name in LIBRARIES[:2]:
            ahead = [
                min(f["seconds"] for n, f in row["fits"].items() if n.startswith("xlogit")) / row["fits"][name]["seconds"]
                for row in of["sizes"]
            ]
            alike = [row["fits"]["xlogit L-BFGS-B"]["seconds"] / row["fits"][name]["seconds"] for row in of["sizes"]]
            lines += [
                f"- Over all sizes {name} is {min(alike):.1f} to {max(alike):.1f} times as fast as xlogit's L-BFGS-B, {min(ahead):.1f} to "
                f"{max(ahead):.1f} as the faster of xlogit's two methods."
            ]
        theirs_all = [fit for row in of["sizes"] for name, fit in row["fits"].items() if name.startswith("xlogit")]
        differences = [abs(fit["log_likelihood"] - fit["same_point"]) for fit in theirs_all]
        stopped = sum(fit["reason"] != "converged" for fit in theirs_all)
        lines += [
            f"- At xlogit's estimates survjax's log-likelihood differs from xlogit's by at most {max(differences):.1g}. Of xlogit's "
            f"{len(theirs_all)} fits {stopped} say that they did not converge.",
        ]
    seconds = {(origin, jit): each for origin, row in of["jit"][0]["seconds"].items() for jit, each in row.items() if jit != "blocks"}
    fastest = min(seconds, key=seconds.__getitem__)
    where = f"{fastest[0]}, compiled: {JIT_COLUMNS[fastest[1]]}"
    auto = seconds["autodiff", "both"]
    lines += [f"- Fastest of the cells of table 1: {where}, {seconds[fastest]:.2f} s; autodiff with both compiled {auto:.2f} s."]
    for row in of["memory"]:
        lines += [
            f"- {_size(row['cell'])}: {row['seconds']:.0f} s, {row['peak_gib']:.1f} GiB at most, {row['reason']}. xlogit would hold "
            f"several arrays of {row['cell']['n'] * (row['cell']['options'] - 1) * row['cell']['draws'] * 8 / 2**30:.1f} GiB each."
        ]
    reasons = [fit["reason"] for row in of["sizes"] for name, fit in row["fits"].items() if not name.startswith("xlogit")]
    reasons += [fit["reason"] for fits in of["solvers"][0]["fits"].values() for fit in fits.values()]
    reasons += [row["reason"] for row in of["memory"]]
    return [*lines, f"- {reasons.count('converged')} of {len(reasons)} fits of survjax converged.", ""]


def jit_table(row: dict[str, Any]) -> list[str]:
    lines = ["## 1. Gradient and compiling", ""]
    lines += [
        "Seconds of the first ten steps of SciPy's L-BFGS-B: 10,000 persons, 21 options, 12 draws; all persons in one array, as one "
        "writes it first; last column in blocks.",
        "",
    ]
    lines += ["| gradient | compiled: " + " | ".join(JIT_COLUMNS.values()) + " | both, in blocks |", "|---|" + "---:|" * 5]
    for origin, seconds in row["seconds"].items():
        lines += [f"| {origin} | " + " | ".join(f"{seconds[jit]:.2f}" for jit in (*JIT_COLUMNS, "blocks")) + " |"]
    return [*lines, ""]


def size_tables(rows: list[dict[str, Any]], memory: list[dict[str, Any]]) -> list[str]:
    names = [name for name in LIBRARIES if name in rows[0]["fits"]]
    head = ["| persons, options, draws | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    seconds = ["## 2. Seconds by size", "", "By the clock, and in brackets of the processor (all cores together).", "", *head]
    likelihoods = [
        "## 3. Log-likelihood by size",
        "",
        "A spread whose sign came out negative is the same fit. In brackets what it is.",
        "",
        *head,
    ]
    for row in rows:
        fits = row["fits"]
        seconds += [f"| {_size(row['cell'])} | " + " | ".join(_seconds(fits[name]) for name in names) + " |"]
        likelihoods += [
            f"| {_size(row['cell'])} | "
            + " | ".join(f"{fits[name]['log_likelihood']:,.4f} ({fits[name]['spread']:.3f})" for name in names)
            + " |"
        ]
    for row in memory:
        seconds += [f"| {_size(row['cell'])} | {row['seconds']:.1f} |" + " not run |" * (len(names) - 1)]
        likelihoods += [f"| {_size(row['cell'])} | {row['log_likelihood']:,.4f} ({row['spread']:.3f}) |" + " not run |" * (len(names) - 1)]
    compiling = ", ".join(f"{_size(row['cell'])}: {row['fits']['survjax Newton']['compiling']:.1f} s" for row in rows)
    remark = "*: stopped without convergence, by its own account. Newton's first call compiles besides (" + compiling + ")."
    return [*seconds, "", remark, "", *likelihoods, ""]


def solver_table(rows: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        "## 4. Solvers and gradients",
        "",
        "Seconds (gradients taken; log-likelihood below the best). 10,000 persons, 21 options, 12 draws.",
        "",
    ]
    best = max(fit["log_likelihood"] for fits in rows.values() for fit in fits.values())
    for number, (method, fits) in enumerate(_fastest_first(rows)):
        if not number:
            lines += ["| solver | " + " | ".join(fits) + " |", "|---|" + "---:|" * len(fits)]
        entries = [f"{fit['seconds']:.2f} ({fit['gradients']}; {best - fit['log_likelihood']:.0e}){_mark(fit)}" for fit in fits.values()]
        lines += [f"| {_solver(method)} | " + " | ".join(entries) + " |"]
    return [*lines, ""]


def _fastest_first(rows: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(rows.items(), key=lambda item: item[1]["autodiff"]["seconds"])


def _solver(method: str) -> str:
    return "survjax's Newton" if method == "newton" else method


def error_table(row: dict[str, Any]) -> list[str]:
    found = row["rows"]
    columns = [name for name in found if not name.endswith("error")]
    lines = ["## Estimates and standard errors", "", "In brackets the standard error.", ""]
    lines += ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name in NAMES:
        entries = [
            f"{found[column][name]:.4f}" + (f" ({found[f'{column} error'][name]:.4f})" if f"{column} error" in found else "")
            for column in columns
        ]
        lines += [f"| {name} | " + " | ".join(entries) + " |"]
    times = ", ".join(f"{name} {seconds['seconds']:.2f} s" for name, seconds in row["seconds"].items())
    lines += [
        "",
        "survjax: inverse of the exact Hessian. xlogit after L-BFGS-B: inverse of a Hessian by differences; after BFGS: inverse of the",
    ]
    return [*lines, f"summed outer products of gradients (BHHH). Fit and standard errors together: {times}.", ""]


def twin_table(row: dict[str, Any]) -> list[str]:
    found = row["rows"]
    lines = ["## The time-to-event twin", "", f"A discrete-time hazard with a random coefficient of the load: {row['cell']['n']:,} units, "]
    lines[-1] += (
        f"{row['cell']['periods']} periods, {row['cell']['draws']} draws; {row['seconds']:.2f} s, {row['steps']} steps, {row['reason']}."
    )
    lines += ["", "| | truth | estimate | standard error | off by, in errors |", "|---|---:|---:|---:|---:|"]
    for name, truth in found["truth"].items():
        estimate, error = found["survjax"][name], found["survjax error"][name]
        lines += [f"| {name} | {truth} | {estimate:.4f} | {error:.4f} | {(estimate - truth) / error:.1f} |"]
    return [*lines, ""]


def picture(of: dict[str, list[dict[str, Any]]], path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(13.0, 4.8), layout="constrained", width_ratios=[3, 2])
    names = [name for name in LIBRARIES if name in of["sizes"][0]["fits"]]
    places = np.arange(len(of["sizes"]))
    for index, name in enumerate(names):
        left.bar(
            places + (index - (len(names) - 1) / 2) * 0.2,
            [row["fits"][name]["seconds"] for row in of["sizes"]],
            0.19,
            color=COLOURS[name],
            label=name,
        )
    left.set_xticks(places, [_size(row["cell"]).replace(", ", "\n") for row in of["sizes"]], fontsize=8)
    left.set_title("A fit by persons, options and draws", loc="left", fontsize=11)
    left.legend(frameon=False, fontsize=9, ncols=2, loc="upper left")
    solvers = _fastest_first(of["solvers"][0]["fits"])[::-1]
    heights = np.arange(len(solvers))
    for index, (origin, colour) in enumerate(
        zip(("autodiff", "analytic", "finite differences"), ("#1f4e79", "#6fa8dc", "#bfbfbf"), strict=True)
    ):
        seconds = [fits[origin]["seconds"] for _, fits in solvers]
        right.barh(heights + (1 - index) * 0.27, seconds, 0.25, color=colour, label=origin)
    right.set_yticks(heights, [_solver(method) for method, _ in solvers])
    right.set_title("By solver and gradient, 10,000 persons", loc="left", fontsize=11)
    right.legend(frameon=False, fontsize=9)
    for ax, axis in ((left, "y"), (right, "x")):
        ax.set(**{f"{axis}scale": "log", f"{axis}label": "seconds, warm"})
        # bars on a logarithmic axis begin at a whole decade; room for the legend above the longest
        low, high = getattr(ax, f"get_{axis}lim")()
        getattr(ax, f"set_{axis}lim")(10 ** np.floor(np.log10(low)), high * (4 if axis == "y" else 1))
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _size(cell: dict[str, Any]) -> str:
    return f"{cell['n']:,} persons, {cell['options']} options, {cell['draws']} draws"


def _seconds(fit: dict[str, Any]) -> str:
    return f"{fit['seconds']:.2f} ({fit['busy']:.2f}){_mark(fit)}"


def _mark(fit: dict[str, Any]) -> str:
    return "" if fit["reason"] == "converged" else " *"


def _machine() -> str:
    found = []
    for name in ("jax", "scipy", "numpy", "xlogit"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return f"{os.cpu_count()} cores, 24 GB, shared with other work; {', '.join(found)}."
