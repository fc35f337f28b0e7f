"""The authors' proposals, MATLAB files, as Detectron2's file of proposals.

What their code, and the RPN that made the files, say of them:

- one file for each image, ``<folder>/<path of the image>.mat``: for validation videos
  ``val/ILSVRC2015_val_00000000/000000.mat``, for training videos and DET as in the lists of `ImageSets`. It holds
  ``boxes``, or ``aboxes``, with a row x1 y1 x2 y2 score for each proposal, best first. The first 300 rows are used,
  whatever their score, without NMS.
- or one file for all images: cells ``boxes`` (also ``aboxes``, ``roi``) and, in the same order, the images' names in
  ``images`` (also ``list``).
- corners count from 1: they stand beside ground truth to which 1 was added. Ours count from 0, so 1 is taken off.

What is assumed, since the files themselves could not be seen: that rows are sorted; that names and folders may lack
leading parts (the archives' own folders are not known), so the longest part of an image's path that fits is taken; and
that scores are of use for their order alone.
"""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.structures import BoxMode
from numpy.typing import NDArray

from ..bounded.memory import check_memory
from ..whole_file import whole_file

Rows = NDArray[np.float32]

_COMPRESSED = 15  # type of an element
_HARMLESS = 1 << 26  # bytes that any file may become
_BOXES, _NAMES = ("boxes", "aboxes", "roi"), ("images", "list")


def read_mat(path: str | Path) -> dict[str, Any]:
    """The variables of a MATLAB file of a version before 7.3.

    Raises:
        FileNotFoundError: there is no such file.
        ModuleNotFoundError: SciPy is not installed.
        ValueError: it is broken, or of version 7.3.
    """
    try:
        from scipy.io import loadmat
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("MATLAB files need SciPy: pip install scipy", name="scipy") from error
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        check_memory(_unpacked(Path(path)), path, "its content")
        return loadmat(path)
    except NotImplementedError as error:
        raise ValueError(
            f"{path}: a file of version 7.3 (HDF5); save it again in MATLAB or Octave: "
            "x = load(file); save('-v7', file, '-struct', 'x')"
        ) from error
    except Exception as error:  # of SciPy, zlib, struct: whatever broken bytes lead to
        raise ValueError(f"{path}: broken, or no MATLAB file; unpack the archive again ({error})") from error


def _unpacked(path: Path) -> int:
    """How many bytes the compressed variables of a file of version 5 become; counted up to a hundred times the file."""
    size = path.stat().st_size
    total, most = size, max(_HARMLESS, 100 * size)
    with path.open("rb") as file:
        order = "<" if file.read(128)[126:128] == b"IM" else ">"
        while len(head := file.read(8)) == 8 and total <= most:
            kind, count = struct.unpack(f"{order}II", head)
            if kind == _COMPRESSED:
                total += _inflated(file.read(min(count, size)), most - total)
            else:
                file.seek(count, 1)
    if total > most:
        raise ValueError(f"unpacked it would be more than {most >> 20:,} MiB, too much for a file so small")
    return total


def _inflated(data: bytes, most: int) -> int:
    reader, total = zlib.decompressobj(), 0
    while total <= most and data and not reader.eof:
        part = reader.decompress(data, 1 << 20)
        total, data = total + len(part), reader.unconsumed_tail
    return total


def as_rows(array: Any, where: str, top_k: int) -> Rows:
    """The first ``top_k`` rows of a proposal matrix as (N, 5) float32, corners from 0; without scores, ranks are made.

    Raises:
        ValueError: it is no matrix of four or five columns, or has numbers that are not finite.
    """
    matrix = np.asarray(array)
    if matrix.size == 0:
        return np.zeros((0, 5), np.float32)
    if matrix.ndim != 2 or matrix.shape[1] not in (4, 5) or matrix.dtype.kind not in "fiu":
        raise ValueError(
            f"{where}: proposals are {matrix.dtype} {matrix.shape}; (N, 5), x1 y1 x2 y2 score, was expected"
        )
    rows = matrix[:top_k].astype(np.float32)
    if not np.isfinite(rows).all():
        raise ValueError(f"{where}: a number is not finite; unpack the archive again")
    if rows.shape[1] == 4:
        rows = np.hstack([rows, -np.arange(len(rows), dtype=np.float32)[:, None]])
    rows[:, :4] -= 1
    return rows


class MatFolder:
    """A file for each image."""

    def __init__(self, folder: str | Path, top_k: int) -> None:
        """
        Args:
            folder: where the tree of files begins, or its name without leading parts.
            top_k: rows of each image.
        """
        self.folder, self.top_k = Path(folder), top_k

    def __call__(self, parts: Sequence[str], least: int) -> Rows | None:
        """The proposals of the image with these parts of a path, of which at least ``least`` must fit; None without."""
        for first in range(len(parts) - least + 1):
            path = self.folder.joinpath(*parts[first:-1], f"{parts[-1]}.mat")
            if path.is_file():
                variables = read_mat(path)
                return as_rows(_first(variables, _BOXES, path), str(path), self.top_k)
        return None


class MatList:
    """One file for all images."""

    def __init__(self, path: str | Path, top_k: int) -> None:
        """
        Raises:
            FileNotFoundError, ValueError: the file can't be read, or is none of these.
        """
        variables = read_mat(path)
        boxes, names = (_first(variables, keys, path).ravel() for keys in (_BOXES, _NAMES))
        if len(boxes) != len(names) or boxes.dtype != object:
            raise ValueError(f"{path}: {len(boxes)} boxes and {len(names)} names are not cells of the same images")
        self.path, self.boxes, self.top_k = path, boxes, top_k
        texts = [str(np.ravel(name)[0]) if np.size(name) else "" for name in names]
        self.places: dict[tuple[str, ...], list[int]] = {}
        for place, text in enumerate(texts):
            parts = _parts(text)
            for count in (1, 2):
                self.places.setdefault(parts[-count:], []).append(place)

    def __call__(self, parts: Sequence[str], least: int) -> Rows | None:
        """See :class:`MatFolder`."""
        for count in range(2, least - 1, -1):
            places = set(self.places.get(tuple(parts[-count:]), ()))
            if len(places) > 1:
                raise ValueError(f"{self.path}: {'/'.join(parts[-count:])} is there {len(places)} times")
            if places:
                return as_rows(self.boxes[places.pop()], f"{self.path}: {'/'.join(parts)}", self.top_k)
        return None


def convert_mat(
    source: str | Path,
    dicts: Sequence[dict[str, Any]],
    top_k: int = 300,
    progress: Callable[[Any], Any] = lambda items: items,
) -> dict[str, Any]:
    """Gather the proposals of a data set.

    Args:
        source: a folder with a file for each image, or one file for all.
        dicts: of the data set; ``image_id`` will name the proposals.
        top_k: rows of each image, the first ones.
        progress: wraps the dicts, such as ``tqdm``.

    Returns:
        what Detectron2's file of proposals holds: ``ids, boxes, objectness_logits, bbox_mode``.

    Raises:
        FileNotFoundError: ``source`` or an image's file is not there.
        ValueError: a file can't be used; the message names it.
    """
    if not Path(source).exists():
        raise FileNotFoundError(f"{source}: there is no such folder or file")
    lookup = (MatFolder if Path(source).is_dir() else MatList)(source, top_k)
    ids, found, missing = [], [], []
    for d in progress(dicts):
        # A still's name is its own, a frame's only with its video's.
        rows = lookup(_parts(d["file_name"]), 2 if d.get("video_length", 1) > 1 else 1)
        if rows is None:
            missing.append(d["file_name"])
            continue
        ids.append(d["image_id"])
        found.append(rows)
    if missing:
        raise FileNotFoundError(
            f"{source}: has no proposals for {len(missing)} of {len(dicts)} images; the first is {missing[0]}; "
            "unpack all archives of this data set below one folder, and give that folder"
        )
    return {
        "ids": ids,
        "boxes": [rows[:, :4] for rows in found],
        "objectness_logits": [rows[:, 4] for rows in found],
        "bbox_mode": int(BoxMode.XYXY_ABS),
    }


def write_proposals(data: dict[str, Any], path: str | Path) -> None:
    """Write a file of proposals as Detectron2 reads it; it appears when it is complete."""
    with whole_file(path) as file:
        pickle.dump(data, file, protocol=4)


def _parts(name: str) -> tuple[str, ...]:
    path = Path(name.replace("\\", "/"))
    return tuple(part for part in path.with_suffix("").parts if part != "/") if name else ()


def _first(variables: dict[str, Any], keys: Sequence[str], path: str | Path) -> Any:
    for key in keys:
        if key in variables:
            return variables[key]
    raise ValueError(f"{path}: has no variable {' or '.join(keys)}; it is no file of proposals")
