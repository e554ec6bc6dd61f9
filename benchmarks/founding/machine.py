"""The machine that a measurement was made on, in general terms, and how busy it was."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version


def machine(*packages: str) -> str:
    """Cores, memory, and the versions of Python and of what was measured."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {gigabytes:.0f} GB; Python {platform.python_version()}, {', '.join(map(_version, packages))}."


def load() -> float:
    """The load average of the last minute, to one digit: above the number of cores others were at work, or the measurement before."""
    return round(os.getloadavg()[0], 1)


def niceness() -> int:
    """Of this process: below 0 it goes before others."""
    return os.getpriority(os.PRIO_PROCESS, 0)


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"
