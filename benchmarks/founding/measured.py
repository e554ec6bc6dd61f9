"""Measurements, each in a process of its own and kept as soon as it is made: an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BRIEF, LONG = 4.0, 20.0  # seconds: a call is timed five times, three times, once where it takes longer


def measured(
    script: Path,
    cells: list[dict[str, Any]],
    kept: Path,
    *,
    more: bool = True,
    outdated: Callable[[dict[str, Any]], bool] = lambda row: False,
) -> list[dict[str, Any]]:
    """``cells`` with what ``python script --cell JSON`` printed for each; those in ``kept`` (lines of JSON) are not made again.

    What failed is not kept, so that the next run tries again; what is ``outdated`` is made again. Of two measurements of a cell the later
    counts. Without ``more`` nothing is measured: a cell that is not kept says so.
    """
    known = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    rows = []
    for cell in cells:
        row = next((row for row in reversed(known) if row["cell"] == cell and not (more and outdated(row))), None)
        if row is None and not more:
            row = {"cell": cell, "failed": "not run"}
        elif row is None:
            print("measuring", cell, file=sys.stderr, flush=True)
            row = {"cell": cell, **of_one(script, cell)}
            if "failed" not in row:
                with kept.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        rows.append(row)
    return rows


def of_one(script: Path, cell: dict[str, Any]) -> dict[str, Any]:
    # compile times are those of a first call: no programs of an earlier process
    environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    # SciPy's L-BFGS-B, survjax's and xlogit's, sets all cores on matrices of ten rows: 10 ms a step of waiting for each other.
    # On two cores xlogit's L-BFGS-B took 1.5 s with one thread and 2.7 s with two, its BFGS as long with either.
    environment["OPENBLAS_NUM_THREADS"] = "1"
    done = subprocess.run(
        [sys.executable, str(script), "--cell", json.dumps(cell)], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return {"failed": f"exit {done.returncode}: {last[:200]}"}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def in_turn(
    calls: dict[str, Callable[[], Any]], warm: dict[str, Callable[[], Any]] | None = None
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Seconds of each call, in rounds in which all take turns; and what each returned. ``warm`` (None: ``calls``) is called before.

    ``seconds`` is the least by the clock, ``median`` the median, ``busy`` the least of the processor (all cores together).
    """
    for call in (calls if warm is None else warm).values():
        call()
    clock: dict[str, list[float]] = {name: [] for name in calls}
    busy: dict[str, list[float]] = {name: [] for name in calls}
    found: dict[str, Any] = {}
    for number in range(5):
        for name, call in calls.items():
            if number < _rounds(clock[name]):
                began, worked = time.perf_counter(), time.process_time()
                found[name] = call()
                clock[name].append(time.perf_counter() - began)
                busy[name].append(time.process_time() - worked)
    times = {
        name: {"seconds": min(each), "median": statistics.median(each), "busy": min(busy[name]), "rounds": len(each)}
        for name, each in clock.items()
    }
    return times, found


def _rounds(seconds: list[float]) -> int:
    return 5 if not seconds or seconds[0] < BRIEF else 3 if seconds[0] < LONG else 1
