"""The examination: what is looked at, in which order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ...vid_classes import VID_CLASSES
from ..annotations import class_ids
from ..made_lists import videos_below
from .content import read_content
from .counts import SetCounts, count_set
from .findings import ERROR, Finding
from .folders import Folder, check_folders, check_shared, check_unlisted, look_at_folders
from .images import check_images, choose_images, image_jobs
from .objects import check_objects
from .release import check_release, check_root, name_release
from .sets import ListedSet, read_sets

# Of a sample: about a minute on ImageNet VID and DET, and all of a small tree.
SAMPLE_FOLDERS = {"VID": 200, "DET": 20}
SAMPLE_IMAGES = 1000


@dataclass
class Examination:
    """What was looked at, and found.

    Attributes:
        root: of the tree.
        class_names: in the order of their ids.
        release: what the tree is.
        counts: of each data set.
        findings: all of them.
        scope: how much was looked at, a line for each kind.
    """

    root: str
    class_names: Sequence[str]
    release: str = ""
    counts: list[SetCounts] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    scope: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """Why training can't start."""
        return [finding for finding in self.findings if finding.severity == ERROR]

    def run(self, check: Callable[[], Iterable[Finding]]) -> None:
        """Add what a check finds. One that can't go on is a finding as well, and the next goes on."""
        try:
            for finding in check():
                self.findings.append(finding)
        except OSError as error:
            remedy = "see to permissions, links and the disk"
            self.findings.append(Finding(ERROR, "files or folders that can't be read", 1, str(error), remedy))


def examine(
    root: str, *, full: bool = False, seed: int = 0, class_names: Sequence[str] = VID_CLASSES, workers: int = 0
) -> Examination:
    """Look at a tree.

    Args:
        root: the folder with ``Data, Annotations, ImageSets``.
        full: read all annotations and decode all images; else all lists and folders, and a sample of the rest.
        seed: of the sample.
        class_names: the classes of the videos.
        workers: processes, see :func:`dnt_d2.data.xml_reading.count_workers`.
    """
    result = Examination(root, class_names)
    result.run(lambda: check_root(root))
    if result.errors:
        return result
    sets, findings = read_sets(root)
    result.findings += findings
    result.release = name_release(root, sets)
    folders = look_at_folders(root, sets)
    result.run(lambda: check_folders(root, folders))
    result.run(lambda: check_unlisted(root, sets, videos_below(root)))
    result.run(lambda: check_shared(root, sets, folders))
    for part in ("VID", "DET"):
        of_part = [folder for folder in folders if folder.part == part]
        _examine_part(result, [x for x in sets if x.part == part], of_part, part, full, seed, workers)
    result.run(lambda: check_release(root, result.release, result.counts))
    return result


def _examine_part(
    result: Examination,
    sets: Sequence[ListedSet],
    folders: Sequence[Folder],
    part: str,
    full: bool,
    seed: int,
    workers: int,
) -> None:
    """Look into annotations and images of one part of the tree, and count its data sets."""
    classes = class_ids(result.class_names)
    chosen = _choose(folders, 0 if full else SAMPLE_FOLDERS[part], seed)
    content = read_content(result.root, part, chosen, workers)
    result.run(lambda: check_objects(content, classes))
    jobs = choose_images(image_jobs(content), 0 if full else SAMPLE_IMAGES, seed)
    result.run(lambda: check_images(jobs, workers))
    all_read = content if len(chosen) == len(folders) else None
    by_path = {folder.path: folder for folder in folders}
    result.counts += [count_set(result.root, listed, by_path, all_read, classes) for listed in sets]
    images = sum(len(folder.images.names) for folder in folders)
    result.scope.append(
        f"{part}: annotations of {len(chosen)} of {len(folders)} {'videos' if part == 'VID' else 'folders'} read "
        f"({len(content.table)} files), {len(jobs)} of {images} images decoded"
    )


def _choose(folders: Sequence[Folder], count: int, seed: int) -> Sequence[Folder]:
    return random.Random(seed).sample(folders, count) if 0 < count < len(folders) else folders
