"""The memory of what was read from XML files: it reads anew what has changed, and only that.

For each folder of folders (such as ``Annotations/VID/train/ILSVRC2015_VID_train_0000``) there is one file with the
content of all XML in them, independent of classes and repairs. An XML counts as unchanged when its time of change and
its size are those of the last reading.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from .listing import Listing
from .xml_reading import read_files
from .xml_shelf import Shelf, load_shelf, save_shelf
from .xml_table import XmlTable, join_tables

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "DNT_D2_CACHE"
XML = ".xml"


def read_xml(root: str, part: str, listings: Mapping[str, Listing], *, workers: int = 0) -> XmlTable:
    """The content of all XML in some folders.

    Args:
        root: the folder with ``Annotations``.
        part: "VID" or "DET".
        listings: of each folder, by its path below ``Annotations/<part>``, from
            :func:`dnt_d2.data.listing.list_files`.
        workers: processes that read, see :func:`dnt_d2.data.xml_reading.count_workers`.

    Returns:
        a row for each XML, in the order of the listings. Nothing is an error: see :data:`dnt_d2.data.xml_table.ODD`.
    """
    groups: dict[str, list[str]] = {}
    for folder in listings:
        groups.setdefault(os.path.dirname(folder), []).append(folder)
    tables = [
        _read_group(root, part, group, {folder: listings[folder] for folder in folders}, workers)
        for group, folders in groups.items()
    ]
    # The tables follow each other group by group; the rows, folder by folder.
    order = [folder for folders in groups.values() for folder in folders]
    lengths = np.array([len(listings[folder].names) for folder in order], np.int64)
    start = dict(zip(order, (np.cumsum(lengths) - lengths).tolist(), strict=True))
    rows = [np.arange(start[folder], start[folder] + len(listing.names)) for folder, listing in listings.items()]
    return join_tables(tables).take(np.concatenate(rows)) if rows else join_tables(tables)


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


def _read_group(root: str, part: str, group: str, listings: Mapping[str, Listing], workers: int) -> XmlTable:
    file = f"{part}/{group}.npz" if group else f"{part}.npz"
    places = [place / file for place in cache_places(root)]
    shelf = _first(places)
    rows, stale = _compare(shelf, listings)
    if not stale.any() and len(rows) == sum(len(shelf.names(folder)) for folder in listings):
        return shelf.table.take(rows)
    with _one_at_a_time(places[0]):
        shelf = _first(places)  # another process may have read them meanwhile
        rows, stale = _compare(shelf, listings)
        fresh = _read_stale(root, part, group, listings, stale, workers)
        rows[stale] = len(shelf.table) + np.arange(len(fresh))
        table = join_tables([shelf.table, fresh]).take(rows)
        _save(shelf, root, part, listings, table, places[0])
    return table


def _first(places: list[Path]) -> Shelf:
    for place in places:
        shelf = load_shelf(place)
        if shelf is not None:
            return shelf
    return Shelf.empty()


def _compare(shelf: Shelf, listings: Mapping[str, Listing]) -> tuple[np.ndarray, np.ndarray]:
    """For each XML listed its row on the shelf, and whether it must be read anew (its row may be -1)."""
    rows = np.array([row for folder, x in listings.items() for row in shelf.rows(folder, x.names)], np.int64)
    mtime_ns, byte_size = _states(listings)
    known = rows >= 0
    found, stale = rows[known], ~known
    stale[known] = (shelf.table.mtime_ns[found] != mtime_ns[known]) | (shelf.table.byte_size[found] != byte_size[known])
    return rows, stale


def _states(listings: Mapping[str, Listing]) -> tuple[np.ndarray, np.ndarray]:
    """The times of change and the sizes of all XML listed."""
    mtime_ns = [value for x in listings.values() for value in x.mtime_ns]
    byte_size = [value for x in listings.values() for value in x.byte_size]
    return np.array(mtime_ns, np.int64), np.array(byte_size, np.int64)


def _read_stale(
    root: str, part: str, group: str, listings: Mapping[str, Listing], stale: np.ndarray, workers: int
) -> XmlTable:
    paths = [f"{root}/Annotations/{part}/{folder}/{name}{XML}" for folder, x in listings.items() for name in x.names]
    chosen = [paths[i] for i in np.flatnonzero(stale)]
    mtime_ns, byte_size = (column[stale].tolist() for column in _states(listings))
    return read_files(chosen, mtime_ns, byte_size, workers=workers, what=f"{part}/{group}" if group else part)


def _save(shelf: Shelf, root: str, part: str, listings: Mapping[str, Listing], table: XmlTable, place: Path) -> None:
    """Write this table together with the folders on the shelf that were not asked for and are still there."""
    others = [f for f in shelf.folders if f not in listings and os.path.isdir(f"{root}/Annotations/{part}/{f}")]
    kept = [np.arange(*shelf.span(folder)) for folder in others]
    names = {folder: x.names for folder, x in listings.items()} | {folder: shelf.names(folder) for folder in others}
    if kept:
        table = join_tables([table, shelf.table.take(np.concatenate(kept))])
    try:
        save_shelf(place, names, table)
    except OSError as error:
        logger.warning(f"What was read from the XML can't be kept ({error}); it is read again next time")


@contextmanager
def _one_at_a_time(place: Path) -> Iterator[None]:
    """Let one process read while others wait for its file; without locks, each reads for itself."""
    with ExitStack() as stack:
        try:
            import fcntl  # not on Windows

            place.parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(open(place.with_suffix(".lock"), "w"))
            # Not flock: processes that read would inherit it, and go on holding it when this one is killed.
            fcntl.lockf(lock, fcntl.LOCK_EX)
        except (ImportError, OSError) as error:
            logger.debug(f"No lock on {place}: {error}")
        yield
