"""The images of a data set that is written anew: linked or copied, and their size."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..whole_file import whole_file

WAYS = ("link", "copy")


def place_image(source: str | os.PathLike[str], target: str | os.PathLike[str], way: str = "link") -> None:
    """Put an image to a new place; what is there already is replaced. Missing folders are made.

    Args:
        source: the image.
        target: the new place.
        way: "link" (symbolic, to the absolute path of the source) or "copy".

    Raises:
        FileNotFoundError: there is no such image.
        OSError: the system, or the disk, allows no links.
        ValueError: for another way.
    """
    source, target = Path(os.path.realpath(source)), Path(target)
    if way not in WAYS:
        raise ValueError(f"images are placed by {' or '.join(WAYS)}, not by {way!r}")
    if not source.is_file():
        raise FileNotFoundError(f"{source}: this image is missing; correct its path, or take it out of the data set")
    if target.exists() and target.samefile(source):
        return
    if way == "copy":
        with open(source, "rb") as original, whole_file(target, sync=False) as file:
            shutil.copyfileobj(original, file)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(source)
    except OSError as error:  # Windows, unless one is an administrator or a developer; sticks and cards
        message = f"{target}: no link can be made there ({error.strerror}); copy the images (--copy, images='copy')"
        raise type(error)(message) from error
    os.replace(temporary, target)


def claim(targets: Iterable[Path], *, overwrite: bool, alone: bool = False) -> None:
    """Before anything is written: see that all files to be written are free.

    Args:
        targets: all files to be written.
        overwrite: files that are there may be replaced.
        alone: no other file (but hidden ones) may be in their folders: old and new frames would make one video.

    Raises:
        FileExistsError: some are not free. Nothing is ever removed here: that is for people to do.
    """
    wanted: dict[Path, set[str]] = {}
    for target in targets:
        wanted.setdefault(target.parent, set()).add(target.name)
    for folder, names in wanted.items():
        # Links to nowhere count as well.
        there = {entry.name for entry in os.scandir(folder) if not entry.is_dir()} if folder.is_dir() else set()
        if (taken := there & names) and not overwrite:
            raise FileExistsError(f"{folder / min(taken)} is there already; choose another folder, or --overwrite")
        others = {name for name in there - names if not name.startswith(".")}
        if alone and others:
            raise FileExistsError(
                f"{folder / min(others)} would stay among new files; choose another folder, or remove {folder} first"
            )


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Width and height of an image, px, from its header alone, as it is stored.

    Raises:
        FileNotFoundError: there is no such image.
        ValueError: it is none.
    """
    from ..bounded.images import TooLarge, header_size, read_bytes  # only here: it takes OpenCV to load

    try:
        size = header_size(read_bytes(path))
    except TooLarge as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None
    if size is None or min(size) < 1:
        raise ValueError(f"{os.fspath(path)}: this is not an image; replace it, or write seqinfo.ini")
    return size
