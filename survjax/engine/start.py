"""What is said of a start at which a user's likelihood, or a derivative of it, is not finite."""

from __future__ import annotations

import numpy as np

from survjax.engine.columns_read import columns_read
from survjax.engine.problem import Problem, values_in_words
from survjax.parameters import RealDomain

MOST_NAMED = 10  # of the rows that are to blame


def refuse_start(problem: Problem, point: np.ndarray) -> None:
    """Say at which rows the likelihood, or its derivative, is not finite.

    Raises
    ------
    ValueError
    """
    terms, gradients = problem.of_rows(point)
    at = values_in_words(problem, point)
    bad = ~np.isfinite(terms)
    if bad.any():
        refuse_missing(problem, np.isnan(terms))
        row = int(np.argmax(bad))
        first = f"row {problem.rows[row]} has {problem.columns.row_in_words(row)}"
        if bad.all():
            raise ValueError(
                f"log_likelihood is {terms[row]} at the start ({at}) for every row ({first}): the start is impossible, as a standard "
                f"deviation of 0 is. {_declare_it(problem, point)}, or give a start at which rows are possible, starts={{...}}."
            )
        raise ValueError(
            f"log_likelihood is {terms[row]} at the start ({at}) for {bad.sum():,} of {len(bad):,} rows: {_listed(problem.rows[bad])} "
            f"(they count from 0); {first}. Give a start at which every row is possible, starts={{...}}, or leave out rows that are "
            "impossible under the model."
        )
    bad = ~np.isfinite(gradients).all(axis=1)
    row, which = (int(np.argmax(bad)), "") if bad.any() else (_without_curvature(problem, point), "second ")
    raise ValueError(
        f"log_likelihood has a value at the start ({at}) but no finite {which}derivative, at row {problem.rows[row]} (rows count from 0): "
        f"{problem.columns.row_in_words(row)}. The usual causes are powers, logarithms and roots at 0, (t / eta)**k at t = 0, and "
        "jnp.where(safe, f(x), 0): both branches are differentiated. Keep 0 out of the argument, not of the result: "
        "jnp.where(t > 0, f(jnp.where(t > 0, t, 1)), 0)."
    )


def refuse_missing(problem: Problem, without_value: np.ndarray) -> None:
    """Say which column misses a value, among those that the function reads, in rows (n,) whose term is nan.

    Raises
    ------
    ValueError
    """
    for name in columns_read(problem.objective, problem.space, problem.columns):
        column = problem.columns.leaves[name]
        if column.dtype.kind != "f":
            continue
        missing = without_value & np.isnan(column).reshape(len(column), -1).any(axis=1)
        if missing.any():
            row, others = problem.rows[int(np.argmax(missing))], int(missing.sum()) - 1
            more = f" and {others:,} more" if others else ""
            raise ValueError(
                f"column {name!r} is missing (nan) in row {row} (rows count from 0){more}, and log_likelihood is nan there. Leave such "
                f"rows out, data.dropna(subset=[{name!r}]) of a pandas frame; fill them; or let log_likelihood say what a row without it "
                "contributes, with jnp.where and arguments that are numbers on both sides."
            )


def _without_curvature(problem: Problem, point: np.ndarray) -> int:
    """A row whose second derivatives are not finite, found by halves, all with the program of the whole."""
    rows = np.arange(problem.columns.n)
    while len(rows) > 1:
        half = rows[: len(rows) // 2]
        finite = np.isfinite(problem.of_some(half).evaluate(point).hessian).all()
        rows = rows[len(half) :] if finite else half
    return int(rows[0])


def _declare_it(problem: Problem, point: np.ndarray) -> str:
    at_zero = [
        name
        for name, domain, value in zip(problem.space.coordinate_names, problem.space.coordinate_domains, point, strict=True)
        if isinstance(domain, RealDomain) and value == 0.0
    ]
    which = f" ({', '.join(at_zero)} may be any number and started at 0)" if at_zero else ""
    return f'Declare it "positive" where a parameter has to be so{which}'


def _listed(rows: np.ndarray) -> str:
    return ", ".join(map(str, rows[:MOST_NAMED])) + (", ..." if len(rows) > MOST_NAMED else "")
