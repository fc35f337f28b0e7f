"""Photographs for MiniVID: which pictures there are, in `photographs.json`, and the source that serves them.

The list is curated by eye. A cut-out is a photograph, not a drawing; a distractor can't be taken for one of the 30
classes; a background shows none of their objects. Seven classes have enough photographs to keep some for
`val_novel`; the pictures of the others all belong to training, and to `val_seen`. A background that is a part of a
larger picture is in the same split as the whole.

The pictures themselves come with Debian packages: :mod:`dnt_d2.minivid.fetch` gets them once, shrunk, into a folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import cv2

from .sprites import Cutout, Image, Split

Role = Literal["cutout", "distractor", "background"]

LIST_FILE = Path(__file__).with_name("photographs.json")
MISSING_FILE = "missing.json"
"""In a pictures folder: the files that the packages of this machine could not give, and that their user renounced."""

_SHRINKING = "1"  # to be counted up with every change of what is done to a picture: the files get new names


@dataclass(frozen=True)
class Package:
    """A Debian package that holds pictures: its name, the version that the list was made with, size in bytes."""

    name: str
    version: str
    size: int
    licence: str


@dataclass(frozen=True)
class Picture:
    """One entry of the list.

    Attributes:
        key: a stable name, unique in the list.
        role: what the picture is for.
        class_name: of a cut-out, a name in :data:`dnt_d2.vid_classes.WORDNET_IDS`; else "".
        split: "train" (for cut-outs also `val_seen`), or "validation" (cut-outs: `val_novel`; else both validation
            splits).
        faces: where the object looks or goes: "left", "right", or "none" (towards us, or it has no front).
        package: name of the Debian package.
        path: inside the package, without a leading slash.
        sha256: of the file in the package.
        crop: left, top, right, bottom in pixels of the original, right and bottom exclusive; None for the whole.
    """

    key: str
    role: Role
    class_name: str
    split: Literal["train", "validation"]
    faces: Literal["left", "right", "none"]
    package: str
    path: str
    sha256: str
    crop: tuple[int, int, int, int] | None = None

    @property
    def file_name(self) -> str:
        """Of the shrunk picture. It names the content too, so that a stale file is never taken for a new one."""
        content = f"{_SHRINKING} {self.sha256} {self.crop}"
        digest = hashlib.sha256(content.encode()).hexdigest()[:8]
        return f"{self.key}.{digest}.{'jpg' if self.role == 'background' else 'png'}"

    def on_the_other_side(self) -> Picture:
        """This picture for validation where it was for training, and the other way round."""
        return replace(self, split="validation" if self.split == "train" else "train")

    def belongs_to(self, split: Split) -> bool:
        """Whether a split uses this picture."""
        if self.role == "cutout":
            return (self.split == "validation") == (split == "val_novel")
        return (self.split == "train") == (split == "train")


@dataclass(frozen=True)
class PictureList:
    """All pictures in a fixed order, and the packages that hold them."""

    packages: tuple[Package, ...]
    pictures: tuple[Picture, ...]

    def exchanged(self, keys: Iterable[str]) -> PictureList:
        """The same pictures, with these cut-outs on the other side of the split.

        Raises:
            ValueError: a key is not that of a cut-out.
        """
        others = set(keys)
        known = {picture.key for picture in self.pictures if picture.role == "cutout"}
        if others - known:
            raise ValueError(f"MiniVID: no cut-out is called {', '.join(sorted(others - known))}; check `exchanged`")
        pictures = [picture.on_the_other_side() if picture.key in others else picture for picture in self.pictures]
        return PictureList(self.packages, tuple(pictures))


def read_picture_list(path: Path = LIST_FILE) -> PictureList:
    """Read a list of pictures.

    Raises:
        ValueError: two pictures share a key, a package is not described, or a field is missing.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    try:
        packages = tuple(
            Package(name, item["version"], item["bytes"], item["licence"]) for name, item in content["packages"].items()
        )
        pictures = tuple(_picture(item) for item in content["pictures"])
    except KeyError as error:
        raise ValueError(f"{path}: an entry lacks {error}") from error
    if len({picture.key for picture in pictures}) < len(pictures):
        raise ValueError(f"{path}: two pictures share a key")
    unknown = {picture.package for picture in pictures} - {package.name for package in packages}
    if unknown:
        raise ValueError(f"{path}: no description of the packages {', '.join(sorted(unknown))}")
    return PictureList(packages, pictures)


@cache
def picture_list() -> PictureList:
    """The curated list of the package."""
    return read_picture_list()


def usual_folder() -> Path:
    """`datasets/pictures` of the current folder if there is one, else of the repository."""
    here = Path("datasets") / "pictures"
    return here if here.is_dir() else Path(__file__).resolve().parents[2] / here


def renounced(root: Path) -> set[str]:
    """File names that a pictures folder does without (see `allow_missing` of :func:`.fetch.fetch_pictures`)."""
    try:
        return set(json.loads((root / MISSING_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return set()
    except ValueError as error:
        raise ValueError(f"{root / MISSING_FILE} is broken ({error}): remove it and fetch again") from error


class PhotographSource:
    """Photographs from a folder that :func:`dnt_d2.minivid.fetch.fetch_pictures` has filled.

    Cut-outs are mirrored where needed so that all with a front face right: the scene mirrors them by direction of
    motion. Pictures are read when first asked for, and kept; the arrays are read-only.

    Args:
        root: the pictures folder; None for :func:`usual_folder`.
        pictures: the list to serve, for tests; by default the curated one.

    Raises:
        FileNotFoundError: a picture is not there; the message says how to get it.
    """

    name = "photographs"

    def __init__(self, root: Path | None = None, pictures: PictureList | None = None) -> None:
        self.root = usual_folder() if root is None else Path(root)
        without = renounced(self.root)
        wanted = (pictures or picture_list()).pictures
        self._pictures = [picture for picture in wanted if picture.file_name not in without]
        missing = [picture for picture in self._pictures if not (self.root / picture.file_name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{self.root} lacks {len(missing)} of {len(wanted)} photographs, {missing[0].file_name} for one: "
                f"run `python datasets/fetch_pictures.py {self.root}`, or use the drawn pictures (--source drawn)"
            )
        self._cutouts: dict[str, Cutout] = {}
        self._backgrounds: dict[str, Image] = {}

    def cutouts(self, split: Split) -> dict[str, list[Cutout]]:
        """Cut-outs by class name, in the order of the list; classes without any in this split are absent."""
        found: dict[str, list[Cutout]] = {}
        for picture in self._select("cutout", split):
            found.setdefault(picture.class_name, []).append(self._cutout(picture))
        return found

    def distractors(self, split: Split) -> list[Cutout]:
        """Cut-outs of things that are none of the 30 classes; none is shared between training and validation."""
        return [self._cutout(picture) for picture in self._select("distractor", split)]

    def backgrounds(self, split: Split) -> list[Image]:
        """(H, W, 3) BGR photographs, the longer side up to 1280 px; the validation splits share theirs."""
        return [self._background(picture) for picture in self._select("background", split)]

    def _select(self, role: Role, split: Split) -> list[Picture]:
        return [picture for picture in self._pictures if picture.role == role and picture.belongs_to(split)]

    def _cutout(self, picture: Picture) -> Cutout:
        if picture.key not in self._cutouts:
            image = self._read(picture, cv2.IMREAD_UNCHANGED)
            if picture.faces == "left":
                image = image[:, ::-1].copy()
            image.setflags(write=False)
            self._cutouts[picture.key] = Cutout(picture.class_name, picture.key, image)
        return self._cutouts[picture.key]

    def _background(self, picture: Picture) -> Image:
        if picture.key not in self._backgrounds:
            image = self._read(picture, cv2.IMREAD_COLOR)
            image.setflags(write=False)
            self._backgrounds[picture.key] = image
        return self._backgrounds[picture.key]

    def _read(self, picture: Picture, flag: int) -> Image:
        path = self.root / picture.file_name
        image = cv2.imread(str(path), flag)
        channels = 3 if picture.role == "background" else 4
        if image is None or image.ndim != 3 or image.shape[2] != channels:
            raise ValueError(f"{path} is broken: remove it and run `python datasets/fetch_pictures.py {self.root}`")
        return cast(Image, image)


def _picture(item: dict[str, Any]) -> Picture:
    left, top, right, bottom = item.get("crop", (0, 0, 0, 0))
    return Picture(
        key=item["key"],
        role=item["role"],
        class_name=item["class"] if item["role"] == "cutout" else "",
        split=item["split"],
        faces=item.get("faces", "none"),
        package=item["package"],
        path=item["path"],
        sha256=item["sha256"],
        crop=(left, top, right, bottom) if "crop" in item else None,
    )
