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
        await NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).async_execute()
        print(f"{path.name}: ran in {time.perf_counter() - began:.0f} s", flush=True)


async def run_all(paths: list[Path]) -> None:
    free = asyncio.Semaphore(os.cpu_count() or 1)
    async with asyncio.TaskGroup() as group:
        for path in paths:
            group.create_task(run(path, free))


def main() -> None:
    paths = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
    for path in paths:
        cells = nbformat.read(path, as_version=4).cells
        if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
            sys.exit(f"{path.name} is committed with outputs; clear them first.")
    asyncio.run(run_all(paths))


if __name__ == "__main__":
    main()
