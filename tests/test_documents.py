"""The code of the documents runs as it stands there."""

import re
from pathlib import Path

import pytest

DOCUMENTS = Path(__file__).parent.parent / "docs"
WITH_CODE = sorted(path.name for path in DOCUMENTS.glob("*.md") if "```python" in path.read_text())


def test_there_are_documents_with_code():
    assert {"own_distribution.md", "own_likelihood.md"} <= set(WITH_CODE)


@pytest.mark.parametrize("name", WITH_CODE)
def test_the_code_of_a_document_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (DOCUMENTS / name).read_text(), re.DOTALL)
    names = {"__name__": name.removesuffix(".md")}
    for block in blocks:
        exec(compile(block, name, "exec"), names)  # in one namespace, as a reader would type it
