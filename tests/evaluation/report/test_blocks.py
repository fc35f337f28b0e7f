"""The tables of a report: the numbers of the content, no others, in their rows."""

from __future__ import annotations

from typing import Any

import pytest

from dnt_d2.evaluation.report import blocks

Content = dict[str, Any]


def test_missing_blocks_have_reasons_and_no_rows(bare_content: Content) -> None:
    found = blocks.all_blocks(bare_content)
    assert [block.key for block in found] == ["AP50", "speed", "size", "coco", "tracks", "recall"]
    for block in found[1:]:
        assert block.missing == f"no {block.key} <here>"
        assert block.rows == ()
        assert block.rule
    assert found[0].headers == ("results", "AP50")  # one kind gains nothing


def test_every_row_is_as_long_as_its_headers(content: Content) -> None:
    for block in blocks.all_blocks(content):
        assert not block.missing
        assert block.rows
        assert {len(row) for row in block.rows} == {len(block.headers)}
        assert block.rule == content["rules"][block.key]


def test_headline_counts_gains_from_the_first_kind(content: Content) -> None:
    means = [content["AP50"][kind]["mean"] for kind in content["kinds"]]
    rows = blocks.headline(content).rows
    assert [row[1] for row in rows] == means
    assert [row[2] for row in rows] == pytest.approx([mean - means[0] for mean in means])


def test_a_kind_that_was_not_measured_leaves_its_cells_empty(content: Content) -> None:
    del content["speed"]["AP50"]["tube"]["fast"]
    del content["speed"]["AP50"]["tube_psi0"]
    rows = blocks.by_group(content, "speed").rows
    assert rows[1][-1] is None
    assert rows[2][1:] == (None, None, None)
    assert rows[3] == ("objects", *content["speed"]["boxes"].values())


def test_tracks_stand_metric_by_metric(content: Content) -> None:
    block = blocks.tracks(content)
    assert block.title == "Tracks, cut at score 0.3"
    averages = content["tracks"]["class_averaged"], content["tracks"]["detection_averaged"]
    assert block.rows[0] == ("HOTA", *(values["HOTA"] for values in averages))
    assert len(block.rows) == len(averages[0])
