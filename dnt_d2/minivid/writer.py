"""Write MiniVID in the layout of ILSVRC2015: Data, Annotations, ImageSets, for VID (videos) and DET (stills)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import cv2
from tqdm import tqdm

from .image_sets import write_image_sets
from .plan import Plan
from .settings import MiniVIDSettings
from .sources import open_source, source_digest
from .sprites import PictureSource
from .statistics import RECORDS, write_statistics
from .studio import Studio, write_whole

_SETTINGS = "minivid.json"
_ROOMS = ("Data", "Annotations", "ImageSets", RECORDS)


def write_dataset(
    root: Path,
    settings: MiniVIDSettings,
    source: str = "auto",
    pictures: Path | None = None,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: bool = True,
) -> None:
    """Make a MiniVID, or finish one that was interrupted.

    Args:
        root: folder to write to; made if it is missing.
        settings: the knobs.
        source: "photographs", "drawn" or "auto".
        pictures: the folder of the photographs.
        workers: processes; the result does not depend on them.
        overwrite: remove a MiniVID of other settings that lies in ``root``.
        progress: show a progress bar.

    Raises:
        FileExistsError: ``root`` holds something else, or a MiniVID of other settings or pictures.
        PermissionError: ``root`` can't be written.
        FileNotFoundError: there are no pictures.
        ValueError: the source has no cut-outs for a split that is asked for.
    """
    studio = Studio(root, settings, open_source(source, pictures, settings.classes, settings.exchanged))
    plans = studio.plans()
    _claim(root, settings, studio.source, overwrite)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # one process per core is faster than many threads on small pictures
    try:
        with tqdm(total=len(plans), disable=not progress, unit="item", desc=f"MiniVID ({studio.source.name})") as bar:
            for _ in _make_all(studio, plans, pictures, workers):
                bar.update()
    finally:
        cv2.setNumThreads(threads)
    write_image_sets(root, settings, plans)
    write_statistics(root)


def _make_all(studio: Studio, plans: Sequence[Plan], pictures: Path | None, workers: int) -> Iterator[None]:
    if workers <= 1:
        yield from map(studio.make, plans)
        return
    given = (studio.root, studio.settings, studio.source.name, pictures)
    with ProcessPoolExecutor(workers, initializer=_open_studio, initargs=given) as pool:
        yield from pool.map(_work, plans, chunksize=4)


_studio: Studio | None = None  # of a worker process, opened once


def _open_studio(root: Path, settings: MiniVIDSettings, source: str, pictures: Path | None) -> None:
    global _studio
    cv2.setNumThreads(1)
    _studio = Studio(root, settings, open_source(source, pictures, settings.classes, settings.exchanged))


def _work(plan: Plan) -> None:
    assert _studio is not None, "a worker is started by _open_studio"
    _studio.make(plan)


def _claim(root: Path, settings: MiniVIDSettings, source: PictureSource, overwrite: bool) -> None:
    """Make sure that ``root`` is ours: empty, or begun with the same settings and pictures."""
    known = root / _SETTINGS
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not known.is_file() and any((root / room).exists() for room in _ROOMS):
            raise FileExistsError(f"{root} holds a data set that is not a MiniVID: choose another folder")
        digest = settings.digest(source_digest(source))
        if known.is_file():
            if _digest_in(known) == digest:
                return
            if not overwrite:
                raise FileExistsError(
                    f"{root} holds a MiniVID of other settings or pictures (see {known}): "
                    "choose another folder, or start anew with --overwrite"
                )
            # Until all of it is gone, no settings match: what is left of a video must never pass for a whole one.
            write_whole(known, json.dumps({"digest": None}).encode())
            for room in _ROOMS:
                if (root / room).exists():
                    shutil.rmtree(root / room)
        content = {"digest": digest, "source": source.name, "settings": asdict(settings)}
        write_whole(known, json.dumps(content, indent=1).encode())
    except (PermissionError, NotADirectoryError) as error:
        raise type(error)(f"MiniVID can't be written to {root} ({error}): choose another folder") from error


def _digest_in(path: Path) -> str | None:
    """The digest of the settings in a file; None where the file is broken or is being replaced: no settings match."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["digest"]
    except (ValueError, KeyError, TypeError):
        return None
