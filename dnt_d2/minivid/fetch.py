"""Get the photographs of MiniVID: Debian packages in, a small folder of shrunk pictures out.

Only what the list names is kept, checked by its sha256 and shrunk: cut-outs to at most 360 px, trimmed to what is
visible, backgrounds to at most 1280 px. Every picture is written under a temporary name and renamed, so the work can
be interrupted at any time and run again; what is there is not fetched again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from .packages import PackageError, download, find_deb, read_deb, read_tree
from .photographs import MISSING_FILE, Package, Picture, PictureList, picture_list, renounced
from .sprites import Image

CUTOUT_SIDE = 360
BACKGROUND_SIDE = 1280

_SPECK = 0.01  # islands of a cut-out smaller than this share of its main part are dirt
_FAINT = 8  # alpha below is taken as nothing


def fetch_pictures(
    root: Path,
    *,
    source: Path | None = None,
    allow_missing: bool = False,
    progress: bool = True,
    pictures: PictureList | None = None,
) -> int:
    """Fill a folder with the photographs of the list.

    Packages are taken from `source`, else from this machine if they are installed, else downloaded with apt-get.

    Args:
        root: the pictures folder, made if needed.
        source: a folder with the packages as .deb files, or an unpacked tree with `usr/` in it.
        allow_missing: do without pictures that these packages don't have (other releases of Debian have other
            versions). The data set made of them is then not the one that results are given for.
        progress: draw a progress bar.
        pictures: the list, for tests; by default the curated one.

    Returns:
        The number of pictures written; 0 when all were there.

    Raises:
        PackageError: a package can't be had, or doesn't have the pictures.
        OSError: the folder can't be written.
    """
    root, known = Path(root), pictures or picture_list()
    root.mkdir(parents=True, exist_ok=True)
    without = renounced(root) if allow_missing else set()
    wanted = [p for p in known.pictures if p.file_name not in without and not (root / p.file_name).is_file()]
    written, absent = 0, []
    for package in known.packages:
        of_package = [picture for picture in wanted if picture.package == package.name]
        if of_package:
            done = _fetch_package(root, package, of_package, source, progress)
            written += len(done)
            absent += [picture for picture in of_package if picture.key not in done]
    if absent and not allow_missing:
        raise PackageError(_explain(absent, known))
    names = sorted(without | {picture.file_name for picture in absent})
    if names:
        _write(root / MISSING_FILE, json.dumps(names, indent=1).encode())
    else:
        (root / MISSING_FILE).unlink(missing_ok=True)
    return written


def _fetch_package(
    root: Path, package: Package, pictures: Sequence[Picture], source: Path | None, progress: bool
) -> set[str]:
    """Write those of the pictures that the package has; their keys."""
    by_path: dict[str, list[Picture]] = {}
    for picture in pictures:
        by_path.setdefault(picture.path, []).append(picture)
    done: set[str] = set()
    with _contents(package, by_path, source, progress) as files:
        bar = tqdm(total=len(pictures), desc=f"{package.name}: pictures", unit="", disable=not progress)
        with bar:
            for path, content in files:
                digest = hashlib.sha256(content).hexdigest()
                for picture in by_path[path]:
                    if picture.sha256 == digest:
                        _write(root / picture.file_name, shrink(picture, content))
                        done.add(picture.key)
                        bar.update()
    return done


@contextmanager
def _contents(
    package: Package, paths: Collection[str], source: Path | None, progress: bool
) -> Iterator[Iterator[tuple[str, bytes]]]:
    """The wanted files of a package, wherever it is."""
    if source is not None:
        deb = find_deb(source, package.name)
        if deb is None and not any((source / path).is_file() for path in paths):
            raise PackageError(
                f"{source} has neither {package.name}_*.deb nor the unpacked package ({min(paths)}). {_DRAWN}"
            )
        yield read_tree(source, paths) if deb is None else read_deb(deb, paths)
    elif all((Path("/") / path).is_file() for path in paths):
        yield read_tree(Path("/"), paths)
    else:
        with tempfile.TemporaryDirectory(prefix="minivid-") as folder:
            yield read_deb(_download(package, Path(folder), progress), paths)


def _download(package: Package, folder: Path, progress: bool) -> Path:
    title = f"{package.name}: download"
    with tqdm(total=package.size, desc=title, unit="B", unit_scale=True, disable=not progress) as bar:

        def report(size: int) -> None:
            bar.update(size - bar.n)

        try:
            return download(package.name, folder, report)
        except PackageError as error:
            needed = ", ".join(f"{p.name} ({p.size / 1e6:.0f} MB)" for p in picture_list().packages)
            raise PackageError(
                f"{error}\nThe photographs come with the Debian packages {needed}. Where apt-get doesn't serve, "
                f"get their .deb files on another machine or from a mirror of Debian, put them into one folder and run "
                f"this with --from FOLDER. {_DRAWN}"
            ) from error


_DRAWN = "MiniVID can also be made without photographs: --source drawn."


def shrink(picture: Picture, content: bytes) -> bytes:
    """What is kept of a picture: a PNG of the trimmed cut-out (BGRA), or a JPEG of the background.

    Raises:
        PackageError: the content is no picture, or a cut-out without alpha.
    """
    flag = cv2.IMREAD_COLOR if picture.role == "background" else cv2.IMREAD_UNCHANGED
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flag) if content else None
    if image is None:
        raise PackageError(f"{picture.package}: {picture.path} can't be decoded")
    if picture.crop is not None:
        left, top, right, bottom = picture.crop
        image = image[top:bottom, left:right]
    if picture.role == "background":
        small, suffix, options = _fit(image, BACKGROUND_SIDE), ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95]
    else:
        if image.ndim != 3 or image.shape[2] != 4 or image.dtype != np.uint8:
            raise PackageError(f"{picture.package}: {picture.path} has no alpha channel of 8 bits")
        small, suffix, options = shrink_cutout(image.astype(np.uint8), CUTOUT_SIDE), ".png", []
    return cv2.imencode(suffix, small, options)[1].tobytes()


def shrink_cutout(image: Image, side: int) -> Image:
    """Trim a cut-out to what is visible of it and fit it into a square.

    Colours are averaged by alpha, so what lies under transparent pixels doesn't bleed into the edge. Specks far from
    the object, which would widen its box, are removed.

    Args:
        image: (H, W, 4) BGRA, alpha not premultiplied.
        side: of the square, in pixels; a smaller cut-out keeps its size.

    Raises:
        ValueError: all of it is invisible.
    """
    alpha = image[..., 3] * _main_parts(image[..., 3] >= _FAINT)
    if not alpha.any():
        raise ValueError("the cut-out is invisible")
    left, top, width, height = cv2.boundingRect(alpha)
    alpha, colour = alpha[top : top + height, left : left + width], image[top : top + height, left : left + width, :3]
    weight = alpha[..., None].astype(np.float32)
    parts = _fit(np.concatenate([colour * weight, weight], axis=2), side)
    weight = parts[..., 3:]
    parts[..., :3] /= np.maximum(weight, 0.5)  # below, alpha is rounded to 0 and the colour is taken away
    parts[..., :3] *= weight > 0.5
    return np.clip(np.rint(parts), 0, 255).astype(np.uint8)


def _main_parts(visible: np.ndarray) -> np.ndarray:
    """The connected parts of a mask that are large enough to count, as 0 and 1."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(visible.astype(np.uint8), connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA]
    large = areas >= _SPECK * areas[1:].max(initial=0)
    large[0] = False
    return large[labels].astype(np.uint8)


def _fit(image: np.ndarray, side: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _explain(absent: Sequence[Picture], known: PictureList) -> str:
    packages = {picture.package for picture in absent}
    versions = ", ".join(f"{p.name} {p.version}" for p in known.packages if p.name in packages)
    some = ", ".join(picture.path for picture in absent[:3])
    return (
        f"{len(absent)} of {len(known.pictures)} pictures are not in these packages, or differ: {some}"
        f"{', ...' if len(absent) > 3 else ''}. The list was made with {versions}: get these versions' .deb files and "
        f"pass their folder with --from, or do without these pictures with --allow-missing. {_DRAWN}"
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
