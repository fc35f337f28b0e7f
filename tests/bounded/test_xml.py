"""dnt_d2/bounded/xml.py: what is parsed, and what is refused before."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from dnt_d2.bounded.xml import MOST_BYTES, MOST_TAGS, parse_xml

BOMB = '<!DOCTYPE a [<!ENTITY b "{}"><!ENTITY c "{}">]><a>&c;</a>'.format("x" * 99, "&b;" * 99)


def _write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_an_empty_file_is_no_xml(tmp_path: Path) -> None:
    with pytest.raises(ElementTree.ParseError, match="no element found"):
        parse_xml(_write(tmp_path / "a.xml", ""))
    with pytest.raises(FileNotFoundError):
        parse_xml(tmp_path / "b.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("count", [0, 3, 5000])  # the last one is read in several pieces
def test_it_is_what_element_tree_reads(tmp_path: Path, encoding: str, count: int) -> None:
    text = "<a>" + "".join(f"<b c='{i}'>{'x' * 20}é</b><!-- d -->" for i in range(count)) + "</a>"
    head = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?>"
    path = _write(tmp_path / "a.xml", head + text, encoding)
    assert ElementTree.tostring(parse_xml(path)) == ElementTree.tostring(ElementTree.parse(path).getroot())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_a_dtd_is_refused_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ValueError, match="it has a DTD, <!DOCTYPE"):
        parse_xml(_write(tmp_path / "a.xml", BOMB, encoding))


@pytest.mark.parametrize("encoding", ["cp037", "utf-7", "utf-32", "shift_jis", "rot13"])
def test_no_other_encoding_hides_one(tmp_path: Path, encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>"
    body = BOMB.encode(encoding if encoding != "rot13" else "latin-1")
    (tmp_path / "a.xml").write_bytes(text.encode() + body)
    with pytest.raises((ElementTree.ParseError, LookupError, ValueError)):
        parse_xml(tmp_path / "a.xml")


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 4,194,304 bytes"):
        parse_xml(_write(tmp_path / "a.xml", f"<a>{' ' * MOST_BYTES}</a>"))
    with pytest.raises(ValueError, match="more than 400,000 tags"):
        parse_xml(_write(tmp_path / "b.xml", f"<a>{'<b/>' * MOST_TAGS}</a>"))


def test_depth_does_no_harm(tmp_path: Path) -> None:
    depth = MOST_TAGS // 2 - 1
    root = parse_xml(_write(tmp_path / "a.xml", "<a>" * depth + "</a>" * depth))
    assert (root.findtext("size/width"), list(root.iterfind("object")), len(root)) == (None, [], 1)
    del root  # not by recursion either
