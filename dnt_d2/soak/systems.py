"""Faults of systems: Linux without what Windows and macOS lack, other starts of processes, poor consoles, odd names.

Linux is the only system here. So a tour through all that the project does with files and processes is taken on a
system that was made poorer (:mod:`.systems_poor`), and must end with the same results as on this one.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .record import Fault, Work
from .systems_console import console_faults
from .systems_names import name_faults
from .systems_poor import environment
from .systems_tour import STEPS

FOLDER = "é τ"
"""The tour's folder: "é" is in cp1252, "τ" isn't."""
_TOUR_SAID = "tour.json"
_LONGEST = 1200


def run(work: Work) -> Iterator[Fault]:
    """See the package."""
    steps = list(STEPS)[: work.scaled(len(STEPS), least=3)]
    expected = _tour(work.folder / "here", steps, poor=False, start="fork", encoding="utf-8")
    for what, options in {
        "without the names, modules, links and file names that Windows lacks; spawned processes; cp1252": {},
        "processes that are spawned, as on macOS and Windows": {"poor": False, "encoding": "utf-8"},
        "processes from a fork server, as in Python 3.14 on Linux": {
            "poor": False,
            "start": "forkserver",
            "encoding": "utf-8",
        },
    }.items():
        yield _compare(what, expected, work.folder / f"{options.get('start', 'spawn')}-{len(options)}", steps, options)
    yield _million(work.scaled(1_000_000))
    here = work.folder / "here" / FOLDER
    yield from console_faults(work, here)
    yield from name_faults(work)


def _compare(what: str, expected: dict[str, Any], folder: Path, steps: list[str], options: dict[str, Any]) -> Fault:
    start = time.perf_counter()
    found = _tour(folder, steps, **options)
    same = {
        step: "error" not in found[step] and found[step]["result"] == expected[step].get("result") for step in steps
    }
    wrong = {step: found[step].get("error", "another result") for step in steps if not same[step]}
    seconds = {step: found[step]["seconds"] for step in steps}
    return Fault(
        "systems",
        what,
        "each step of the tour gives the result that it gives on this system: " + ", ".join(steps),
        injected=len(steps),
        survived=sum(same.values()),
        lost=len(wrong),
        unit="inputs",
        seconds=round(time.perf_counter() - start, 1),
        details={"seconds": seconds, **({"wrong": wrong} if wrong else {})},
    )


def _tour(folder: Path, steps: list[str], **options: Any) -> dict[str, Any]:
    """Take it in a process of its own: what ``tour.json`` says."""
    variables = environment(folder / "site", **options)
    where = folder / FOLDER
    command = [sys.executable, "-m", "dnt_d2.soak.systems_tour", str(where), "--steps", *steps]
    with (folder / "log.txt").open("wb") as log:
        try:
            subprocess.run(command, env=variables, stdout=log, stderr=log, check=False, timeout=_LONGEST)
        except subprocess.TimeoutExpired:  # such as a process that waits for others as it ends
            return {step: {"error": f"the tour did not end in {_LONGEST} s", "seconds": 0.0} for step in steps}
    if not (where / _TOUR_SAID).is_file():
        error = f"the tour broke off: {(folder / 'log.txt').read_text('utf-8', 'replace')[-1000:]}"
        return {step: {"error": error, "seconds": 0.0} for step in steps}
    return json.loads((where / _TOUR_SAID).read_text(encoding="utf-8"))


def _million(frames: int) -> Fault:
    """What a spawned worker is given: the frames of a data set, of training and of testing."""
    from ..data.mapper import FrameMapper, PairMapper
    from ..data.pairs import PairDataset
    from ..data.video_frames import VideoFrames

    start = time.perf_counter()
    many = _frames(frames)
    pair, single = PairMapper(shorter_sides=(600,), longest_side=1000), FrameMapper(shorter_side=600, longest_side=1000)
    details: dict[str, Any] = {"frames": frames}
    survived = 0
    for kind, dataset in {
        "training": PairDataset(many, [], pair, seed=0),
        "testing": VideoFrames(many, single),
    }.items():
        begin = time.perf_counter()
        block = pickle.dumps(dataset)
        middle = time.perf_counter()
        again = pickle.loads(block)
        end = time.perf_counter()
        details[kind] = {
            "MB": round(len(block) / 1e6, 1),
            "to_pickle_s": round(middle - begin, 2),
            "to_read_s": round(end - middle, 2),
        }
        survived += len(block) <= 300 * frames + 1_000_000 and vars(again).keys() == vars(dataset).keys()
    return Fault(
        "systems",
        f"{frames:,} frames with two objects each, given to a spawned worker",
        "pickled in at most 300 bytes a frame, and read again",
        injected=2,
        survived=survived,
        lost=0,
        unit="inputs",
        seconds=round(time.perf_counter() - start, 1),
        details=details,
    )


def _frames(count: int) -> Any:
    from ..data.frame_dicts import FrameDicts
    from ..data.table_annotations import Annotations
    from ..data.texts import Texts

    length = 250
    every = np.arange(count)
    video, place = np.divmod(every, length)
    root = "/data/ILSVRC2015/Data/VID/train/ILSVRC2015_VID_train_0000/ILSVRC2015_train_"
    notes = np.zeros(2 * count, np.int16)
    box = np.tile([[10.0, 20.0, 300.0, 400.0]], (2 * count, 1))
    size, starts = np.full(count, 720), 2 * np.arange(count + 1)
    annotations = Annotations(size + 560, size, starts, box, notes.astype(np.int64), notes, notes, notes)
    names = Texts.of([f"{number:06d}" for number in place.tolist()])
    folders = [f"{root}{number:08d}/" for number in range(int(video[-1]) + 1)]
    return FrameDicts(folders, video, names, every, video, place, np.full(count, length), annotations)
