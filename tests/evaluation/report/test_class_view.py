"""Classes and videos in the page: one row each, unknown values last and never as a number."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dnt_d2.evaluation.report.class_view import class_curves, class_table, legend, video_table
from dnt_d2.evaluation.report.plots import class_order

pytest.importorskip("matplotlib")
Content = dict[str, Any]


def rows(table: str) -> list[list[str]]:
    """What each row of the body is sorted by, cell by cell."""
    body = table.split("<tbody>")[1].split("</tbody>")[0]
    return [re.findall(r'data-v="([^"]*)"', row) for row in body.split("<tr>")[1:]]


def test_nothing_known(bare_content: Content) -> None:
    assert rows(class_table(bare_content)) == [["airplane", "0", ""]]
    assert "no objects" in class_curves(bare_content)
    assert rows(video_table(bare_content)) == []


def test_a_row_per_class_with_every_number(content: Content) -> None:
    content["classes"][2] = "b<r"
    content["tracks"]["per_class"]["b<r"] = content["tracks"]["per_class"].pop("bear")
    table = class_table(content)
    found = rows(table)
    assert len(found) == 30
    assert found[2][0] == "b&lt;r"
    assert found[5][:3] == ["bus", str(content["boxes_per_class"][5]), str(content["AP50"]["frame"]["per_class"][5])]
    assert found[5][-3] == str(content["tracks"]["per_class"]["bus"]["HOTA"])
    assert found[29][2:6] == ["", "", "", ""]  # zebra has no objects
    headers = re.findall(r'<button type="button">(.*?)<i', table)
    assert len(headers) == len(found[0])
    assert f"{content['AP50']['tube']['mean']:.2f}" in table.split("<tfoot>")[1]


def test_without_tracks_there_are_no_columns_of_them(content: Content) -> None:
    content["tracks"] = {"missing": "not asked for"}
    assert "HOTA" not in class_table(content)


def test_curves_come_in_the_order_of_gains(content: Content) -> None:
    names = re.findall(r"<figcaption><b>(.*?)</b>", class_curves(content))
    assert names == [content["classes"][i].replace("_", " ") for i in class_order(content)]
    assert re.findall(r'data-kind="(\d)"', legend(content)) == ["0", "1"]


def test_videos_gain_too(content: Content) -> None:
    content["per_video"][0]["AP50"]["tube"] = None
    found = rows(video_table(content))
    assert len(found) == 42
    assert found[0][3] == found[0][-1] == ""
    video = content["per_video"][7]
    assert float(found[7][-1]) == video["AP50"]["tube"] - video["AP50"]["frame"]
