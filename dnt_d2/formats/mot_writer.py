"""Write folders in the layout of MOTChallenge; see :mod:`.mot` for what is in them."""

from __future__ import annotations

import os
from pathlib import Path

from tqdm import tqdm

from ..whole_file import whole_file
from .images import claim, place_image
from .mot_lines import write_line
from .video_set import Frame, VideoSet, check_path, check_whole_videos, sequence_names


def write_mot(
    videos: VideoSet,
    root: str | os.PathLike[str],
    list_name: str = "all",
    *,
    images: str = "link",
    frame_rate: float = 30,
    overwrite: bool = False,
    progress: bool = False,
) -> None:
    """Write a sequence for each video, with ``gt/labels.txt`` beside its ``gt.txt``, and a list of them in ``seqmaps``.

    In the name of a sequence "_" stands for the "/" of the video's. MOT has no place for ids of images, for
    ``generated``, and for stills; ``occluded`` becomes a visibility of 0.5. Boxes of whole pixels come back exactly.

    Args:
        videos: what to write: whole videos, of one size each.
        root: the folder to write to.
        list_name: the list is ``seqmaps/<list_name>.txt``.
        images: "link" or "copy".
        frame_rate: for ``seqinfo.ini``, frames per second; the videos don't know it.
        overwrite: replace older files.
        progress: show a progress bar.

    Raises:
        FileExistsError: something is there already; nothing has been written then.
        FileNotFoundError: an image is missing.
        ValueError: MOT can't hold it: stills, part of a video, frames that differ in size, negative tracks, classes
            whose names are not a line of text.
    """
    if videos.kind == "still":
        raise ValueError("MOT folders hold videos, not stills; convert stills to COCO-VID JSON or an ILSVRC tree")
    check_whole_videos(videos, "a MOT folder")
    _check_class_names(videos.class_names)
    root = Path(root)
    names = sequence_names([name for name, _ in videos.videos()], "the sequence {}")
    listing = root / "seqmaps" / f"{check_path(list_name)}.txt"
    if listing.exists() and not overwrite:
        raise FileExistsError(f"{listing} is there already; choose another name for the list, or --overwrite")
    every = [frames for _, frames in videos.videos()]
    for name, frames in zip(names, every, strict=True):
        folder = root / name
        _check_size(name, frames)
        _check_tracks(frames)
        claim([folder / "seqinfo.ini", folder / "gt" / "gt.txt", folder / "gt" / "labels.txt"], overwrite=overwrite)
        claim([folder / "img1" / _image_name(frame) for frame in frames], overwrite=overwrite, alone=True)
    for name, frames in tqdm(zip(names, every, strict=True), total=len(names), disable=not progress):
        _write_sequence(root / name, frames, videos.class_names, images, frame_rate)
    _write(listing, ["name", *names])


def _check_size(name: str, frames: list[Frame]) -> None:
    sizes = {(frame["width"], frame["height"]) for frame in frames}
    if len(sizes) > 1:
        raise ValueError(
            f"{name}: its frames have the sizes {sorted(sizes)}, but a sequence of MOT has one; bring "
            "the images to one size"
        )


def _check_tracks(frames: list[Frame]) -> None:
    for frame in frames:
        for note in frame["annotations"]:
            if note["instance_id"] < 0 and not note["iscrowd"]:
                raise ValueError(
                    f"{frame['file_name']}: an object has the track {note['instance_id']}, but tracks of MOT are not "
                    "negative; number the tracks from 0"
                )


def _check_class_names(names: list[str]) -> None:
    for name in names:
        if [line.strip() for line in name.splitlines()] != [name]:
            raise ValueError(f"The class name {name!r} can't be a line of labels.txt; rename the class")


def _image_name(frame: Frame) -> str:
    extension = Path(frame["file_name"]).suffix.lower()
    return f"{frame['frame_index'] + 1:06d}{'.jpg' if extension == '.jpeg' else extension}"


def _write_sequence(folder: Path, frames: list[Frame], class_names: list[str], images: str, frame_rate: float) -> None:
    for frame in frames:
        place_image(frame["file_name"], folder / "img1" / _image_name(frame), images)
    _write(folder / "gt" / "gt.txt", [write_line(f["frame_index"], note) for f in frames for note in f["annotations"]])
    _write(folder / "gt" / "labels.txt", class_names)
    info = {
        "name": folder.name,
        "imDir": "img1",
        "frameRate": f"{frame_rate:g}",
        "seqLength": len(frames),
        "imWidth": frames[0]["width"],
        "imHeight": frames[0]["height"],
        "imExt": Path(_image_name(frames[0])).suffix,
    }
    # Last: a sequence with it is whole.
    _write(folder / "seqinfo.ini", ["[Sequence]", *(f"{key}={value}" for key, value in info.items())])


def _write(path: Path, lines: list[str]) -> None:
    with whole_file(path, sync=False) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
