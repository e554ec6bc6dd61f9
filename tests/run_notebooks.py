"""Run every notebook from top to bottom in its own kernel; outputs are thrown away."""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def main() -> None:
    folder = Path(__file__).parents[1] / "notebooks"
    for path in sorted(folder.glob("*.ipynb")):
        began = time.perf_counter()
        notebook = nbformat.read(path, as_version=4)
        stored = [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
        if stored:
            sys.exit(f"{path.name} is committed with outputs; clear them first.")
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
        print(f"{path.name}: ran in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
