"""What a penalty does at each strength."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


class PenaltyPath(NamedTuple):
    """What a penalty does at each strength, the strongest first.

    Attributes
    ----------
    coefficients : DataFrame, a row for each strength and a column for each coefficient, in the units of X.
    table : DataFrame, a row for each strength: log-likelihood of the data, columns kept, duality gap (of the penalised mean loss a unit)
        and Newton steps.
    """

    coefficients: pd.DataFrame
    table: pd.DataFrame
