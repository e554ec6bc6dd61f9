"""A trained ensemble as a JSON file: its arrays as numbers, nothing that is run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from survjax.models.checked_file import header, write_checked
from survjax.models.encoding import as_array, as_float, decode, encode, number, numbers
from survjax.models.model_file import restore
from survjax.models.precision import in_double_precision
from survjax.models.template import as_template
from survjax.neural.conformal import HeldOut
from survjax.neural.inputs import inputs_from_state
from survjax.neural.network import structure
from survjax.neural.neural_fit import NeuralFit

if TYPE_CHECKING:
    from survjax.neural.neural_regression import NeuralRegression


def write_network(model: NeuralRegression, path: Path) -> None:
    """Write a trained ensemble; a file that is there is replaced only when the new one is complete.

    Raises
    ------
    TypeError : an argument that no file can hold. ModelFileError : it would not be read back.
    """
    fit = model._fitted
    if not isinstance(model.optimiser, str):
        raise TypeError(
            "a model file cannot hold an optimiser of optax. It is not needed any more once networks are trained: "
            'set_params(optimiser="adam", learning_rate=None, weight_decay=0.0), then save.'
        )
    arguments = {name: encode(value) for name, value in model.get_params(deep=False).items()}
    content: dict[str, Any] = {
        **header(type(model).__name__, arguments),
        "fit": {
            "log_likelihood": number(fit.log_likelihood),
            "units": fit.n_units,
            "failures": fit.n_failed,
            "last_age": fit.last,
            "level": fit.level,
            "notes": fit.notes,
        },
        "inputs": fit.inputs.state(),
        "distribution": encode(fit.template),
        "start": numbers(fit.start),
        "networks": [{"shape": list(array.shape), "numbers": numbers(array.reshape(-1))} for array in jax.tree.leaves(fit.networks)],
        "learning_curve": {name: numbers(fit.curve[name]) for name in fit.curve},
        "held_out": {
            "reached": numbers(fit.told.reached),
            "weight": numbers(fit.told.weight),
            "total": fit.told.total,
            "reason": fit.told.reason,
        },
        **model._landmarks_in_file(),
    }
    write_checked(content, path, restore)


@in_double_precision
def restore_network(kind: type[NeuralRegression], content: dict[str, Any]) -> NeuralRegression:
    """The ensemble that the content of a file describes.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    import pandas as pd

    model = kind(**{name: decode(value) for name, value in content["arguments"].items()})
    model._settings(1)
    inputs, template = inputs_from_state(content["inputs"]), as_template(decode(content["distribution"]))
    p, about, told, curve = template.n_coordinates(), content["fit"], content["held_out"], content["learning_curve"]
    if type(template) is not kind._kind:
        raise ValueError(f"a {kind.__name__} has no distribution of the kind {type(template).__name__}.")
    columns = {name: as_array(values, (len(values),), name) for name, values in curve.items()}
    model._fit = NeuralFit(
        inputs=inputs,
        template=template,
        start=as_array(content["start"], (p,), "start"),
        networks=_networks(model, inputs.shape, p, content["networks"]),
        level=as_float(about["level"]),
        curve=pd.DataFrame(columns).astype({"member": int, "epoch": int}),
        log_likelihood=as_float(about["log_likelihood"]),
        n_units=as_float(about["units"]),
        n_failed=as_float(about["failures"]),
        last=as_float(about["last_age"]),
        told=HeldOut(
            as_array(told["reached"], (len(told["reached"]),), "reached"),
            as_array(told["weight"], (len(told["reached"]),), "weight"),
            as_float(told["total"]),
            str(told["reason"]),
        ),
        notes=about["notes"],
    )
    model._with_landmarks(content)
    return model


def _networks(model: NeuralRegression, shape: tuple[int, ...], outputs: int, given: Any) -> Any:
    """The networks that the arguments ask for, with the numbers of the file."""
    leaves, treedef = jax.tree.flatten(structure(model.network, shape, outputs, tuple(model.hidden), model.dropout))
    if len(leaves) != len(given):
        raise ValueError(f"the networks have {len(given)} arrays; a {model.network} network has {len(leaves)}.")
    arrays = []
    for leaf, one in zip(leaves, given, strict=True):
        wanted = (model.members, *leaf.shape)
        if tuple(one["shape"]) != wanted:
            raise ValueError(f"an array of the networks has the shape {tuple(one['shape'])}, and should have {wanted}.")
        array = as_array(one["numbers"], (math.prod(wanted),), "networks").astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError("a number of the networks is not finite.")
        arrays.append(array.reshape(wanted))
    return jax.tree.unflatten(treedef, arrays)
