"""The page and the picture of the mixed logit, from what was measured.

A row may have ``earlier``: measurements of the same cell that it replaced, each with its ``load`` and ``fits``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from choices import NAMES

JIT_COLUMNS = {"none": "nothing", "value": "the value", "gradient": "the gradient", "both": "both"}
OURS, THEIRS = (
    ("survjax Newton", "survjax L-BFGS-B"),
    ("xlogit L-BFGS-B", "xlogit BFGS", "xlogit L-BFGS-B, same start", "xlogit BFGS, same start"),
)
LIBRARIES = (*OURS, *THEIRS)
COLOURS = dict(zip(LIBRARIES, ("#1f4e79", "#6fa8dc", "#c55a11", "#f4b183", "#7f6000", "#d6b656"), strict=True))
ORIGIN_COLOURS = {"autodiff": "#1f4e79", "analytic": "#6fa8dc", "finite differences": "#bfbfbf"}
REACHED = 0.01  # of log-likelihood: within it two fits are at the same maximum
ASKED = 5.0  # times as fast as xlogit's L-BFGS-B, at the smallest size
TABLES = ("jit", "sizes", "memory", "solvers", "errors", "twin")
ABOUT = """\
How the spread comes in: person i's taste is mean + spread x draw. Draws are *antithetic*, each with its opposite, from a Halton sequence:
they average exactly 0, and the likelihood at -spread is that at +spread. So the sign means nothing, its size is what the tables give, and
at spread 0 the slope is 0, which is why no fit begins there.

survjax begins at 0 with a spread of 1; xlogit at a multinomial logit's estimates with a spread of 0.1, a fit that its time includes, and
once more ("same start") where survjax begins. Its times are without standard errors.
One thread for BLAS, with which xlogit's L-BFGS-B is faster, its BFGS as fast."""


def page(rows: list[dict[str, Any]], stem: str) -> str:
    """Markdown of what has been measured; what has not is named at the end."""
    of = _by_table(rows)
    machines = sorted({row["machine"] for row in rows if "machine" in row})
    busy = [row["load"] for row in rows if "load" in row]
    loads = (
        [f"Load average before each measurement: {min(busy)} to {max(busy)}, that of the measurement before it included."] if busy else []
    )
    like_others = {row["cell"]["table"] for row in rows if "load" in row and row.get("niceness", 0) >= 0}
    if loads and like_others <= {"solvers"}:
        but = " (except in part of table 4, whose seconds are longer for it)" if like_others else ""
        loads += [f"It is that of other work, which ran beside: what was measured had the highest priority{but}."]
    lines = ["# A mixed logit by simulated maximum likelihood", ""]
    lines += [
        "Seconds of a warm fit: the least of its rounds, in brackets the median. " + " ".join([*machines, *loads]),
        "",
        ABOUT,
        "",
        "## In short",
        "",
    ]
    lines += [*beside_xlogit(of["sizes"], of["memory"]), *in_short(of), ""]
    for row in of["jit"]:
        lines += jit_table(row)
    lines += size_tables(of["sizes"], of["memory"])
    for row in of["solvers"]:
        lines += solver_table(row)
    for row in of["errors"]:
        lines += error_table(row)
    for row in of["twin"]:
        lines += twin_table(row)
    lines += [f"Not measured: {row['cell']}: {row['failed']}." for row in rows if "failed" in row]
    return "\n".join([*lines, f"![times]({stem}.png)", ""])


def _by_table(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    of = {table: [row for row in rows if "failed" not in row and row["cell"]["table"] == table] for table in TABLES}
    of["sizes"].sort(key=lambda row: (row["cell"]["draws"], row["cell"]["options"], row["cell"]["n"]))
    return of


def beside_xlogit(rows: list[dict[str, Any]], memory: list[dict[str, Any]]) -> list[str]:
    # some sizes may have been measured where xlogit was not installed
    rows = [row for row in rows if THEIRS[0] in row["fits"]]
    if not rows:
        return ["- Beside xlogit: not measured (`pip install xlogit`)."]
    ours, theirs = (rows[0]["fits"][name] for name in (OURS[0], THEIRS[0]))
    median, least, busy = (theirs[which] / ours[which] for which in ("median", "seconds", "busy"))
    before = [f"{_ratio(row, OURS[0], THEIRS[0]):.1f}" for row in rows[0].get("earlier", [])]
    lines = [
        f"- {_size(rows[0]['cell'])}: survjax's Newton is {median:.1f} times as fast as xlogit's L-BFGS-B by the medians "
        f"({least:.1f} by the least, {busy:.1f} by the processor's seconds"
        + (f"; by the medians of measurements before {' and '.join(before)}" if before else "")
        + f"). Asked: {ASKED:g}; {'reached' if median >= ASKED else 'missed'}. "
        f"Log-likelihoods: {ours['log_likelihood']:.6f} and {theirs['log_likelihood']:.6f}."
    ]
    lines += [_verdict(name, [*rows, *_as_sizes(memory)]) for name in OURS]
    lines += _measured_again(rows)
    others = [row["fits"][name] for row in rows for name in THEIRS]
    difference = max(abs(fit["log_likelihood"] - fit["same_point"]) for fit in others)
    lines += [f"- At xlogit's estimates survjax's log-likelihood is xlogit's within {difference:.0e}: the same draws, the same function."]
    for names, where in ((THEIRS[:2], "from its own start"), (THEIRS[2:], "from survjax's start")):
        each = [(row["fits"][name], row["fits"][OURS[0]]["log_likelihood"]) for row in rows for name in names]
        stopped = sum(fit["reason"] != "converged" for fit, _ in each)
        short = sum(best - fit["log_likelihood"] > REACHED for fit, best in each)
        lines += [
            f"- Of xlogit's {len(each)} fits {where}, {stopped} say that they did not converge; {short} end more than {REACHED} below "
            "Newton."
        ]
    return lines


def _verdict(ours: str, rows: list[dict[str, Any]]) -> str:
    """Whether every row of table 2 has ``ours`` ahead of xlogit: of all that xlogit did, and of what got to the maximum."""
    pairs = [(row, theirs) for row in rows for theirs in THEIRS if ours in row["fits"] and theirs in row["fits"]]
    best = {id(row): max(fit["log_likelihood"] for fit in row["fits"].values()) for row in rows}
    at_top = [(row, theirs) for row, theirs in pairs if best[id(row)] - row["fits"][theirs]["log_likelihood"] <= REACHED]
    behind = _behind(ours, pairs)
    return (
        f"- Table 2: {ours} is {_range(ours, pairs)} times as fast as xlogit, by the medians. Asked: faster in every row; "
        + (f"missed in {len(behind)} of {len(pairs)}: {'; '.join(behind)}. " if behind else f"reached in all {len(pairs)}. ")
        + f"Beside those fits of xlogit alone that got within {REACHED} of the best log-likelihood it is {_range(ours, at_top)} times as "
        f"fast, and slower in {len(_behind(ours, at_top))} of {len(at_top)}."
    )


def _range(ours: str, pairs: list[tuple[dict[str, Any], str]]) -> str:
    ratios = [_ratio(row, ours, theirs) for row, theirs in pairs]
    return f"{min(ratios):.2f} to {max(ratios):.1f}"


def _behind(ours: str, pairs: list[tuple[dict[str, Any], str]]) -> list[str]:
    ratios = [(_ratio(row, ours, theirs), row, theirs) for row, theirs in pairs]
    return [f"{_size(row['cell'])}, {theirs} ({ratio:.2f})" for ratio, row, theirs in ratios if ratio <= 1]


def _as_sizes(memory: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fits of the largest size, each of a process of its own, as one row of table 2."""
    return [{"cell": memory[0]["cell"], "fits": {row["cell"]["by"]: row for row in memory}}] if memory else []


def _measured_again(rows: list[dict[str, Any]]) -> list[str]:
    before = [earlier for row in rows for earlier in row.get("earlier", [])]
    if not before:
        return []
    again = sum("earlier" in row for row in rows)
    ratios = [_ratio(row, OURS[0], theirs) for row in before for theirs in THEIRS]
    loads = [row["load"] for row in before]
    return [
        f"- {again} of the {len(rows)} sizes of table 2 fitted in turn were measured more than once, since other work disturbed them; the "
        f"last is what stands. In those before (load {min(loads)} to {max(loads)}) Newton was {min(ratios):.2f} to {max(ratios):.1f} times "
        f"as fast as xlogit, slower in {sum(ratio <= 1 for ratio in ratios)} of {len(ratios)}."
    ]


def _ratio(row: dict[str, Any], ours: str, theirs: str) -> float:
    ratio: float = row["fits"][theirs]["median"] / row["fits"][ours]["median"]
    return ratio


def in_short(of: dict[str, list[dict[str, Any]]]) -> list[str]:
    lines = []
    for row in of["jit"]:
        median = {(origin, jit): fits[jit]["median"] for origin, fits in row["fits"].items() for jit in JIT_COLUMNS}
        fastest = min(median, key=median.__getitem__)
        lines += [
            f"- Fastest of the cells of table 1: {fastest[0]}, compiled: {JIT_COLUMNS[fastest[1]]}, {median[fastest]:.2f} s; autodiff with "
            f"both compiled {median['autodiff', 'both']:.2f} s, in blocks {row['fits']['autodiff']['blocks']['median']:.2f} s (medians)."
        ]
    for row in of["memory"]:
        remark = "" if row["cell"]["by"] == OURS[0] else ", in batches of draws, since each of its arrays is 3.7 GiB otherwise"
        lines += [
            f"- {_size(row['cell'])}, {row['cell']['by']}{remark}: {row['seconds']:.0f} s, {row['peak_gib']:.1f} GiB at most "
            f"(asked of survjax: 8), log-likelihood {row['log_likelihood']:.4f}, {row['reason']}."
        ]
    reasons = [row["fits"][name]["reason"] for row in of["sizes"] for name in OURS]
    reasons += [fit["reason"] for row in of["solvers"] + of["jit"] for fits in row["fits"].values() for fit in fits.values()]
    reasons += [row["reason"] for row in of["memory"] + of["twin"] if row["cell"].get("by") != THEIRS[0]]
    return [*lines, f"- {reasons.count('converged')} of {len(reasons)} fits of survjax converged."]


def jit_table(row: dict[str, Any]) -> list[str]:
    lines = ["## 1. Gradient and compiling", ""]
    lines += [
        f"A fit by SciPy's L-BFGS-B: {_size(row['cell'])}; all persons in one array, as one writes it first; last column in blocks.",
        "",
    ]
    lines += ["| gradient | compiled: " + " | ".join(JIT_COLUMNS.values()) + " | both, in blocks |", "|---|" + "---:|" * 5]
    for origin, fits in row["fits"].items():
        lines += [f"| {origin} | " + " | ".join(_seconds(fits[jit]) for jit in (*JIT_COLUMNS, "blocks")) + " |"]
    slower = [origin for origin, fits in row["fits"].items() if fits["blocks"]["median"] > fits["both"]["median"]]
    if slower == ["finite differences"]:
        lines += [
            "",
            "Finite differences take longer in blocks: they ask for values alone, and it is derivatives whose memory blocks spare.",
        ]
    return [*lines, ""]


def size_tables(rows: list[dict[str, Any]], memory: list[dict[str, Any]]) -> list[str]:
    names = _measured(rows)
    head = ["| persons, options, draws | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    seconds = ["## 2. Seconds by size", "", head[0] + " Newton faster than xlogit by |", head[1] + "---:|"]
    busy = ["The same in seconds of the processor, all cores together, the least of the rounds:", "", *head]
    likelihoods = ["## 3. Log-likelihood by size", "", "In brackets the spread, its size.", "", *head]
    for row in rows:
        fits, size = row["fits"], _size(row["cell"])
        ratios = [_ratio(row, OURS[0], name) for name in names[2:] if name in fits]
        faster = f"{min(ratios):.1f} to {max(ratios):.1f}" if ratios else ""
        seconds += [f"| {size} | " + " | ".join(_seconds(fits[name]) if name in fits else "" for name in names) + f" | {faster} |"]
        busy += [f"| {size} | " + " | ".join(f"{fits[name]['busy']:.2f}" if name in fits else "" for name in names) + " |"]
        likelihoods += [f"| {size} | " + " | ".join(_likelihood(fits[name]) if name in fits else "" for name in names) + " |"]
    if memory:
        made = {row["cell"]["by"]: row for row in memory}
        size = _size(memory[0]["cell"])
        ratio = f"{made[THEIRS[0]]['median'] / made[OURS[0]]['median']:.2f}" if len(made) == 2 else ""
        seconds += [f"| {size} | " + " | ".join(_seconds(made[name]) if name in made else "" for name in names) + f" | {ratio} |"]
        likelihoods += [f"| {size} | " + " | ".join(_likelihood(made[name]) if name in made else "" for name in names) + " |"]
    remark = (
        "*: stopped without convergence, by its own account. Without brackets: fitted once. Last column: xlogit's medians over Newton's."
    )
    compiling = [row["compiling"] for row in rows]
    if compiling:
        remark += f" Newton's first call compiles besides, {min(compiling):.1f} to {max(compiling):.1f} s."
    return [*seconds, "", remark, "", *busy, "", *likelihoods, ""]


def _measured(rows: list[dict[str, Any]]) -> list[str]:
    return [name for name in LIBRARIES if any(name in row["fits"] for row in rows)]


def solver_table(row: dict[str, Any]) -> list[str]:
    rows = row["fits"]
    lines = ["## 4. Solvers and gradients", ""]
    lines += [f"Seconds (median; gradients taken; log-likelihood below the best). {_size(row['cell'])}.", ""]
    best = max(fit["log_likelihood"] for fits in rows.values() for fit in fits.values())
    for number, (method, fits) in enumerate(_fastest_first(rows)):
        if not number:
            lines += ["| solver | " + " | ".join(fits) + " |", "|---|" + "---:|" * len(fits)]
        entries = [
            f"{fit['seconds']:.2f} ({fit['median']:.2f}; {fit['gradients']}; {best - fit['log_likelihood']:.0e}){_mark(fit)}"
            for fit in fits.values()
        ]
        lines += [f"| {_solver(method)} | " + " | ".join(entries) + " |"]
    return [*lines, ""]


def _fastest_first(rows: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(rows.items(), key=lambda item: item[1]["autodiff"]["median"])


def _solver(method: str) -> str:
    return "survjax's Newton" if method == "newton" else method


def error_table(row: dict[str, Any]) -> list[str]:
    found = row["rows"]
    columns = [name for name in found if not name.endswith("error")]
    lines = ["## Estimates and standard errors", "", f"{_size(row['cell'])}, all from survjax's start. In brackets the standard error.", ""]
    lines += ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name in NAMES:
        entries = [
            f"{found[column][name]:.4f}" + (f" ({found[f'{column} error'][name]:.4f})" if f"{column} error" in found else "")
            for column in columns
        ]
        lines += [f"| {name} | " + " | ".join(entries) + " |"]
    times = ", ".join(f"{name} {_seconds(seconds)} s" for name, seconds in row["times"].items())
    lines += [
        "",
        "survjax: inverse of the exact Hessian. xlogit after L-BFGS-B: inverse of a Hessian by differences; after BFGS: inverse of the "
        "summed outer products of gradients (BHHH), which is another estimate of the same errors.",
    ]
    for column in columns[2:]:
        off = max(abs(found[f"{column} error"][name] / found["survjax error"][name] - 1) for name in NAMES)
        lines += ["", f"The standard errors of {column} are survjax's within {off:.1e} of each."]
    return [*lines, "", f"Fit and standard errors together: {times}.", ""]


def twin_table(row: dict[str, Any]) -> list[str]:
    found = row["rows"]
    lines = ["## The time-to-event twin", "", f"A discrete-time hazard with a random coefficient of the load: {row['cell']['n']:,} units, "]
    lines[-1] += (
        f"{row['cell']['periods']} periods, {row['cell']['draws']} draws; {_seconds(row)} s, {row['steps']} steps, {row['reason']}. "
        "Only the rule for a row is another."
    )
    lines += ["", "| | truth | estimate | standard error | off by, in errors |", "|---|---:|---:|---:|---:|"]
    for name, truth in found["truth"].items():
        estimate, error = found["survjax"][name], found["survjax error"][name]
        lines += [f"| {name} | {truth} | {estimate:.4f} | {error:.4f} | {(estimate - truth) / error:.1f} |"]
    return [*lines, ""]


def picture(rows: list[dict[str, Any]], path: Path) -> None:
    of = _by_table(rows)
    figure, (left, right) = plt.subplots(1, 2, figsize=(13.0, 4.8), layout="constrained", width_ratios=[3, 2])
    sizes = of["sizes"]
    names = _measured(sizes)
    width = 0.84 / max(len(names), 1)
    for index, name in enumerate(names):
        places = np.arange(len(sizes)) + (index - (len(names) - 1) / 2) * width
        heights = [row["fits"][name]["median"] if name in row["fits"] else np.nan for row in sizes]
        left.bar(places, heights, 0.94 * width, color=COLOURS[name], label=name)
    ticks = [f"{row['cell']['n'] // 1000:,}k\n{row['cell']['options']}\n{row['cell']['draws']}" for row in sizes]
    left.set_xticks(np.arange(len(sizes)), ticks)
    # what the three lines of numbers are stands left of the first, on the same lines
    left.annotate("persons\noptions\ndraws", (0, 0), (-8, -4), xycoords="axes fraction", textcoords="offset points", ha="right", va="top")
    left.set_title("A fit by size", loc="left", fontsize=11)
    left.legend(frameon=False, fontsize=9, ncols=3, loc="upper left")
    for row in of["solvers"]:
        solvers = _fastest_first(row["fits"])[::-1]
        heights = np.arange(len(solvers))
        for index, (origin, colour) in enumerate(ORIGIN_COLOURS.items()):
            seconds = [fits[origin]["median"] for _, fits in solvers]
            right.barh(heights + (1 - index) * 0.27, seconds, 0.25, color=colour, label=origin)
        right.set_yticks(heights, [_solver(method) for method, _ in solvers])
        # above the axes: bars may be long in any place
        right.legend(frameon=False, fontsize=9, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.0)
        right.set_title(f"By solver and gradient, {row['cell']['n']:,} persons", loc="left", fontsize=11, pad=22)
    for ax, axis in ((left, "y"), (right, "x")):
        ax.set(**{f"{axis}scale": "log", f"{axis}label": "seconds, warm, median"})
        # bars on a logarithmic axis begin at a whole decade; room for the legend above the longest
        low, high = getattr(ax, f"get_{axis}lim")()
        getattr(ax, f"set_{axis}lim")(10 ** np.floor(np.log10(low)), high * (5 if axis == "y" else 1))
        getattr(ax, f"{axis}axis").set_major_formatter("{x:g}")
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _size(cell: dict[str, Any]) -> str:
    return f"{cell['n']:,} persons, {cell['options']} options, {cell['draws']} draws"


def _seconds(fit: dict[str, Any]) -> str:
    brackets = f" ({fit['median']:.2f})" if fit["rounds"] > 1 else ""
    return f"{fit['seconds']:.2f}{brackets}{_mark(fit)}"


def _likelihood(fit: dict[str, Any]) -> str:
    return f"{fit['log_likelihood']:,.4f} ({fit['spread']:.3f})"


def _mark(fit: dict[str, Any]) -> str:
    return "" if fit.get("reason", "converged") == "converged" else " *"
