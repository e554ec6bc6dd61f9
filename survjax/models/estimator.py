"""The face that scikit-learn expects of an estimator, without importing scikit-learn."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Self

from survjax.distributions import Distribution
from survjax.models.habits import instead_of


class Estimator:
    """Constructor arguments as parameters: ``get_params``, ``set_params``, ``clone``, pipelines and grid search work."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Constructor arguments by name; with ``deep`` also those of arguments that are estimators, as name__parameter."""
        params = {name: getattr(self, name) for name in self._parameter_names()}
        if deep:
            for name, value in list(params.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    params.update({f"{name}__{inner}": given for inner, given in value.get_params().items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments; a fit stays as it is until the next.

        Raises
        ------
        ValueError : a name is not one of the constructor's, or name__parameter of an argument that is no learner.
        """
        names = self._parameter_names()
        for name in params:
            own, deeper, _ = name.partition("__")
            if own not in names:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; there are {', '.join(names)}.")
            if deeper and not hasattr(params.get(own, getattr(self, own)), "set_params"):
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}: {own} is no learner; there are {', '.join(names)}.")
        for name in sorted(params, key=lambda name: "__" in name):  # a new learner first, then what is said of it
            own, deeper, inner = name.partition("__")
            if deeper:
                getattr(self, own).set_params(**{inner: params[name]})
            else:
                setattr(self, own, params[name])
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    if not TYPE_CHECKING:  # or every name would be one

        def __getattr__(self, name: str) -> Any:
            answer = instead_of(type(self), name)
            if answer is not None:
                raise AttributeError(answer)
            return object.__getattribute__(self, name)  # raises again what was wrong, as of a property before the fit

    def constructor(self, longest: int | None = None) -> str:
        """The call that makes this learner, arguments at their defaults left out; and cut short those of more than ``longest`` letters."""
        defaults = {name: p.default for name, p in inspect.signature(type(self).__init__).parameters.items()}
        given = self.get_params(deep=False).items()
        shown = {name: _written(value) for name, value in given if not _same(value, defaults[name])}
        if longest is not None:
            shown = {name: "…" if len(said) > longest else said for name, said in shown.items()}
        return f"{type(self).__name__}({', '.join(f'{name}={said}' for name, said in shown.items())})"

    def __repr__(self) -> str:
        return self.constructor()


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_written(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_written(one)}' for key, one in value.items())}}}"
    if isinstance(value, Distribution):
        fields = ((name, getattr(value, name)) for name in value.field_kinds())
        return f"{type(value).__name__}({', '.join(f'{name}={_written(field)}' for name, field in fields if field is not None)})"
    if isinstance(value, tuple):
        return f"({', '.join(_written(one) for one in value)}{',' if len(value) == 1 else ''})"
    return value.constructor() if isinstance(value, Estimator) else repr(value)


def _same(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, (int, float, str)) and type(value) is type(default) and value == default)
