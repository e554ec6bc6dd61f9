"""A fitted model as a JSON file that a person can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import survjax
from survjax.distributions import Distribution
from survjax.errors import ModelFileError
from survjax.fitting.estimation import Fit
from survjax.fitting.prior import read_prior
from survjax.models.checked_file import header, read_checked, write_checked
from survjax.models.competing_events import CompetingEvents
from survjax.models.competing_file import events_content, restore_events
from survjax.models.encoding import ENCODED_LAWS, as_array, as_float, decode, encode, learners, numbers, own_laws, read_own_laws
from survjax.models.fit_checks import check_fit
from survjax.models.frailty import Frailty
from survjax.models.frailty_file import restore_frailty
from survjax.models.mixtures import MixtureModel
from survjax.models.model import Model
from survjax.models.precision import in_double_precision
from survjax.models.regression import Regression
from survjax.models.regression_file import own_laws_of_regression, regression_content, restore_regression
from survjax.models.saved_estimates import ending_content, ending_of, estimates_content
from survjax.models.template import as_template

NONE: Mapping[str, type[Distribution]] = {}


def write_model(model: Model | CompetingEvents, path: Path) -> None:
    """Write a fitted model; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    TypeError : something in the model is not survjax's own, so that no file could bring it back.
    ModelFileError : the fit would not be read back, since what it says of itself does not fit together.
    """
    write_checked(content_of(model), path, partial(restore, own=_own_laws_of(model)))


def _own_laws_of(model: Any) -> dict[str, type[Distribution]]:
    """By name the user's own laws that the model is made of."""
    if isinstance(model, CompetingEvents):
        return {name: law for one in model.models_.values() for name, law in _own_laws_of(one).items()}
    return own_laws_of_regression(model) if isinstance(model, Regression) else own_laws([model, model._fitted.template])


def content_of(model: Model | Regression | CompetingEvents) -> dict[str, Any]:
    """What a file holds of a fitted model."""
    if isinstance(model, CompetingEvents):
        return events_content(model, content_of)
    return regression_content(model) if isinstance(model, Regression) else _model_content(model)


def _model_content(model: Model) -> dict[str, Any]:
    fit, encoded = model._fitted, encode(model)
    return {
        **header(encoded.pop("model"), encoded),
        **estimates_content(fit.names, fit.values, np.sqrt(np.diag(fit.covariance))),
        "covariance": [numbers(row) for row in fit.covariance],
        "fit": {
            **ending_content(fit),
            "parameters_learned": fit.n_learned,
            "starts": fit.n_starts,
            "starts_that_reached_it": fit.n_hits,
            **({"prior": {name: list(one) for name, one in fit.prior.items()}, "penalty": fit.penalty} if fit.prior else {}),
        },
        "distribution": encode(fit.template),
        "coordinates": numbers(fit.coordinates),
        "coordinate_covariance": [numbers(row) for row in fit.coordinate_covariance],
    }


def load(
    path: str | Path, distributions: Sequence[type[Distribution]] = (), *, log_likelihood: Callable[..., Any] | None = None
) -> Model | Regression | CompetingEvents | Frailty:
    """Read a model that ``save`` wrote. The data it was fitted to are not in the file.

    Parameters
    ----------
    distributions : classes of your own (``class MyDistribution(sj.Distribution)``) that the model is made of. A name in the file is looked
        up among survjax's and these; nothing is imported.
    log_likelihood : the function of a ``MaximumLikelihood``, which no file holds; without it there are no ``score`` and no other ``fit``.

    Raises
    ------
    TypeError, ValueError : ``distributions`` that are none, or have the name of one of survjax's; a ``log_likelihood`` that is no function,
        or for a model of another kind.
    FileNotFoundError : there is no such file.
    ModelFileError : the file is truncated, was altered, comes from a newer survjax, is no model file, or holds numbers that do
        not belong together.
    """
    path, own = Path(path), read_own_laws(distributions)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ModelFileError(f"{path} is not a survjax model: it is not text.") from None
    found = read_checked(text, path, partial(restore, own=own))
    if log_likelihood is not None:
        if "log_likelihood" not in found.get_params(deep=False):
            raise TypeError(f"log_likelihood= belongs to a MaximumLikelihood, and {path} holds a {type(found).__name__}; leave it out.")
        if not callable(log_likelihood):
            raise TypeError(f"log_likelihood must be a function (parameters, row); got {log_likelihood!r:.60}.")
        found.set_params(log_likelihood=log_likelihood)
    return found


def restore(content: dict[str, Any], own: Mapping[str, type[Distribution]] = NONE) -> Model | Regression | CompetingEvents | Frailty:
    """The model, regression or competing events that a file describes; what stands on a floor above brings its own way back."""
    kind = learners().get(content["model"])
    if kind is None and content["model"] in dir(survjax) and hasattr(above := getattr(survjax, content["model"]), "_from_content"):
        return above._from_content(content)
    if kind is CompetingEvents:
        return restore_events(content, partial(restore, own=own), own)
    if isinstance(kind, type) and issubclass(kind, Regression):
        return restore_regression(content, own)
    if kind is Frailty:
        return restore_frailty(content, own)
    return _restore_model(content, own)


@in_double_precision
def _restore_model(content: dict[str, Any], own: Mapping[str, type[Distribution]]) -> Model:
    model: Model = decode({"model": content["model"], **content["arguments"]}, own)
    model._template()  # arguments are checked where they are used
    model._search()
    template = as_template(decode(content["distribution"], own))
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
        **ending_of(about),
        n_learned=about["parameters_learned"],
        path=np.zeros((0, p)),
        path_template=template,
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
