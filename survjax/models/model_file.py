"""A fitted model as a JSON file that a person can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from survjax.distributions import Distribution
from survjax.errors import ModelFileError
from survjax.fitting.estimation import Fit
from survjax.fitting.prior import read_prior
from survjax.models.checked_file import header, read_checked, write_checked
from survjax.models.encoding import ENCODED_LAWS, as_array, as_float, decode, encode, learners, number, numbers
from survjax.models.fit_checks import check_fit
from survjax.models.frailty import Frailty
from survjax.models.frailty_file import restore_frailty
from survjax.models.mixtures import MixtureModel
from survjax.models.model import Model
from survjax.models.precision import in_double_precision
from survjax.models.regression import Regression
from survjax.models.regression_file import restore_regression
from survjax.models.template import as_template


def write_model(model: Model, path: Path) -> None:
    """Write a fitted model; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    TypeError : something in the model is not survjax's own, so that no file could bring it back.
    ModelFileError : the fit would not be read back, since what it says of itself does not fit together.
    """
    fit = model._fitted
    encoded = encode(model)
    content: dict[str, Any] = {
        **header(encoded.pop("model"), encoded),
        "parameters": dict(zip(fit.names, numbers(fit.values), strict=True)),
        "standard_errors": dict(zip(fit.names, numbers(np.sqrt(np.diag(fit.covariance))), strict=True)),
        "covariance": [numbers(row) for row in fit.covariance],
        "fit": {
            "log_likelihood": number(fit.log_likelihood),
            "units": fit.n_units,
            "failures": fit.n_failed,
            "parameters_learned": fit.n_learned,
            "stop_reason": fit.reason,
            "steps": fit.n_steps,
            "starts": fit.n_starts,
            "starts_that_reached_it": fit.n_hits,
            "notes": fit.notes,
            **({"prior": {name: list(one) for name, one in fit.prior.items()}, "penalty": fit.penalty} if fit.prior else {}),
        },
        "distribution": encode(fit.template),
        "coordinates": numbers(fit.coordinates),
        "coordinate_covariance": [numbers(row) for row in fit.coordinate_covariance],
    }
    write_checked(content, path, restore)


def load(path: str | Path) -> Model | Regression | Frailty:
    """Read a model that ``save`` wrote. The data it was fitted to are not in the file.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ModelFileError : the file is truncated, was altered, comes from a newer survjax, is no model file, or holds numbers that do
        not belong together.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ModelFileError(f"{path} is not a survjax model: it is not text.") from None
    return read_checked(text, path, restore)


def restore(content: dict[str, Any]) -> Model | Regression | Frailty:
    """The model, or regression, that the content of a file describes."""
    kind = learners().get(content["model"])
    if isinstance(kind, type) and issubclass(kind, Regression):
        return restore_regression(content)
    if kind is Frailty:
        return restore_frailty(content)
    return _restore_model(content)


@in_double_precision
def _restore_model(content: dict[str, Any]) -> Model:
    model: Model = decode({"model": content["model"], **content["arguments"]})
    model._template()  # arguments are checked where they are used
    model._search()
    template = as_template(decode(content["distribution"]))
    about = content["fit"]
    names = tuple(content["parameters"])
    p = template.n_coordinates()
    if names != tuple(template.parameters()):
        raise ValueError("the parameters are not those of the distribution.")
    fit = Fit(
        template=template,
        names=names,
        coordinates=as_array(content["coordinates"], (p,), "coordinates"),
        coordinate_covariance=as_array(content["coordinate_covariance"], (p, p), "coordinate_covariance"),
        values=as_array(list(content["parameters"].values()), (len(names),), "parameters"),
        covariance=as_array(content["covariance"], (len(names), len(names)), "covariance"),
        log_likelihood=as_float(about["log_likelihood"]),
        n_learned=about["parameters_learned"],
        n_units=as_float(about["units"]),
        n_failed=as_float(about["failures"]),
        reason=about["stop_reason"],
        n_steps=about["steps"],
        path=np.zeros((0, p)),
        path_template=template,
        notes=about["notes"],
        n_starts=about["starts"],
        n_hits=about["starts_that_reached_it"],
        prior=read_prior(about.get("prior"), template),
        penalty=as_float(about.get("penalty", 0.0)),
    )
    check_fit(fit)
    errors = as_array([content["standard_errors"][name] for name in names], (len(names),), "standard_errors")
    if not np.allclose(errors, np.sqrt(np.diag(fit.covariance)), rtol=1e-9, atol=0.0, equal_nan=True):
        raise ValueError("the standard errors are not the roots of the covariance's diagonal.")
    _check_learner(model, template)
    model._fit = fit
    return model


def _check_learner(model: Model, template: Distribution) -> None:
    """A named learner has the predictions of its own distribution, and a file may not lend them to another."""
    law = ENCODED_LAWS["Mixture"] if isinstance(model, MixtureModel) else ENCODED_LAWS.get(type(model).__name__)
    if law is not None and type(template) is not law:
        raise ValueError(f"a {type(model).__name__} has no distribution of the kind {type(template).__name__}.")
