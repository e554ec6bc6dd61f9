"""A fitted model as a JSON file that a person can read; no pickle, nothing in it is run."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import survjax
from survjax.distributions import LAWS, WRAPPERS, Distribution
from survjax.errors import ModelFileError
from survjax.fitting.estimation import Fit
from survjax.fitting.prior import read_prior
from survjax.models.fit_checks import check_fit
from survjax.models.mixtures import MixtureModel
from survjax.models.model import Model
from survjax.models.precision import in_double_precision
from survjax.models.template import as_template

FORMAT, FORMAT_VERSION = "survjax model", 1
_LAWS: Mapping[str, Any] = {law.__name__: law for law in (*LAWS, *WRAPPERS)}


def write_model(model: Model, path: Path) -> None:
    """Write a fitted model; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    TypeError : something in the model is not survjax's own, so that no file could bring it back.
    ModelFileError : the fit would not be read back, since what it says of itself does not fit together.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    fit = model._fitted
    encoded = _encode(model)
    content: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "survjax_version": survjax.__version__,
        "model": encoded.pop("model"),
        "arguments": encoded,
        "parameters": dict(zip(fit.names, _numbers(fit.values), strict=True)),
        "standard_errors": dict(zip(fit.names, _numbers(np.sqrt(np.diag(fit.covariance))), strict=True)),
        "covariance": [_numbers(row) for row in fit.covariance],
        "fit": {
            "log_likelihood": _number(fit.log_likelihood),
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
        "distribution": _encode(fit.template),
        "coordinates": _numbers(fit.coordinates),
        "coordinate_covariance": [_numbers(row) for row in fit.coordinate_covariance],
    }
    content["sha256"] = _digest(content)
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    _read(text, path)  # what cannot be read again is not written
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def load(path: str | Path) -> Model:
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
    return _read(text, path)


def _read(text: str, path: Path) -> Model:
    try:
        return _checked(text, path)
    except RecursionError:
        raise ModelFileError(f"{path} is not a survjax model: it is nested too deeply.") from None


def _checked(text: str, path: Path) -> Model:
    try:
        content = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ModelFileError(f"{path} is truncated or not JSON (line {error.lineno}: {error.msg}). Save the model again.") from None
    except ValueError as error:
        raise ModelFileError(f"{path} is not a survjax model: {error}.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f'{path} is not a survjax model: its "format" is not "{FORMAT}".')
    version = content.get("format_version")
    if type(version) is not int or version < 1:
        raise ModelFileError(f'{path} is not a survjax model: its "format_version" must be a whole number from 1; it is {version!r}.')
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{path} was written in format {version} by survjax {content.get('survjax_version')}; this is survjax {survjax.__version__}, "
            f"which reads up to format {FORMAT_VERSION}. Upgrade survjax."
        )
    if content.pop("sha256", None) != _digest(content):
        raise ModelFileError(f"{path} was altered after it was written: its checksum does not fit. Save the model again, or fit anew.")
    try:
        return _restore(content)
    except KeyError as error:
        raise ModelFileError(f"{path} cannot be read as a model: {error} is missing from it.") from error
    except (TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        raise ModelFileError(f"{path} cannot be read as a model: {error}") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has {next(name for name in names if names.count(name) > 1)!r} twice")
    return content


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not a number of JSON")


@in_double_precision
def _restore(content: dict[str, Any]) -> Model:
    model: Model = _decode({"model": content["model"], **content["arguments"]})
    model._template()  # arguments are checked where they are used
    model._search()
    template = as_template(_decode(content["distribution"]))
    about = content["fit"]
    names = tuple(content["parameters"])
    p = template.n_coordinates()
    if names != tuple(template.parameters()):
        raise ValueError("the parameters are not those of the distribution.")
    fit = Fit(
        template=template,
        names=names,
        coordinates=_array(content["coordinates"], (p,), "coordinates"),
        coordinate_covariance=_array(content["coordinate_covariance"], (p, p), "coordinate_covariance"),
        values=_array(list(content["parameters"].values()), (len(names),), "parameters"),
        covariance=_array(content["covariance"], (len(names), len(names)), "covariance"),
        log_likelihood=_float(about["log_likelihood"]),
        n_learned=about["parameters_learned"],
        n_units=_float(about["units"]),
        n_failed=_float(about["failures"]),
        reason=about["stop_reason"],
        n_steps=about["steps"],
        path=np.zeros((0, p)),
        path_template=template,
        notes=about["notes"],
        n_starts=about["starts"],
        n_hits=about["starts_that_reached_it"],
        prior=read_prior(about.get("prior"), template),
        penalty=_float(about.get("penalty", 0.0)),
    )
    check_fit(fit)
    errors = _array([content["standard_errors"][name] for name in names], (len(names),), "standard_errors")
    if not np.allclose(errors, np.sqrt(np.diag(fit.covariance)), rtol=1e-9, atol=0.0, equal_nan=True):
        raise ValueError("the standard errors are not the roots of the covariance's diagonal.")
    _check_learner(model, template)
    model._fit = fit
    return model


def _check_learner(model: Model, template: Distribution) -> None:
    """A named learner has the predictions of its own distribution, and a file may not lend them to another."""
    law = _LAWS["Mixture"] if isinstance(model, MixtureModel) else _LAWS.get(type(model).__name__)
    if law is not None and type(template) is not law:
        raise ValueError(f"a {type(model).__name__} has no distribution of the kind {type(template).__name__}.")


# ---- values JSON has no word for

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def _numbers(values: Any) -> list[float | str]:
    return [_number(value) for value in values]


def _float(value: Any) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r:.60} stands where a number should.")
    return float(value)


def _array(values: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    rows = values if len(shape) == 2 else [values]
    array = np.array([_float(value) for row in rows for value in row])
    if not all(isinstance(row, list) and len(row) == shape[-1] for row in rows) or array.size != math.prod(shape):
        raise ValueError(f"{name} should have the shape {shape}.")
    return array.reshape(shape)


def _encode(value: Any) -> Any:
    if isinstance(value, Distribution):
        fields = {name: _encode(getattr(value, name)) for name in value.field_kinds()}
        return {"distribution": _name_of(value, _LAWS), **fields}
    if isinstance(value, Model):
        return {"model": _name_of(value, _learners()), **{name: _encode(inner) for name, inner in value.get_params(deep=False).items()}}
    if isinstance(value, Mapping):
        return {"mapping": [[_encode(key), _encode(inner)] for key, inner in value.items()]}
    if isinstance(value, (list, tuple)) or (hasattr(value, "ndim") and value.ndim):
        return [_encode(entry) for entry in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    try:
        return _number(value)
    except (TypeError, OverflowError):
        raise TypeError(f"a model file cannot hold {value!r:.60}, of type {type(value).__name__}; give numbers, text or None.") from None


def _name_of(value: Any, registry: Mapping[str, Any]) -> str:
    kind = type(value)
    if registry.get(kind.__name__) is not kind:
        raise TypeError(
            f"a model file holds survjax's own learners and distributions only ({', '.join(registry)}), and {kind.__module__}."
            f"{kind.__qualname__} is not one of them: load could not make it again. Keep this model with pickle, its class in a "
            "module that can be imported, or note its parameters_ and covariance_."
        )
    return kind.__name__


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decode(entry) for entry in value)
    if isinstance(value, dict) and "mapping" in value:
        return {_decode(key): _decode(inner) for key, inner in value["mapping"]}
    if isinstance(value, dict):
        fields = {name: _decode(inner) for name, inner in value.items()}
        if "model" in fields:  # first, since a learner may have an argument called distribution
            registry, name = _learners(), fields.pop("model")
        else:
            registry, name = _LAWS, fields.pop("distribution")
        if name not in registry:
            raise ValueError(f"survjax {survjax.__version__} has no {name!r:.60}.")
        return registry[name](**fields)
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _learners() -> Mapping[str, Any]:
    from survjax.models import LEARNERS

    return LEARNERS


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
