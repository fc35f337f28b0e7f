"""Figures as pieces of SVG: one element, text as text, no id that could clash, the page's colours."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from dnt_d2.evaluation.report.drawing import add_axes, new_figure, plotting, to_svg
from dnt_d2.evaluation.report.theme import STAND_INS

pytest.importorskip("matplotlib")


def draw(name: str) -> str:
    with plotting() as figure_class:
        figure = new_figure(figure_class, 200, 100)
        axes = add_axes(figure, STAND_INS, left=30, right=5, top=5, bottom=20)
        axes.plot([0, 1 / 3, 1], [0, 2 / 3, 1], "o-", color=STAND_INS["series-1"], gid="kind-1")
        axes.text(0.5, 0.123456, "<a> & $b$ 0.123456", color=STAND_INS["ink"])
        return to_svg(figure, name, 'say "hi" <b>')


def test_an_empty_figure_is_one_element() -> None:
    with plotting() as figure_class:
        svg = to_svg(new_figure(figure_class, 100, 50), "empty", "nothing")
    assert ElementTree.fromstring(svg).attrib["viewBox"] == "0 0 100 50"


def test_text_stays_text_and_is_escaped() -> None:
    svg = draw("a").replace("xlink:href", "href")
    root = ElementTree.fromstring(svg)
    assert "<a> & $b$ 0.123456" in [text.text for text in root.iter("text")]
    assert root.attrib["aria-label"] == 'say "hi" <b>'
    assert "font-family" not in svg
    assert "<style" not in svg


def test_colours_are_variables() -> None:
    svg = draw("a")
    assert "var(--series-1)" in svg
    assert "var(--ink)" in svg
    assert "var(--hairline)" in svg
    assert not re.findall(r"#fe[0-9a-f]{2}ac", svg)


def test_ids_belong_to_the_figure_and_kinds_are_classes() -> None:
    svgs = [draw("a"), draw("b")]
    ids = [re.findall(r' id="([^"]*)"', svg) for svg in svgs]
    assert not set(ids[0]) & set(ids[1])
    for svg, own in zip(svgs, ids, strict=True):
        used = re.findall(r'(?:url\(#|href="#)([^")]*)', svg)
        assert used
        assert set(used) <= set(own)
        assert svg.count('class="kind-1"') == 1
    assert svgs[0] == svgs[1].replace('"b', '"a').replace("#b-", "#a-")  # the same drawing gives the same text


def test_numbers_are_short() -> None:
    shape = re.findall(r' d="([^"]*)"', draw("a"))
    assert shape
    assert not re.findall(r"\d\.\d{3}", " ".join(shape))
    assert "\n" not in "".join(shape)


def test_without_matplotlib_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from dnt_d2.evaluation.report import sweep_svg\n"
        "try: sweep_svg([1], {}, 'alpha')\n"
        "except ModuleNotFoundError as error: assert \"pip install 'dnt_d2[plots]'\" in str(error)\n"
        "else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
