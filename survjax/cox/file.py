"""A fitted Cox regression as a JSON file that a person can read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.covariates.saved_state import from_json, to_json
from survjax.cox.ascent import Maximum
from survjax.cox.findings import CoxFindings
from survjax.cox.fit import CoxFit
from survjax.cox.partial_likelihood import Evaluation, Rises
from survjax.cox.penalty import ElasticNet
from survjax.cox.strata import Strata
from survjax.cox.ties import RULES
from survjax.models.checked_file import header, write_checked
from survjax.models.encoding import as_array, as_float, decode, encode, number, numbers
from survjax.models.fit_checks import check_covariance


def write_cox(model: CoxFindings, path: Path) -> None:
    """Write a fitted Cox regression; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    TypeError : a stratum or a transform of the formula is something that no file can hold.
    """
    fit = model._fitted
    errors = {} if fit.covariance is None else {"standard_errors": dict(model.standard_errors_)}
    content: dict[str, Any] = {
        **header(type(model).__name__, {name: encode(value) for name, value in model.get_params(deep=False).items()}),
        "coefficients": dict(model.coefficients_),
        **errors,
        "fit": {
            "units": fit.n_units,
            "failures": fit.n_failed,
            "rows": fit.n_rows,
            "ties": fit.ties,
            "errors": fit.errors,
            "lasso": fit.penalty.lasso,
            "ridge": fit.penalty.ridge,
            "steps": fit.maximum.n_steps,
            "violation": fit.maximum.violation,
            "notes": fit.notes,
        },
        "design": fit.design.state(),
        "left_out": list(fit.left_out),
        "strata": {"names": list(fit.strata.names), "levels": to_json(fit.strata.levels, "the strata")},
        "inside": {
            "coefficients": numbers(fit.maximum.beta),
            "here": _evaluation(fit.maximum.here),
            "at_zero": _evaluation(fit.maximum.at_zero),
            "covariance": None if fit.covariance is None else [numbers(row) for row in fit.covariance],
        },
        "baselines": {
            "begins": numbers(fit.begins),
            "ends": numbers(fit.ends),
            "offsets": fit.offsets.tolist(),
            "age": numbers(fit.age),
            "log_rise": numbers(fit.rises.log),
            "variance": numbers(fit.rises.variance),
            "mean": [numbers(row) for row in fit.rises.mean],
        },
        **model._landmarks_in_file(),
    }
    write_checked(content, path, partial(restore_cox, type(model)))


def _evaluation(one: Evaluation) -> dict[str, Any]:
    return {"value": number(one.value), "gradient": numbers(one.gradient), "information": [numbers(row) for row in one.information]}


def restore_cox(kind: Callable[..., CoxFindings], content: dict[str, Any]) -> CoxFindings:
    """The Cox regression, made by ``kind``, that the content of a file describes.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    model = kind(**{name: decode(value) for name, value in content["arguments"].items()})
    about, inside, design = content["fit"], content["inside"], Design.from_state(content["design"])
    p = len(design.names)
    maximum = Maximum(
        as_array(inside["coefficients"], (p,), "coefficients"),
        _as_evaluation(inside["here"], p),
        _as_evaluation(inside["at_zero"], p),
        about["steps"],
        as_float(about["violation"]),
    )
    names = tuple(content["strata"]["names"])
    levels = [tuple(level) if isinstance(level, list) else level for level in from_json(content["strata"]["levels"])]
    strata, curves = Strata(names, tuple(levels)), content["baselines"]
    m = len(curves["age"])
    fit = CoxFit(
        design=design,
        strata=strata,
        left_out=tuple(content["left_out"]),
        ties=about["ties"],
        maximum=maximum,
        penalty=ElasticNet(as_float(about["lasso"]), as_float(about["ridge"])),
        errors=about["errors"],
        covariance=None if inside["covariance"] is None else as_array(inside["covariance"], (p, p), "covariance"),
        rises=Rises(
            as_array(curves["log_rise"], (m,), "log_rise"),
            as_array(curves["variance"], (m,), "variance"),
            as_array(curves["mean"], (p, m), "mean"),
        ),
        age=as_array(curves["age"], (m,), "age"),
        offsets=np.array(curves["offsets"], dtype=int),
        begins=as_array(curves["begins"], (len(levels),), "begins"),
        ends=as_array(curves["ends"], (len(levels),), "ends"),
        n_rows=about["rows"],
        n_units=as_float(about["units"]),
        n_failed=as_float(about["failures"]),
        notes=list(about["notes"]),
    )
    model._fit = fit
    model._with_landmarks(content)
    _check(model, fit, content)
    return model


def _as_evaluation(given: Any, p: int) -> Evaluation:
    parts = as_array(given["gradient"], (p,), "gradient"), as_array(given["information"], (p, p), "information")
    return Evaluation(as_float(given["value"]), *parts)


def _check(model: CoxFindings, fit: CoxFit, content: dict[str, Any]) -> None:
    """Refuse a fit whose parts contradict each other."""
    offsets, finite = fit.offsets, [fit.maximum.beta, fit.rises.log, fit.rises.variance, fit.rises.mean, fit.age, fit.ends]
    rises_within = np.ones(max(len(fit.age) - 1, 0), dtype=bool)
    rises_within[np.clip(offsets[1:-1] - 1, 0, None)] = False
    for wrong, why in (
        (fit.ties not in RULES or fit.errors not in ("model", "robust"), "ties or errors are none that there are"),
        (not (fit.penalty.lasso >= 0 and fit.penalty.ridge >= 0), "the penalty is negative"),
        ((fit.covariance is None) != (fit.penalty.lasso > 0), "a fit has a covariance if it has no lasso"),
        (not 0 < fit.n_failed <= fit.n_units * (1 + 1e-12), f"of {fit.n_units:g} units {fit.n_failed:g} have failed"),
        (not all(np.all(np.isfinite(one)) for one in finite), "a number is not finite"),
        (np.any(fit.rises.variance <= 0), "a variance is not above 0"),
        (offsets.shape != (len(fit.ends) + 1,) or offsets[0] != 0 or offsets[-1] != len(fit.age), "the strata are not those of the ages"),
        (np.any(np.diff(offsets) < 0) or np.any(np.diff(fit.age)[rises_within] <= 0), "ages at failure do not increase"),
        (content["coefficients"] != dict(model.coefficients_), "the coefficients are not those inside"),
    ):
        if wrong:
            raise ValueError(f"{why}.")
    if fit.covariance is not None:
        check_covariance(fit.covariance, "covariance of the coefficients")
        if content["standard_errors"] != dict(model.standard_errors_):
            raise ValueError("the standard errors are not the roots of the covariance's diagonal.")
