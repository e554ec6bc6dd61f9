"""What every law does with data that are hardly any: ``existence.md``.

Each outcome must be a finite fit, or ``NoFiniteMaximum`` with its reason; anything else is counted as open.
    python benchmarks/existence.py            runs all (some minutes: most of it compiles) and writes benchmarks/existence.md
    python benchmarks/existence.py Gamma      prints what one law does
"""

import argparse
import platform
import re
import warnings
from pathlib import Path

import jax
import numpy as np

import survjax as sj
from survjax.distributions import LAWS


def plain(durations, failed=None, **more):
    return sj.Lifetimes(np.array(durations, float), failed, **more)


def between(lower, upper, **more):
    return sj.Lifetimes.from_intervals(np.array(lower, float), np.array(upper, float), **more)


INF = np.inf
POWER_LAW = 4.0 * np.array([0.05, 0.6, 0.7, 0.8, 0.9])
DATA = {
    "one failure": plain([5]),
    "one failure, one stopped before": plain([5, 3], [1, 0]),
    "one failure, one ran on": plain([5, 8], [1, 0]),
    "one failure, stopped before and after": plain([5, 3, 8], [1, 0, 0]),
    "two failures": plain([5, 8]),
    "two failures, one ran on": plain([5, 8, 9], [1, 1, 0]),
    "two failures nearly alike": plain([5, 5.001]),
    "one age tied": plain([5, 5, 5, 3], [1, 1, 1, 0]),
    "one age tied, one ran on": plain([5, 5, 8], [1, 1, 0]),
    "two ages tied": plain([5, 5, 5, 8, 8]),
    "three failures": plain([3, 5, 8]),
    "evenly spread": plain([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    "one failure far out": plain([1, 1.1, 1.2, 1000]),
    "one late failure": plain([5], entry=[4]),
    "all late, rate falls": plain([1.1, 1.2, 1.5, 2, 9], entry=[1, 1, 1, 1, 1]),
    "all late, rate rises": plain([2, 2.2, 2.4, 2.5, 2.5], [1, 1, 1, 1, 0], entry=[1, 1, 1, 1, 1]),
    "failed before the first look": between([0, 0, 0], [5, 6, 7]),
    "failed between entry and first look": between([0, 0, 0], [5, 6, 7], entry=[1.0, 2, 3]),
    "one interval": between([3], [5]),
    "one interval, one ran on": between([3, 8], [5, INF]),
    "intervals that share an age": between([3, 4, 2], [6, 7, INF]),
    "intervals apart": between([1, 4, 7], [2, 5, INF]),
    "looks: alive early, failed late": between([0, 0, 2, 3], [5, 6, INF, INF]),
    "looks: failed early, alive late": between([0, 0, 5, 6], [2, 3, INF, INF]),
    "looks: mixed": between([0, 0, 0, 2, 4, 5], [3, 6, 7, INF, INF, INF]),
    "right truncation, early": between([1, 0.5, 0.2, 0.7], [1, 0.5, 0.2, 0.7], right_truncation=[4.0, 4, 4, 4]),
    "right truncation, late": between([3, 3.5, 3.9, 3.8], [3, 3.5, 3.9, 3.8], right_truncation=[4.0, 4, 4, 4]),
    "right truncation, no end in sight": between(POWER_LAW, POWER_LAW, right_truncation=[4.0] * 5),
    "right truncation, one failure": between([2], [2], right_truncation=[4.0]),
    "truncated on both sides": between([2, 2.5, 3], [2, 2.5, 3], entry=[1.0, 1, 1], right_truncation=[4.0, 4, 4]),
}
MADE = {
    "PiecewiseExponential": lambda: sj.PiecewiseExponential(breaks=[4.0, 6.0]),
    "RoystonParmar": lambda: sj.RoystonParmar(n_knots=1),
    "DefectiveSubpopulation": lambda: sj.DefectiveSubpopulation(sj.Weibull()),
}
NAMES = [*(law.__name__ for law in LAWS), "DefectiveSubpopulation"]


def outcome(name, life):
    """One word, and what there is to read."""
    model = MADE.get(name, getattr(sj, name))()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(life)
    except sj.NoFiniteMaximum as error:
        return "none", str(error)
    except sj.NotConverged as error:
        state = ", ".join(f"{n}={v:.3g}" for n, v in zip(error.state.names, error.state.values, strict=True))
        return "OPEN", f"{error.state.reason}: {state}, log-likelihood {error.state.log_likelihood:.6g}. {error}"
    except Exception as error:
        return "ERROR", f"{type(error).__name__}: {error}"
    values = ", ".join(f"{n} {v:.4g}" for n, v in model.parameters_.items())
    notes = " ".join(note for note in model.notes_ if not note.startswith("Only"))
    return "fit", f"{values}; log-likelihood {model.log_likelihood_:.4f} {notes}"


def as_markdown(lines):
    """A table of data by laws, and each reason once."""
    found, reasons = {}, {}
    for line in lines:
        name, data, word, message = line.rstrip("\n").split(" | ", 3)
        found[data, name] = word
        if word != "fit":
            # one entry a reason: what differs by the data are its figures
            reasons.setdefault((word, re.sub(r"-?\d[\d.e+-]*", "…", message)), []).append((name, data))
    names = [name for name in NAMES if any(name == law for _, law in found)]
    n_open = sum(word not in ("fit", "none") for word in found.values())
    rows = [f"| {data} | " + " | ".join(found.get((data, name), "") for name in names) + " |" for data in DATA]
    told = [
        f"- **{word}**, {len(cases)} times ({', '.join(dict.fromkeys(name for name, _ in cases))}): {message}"
        for (word, message), cases in sorted(reasons.items(), key=lambda item: -len(item[1]))
    ]
    return "\n".join(
        [
            "# Data that are hardly any, law by law",
            "",
            f"{len(found)} fits: {sum(word == 'fit' for word in found.values())} finite, "
            f"{sum(word == 'none' for word in found.values())} refused with a reason (none), {n_open} open. "
            "The data stand in ``benchmarks/existence.py``.",
            "",
            "| data | " + " | ".join(names) + " |",
            "|---|" + "---|" * len(names),
            *rows,
            "",
            "## Reasons",
            "",
            *told,
            "",
            f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}, survjax {sj.__version__}.",
            "",
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("laws", nargs="*", default=NAMES, help="names of laws; none: all")
    parser.add_argument("--printed", nargs="*", type=Path, help="make the table of what earlier runs printed, in place of a run")
    given = parser.parse_args()
    lines = [line for path in given.printed or [] for line in path.read_text().splitlines()]
    for name in [] if given.printed else given.laws:
        for data, life in DATA.items():
            lines.append(" | ".join([name, data, *outcome(name, life)]))
            print(lines[-1], flush=True)
    if given.printed or given.laws == NAMES:
        Path(__file__).with_suffix(".md").write_text(as_markdown(lines))


if __name__ == "__main__":
    main()
