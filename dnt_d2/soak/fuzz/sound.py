"""Sound files of every format, small, from which wrong ones are made."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from PIL import Image

from ...evaluation.ground_truth import VideoTruth
from ...evaluation.saved_run import RunFacts, SavedRun
from ...evaluation.video_record import VideoRecorder
from ...formats.ilsvrc_xml import XmlObject, annotation_xml
from ...formats.result_files import write_results
from ...formats.results import Detections, FrameList

CLASSES = ["bird", "lock nut", "n02084071"]
SIZE = (64, 48)
VIDEOS = (("a/one", 3), ("two", 4), ("still", 1))


def frame_dicts() -> list[dict[str, Any]]:
    """The frames of three videos, with objects, as ``DatasetCatalog`` gives them."""
    dicts: list[dict[str, Any]] = []
    for video, (name, length) in enumerate(VIDEOS):
        for index in range(length):
            notes = [
                {"bbox": [5.0 * k, 4.0, 5.0 * k + 20, 30.5], "category_id": k, "instance_id": k + 1, "iscrowd": 0}
                for k in range(index % 3)
            ]
            file_name = f"{name}/{index:06d}.JPEG"
            place = {"video_id": video, "frame_index": index, "video_length": length}
            size = {"image_id": len(dicts) + 1, "width": SIZE[0], "height": SIZE[1]}
            dicts.append({"file_name": file_name, "annotations": notes, **place, **size})
    return dicts


def frame_list() -> FrameList:
    """The same frames, for results."""
    return FrameList.of(frame_dicts(), [name for name, _ in VIDEOS], CLASSES)


@cache
def xml_files() -> list[bytes]:
    """Annotations of frames and of stills, one without objects."""
    boxes = [(3.0, 4.0, 20.0, 30.5), (1.0, 1.0, 60.0, 40.0), (0.0, 0.0, 63.0, 47.0)]
    objects = [XmlObject(name, box, track, 1, 0) for track, (name, box) in enumerate(zip(CLASSES, boxes, strict=True))]
    texts = [annotation_xml("a/one", "000000", SIZE, objects[:n], still=s) for n in (0, 1, 3) for s in (False, True)]
    return [text.encode() for text in texts]


@cache
def lists() -> list[bytes]:
    """Lists of videos and of frames."""
    videos = "".join(f"train/{name} 1\n" for name, _ in VIDEOS)
    frames = "".join(f"train/{name}/{t:06d} {t + 1}\n" for name, length in VIDEOS for t in range(length))
    return [videos.encode(), frames.encode(), b"train/two\n", frames.replace("train/", "").encode()]


@cache
def still_lists() -> list[bytes]:
    """Lists of stills."""
    return [b"train/more/000000 1\ntrain/more/000001 2\n", b"more/000001\n"]


@cache
def coco_vid_files() -> list[bytes]:
    """Videos and stills, of ours and as relatives of the format write them."""
    videos = [{"id": v + 1, "name": name, "length": length} for v, (name, length) in enumerate(VIDEOS)]
    images: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for frame in frame_dicts():
        keys = ("file_name", "width", "height")
        image = {"id": frame["image_id"], "video_id": frame["video_id"] + 1, "frame_id": frame["frame_index"]}
        images.append(image | {key: frame[key] for key in keys})
        for note in frame["annotations"]:
            x1, y1, x2, y2 = note["bbox"]
            entry = {"id": len(notes) + 1, "image_id": frame["image_id"], "video_id": frame["video_id"] + 1}
            entry |= {"category_id": note["category_id"] + 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}
            notes.append(entry | {"instance_id": note["instance_id"], "occluded": 0, "generated": 0, "iscrowd": 0})
    categories = [{"id": place, "name": name} for place, name in enumerate(CLASSES, 1)]
    ours = {"videos": videos, "images": images, "annotations": notes, "categories": categories}
    others = json.loads(json.dumps(ours))
    for image in others["images"]:
        del image["frame_id"]
    for note in others["annotations"]:
        note["track_id"] = note.pop("instance_id")
        del note["video_id"], note["occluded"], note["generated"], note["id"]
    stills = {key: [dict(entry) for entry in entries] for key, entries in ours.items() if key != "videos"}
    for entry in stills["images"] + stills["annotations"]:
        entry.pop("video_id", None)
    return [json.dumps(content).encode() for content in (ours, others, stills)]


@cache
def results(name: str) -> list[bytes]:
    """Files of results: with tracks, of one class, without any. Of "mot", what is said of the second video."""
    frames = frame_list()
    numbers = np.repeat(np.arange(len(frames)), 3)
    count = len(numbers)
    corners = np.arange(count)[:, None] % 7 + np.array([[1.25, 2.0, 20.1, 30.0]])
    classes, scores = np.arange(count) % 3, np.linspace(0.01, 0.99, count)
    found = []
    for tracks in (np.arange(count) % 3, None):
        if name == "mot" and tracks is None:
            continue
        detections = Detections.of(numbers, classes, corners, scores, tracks)
        for part in (detections, detections.where(slice(0, 2)), detections.where(slice(0, 0))):
            with TemporaryDirectory() as folder:
                write_results(name, f"{folder}/found", part, frames)
                path = Path(folder, "found", "two.txt") if name == "mot" else Path(folder, "found")
                found.append(path.read_bytes())
    return found


@cache
def run_files(name: str) -> list[bytes]:
    """``run.json``, ``truth.npz`` or ``videos/000000.npz`` of a saved run."""
    with TemporaryDirectory() as folder:
        save_run(Path(folder))
        return [Path(folder, name).read_bytes()]


def save_run(folder: Path) -> None:
    """A saved run of the frames above, complete."""
    random = np.random.default_rng(0)
    run = SavedRun.create(folder, RunFacts("sound"), VideoTruth.of(frame_dicts(), len(CLASSES)), frame_list())
    for video, (_, length) in enumerate(VIDEOS):
        recorder = VideoRecorder(len(CLASSES))
        for index in range(length):
            count = 1 + index
            boxes = np.sort(random.uniform(0, 47, (count, 2, 2)), axis=1).reshape(count, 4).astype(np.float32)
            scores = random.uniform(0, 1, (count, len(CLASSES))).astype(np.float32)
            tracklets = np.tile(boxes[:1], (1 if index else 0, 2))
            classes = np.zeros(count, np.int16)
            tables: dict[str, dict[str, Any]] = {
                "detections": {"boxes": boxes, "scores": scores[:, 0], "classes": classes},
                "candidates": {"boxes": boxes, "scores": scores},
                "tracklets": {"boxes": tracklets},
                "proposals": {"boxes": boxes},
            }
            recorder.add(index, tables)
        run.write(video, recorder.record())


def picture() -> np.ndarray:
    """(48, 64, 3) uint8, with edges and slopes."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    return np.dstack([x * 3, y * 5, (x // 8 + y // 8) % 2 * 255]).astype(np.uint8)


@cache
def jpegs() -> list[bytes]:
    """Baseline, progressive, grey, CMYK, with EXIF and a thumbnail's marks, tiny."""
    image = Image.fromarray(picture())
    exif = Image.Exif()
    exif[0x0112] = 6
    ways: tuple[tuple[Image.Image, dict[str, Any]], ...] = (
        (image, {}),
        (image, {"progressive": True, "quality": 50}),
        (image.convert("L"), {}),
        (image.convert("CMYK"), {}),
        (image, {"exif": exif.tobytes(), "subsampling": 0}),
        (image.resize((1, 1)), {}),
        (image, {"restart_marker_blocks": 2, "optimize": True}),
    )
    return [_saved(picture, "JPEG", options) for picture, options in ways]


@cache
def pngs() -> list[bytes]:
    """Colour, grey, with a palette, with transparency, of 16 bits, interlaced by hand never: few files are."""
    image = Image.fromarray(picture())
    deep, encoded = cv2.imencode(".png", picture().astype(np.uint16) * 257)
    modes = [_saved(image.convert(mode), "PNG", {}) for mode in ("RGB", "L", "P", "RGBA", "1")]
    return [*modes, encoded.tobytes()] if deep else modes


def _saved(image: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@cache
def videos(suffix: str) -> list[bytes]:
    """Clips of 8 frames, in the codecs that such files hold."""
    codecs = {".mp4": ("libx264", "mpeg4"), ".avi": ("mpeg4", "mjpeg"), ".mkv": ("libx264", "mjpeg")}
    return [_clip(suffix, codec) for codec in codecs[suffix]]


def _clip(suffix: str, codec: str) -> bytes:
    import av

    with TemporaryDirectory() as folder:
        path = f"{folder}/clip{suffix}"
        with av.open(path, "w") as container:
            stream: Any = container.add_stream(codec, rate=Fraction(25))
            stream.width, stream.height = SIZE
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for shift in range(8):
                image = np.ascontiguousarray(np.roll(picture(), 2 * shift, axis=1))
                frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = shift, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return Path(path).read_bytes()
