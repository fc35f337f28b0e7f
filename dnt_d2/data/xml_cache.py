"""The memory of what was read from XML files: it reads anew what has changed, and only that.

For each folder of folders (such as ``Annotations/VID/train/ILSVRC2015_VID_train_0000``) there is one file with the
content of all XML in them, independent of classes and repairs. An XML counts as unchanged when its time of change and
its size are those of the last reading; a folder is listed again when its own time of change is another.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .file_states import StateReader
from .listing import Listing
from .xml_comparison import compare, find_rows, is_kept
from .xml_folders import XML, FolderLook, XmlFolders, join_folders, on_shelf
from .xml_reading import count_workers, read_files
from .xml_shelf import Shelf, load_shelf, save_shelf
from .xml_table import XmlTable, join_tables, runs

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "DNT_D2_CACHE"

# Of about 8,000 XML: while a process starts, this one has looked at half as many.
_BYTES_FOR_A_PROCESS = 400_000


def read_folders(root: str, part: str, folders: Sequence[str], *, workers: int = 0) -> tuple[XmlFolders, XmlTable]:
    """Which XML there are in some folders, and their content.

    Args:
        root: the folder with ``Data, Annotations``.
        part: "VID" or "DET".
        folders: paths below ``Annotations/<part>``, each once; one that is missing has no XML.
        workers: processes that read, see :func:`dnt_d2.data.xml_reading.count_workers`.

    Returns:
        the folders in this order, and a row for each of their XML. Nothing is an error: see
        :data:`dnt_d2.data.xml_table.ODD`.
    """
    groups = _groups(folders)
    helpers = min(count_workers(workers) - 1, _bytes_kept(root, part, groups) // _BYTES_FOR_A_PROCESS)
    shelves: list[Shelf] = []
    looks: list[FolderLook] = []
    with StateReader(helpers) as reader:
        for group, members in groups.items():
            shelves.append(_load(root, part, group))
            looks.append(FolderLook(root, part, members, shelves[-1]))
            reader.add(looks[-1].jobs)
        expected = _expect(folders, shelves, looks)  # while others look
        found = [look.found(states) for look, states in zip(looks, reader.result(), strict=True)]
    if expected and all(map(_is_same, shelves, looks, found)):
        return expected
    tables = [_read_group(root, part, *x, workers) for x in zip(groups, found, shelves, strict=True)]
    return _in_order(folders, found, tables)


def _expect(
    folders: Sequence[str], shelves: Sequence[Shelf], looks: Sequence[FolderLook]
) -> tuple[XmlFolders, XmlTable] | None:
    """What there is to say if nothing has changed; None where not all is known."""
    if not all(look.knows_all for look in looks):
        return None
    known = [look.known for look in looks]
    return _in_order(
        folders, known, [x.table.take(find_rows(x, files)[0]) for x, files in zip(shelves, known, strict=True)]
    )


def _is_same(shelf: Shelf, look: FolderLook, found: XmlFolders) -> bool:
    return is_kept(shelf, found) and np.array_equal(found.stamps, look.known.stamps)


def read_xml(root: str, part: str, listings: Mapping[str, Listing], *, workers: int = 0) -> XmlTable:
    """The content of all XML in some folders that are listed already.

    Args:
        root, part, workers: as of :func:`read_folders`.
        listings: of each folder, by its path below ``Annotations/<part>``, from
            :func:`dnt_d2.data.listing.list_files`.

    Returns:
        a row for each XML, in the order of the listings.
    """
    groups = _groups(listings)
    found = [XmlFolders.of({folder: listings[folder] for folder in folders}) for folders in groups.values()]
    tables = [
        _read_group(root, part, group, files, _load(root, part, group), workers)
        for group, files in zip(groups, found, strict=True)
    ]
    return _in_order(list(listings), found, tables)[1]


def _groups(folders: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for folder in folders:
        groups.setdefault(os.path.dirname(folder), []).append(folder)
    return groups


def _in_order(
    folders: Sequence[str], found: Sequence[XmlFolders], tables: Sequence[XmlTable]
) -> tuple[XmlFolders, XmlTable]:
    """What lies group by group, in the order of these folders."""
    files, table = join_folders(found), join_tables(tables)
    place = {folder: i for i, folder in enumerate(files.folders)}
    places = np.array([place[folder] for folder in folders], np.int64)
    return files.take(places), table.take(runs(files.starts[places], files.count[places]))


def cache_places(root: str) -> list[Path]:
    """The folders of the memory of one data set, the one that is written first: with the data, where they can be
    written, else below $DNT_D2_CACHE or ~/.cache/dnt_d2."""
    own = Path(root, ".dnt_d2")
    home = Path(os.path.expanduser(os.environ.get(FOLDER_VARIABLE) or "~/.cache/dnt_d2"))
    key = hashlib.sha256(os.path.realpath(root).encode(errors="surrogateescape")).hexdigest()[:16]
    others = home / key
    return [own, others] if _is_writable(own) else [others, own]


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _places(root: str, part: str, group: str) -> list[Path]:
    file = f"{part}/{group}.npz" if group else f"{part}.npz"
    return [place / file for place in cache_places(root)]


def _bytes_kept(root: str, part: str, groups: Iterable[str]) -> int:
    places = [place for group in groups for place in _places(root, part, group)]
    return sum(place.stat().st_size for place in places if place.is_file())


def _load(root: str, part: str, group: str) -> Shelf:
    for place in _places(root, part, group):
        shelf = load_shelf(place)
        if shelf is not None:
            return shelf
    return Shelf.empty()


def _read_group(root: str, part: str, group: str, files: XmlFolders, shelf: Shelf, workers: int) -> XmlTable:
    if is_kept(shelf, files):
        return shelf.table.take(find_rows(shelf, files)[0])
    place = _places(root, part, group)[0]
    with _one_at_a_time(place):
        shelf = _load(root, part, group)  # another process may have read them meanwhile
        rows, stale, stamps, _ = compare(shelf, files)
        fresh = _read_stale(root, part, group, files, stale, workers)
        rows[stale] = len(shelf.table) + np.arange(len(fresh))
        table = join_tables([shelf.table, fresh]).take(rows)
        _save(shelf, root, part, replace(files, stamps=stamps), table, place)
    return table


def _read_stale(
    root: str, part: str, group: str, files: XmlFolders, stale: NDArray[np.bool_], workers: int
) -> XmlTable:
    folder = np.repeat(np.arange(len(files.folders)), files.count)[stale].tolist()
    rows = np.flatnonzero(stale).tolist()
    paths = [
        f"{root}/Annotations/{part}/{files.folders[i]}/{files.names[row]}{XML}"
        for i, row in zip(folder, rows, strict=True)
    ]
    mtime_ns, byte_size = files.mtime_ns[stale].tolist(), files.byte_size[stale].tolist()
    return read_files(paths, mtime_ns, byte_size, workers=workers, what=f"{part}/{group}" if group else part)


def _save(shelf: Shelf, root: str, part: str, files: XmlFolders, table: XmlTable, place: Path) -> None:
    """Write this table together with the folders on the shelf that were not asked for and are still there."""
    asked = set(files.folders)
    others = [f not in asked and os.path.isdir(f"{root}/Annotations/{part}/{f}") for f in shelf.folders]
    if any(others):
        kept = on_shelf(shelf, np.flatnonzero(others))
        table = join_tables([table, shelf.table.take(runs(shelf.ends[:-1][others], kept.count))])
        files = join_folders([files, kept])
    try:
        save_shelf(place, files.folders, files.count.tolist(), files.stamps, files.names, table)
    except OSError as error:
        logger.warning(f"What was read from the XML can't be kept ({error}); it is read again next time")


@contextmanager
def _one_at_a_time(place: Path) -> Iterator[None]:
    """Let one process read while others wait for its file; without locks, each reads for itself."""
    with ExitStack() as stack:
        try:
            import fcntl  # not on Windows

            place.parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(open(place.with_suffix(".lock"), "w", encoding="utf-8"))
            # Not flock: processes that read would inherit it, and go on holding it when this one is killed.
            fcntl.lockf(lock, fcntl.LOCK_EX)
        except (ImportError, OSError) as error:
            logger.debug(f"No lock on {place}: {error}")
        yield
