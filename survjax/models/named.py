"""A learner for each distribution of the registry but those that are asked more than others."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

from survjax.distributions import LAWS, WRAPPERS, CompetingRisks, DefectiveSubpopulation, Distribution, Mixture, UnitFrailty
from survjax.distributions.fields import PART
from survjax.models.model import Model
from survjax.models.template import as_template
from survjax.parameters import Domain, Several


def named_model(law: type[Distribution]) -> type[Model]:
    """The learner called like its distribution, whose constructor takes that distribution's parameters."""
    names = list(law.field_kinds())
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=_default(law, name), annotation=_annotation(law, name))
        for name in names
    ]
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
        given = signature.bind(self, *args, **kwargs)
        given.apply_defaults()
        for name in names:
            setattr(self, name, given.arguments[name])

    def template(self: Model) -> Distribution:
        return as_template(law(**{name: getattr(self, name) for name in names}))

    initialise.__signature__ = signature  # type: ignore[attr-defined]
    doc = f"{inspect.getdoc(law)}\n\nA parameter given to the constructor is known; one left None is learned by ``fit``."
    return type(law.__name__, (Model,), {"__init__": initialise, "_template": template, "__doc__": doc, "__module__": "survjax"})


def _default(law: type[Distribution], name: str) -> Any:
    default = next(field.default for field in dataclasses.fields(law) if field.name == name)  # type: ignore[arg-type]
    return inspect.Parameter.empty if default is dataclasses.MISSING else default


def _annotation(law: type[Distribution], name: str) -> str:
    kind = law.field_kinds()[name]
    if kind is None:
        return law.__annotations__[name]
    if isinstance(kind, Domain):
        return "float | None"
    if kind is PART:
        return "Model | Distribution"
    inside = "float | None" if isinstance(kind, Several) else "float"
    return f"Sequence[{inside}] | None" if _default(law, name) is None else f"Sequence[{inside}]"


NAMED_MODELS: dict[str, Callable[..., Model]] = {
    law.__name__: named_model(law)
    for law in (*LAWS, *WRAPPERS)
    if law not in (CompetingRisks, DefectiveSubpopulation, Mixture, UnitFrailty)
}
