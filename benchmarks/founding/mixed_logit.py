"""A mixed logit fitted by simulated maximum likelihood: gradients, compiling, solvers and sizes, beside xlogit in the same run.

    pip install xlogit
    python benchmarks/founding/mixed_logit.py            measures what is not in mixed_logit.jsonl yet, and writes mixed_logit.md and .png
    python benchmarks/founding/mixed_logit.py --fresh    measures all of it anew
    python benchmarks/founding/mixed_logit.py --draw     measures nothing, writes the page and the picture of what has been measured
    python benchmarks/founding/mixed_logit.py --quick    a thousand persons; prints the page and keeps nothing

Every time is warm: what compiles has compiled, and each library has taken a step, before the clock starts. survjax and xlogit take turns,
five rounds of what takes less than 4 s, three of what takes less than 20 s. Both get the same draws, so that they maximise the same
function: survjax's value at xlogit's estimates is xlogit's own, to rounding. xlogit's two methods begin where xlogit begins, at a
multinomial logit's estimates, and once more where survjax begins. Its times are without standard errors, which its L-BFGS-B works out
afterwards by 42 further gradients; survjax's Newton has them at no cost.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import periods
from choice_tables import page, picture
from choices import FIXED, NAMES, TRUTH, Choices, Loss, block_for, simulate, start
from machine import load, machine, niceness
from measured import in_turn, measured, of_one

import survjax as sj
from survjax.optimise import MeanOverRows, Minimum

try:
    import xlogit
except ImportError:
    xlogit = None

HERE = Path(__file__)
BASE = {"n": 10_000, "options": 21, "draws": 12}
ORIGINS = ("finite differences", "analytic", "autodiff")
JITS = ("none", "value", "gradient", "both")
METHODS = ("BFGS", "CG", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-exact", "newton")
SIZES = [
    BASE | {"draws": 50},
    BASE | {"options": 101},
    BASE | {"n": 50_000},
    BASE | {"draws": 100},
    BASE | {"n": 100_000},
    BASE | {"options": 501},
]
LARGEST = BASE | {"options": 501, "draws": 100}
BATCH = 10  # draws that xlogit takes at a time at the largest size, where it would not fit in memory otherwise
TOLERANCE = 1e-6
PACKAGES = ("jax", "scipy", "numpy", "xlogit")


def cells(base: dict[str, int], sizes: list[dict[str, int]], largest: list[dict[str, int]]) -> list[dict[str, Any]]:
    return [
        {"table": "sizes", **base},
        {"table": "errors", **base},
        {"table": "twin", "n": base["n"], "periods": 12, "draws": 50},
        {"table": "solvers", **base},
        {"table": "jit", **base},
        *({"table": "sizes", **size} for size in sizes),
        *({"table": "memory", **size, "by": name} for size in largest for name in ("survjax Newton", "xlogit L-BFGS-B")),
    ]


def fit(choices: dict[str, np.ndarray], loss: Loss, method: str = "newton", origin: str = "autodiff", **options: Any) -> Minimum:
    formulas: dict[str, Any] = {}
    if origin == "analytic":
        formulas = {"gradient": loss.gradient} | ({"hessian": loss.hessian} if method in {"newton", "Newton-CG", "trust-exact"} else {})
    return sj.optimise.minimise(
        loss.fun, start(), args=(choices,), method=method, derivatives=origin, **options, tolerance=TOLERANCE, **formulas
    )


class Xlogit:
    """xlogit's model on the same choices and, in place of its own, the same draws."""

    def __init__(self, choices: Choices) -> None:
        n, n_options, _ = choices.features.shape
        self.draws = np.moveaxis(choices.draws, 1, 2)
        self.data = {
            "X": choices.features.reshape(n * n_options, -1),
            "y": (np.arange(n_options) == choices.chosen[:, None]).astype(int).ravel(),
            "varnames": [*FIXED, "outdoor"],
            "alts": np.tile(np.arange(n_options), n),
            "ids": np.repeat(np.arange(n), n_options),
            "randvars": {"outdoor": "n"},
            "n_draws": choices.draws.shape[1],
            "verbose": 0,
        }

    def fit(self, method: str, *, ours: bool = False, **options: Any) -> Any:
        """``ours``: from survjax's start."""
        draws = self.draws

        class OnTheseDraws(xlogit.MixedLogit):
            def _generate_draws(self, *arguments, **options):
                return draws

        options = {"skip_std_errs": True, "init_coeff": np.array([start()[name] for name in NAMES]) if ours else None} | options
        model = OnTheseDraws()
        model.fit(**self.data, optim_method=method, **options)
        return model


def estimates(model: Any) -> dict[str, float]:
    return dict(zip(NAMES, map(float, model.coeff_), strict=True))


def ended(found: Any, n: int) -> dict[str, Any]:
    """How a fit of survjax or of xlogit ended."""
    if not isinstance(found, Minimum):
        return {
            "log_likelihood": float(found.loglikelihood),
            "reason": "converged" if found.convergence else found.estimation_message,
            "gradients": int(found.total_fun_eval),
            "spread": abs(estimates(found)["outdoor_spread"]),
        }
    return {
        "log_likelihood": -n * found.value,
        "reason": found.reason,
        "steps": found.n_steps,
        "gradients": found.counts.gradient,
        "compiling": found.seconds_compiling,
        "spread": abs(float(found.parameters["outdoor_spread"])),
    }


def measure(cell: dict[str, Any]) -> dict[str, Any]:
    if cell["table"] == "twin":
        return of_twin(cell)
    choices = simulate(cell["n"], cell["options"], cell["draws"])
    columns = choices.columns()
    loss = Loss.in_blocks(block_for(cell["options"], cell["draws"]))
    return {"jit": of_jit, "sizes": of_size, "memory": of_memory, "solvers": of_solvers, "errors": of_errors}[cell["table"]](
        cell, choices, columns, loss
    )


def of_jit(cell: dict[str, Any], choices: Choices, columns: dict[str, np.ndarray], loss: Loss) -> dict[str, Any]:
    whole = Loss.in_blocks(cell["n"])
    ways = [(origin, jit, jit, whole) for origin in ORIGINS for jit in JITS] + [(origin, "blocks", "both", loss) for origin in ORIGINS]

    def fits(steps: int | None) -> dict[str, Callable[[], Minimum]]:
        options: dict[str, Any] = {} if steps is None else {"max_steps": steps}
        return {
            f"{origin}, {name}": lambda losses=losses, origin=origin, jit=jit: fit(columns, losses, "L-BFGS-B", origin, jit=jit, **options)
            for origin, name, jit, losses in ways
        }

    times, found = in_turn(fits(None), fits(1))
    rows: dict[str, dict[str, Any]] = {origin: {} for origin in ORIGINS}
    for origin, name, _, _ in ways:
        rows[origin][name] = times[f"{origin}, {name}"] | ended(found[f"{origin}, {name}"], cell["n"])
    return {"fits": rows}


def of_size(cell: dict[str, Any], choices: Choices, columns: dict[str, np.ndarray], loss: Loss) -> dict[str, Any]:
    first = fit(columns, loss, max_steps=1)
    calls: dict[str, Callable[[], Any]] = {
        "survjax Newton": lambda: fit(columns, loss),
        "survjax L-BFGS-B": lambda: fit(columns, loss, "L-BFGS-B"),
    }
    warm: dict[str, Callable[[], Any]] = {"survjax L-BFGS-B": lambda: fit(columns, loss, "L-BFGS-B", max_steps=1)}
    if xlogit is not None:
        theirs = Xlogit(choices)
        for ours in (False, True):
            for method in ("L-BFGS-B", "BFGS"):
                name = f"xlogit {method}" + (", same start" if ours else "")
                calls[name] = lambda method=method, ours=ours: theirs.fit(method, ours=ours)
                warm[name] = lambda method=method, ours=ours: theirs.fit(method, ours=ours, maxiter=1)
    times, found = in_turn(calls, warm)
    rows = {name: times[name] | ended(each, cell["n"]) for name, each in found.items()}
    for name, each in found.items():
        if name.startswith("xlogit"):
            rows[name]["same_point"] = -cell["n"] * value_at(loss, estimates(each), columns)
    return {"fits": rows, "compiling": first.seconds_compiling}


def value_at(loss: Loss, parameters: dict[str, float], columns: dict[str, np.ndarray]) -> float:
    """survjax's loss at the estimates of another."""
    with jax.enable_x64(True):
        return float(jax.jit(loss.fun)(parameters, columns))


def of_memory(cell: dict[str, Any], choices: Choices, columns: dict[str, np.ndarray], loss: Loss) -> dict[str, Any]:
    """One fit, compiled before, in a process that does nothing else: its seconds and the most memory that the process held."""
    if cell["by"] == "survjax Newton":
        fit(columns, loss, max_steps=1)
        times, found = in_turn({"fit": lambda: fit(columns, loss)}, {})
    elif xlogit is None:
        sys.exit("xlogit is not installed")
    else:
        theirs = Xlogit(choices)
        times, found = in_turn({"fit": lambda: theirs.fit("L-BFGS-B", batch_size=BATCH)}, {})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {**times["fit"], "peak_gib": peak, **ended(found["fit"], cell["n"])}


def of_solvers(cell: dict[str, Any], choices: Choices, columns: dict[str, np.ndarray], loss: Loss) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {}
    for method in METHODS:
        calls = {origin: (lambda origin=origin, method=method: fit(columns, loss, method, origin)) for origin in ORIGINS}
        warm = {origin: (lambda origin=origin, method=method: fit(columns, loss, method, origin, max_steps=1)) for origin in ORIGINS}
        times, found = in_turn(calls, warm)
        rows[method] = {origin: {**times[origin], **ended(found[origin], cell["n"])} for origin in ORIGINS}
    return {"fits": rows}


def of_errors(cell: dict[str, Any], choices: Choices, columns: dict[str, np.ndarray], loss: Loss) -> dict[str, Any]:
    found = fit(columns, loss)
    order = sorted(NAMES)
    inverse = np.linalg.inv(cell["n"] * found.hessian)
    rows = {
        "truth": TRUTH,
        "survjax": {name: float(found.parameters[name]) for name in NAMES},
        "survjax error": {name: float(np.sqrt(inverse[i, i])) for i, name in enumerate(order)},
    }
    rows["survjax"]["outdoor_spread"] = abs(rows["survjax"]["outdoor_spread"])
    calls: dict[str, Callable[[], Any]] = {"survjax Newton": lambda: np.linalg.inv(fit(columns, loss).hessian)}
    if xlogit is not None:
        theirs = Xlogit(choices)
        for method in ("L-BFGS-B", "BFGS"):
            calls[f"xlogit {method}"] = lambda method=method: theirs.fit(method, ours=True, skip_std_errs=False)
    times, found_by = in_turn(calls)
    for name, model in found_by.items():
        if name.startswith("xlogit"):
            rows[name] = estimates(model)
            rows[name]["outdoor_spread"] = abs(rows[name]["outdoor_spread"])
            rows[f"{name} error"] = dict(zip(NAMES, map(float, model.stderr), strict=True))
    return {"rows": rows, "times": times}


def of_twin(cell: dict[str, Any]) -> dict[str, Any]:
    lives = periods.simulate(cell["n"], cell["periods"], cell["draws"])
    loss = MeanOverRows(periods.loss, 256)
    times, found_by = in_turn({"fit": lambda: sj.optimise.minimise(loss, periods.start(), args=(lives,), tolerance=TOLERANCE)})
    found = found_by["fit"]
    errors = np.sqrt(np.diag(np.linalg.inv(cell["n"] * found.hessian)))
    rows = {
        "truth": periods.TRUTH,
        "survjax": {name: float(found.parameters[name]) for name in periods.NAMES},
        "survjax error": dict(zip(sorted(periods.NAMES), map(float, errors), strict=True)),
    }
    rows["survjax"]["load_spread"] = abs(rows["survjax"]["load_spread"])
    return {**times["fit"], "rows": rows, "reason": found.reason, "steps": found.n_steps}


def lacks_xlogit(row: dict[str, Any]) -> bool:
    """Whether it was measured without xlogit, which has been installed since."""
    return xlogit is not None and row["cell"]["table"] in {"sizes", "errors"} and "xlogit not installed" in row["machine"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cell", type=json.loads, help="measure this one and print it as JSON")
    parser.add_argument("--quick", action="store_true", help="a thousand persons; prints the page and keeps nothing")
    parser.add_argument("--fresh", action="store_true", help="forget what has been measured, and measure all of it")
    parser.add_argument("--draw", action="store_true", help="measure nothing; write what has been measured")
    arguments = parser.parse_args()
    if arguments.cell:
        print(json.dumps({"machine": machine(*PACKAGES), "load": load(), "niceness": niceness(), **measure(arguments.cell)}))
        return
    if xlogit is None and not arguments.draw:
        print("xlogit is not installed, and left out: pip install xlogit")
    if arguments.quick:
        small = BASE | {"n": 1_000}
        print(page([{"cell": cell, **of_one(HERE, cell)} for cell in cells(small, [], [small])], HERE.stem))
        return
    kept = HERE.with_suffix(".jsonl")
    if arguments.draw and not kept.exists():
        sys.exit(f"{kept.name} is not there: nothing has been measured.")
    if arguments.fresh:
        kept.unlink(missing_ok=True)
    rows = measured(HERE, cells(BASE, SIZES, [LARGEST]), kept, more=not arguments.draw, outdated=lacks_xlogit)
    HERE.with_suffix(".md").write_text(page(rows, HERE.stem))
    picture(rows, HERE.with_suffix(".png"))
    print(HERE.with_suffix(".md").read_text())


if __name__ == "__main__":
    main()
