"""A fitted regression as a JSON file that a person can read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.distributions import Distribution, ScaledHazard, ScaledTime
from survjax.models.accelerated_failure_time import AcceleratedFailureTime
from survjax.models.checked_file import header, write_checked
from survjax.models.encoding import as_array, as_float, decode, encode, numbers, own_laws
from survjax.models.fit_checks import check_covariance, check_record
from survjax.models.hazard_scaling import HazardScaling
from survjax.models.precision import in_double_precision
from survjax.models.proportional_hazards import ProportionalHazards
from survjax.models.regression import Regression
from survjax.models.saved_estimates import check_estimates, ending_content, ending_of, estimates_content
from survjax.models.template import as_template
from survjax.regression.estimation import RegressionFit
from survjax.regression.predictors import Predictor, Predictors, coordinate_names
from survjax.regression.report import report

# The law of a unit of those whose covariates act on the base as a whole.
SCORED: dict[type, Any] = {
    ProportionalHazards: ScaledHazard,
    AcceleratedFailureTime: ScaledTime,
    HazardScaling: ScaledHazard,
}


def write_regression(model: Regression, path: Path) -> None:
    """Write a fitted regression; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    TypeError : something in the model is not survjax's own, or a transform of its formula has learned what no file can hold.
    ModelFileError : the fit would not be read back, since what it says of itself does not fit together.
    """
    write_checked(regression_content(model), path, partial(restore_regression, own=own_laws_of_regression(model)))


def own_laws_of_regression(model: Regression) -> dict[str, type[Distribution]]:
    """By name the user's own laws that a regression is made of."""
    return own_laws([model, law_inside(type(model), model._fitted.predictors)])


def law_inside(kind: type, predictors: Predictors) -> Distribution:
    """The law of a unit, without the score of one whose covariates act on it as a whole."""
    template: Any = predictors.template
    return template.of if kind in SCORED else template


def predictors_content(kind: type, predictors: Predictors) -> dict[str, Any]:
    """The law and what of it follows which covariates, of a regression of this kind."""
    names = coordinate_names(predictors.template)
    return {
        "distribution": encode(law_inside(kind, predictors)),
        "predictors": [{"parameter": names[one.coordinate], "design": one.design.state()} for one in predictors.each],
    }


def regression_content(model: Regression) -> dict[str, Any]:
    """What a file holds of a fitted regression."""
    fit, told, encoded = model._fitted, model._report, encode(model)
    return {
        **header(encoded.pop("model"), encoded),
        **estimates_content(told.names, told.values, np.sqrt(np.diag(told.covariance))),
        "fit": {**ending_content(fit), "penalty": fit.penalty, **model._beside_the_fit()},
        **predictors_content(type(model), fit.predictors),
        "coefficients": numbers(fit.coefficients),
        "coefficient_covariance": [numbers(row) for row in fit.covariance],
        **model._landmarks_in_file(),
    }


@in_double_precision
def restore_regression(content: dict[str, Any], own: Mapping[str, type[Distribution]]) -> Regression:
    """The regression that the content of a file describes.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    model: Regression = decode({"model": content["model"], **content["arguments"]}, own)
    model._base_template()  # the argument is checked where it is used
    predictors = restored_predictors(type(model), content, own)
    about, q = content["fit"], predictors.layout.n_coefficients()
    fit = RegressionFit(
        predictors=predictors,
        coefficients=as_array(content["coefficients"], (q,), "coefficients"),
        covariance=as_array(content["coefficient_covariance"], (q, q), "coefficient_covariance"),
        **ending_of(about),
        path=np.zeros((0, q)),
        penalty=as_float(about["penalty"]),
    )
    _check(fit, content)
    model._fit = fit
    model._with_what_was_beside(about)
    model._with_landmarks(content)
    return model


def restored_predictors(kind: type, content: Mapping[str, Any], own: Mapping[str, type[Distribution]]) -> Predictors:
    """What ``predictors_content`` gave to a file; nothing follows covariates in a kind that is no regression.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    base, given = as_template(decode(content["distribution"], own)), content["predictors"]
    template = SCORED[kind](base, None) if kind in SCORED else base
    names = coordinate_names(template)
    for one in given:
        if one["parameter"] not in names:
            raise ValueError(f"{one['parameter']!r:.60} is no parameter that could follow covariates; there are {', '.join(names)}.")
    places = [names.index(one["parameter"]) for one in given]
    follow = issubclass(kind, Regression)
    if bool(places) != follow or places != sorted(set(places)) or (kind in SCORED and places != [len(names) - 1]):
        raise ValueError(f"a {kind.__name__} has other predictors than these.")
    each = [
        Predictor(place, "" if kind in SCORED else names[place], Design.from_state(one["design"]))
        for place, one in zip(places, given, strict=True)
    ]
    return Predictors(template, tuple(each))


def _check(fit: RegressionFit, content: dict[str, Any]) -> None:
    """Refuse a fit whose parts contradict each other."""
    check_record(fit, {"steps": fit.n_steps})
    if not np.all(np.isfinite(fit.coefficients)):
        raise ValueError("a coefficient is not finite.")
    check_covariance(fit.covariance, "covariance of the coefficients")
    if fit.converged and np.isnan(fit.covariance).any():
        raise ValueError("a fit that converged has a covariance, and this one none.")
    if not 0.0 <= fit.penalty < np.inf:
        raise ValueError(f"the penalty must be a number, 0 or more; it is {fit.penalty}.")
    told = report(fit)
    check_estimates(content, told.names, told.values, np.sqrt(np.diag(told.covariance)))
