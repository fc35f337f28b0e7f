"""Write MiniVID in the layout of ILSVRC2015: Data, Annotations, ImageSets, for VID (videos) and DET (stills).

A video appears under its name only when it is whole, so that an interrupted run can be started again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from ..vid_classes import VID_CLASSES
from .annotation import still_xml, video_xml
from .drawn import DrawnSource
from .image_sets import write_image_sets
from .plan import STREAMS, Plan, generator, pictures_of, plan_stream
from .rendering import render_frame
from .scene import Scene, plan_scene
from .settings import SPLITS, MiniVIDSettings
from .sprites import Cutout, Image, PictureSource
from .statistics import RECORDS, write_statistics

_SETTINGS = "minivid.json"
_ROOMS = ("Data", "Annotations", "ImageSets", RECORDS)


def open_source(name: str, pictures: Path | None = None, classes: Sequence[str] = ()) -> PictureSource:
    """Open a picture source by name.

    Args:
        name: "photographs", "drawn", or "auto": photographs where they are at hand, else drawn.
        pictures: the folder of the photographs; None for their usual place.
        classes: for "drawn", which classes to draw; empty for all 30.

    Raises:
        FileNotFoundError: "photographs" without the pictures; the message says how to get them.
        ValueError: for another name.
    """
    if name not in ("photographs", "drawn", "auto"):
        raise ValueError(f"MiniVID: no picture source {name!r}; there are photographs, drawn and auto")
    if name != "drawn":
        from .photographs import PhotographSource

        try:
            return PhotographSource(pictures)
        except FileNotFoundError as error:
            if name == "photographs":
                raise
            logging.getLogger(__name__).warning("%s\nMiniVID is made of drawn pictures instead.", error)
    return DrawnSource(classes=classes or VID_CLASSES)


@dataclass(frozen=True)
class Studio:
    """All that painting needs: where to, how, from what."""

    root: Path
    settings: MiniVIDSettings
    source: PictureSource

    def classes(self, stream: str) -> list[str]:
        """The classes of a stream, in class order, narrowed to `settings.classes`."""
        known = self.source.cutouts(pictures_of(stream))
        wanted = self.settings.classes or VID_CLASSES
        return [name for name in VID_CLASSES if name in known and name in wanted]

    def plans(self) -> list[Plan]:
        """Everything that is to be made, in order."""
        return [plan for stream in STREAMS for plan in plan_stream(stream, self.classes(stream), self.settings)]

    def make(self, plan: Plan) -> None:
        """Make one video or still, unless it is there."""
        if plan.split == "stills":
            self._make_still(plan)
        else:
            self._make_video(plan)

    def scene(self, plan: Plan) -> Scene:
        """Draw the scene of a plan; nothing but (settings, plan, pictures) has a say in it."""
        rng = generator(self.settings.seed, plan.split, plan.number)
        split = pictures_of(plan.split)
        objects = _choose(plan.classes, self.source.cutouts(split), rng)
        known = self.source.distractors(split)
        count = int(rng.integers(self.settings.distractors_max + 1)) if known else 0
        distractors = [known[int(rng.integers(len(known)))] for _ in range(count)]
        backgrounds = self.source.backgrounds(split)
        background = backgrounds[int(rng.integers(len(backgrounds)))]
        frame = self.settings.frame_sizes[plan.number % len(self.settings.frame_sizes)]
        length = 1 if plan.split == "stills" else self.settings.frames(split)
        return plan_scene(objects, distractors, background, frame, length, self.settings, rng)

    def _make_video(self, plan: Plan) -> None:
        half = "train" if plan.split == "train" else "val"
        data = self.root / "Data" / "VID" / half / plan.folder
        annotations = self.root / "Annotations" / "VID" / half / plan.folder
        if data.is_dir():
            return
        scene = self.scene(plan)
        new_data, new_annotations = _fresh(data), _fresh(annotations)
        visible = []
        for index in range(scene.length):
            image, boxes = render_frame(scene, index)
            (new_data / f"{index:06d}.JPEG").write_bytes(_jpeg(image, self.settings.jpeg_quality))
            xml = video_xml(plan.folder, index, scene.frame, boxes, self.settings)
            (new_annotations / f"{index:06d}.xml").write_text(xml)
            visible.append({str(item.track_id): round(item.visible, 3) for item in boxes})
        record = {**asdict(plan), "tracks": _tracks(scene), "visible": visible}
        _write_whole(self.root / RECORDS / f"{plan.split}_{plan.number:05d}.json", json.dumps(record).encode())
        shutil.rmtree(annotations, ignore_errors=True)
        new_annotations.rename(annotations)
        new_data.rename(data)  # last: a video with data is whole

    def _make_still(self, plan: Plan) -> None:
        data = self.root / "Data" / "DET" / "train" / f"{plan.folder}.JPEG"
        annotation = self.root / "Annotations" / "DET" / "train" / f"{plan.folder}.xml"
        if data.is_file():
            return
        scene = self.scene(plan)
        image, boxes = render_frame(scene, 0)
        folder, name = plan.folder.split("/")
        _write_whole(annotation, still_xml(folder, name, scene.frame, boxes).encode())
        _write_whole(data, _jpeg(image, self.settings.jpeg_quality))


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
    studio = Studio(root, settings, open_source(source, pictures, settings.classes))
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
    _studio = Studio(root, settings, open_source(source, pictures, settings.classes))


def _work(plan: Plan) -> None:
    assert _studio is not None, "a worker is started by _open_studio"
    _studio.make(plan)


def _claim(root: Path, settings: MiniVIDSettings, source: PictureSource, overwrite: bool) -> None:
    """Make sure that ``root`` is ours: empty, or begun with the same settings and pictures."""
    digest = settings.digest(source_digest(source))
    known = root / _SETTINGS
    try:
        root.mkdir(parents=True, exist_ok=True)
        if known.is_file():
            if _digest_in(known) == digest:
                return
            if not overwrite:
                raise FileExistsError(
                    f"{root} holds a MiniVID of other settings or pictures (see {known}): "
                    "choose another folder, or start anew with --overwrite"
                )
            for room in _ROOMS:
                shutil.rmtree(root / room, ignore_errors=True)
        elif any((root / room).exists() for room in _ROOMS):
            raise FileExistsError(f"{root} holds a data set that is not a MiniVID: choose another folder")
        content = {"digest": digest, "source": source.name, "settings": asdict(settings)}
        _write_whole(known, json.dumps(content, indent=1).encode())
    except (PermissionError, NotADirectoryError) as error:
        raise type(error)(f"MiniVID can't be written to {root} ({error}): choose another folder") from error


def _digest_in(path: Path) -> str | None:
    """The digest of the settings in a file; None where the file is broken, which no settings match."""
    try:
        return str(json.loads(path.read_text())["digest"])
    except (ValueError, KeyError, TypeError):
        return None


def source_digest(source: PictureSource) -> str:
    """A digest of all pictures of a source."""
    digest = hashlib.sha256(source.name.encode())
    for split in SPLITS:
        cutouts = [item for items in source.cutouts(split).values() for item in items]
        for item in [*cutouts, *source.distractors(split)]:
            digest.update(f"{split} {item.class_name} {item.key} {item.image.shape}".encode())
            digest.update(np.ascontiguousarray(item.image).tobytes())
        for background in source.backgrounds(split):
            digest.update(f"{background.shape}".encode() + np.ascontiguousarray(background[::8, ::8]).tobytes())
    return digest.hexdigest()


def _choose(classes: tuple[str, ...], cutouts: dict[str, list[Cutout]], rng: np.random.Generator) -> list[Cutout]:
    """A cut-out for each object; two of one class differ where the class has two."""
    cast: list[Cutout] = []
    for name in classes:
        fresh = [item for item in cutouts[name] if item.key not in {other.key for other in cast}] or cutouts[name]
        cast.append(fresh[int(rng.integers(len(fresh)))])
    return cast


def _tracks(scene: Scene) -> list[dict[str, Any]]:
    """What was planned for each object: its class, its cut-out, its bursts [kind, first frame, last frame + 1]."""
    return [
        {
            "class": actor.class_name,
            "cutout": actor.key,
            "bursts": [
                [b.kind, b.start, b.stop] for b in sorted([*actor.bursts, *scene.bursts], key=lambda b: b.start)
            ],
        }
        for actor in scene.actors[: scene.objects]
    ]


def _fresh(final: Path) -> Path:
    """An empty folder beside ``final``, under a temporary name."""
    path = final.with_name(f".{final.name}.unfinished")
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def _jpeg(image: Image, quality: int) -> bytes:
    done, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError(f"MiniVID: OpenCV could not encode a JPEG of shape {image.shape}")
    return content.tobytes()


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there in full or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
