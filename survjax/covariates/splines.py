"""Splines of a formula asked beyond the readings that they were learned from."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM
from survjax.errors import BadRow


def refuse_beyond_splines(transforms: Mapping[str, Any], columns: Any) -> None:
    """Refuse readings outside of the range over which ``bs(column)`` of a formula was learned.

    Parameters
    ----------
    transforms : what formulaic keeps of each, by its call. columns : the data frame that the formula is asked about.

    Raises
    ------
    BadRow : the first such column, with its rows.
    """
    for call, state in transforms.items():
        tree = ast.parse(call, mode="eval").body if call.startswith("bs(") else None
        of = tree.args[0] if isinstance(tree, ast.Call) and tree.args else None
        if not isinstance(of, ast.Name) or of.id not in columns:
            continue
        low, high = float(state["lower_bound"]), float(state["upper_bound"])
        values = columns[of.id].to_numpy(dtype=float)
        rows = np.flatnonzero((values < low) | (values > high))
        if rows.size:
            clipped = f'{call[:-1]}, extrapolation="clip")'
            remedy = (
                f"A spline of this kind says nothing there. Write cs({call[3:]}, which goes on as a straight line, or {clipped}, which "
                "stays at its end; or drop such rows."
            )
            raise BadRow(
                f"{of.id} is {values[rows[0]]:g} in row {rows[0]} ({rows.size:,} such rows; {ROWS_COUNT_FROM}), and {call} learned from "
                f"{low:g} to {high:g}. {remedy}",
                columns=(of.id,),
                rows=rows,
                expected=f"between {low:g} and {high:g}",
                remedy=remedy,
            )
