"""A mixed logit fitted by simulated maximum likelihood: gradients, compiling, solvers and sizes, beside xlogit in the same run.

    pip install xlogit
    python benchmarks/founding/mixed_logit.py            writes mixed_logit.md and .png; an hour on two cores, goes on where it stopped
    python benchmarks/founding/mixed_logit.py --quick    a thousand persons, no table, prints the rows

Every time is warm (what compiles has compiled before the clock starts) and the least of its rounds, in which survjax and xlogit take
turns. Both get the same draws, so that they maximise the same function: survjax's value at xlogit's estimates is xlogit's own, to
rounding. xlogit's times are without standard errors, which its L-BFGS-B works out afterwards by 42 further gradients; survjax's Newton
has them at no cost. The processor's seconds, of all cores together, are given too: they do not know what else the machine had to do.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import periods
from choice_tables import write
from choices import FIXED, NAMES, TRUTH, Choices, Loss, block_for, simulate, start
from measured import measured, of_one

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
LONG = 4.0  # seconds: what takes longer is timed once
STEPS = 10  # of the solver, for the cells of gradient and compiling
TOLERANCE = 1e-6


def cells(base: dict[str, int], sizes: list[dict[str, int]], largest: list[dict[str, int]]) -> list[dict[str, Any]]:
    return [
        {"table": "sizes", **base},
        {"table": "errors", **base},
        {"table": "twin", "n": base["n"], "periods": 12, "draws": 50},
        {"table": "solvers", **base},
        {"table": "jit", **base},
        *({"table": "sizes", **size} for size in sizes),
        *({"table": "memory", **size} for size in largest),
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

    def fit(self, method: str, *, errors: bool = False, batch: int | None = None) -> Any:
        draws = self.draws

        class OnTheseDraws(xlogit.MixedLogit):
            def _generate_draws(self, *arguments, **options):
                return draws

        model = OnTheseDraws()
        model.fit(**self.data, optim_method=method, skip_std_errs=not errors, batch_size=batch)
        return model


def estimates(model: Any) -> dict[str, float]:
    return dict(zip(NAMES, map(float, model.coeff_), strict=True))


def least(
    calls: dict[str, Callable[[], Any]], rounds: int, warm: dict[str, Callable[[], Any]] | None = None
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """The least seconds of each call, by the clock and of the processor, taken in turn; and what it returned. ``warm`` is called before."""
    for call in (calls if warm is None else warm).values():
        call()
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    found: dict[str, Any] = {}
    for _ in range(rounds):
        for name, call in calls.items():
            began, busy = time.perf_counter(), time.process_time()
            found[name] = call()
            seconds[name].append((time.perf_counter() - began, time.process_time() - busy))
        if sum(clock for (clock, _), *_ in seconds.values()) > LONG * len(calls):
            break
    return {name: dict(zip(("seconds", "busy"), map(min, zip(*each, strict=True)), strict=True)) for name, each in seconds.items()}, found


def ended(found: Minimum, n: int) -> dict[str, Any]:
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
    ways = [(origin, jit, whole) for origin in ORIGINS for jit in JITS] + [(origin, "blocks", loss) for origin in ORIGINS]
    rows: dict[str, dict[str, Any]] = {origin: {} for origin in ORIGINS}
    for origin, jit, losses in ways:

        def steps(number: int, origin: str = origin, jit: str = jit, losses: Loss = losses) -> Minimum:
            return fit(columns, losses, "L-BFGS-B", origin, jit="both" if jit == "blocks" else jit, max_steps=number)

        seconds, _ = least({"fit": lambda: steps(STEPS)}, 3, {"fit": lambda: steps(1)})
        rows[origin][jit] = seconds["fit"]["seconds"]
    return {"seconds": rows}


def of_size(cell: dict[str, Any], choices: Choices, columns: dict[str, np.ndarray], loss: Loss) -> dict[str, Any]:
    calls: dict[str, Callable[[], Any]] = {
        "survjax Newton": lambda: fit(columns, loss),
        "survjax L-BFGS-B": lambda: fit(columns, loss, "L-BFGS-B"),
    }
    if xlogit is not None:
        theirs = Xlogit(choices)
        calls |= {"xlogit L-BFGS-B": lambda: theirs.fit("L-BFGS-B"), "xlogit BFGS": lambda: theirs.fit("BFGS")}
    compiling = fit(columns, loss, max_steps=1).seconds_compiling
    seconds, first = least(calls, 4, {"L-BFGS-B": lambda: fit(columns, loss, "L-BFGS-B", max_steps=1)})
    rows: dict[str, Any] = {}
    for name, found in first.items():
        rows[name] = dict(seconds[name])
        if isinstance(found, Minimum):
            rows[name] |= ended(found, cell["n"])
        else:
            there = estimates(found)
            rows[name] |= {
                "log_likelihood": float(found.loglikelihood),
                "same_point": -cell["n"] * value_at(loss, there, columns),
                "reason": "converged" if found.convergence else found.estimation_message,
                "gradients": int(found.total_fun_eval),
                "spread": abs(there["outdoor_spread"]),
            }
    return {"fits": rows, "compiling": compiling}


def value_at(loss: Loss, parameters: dict[str, float], columns: dict[str, np.ndarray]) -> float:
    """survjax's loss at the estimates of another."""
    with jax.enable_x64(True):
        return float(jax.jit(loss.fun)(parameters, columns))


def of_memory(cell: dict[str, Any], choices: Choices, columns: dict[str, np.ndarray], loss: Loss) -> dict[str, Any]:
    found = fit(columns, loss)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": found.seconds_running, "peak_gib": peak, **ended(found, cell["n"])}


def of_solvers(cell: dict[str, Any], choices: Choices, columns: dict[str, np.ndarray], loss: Loss) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {}
    for method in METHODS:
        calls = {origin: (lambda origin=origin, method=method: fit(columns, loss, method, origin)) for origin in ORIGINS}
        warm = {origin: (lambda origin=origin, method=method: fit(columns, loss, method, origin, max_steps=1)) for origin in ORIGINS}
        seconds, found = least(calls, 3, warm)
        rows[method] = {origin: {**seconds[origin], **ended(found[origin], cell["n"])} for origin in ORIGINS}
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
            calls[f"xlogit {method}"] = lambda method=method: theirs.fit(method, errors=True)
    seconds, first = least(calls, rounds=3)
    for name, model in first.items():
        if name.startswith("xlogit"):
            rows[name] = estimates(model)
            rows[name]["outdoor_spread"] = abs(rows[name]["outdoor_spread"])
            rows[f"{name} error"] = dict(zip(NAMES, map(float, model.stderr), strict=True))
    return {"rows": rows, "seconds": seconds}


def of_twin(cell: dict[str, Any]) -> dict[str, Any]:
    lives = periods.simulate(cell["n"], cell["periods"], cell["draws"])
    loss = MeanOverRows(periods.loss, 256)
    seconds, first = least({"fit": lambda: sj.optimise.minimise(loss, periods.start(), args=(lives,), tolerance=TOLERANCE)}, rounds=3)
    found = first["fit"]
    errors = np.sqrt(np.diag(np.linalg.inv(cell["n"] * found.hessian)))
    rows = {
        "truth": periods.TRUTH,
        "survjax": {name: float(found.parameters[name]) for name in periods.NAMES},
        "survjax error": dict(zip(sorted(periods.NAMES), map(float, errors), strict=True)),
    }
    rows["survjax"]["load_spread"] = abs(rows["survjax"]["load_spread"])
    return {**seconds["fit"], "rows": rows, "reason": found.reason, "steps": found.n_steps}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cell", type=json.loads, help="measure this one and print it as JSON")
    parser.add_argument("--quick", action="store_true", help="a thousand persons; prints the rows")
    parser.add_argument("--so-far", action="store_true", help="measure nothing more; write what an interrupted run has measured")
    arguments = parser.parse_args()
    if arguments.cell:
        print(json.dumps(measure(arguments.cell)))
        return
    if xlogit is None:
        print("xlogit is not installed, and left out: pip install xlogit")
    if arguments.quick:
        small = BASE | {"n": 1_000}
        for cell in cells(small, [], [small]):
            print(cell, of_one(HERE, cell))
        return
    kept = HERE.with_suffix(".jsonl")
    write(measured(HERE, cells(BASE, SIZES, [LARGEST]), kept, more=not arguments.so_far), HERE)
    if not arguments.so_far:
        # what is complete is in the table; the next run measures anew
        kept.unlink()


if __name__ == "__main__":
    main()
