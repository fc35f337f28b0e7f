"""The doctor's report, as text."""

from __future__ import annotations

from tabulate import tabulate

from .counts import class_table
from .examination import Examination
from .findings import ERROR, NOTE, WARNING


def report(examination: Examination) -> str:
    """What was counted, what is wrong and what to do about it, and whether training can start."""
    lines = [f"{examination.root}: {examination.release or 'not a data set'}", *examination.scope, ""]
    if examination.counts:
        lines += [_sizes(examination), ""]
    for severity in (ERROR, WARNING, NOTE):
        for finding in examination.findings:
            if finding.severity == severity:
                lines += [
                    f"{severity.upper()}: {finding.what} ({finding.count})",
                    f"    e.g.   {finding.example}",
                    f"    remedy {finding.remedy}",
                ]
    text = "\n".join([*lines, "", verdict(examination)])
    return text.encode(errors="replace").decode()  # names on the disk need not be text that can be printed


def verdict(examination: Examination) -> str:
    """The last line."""
    errors, warnings = len(examination.errors), sum(x.severity == WARNING for x in examination.findings)
    if errors:
        return f"Training can't start: {errors} {'kind of error' if errors == 1 else 'kinds of errors'}."
    if warnings:
        return f"Training can start; {warnings} {'kind of warning' if warnings == 1 else 'kinds of warnings'}."
    return "Healthy: training can start."


def _sizes(examination: Examination) -> str:
    rows = []
    for x in examination.counts:
        boxes, empty = ("?", "?") if x.boxes is None else (sum(x.boxes), x.empty)
        rows.append([f"{x.part} {x.name}", x.videos, x.images, empty, boxes])
    text = tabulate(rows, ["data set", "videos or folders", "images", "without objects", "boxes"])
    known = [x for x in examination.counts if x.boxes is not None]
    if len(known) < len(examination.counts):
        text += "\n(? : not all annotations were read; --full reads them)"
    classes = class_table(known, examination.class_names)
    if classes:
        text += "\n\n" + tabulate(classes, ["boxes of", *(f"{x.part} {x.name}" for x in known)])
    return text
