"""A fitted model as a JSON file that a person can read; no pickle, nothing in it is run."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

import survjax
from survjax.distributions import LAWS, WRAPPERS, Distribution
from survjax.distributions.distribution import PART
from survjax.errors import ModelFileError
from survjax.estimation import Fit
from survjax.models.model import Model
from survjax.models.template import as_template

FORMAT, FORMAT_VERSION = "survjax model", 1
_LAWS = {law.__name__: law for law in (*LAWS, *WRAPPERS)}


def write_model(model: Model, path: Path) -> None:
    """Write a fitted model; a file that is there is replaced only when the new one is complete."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in.")
    fit = model._fitted
    content: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "survjax_version": survjax.__version__,
        "model": type(model).__name__,
        "arguments": {name: _encode(value) for name, value in model.get_params(deep=False).items()},
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
        },
        "distribution": _encode(fit.template),
        "coordinates": _numbers(fit.coordinates),
        "coordinate_covariance": [_numbers(row) for row in fit.coordinate_covariance],
    }
    content["sha256"] = _digest(content)
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    partial.replace(path)


def load(path: str | Path) -> Model:
    """Read a model that ``save`` wrote. The data it was fitted to are not in the file.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ModelFileError : the file is truncated, was altered, comes from a newer survjax, or is no model file.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ModelFileError(f"{path} is not a survjax model: it is not text.") from None
    except json.JSONDecodeError as error:
        raise ModelFileError(f"{path} is truncated or not JSON (line {error.lineno}: {error.msg}). Save the model again.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f'{path} is not a survjax model: its "format" is not "{FORMAT}".')
    version = content.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise ModelFileError(
            f"{path} was written in format {version} by survjax {content.get('survjax_version')}; this is survjax {survjax.__version__}, "
            f"which reads up to format {FORMAT_VERSION}. Upgrade survjax."
        )
    if content.pop("sha256", None) != _digest(content):
        raise ModelFileError(f"{path} was altered after it was written: its checksum does not fit. Save the model again, or fit anew.")
    try:
        return _restore(content)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelFileError(f"{path} cannot be read as a model: {type(error).__name__}: {error}.") from error


def _restore(content: dict[str, Any]) -> Model:
    from survjax.models import LEARNERS

    learner = LEARNERS[content["model"]]
    model = learner(**{name: _decode(value) for name, value in content["arguments"].items()})
    template = as_template(_decode(content["distribution"]))
    about = content["fit"]
    names = tuple(content["parameters"])
    p = template.n_coordinates()
    coordinates = np.array(_floats(content["coordinates"]))
    coordinate_covariance = np.array([_floats(row) for row in content["coordinate_covariance"]]).reshape(p, p)
    covariance = np.array([_floats(row) for row in content["covariance"]]).reshape(len(names), len(names))
    if coordinates.shape != (p,) or names != tuple(template.parameters()):
        raise ValueError("the parameters do not fit the distribution")
    model._fit = Fit(
        template=template,
        names=names,
        coordinates=coordinates,
        coordinate_covariance=coordinate_covariance,
        values=np.array(_floats(content["parameters"].values())),
        covariance=covariance,
        log_likelihood=_float(about["log_likelihood"]),
        n_learned=about["parameters_learned"],
        n_units=about["units"],
        n_failed=about["failures"],
        reason=about["stop_reason"],
        n_steps=about["steps"],
        path=np.zeros((0, p)),
        path_template=template,
        notes=about["notes"],
        n_starts=about["starts"],
        n_hits=about["starts_that_reached_it"],
    )
    return model


# ---- values JSON has no word for

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def _numbers(values: Any) -> list[float | str]:
    return [_number(value) for value in values]


def _float(value: Any) -> float:
    return _WORDS[value] if isinstance(value, str) else float(value)


def _floats(values: Any) -> list[float]:
    return [_float(value) for value in values]


def _encode(value: Any) -> Any:
    if isinstance(value, Distribution):
        return {"distribution": type(value).__name__, **{name: _encode(getattr(value, name)) for name in value.field_kinds()}}
    if isinstance(value, Model):
        return {"model": type(value).__name__, **{name: _encode(inner) for name, inner in value.get_params(deep=False).items()}}
    if isinstance(value, (list, tuple)) or (hasattr(value, "ndim") and value.ndim):
        return [_encode(entry) for entry in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    return _number(value)


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decode(entry) for entry in value)
    if isinstance(value, dict):
        fields = {name: _decode(inner) for name, inner in value.items() if name not in ("distribution", "model")}
        if "distribution" in value:
            law = _LAWS[value["distribution"]]
            return law(**{name: tuple(f) if law.field_kinds()[name] is PART and isinstance(f, list) else f for name, f in fields.items()})
        from survjax.models import LEARNERS

        return LEARNERS[value["model"]](**fields)
    return value


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
