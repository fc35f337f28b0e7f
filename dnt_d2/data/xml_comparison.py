"""What was kept of the XML in some folders, compared with what is there now."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .xml_folders import XmlFolders
from .xml_shelf import Shelf
from .xml_table import Ints


class Comparison(NamedTuple):
    """What a shelf knows of the XML in some folders.

    Attributes:
        rows: (N,) on the shelf, -1 for an unknown XML.
        stale: (N,) whether it must be read anew.
        stamps: (F, 4) what is known about the folders now.
        is_news: whether the shelf has other folders, names or stamps.
    """

    rows: Ints
    stale: NDArray[np.bool_]
    stamps: Ints
    is_news: bool


def compare(shelf: Shelf, files: XmlFolders) -> Comparison:
    """See :class:`Comparison`; ``files`` are those that are there now."""
    rows, known = find_rows(shelf, files)
    found = rows >= 0
    stale = ~found
    stale[found] = (shelf.table.mtime_ns[rows[found]] != files.mtime_ns[found]) | (
        shelf.table.byte_size[rows[found]] != files.byte_size[found]
    )
    stamps = np.where(files.stamps >= 0, files.stamps, np.maximum(known, -1))
    return Comparison(rows, stale, stamps, bool((stamps != known).any()))


def find_rows(shelf: Shelf, files: XmlFolders) -> tuple[Ints, Ints]:
    """The row of each XML on the shelf, and the stamps there of each folder; -1 and -2 for what is not there so."""
    if files.names is shelf.files:  # all of it, in this order
        return np.arange(len(files.names)), shelf.stamps
    rows = np.full(len(files.names), -1, np.int64)
    known = np.full((len(files.folders), 4), -2, np.int64)
    ends = np.cumsum(files.count).tolist()
    for i, (folder, first, last) in enumerate(zip(files.folders, [0, *ends], ends, strict=False)):
        begin, end = shelf.span(folder)
        if folder not in shelf.folders:
            continue
        if end - begin == last - first and shelf.files.run(begin, end) == files.names.run(first, last):
            rows[first:last] = np.arange(begin, end)
            known[i] = shelf.stamps[shelf.folders[folder]]
        else:
            place = dict(zip(shelf.names(folder), range(begin, end), strict=True))
            rows[first:last] = [place.get(name, -1) for name in files.names.part(first, last)]
    return rows, known


def is_kept(shelf: Shelf, files: XmlFolders) -> bool:
    """Whether nothing must be read, or written down, anew."""
    found = compare(shelf, files)
    return not found.stale.any() and not found.is_news
