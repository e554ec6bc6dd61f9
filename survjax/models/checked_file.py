"""A JSON file that a person can read, with a checksum and a version; no pickle, nothing in it is run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import survjax
from survjax.errors import ModelFileError

FORMAT, FORMAT_VERSION = "survjax model", 1


def header(model: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a file begins with: format, versions, and the learner's constructor."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "survjax_version": survjax.__version__,
        "model": model,
        "arguments": arguments,
    }


def write_checked(content: dict[str, Any], path: Path, restore: Callable[[dict[str, Any]], Any]) -> None:
    """Write the content with its checksum; a file that is there is replaced only when the new one is complete and can be restored.

    Raises
    ------
    FileNotFoundError, IsADirectoryError : there is no such folder; the path is one.
    ModelFileError : what was written would not be read back, since it does not fit together.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    content["sha256"] = digest(content)
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    read_checked(text, path, restore)
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def read_checked(text: str, path: Path, restore: Callable[[dict[str, Any]], Any]) -> Any:
    """What ``restore`` makes of the content of a file, if it is one that was written here.

    Raises
    ------
    ModelFileError : it is truncated, was altered, comes from a newer survjax, is no model file, or ``restore`` refuses it.
    """
    try:
        return _checked(text, path, restore)
    except RecursionError:
        raise ModelFileError(f"{path} is not a survjax model: it is nested too deeply.") from None


def _checked(text: str, path: Path, restore: Callable[[dict[str, Any]], Any]) -> Any:
    try:
        content = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ModelFileError(f"{path} is truncated or not JSON (line {error.lineno}: {error.msg}). Save the model again.") from None
    except ValueError as error:
        raise ModelFileError(f"{path} is not a survjax model: {error}.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f'{path} is not a survjax model: its "format" is not "{FORMAT}".')
    version = content.get("format_version")
    if type(version) is not int or version < 1:
        raise ModelFileError(f'{path} is not a survjax model: its "format_version" must be a whole number from 1; it is {version!r}.')
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{path} was written in format {version} by survjax {content.get('survjax_version')}; this is survjax {survjax.__version__}, "
            f"which reads up to format {FORMAT_VERSION}. Upgrade survjax."
        )
    if content.pop("sha256", None) != digest(content):
        raise ModelFileError(f"{path} was altered after it was written: its checksum does not fit. Save the model again, or fit anew.")
    try:
        return restore(content)
    except KeyError as error:
        raise ModelFileError(f"{path} cannot be read as a model: {error} is missing from it.") from error
    except (TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        raise ModelFileError(f"{path} cannot be read as a model: {error}") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has {next(name for name in names if names.count(name) > 1)!r} twice")
    return content


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not a number of JSON")


def digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
