"""Learners, distributions and numbers as what JSON can hold, and back to the last bit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
import numpy as np

import survjax
from survjax.distributions import LAWS, WRAPPERS, Distribution
from survjax.models.estimator import Estimator
from survjax.models.precision import in_double_precision

ENCODED_LAWS: Mapping[str, Any] = {law.__name__: law for law in (*LAWS, *WRAPPERS)}
NO_LAWS: Mapping[str, Any] = MappingProxyType({})
LOOKS_LIKE = "log_survival_of_a_probe"  # by which a user's class is known again
_PROBE_AGES = (0.5, 1.0, 2.0)
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
        if type(value) in ENCODED_LAWS.values():
            return {"distribution": type(value).__name__, **fields}
        return {"distribution": _own_name(type(value)), **fields, LOOKS_LIKE: numbers(_probe(value))}
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
            f"a model file holds survjax's own learners only ({', '.join(registry)}), and {kind.__module__}.{kind.__qualname__} is not one "
            "of them: load could not make it again. Keep this model with pickle, its class in a module that can be imported, or note its "
            "parameters_ and covariance_."
        )
    return kind.__name__


def _own_name(kind: type[Distribution]) -> str:
    if kind.__module__.startswith("survjax."):
        raise TypeError(f"{kind.__name__} is not one of the distributions that a model file holds ({', '.join(ENCODED_LAWS)}).")
    if kind.__name__ in ENCODED_LAWS:
        raise TypeError(f"your distribution {kind.__name__} has the name of one of survjax's, which load would take for it: rename it.")
    return kind.__name__


def own_laws(value: Any) -> dict[str, type[Distribution]]:
    """The distributions in a learner that are a user's own, by name.

    Raises
    ------
    TypeError : two of them have one name.
    """
    found: dict[str, type[Distribution]] = {}
    inside: Iterable[Any] = ()
    if isinstance(value, Distribution):
        inside = [getattr(value, name) for name in value.field_kinds()]
        if type(value) not in ENCODED_LAWS.values():
            found[_own_name(type(value))] = type(value)
    elif isinstance(value, Estimator):
        inside = value.get_params(deep=False).values()
    elif isinstance(value, Mapping):
        inside = value.values()
    elif isinstance(value, (list, tuple)):
        inside = value
    for part in inside:
        for name, kind in own_laws(part).items():
            if found.setdefault(name, kind) is not kind:
                raise TypeError(f"two different distributions are called {name}, which a file could not tell apart: rename one.")
    return found


def read_own_laws(given: Any) -> dict[str, type[Distribution]]:
    """The classes that a user gives to ``load``, by name.

    Raises
    ------
    TypeError : what is no class of distributions. ValueError : a name that survjax has itself.
    """
    if isinstance(given, (type, Distribution)):
        name = given.__name__ if isinstance(given, type) else type(given).__name__
        raise TypeError(f"distributions must be a list of classes made from sj.Distribution: distributions=[{name}].")
    for kind in given:
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            hint = " Pass the class itself, without ()." if isinstance(kind, Distribution) else ""
            raise TypeError(f"distributions must be classes made from sj.Distribution; got {kind!r:.60}.{hint}")
        if kind.__name__ in ENCODED_LAWS:
            raise ValueError(f"survjax has a {kind.__name__} of its own, which a file means by that name: rename yours.")
    return {kind.__name__: kind for kind in given}


@in_double_precision
def _probe(law: Distribution) -> np.ndarray:
    """log S at some ages under parameters that have nothing to do with a fit: what the law is. Empty for one made of others."""
    if law.parts():
        return np.zeros(0)
    free = law.with_values([None] * len(law.parameters()))
    probe = free.bind(0.1 * (1.0 + np.arange(free.n_coordinates())))
    return np.asarray(probe.log_survival(jnp.asarray(_PROBE_AGES)))


def _check_fields(kind: type[Distribution], saved: Mapping[str, Any]) -> None:
    if saved.keys() != kind.field_kinds().keys():
        raise ValueError(
            f"the {kind.__name__} that was given has the parameters {', '.join(kind.field_kinds()) or 'none'}, and that in the file "
            f"{', '.join(saved) or 'none'}. Pass the class with which the model was fitted."
        )


def _check_probe(law: Distribution, told: Any) -> None:
    if not np.allclose(_probe(law), [as_float(value) for value in told], rtol=1e-6, atol=0.0, equal_nan=True):
        raise ValueError(
            f"the {type(law).__name__} that was given is not the distribution that was saved: its log_survival is another. Pass the class "
            "with which the model was fitted."
        )


def decode(value: Any, own: Mapping[str, type[Distribution]] = NO_LAWS) -> Any:
    """What was encoded; distributions are looked up in the registry and, by name, among a user's ``own``: nothing is imported."""
    if isinstance(value, list):
        return tuple(decode(entry, own) for entry in value)
    if isinstance(value, dict) and "mapping" in value:
        return {decode(key, own): decode(inner, own) for key, inner in value["mapping"]}
    if isinstance(value, dict):
        told = value.get(LOOKS_LIKE)
        fields = {name: decode(inner, own) for name, inner in value.items() if name != LOOKS_LIKE}
        if "model" in fields:  # first, since a learner may have an argument called distribution
            return _looked_up(fields.pop("model"), learners())(**fields)
        name = fields.pop("distribution")
        kind = _looked_up(name, {**own, **ENCODED_LAWS}, hint=told is not None)
        if name in own:
            _check_fields(kind, fields)
        law = kind(**fields)
        if name in own:
            _check_probe(law, told)
        return law
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _looked_up(name: Any, registry: Mapping[str, Any], hint: bool = False) -> Any:
    if name not in registry:
        remedy = (
            f": it is a class of whoever saved the model, and a file does not hold its code. Define that class, made from sj.Distribution, "
            f"and pass it: sj.load(path, distributions=[{name:.60}])"
        )
        raise ValueError(f"survjax {survjax.__version__} has no {name!r:.60}{remedy if hint else ''}.")
    return registry[name]


def learners() -> Mapping[str, Any]:
    from survjax.models import LEARNERS

    return LEARNERS
