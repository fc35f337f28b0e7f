"""The tables of a report, for every face: headings, rows, and the rule by which their numbers were measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .facts import Content, number, reason_missing

Cell = str | int | float | None
_GROUPS = {"speed": "By speed of motion", "size": "By size of the object"}
_AVERAGES = {"class_averaged": "mean over classes", "detection_averaged": "all objects together"}


@dataclass(frozen=True)
class Block:
    """One table.

    Attributes:
        key: the block of the content that it shows.
        title: its heading.
        rule: how its numbers were measured, in a sentence; "" where nothing is said.
        headers: of the columns; the first is that of the rows' names.
        rows: as long as the headers. AP and ratios are in percent; None and NaN are not known.
        missing: why there is no table; "" where there is one.
    """

    key: str
    title: str
    rule: str
    headers: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    missing: str = ""


def all_blocks(content: Content) -> list[Block]:
    """The tables but for that of the classes, in the order in which they are shown."""
    return [
        headline(content),
        by_group(content, "speed"),
        by_group(content, "size"),
        coco(content),
        tracks(content),
        recall(content),
    ]


def headline(content: Content) -> Block:
    """AP50 of every kind of results, and what it gains on the first kind."""
    kinds, values = content["kinds"], {kind: number(content["AP50"][kind]["mean"]) for kind in content["kinds"]}
    rows = tuple((content["titles"][kind], values[kind], values[kind] - values[kinds[0]]) for kind in kinds)
    if len(kinds) < 2:
        return Block("AP50", "AP50", _rule(content, "AP50"), ("results", "AP50"), tuple(row[:2] for row in rows))
    return Block("AP50", "AP50", _rule(content, "AP50"), ("results", "AP50", "gain"), rows)


def by_group(content: Content, key: str) -> Block:
    """AP50 by ``speed`` or ``size``: a row per kind, the number of objects below."""
    block, title = content[key], _GROUPS[key]
    if reason := reason_missing(block):
        return Block(key, title, _rule(content, key), missing=reason)
    names = tuple(block["boxes"])
    rows: list[tuple[Cell, ...]] = []
    for kind in content["kinds"]:
        groups = block["AP50"].get(kind, {})
        rows.append((content["titles"][kind], *(groups.get(name, {}).get("mean") for name in names)))
    rows.append(("objects", *(int(block["boxes"][name]) for name in names)))
    return Block(key, title, _rule(content, key), ("AP50", *names), tuple(rows))


def coco(content: Content) -> Block:
    """COCO's AP: a row per kind."""
    block, rule = content["coco"], _rule(content, "coco")
    if reason := reason_missing(block):
        return Block("coco", "COCO AP", rule, missing=reason)
    names = _names(block)
    rows = ((content["titles"].get(kind, kind), *map(values.get, names)) for kind, values in block.items())
    return Block("coco", "COCO AP", rule, ("results", *names), tuple(rows))


def tracks(content: Content) -> Block:
    """Metrics of tracks, averaged over classes and over detections: a row per metric, since there are many."""
    block, rule = content["tracks"], _rule(content, "tracks")
    if reason := reason_missing(block):
        return Block("tracks", "Tracks", rule, missing=reason)
    averages = {key: block[key] for key in _AVERAGES if key in block}
    rows = ((name, *(values.get(name) for values in averages.values())) for name in _names(averages))
    headers = ("metric", *(_AVERAGES[key] for key in averages))
    title = f"Tracks, cut at score {block['trim_score']:g}" if "trim_score" in block else "Tracks"
    return Block("tracks", title, rule, headers, tuple(rows))


def recall(content: Content) -> Block:
    """Recall of the proposals, by how many of them are looked at."""
    block, rule, title = content["recall"], _rule(content, "recall"), "Recall of proposals"
    if reason := reason_missing(block):
        return Block("recall", title, rule, missing=reason)
    rows = tuple((f"best {limit}", values["mean"]) for limit, values in block.items())
    return Block("recall", title, rule, ("proposals per frame", "recall"), rows)


def _rule(content: Content, key: str) -> str:
    return str(content["rules"].get(key, ""))


def _names(rows: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The keys of all rows, in the order of their first appearance."""
    return tuple(dict.fromkeys(name for values in rows.values() for name in values))
