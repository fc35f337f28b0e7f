"""Where a number comes from, the day, the machine and the versions; and where it stands in a page."""

from __future__ import annotations

import os
import platform
import re
import sys
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

NO_GPU = "no GPU used"
_PACKAGES = ("torch", "detectron2", "timm", "numpy")


def machine_name(gpu: str = "") -> str:
    """A name for this kind of machine, as a part of a file name: "2-core-x86_64", "16-core-x86_64-nvidia-h100-80gb".

    Args:
        gpu: the name of the one that takes part, as PyTorch gives it; "" for none.
    """
    words = [f"{os.cpu_count()}-core-{platform.machine()}", *re.findall(r"[a-z0-9]+", gpu.lower())]
    return "-".join(words)


def gpus(device: Any) -> str:
    """Which GPUs take part in a run, in words, for :func:`provenance`.

    Args:
        device: that a rank computes on, a ``torch.device`` or its name; ranks have one each.
    """
    import torch  # here, not above: what needs no network asks for the day and the machine alone
    from detectron2.utils import comm

    if torch.device(device).type != "cuda":
        return NO_GPU
    return f"{comm.get_world_size()} x {torch.cuda.get_device_name(device)}"


def provenance(*, gpu: str = NO_GPU) -> dict[str, Any]:
    """The facts of today and of this machine.

    Args:
        gpu: which one took part, in words.

    Returns:
        ``date`` (ISO), ``machine`` in words, and ``versions`` of the packages that matter and are
        there; nothing is loaded to ask it.
    """
    return {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {gpu}",
        "versions": {package: version for package in _PACKAGES if (version := _version(package))},
    }


def _version(package: str) -> str:
    """As the package itself says where it is loaded, else as it was installed; "" where neither is known."""
    loaded = sys.modules.get(package)
    if loaded is not None and hasattr(loaded, "__version__"):
        return str(loaded.__version__)
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # a redistribution has another name than what it is imported by
        names = metadata.packages_distributions().get(package)
        return metadata.version(names[0]) if names else ""


def replace_block(page: Path, name: str, text: str) -> None:
    """Put text between the lines ``<!-- name:begin -->`` and ``<!-- name:end -->`` of a page, in the place of what is
    there.

    Raises:
        ValueError: the page has not one such block.
    """
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n"
    parts = page.read_text(encoding="utf-8").split(begin)
    rest = parts[-1].split(end)
    if len(parts) != 2 or len(rest) != 2:
        raise ValueError(f"{page} must have one block {name!r}, from {begin.strip()} to {end.strip()}")
    page.write_text(parts[0] + begin + text + end + rest[1], encoding="utf-8", newline="\n")
