"""Fitted competing events as what a file holds: the content of each event's model under its label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from survjax.distributions import Distribution
from survjax.models.checked_file import header
from survjax.models.competing_checks import check_models
from survjax.models.competing_events import CompetingEvents
from survjax.models.encoding import decode, encode


def events_content(model: CompetingEvents, content_of: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """What a file holds; ``content_of`` gives it for the model of one event.

    Raises
    ------
    TypeError : something in a model, or a label, is nothing that a file could bring back.
    """
    encoded = encode(model)
    labels = [encode(cause) for cause in model.causes_]
    if tuple(decode(label) for label in labels) != model.causes_:
        raise TypeError(f"a model file cannot hold the labels {model.causes_!r}; name the events by text or whole numbers.")
    events = [{"cause": label, "fitted": content_of(model.models_[cause])} for label, cause in zip(labels, model.causes_, strict=True)]
    return {**header(encoded.pop("model"), encoded), "events": events}


def restore_events(
    content: dict[str, Any], restore: Callable[[dict[str, Any]], Any], own: Mapping[str, type[Distribution]]
) -> CompetingEvents:
    """The competing events that the content of a file describes; ``restore`` makes the model of one event.

    Parameters
    ----------
    own : a user's laws by name.

    Raises
    ------
    KeyError, TypeError, ValueError : parts are missing or do not fit together.
    """
    model: CompetingEvents = decode({"model": content["model"], **content["arguments"]}, own)
    asked = check_models(model.models)
    fitted = {decode(one["cause"]): restore(one["fitted"]) for one in content["events"]}
    if list(fitted) != list(asked) or len(content["events"]) != len(asked):
        raise ValueError("the fitted models are not those of the events.")
    for cause, found in fitted.items():
        if type(found) is not type(asked[cause]) or repr(found.get_params(deep=False)) != repr(asked[cause].get_params(deep=False)):
            raise ValueError(f"the fitted model of {cause!r} is another than the one asked for.")
    model._take(fitted)
    return model
