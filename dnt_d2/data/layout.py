"""Where the files of an ILSVRC2015 tree lie: its root, its lists, the frames of its videos."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from ..bounded.numbers import shortened
from ..bounded.paths import is_writable_path, leads_out
from ..bounded.text import check_lines
from .made_lists import CLASS_LISTS, IMAGE_EXTENSION, make_list

# Letters: no part of a path so short takes more bytes than a file system has; with root and folders, none has more.
_SHORT, _LONGEST_PATH = 63, 1000
_NUMBER = re.compile(r"-?\d{1,18}")


def expand_root(root: str) -> str:
    """Expand "$DETECTRON2_DATASETS" (Detectron2's default: "datasets"), other variables and "~"."""
    if root.startswith("$DETECTRON2_DATASETS"):
        root = os.environ.get("DETECTRON2_DATASETS", "datasets") + root.removeprefix("$DETECTRON2_DATASETS")
    return os.path.expanduser(os.path.expandvars(root))


def find_root(root: str) -> str:
    """Expand a root and see that it is a folder.

    Raises:
        FileNotFoundError: it isn't; the message says what to do.
    """
    path = expand_root(root)
    if os.path.isdir(path):
        return path
    variable = os.environ.get("DETECTRON2_DATASETS")
    raise FileNotFoundError(
        f"No data set in {os.path.abspath(path)}. DETECTRON2_DATASETS is "
        + (f"{variable!r}" if variable else "not set, so 'datasets' is used")
        + ": set it to the folder that holds ILSVRC2015/ and minivid/. datasets/README.md tells how to get ImageNet "
        "VID; `python datasets/prepare_minivid.py <that folder>/minivid` makes MiniVID, which needs no agreement."
    )


def read_list(root: str, part: str, name: str) -> list[tuple[str, int | None]]:
    """Read ``ImageSets/<part>/<name>.txt``.

    Args:
        root: of the tree.
        part: "VID" or "DET".
        name: of the list. Where there is no such list, but a folder of this name in ``Data/<part>``, the list is made
            of it, see :func:`dnt_d2.data.made_lists.make_list`. The paths of a list are relative to ``Data/<part>``,
            or to the folder in it that is named as the list is, or as it is up to the first underscore ("val" for
            "val_seen"): where the first entry is found that is there, counts.

    Returns:
        For each line the path, relative to ``Data/<part>`` and without extension, and the number after it.

    Raises:
        FileNotFoundError: the list, or everything that it names, is missing.
        ValueError: a line is something else than a path and a number; the message names file and line.
    """
    file_name = f"{root}/ImageSets/{part}/{name}.txt"
    if not os.path.isfile(file_name):
        if made := make_list(root, part, name):
            return [(path, None) for path in made]
        raise FileNotFoundError(f"{file_name}: this list of the data set is missing; see datasets/README.md")
    entries: list[tuple[str, int | None]] = []
    for number, entry in list_lines(file_name):
        if isinstance(entry, str):
            raise ValueError(
                f"{file_name}:{number}: expected '<path> <number>', the path below Data/{part}, got {entry!r}"
            )
        entries.append(entry)
    if not entries:
        return []
    folder = next((f for path, _ in entries if (f := find_folder(root, part, name, path)) is not None), None)
    if folder is None:
        tried = ", ".join(f"{root}/Data/{part}/{folder}{entries[0][0]}" for folder in dict.fromkeys(_folders(name)))
        raise FileNotFoundError(
            f"{file_name}: neither its first line nor any other names a folder or a {IMAGE_EXTENSION} image; looked "
            f"for {tried}"
        )
    return [(folder + path, number) for path, number in entries]


def list_lines(file_name: str) -> Iterator[tuple[int, tuple[str, int | None] | str]]:
    """The lines of a list that aren't empty: the number of the line, and its path and number, or its text if wrong.

    Raises:
        FileNotFoundError: there is no such list.
        ValueError: it has lines that no list has, see :func:`dnt_d2.bounded.text.check_lines`.
    """
    check_lines(file_name)
    with open(file_name, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            words = line.split()
            wrong = len(words) > 2 or (len(words) == 2 and not _NUMBER.fullmatch(words[1]))
            if wrong or (words and not _may_be_path(words[0])):
                yield number, shortened(line.strip())
            elif words:
                yield number, (words[0], int(words[1]) if len(words) == 2 else None)


def _may_be_path(word: str) -> bool:
    if len(word) <= _SHORT:
        return not leads_out(word)
    return len(word) <= _LONGEST_PATH and is_writable_path(word)


def find_folder(root: str, part: str, name: str, path: str) -> str | None:
    """What the paths of a list are relative to, "" or a folder and "/", going by one path; None if nothing is there."""
    for folder in _folders(name):
        target = f"{root}/Data/{part}/{folder}{path}"
        if os.path.isdir(target) or os.path.isfile(target + IMAGE_EXTENSION):
            return folder
    return None


def _folders(name: str) -> tuple[str, ...]:
    return ("", f"{name}/", f"{name.split('_')[0]}/")


def listed_videos(root: str, lists: Sequence[str]) -> dict[str, dict[str, int | None]]:
    """The videos of some lists, in order of their first appearance.

    Where none of train_1 ... train_30 is there and all are asked for, ``train`` stands for them.

    Returns:
        For each video (its path in ``Data/VID``) its listed frames with their ids; none if lists are of whole videos.

    Raises:
        ValueError: some lists are of videos, others of frames.
    """
    if set(lists) == set(CLASS_LISTS) and not any(os.path.isfile(f"{root}/ImageSets/VID/{x}.txt") for x in lists):
        lists = ["train"]
    videos: dict[str, dict[str, int | None]] = {}
    kinds: set[bool] = set()
    for name in lists:
        entries = read_list(root, "VID", name)
        if not entries:
            continue
        whole = _are_videos(root, entries)
        kinds.add(whole)
        for path, number in entries:
            video, _, frame = (path, "", "") if whole else path.rpartition("/")
            frames = videos.setdefault(video, {})
            if not whole:
                frames[frame] = number
    if len(kinds) == 2:
        raise ValueError(
            f"{root}: of the lists {list(lists)} some are of videos, others of frames; register them apart"
        )
    return videos


def _are_videos(root: str, entries: Sequence[tuple[str, int | None]]) -> bool:
    """Whether a list is of whole videos: what its first entry is that is there."""
    for path, _ in entries:
        target = f"{root}/Data/VID/{path}"
        if os.path.isdir(target):
            return True
        if os.path.isfile(target + IMAGE_EXTENSION):
            return False
    return False


def frame_names(root: str, video: str, annotated: Sequence[str] | None = None) -> list[str]:
    """The names (without extension) of all frames of a video, in order.

    Args:
        annotated: the sorted names of its annotations, where they are known already.

    Raises:
        FileNotFoundError: the video, or the image or the annotation of one of its frames, is missing.
        ValueError: frames are not named by numbers.
    """
    parts = [(f"{root}/Data/VID/{video}", IMAGE_EXTENSION), (f"{root}/Annotations/VID/{video}", ".xml")]
    if annotated and has_all_images(parts[0][0], annotated):
        return list(annotated)
    found = [numbered_files(folder, extension) for folder, extension in parts]
    names = found[0] | found[1]
    if not names:
        raise FileNotFoundError(f"{parts[0][0]} has no frames; unpack the archive again, or take it out of the list")
    for (folder, extension), there in zip(parts, found, strict=True):
        for number in range(min(names), max(names) + 1):
            if number not in there:
                raise FileNotFoundError(missing_frame(folder, names.get(number, f"{number:06d}"), extension))
    return [names[number] for number in sorted(names)]


def missing_frame(folder: str, name: str, extension: str) -> str:
    """What is said of a frame without image or annotation."""
    return f"{folder}/{name}{extension} is missing; unpack the archive again, or number frames without gaps"


def has_all_images(folder: str, names: Sequence[str]) -> bool:
    """Whether these are all images in a folder, numbered without gaps and so that their order is that of the numbers.

    Almost every video is such; the others are looked at name by name.
    """
    if not names:
        return False
    try:
        images = sorted(name for name in os.listdir(folder) if name.endswith(IMAGE_EXTENSION))
    except OSError:
        return False
    if [name[: -len(IMAGE_EXTENSION)] for name in images] != names:
        return False
    same_length = len(set(map(len, names))) == 1
    return same_length and "".join(names).isdecimal() and int(names[-1]) - int(names[0]) + 1 == len(names)


def numbered_files(folder: str, extension: str) -> dict[int, str]:
    """The names (without extension) of the frames in a folder, by number.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: a frame is not named by a number.
    """
    try:
        names = [name.removesuffix(extension) for name in os.listdir(folder) if name.endswith(extension)]
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            f"{folder}: this video is listed but missing; unpack the archive again, or take it out of the list"
        ) from None
    for name in names:
        if not name.isdecimal():
            raise ValueError(
                f"{folder}/{name}{extension}: frames are named by number, 000000{extension}, ...; rename it"
            )
    return {int(name): name for name in names}
