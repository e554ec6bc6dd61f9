"""The parameters of each unit's own law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from survjax.distributions import Distribution, ScaledHazard, ScaledTime
from survjax.models.intervals import wald_limits
from survjax.models.unit_laws import UNITS, coordinates_of_units, covariances_of_units
from survjax.numerics.blocks import map_rows
from survjax.regression.estimation import RegressionFit
from survjax.regression.report import stretches

if TYPE_CHECKING:
    import pandas as pd


def parameters_of_units(fit: RegressionFit, covariates: np.ndarray, level: float, side: str, index: Any) -> pd.DataFrame:
    """Estimate, standard error and limits of each parameter of each unit's law.

    Raises
    ------
    ValueError : a unit's law is not of the base's kind, so that it has no such parameters.
    """
    import pandas as pd

    template = fit.predictors.template
    _refuse_another_kind(template)
    told = template.of if isinstance(template, (ScaledTime, ScaledHazard)) else template
    parameters = told.parameters()
    blocks = []
    for first in range(0, max(len(covariates), 1), UNITS):
        these = covariates[first : first + UNITS]
        blocks.append(map_rows(_values_with_errors, template, coordinates_of_units(fit, these), covariances_of_units(fit, these)))
    values, errors = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    lower, upper = wald_limits(values, errors, [parameter.domain for parameter in parameters.values()], level, side)
    own = pd.RangeIndex(len(covariates)) if index is None else index
    rows = pd.MultiIndex.from_product([own, list(parameters)], names=[own.name, "parameter"])
    columns = {"estimate": values, "standard error": errors, "lower": lower, "upper": upper}
    return pd.DataFrame({name: array.reshape(-1) for name, array in columns.items()}, index=rows)


def _refuse_another_kind(template: Distribution) -> None:
    if isinstance(template, ScaledHazard) and type(template.of).with_hazard_times is Distribution.with_hazard_times:
        kind = f"a {type(template.of).__name__} whose hazard is multiplied is no {type(template.of).__name__}"
    elif isinstance(template, ScaledTime) and not stretches(template.of):
        kind = f"the {type(template.of).__name__} has constants of time of its own, which a unit of another pace does not share"
    else:
        return
    raise ValueError(
        f'{kind}, so that a unit has no such parameters of its own. Its quantiles say as much: interval("quantile", X, [0.1, 0.5]).'
    )


def _values_with_errors(template: Any, coordinates: Any, covariance: Any) -> Any:
    def values(point: Any) -> Any:
        law = template.bind(point)
        if isinstance(law, ScaledTime):
            return jnp.stack([jnp.asarray(one.domain.stretched(one.value, law.score)) for one in law.of.parameters().values()])
        return (law.of.with_hazard_times(law.score) if isinstance(law, ScaledHazard) else law).values()

    jacobian = jax.jacfwd(values)(coordinates)
    return values(coordinates), jnp.sqrt(jnp.maximum(jnp.einsum("ma,ab,mb->m", jacobian, covariance, jacobian), 0.0))
