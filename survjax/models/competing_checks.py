"""What competing events are given, read and checked: models, labels, and what is assumed of events that are taken away."""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from survjax.data.columns import read_arguments
from survjax.distributions import Distribution
from survjax.fitting.causes import is_labelled
from survjax.models.model import Model
from survjax.models.regression import Regression

INDEPENDENCE = "independence given X"
# predictions that have an interval and are of one event, with their arguments after X
OF_A_CAUSE = {"cumulative_incidence": ("times", "age"), "failure_probability": ("age", "horizon"), "cause_removed": ("age", "horizon")}


def check_models(models: Any) -> dict[Hashable, Any]:
    """The models by label, unfitted copies.

    Raises
    ------
    TypeError : no mapping, or what is neither regression nor law. ValueError : a missing label; a law that cannot stand here.
    """
    if not isinstance(models, Mapping) or not models:
        raise TypeError(f"models must be a mapping from the label of each event to its model; got {models!r}.")
    fresh: dict[Hashable, Any] = {}
    for label, model in models.items():
        if label is None or label != label:  # noqa: PLR0124
            raise ValueError(f"an event must have a name, and {label!r} is how data say that it is missing.")
        if isinstance(model, Distribution):
            fresh[label] = Model(model)
        elif isinstance(model, (Model, Regression)):
            fresh[label] = type(model)(**model.get_params(deep=False))
        else:
            raise TypeError(
                f"the model of {label!r} must be a regression over a lifetime distribution, such as "
                f"sj.ProportionalHazards(sj.Weibull()), or a learner or distribution such as sj.Weibull(); got {model!r}."
            )
        own = fresh[label]
        _check_law(own._template() if isinstance(own, Model) else own._base_template(), label)
    return fresh


def _check_law(law: Distribution, label: Hashable) -> None:
    if law.start_of_support < 0.0:
        raise ValueError(
            f"the model of {label!r}: events are asked of units of an age, and {type(law).__name__} lives on the whole real line."
        )
    if law.has_mass_at_start:
        raise ValueError(f"the model of {label!r}: the dead on arrival have no hazard. Leave ZeroInflated, and such units, out.")
    if is_labelled(law):
        raise ValueError(f"the model of {label!r} tells causes apart itself: give each of them a model of its own here.")


def event_notes(causes: Sequence[Hashable]) -> list[str]:
    """What the reader should know of events that may depend on each other."""
    if len(causes) == 1:
        return []
    return [
        "Cumulative incidence, and what is said of the first event of any kind, need no independence of the events: they say what will "
        "happen as long as units are removed and maintained as they were.",
        "Preemptive removals usually depend on impending failure: units are taken out because they look worse than X says. What would "
        "happen without them is then not what these hazards say, and the data cannot tell (Tsiatis 1975): predict_cause_removed asks for "
        "the assumption, peterson_bounds makes none.",
    ]


def read_removed(removed: Any, cause: Hashable, causes: tuple[Hashable, ...]) -> tuple[int, ...]:
    """The positions of the events taken away; None: of all but ``cause``.

    Raises
    ------
    ValueError : a label that is none; ``cause`` itself; nothing.
    """
    others = [label for label in causes if label != cause]
    labels = (
        others if removed is None else list(removed) if isinstance(removed, (list, tuple, set)) and removed not in causes else [removed]
    )
    strange = [label for label in labels if label not in others]
    if strange or not labels:
        raise ValueError(
            f"removed must be one or several of {', '.join(map(repr, others)) or 'the other events, of which there are none'}, or None "
            f"for all of them; got {removed!r}."
        )
    return tuple(sorted({causes.index(label) for label in labels}))


def read_assumption(assuming: Any) -> float | None:
    """None for independence, else the hazard ratio of units spared.

    Raises
    ------
    ValueError : neither.
    """
    if isinstance(assuming, str) and assuming == INDEPENDENCE:
        return None
    if isinstance(assuming, numbers.Real) and not isinstance(assuming, (bool, np.bool_)) and 0.0 <= float(assuming) < np.inf:
        return float(assuming)
    raise ValueError(
        "what would happen if an event were taken away is not in the data: any dependence between the events fits them equally well "
        f'(Tsiatis 1975). Say what you take for granted: assuming="{INDEPENDENCE}", or a number of at least 0, how many times that of '
        f"the others the hazard of units taken out would have been; peterson_bounds says what holds without. Got assuming={assuming!r}."
    )


def check_finite(horizon: Any, name: str) -> None:
    """Refuse an endless horizon."""
    (ahead,), _ = read_arguments(**{name: horizon})
    if np.isinf(ahead).any():
        raise ValueError(f"{name} must be finite: for what happens in the long run pass an age by which hardly any unit is left.")


def ages_and_horizons(what: str, at: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, Any]:
    """Age and horizon from what ``interval`` is given for a prediction of one event.

    Raises
    ------
    TypeError : arguments missing, unknown or given twice. ValueError : an endless horizon.
    """
    names = OF_A_CAUSE[what]
    given = dict(zip(names, at, strict=False)) | keywords
    if what == "cumulative_incidence":
        given = {"age": 0.0} | given
    if len(at) > len(names) or set(keywords) - set(names[len(at) :]) or set(names) != set(given):
        told = [f"{len(at)} by position", *sorted(keywords)]
        raise TypeError(f"{what} takes X, {', '.join(names)} and cause=; got after X {', '.join(told)}.")
    horizon = "times" if what == "cumulative_incidence" else "horizon"
    check_finite(given[horizon], horizon)
    return given["age"], given[horizon]


def refuse_arguments_of_parameters(X: Any, at: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    if X is not None or at or keywords:
        raise TypeError("the interval of parameters takes no further arguments.")
