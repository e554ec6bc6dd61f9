"""Measurements of the founding benchmarks that are kept: which are made again, and pages of what was measured in part."""

import importlib
import json
from pathlib import Path

import pytest

FOUNDING = Path(__file__).parents[1] / "benchmarks" / "founding"
FIT = {
    "median": 2.0,
    "seconds": 1.5,
    "busy": 1.4,
    "rounds": 3,
    "log_likelihood": -7.0,
    "same_point": -7.0,
    "reason": "converged",
    "spread": 1.0,
}


@pytest.fixture
def founding(monkeypatch):
    monkeypatch.syspath_prepend(FOUNDING)
    return importlib.import_module


def test_what_is_outdated_is_measured_again_and_the_latest_counts(founding, tmp_path):
    measured = founding("measured").measured
    script, kept, cell = tmp_path / "script.py", tmp_path / "kept.jsonl", {"n": 1}
    script.write_text('print(\'{"found": "now"}\')')
    kept.write_text(json.dumps({"cell": cell, "found": "before"}) + "\n")
    assert measured(script, [cell], kept)[0]["found"] == "before"
    # rows without xlogit were reused when it had been installed
    assert measured(script, [cell], kept, outdated=lambda row: row["found"] == "before")[0]["found"] == "now"
    assert measured(script, [cell], kept, more=False)[0]["found"] == "now"


def test_sizes_measured_without_xlogit_stand_beside_those_with_it(founding):
    tables = founding("choice_tables")
    cells = [{"table": "sizes", "n": n, "options": 21, "draws": 12} for n in (1000, 2000)]
    rows = [
        {"cell": cells[0], "fits": dict.fromkeys(tables.OURS, FIT), "compiling": 1.0},
        {"cell": cells[1], "fits": dict.fromkeys(tables.LIBRARIES, FIT), "compiling": 1.0},
    ]
    for ordered in (rows, rows[::-1]):
        # a KeyError: 'xlogit L-BFGS-B'
        assert "slower in 4 of 4" in "\n".join(tables.beside_xlogit(ordered, []))
        table = tables.size_tables(ordered, [])
        assert any("2,000 persons" in line and line.count("1.50 (2.00)") == 6 for line in table)
        assert any("1,000 persons" in line and line.count("1.50 (2.00)") == 2 for line in table)
