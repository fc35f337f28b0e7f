"""What the annotations of some folders say, and where each of them is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..xml_cache import XML, read_xml
from ..xml_table import XmlTable
from .folders import Folder


@dataclass
class Content:
    """The XML of folders of one part.

    Attributes:
        root, part: of the tree.
        folders: in the order of the table.
        table: of N files.
        starts: (F + 1,) where the rows of each folder begin, and N.
    """

    root: str
    part: str
    folders: Sequence[Folder]
    table: XmlTable
    starts: NDArray[np.int64]

    @property
    def still(self) -> bool:
        """Whether objects have no tracks."""
        return self.part == "DET"

    def folder_of(self, row: int) -> int:
        """The place of the folder of an XML."""
        return int(np.searchsorted(self.starts, row, side="right")) - 1

    def path(self, row: int) -> str:
        """The file of an XML."""
        place = self.folder_of(row)
        folder = self.folders[place]
        name = folder.annotations.names[row - self.starts[place]]
        return f"{self.root}/Annotations/{self.part}/{folder.path}/{name}{XML}"

    def rows(self, wanted: Mapping[str, Sequence[str] | None]) -> NDArray[np.int64]:
        """The rows of the images that a data set lists, by folder."""
        rows: list[int] = []
        for start, folder in zip(self.starts.tolist(), self.folders, strict=False):
            if folder.path in wanted:
                names = wanted[folder.path]
                chosen = None if names is None else set(names)
                known = enumerate(folder.annotations.names, start)
                rows += [row for row, name in known if chosen is None or name in chosen]
        return np.array(rows, np.int64)


def read_content(root: str, part: str, folders: Sequence[Folder], workers: int) -> Content:
    """Read the XML of some folders, or what is kept of them."""
    table = read_xml(root, part, {folder.path: folder.annotations for folder in folders}, workers=workers)
    starts = np.cumsum([0, *(len(folder.annotations.names) for folder in folders)])
    return Content(root, part, folders, table, starts)
