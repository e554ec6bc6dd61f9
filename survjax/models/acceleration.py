"""By how much a test shortens life: the ratio of the lives of two units, with limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.distributions import ScaledTime
from survjax.models.explanations import RATIO
from survjax.models.intervals import limits_of_link
from survjax.models.unit_laws import coordinates_of_units, in_coefficients
from survjax.numerics.blocks import map_rows
from survjax.regression.estimation import RegressionFit

if TYPE_CHECKING:
    import pandas as pd

SHARES = (0.01, 0.1, 0.5)  # at which the ratio is looked at, where no share was named
SAME_RATIO = 1e-9  # in its logarithm


def acceleration_factors(
    fit: RegressionFit, test: np.ndarray, use: np.ndarray, p: float | None, level: float, side: str, index: Any
) -> pd.DataFrame:
    """Life at use over life at test, for covariates (n, m) and (1, m) or (n, m), by the delta method on its logarithm."""
    use = np.broadcast_to(use, test.shape)
    if p is not None or isinstance(fit.predictors.template, ScaledTime):
        found = _log_ratio(fit, test, use, 0.5 if p is None else p)
    else:
        ratios = [_log_ratio(fit, test, use, share) for share in SHARES]
        found = ratios[-1]
        spread = np.ptp([ratio for ratio, _ in ratios], axis=0)
        if not np.all(spread <= SAME_RATIO * np.maximum(1.0, np.abs(found[0]))):
            row = int(np.argmax(~(spread <= SAME_RATIO)))
            told = ", ".join(f"{np.exp(ratio[row]):.4g} at p = {share:g}" for share, (ratio, _) in zip(SHARES, ratios, strict=True))
            raise ValueError(
                f"under this model lives are not all stretched alike between test and use ({told}, in row {row}): say at which share "
                "failed, p=0.1 for the ratio of B10 lives."
            )
    table = limits_of_link(RATIO, *found, level, side)
    return table if index is None else table.set_axis(index)


def _log_ratio(fit: RegressionFit, test: np.ndarray, use: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray]:
    """The logarithm of the ratio of lives and its standard error, (n,) each."""
    layout, shares = fit.predictors.layout, np.full(len(test), p)
    lives, slopes = zip(
        *(map_rows(_log_life_with_slope, fit.predictors.template, coordinates_of_units(fit, rows), shares) for rows in (use, test)),
        strict=True,
    )
    gradient = in_coefficients(layout, slopes[0], use) - in_coefficients(layout, slopes[1], test)
    return lives[0] - lives[1], np.sqrt(np.einsum("na,ab,nb->n", gradient, fit.covariance, gradient))


def _log_life_with_slope(template: Any, coordinates: Any, p: Any) -> Any:
    def log_life(point: Any) -> Any:
        law = template.bind(point)
        # of lives that differ by a factor alone the factor will do, also where a share p never fails
        return law.score if isinstance(law, ScaledTime) else jnp.log(law.quantile(p))

    return jax.value_and_grad(log_life)(coordinates)
