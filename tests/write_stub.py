"""Writes ``survjax/__init__.pyi`` from the registry, so that editors and type checkers see what is made at run time."""

import inspect
from pathlib import Path

import survjax
from survjax.models import NAMED_MODELS, Model

STUB = Path(survjax.__file__).with_suffix(".pyi")


def stub() -> str:
    homes: dict[str, list[str]] = {}
    for name, home in survjax._MODULES.items():
        homes.setdefault(home.rpartition(".")[0], []).append(name)
    for name, home in survjax._HOMES.items():
        if name not in NAMED_MODELS:
            homes.setdefault(home, []).append(name)
    lines = ["# Written by `make stubs` from the registry of distributions; a test holds it fresh.", ""]
    lines += ["from collections.abc import Sequence", ""]
    for home, names in sorted(homes.items()):
        lines += [f"from {home} import {name} as {name}" for name in sorted(names)]
    lines += ["", "__version__: str", ""]
    for name, learner in NAMED_MODELS.items():
        assert isinstance(learner, type)
        assert issubclass(learner, Model)
        parameters = [p for name, p in inspect.signature(learner.__init__).parameters.items() if name != "self"]
        arguments = ", ".join(f"{p.name}: {p.annotation}" + ("" if p.default is p.empty else f" = {p.default}") for p in parameters)
        attributes = [f"    {p.name}: {p.annotation}" for p in parameters]
        lines += [f"class {name}(Model):", *attributes, f"    def __init__(self, {arguments}) -> None: ...", ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
    print(f"wrote {STUB.name}")
