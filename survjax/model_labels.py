"""Short names of models that are known by the calls that make them: what they have in common is left out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

CUT = "…"
SHORT = 18  # letters of an argument that is not worth cutting


def told_apart(calls: Sequence[str], longest: int) -> list[str]:
    """Labels of calls ``Class(name=value, ...)``: those of more than ``longest`` letters keep what others of their class have not.

    Of arguments that differ, and are long, the beginning and the end that all have are cut. What is then still alike keeps its whole call.
    """
    read = [_read(call) for call in calls]
    labels = []
    for call, (head, arguments) in zip(calls, read, strict=True):
        if len(call) <= longest or not arguments:
            labels.append(call)
            continue
        others = [own for other, own in read if other == head]
        differ = {name: said for name, said in arguments.items() if any(own.get(name) != said for own in others)}
        labels.append(_written(head, differ or arguments, len(differ) < len(arguments), others, longest))
    return [label if labels.count(label) == 1 else call for label, call in zip(labels, calls, strict=True)]


def _written(head: str, differ: dict[str, str], more: bool, others: list[dict[str, str]], longest: int) -> str:
    shown, room = [], longest - len(head) - 2
    for name, value in differ.items():
        argument = f"{name}={value if len(value) <= SHORT else _what_differs(value, [own.get(name, '') for own in others])}"
        if len(others) > 1 or len(argument) <= room:
            shown.append(argument)
            room -= len(argument) + 2
        else:
            more = True
    return f"{head}({', '.join([*shown, CUT] if more else shown)})"


def _what_differs(said: str, all_of_them: list[str]) -> str:
    """The text without the words that all begin and end with."""
    words = [re.findall(r"\w+|\W", one) for one in all_of_them]
    own = re.findall(r"\w+|\W", said)
    first = _alike(words)
    last = _alike([one[first:][::-1] for one in words])
    middle = "".join(own[first : len(own) - last]).strip()
    cut = [CUT if re.search(r"\w", "".join(end)) else "" for end in (own[:first], own[len(own) - last :])]
    return f"{cut[0]}{middle}{cut[1]}" if middle else said


def _alike(texts: list[list[str]]) -> int:
    """With how many words all begin."""
    return sum(1 for _ in itertools.takewhile(lambda words: len(set(words)) == 1, zip(*texts, strict=False)))


def _read(call: str) -> tuple[str, dict[str, str]]:
    """The name of the class and the arguments by name; none where the text is no such call."""
    head, opened, inside = call.partition("(")
    if not (opened and inside.endswith(")") and head.isidentifier()):
        return call, {}
    depth, quote, parts = 0, "", [""]
    for letter in inside[:-1]:
        if quote or letter in "'\"":
            quote = "" if letter == quote else quote or letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    named = [part.strip().partition("=") for part in parts]
    return head, {name: value for name, _, value in named if value}
