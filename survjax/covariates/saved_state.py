"""What transforms learned, as JSON and back, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_json(value: Any, what: str) -> Any:
    """Numbers, text, lists, mappings and arrays as what JSON can hold; ``what`` is said in the error.

    Raises
    ------
    TypeError : something else is among them.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return to_json(value.item(), what)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iufb":
        return {"array": value.ravel().tolist(), "shape": list(value.shape), "type": value.dtype.name}
    if isinstance(value, (list, tuple)):
        return [to_json(item, what) for item in value]
    if isinstance(value, dict):
        return {"pairs": [[to_json(key, what), to_json(item, what)] for key, item in value.items()]}
    raise TypeError(
        f"{what} have learned a {type(value).__name__}, which no file can hold. Make a column of it before, and give that to the model."
    )


def from_json(value: Any) -> Any:
    """What ``to_json`` wrote."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if isinstance(value, dict):
        if "pairs" in value:
            return {from_json(key): from_json(item) for key, item in value["pairs"]}
        return np.array(value["array"], dtype=value["type"]).reshape(value["shape"])
    return value
