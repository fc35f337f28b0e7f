"""Where a number comes from: the day, the machine and the versions that stand beside every figure."""

from __future__ import annotations

import importlib.util
import os
import platform
from datetime import date
from importlib import metadata
from typing import Any

_PACKAGES = ("torch", "detectron2", "timm", "numpy")


def machine_name() -> str:
    """A name for this kind of machine, as a part of a file name: "2-core-x86_64"."""
    return f"{os.cpu_count()}-core-{platform.machine()}"


def provenance(*, gpu: str = "no GPU used") -> dict[str, Any]:
    """The facts of today and of this machine.

    Args:
        gpu: which one took part, in words.

    Returns:
        ``date`` (ISO), ``machine`` in words, and ``versions`` of the packages that matter and are installed.
    """
    return {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {gpu}",
        "versions": {package: version for package in _PACKAGES if (version := _version(package))},
    }


def _version(package: str) -> str:
    """As the package itself says; "" where it is not installed."""
    if not importlib.util.find_spec(package):
        return ""
    try:
        return str(importlib.import_module(package).__version__)
    except AttributeError:
        return metadata.version(package)
