"""The page: one file that asks nobody for anything, with everything in it, and whole whatever the names are."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.evaluation.report import Story, to_html, write_report
from dnt_d2.evaluation.report.facts import as_text

pytest.importorskip("matplotlib")
Content = dict[str, Any]
VOID = {"meta", "img", "link", "br", "path", "use", "rect", "image", "circle"}


class Checker(HTMLParser):
    """Ids, headings, addresses that the page would fetch, and whether every tag is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.fetched: list[str] = []
        self.images_without_words = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in values:
            self.ids.append(str(values["id"]))
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        self.fetched += [str(values[key]) for key in ("src", "href", "xlink:href", "srcset", "data") if key in values]
        if (tag == "img" and not values.get("alt")) or (tag == "svg" and not values.get("aria-label")):
            self.images_without_words += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag, tag


def check(page: str) -> Checker:
    found = Checker(page)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert found.images_without_words == 0
    assert all(b - a <= 1 for a, b in zip(found.headings, found.headings[1:], strict=False))
    assert found.headings.count(1) == 1
    assert all(address.startswith(("data:", "#")) for address in found.fetched)
    assert not re.search(r"@import|url\((?!#)|<link|fetch\(|XMLHttp", page)
    return found


def test_an_empty_report_gives_reasons(bare_content: Content) -> None:
    page = to_html(bare_content)
    check(page)
    for key in ("speed", "size", "coco", "tracks", "recall", "scores"):
        assert f"no {key} &lt;here&gt;" in page
    assert "no class has objects" in page
    assert "no video was linked" in page


def test_the_whole_page_is_small_and_complete(content: Content, stories: list[Story]) -> None:
    page = to_html(content, stories)
    found = check(page)
    assert len(page) < 3_000_000
    plots = [name for name in found.ids if re.fullmatch(r"pr-(mean|\d+)|ap-\w+|scores|story-\d", name)]
    assert len(plots) == 1 + 29 + 3 + 1 + 2  # zebra has no objects, so no curve
    for kind in content["kinds"]:
        assert f"<strong>{as_text(content['AP50'][kind]['mean'], 1)}</strong>" in page or kind == "tube_psi0"
    assert page.count("data:image/jpeg;base64") == 16
    assert "--track-4:" in page


def test_names_can_do_no_harm(content: Content, stories: list[Story]) -> None:
    evil = '</script><script>alert("x")</script>'
    content["dataset"] = content["classes"][0] = content["titles"]["tube"] = content["per_video"][0]["name"] = evil
    content["provenance"][evil] = content["settings"][evil] = evil
    content["rules"] = dict.fromkeys(content["rules"], evil)
    stories = [Story(evil, evil, s.num_frames, evil, s.tubes, s.ground_truth, s.thumbnails) for s in stories]
    page = to_html(content, stories)
    check(page)
    assert page.lower().count("<script") == page.lower().count("</script") == 1


def test_sweeps_have_other_kinds(content_of: Callable[..., Content]) -> None:
    page = to_html(content_of(4, ("frame", "alpha 0.1", "alpha 1")))
    check(page)
    assert "alpha 0.1" in page


def test_the_same_report_gives_the_same_page(content: Content, stories: list[Story]) -> None:
    assert to_html(content, stories) == to_html(content, stories)


def test_without_matplotlib_the_numbers_are_there(content: Content, tmp_path: Path) -> None:
    script = (
        "import json, sys; sys.modules['matplotlib'] = None\n"
        "from dnt_d2.evaluation.report import write_report\n"
        "write_report(json.load(open(sys.argv[1])), sys.argv[2])\n"
    )
    write_report(content, tmp_path / "r.json")
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "r.json"), str(tmp_path / "r.html")], check=True)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    check(page)
    assert page.count("pip install &#x27;dnt_d2[plots]&#x27;") == 1 + 1 + 2 + 1 + 29
    assert f"<strong>{as_text(content['AP50']['tube']['mean'], 1)}</strong>" in page
