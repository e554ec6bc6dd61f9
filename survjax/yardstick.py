"""survjax held against lifelines on the same data."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.models import NAMED_MODELS, WeibullMixture
from survjax.models.arguments import as_lifetimes

if TYPE_CHECKING:
    import pandas as pd


def compare_with_lifelines(durations: Any, event_observed: Any = None, *, entry: Any = None, weights: Any = None) -> pd.DataFrame:
    """Fit a Weibull and a mixture of two with survjax and with lifelines, and set the results side by side.

    lifelines has no mixture; what is fitted is the one its users write, a ``ParametricUnivariateFitter`` with the mixture's
    cumulative hazard and their usual bounds.

    Parameters
    ----------
    As for ``Model.fit``.

    Returns
    -------
    DataFrame, one row a fit: model, library, log_likelihood, aic, weight_0, shape_0, scale_0, weight_1, shape_1, scale_1,
    seconds (of the second of two fits, without compilation), remark (an error or warning in the library's words).

    Raises
    ------
    ImportError : lifelines is not installed; the message says what to install.
    """
    try:
        import lifelines
    except ImportError:
        raise ImportError("compare_with_lifelines needs lifelines: pip install 'survjax[lifelines]'") from None
    import pandas as pd

    life = as_lifetimes(durations, event_observed, entry, weights)
    mixture = lifelines_mixture(lifelines)
    begin = None if life.entry is None else np.maximum(life.entry, 0.0)
    data: dict[str, Any] = {"event_observed": life.event_observed, "entry": begin, "weights": life.weights}
    fits: list[tuple[str, str, Callable[[], tuple[float, int, dict[str, float]]]]] = [
        ("Weibull", "survjax", lambda: _ours(NAMED_MODELS["Weibull"](), life)),
        ("Weibull", "lifelines", lambda: _theirs(lifelines.WeibullFitter().fit(life.durations, **data))),
        ("WeibullMixture", "survjax", lambda: _ours(WeibullMixture(), life)),
        ("WeibullMixture", "lifelines", lambda: _theirs(mixture().fit(life.durations, **data))),
    ]
    return pd.DataFrame([{"model": model, "library": library, **_timed(fit)} for model, library, fit in fits])


def _timed(fit: Callable[[], tuple[float, int, dict[str, float]]]) -> dict[str, Any]:
    names = [f"{name}_{index}" for index in range(2) for name in ("weight", "shape", "scale")]
    row: dict[str, Any] = {"log_likelihood": np.nan, "aic": np.nan, **dict.fromkeys(names, np.nan), "seconds": np.nan, "remark": ""}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit()
            began = time.perf_counter()
            log_likelihood, learned, parameters = fit()
            row["seconds"] = time.perf_counter() - began
        except Exception as error:  # whatever a library raises is what the table is to show
            row["remark"] = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            return row
    row.update(parameters, log_likelihood=log_likelihood, aic=2 * learned - 2 * log_likelihood)
    if caught:
        row["remark"] = str(caught[-1].message).strip().splitlines()[0]
    return row


def _ours(model: Any, life: Lifetimes) -> tuple[float, int, dict[str, float]]:
    fitted = model.fit(life)
    parameters = dict(fitted.parameters_)
    if "shape" in parameters:
        parameters = {"weight_0": 1.0, "shape_0": parameters["shape"], "scale_0": parameters["scale"]}
    return fitted.log_likelihood_, round((fitted.aic_ + 2 * fitted.log_likelihood_) / 2), parameters


def _theirs(fitter: Any) -> tuple[float, int, dict[str, float]]:
    found = fitter.params_
    if "p_" in found:
        order = sorted([(found["lambda1_"], found["rho1_"], found["p_"]), (found["lambda2_"], found["rho2_"], 1 - found["p_"])])
        parameters = {
            f"{name}_{index}": value
            for index, (scale, shape, weight) in enumerate(order)
            for name, value in (("weight", weight), ("shape", shape), ("scale", scale))
        }
    else:
        parameters = {"weight_0": 1.0, "shape_0": found["rho_"], "scale_0": found["lambda_"]}
    return float(fitter.log_likelihood_), len(found), parameters


def lifelines_mixture(lifelines: Any) -> type:
    """The mixture of two Weibulls as lifelines' users write it; ``lifelines`` is the imported package."""
    from autograd import numpy as autograd_numpy

    class TwoWeibulls(lifelines.fitters.ParametricUnivariateFitter):
        _fitted_parameter_names: ClassVar = ["lambda1_", "rho1_", "lambda2_", "rho2_", "p_"]
        _bounds: ClassVar = [(0, None), (0, None), (0, None), (0, None), (0, 1)]

        def _cumulative_hazard(self, params: Any, times: Any) -> Any:
            lambda1, rho1, lambda2, rho2, p = params
            first = autograd_numpy.exp(-((times / lambda1) ** rho1))
            second = autograd_numpy.exp(-((times / lambda2) ** rho2))
            return -autograd_numpy.log(p * first + (1 - p) * second)

    return TwoWeibulls
