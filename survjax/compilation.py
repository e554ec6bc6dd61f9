"""Keeping compiled programs between processes."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def enable_compilation_cache(folder: str | Path | None = None) -> Path:
    """Keep compiled programs on disk, so that the first fit of the next process need not compile.

    This sets JAX's own persistent cache for the whole process, which is why it is for the user to ask for. A cache is
    trusted input (its programs are run), so the folder must be the user's own and closed to others.

    Parameters
    ----------
    folder : where to keep it; None: ``survjax`` in the user's cache folder (``XDG_CACHE_HOME`` or ``~/.cache``).

    Returns
    -------
    The folder.

    Raises
    ------
    PermissionError : the folder belongs to somebody else, or others may write to it.
    """
    import jax

    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = Path(folder) if folder is not None else base / "survjax"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid"):
        status = path.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(
                f"{path} must belong to you and be closed to others, since programs in it are run: chmod 700 it, or name another folder."
            )
    jax.config.update("jax_compilation_cache_dir", str(path))
    # JAX by default keeps only programs that took a second to compile; ours are smaller and many.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return path
