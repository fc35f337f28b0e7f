"""A report of an evaluation: for the terminal, as Markdown, as JSON, and as one HTML page that needs nothing else.

All are made from one dict that can be written as JSON (:func:`dnt_d2.evaluation.content.build_content` makes it):

    format, dataset, frames, videos, boxes, temporal_stride, classes (C names), boxes_per_class (C), settings
    kinds       names of results, in order: "frame", "tube", ...; titles {kind: words}
    AP50        {kind: {mean, per_class (C)}}, percent
    speed, size {boxes {range: n}, AP50 {kind: {range: {mean, per_class}}}}
    coco        {kind: {AP, AP50, AP75, APs, APm, APl}}
    tracks      {trim_score, class_averaged, detection_averaged, per_class {class: {HOTA, IDF1, MOTA, IDSW, ...}}}
    recall      {limit: {mean, per_class}}
    curves      {kind: C x {recall, precision}}, both in [0, 1]
    scores      {edges (B + 1), before {right (B), wrong (B)}, after {...}}
    per_video   [{name, frames, AP50 {kind: percent}}]
    rules       {block: the sentence that says how it was measured}
    provenance  {date, machine, versions, run, command, ...}
    skipped     {frames: n, files: the first names}: images that could not be read; not there where all could

Unknown numbers are None or NaN. A block that is not there is ``{"missing": reason}``; each face gives the reason.
Only the page and the sweep draw, with matplotlib (``pip install 'dnt_d2[plots]'``), which is loaded when they do.
"""

from .html import to_html
from .markdown import to_markdown
from .stories import Story
from .sweep import sweep_png, sweep_svg
from .terminal import to_text
from .write import SUFFIXES, check_suffix, write_report

__all__ = [
    "SUFFIXES",
    "Story",
    "check_suffix",
    "sweep_png",
    "sweep_svg",
    "to_html",
    "to_markdown",
    "to_text",
    "write_report",
]
