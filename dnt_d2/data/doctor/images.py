"""Checks of images: each is decoded, and compared with the size in its annotation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
from tqdm import tqdm

from ..images import read_image
from ..layout import IMAGE_EXTENSION
from ..xml_reading import count_workers
from .content import Content
from .findings import ERROR, Finding, found

Job = tuple[str, int, int]
"""An image, and the width and height that its annotation gives; 0 where that is not known."""

_CHUNK = 64
_FEW = 128


def image_jobs(content: Content) -> list[Job]:
    """All images of some folders."""
    jobs = []
    widths, heights = content.table.width.tolist(), content.table.height.tolist()
    for start, folder in zip(content.starts.tolist(), content.folders, strict=False):
        row = {name: i for i, name in enumerate(folder.annotations.names, start)}
        place = f"{content.root}/Data/{content.part}/{folder.path}"
        for name, size in zip(folder.images.names, folder.images.byte_size, strict=True):
            known = name in row and widths[row[name]] > 0
            chosen = folder.wanted is None or folder.part == "VID" or name in folder.wanted
            if size > 0 and chosen:
                shape = (widths[row[name]], heights[row[name]]) if known else (0, 0)
                jobs.append((f"{place}/{name}{IMAGE_EXTENSION}", *shape))
    return jobs


def choose_images(jobs: Sequence[Job], count: int, seed: int) -> list[Job]:
    """At most ``count`` of them, random but for the seed; 0 for all."""
    return random.Random(seed).sample(jobs, count) if 0 < count < len(jobs) else list(jobs)


def check_images(jobs: Sequence[Job], workers: int = 0) -> Iterator[Finding]:
    """Decode images, several at a time."""
    chunks = [jobs[at : at + _CHUNK] for at in range(0, len(jobs), _CHUNK)]
    unreadable: list[str] = []
    other_size: list[str] = []
    with tqdm(total=len(jobs), desc="images", unit="", delay=1, disable=None) as bar:
        for size, (broken, different) in _look_at_chunks(chunks, workers if len(jobs) > _FEW else 1):
            unreadable += broken
            other_size += different
            bar.update(size)
    yield from found(ERROR, "images that can't be read: broken or cut off", unreadable, "unpack the archive again")
    remedy = "take images and annotations from the same release, or correct <size>"
    yield from found(ERROR, "images of another size than their annotation says", other_size, remedy)


def _look_at_chunks(chunks: Sequence[Sequence[Job]], workers: int) -> Iterator[tuple[int, tuple[list[str], list[str]]]]:
    workers = count_workers(workers)
    if workers == 1:
        yield from ((len(chunk), _look_at(chunk)) for chunk in chunks)
        return
    # Threads: decoding holds no lock of Python's, and OpenCV may hang in the fork of a process that has used it.
    with ThreadPoolExecutor(workers) as pool:
        yield from zip(map(len, chunks), pool.map(_look_at, chunks), strict=True)


def _look_at(jobs: Sequence[Job]) -> tuple[list[str], list[str]]:
    """Which images can't be read, and which have another size."""
    unreadable: list[str] = []
    other_size: list[str] = []
    for path, width, height in jobs:
        try:
            shape = read_image(path).shape
        except (OSError, ValueError, cv2.error) as error:
            unreadable.append(str(error) if path in str(error) else f"{path}: {error}")
            continue
        if width and shape[:2] != (height, width):
            other_size.append(f"{path}: {shape[1]} x {shape[0]}, its annotation says {width} x {height}")
    return unreadable, other_size
