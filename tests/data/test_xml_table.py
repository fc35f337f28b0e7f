"""dnt_d2/data/xml_table.py: the content of XML files as columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnt_d2.data.xml_table import NO_TRACK, ODD, Content, Thing, XmlTable, join_tables, make_table, read_content

DOG, CAR, BIRD = "n02084071", "n02958343", "n01503061"


def table_of(*names_of_files: list[str]) -> XmlTable:
    """A table in which the first corner of an object tells it from all others."""
    contents = []
    for names in names_of_files:
        start = sum(len(content.things) for content in contents)
        things = [Thing(name, i, 0, 1, (100 * start + i, 0, 9, 9)) for i, name in enumerate(names)]
        contents.append(Content(64, 48, things))
    return make_table(range(len(contents)), range(10, 10 + len(contents)), contents)


def names_in(table: XmlTable) -> list[list[str]]:
    names = table.names[table.name].tolist()
    return [names[start : start + count] for start, count in zip(table.starts, table.count, strict=True)]


def test_nothing_is_an_empty_table() -> None:
    empty = make_table([], [], [])
    assert len(empty) == 0
    assert empty.boxes.shape == (0, 4)
    assert empty.is_whole()
    assert len(join_tables([])) == len(join_tables([empty, empty])) == 0
    assert len(empty.take(np.zeros(0, np.int64))) == 0


def test_an_xml_without_objects_is_a_row(ilsvrc_writer) -> None:
    path = ilsvrc_writer.xml("VID", "v/000000", (96, 64), [])
    assert read_content(str(path)) == Content(96, 64, [])
    table = make_table([1], [2], [Content(96, 64, [])])
    assert (len(table), table.count.tolist(), table.width.tolist()) == (1, [0], [96])


def test_what_is_written_is_kept_as_it_is(ilsvrc_writer) -> None:
    objects = [(DOG, 3, (-5, 4, 500, 40)), (CAR, 3, (9, 9, 2, 2))]  # neither clipped nor left out
    video = read_content(str(ilsvrc_writer.xml("VID", "v/000000", (96, 64), objects)))
    assert video == Content(96, 64, [Thing(DOG, 3, 0, 1, (-5, 4, 500, 40)), Thing(CAR, 3, 0, 1, (9, 9, 2, 2))])
    still = read_content(str(ilsvrc_writer.xml("DET", "s", (96, 64), objects[:1])))
    assert still == Content(96, 64, [Thing(DOG, NO_TRACK, 0, 0, (-5, 4, 500, 40))])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<annotation><size>",
        "<annotation/>",
        '<?xml version="1.0" encoding="nonsense"?><annotation/>',
        "<annotation><size><width>9</width><height>nan</height></size></annotation>",
        "<annotation><size><width>9</width><height>1e300</height></size></annotation>",
        "<annotation><size><width>9</width><height>9</height></size><object><name>a</name></object></annotation>",
    ],
)
def test_what_the_table_can_not_hold_is_odd(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.xml"
    path.write_text(text)
    assert read_content(str(path)) is None
    assert read_content(str(tmp_path / "missing.xml")) is None
    table = make_table([1, 2], [3, 4], [None, Content(5, 6, [])])
    assert (table.width.tolist(), table.count.tolist()) == ([ODD, 5], [0, 0])


def test_rows_take_their_objects_along() -> None:
    files = [["a", "b"], [], ["c"], ["a", "c", "b"]]
    table = table_of(*files)
    assert names_in(table) == files
    for rows in ([3, 0], [1], [2, 2, 1, 3], [0, 1, 2, 3]):
        taken = table.take(np.array(rows))
        assert names_in(taken) == [files[row] for row in rows]
        corners = [table.boxes[table.starts[row] : table.starts[row] + table.count[row], 0].tolist() for row in rows]
        assert taken.boxes[:, 0].tolist() == [x for row in corners for x in row]
        assert taken.byte_size.tolist() == [10 + row for row in rows]
        assert taken.is_whole()


def test_joined_tables_keep_their_names() -> None:
    files = [["b", "a"], [], ["c", "a"]]
    joined = join_tables([table_of(*files[:2]), table_of(), table_of(files[2])])
    assert names_in(joined) == files
    assert joined.is_whole()
    assert len(joined.names) == 3


@pytest.mark.parametrize("column", ["count", "boxes", "name", "track", "width", "names"])
def test_columns_that_do_not_fit_are_noticed(column: str) -> None:
    table = table_of(["a", "b"], ["c"])
    assert table.is_whole()
    setattr(table, column, getattr(table, column)[:-1])
    assert not table.is_whole()
