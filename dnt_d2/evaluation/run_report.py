"""The report of a saved run, beside it, in all of its forms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .plan import Plan
from .report import write_report
from .saved_run import SavedRun
from .story_board import best_and_worst


def write_run_report(content: Mapping[str, Any], folder: Path, run: SavedRun, plan: Plan) -> str:
    """Write ``report.json``, ``report.md`` and ``report.html``.

    Args:
        content: of :func:`.content.build_content`.
        folder: to write to.
        run: that the report is of; it gives the page its videos.
        plan: that the report was made by.

    Returns:
        A sentence that says where they are, and how to get others.
    """
    stories = best_and_worst(content, run, plan)
    for suffix in ("json", "md", "html"):
        write_report(content, folder / f"report.{suffix}", stories)
    return (
        f"report: {folder / 'report.html'} (also .md, .json); with other settings in seconds: "
        f"python -m dnt_d2.evaluation --run {run.folder} --set TUBES.TOP_FRACTION 0.3"
    )
