"""Reading the content of a report: what is there, what is missing, which results stand against which."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ..tables import mean_of_known

Content = Mapping[str, Any]

FORMAT = "dnt_d2 evaluation report 1"
NONE = "–"
"""In the place of a number that there is none of."""
_KEYS = (
    "dataset",
    "frames",
    "videos",
    "boxes",
    "temporal_stride",
    "classes",
    "boxes_per_class",
    "settings",
    "kinds",
    "titles",
    "AP50",
    "speed",
    "size",
    "coco",
    "tracks",
    "recall",
    "curves",
    "scores",
    "per_video",
    "rules",
    "provenance",
)


def check_content(content: Content) -> None:
    """Refuse what is no report.

    Raises:
        ValueError: another format, a key that is not there, or lists of classes that differ in length.
    """
    if content.get("format") != FORMAT:
        raise ValueError(f"this is no report: its format is {content.get('format')!r}, not {FORMAT!r}")
    missing = [key for key in _KEYS if key not in content]
    if missing:
        raise ValueError(f"the report lacks {', '.join(missing)}: write it anew with python -m dnt_d2.evaluation")
    count = len(content["classes"])
    lists = {"boxes_per_class": content["boxes_per_class"]}
    for kind in content["kinds"]:
        if kind not in content["AP50"] or kind not in content["titles"]:
            raise ValueError(f"the report lacks AP50 or the title of {kind!r}, which is among its kinds")
        lists[f"AP50 of {kind}"] = content["AP50"][kind]["per_class"]
    for name, values in lists.items():
        if len(values) != count:
            raise ValueError(f"the report has {count} classes, but {len(values)} values in {name}")


def reason_missing(block: Any) -> str:
    """Why a block is not there; "" where it is."""
    return str(block["missing"]) if isinstance(block, Mapping) and "missing" in block else ""


def replaced_line(content: Content) -> str:
    """How many frames the network didn't see, in a sentence; "" where it saw all."""
    count = content["skipped"]["frames"] if content.get("skipped") else 0
    if not count:
        return ""
    many = f"The images of {count:,} frames" if count > 1 else "The image of 1 frame"
    place = "their places, where objects" if count > 1 else "its place, where objects"
    return f"{many} could not be read: the network saw another frame of the video in {place} count nevertheless."


def number(value: Any) -> float:
    """NaN for None."""
    return math.nan if value is None else float(value)


def known_mean(values: Iterable[Any]) -> float:
    """The mean of the numbers that there are; NaN without any."""
    return mean_of_known([number(value) for value in values])


def contest(content: Content) -> tuple[str, str | None]:
    """The results that stand against each other: the first kind, and tubes; else the second kind, if there is one."""
    kinds = content["kinds"]
    if len(kinds) < 2:
        return kinds[0], None
    return kinds[0], "tube" if "tube" in kinds[1:] else kinds[1]


def gains(content: Content) -> list[float]:
    """(C,) what each class gains from the first kind to the one against it, in percent points; NaN where unknown."""
    first, second = contest(content)
    if second is None:
        return [math.nan] * len(content["classes"])
    before, after = (content["AP50"][kind]["per_class"] for kind in (first, second))
    return [number(b) - number(a) for a, b in zip(before, after, strict=True)]


def mean_gain(content: Content) -> float:
    """The same for the mean over classes."""
    first, second = contest(content)
    return number(content["AP50"][second]["mean"]) - number(content["AP50"][first]["mean"]) if second else math.nan


def readable(name: str) -> str:
    """The name of a class for people: no underscores."""
    return str(name).replace("_", " ")


def as_text(value: Any, digits: int = 2) -> str:
    """A cell: numbers with so many digits, counts with commas, a dash for what is not known."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NONE
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """A gain: "+3.2", "−0.4", "0.0", a dash for NaN."""
    if math.isnan(value):
        return NONE
    rounded = round(value, digits)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return f"{sign}{abs(rounded):.{digits}f}"
