"""The file in which the content of XML files is kept: NumPy's npz, without pickle, written whole."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..whole_file import whole_file
from .xml_table import XmlTable, make_table

logger = logging.getLogger(__name__)

# Of the columns and of what read_content() finds in a file: raise it when either changes.
VERSION = 1

_TABLE = [field.name for field in fields(XmlTable)]
# Neither can be in a file's name.
_BETWEEN_NAMES, _BETWEEN_FOLDERS = "/", "\0"


@dataclass
class Shelf:
    """The XML of some folders.

    Attributes:
        folders: for each folder (its path below ``Annotations/<part>``) where its rows begin and end.
        files: of each row, the name without extension; sorted within a folder.
        table: the content.
    """

    folders: dict[str, tuple[int, int]]
    files: list[str]
    table: XmlTable

    @classmethod
    def empty(cls) -> Shelf:
        """A shelf with nothing on it."""
        return cls({}, [], make_table([], [], []))

    def span(self, folder: str) -> tuple[int, int]:
        """Where the rows of a folder begin and end; (0, 0) for an unknown one."""
        return self.folders.get(folder, (0, 0))

    def names(self, folder: str) -> list[str]:
        """The names in a folder."""
        return self.files[slice(*self.span(folder))]

    def rows(self, folder: str, names: Sequence[str]) -> Sequence[int]:
        """The row of each of these files, -1 for an unknown one."""
        span, known = self.span(folder), self.names(folder)
        if known == names:
            return range(*span)
        place = dict(zip(known, range(*span), strict=True))
        return [place.get(name, -1) for name in names]


def save_shelf(path: Path, names: Mapping[str, Sequence[str]], table: XmlTable) -> None:
    """Write the files of some folders, whose rows follow each other in the table.

    Raises:
        OSError: it can't be written.
    """
    columns = {key: getattr(table, key) for key in _TABLE}
    with whole_file(path, sync=False) as file:
        np.savez(
            file,
            version=np.array(VERSION),
            folders=_pack(_BETWEEN_FOLDERS.join(names)),
            files=_pack(_BETWEEN_NAMES.join(name for folder in names.values() for name in folder)),
            lengths=np.array([len(folder) for folder in names.values()], np.int64),
            **columns,
        )


def load_shelf(path: Path) -> Shelf | None:
    """Read what :func:`save_shelf` wrote; None where there is no such file, or one that is damaged or of another
    version."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["version"]) != VERSION:
                raise ValueError(f"of version {stored['version']}, not {VERSION}")
            table = XmlTable(**{key: stored[key] for key in _TABLE})
            lengths = stored["lengths"]
            folders = _unpack(stored["folders"], _BETWEEN_FOLDERS, len(lengths))
            files = _unpack(stored["files"], _BETWEEN_NAMES, len(table))
        if lengths.sum() != len(table) or not table.is_whole():
            raise ValueError("its columns do not fit together")
    except Exception as error:  # whatever a damaged archive makes zipfile and NumPy raise: it is only a memory
        logger.info(f"{path} is not used, and written anew: {error}")
        return None
    ends = np.cumsum(lengths)
    spans = zip((ends - lengths).tolist(), ends.tolist(), strict=True)
    return Shelf(dict(zip(folders, spans, strict=True)), files, table)


def _pack(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8)


def _unpack(packed: NDArray[np.uint8], between: str, count: int) -> list[str]:
    words = packed.tobytes().decode("utf-8", "surrogateescape").split(between) if count else []
    if len(words) != count:
        raise ValueError(f"{len(words)} names, not {count}")
    return words
