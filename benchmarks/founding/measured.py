"""Measurements, each in a process of its own and kept as soon as it is made: an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def measured(script: Path, cells: list[dict[str, Any]], kept: Path, *, more: bool = True) -> list[dict[str, Any]]:
    """``cells`` with what ``python script --cell JSON`` printed for each; those in ``kept`` (lines of JSON) are not made again.

    Without ``more`` nothing is measured: a cell that is not kept says so.
    """
    known = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    rows = []
    for cell in cells:
        row = next((row for row in known if row["cell"] == cell), None)
        if row is None and not more:
            row = {"cell": cell, "failed": "not run"}
        elif row is None:
            print("measuring", cell, file=sys.stderr, flush=True)
            row = {"cell": cell, **of_one(script, cell)}
            with kept.open("a") as file:
                file.write(json.dumps(row) + "\n")
        rows.append(row)
    return rows


def of_one(script: Path, cell: dict[str, Any]) -> dict[str, Any]:
    # compile times are those of a first call: no programs of an earlier process
    environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    # SciPy's L-BFGS-B, survjax's and xlogit's, sets all cores on matrices of ten rows: 10 ms a step of waiting for each other
    environment["OPENBLAS_NUM_THREADS"] = "1"
    done = subprocess.run(
        [sys.executable, str(script), "--cell", json.dumps(cell)], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return {"failed": f"exit {done.returncode}: {last[:200]}"}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
