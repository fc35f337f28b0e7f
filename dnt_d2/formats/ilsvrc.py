"""Write a tree in the layout of ILSVRC2015; ``dnt_d2.data`` reads it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from ..vid_classes import WORDNET_IDS
from ..whole_file import whole_file
from .ilsvrc_xml import XmlObject, annotation_xml
from .images import claim, place_image
from .video_set import Frame, VideoSet, check_path, check_whole_videos, name_on_disk, plain_number

_JPEG = (".jpeg", ".jpg")


def write_ilsvrc(
    videos: VideoSet,
    root: str | os.PathLike[str],
    list_name: str,
    *,
    images: str = "link",
    overwrite: bool = False,
    progress: bool = False,
) -> None:
    """Write ``Data``, ``Annotations`` and a list in ``ImageSets``, all for VID (or, of stills, for DET).

    A video goes to the folder of its name, its frames are numbered from 000000. The list is of frames (or stills),
    each with its image id. Classes of ImageNet VID are written by their WordNet id, others by name. What ILSVRC has
    no word for, ``iscrowd``, is left out, object and all.

    Args:
        videos: what to write: whole videos, of JPEG images.
        root: the folder to write to.
        list_name: the list is ``ImageSets/VID/<list_name>.txt``.
        images: "link" or "copy".
        overwrite: replace older files.
        progress: show a progress bar.

    Raises:
        FileExistsError: something is there already; nothing has been written then.
        FileNotFoundError: an image is missing.
        ValueError: ILSVRC can't hold it: part of a video, an image that is no JPEG, names that are no paths.
    """
    root, part = Path(root), "DET" if videos.kind == "still" else "VID"
    if part == "VID":
        check_whole_videos(videos, "an ILSVRC tree")
    places = _places(videos)
    listing = root / "ImageSets" / part / f"{check_path(list_name)}.txt"
    data, annotations = root / "Data" / part, root / "Annotations" / part
    for folder, extension in ((data, ".JPEG"), (annotations, ".xml")):
        claim([folder / f"{place}{extension}" for place in places], overwrite=overwrite, alone=part == "VID")
    if listing.exists() and not overwrite:
        raise FileExistsError(f"{listing} is there already; choose another name for the list, or --overwrite")
    for frame, place in tqdm(zip(videos.frames, places, strict=True), total=len(places), disable=not progress):
        place_image(frame["file_name"], data / f"{place}.JPEG", images)
        with whole_file(annotations / f"{place}.xml", sync=False) as file:
            file.write(_xml(frame, place, videos).encode())
    with whole_file(listing) as file:
        lines = [f"{place} {f['image_id']}\n" for place, f in zip(places, videos.frames, strict=True)]
        file.write("".join(lines).encode())


def _places(videos: VideoSet) -> list[str]:
    """For each frame its path below ``Data/VID`` or ``Data/DET``, without extension."""
    places: list[str] = []
    for frame in videos.frames:
        if not frame["file_name"].lower().endswith(_JPEG):
            raise ValueError(f"{frame['file_name']}: images of ILSVRC are JPEG files; convert the images first")
        name = check_path(videos.video_names[frame["video_id"]])
        places.append(name if videos.kind == "still" else f"{name}/{frame['frame_index']:06d}")
    twice, times = Counter(map(name_on_disk, places)).most_common(1)[0] if places else ("", 1)
    if times > 1:
        raise ValueError(f"{times} images would become {twice}.JPEG; give each video, or still, its own name")
    return places


def _xml(frame: Frame, place: str, videos: VideoSet) -> str:
    objects: list[XmlObject] = []
    for note in frame["annotations"]:
        name = videos.class_names[note["category_id"]]
        x1, y1, x2, y2 = (plain_number(value) for value in note["bbox"])
        flags = (note["instance_id"], note["occluded"], note["generated"])
        if not note["iscrowd"]:
            objects.append(XmlObject(WORDNET_IDS.get(name, name), (x1, y1, x2, y2), *flags))
    folder, _, filename = place.rpartition("/")
    folder = folder.partition("/")[2] or folder  # ILSVRC names it from below train/ or val/
    size = (frame["width"], frame["height"])
    return annotation_xml(folder, filename, size, objects, still=videos.kind == "still")
