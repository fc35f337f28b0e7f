"""XML annotations, bounded: a DTD, and with it every bomb of entities, is refused before anything is parsed."""

from __future__ import annotations

import os
from xml.etree import ElementTree
from xml.etree.ElementTree import XMLParser

MOST_BYTES = 4 << 20
"""Size of an XML. That of an image with a thousand objects has a tenth of it."""

MOST_TAGS = 400_000
"""Openings and ends of elements in an XML: they take a hundred times the memory of their text."""

_AT_ONCE = 1 << 16
_DTD = b"<!DOCTYPE"


def parse_xml(path: str | os.PathLike[str]) -> ElementTree.Element:
    """The root of a file.

    Elements may be nested as deep as they like: neither the parser nor those who look for children follow them by
    recursion.

    Raises:
        OSError: it can't be read.
        ElementTree.ParseError, LookupError: it is no XML, or of an unknown encoding. The message lacks the file.
        ValueError: it is too large, or has a DTD, which annotations don't need; likewise.
    """
    with open(path, "rb", buffering=0) as file:
        data = file.read(_AT_ONCE)
        if len(data) == _AT_ONCE:
            data = _rest(file, data)
    # In UTF-16 each letter has a zero byte beside it.
    if _DTD in data or (b"\0" in data and _DTD in data.replace(b"\0", b"")):
        raise ValueError("it has a DTD, <!DOCTYPE, as annotations never do")
    parser = XMLParser()
    parser.feed(data)
    return parser.close()


def _rest(file, start: bytes) -> bytes:  # type: ignore[no-untyped-def]
    parts, size = [start], len(start)
    while size <= MOST_BYTES and (part := file.read(_AT_ONCE)):
        parts.append(part)
        size += len(part)
    data = b"".join(parts)
    if size > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes, as no annotation has")
    if data.count(b"<") > MOST_TAGS:
        raise ValueError(f"it has more than {MOST_TAGS:,} tags, as no annotation has")
    return data
