"""Which rows failed, told by the words or codes of a column of any kind: "Failed" and "Running", Y and N, 1 and 2."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM, read_labels

FAILED = ("failed", "failure", "fail", "f", "yes", "y", "true", "dead", "1", "1.0")
SHOWN = 6


def failed_where(values: Any, event_value: Any, column: Any) -> np.ndarray:
    """Whether each value is ``event_value``, or one of a list of them: a boolean array (n,).

    Raises
    ------
    ValueError : a value is missing; one of ``event_value`` is nowhere in the column, or there in another spelling as well.
    """
    import pandas as pd

    labels = read_labels(values, "event")
    code, known = pd.factorize(labels)  # -1 where missing
    missing = np.flatnonzero(code < 0)
    if missing.size:
        raise ValueError(
            f"event={column!r} is missing in row {missing[0]} ({missing.size:,} such rows; {ROWS_COUNT_FROM}), which says neither that the "
            "unit failed nor that it runs. Fill such cells in, or remove the rows."
        )
    meant = list(event_value) if isinstance(event_value, (list, tuple, set, frozenset, np.ndarray)) else [event_value]
    for value in meant:
        if value not in known:
            raise ValueError(
                f"event_value={value!r} is no value of {column!r}, which has {values_told(labels)}. Name the one that means a "
                "failure; where no unit has failed, leave event_value out and pass a column of 0."
            )
    is_meant = np.array([label in meant for label in known])
    spelled = {_plain(value): value for value in meant}
    for place in np.flatnonzero(~is_meant):
        label = known[place]
        twin = spelled.get(_plain(label))
        if twin is not None:
            raise ValueError(
                f"event={column!r} has {label!r} in row {np.argmax(code == place)} ({ROWS_COUNT_FROM}), beside {twin!r} that means a "
                f"failure. If it means one too, pass event_value={[*meant, label]!r}; if not, give it another name."
            )
    return is_meant[code]


def refuse_words(values: Any, column: Any) -> None:
    """Refuse a column of words of which nobody said which means a failure.

    Raises
    ------
    TypeError : with the words and the call to write.
    """
    if np.asarray(values).dtype.kind not in "OUT":
        return
    labels = read_labels(values, "event")
    words = [label for label in labels.tolist() if isinstance(label, str)]
    if words:
        raise TypeError(
            f"event={column!r} has {values_told(labels)}, and nothing says which of them means a failure. Name it: "
            f"event={column!r}, event_value={likely_failure(words)!r}; all others are then units that have not failed."
        )


def likely_failure(words: Iterable[str]) -> str:
    """The first that usually means a failure, for an example of what to write; WORD where none does."""
    return next((word for word in words if _plain(word) in FAILED), "WORD")


def values_told(labels: np.ndarray) -> str:
    """The different values and how often each is there, the most frequent first."""
    import pandas as pd

    counts = pd.Series(labels, dtype=object).dropna().value_counts()
    told = ", ".join(f"{value!r} ({count:,})" for value, count in counts.iloc[:SHOWN].items())
    return f"{told} and {len(counts) - SHOWN:,} more" if len(counts) > SHOWN else told


def _plain(value: Any) -> str:
    return str(value).strip().lower()
