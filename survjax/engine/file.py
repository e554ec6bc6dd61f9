"""A fit of a user's likelihood as a JSON file that a person can read; the function stays with the user."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from survjax import parameters
from survjax.engine.estimation import LikelihoodFit
from survjax.engine.findings import LikelihoodFindings
from survjax.engine.parameter_space import WORDS, read_parameters
from survjax.engine.term import NotInTheFile
from survjax.models.arguments import check_whole_number
from survjax.models.checked_file import header, write_checked
from survjax.models.encoding import as_array, as_float, number, numbers
from survjax.models.fit_checks import SAME_COVARIANCE, SAME_VALUE, check_covariance
from survjax.models.precision import in_double_precision
from survjax.parameters import Domain, Unknown

DOMAINS: Mapping[str, Domain] = {
    **WORDS,
    "real rate": parameters.REAL_RATE,
    "logarithm of time": parameters.LOG_TIME,
    "variance": parameters.VARIANCE,
}


def write_likelihood(model: LikelihoodFindings, path: Path) -> None:
    """Write a fitted model; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    NotFitted : nothing was learned. TypeError : a domain that is none of survjax's; a known array of something else than numbers.
    """
    fit = model._fitted
    # those of the fit, whatever the constructor was told since
    said = {entry.name: entry for entry in fit.space.entries}
    starts = read_parameters(model.parameters)[1] if set(model.parameters) == set(said) else {}
    arguments = {
        "log_likelihood": model._called(),
        "parameters": [
            {"name": name, "known": _plain(fit.space.known[name])}
            if entry.domain is None
            else {
                "name": name,
                "domain": _word(name, entry.domain),
                "shape": list(entry.shape),
                "labels": list(entry.labels),
                "start": _plain(starts[name]) if name in starts and np.shape(starts[name]) == entry.shape else None,
            }
            for name, entry in said.items()
        ],
        "per": model.per,
        "errors": model.errors,
    }
    content: dict[str, Any] = {
        **header("MaximumLikelihood", arguments),
        "estimates": dict(zip(fit.space.names, numbers(fit.values), strict=True)),
        "standard_errors": dict(zip(fit.space.names, numbers(np.sqrt(np.diag(fit.covariance))), strict=True)),
        "fit": {
            "log_likelihood": number(fit.log_likelihood),
            "units": number(fit.n_units),
            "stop_reason": fit.reason,
            "steps": fit.n_steps,
            "starts": fit.n_starts,
            "starts_that_reached_it": fit.n_hits,
            "notes": fit.notes,
        },
        "coordinates": numbers(fit.coordinates),
        "coordinate_covariance": [numbers(row) for row in fit.coordinate_covariance],
        "jacobian": [numbers(row) for row in fit.jacobian],
    }
    write_checked(content, path, restore_likelihood)


def _word(name: str, domain: Domain) -> str:
    for word, one in DOMAINS.items():
        if one is domain:
            return word
    raise TypeError(f"a model file holds survjax's own domains only ({', '.join(DOMAINS)}), and that of {name} is none of them.")


def _plain(values: Any) -> Any:
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        return array.tolist()
    return number(float(array)) if array.ndim == 0 else [_plain(part) for part in array]


@in_double_precision
def restore_likelihood(content: dict[str, Any]) -> LikelihoodFindings:
    """The model that the content of a file describes, without its function.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    from survjax.engine.maximum_likelihood import MaximumLikelihood

    arguments, about = content["arguments"], content["fit"]
    if arguments["per"] not in ("row", "block") or arguments["errors"] not in ("model", "robust"):
        raise ValueError(f"per={arguments['per']!r:.20}, errors={arguments['errors']!r:.20} are no arguments of MaximumLikelihood.")
    given = {str(said["name"]): _said(said) for said in arguments["parameters"]}
    space, _ = read_parameters(given)
    model = MaximumLikelihood(NotInTheFile(str(arguments["log_likelihood"])), given, per=arguments["per"], errors=arguments["errors"])
    p, m = space.n_coordinates, len(space.names)
    coordinates = as_array(content["coordinates"], (p,), "coordinates")
    fit = LikelihoodFit(
        space=space,
        coordinates=coordinates,
        coordinate_covariance=as_array(content["coordinate_covariance"], (p, p), "coordinate_covariance"),
        values=as_array(list(content["estimates"].values()), (m,), "estimates"),
        jacobian=as_array(content["jacobian"], (m, p), "jacobian"),
        log_likelihood=as_float(about["log_likelihood"]),
        n_units=as_float(about["units"]),
        reason=str(about["stop_reason"]),
        n_steps=check_whole_number(about["steps"], "steps", 0),
        path=np.zeros((0, p)),
        n_starts=check_whole_number(about["starts"], "starts", 1),
        n_hits=check_whole_number(about["starts_that_reached_it"], "starts_that_reached_it", 0),
        notes=[str(note) for note in about["notes"]],
    )
    _check(fit, content)
    model._fit = fit
    return model


def _said(said: dict[str, Any]) -> Any:
    if "known" in said:
        return _numbers(said["known"])
    if said["domain"] not in DOMAINS:
        raise ValueError(f"there is no domain {said['domain']!r:.40}.")
    start = None if said["start"] is None else _numbers(said["start"])
    return Unknown(DOMAINS[said["domain"]], tuple(said["shape"]), tuple(map(str, said["labels"])), start)


def _numbers(given: Any) -> np.ndarray:
    def read(value: Any) -> Any:
        if isinstance(value, list):
            return [read(part) for part in value]
        return value if isinstance(value, (bool, int)) else as_float(value)

    return np.array(read(given))


def _check(fit: LikelihoodFit, content: dict[str, Any]) -> None:
    """Refuse a fit whose parts contradict each other.

    Raises
    ------
    ValueError : the message says which part.
    """
    check_covariance(fit.coordinate_covariance, "covariance")
    values = np.asarray(fit.space.values(fit.coordinates))
    slopes = np.asarray(jax.jacfwd(fit.space.values)(fit.coordinates))
    # those of before the last step, which is 1e-7 long at most
    if not np.allclose(fit.jacobian, slopes, rtol=SAME_COVARIANCE, atol=0.0):
        raise ValueError("the jacobian is not that of the coordinates.")
    for name, told, found in (
        ("estimates", fit.values, values),
        ("standard_errors", np.array([as_float(one) for one in content["standard_errors"].values()]), np.sqrt(np.diag(fit.covariance))),
    ):
        if list(content[name]) != fit.space.names:
            raise ValueError(f"the {name} are not those of the parameters.")
        if not np.allclose(told, found, rtol=SAME_VALUE, atol=0.0, equal_nan=True):
            raise ValueError(f"the {name} are not those of the coordinates.")
