"""A fitted discrete-time hazard as a JSON file that a person can read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.discrete.estimation import DiscreteFit, Predictor
from survjax.discrete.findings import KEPT_LEVEL, DiscreteFindings
from survjax.discrete.periods import Periods
from survjax.distributions.piecewise_exponential import check_ages
from survjax.models.arguments import check_whole_number
from survjax.models.checked_file import header, write_checked
from survjax.models.encoding import as_array, as_float, decode, encode, number, numbers
from survjax.models.fit_checks import check_covariance
from survjax.models.saved_estimates import check_estimates, ending_content, ending_of, estimates_content


def write_discrete(model: DiscreteFindings, path: Path) -> None:
    """Write a fitted model; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    TypeError : a transform of the formula is something that no file can hold. ModelFileError : it would not be read back.
    """
    fit, limits = model._fitted, model.spread_limits(KEPT_LEVEL)
    content: dict[str, Any] = {
        **header(type(model).__name__, {name: encode(value) for name, value in model.get_params(deep=False).items()}),
        **estimates_content(fit.predictor.names, fit.values, model.standard_errors_),
        "fit": {
            **ending_content(fit),
            "likelihood_ratios": {name: number(value) for name, value in fit.likelihood_ratios.items()},
            "moved_by_draws": number(fit.moved),
            "spread_limits": {name: numbers(row) for name, row in limits.iterrows()},
            "draws": fit.n_draws,
            "seed": fit.seed,
        },
        "periods_end": numbers(fit.predictor.periods.ends),
        "design": fit.predictor.design.state(),
        "coordinates": numbers(fit.coordinates),
        "coordinate_covariance": [numbers(row) for row in fit.covariance_inside],
        **model._landmarks_in_file(),
    }
    write_checked(content, path, partial(restore_discrete, type(model)))


def restore_discrete(kind: Callable[..., Any], content: dict[str, Any]) -> Any:
    """The model, made by ``kind``, that the content of a file describes.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    model = kind(**{name: decode(value) for name, value in content["arguments"].items()})
    model._check_arguments()
    about, design = content["fit"], Design.from_state(content["design"])
    ends = as_array(content["periods_end"], (len(content["periods_end"]),), "periods_end")
    check_ages(ends, "periods_end", "DiscreteTimeHazard")
    predictor = Predictor(design, Periods(ends), model.baseline, model.link, model._random(design))
    m = len(predictor.names)
    fit = DiscreteFit(
        predictor=predictor,
        coordinates=as_array(content["coordinates"], (m,), "coordinates"),
        covariance_inside=as_array(content["coordinate_covariance"], (m, m), "coordinate_covariance"),
        **ending_of(about),
        likelihood_ratios={name: as_float(about["likelihood_ratios"][name]) for name in predictor.random},
        moved=as_float(about["moved_by_draws"]),
        n_draws=check_whole_number(about["draws"], "draws", 1),
        seed=check_whole_number(about["seed"], "seed", 0),
        limits={(name, KEPT_LEVEL): _limits(about["spread_limits"][name]) for name in predictor.random},
    )
    check_covariance(fit.covariance_inside, "covariance")
    check_estimates(content, predictor.names, fit.values, np.sqrt(np.diag(fit.covariance)))
    model._fit = fit
    model._with_landmarks(content)
    return model


def _limits(given: list[float]) -> tuple[float, float]:
    lower, upper = as_array(given, (2,), "spread_limits")
    return float(lower), float(upper)
