"""A report as one HTML page: light and dark, from phone to wall, and nothing is fetched from anywhere."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files

from . import blocks
from .class_view import class_curves, class_table, legend, video_table
from .curves import mean_svg
from .facts import Content, as_text, check_content, contest, mean_gain, number, reason_missing, signed
from .markdown import facts_line, origin_text
from .markup import card, missing, plot, scroll, sentence, table, text, tile, typeset
from .plots import classes_svg, groups_svg
from .scores import TITLES, scores_svg, separation
from .stories import Story
from .theme import DARK, LIGHT, track_colors
from .timelines import MAX_TUBES, timeline_svg


def to_html(content: Content, stories: Sequence[Story] = ()) -> str:
    """The page.

    Args:
        content: of the report, see the package.
        stories: videos to tell about.

    Returns:
        HTML. Plots and pictures, styles and the script are inside; without matplotlib it says so where plots would be.

    Raises:
        ValueError: the content is no report, see :func:`.facts.check_content`.
    """
    check_content(content)
    name = text(content["dataset"])
    sections = [
        _overview(content),
        _section(
            "Speed and size", "groups", f'<div class="grid">{_group(content, "speed")}{_group(content, "size")}</div>'
        ),
        _classes(content),
        _metrics(content),
        _videos(content, stories),
        _section("How it was made", "origin", _origin(content)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{name}: detections and tubes</title>'
        f"<style>{_variables(stories)}\n{_asset('page.css')}</style></head><body>"
        f'{_header(content)}<main id="main">{"".join(sections)}</main>'
        f'<div id="tip" role="tooltip" hidden></div><script>{_asset("page.js")}</script></body></html>\n'
    )


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _variables(stories: Sequence[Story]) -> str:
    """The colours: the viewer's system chooses, unless the button on the page did; paper is always light."""
    light_tracks, dark_tracks = track_colors(tube.track_id for story in stories for tube in story.tubes)
    light, dark = (_declare({**theme, **tracks}) for theme, tracks in ((LIGHT, light_tracks), (DARK, dark_tracks)))
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}"
    )


def _declare(colors: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{color};" for name, color in colors.items())


def _header(content: Content) -> str:
    return (
        '<header><div class="bar-top"><p class="kicker">Detect to track, track to detect</p>'
        '<button type="button" id="theme" aria-label="Switch between light and dark">'
        '<span aria-hidden="true">◐</span> <span class="word">dark</span></button></div>'
        f"<h1>{text(content['dataset'])}</h1><p>{text(facts_line(content))}</p></header>"
    )


def _section(title: str, key: str, *parts: str) -> str:
    heading = f'<h2 id="{key}-title">{text(title)}</h2>'
    return f'<section id="{key}" aria-labelledby="{key}-title">{heading}{"".join(parts)}</section>'


def _overview(content: Content) -> str:
    """The big numbers; the mean curve; what linking does to scores."""
    rule = content["rules"].get("AP50", "")
    known = any(not math.isnan(number(content["AP50"][kind]["mean"])) for kind in content["kinds"])
    curve = plot(lambda: mean_svg(content)) if known else missing("no class has objects")
    note = "Precision of the classes at the same recall, averaged: the area below a line is its mean AP"
    reason = reason_missing(content["scores"])
    scores = missing(reason) if reason else _scores(content)
    cards = card("Precision and recall", curve, rule=note) + card("Right and wrong boxes", scores)
    lead = f'<p class="rule lead">AP50: {typeset(rule)}.</p>' if rule else ""
    return _section("At a glance", "overview", _tiles(content), lead, f'<div class="grid">{cards}</div>')


def _tiles(content: Content) -> str:
    rules, titles = content["rules"], content["titles"]
    first, second = contest(content)
    main, tiles = [], []
    for kind in (first, second):
        if kind is not None:
            value = as_text(number(content["AP50"][kind]["mean"]), 1)
            main.append(tile(titles[kind], value, "AP50", rules.get("AP50", ""), "main"))
    if second is not None:
        gain = mean_gain(content)
        tone = "main bad" if gain < 0 else "main good"
        main.append(tile("gain", signed(gain), "points of AP50", f"{titles[second]} less {titles[first]}", tone))
    if not reason_missing(content["tracks"]):
        averages = content["tracks"].get("class_averaged", {})
        for name in ("HOTA", "IDF1", "MOTA"):
            if name in averages:
                below = "tracks, mean over classes"
                tiles.append(tile(name, as_text(number(averages[name]), 1), below, rules.get("tracks", "")))
    coco = content["coco"].get(second or first)
    if coco and not reason_missing(content["coco"]):
        tiles.append(
            tile("COCO AP", as_text(number(coco.get("AP")), 1), titles[second or first], rules.get("coco", ""))
        )
    if content["recall"] and not reason_missing(content["recall"]):
        limit, values = list(content["recall"].items())[-1]
        below = f"best {limit} proposals"
        tiles.append(tile("Recall", as_text(number(values["mean"]), 1), below, rules.get("recall", "")))
    others = f'<ul class="tiles">{"".join(tiles)}</ul>' if tiles else ""
    return f'<ul class="tiles first">{"".join(main)}</ul>{others}'


def _scores(content: Content) -> str:
    block = content["scores"]
    stages = [stage for stage in TITLES if stage in block]
    words = "; ".join(f"{TITLES[stage]} {100 * separation(block[stage]):.1f}%" for stage in stages)
    note = f"How often a right box has a higher score than a wrong one: {words}. The number of boxes is on a log scale"
    return plot(lambda: scores_svg(content)) + f'<p class="rule">{sentence(note)}</p>'


def _group(content: Content, key: str) -> str:
    block = blocks.by_group(content, key)
    picture = "" if block.missing else plot(lambda: groups_svg(content, key))
    return card(block.title, picture, table(block), rule=block.rule)


def _classes(content: Content) -> str:
    gain = card("AP50 and gain", plot(lambda: classes_svg(content)))
    axes = "Recall to the right, precision up, both from 0 to 1; the numbers are AP50"
    curves = card("Precision and recall, class by class", legend(content), class_curves(content), rule=axes)
    numbers = card("All numbers", class_table(content), rule=f"AP50: {content['rules'].get('AP50', '')}", wide=True)
    return _section("Classes", "classes", f'<div class="grid side">{gain}{curves}{numbers}</div>')


def _metrics(content: Content) -> str:
    found = [blocks.tracks(content), blocks.coco(content), blocks.recall(content)]
    tracks, *others = [card(block.title, table(block), rule=block.rule) for block in found]
    cards = f'{tracks}<div class="stack">{"".join(others)}</div>'
    return _section("Tracks, COCO, proposals", "metrics", f'<div class="grid">{cards}</div>')


def _videos(content: Content, stories: Sequence[Story]) -> str:
    told = "".join(_story(story, f"story-{i}") for i, story in enumerate(stories))
    listed = card(
        "All videos", video_table(content) if content["per_video"] else missing("no video was linked"), wide=True
    )
    return _section("Videos", "videos", f'<div class="grid">{told}{listed}</div>')


def _story(story: Story, name: str) -> str:
    pictures = "".join(_thumbnail(f"frame {frame} of {story.video}", frame, jpeg) for frame, jpeg in story.thumbnails)
    strip = f'<div class="strip">{pictures}</div>' if pictures else ""
    title = f"The {story.title} video: {story.video}"
    left_out = len(story.tubes) - MAX_TUBES
    note = f"The {MAX_TUBES} longest and strongest tubes of {len(story.tubes)}" if left_out > 0 else ""
    body = scroll(f'<div class="film">{strip}{plot(lambda: timeline_svg(story, name))}</div>', title)
    return card(title, f'<p class="story">AP50: {text(story.ap)}</p>', body, rule=note, wide=True)


def _thumbnail(label: str, frame: int, jpeg: bytes) -> str:
    data = base64.b64encode(jpeg).decode()
    picture = f'<img src="data:image/jpeg;base64,{data}" alt="{text(label)}">'
    return f"<figure>{picture}<figcaption>{frame}</figcaption></figure>"


def _origin(content: Content) -> str:
    lists = {"Provenance": content["provenance"], "Settings": content["settings"]}
    cards = []
    for title, facts in lists.items():
        rows = "".join(
            f"<div><dt>{text(name)}</dt><dd>{text(origin_text(value))}</dd></div>" for name, value in facts.items()
        )
        cards.append(card(title, f"<dl>{rows}</dl>" if rows else missing("nothing is known")))
    return f'<div class="grid">{"".join(cards)}</div>'
