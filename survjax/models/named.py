"""A learner for each distribution that has parameters of its own, made from the registry."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from survjax.distributions import LAWS, Distribution
from survjax.models.model import Model
from survjax.models.template import as_template
from survjax.parameters import Domain


def named_model(law: type[Distribution]) -> type[Model]:
    """The learner called like its distribution, whose constructor takes that distribution's parameters."""
    names = [name for name, kind in law.field_kinds().items() if isinstance(kind, Domain)]
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None) for name in names]
    call = f"{law.__name__}.__init__()"
    signature = inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *parameters])

    def initialise(self: Model, *args: Any, **kwargs: Any) -> None:
        if len(args) > len(names):
            raise TypeError(f"{call} takes from 1 to {len(names) + 1} positional arguments but {len(args) + 1} were given")
        for name in kwargs:
            if name not in names:
                raise TypeError(f"{call} got an unexpected keyword argument {name!r}")
            if name in names[: len(args)]:
                raise TypeError(f"{call} got multiple values for argument {name!r}")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        for name in names:
            setattr(self, name, given.get(name))

    def template(self: Model) -> Distribution:
        return as_template(law(**{name: getattr(self, name) for name in names}))

    initialise.__signature__ = signature  # type: ignore[attr-defined]
    doc = f"{inspect.getdoc(law)}\n\nA parameter given to the constructor is known; one left None is learned by ``fit``."
    return type(law.__name__, (Model,), {"__init__": initialise, "_template": template, "__doc__": doc, "__module__": "survjax"})


NAMED_MODELS: dict[str, Callable[..., Model]] = {law.__name__: named_model(law) for law in LAWS}
