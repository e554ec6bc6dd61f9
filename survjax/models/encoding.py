"""Learners, distributions and numbers as what JSON can hold, and back to the last bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

import survjax
from survjax.distributions import LAWS, WRAPPERS, Distribution
from survjax.models.estimator import Estimator

ENCODED_LAWS: Mapping[str, Any] = {law.__name__: law for law in (*LAWS, *WRAPPERS)}
_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def numbers(values: Any) -> list[float | str]:
    return [number(value) for value in values]


def as_float(value: Any) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r:.60} stands where a number should.")
    return float(value)


def as_array(values: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    rows = values if len(shape) == 2 else [values]
    array = np.array([as_float(value) for row in rows for value in row])
    if not all(isinstance(row, list) and len(row) == shape[-1] for row in rows) or array.size != math.prod(shape):
        raise ValueError(f"{name} should have the shape {shape}.")
    return array.reshape(shape)


def encode(value: Any) -> Any:
    if isinstance(value, Distribution):
        fields = {name: encode(getattr(value, name)) for name in value.field_kinds()}
        return {"distribution": _name_of(value, ENCODED_LAWS), **fields}
    if isinstance(value, Estimator):
        return {"model": _name_of(value, learners()), **{name: encode(inner) for name, inner in value.get_params(deep=False).items()}}
    if isinstance(value, Mapping):
        return {"mapping": [[encode(key), encode(inner)] for key, inner in value.items()]}
    if isinstance(value, (list, tuple)) or (hasattr(value, "ndim") and value.ndim):
        return [encode(entry) for entry in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    try:
        return number(value)
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


def decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(decode(entry) for entry in value)
    if isinstance(value, dict) and "mapping" in value:
        return {decode(key): decode(inner) for key, inner in value["mapping"]}
    if isinstance(value, dict):
        fields = {name: decode(inner) for name, inner in value.items()}
        if "model" in fields:  # first, since a learner may have an argument called distribution
            registry, name = learners(), fields.pop("model")
        else:
            registry, name = ENCODED_LAWS, fields.pop("distribution")
        if name not in registry:
            raise ValueError(f"survjax {survjax.__version__} has no {name!r:.60}.")
        return registry[name](**fields)
    return _WORDS.get(value, value) if isinstance(value, str) else value


def learners() -> Mapping[str, Any]:
    from survjax.models import LEARNERS

    return LEARNERS
