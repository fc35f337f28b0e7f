"""What the evaluation of a saved run costs at the size of ImageNet VID's validation set."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tabulate import tabulate

from ..evaluation.saved_run import SavedRun
from .measuring import copy_bandwidth, run_command
from .synthetic_run import RunSize, make_run

GIB = 1 << 30


@dataclass(frozen=True)
class Limit:
    """What an evaluation may take: detections per frame, seconds, bytes."""

    per_frame: int
    seconds: float
    peak_bytes: int


LIMITS = (Limit(50, 60.0, 4 * GIB), Limit(750, 900.0, 4 * GIB))
"""As this project has set them: what single frames give, and what linking gives."""


def measure_evaluation(size: RunSize, limit: Limit, parent: Path | None = None) -> dict[str, Any]:
    """Make a run and evaluate it, in processes of its own: AP, AP by speed and by size, reading included.

    Args:
        size: of the data; its ``per_frame`` is that of the limit.
        limit: what it may take.
        parent: a folder on a disk with room: 22 bytes a detection; None is the system's temporary folder.

    Returns:
        The figures, for JSON.
    """
    size = replace(size, per_frame=limit.per_frame)
    folder = Path(tempfile.mkdtemp(prefix="dnt_d2_run_", dir=parent))
    try:
        run = make_run(folder / "run", size)
        stored = sum(path.stat().st_size for path in (run.folder / "videos").iterdir())
        reading, detections = read_everything(run)
        command = [sys.executable, "-m", "dnt_d2.evaluation", "--run", str(run.folder), "--metrics"]
        cost = run_command(command, log=folder / "log.txt")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    plain = detections * (16 + 4 + 2)
    return {
        "size": asdict(size),
        "detections": detections,
        "bytes_on_disk": stored,
        "seconds": round(cost.seconds, 2),
        "peak_GiB": round(cost.peak_bytes / GIB, 2),
        "limit_seconds": limit.seconds,
        "limit_GiB": limit.peak_bytes / GIB,
        "met": cost.seconds <= limit.seconds and cost.peak_bytes <= limit.peak_bytes,
        "reading_alone_seconds": round(reading, 2),
        "floor_seconds": round(plain / copy_bandwidth(), 3),
        "per_million_seconds": round(cost.seconds / detections * 1e6, 3),
    }


def read_everything(run: SavedRun) -> tuple[float, int]:
    """Seconds that one process takes to read and unpack a run, and how many detections there are."""
    start, detections = time.perf_counter(), 0
    for _, record in run.videos():
        detections += int(record.detections.counts.sum())
    return time.perf_counter() - start, detections


def evaluation_table(rows: Sequence[dict[str, Any]]) -> str:
    """The figures in Markdown, with the limit and the floor beside each."""
    headers = ("detections a frame", "frames", "seconds", "limit", "peak GiB", "limit", "met", "reading alone", "floor")
    cells = [
        (
            row["size"]["per_frame"],
            f"{row['size']['frames']:,}",
            f"{row['seconds']:.1f}",
            f"{row['limit_seconds']:.0f}",
            f"{row['peak_GiB']:.2f}",
            f"{row['limit_GiB']:.0f}",
            "yes" if row["met"] else "NO",
            f"{row['reading_alone_seconds']:.1f}",
            f"{row['floor_seconds']:.2f}",
        )
        for row in rows
    ]
    return tabulate(cells, headers, tablefmt="pipe", colalign=("right",) * len(headers), disable_numparse=True)
