"""What one covariate does in a network: predictions with it at each value, averaged over units."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.reading_windows import ReadingWindows
from survjax.covariates.table import read_table
from survjax.models.explanations import are_numbers, covariate_of, covariates_of, values_shown
from survjax.models.predictions import PREDICTIONS, arguments_of
from survjax.models.unit_laws import unit_arguments
from survjax.neural.neural_fit import law_of_one

if TYPE_CHECKING:
    import pandas as pd

    from survjax.neural.neural_regression import NeuralRegression

MOST_UNITS = 256  # over which is averaged: with 41 values 10,496 rows


def partial_dependence(
    model: NeuralRegression, column: Hashable, at: Any, values: Any, what: str, asked: dict[str, Any]
) -> tuple[pd.DataFrame, bool]:
    """The averages by value, the least and the largest of single networks beside them; and whether the values are numbers."""
    import pandas as pd

    fit = model._fitted
    if not fit.designs:
        raise ValueError("these networks read windows alone, and an effect is of a column: compare predictions for windows of your making.")
    if isinstance(at, ReadingWindows):
        table, readings = read_table(at.known), at.readings
    else:
        table, readings = read_table(at), None
    covariate = covariate_of(fit, str(column))
    chosen = values_shown(table, covariate) if values is None else list(values)
    if not chosen:
        raise ValueError("values is empty: there is nothing to show the effect at.")
    some = np.arange(table.n)[:: -(-table.n // MOST_UNITS)]
    held = {one.name: np.asarray(pd.Series(table.pick((one.name,), of="at")[0]))[some] for one in covariates_of(fit)}
    k, n = len(chosen), len(some)
    rows: Any = pd.DataFrame({name: np.tile(each, k) for name, each in held.items()} | {covariate.name: np.repeat(pd.Index(chosen), n)})
    if readings is not None:
        rows = ReadingWindows(np.tile(np.asarray(readings)[some], (k, 1, 1)), rows)
    asked = {"age": 0.0, **asked} if what == "rul" else asked
    for name, value in asked.items():
        if np.ndim(value) > (name != "age"):
            raise ValueError(f"{name} must be {'one number, the same for all units' if name == 'age' else 'a number or a row of numbers'}.")
    name, arguments = arguments_of(what, (), asked)
    inside = fit.inputs.inside(rows)
    columns, shape = unit_arguments(len(inside), 0.0, **arguments)
    together = model._predict(name, rows, **arguments)
    single = [fit.predict(law_of_one, PREDICTIONS[name].value, inside, columns, member=member) for member in range(fit.n_members)]
    averages = np.array([each.reshape(k, n, -1).mean(axis=1).reshape(-1) for each in (together, *single)])
    shown = pd.Index(chosen, name=covariate.name)
    index = shown if len(shape) == 1 else pd.MultiIndex.from_product([shown, range(shape[1])])
    table_of = {"estimate": averages[0], "lower": averages[1:].min(axis=0), "upper": averages[1:].max(axis=0)}
    return pd.DataFrame(table_of, index=index), are_numbers(chosen)
