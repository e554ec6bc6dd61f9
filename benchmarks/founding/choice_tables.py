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
ORIGIN_COLOURS = {"autodiff": "#1f4e79", "analytic": "#6fa8dc", "finite differences": "#bfbfbf"}
TABLES = ("jit", "sizes", "memory", "solvers", "errors", "twin")
COLOURS = dict(zip(LIBRARIES, ("#1f4e79", "#6fa8dc", "#c55a11", "#f4b183"), strict=True))


def write(rows: list[dict[str, Any]], script: Path) -> None:
    """``script``'s .md and .png, of what has been measured; what has not is named at the end."""
    made = [row for row in rows if "failed" not in row]
    of = {table: [row for row in made if row["cell"]["table"] == table] for table in TABLES}
    of["sizes"].sort(key=lambda row: (row["cell"]["draws"], row["cell"]["options"], row["cell"]["n"]))
    lines = ["# A mixed logit by simulated maximum likelihood", ""]
    lines += ["Seconds of a warm fit, the least of its rounds. " + _machine(), "", "## In short", ""]
    lines += beside_xlogit(of["sizes"]) + in_short(of) + [""]
    for row in of["jit"]:
        lines += jit_table(row)
    lines += size_tables(of["sizes"], of["memory"])
    for row in of["solvers"]:
        lines += solver_table(row["fits"])
    for row in of["errors"]:
        lines += error_table(row)
    for row in of["twin"]:
        lines += twin_table(row)
    lines += [f"Not measured: {row['cell']}: {row['failed']}." for row in rows if "failed" in row]
    lines += [f"![times]({script.stem}.png)"]
    script.with_suffix(".md").write_text("\n".join(lines) + "\n")
    picture(of, script.with_suffix(".png"))
    print("\n".join(lines))


def beside_xlogit(rows: list[dict[str, Any]]) -> list[str]:
    base = rows[0]["fits"]
    if "xlogit L-BFGS-B" not in base:
        return ["- xlogit was not installed."]
    ours, theirs = base["survjax Newton"], base["xlogit L-BFGS-B"]
    clock, busy = (theirs[which] / ours[which] for which in ("seconds", "busy"))
    lines = [
        f"- {_size(rows[0]['cell'])}: survjax's Newton is {clock:.1f} times as fast as xlogit's L-BFGS-B by the clock, {busy:.1f} by the "
        f"processor; the log-likelihoods are {ours['log_likelihood']:.6f} and {theirs['log_likelihood']:.6f}.",
    ]
    for name in LIBRARIES[:2]:
        ratios = [
            f"{min(each):.1f} to {max(each):.1f}"
            for which in ("seconds", "busy")
            for each in [[row["fits"][other][which] / row["fits"][name][which] for row in rows for other in LIBRARIES[2:]]]
        ]
        lines += [
            f"- Over all sizes and both of xlogit's methods {name} is {ratios[0]} times as fast by the clock, {ratios[1]} by the processor."
        ]
    others = [row["fits"][name] for row in rows for name in LIBRARIES[2:]]
    difference = max(abs(fit["log_likelihood"] - fit["same_point"]) for fit in others)
    stopped = sum(fit["reason"] != "converged" for fit in others)
    lines += [f"- At xlogit's estimates survjax's log-likelihood is xlogit's within {difference:.0e}: the same draws, the same function."]
    return [*lines, f"- Of xlogit's {len(others)} fits {stopped} say that they did not converge."]


def in_short(of: dict[str, list[dict[str, Any]]]) -> list[str]:
    lines = []
    for row in of["jit"]:
        seconds = {(origin, jit): each for origin, cells in row["seconds"].items() for jit, each in cells.items() if jit != "blocks"}
        fastest = min(seconds, key=seconds.__getitem__)
        lines += [
            f"- Fastest of the cells of table 1: {fastest[0]}, compiled: {JIT_COLUMNS[fastest[1]]}, {seconds[fastest]:.2f} s; autodiff "
            f"with both compiled {seconds['autodiff', 'both']:.2f} s, in blocks {row['seconds']['autodiff']['blocks']:.2f} s."
        ]
    for row in of["memory"]:
        cell = row["cell"]
        lines += [
            f"- {_size(cell)}: {row['seconds']:.0f} s, {row['peak_gib']:.1f} GiB at most, {row['reason']}. xlogit would hold several "
            f"arrays of {cell['n'] * (cell['options'] - 1) * cell['draws'] * 8 / 2**30:.1f} GiB each."
        ]
    reasons = [fit["reason"] for row in of["sizes"] for name, fit in row["fits"].items() if name in LIBRARIES[:2]]
    reasons += [fit["reason"] for row in of["solvers"] for fits in row["fits"].values() for fit in fits.values()]
    reasons += [row["reason"] for row in of["memory"] + of["twin"]]
    return [*lines, f"- {reasons.count('converged')} of {len(reasons)} fits of survjax converged."]


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
    remark = "*: stopped without convergence, by its own account."
    compiling = [row["compiling"] for row in rows if "compiling" in row]
    if compiling:
        remark += f" Newton's first call compiles besides, {min(compiling):.1f} to {max(compiling):.1f} s."
    return [*seconds, "", remark, "", *likelihoods, ""]


def solver_table(rows: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        "## 4. Solvers and gradients",
        "",
        "Seconds by the clock (of the processor; gradients taken; log-likelihood below the best). 10,000 persons, 21 options, 12 draws.",
        "",
    ]
    best = max(fit["log_likelihood"] for fits in rows.values() for fit in fits.values())
    for number, (method, fits) in enumerate(_fastest_first(rows)):
        if not number:
            lines += ["| solver | " + " | ".join(fits) + " |", "|---|" + "---:|" * len(fits)]
        entries = [
            f"{fit['seconds']:.2f} ({fit['busy']:.2f}; {fit['gradients']}; {best - fit['log_likelihood']:.0e}){_mark(fit)}"
            for fit in fits.values()
        ]
        lines += [f"| {_solver(method)} | " + " | ".join(entries) + " |"]
    return [*lines, ""]


def _fastest_first(rows: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(rows.items(), key=lambda item: item[1]["autodiff"]["busy"])


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
    for row in of["solvers"]:
        solvers = _fastest_first(row["fits"])[::-1]
        heights = np.arange(len(solvers))
        for index, (origin, colour) in enumerate(ORIGIN_COLOURS.items()):
            seconds = [fits[origin]["busy"] for _, fits in solvers]
            right.barh(heights + (1 - index) * 0.27, seconds, 0.25, color=colour, label=origin)
        right.set_yticks(heights, [_solver(method) for method, _ in solvers])
        right.legend(frameon=False, fontsize=9)
    right.set_title("By solver and gradient, 10,000 persons (processor)", loc="left", fontsize=11)
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
