"""The file in which the content of XML files is kept: NumPy's npz, without pickle, written whole."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..bounded.archives import read_npz
from ..whole_file import whole_file
from .texts import Texts, pack
from .xml_table import XmlTable, make_table, small

logger = logging.getLogger(__name__)

# Of the columns and of what read_content() finds in a file: raise it when either changes.
VERSION = 2

# In no path, and in no XML.
_BETWEEN = "\0"


@dataclass
class Shelf:
    """The XML of some folders.

    Attributes:
        folders: for each folder (its path below ``Annotations/<part>``) its place, from 0.
        ends: (F + 1,) where the rows of each folder end, after a 0.
        stamps: (F, 4) of each folder, see :class:`dnt_d2.data.xml_folders.XmlFolders`.
        files: (N,) the name without extension of each row, sorted within a folder.
        table: the content, N rows.
    """

    folders: dict[str, int]
    ends: NDArray[np.int64]
    stamps: NDArray[np.int64]
    files: Texts
    table: XmlTable

    @classmethod
    def empty(cls) -> Shelf:
        """A shelf with nothing on it."""
        return cls({}, np.zeros(1, np.int64), np.empty((0, 4), np.int64), Texts.of([]), make_table([], [], []))

    def span(self, folder: str) -> tuple[int, int]:
        """Where the rows of a folder begin and end; (0, 0) for an unknown one."""
        place = self.folders.get(folder)
        return (0, 0) if place is None else (int(self.ends[place]), int(self.ends[place + 1]))

    def names(self, folder: str) -> list[str]:
        """The names in a folder."""
        return self.files.part(*self.span(folder))


def save_shelf(
    path: Path, folders: Sequence[str], counts: Sequence[int], stamps: NDArray[np.int64], names: Texts, table: XmlTable
) -> None:
    """Write the files of some folders, whose rows follow each other in names and table.

    Raises:
        OSError: it can't be written.
    """
    of_object = (*table.boxes.T, table.name, table.track, table.occluded, table.generated)
    with whole_file(path, sync=False) as file:
        # In few arrays: each takes as long as reading ten thousand numbers.
        np.savez(
            file,
            version=np.array(VERSION),
            texts=_pack([*folders, *table.names.tolist()]),
            files=pack(names.part(0, len(names))),
            of_folder=np.column_stack([np.array(counts, np.int64), stamps]),
            of_xml=np.stack([table.mtime_ns, table.byte_size, table.width, table.height, table.count]),
            of_object=small(np.stack(of_object)),
        )


def load_shelf(path: Path) -> Shelf | None:
    """Read what :func:`save_shelf` wrote; None where there is no such file, or one that is damaged or of another
    version."""
    if not path.is_file():
        return None
    try:
        stored = read_npz(path)
        if int(stored["version"]) != VERSION:
            raise ValueError(f"of version {stored['version']}, not {VERSION}")
        counts, stamps = np.split(stored["of_folder"].astype(np.int64, casting="safe"), [1], axis=1)
        counts, texts = counts[:, 0], stored["texts"].tobytes().decode("utf-8", "surrogateescape").split(_BETWEEN)
        folders = texts[: len(counts)]
        table = _unpack_table(stored["of_xml"], stored["of_object"], texts[len(counts) : -1])
        files = Texts.unpack(stored["files"], len(table))
        if (
            len(folders) != len(counts)
            or stamps.shape != (len(counts), 4)
            or (counts < 0).any()
            or counts.sum() != len(table)
            or not table.is_whole()
        ):
            raise ValueError("its columns do not fit together")
    except Exception as error:  # whatever a damaged archive makes zipfile and NumPy raise: it is only a memory
        logger.info(f"{path} is not used, and written anew: {error}")
        return None
    ends = np.concatenate([[0], np.cumsum(counts)])
    return Shelf({folder: place for place, folder in enumerate(folders)}, ends, stamps, files, table)


def _unpack_table(of_xml: NDArray[np.int64], of_object: NDArray, names: list[str]) -> XmlTable:
    if of_xml.dtype != np.int64 or of_object.dtype.kind not in "iuf" or not np.isfinite(of_object).all():
        raise ValueError("its columns are of other types")
    mtime_ns, byte_size, width, height, count = of_xml
    whole = of_object[4:] if of_object.dtype.kind in "iu" else of_object[4:].astype(np.int64)
    name, track, occluded, generated = whole
    words = np.array(names, np.str_).reshape(-1)
    return XmlTable(mtime_ns, byte_size, width, height, count, of_object[:4].T, name, track, occluded, generated, words)


def _pack(texts: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("".join(text + _BETWEEN for text in texts).encode("utf-8", "surrogateescape"), np.uint8)
