"""Estimates as tables: by name, with their covariance, with limits, held against 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def by_name(names: Sequence[str], values: Any) -> pd.Series:
    """Numbers (m,) by name; a copy, so that who writes into it leaves the fit alone."""
    import pandas as pd

    return pd.Series(np.array(values, dtype=float), index=list(names))


def errors_by_name(names: Sequence[str], covariance: np.ndarray) -> pd.Series:
    """Standard errors (m,) by name."""
    return by_name(names, np.sqrt(np.diag(covariance)))


def covariance_by_name(names: Sequence[str], covariance: np.ndarray) -> pd.DataFrame:
    """The covariance (m, m), its rows and columns by name; a copy."""
    import pandas as pd

    return pd.DataFrame(covariance.copy(), index=list(names), columns=list(names))


def limits_by_name(names: Sequence[str] | pd.Index, estimate: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> pd.DataFrame:
    """Estimates (m,) with their limits, one row a name."""
    import pandas as pd

    index = names if isinstance(names, pd.Index) else list(names)
    return pd.DataFrame({"estimate": estimate, "lower": lower, "upper": upper}, index=index)


def ratio_columns(ratio: str, table: pd.DataFrame) -> dict[str, pd.Series]:
    """The exponentials of estimates and their limits, by the names they have in a summary."""
    with np.errstate(over="ignore"):  # of one unit more of a covariate in very small units the ratio is beyond all numbers
        return {name: np.exp(table[of]) for name, of in ((ratio, "estimate"), (f"{ratio} lower", "lower"), (f"{ratio} upper", "upper"))}


def p_of_zero(estimate: Any, error: Any) -> Any:
    """How often chance alone takes a normal estimate as far from 0, to either side."""
    from scipy.special import ndtr

    with np.errstate(invalid="ignore", divide="ignore"):
        return 2.0 * ndtr(-np.abs(estimate / error))
