"""Run every notebook from top to bottom in its own kernel, as many at a time as there are processors; outputs are thrown away."""

import asyncio
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient


async def run(path: Path, free: asyncio.Semaphore) -> None:
    notebook = nbformat.read(path, as_version=4)
    async with free:
        began = time.perf_counter()
        try:
            await NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).async_execute()
        except Exception as problem:
            problem.add_note(f"in {path.name}")
            raise
        print(f"{path.name}: ran in {time.perf_counter() - began:.0f} s", flush=True)


async def run_all(paths: list[Path]) -> None:
    """To the end of each, so that a failure is told by itself and not by the kernels that it would have stopped."""
    free = asyncio.Semaphore(os.cpu_count() or 1)
    results = await asyncio.gather(*(run(path, free) for path in paths), return_exceptions=True)
    failed = [result for result in results if isinstance(result, Exception)]
    if failed:
        raise ExceptionGroup("notebooks that do not run", failed)


def main() -> None:
    paths = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
    for path in paths:
        cells = nbformat.read(path, as_version=4).cells
        if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
            sys.exit(f"{path.name} is committed with outputs; clear them first.")
    asyncio.run(run_all(paths))


if __name__ == "__main__":
    main()
