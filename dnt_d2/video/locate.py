"""What a name stands for: a camera, images, or a video file or stream."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .images import IMAGE_SUFFIXES, find_images, is_image

_CAMERA = re.compile(r"camera(?::(\d+))?|(\d+)|/dev/video(\d+)")


@dataclass(frozen=True)
class Located:
    """Where frames come from: one of ``camera``, ``images`` and ``video``.

    Attributes:
        name: for titles and files of tracks.
        camera: its number.
        images: their files, at least one, in the order of the frames.
        video: the path of a file, or the address of a stream.
    """

    name: str
    camera: int | None = None
    images: tuple[Path, ...] = ()
    video: str | None = None


def locate(source: str | Path) -> Located:
    """Find out what a source is; nothing is opened.

    Args:
        source: as for :class:`~dnt_d2.video.VideoSource`.

    Raises:
        FileNotFoundError: where nothing is there, or no image is.
        ValueError: for a pattern of several videos.
    """
    text = str(source)
    path = Path(source).expanduser()
    camera = _CAMERA.fullmatch(text)
    if camera and (text.startswith("/dev/") or not path.exists()):
        index = int(next(filter(None, camera.groups()), 0))
        return Located(f"camera-{index}", camera=index)
    if is_address(source):
        parts = urlsplit(text)
        return Located(Path(parts.path).stem or parts.hostname or parts.scheme, video=text)
    if path.is_dir():
        return Located(path.resolve().name, images=_some_images(path, list(path.iterdir())))
    if path.exists():
        return _one_file(path)
    if glob.has_magic(str(path)):
        return _pattern(path)
    raise FileNotFoundError(
        f"{path}: no such file or folder; give a video, an image, a folder of images, a glob, 'camera' or an address"
    )


def is_address(source: str | Path) -> bool:
    """Whether this is the address of a stream, such as rtsp://host/name."""
    return "://" in str(source)


def _one_file(path: Path) -> Located:
    return Located(path.stem, images=(path,)) if is_image(path) else Located(path.stem, video=str(path))


def _pattern(pattern: Path) -> Located:
    found = [Path(match) for match in glob.glob(str(pattern), recursive=True)]
    files = [path for path in found if path.is_file() and not path.name.startswith(".")]
    if len(files) == 1:
        return _one_file(files[0])
    if files and not any(map(is_image, files)):
        names = ", ".join(sorted(path.name for path in files)[:2])
        raise ValueError(f"{pattern}: {len(files)} files that are no images ({names} ...); give one video at a time")
    images = _some_images(pattern, files)
    return Located(images[0].resolve().parent.name, images=images)


def _some_images(where: Path, candidates: list[Path]) -> tuple[Path, ...]:
    images = find_images(candidates)
    if not images:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        raise FileNotFoundError(f"{where}: no image is there; these count: {suffixes}")
    return tuple(images)
