"""The classes in a page: the table that can be sorted, the curves side by side, and the videos."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .curves import class_svg
from .facts import Content, as_text, contest, gains, known_mean, mean_gain, number, readable, reason_missing, signed
from .markup import cell, plot, scroll, sortable, text
from .plots import class_order
from .theme import series

_TRACK_METRICS = ("HOTA", "IDF1", "MOTA")


def class_table(content: Content) -> str:
    """A row per class: objects, AP50 of every kind with a bar, the gain, and metrics of tracks where they are known."""
    kinds, gained = content["kinds"], gains(content)
    with_gain, tracks = contest(content)[1] is not None, _tracks(content)
    headers = ["class", "boxes", *(f"AP50, {content['titles'][kind]}" for kind in kinds)]
    headers += [*(["gain"] if with_gain else []), *(_TRACK_METRICS if tracks else [])]
    rows = []
    for i, name in enumerate(content["classes"]):
        cells = [cell(int(content["boxes_per_class"][i]))]
        for place, kind in enumerate(kinds):
            cells.append(cell(content["AP50"][kind]["per_class"][i], bar=series(place)))
        cells += [_gain(gained[i])] if with_gain else []
        cells += [cell(tracks.get(name, {}).get(metric), bar="truth") for metric in _TRACK_METRICS] if tracks else []
        label = text(readable(name))
        rows.append(f'<tr><th scope="row" data-v="{label}">{label}</th>{"".join(cells)}</tr>')
    foot = [cell(sum(content["boxes_per_class"]))]
    foot += [cell(content["AP50"][kind]["mean"], bar=series(place)) for place, kind in enumerate(kinds)]
    foot += [_gain(mean_gain(content))] if with_gain else []
    foot += (
        [cell(known_mean([row.get(metric) for row in tracks.values()])) for metric in _TRACK_METRICS] if tracks else []
    )
    last = f'<tr><th scope="row">mean</th>{"".join(foot)}</tr>'
    caption = "Classes; a heading sorts"
    return scroll(sortable(caption, headers, rows, last), "Table of the classes")


def _tracks(content: Content) -> Mapping[str, Mapping[str, Any]]:
    return {} if reason_missing(content["tracks"]) else content["tracks"].get("per_class", {})


def _gain(value: float) -> str:
    tone = "" if math.isnan(value) or round(value, 2) == 0 else "good" if value > 0 else "bad"
    return cell(value, signed(value, 2), tone=tone)


def class_curves(content: Content) -> str:
    """Precision against recall of every class, the highest gain first, with the AP50 below."""
    shown = [(i, kind) for i, kind in enumerate(content["kinds"]) if kind in content["curves"]]
    return f'<div class="panels">{"".join(_panel(content, i, shown) for i in class_order(content))}</div>'


def _panel(content: Content, index: int, shown: list[tuple[int, str]]) -> str:
    values = [(place, kind, number(content["AP50"][kind]["per_class"][index])) for place, kind in shown]
    name = text(readable(content["classes"][index]))
    if all(math.isnan(value) for _, _, value in values):
        return f'<figure class="panel"><p class="none">no objects</p><figcaption><b>{name}</b></figcaption></figure>'
    numbers = "".join(
        f'<span class="kind-{place}"><i style="background:var(--{series(place)})"></i>{as_text(value, 1)}</span>'
        for place, _, value in values
    )
    words = "; ".join(f"{content['titles'][kind]} {as_text(value, 2)}" for _, kind, value in values)
    tip = text(f"{readable(content['classes'][index])}, AP50: {words}; recall to the right, precision up, both 0 to 1")
    picture = plot(lambda: class_svg(content, index))
    return f'<figure class="panel" data-tip="{tip}">{picture}<figcaption><b>{name}</b> {numbers}</figcaption></figure>'


def legend(content: Content) -> str:
    """Buttons that show and hide a kind of results in the curves."""
    buttons = "".join(
        f'<button type="button" class="chip" aria-pressed="true" data-kind="{i}">'
        f'<i style="background:var(--{series(i)})"></i>{text(content["titles"][kind])}</button>'
        for i, kind in enumerate(content["kinds"])
        if kind in content["curves"]
    )
    return f'<div class="chips" role="group" aria-label="Show and hide curves">{buttons}</div>'


def video_table(content: Content) -> str:
    """A row per video, with its own AP."""
    kinds, (first, second) = content["kinds"], contest(content)
    headers = [
        "video",
        "frames",
        *(f"AP50, {content['titles'][kind]}" for kind in kinds),
        *(["gain"] if second else []),
    ]
    rows = []
    for video in content["per_video"]:
        values = {kind: number(video["AP50"].get(kind)) for kind in kinds}
        cells = [cell(values[kind], bar=series(place)) for place, kind in enumerate(kinds)]
        cells += [_gain(values[second] - values[first])] if second else []
        name = text(video["name"])
        rows.append(f'<tr><th scope="row" data-v="{name}">{name}</th>{cell(int(video["frames"]))}{"".join(cells)}</tr>')
    return scroll(sortable("Videos; a heading sorts", headers, rows), "Table of the videos", tall=True)
