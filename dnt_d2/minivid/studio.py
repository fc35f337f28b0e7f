"""One video or still of MiniVID: from its plan to its files.

A video appears under its name only when it is whole, so that an interrupted run can be started again.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..vid_classes import VID_CLASSES
from ..whole_file import whole_file
from .annotation import still_xml, video_xml
from .plan import STREAMS, Plan, generator, pictures_of, plan_stream
from .rendering import render_frame
from .scene import Scene, plan_scene
from .settings import MiniVIDSettings
from .sprites import Cutout, Image, PictureSource
from .statistics import RECORDS


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
        """Everything that is to be made, in order.

        Raises:
            ValueError: the settings name a class of which the source has no picture.
        """
        unknown = sorted(set(self.settings.classes) - set(self.source.cutouts("train")))
        if unknown:
            raise ValueError(f"MiniVID: {self.source.name} has no cut-outs of {', '.join(unknown)}: leave them out")
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
        settings = self.settings if split == "train" else replace(self.settings, repaint=0.0)
        return plan_scene(objects, distractors, background, frame, length, settings, rng)

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
            (new_annotations / f"{index:06d}.xml").write_text(xml, encoding="utf-8", newline="\n")
            visible.append({str(item.track_id): round(item.visible, 3) for item in boxes})
        distractors = len(scene.actors) - scene.objects
        record = {**asdict(plan), "tracks": _tracks(scene), "distractors": distractors, "visible": visible}
        write_whole(self.root / RECORDS / f"{plan.split}_{plan.number:05d}.json", json.dumps(record).encode())
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
        write_whole(annotation, still_xml(folder, name, scene.frame, boxes).encode())
        write_whole(data, _jpeg(image, self.settings.jpeg_quality))


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


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file so that it is there in full or not at all."""
    with whole_file(path, sync=False) as file:
        file.write(content)
