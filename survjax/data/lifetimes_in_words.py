"""Lifetimes in words: in one line, unit by unit, as a table of their kinds."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from survjax.data.lifetime_rows import LifetimeRows

MOST_CAUSES = 5  # that are told in one line


def in_one_line(life: LifetimeRows) -> str:
    """How many units failed, run, entered late, and of which causes."""
    rows = "" if life.n_units == len(life) else f" in {len(life):,} rows"
    between = life.n_failed - life.n_exact
    within = f" ({_count(between)} within an interval)" if between else ""
    n_late = np.count_nonzero(life.entered_late())
    late = f"; {n_late:,} entered late" if n_late else ""
    cut = "" if life.right_truncation is None else f"; {np.isfinite(life.right_truncation).sum():,} truncated on the right"
    removed = f", {_count(life.n_removed)} removed unfailed" if life.n_removed else ""
    counts = f"{_count(life.n_failed)} failed{within}, {_count(life.n_running)} {_not_failed(life)}{removed}"
    return f"Lifetimes({_count(life.n_units)} units{rows}: {counts}{late}{cut}{_below_0(life)}{_of_causes(life)})"


def _below_0(life: LifetimeRows) -> str:
    """How many rows have a negative age or entry, unless a row says by -inf that ages may be so."""
    if np.isneginf(life.lower).any() or (life.entry is not None and np.isneginf(life.entry).any()):
        return ""
    columns = {"of negative age": [life.lower, life.upper], "entered at a negative age": [] if life.entry is None else [life.entry]}
    below = {
        words: sum(((ages < 0) & np.isfinite(ages) for ages in some), np.zeros(len(life), dtype=bool)) for words, some in columns.items()
    }
    return "".join(f"; {np.count_nonzero(rows):,} {words}" for words, rows in below.items() if rows.any())


def _of_causes(life: LifetimeRows) -> str:
    """How many failed of each cause, the most frequent first; of more than five the others together."""
    import pandas as pd

    if life.cause is None:
        return ""
    failed = np.isfinite(life.upper)
    of, labels = pd.factorize(life.cause[failed])  # a missing one is -1
    units_of = np.bincount(of + 1, weights=life.counts()[failed], minlength=len(labels) + 1)
    found = [(units, str(label)) for units, label in zip(units_of, ["unknown", *labels], strict=True) if units]
    found.sort(key=lambda one: -one[0])
    told = [f"{label} {_count(units)}" for units, label in found[: len(found) if len(found) <= MOST_CAUSES else MOST_CAUSES - 1]]
    others = sum(units for units, _ in found[len(told) :])
    told += [f"{len(found) - len(told):,} others {_count(others)}"] if others else []
    return f"; causes: {', '.join(told)}" if told else ""


def _not_failed(life: LifetimeRows) -> str:
    return "censored" if life.observed_until is None else "running"


def one_by_one(life: LifetimeRows) -> str:
    """Each unit as the field writes it."""
    return ", ".join(_written(low, high) for low, high in zip(life.lower, life.upper, strict=True))


def as_html(life: LifetimeRows) -> str:
    """A table of what there is of each kind, under the line."""
    rows = [(kind, _count(units), _span(at)) for kind, units, at in _kinds(life) if units]
    cells = "".join(f"<tr><th>{kind}</th><td>{units}</td><td>{span}</td></tr>" for kind, units, span in rows)
    return f"<table><caption>{escape(in_one_line(life))}</caption><tr><th></th><th>units</th><th>ages</th></tr>{cells}</table>"


def _kinds(life: LifetimeRows) -> list[tuple[str, float, np.ndarray]]:
    """What there is of each kind: how many units, and the ages in question."""
    failed, running = np.isfinite(life.upper), life.is_running()
    within = failed & ~life.event_observed
    late = life.entered_late()
    cut = np.zeros(len(life), bool) if life.right_truncation is None else np.isfinite(life.right_truncation)
    none = np.zeros(0)
    return [
        ("failed at a known age", life.n_exact, life.lower[life.event_observed]),
        ("failed within an interval", life._number(within), np.concatenate([life.lower[within], life.upper[within]])),
        (_not_failed(life), life.n_running, life.lower[running]),
        ("removed unfailed", life.n_removed, life.lower[~failed & ~running]),
        ("entered late", life._number(late), none if life.entry is None else life.entry[late]),
        ("truncated on the right", life._number(cut), none if life.right_truncation is None else life.right_truncation[cut]),
    ]


def _written(low: float, high: float) -> str:
    if low == high:
        return f"{low:g}"
    return f"{low:g}+" if np.isinf(high) else f"({low:g}, {high:g}]"


def _count(number: float) -> str:
    return f"{number:,.0f}" if number == round(number) else f"{number:,.6g}"


def _span(ages: np.ndarray) -> str:
    low, high = ages.min(), ages.max()
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
