"""A fitted shared frailty as a JSON file that a person can read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from survjax.distributions import Distribution
from survjax.frailty.estimation import FrailtyFit, GroupStates
from survjax.frailty.interval_moments import NODES
from survjax.models.checked_file import header, write_checked
from survjax.models.encoding import as_array, as_float, decode, encode, number, numbers, own_laws
from survjax.models.fit_checks import check_covariance, check_record
from survjax.models.frailty import Frailty
from survjax.models.frailty_findings import KEPT_LEVEL
from survjax.models.precision import in_double_precision
from survjax.models.regression_file import law_inside, predictors_content, restored_predictors
from survjax.models.saved_estimates import check_estimates, ending_content, ending_of, estimates_content
from survjax.regression.estimation import RegressionFit


def write_frailty(model: Frailty, path: Path) -> None:
    """Write a fitted frailty; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    TypeError : something in the model is not survjax's own; a label of a group that JSON cannot hold.
    ModelFileError : the fit would not be read back, since what it says of itself does not fit together.
    """
    found, encoded = model._fitted, encode(model)
    fit, groups = found.fit, found.groups
    odd = next((label for label in groups.labels if isinstance(label, bool) or not isinstance(label, (str, int, float))), None)
    if odd is not None:
        raise TypeError(f"a model file cannot hold the label {odd!r:.60} of a group; give text or numbers.")
    content: dict[str, Any] = {
        **header(encoded.pop("model"), encoded),
        **estimates_content(list(model.parameters_.index), model.parameters_, model.standard_errors_),
        "fit": {**ending_content(fit), "log_likelihood_without_frailty": number(found.independent_log_likelihood)},
        **predictors_content(type(model.base), fit.predictors),
        "coefficients": numbers(fit.coefficients),
        "covariance": [numbers(row) for row in found.covariance],
        "frailty": {
            "variance": number(found.variance),
            "limits": numbers(model.variance_limits(KEPT_LEVEL)),
            "groups_of_one_unit": found.alone,
            "labels": list(groups.labels),
            "failures": numbers(groups.failures),
            "expected": numbers(groups.expected),
            "slopes": [numbers(row) for row in groups.slopes],
            **({} if groups.nodes is None else {"nodes": [[numbers(row) for row in part] for part in groups.nodes]}),
        },
        **model._landmarks_in_file(),
    }
    write_checked(content, path, partial(restore_frailty, own=own_laws([model, law_inside(type(model.base), fit.predictors)])))


@in_double_precision
def restore_frailty(content: dict[str, Any], own: Mapping[str, type[Distribution]]) -> Frailty:
    """The frailty that the content of a file describes.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    model: Frailty = decode({"model": content["model"], **content["arguments"]}, own)
    model._base_template()  # the argument is checked where it is used
    predictors = restored_predictors(type(model.base), content, own)
    about, told, q = content["fit"], content["frailty"], predictors.layout.n_coefficients()
    k = len(told["labels"])
    covariance = as_array(content["covariance"], (q + 1, q + 1), "covariance")
    fit = RegressionFit(
        predictors=predictors,
        coefficients=as_array(content["coefficients"], (q,), "coefficients"),
        covariance=covariance[:-1, :-1],
        **ending_of(about),
        path=np.zeros((0, q)),
    )
    check_record(fit, {"steps": fit.n_steps})
    check_covariance(covariance, "covariance")
    states = GroupStates(
        tuple(told["labels"]),
        as_array(told["failures"], (k,), "failures"),
        as_array(told["expected"], (k,), "expected"),
        as_array(told["slopes"], (k, q), "slopes"),
        _nodes(told["nodes"], k) if "nodes" in told else None,
    )
    variance = as_float(told["variance"])
    if not (np.isfinite(variance) and variance >= 0.0 and np.all(states.failures >= 0) and np.all(states.expected >= 0)):
        raise ValueError("the variance, and the failures of the groups and those expected, must be numbers of at least 0.")
    lower, upper = as_array(told["limits"], (2,), "limits")
    without = as_float(about["log_likelihood_without_frailty"])
    limits = {KEPT_LEVEL: (float(lower), float(upper))}
    model._fit = FrailtyFit(model.distribution, fit, variance, covariance, without, states, bool(told["groups_of_one_unit"]), limits)
    expected = model.parameters_
    check_estimates(content, list(expected.index), expected.to_numpy(), model.standard_errors_.to_numpy())
    model._with_landmarks(content)
    return model


def _nodes(given: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of the frailties of k groups, and their shares.

    Raises
    ------
    ValueError : they are none.
    """
    values, shares = (as_array(part, (k, NODES), "nodes") for part in given)
    if not (np.all(np.diff(values, axis=1) > 0) and np.all(shares >= 0) and np.allclose(shares.sum(axis=1), 1.0, rtol=1e-9, atol=0.0)):
        raise ValueError("the frailties of the groups are not told by rising values and their shares.")
    return values, shares
