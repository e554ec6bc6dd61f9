"""Why a unit's prediction is what it is: its score by covariate, and what one covariate does with the others held."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.covariate import Covariate
from survjax.covariates.table import Table, read_table
from survjax.models.intervals import limits_of_link
from survjax.models.predictions import Prediction
from survjax.regression.estimation import RegressionFit
from survjax.regression.report import may_be_centred

if TYPE_CHECKING:
    import pandas as pd

RATIO = Prediction((), np.exp, np.asarray, np.exp)
FEW = 12  # different numbers at most that are shown one by one
POINTS = 41
ENDS = (0.01, 0.99)  # between these quantiles of a column its effect is shown


def contributions(fit: RegressionFit, X: Any, relative_to: Any) -> pd.DataFrame:
    """What each covariate adds to the predictors of units (n,), less what it adds for the unit of comparison; parameter and covariate.

    The columns of one covariate, the levels of a category or the terms of a curve, are taken together.
    """
    import pandas as pd

    predictors = fit.predictors
    table = read_table(X)
    reference = None if relative_to is None else one_row(relative_to, "relative_to")
    columns: dict[tuple[str, str], np.ndarray] = {}
    for one, where in zip(predictors.each, (predictors.layout.slices()[one.coordinate] for one in predictors.each), strict=True):
        if reference is None and not (one.design.has_intercept or (not one.label and may_be_centred(predictors.template))):
            raise ValueError(
                "means are not taken off in this model, so that it does not know the average unit: pass relative_to=, a row of X to "
                "compare with."
            )
        parts = one.columns(X)
        if reference is not None:
            parts = parts - one.columns(reference)
        parts = parts * fit.coefficients[where]
        first = int(one.design.has_intercept)
        for place, covariate in list(enumerate(one.design.reader.of_names))[first:]:
            columns[one.label, covariate] = columns.get((one.label, covariate), 0.0) + parts[:, place]
    found = pd.DataFrame(columns, index=None if table.frame is None else table.frame.index)
    found.columns = pd.MultiIndex.from_tuples(list(columns), names=["parameter", "covariate"])
    return found


def effect_of(
    model: Any, column: Hashable, at: Any, values: Any, what: str, level: float, asked: dict[str, Any]
) -> tuple[pd.DataFrame, bool]:
    """The prediction at each value of a column with its limits, and whether the values are numbers.

    model : a fitted regression, whose fit has ``designs``, and which has ``interval``, ``_ratio`` and, where that is one, ``_log_ratio``.
    """
    import pandas as pd

    covariate = covariate_of(model._fitted, str(column))
    table = read_table(at)
    typical = typical_unit(model._fitted, table)
    chosen = values_shown(table, covariate) if values is None else list(values)
    if not chosen:
        raise ValueError("values is empty: there is nothing to show the effect at.")
    rows = pd.DataFrame({name: [value] * len(chosen) for name, value in typical.items()} | {covariate.name: chosen})
    if what == model._ratio():
        if asked:
            raise TypeError(f"the {what} is the same at all ages and takes no further arguments; got {', '.join(asked)}.")
        ratio, variance = model._log_ratio(rows, pd.DataFrame({name: [value] for name, value in typical.items()}))
        effect = limits_of_link(RATIO, ratio, np.sqrt(variance), level, "two")
    elif what.endswith("ratio"):
        raise ValueError(f"{type(model).__name__} has no {what} that is the same at all ages; ask for what='hazard' or 'rul'.")
    else:
        effect = model.interval(what, rows, level=level, **({"age": 0.0, **asked} if what == "rul" else asked))
    shown = pd.Index(chosen, name=covariate.name)
    if isinstance(effect.index, pd.MultiIndex):
        effect.index = pd.MultiIndex.from_product([shown, effect.index.levels[1]])
    else:
        effect.index = shown
    return effect, are_numbers(chosen)


def are_numbers(values: list[Any]) -> bool:
    return all(isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in values)


def typical_unit(fit: Any, table: Table) -> dict[str, Any]:
    """Of each covariate of the fit a value that some row has: the lower median of numbers, the most common label."""
    import pandas as pd

    typical = {}
    for covariate in covariates_of(fit):
        series = pd.Series(table.pick((covariate.name,), of="at")[0]).dropna()
        if series.empty:
            raise ValueError(f"column {covariate.name!r} of at has no value: pass a unit at which to hold it.")
        numbers = covariate.levels is None and series.dtype != bool
        typical[covariate.name] = series.quantile(0.5, interpolation="lower") if numbers else series.mode().iloc[0]
    return typical


def covariates_of(fit: Any) -> list[Covariate]:
    return list({one.name: one for design in fit.designs for one in design.reader.covariates}.values())


def covariate_of(fit: Any, column: str) -> Covariate:
    """The covariate of that name of a fit with ``designs``."""
    known = {one.name: one for one in covariates_of(fit)}
    if column not in known:
        raise ValueError(f"the model has no covariate {column!r}; there are {', '.join(known)}.")
    return known[column]


def values_shown(table: Table, covariate: Covariate) -> list[Any]:
    """The values of a covariate at which its effect is shown where none are given."""
    import pandas as pd

    if covariate.levels is not None:
        return list(covariate.levels)
    series = pd.Series(table.pick((covariate.name,), of="at")[0]).dropna()
    different = np.sort(series.unique())
    if len(different) == 1:
        raise ValueError(f"{covariate.name} is {different[0]:g} in every row of at: pass values=, those at which to show its effect.")
    if len(different) <= FEW:
        return different.tolist()
    low, high = series.quantile(list(ENDS))
    return np.linspace(low, high, POINTS).tolist()


def one_row(given: Any, name: str) -> Any:
    n = read_table(given).n
    if n != 1:
        raise ValueError(f"{name} is one unit, a row of X, and has {n} rows: pass one, for instance X.iloc[[3]].")
    return given
